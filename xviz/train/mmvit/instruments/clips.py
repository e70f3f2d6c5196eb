"""Notes of instruments, and clips of one or two of them whose places in time and frequency are known.

Reads the folder that ``xviz make notes`` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.models.mel import Mel, spectrogram
from xviz.train.mmvit.shared import labels_of

HEARD = 20.0  #: dB below its loudest moment and band, down to which a note is taken to be heard


@dataclass(frozen=True, eq=False)
class Note:
    """One note of one instrument."""

    signal: NDArray[np.float32]
    family: int
    program: int  #: of General MIDI, counted from 0
    pitch: int  #: MIDI note
    split: str  #: "train", "pitch", "instrument" or "soundfont"
    font: str = ""  #: the soundfont that plays it


@dataclass(frozen=True, eq=False)
class Mixture:
    """Some notes in a clip, each somewhere."""

    signal: NDArray[np.float32]  #: (length,)
    families: tuple[int, ...]
    places: tuple[tuple[float, float], ...]  #: from, to of each, seconds
    parts: tuple[NDArray[np.float32], ...]  #: (length,) each note alone

    def labels(self, count: int, gone: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
        """(count,) one for every family that is heard outside the stretch ``gone``, seconds."""
        return labels_of(self.families, self.places, count, gone)

    def box(self, index: int, definition: Mel) -> tuple[float, float, float, float]:
        """From, to in seconds and from, to in hertz: around all that is heard of a note."""
        decibels = spectrogram(torch.from_numpy(self.parts[index])[None], definition)[0].numpy()
        loud = decibels > -HEARD
        bands, frames = np.flatnonzero(loud.any(1)), np.flatnonzero(loud.any(0))
        low, high = definition.hertz(bands[0]), definition.hertz(bands[-1] + 1)
        return float(frames[0] * definition.hop), float((frames[-1] + 1) * definition.hop), low, high


def notes(folder: Path, rate: float, families: Sequence[str]) -> list[Note]:
    """All notes of a folder.

    Raises:
        SampleError: the folder holds none, or another rate or other families than the model has.
    """
    signals, metadata = folder / "instruments.npz", folder / "instruments.json"
    if not signals.is_file() or not metadata.is_file():
        raise SampleError(
            "The folder holds no instruments.npz and instruments.json. "
            "Make them with “xviz make notes --out DIR” and give DIR with --data."
        )
    listed = json.loads(metadata.read_text(encoding="utf-8"))
    if listed["rate"] != rate or set(listed["families"]) - set(families):
        raise SampleError(
            f"The notes are at {listed['rate']} Hz and of {', '.join(listed['families'])}; the model needs "
            f"{rate:g} Hz and knows {', '.join(families)}. Build the set again."
        )
    with np.load(signals, allow_pickle=False) as archive:
        every = archive["signals"].astype(np.float32) / 32767
    return [
        Note(signal, families.index(entry["family"]), entry["program"], entry["pitch"], entry["split"], entry["font"])
        for signal, entry in zip(every, listed["notes"], strict=True)
    ]


def mixed(
    chosen: Sequence[Note],
    length: int,
    rate: float,
    rng: np.random.Generator,
    *,
    seconds: tuple[float, float] = (0.4, 1.4),
    spread: float = 6.0,
) -> Mixture:
    """Notes in one clip, each cut to a length of its own and beginning anywhere; they may sound at once.

    Args:
        chosen: The notes.
        length: Of the clip, samples.
        rate: Hz.
        rng: Chooses lengths, onsets and loudness.
        seconds: Least and greatest length of a note.
        spread: Most difference of each note's loudness from the common one, dB.
    """
    parts, places = [], []
    for note in chosen:
        count = min(round(rng.uniform(*seconds) * rate), len(note.signal), length)
        start = int(rng.integers(0, length - count + 1))
        parts.append(laid(note, start, count, length, rate) * np.float32(10 ** (rng.uniform(-spread, spread) / 20)))
        places.append((start / rate, (start + count) / rate))
    return Mixture(np.sum(parts, 0), tuple(note.family for note in chosen), tuple(places), tuple(parts))


def whole(note: Note, length: int, rate: float) -> Mixture:
    """One note in the middle of a clip, as long as it is."""
    count = min(len(note.signal), length)
    start = (length - count) // 2
    part = laid(note, start, count, length, rate)
    return Mixture(part, (note.family,), ((start / rate, (start + count) / rate),), (part,))


def laid(note: Note, start: int, count: int, length: int, rate: float) -> NDArray[np.float32]:
    """(length,) the first ``count`` samples of a note, 0.1 of full scale in the mean, its last 30 ms fading out."""
    own = note.signal[:count] * np.minimum(1, np.arange(count, 0, -1) / (0.03 * rate))
    clip = np.zeros(length, np.float32)
    clip[start : start + count] = 0.1 * own / (float(np.sqrt(np.mean(own**2))) + 1e-6)
    return clip
