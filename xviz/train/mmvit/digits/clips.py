"""Recordings of spoken digits, and clips of several digits in a row whose places in time are known.

Reads the folder of the Free Spoken Digit Dataset (Z. Jackson and others, CC BY-SA 4.0), whose recordings are named
``{digit}_{speaker}_{index}.wav``. The set's own split keeps the indices 0–4 of every digit and speaker for testing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.train.mmvit.shared import labels_of

TEST_INDICES = 5  #: the recordings 0–4 of every digit and speaker are the set's own test split
_NAME = re.compile(r"(\d)_([a-z0-9-]+)_(\d+)\.wav")


@dataclass(frozen=True, eq=False)
class Recording:
    """One digit said once."""

    signal: NDArray[np.float32]
    digit: int
    speaker: str
    index: int

    @property
    def tests(self) -> bool:
        """Whether the set's own split keeps it for testing."""
        return self.index < TEST_INDICES


def recordings(folder: Path, rate: float) -> list[Recording]:
    """All recordings of a folder, or of its subfolder ``recordings``, by name.

    Raises:
        SampleError: there are none, or one has another rate.
    """
    takes = []
    for path in sorted([*folder.glob("*.wav"), *folder.glob("recordings/*.wav")]):
        if (named := _NAME.fullmatch(path.name)) is None:
            continue
        signal, own = soundfile.read(path, dtype="float32", always_2d=True)
        if own != rate:
            raise SampleError(f"{path.name} has {own} Hz; the recipe needs recordings at {rate:g} Hz.")
        takes.append(Recording(signal.mean(1), int(named[1]), named[2], int(named[3])))
    if not takes:
        raise SampleError(
            "The folder holds no recordings named {digit}_{speaker}_{index}.wav. "
            "Fetch the Free Spoken Digit Dataset and give its folder with --data."
        )
    return takes


@dataclass(frozen=True, eq=False)
class Clip:
    """Some digits in a row."""

    signal: NDArray[np.float32]  #: (length,)
    digits: tuple[int, ...]
    places: tuple[tuple[float, float], ...]  #: from, to of each digit, seconds

    def labels(self, gone: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
        """(10,) one for every digit that is said; not for one of which a stretch, seconds, takes more than half."""
        return labels_of(self.digits, self.places, 10, gone)


def row(chosen: Sequence[Recording], length: int, rate: float, rng: np.random.Generator, *, gap: float = 0.06) -> Clip:
    """The recordings one after another with gaps of ``gap`` seconds or more, as many as fit, somewhere in a clip.

    Each is brought to the same loudness (root mean square) within 6 dB. The rest of the clip is silence.
    """
    least = round(gap * rate)
    parts, room = [], length
    for recording in chosen:
        if len(recording.signal) + least * bool(parts) <= room:
            parts.append(recording)
            room -= len(recording.signal) + least * (len(parts) > 1)
    if not parts:
        parts, room = [chosen[0]], 0
    cuts = np.sort(rng.integers(0, room + 1, len(parts)))  # how much of the spare room lies before each
    signal, places, position = np.zeros(length, np.float32), [], 0
    for number, (recording, before) in enumerate(zip(parts, np.diff([0, *cuts]), strict=True)):
        position += int(before) + least * (number > 0)
        spoken = recording.signal[: length - position]
        loud = 0.1 * 10 ** (rng.uniform(-3, 3) / 20) / (float(np.sqrt(np.mean(spoken**2))) + 1e-6)
        signal[position : position + len(spoken)] = loud * spoken
        places.append((position / rate, (position + len(spoken)) / rate))
        position += len(spoken)
    return Clip(signal, tuple(recording.digit for recording in parts), tuple(places))


def alone(recording: Recording, length: int, rate: float) -> Clip:
    """One recording in the middle of a clip, cut where it is longer."""
    spoken = recording.signal[:length]
    start = (length - len(spoken)) // 2
    signal = np.zeros(length, np.float32)
    signal[start : start + len(spoken)] = spoken
    return Clip(signal, (recording.digit,), ((start / rate, (start + len(spoken)) / rate),))
