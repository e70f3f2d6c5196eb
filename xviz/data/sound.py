"""Sounds that people bring: WAV, FLAC, OGG and MP3, by content and not by name, a stretch of any length of file.

Nothing is read that is not asked for: a stretch of eight hours costs what the stretch costs, and the outline of a whole
file is read in blocks. Channels are mixed to one by their mean. Amplitudes are as in the file, 1 being full scale.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Sound

MEGABYTES = 200  #: largest file
MOST_CHANNELS = 64
RATES = (1_000, 768_000)  #: Hz
BLOCK = 1 << 13  #: frames read at once; of a damaged file no more than these are lost before the damage
STREAMED = 0x7FFF_0000  #: bytes, from which a WAV's size stands for "unknown", as recorders write it
FULL = 0.999  #: of full scale, from which a sample counts as clipped
KINDS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "CAF")


@dataclass(frozen=True, eq=False)
class Outline:
    """A whole file at a glance, for choosing a stretch of it."""

    seconds: float
    rate: float
    channels: int
    low: NDArray[np.float32]  #: (bins,) least amplitude of each stretch
    high: NDArray[np.float32]  #: (bins,) greatest amplitude

    def loudest(self, seconds: float) -> float:
        """Where the stretch of that length with the loudest moment in its middle begins, in seconds."""
        peak = int(np.argmax(np.maximum(np.abs(self.low), np.abs(self.high))))
        middle = (peak + 0.5) / len(self.low) * self.seconds
        return float(np.clip(middle - seconds / 2, 0, max(0.0, self.seconds - seconds)))


def read_sound(content: bytes, name: str = "this file", *, start: float = 0.0, most: float = 30.0) -> Sound:
    """A stretch of a sound file.

    Args:
        content: Of the file.
        name: For messages.
        start: Where the stretch begins, seconds.
        most: Longest stretch, seconds; the rest of the file is not read.

    Raises:
        SampleError: this is no sound, or it holds nothing that could be heard.
    """
    with _opened(content, name) as file:
        rate, told = float(file.samplerate), _frames(file)
        first = round(start * rate)
        if first >= told or start < 0:
            raise SampleError(
                f"{name} lasts {told / rate:.3g} s; there is nothing at {start:g} s. Choose an earlier one."
            )
        file.seek(first)
        wanted = min(round(most * rate), told - first)
        parts = list(_blocks(file, wanted, name))
        signal = np.concatenate(parts) if parts else np.zeros(0, np.float32)
        notes = [*_told(file, name), *_cut(content, file, name)]
        if len(signal) < wanted:
            notes.append(
                f"{name} is cut short: it tells of {(told - first) / rate:.3g} s but holds {len(signal) / rate:.3g} s."
            )
    if not len(signal):
        raise SampleError(f"{name} holds no sound: it was cut off before the first sample. Export it again.")
    clipped = float(np.mean(np.abs(signal) >= FULL))
    if clipped > 1e-3:
        notes.append(f"{clipped:.1%} of the samples are at full scale: the recording is clipped.")
    whole = told / rate
    return Sound(signal, rate, start, tuple(notes), whole if whole > len(signal) / rate + 1e-3 else None)


def outline(
    content: bytes, name: str = "this file", *, bins: int = 1000, start: float = 0.0, most: float | None = None
) -> Outline:
    """The least and greatest amplitude along a file, or along a stretch of it, read in blocks.

    Args:
        content: Of the file.
        name: For messages.
        bins: Stretches of which each gives two numbers; fewer where there are fewer samples.
        start: Where the outline begins, seconds.
        most: How long it is at most, seconds; None for all that is left.

    Raises:
        SampleError: this is no sound.
    """
    with _opened(content, name) as file:
        first = min(round(start * file.samplerate), _frames(file) - 1)
        left = _frames(file) - first
        told, at = left if most is None else min(left, round(most * file.samplerate)), 0
        bins = max(1, min(bins, told))
        low, high = np.zeros(bins, np.float32), np.zeros(bins, np.float32)
        file.seek(first)
        for block in _blocks(file, told, name):
            index = (np.arange(at, at + len(block)) * bins // told).clip(0, bins - 1)
            edges = np.flatnonzero(np.diff(index, prepend=-1))  # where a further bin begins
            own = index[edges]
            low[own] = np.minimum(low[own], np.minimum.reduceat(block, edges))
            high[own] = np.maximum(high[own], np.maximum.reduceat(block, edges))
            at += len(block)
        return Outline(told / file.samplerate, float(file.samplerate), file.channels, low, high)


def write_wav(sound: Sound) -> bytes:
    """A sound as 16-bit WAV, for a player."""
    file = io.BytesIO()
    soundfile.write(file, np.clip(sound.signal, -1, 1), round(sound.rate), format="WAV", subtype="PCM_16")
    return file.getvalue()


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[soundfile.SoundFile]:
    """The file, if it is a sound of a kind and size that can be read."""
    if len(content) > MEGABYTES * 1e6:
        raise SampleError(
            f"{name} has {len(content) / 1e6:.0f} MB; at most {MEGABYTES} MB are read. Cut it, or use MP3."
        )
    try:
        file = soundfile.SoundFile(io.BytesIO(content))
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise SampleError(
            f"{name} is no sound that can be read: WAV, FLAC, OGG or MP3 is expected, whatever the name says. "
            "Export it again as one of these."
        ) from error
    with file:
        if file.format not in KINDS:
            raise SampleError(
                f"{name} is {file.format_info}; WAV, FLAC, OGG or MP3 is expected. Export it as one of these."
            )
        if not RATES[0] <= file.samplerate <= RATES[1] or not 1 <= file.channels <= MOST_CHANNELS:
            raise SampleError(
                f"{name} has {file.channels} channels at {file.samplerate} Hz; up to {MOST_CHANNELS} channels at "
                f"{RATES[0]}–{RATES[1]} Hz are read. Export it with fewer channels or another rate."
            )
        if not _frames(file):
            raise SampleError(f"{name} holds no samples: it is 0 s long. Choose another file.")
        yield file


def _frames(file: soundfile.SoundFile) -> int:
    """Frames that the file tells of; a stream that does not say is taken as four hours at most."""
    return int(file.frames) if file.frames < 1 << 40 else int(4 * 3600 * file.samplerate)


def _blocks(file: soundfile.SoundFile, frames: int, name: str) -> Iterator[NDArray[np.float32]]:
    """Mono blocks of at most so many frames in all; ends early where the file does.

    Raises:
        SampleError: a sample is not a number, or the data are damaged at their beginning.
    """
    at = 0
    while at < frames:
        try:
            block = file.read(min(BLOCK, frames - at), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            if at == 0:
                raise SampleError(f"{name} is damaged: nothing of it can be decoded. Export it again.") from error
            return
        if not len(block):
            return
        if bad := int((~np.isfinite(block)).sum()):
            raise SampleError(
                f"{name} has {bad} samples that are not finite numbers near {at / file.samplerate:.3g} s. "
                "Replace them, or export the sound as 16-bit."
            )
        at += len(block)
        yield block.mean(1)


def _told(file: soundfile.SoundFile, name: str) -> Iterator[str]:
    """What reading changed."""
    if file.channels > 1:
        yield f"{name} has {file.channels} channels; their mean is heard."


def _cut(content: bytes, file: soundfile.SoundFile, name: str) -> Iterator[str]:
    """That a WAV is shorter than it says itself, which its reader passes over in silence."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return
    at = 12
    while at + 8 <= len(content) and content[at : at + 4] != b"data":
        at += 8 + int.from_bytes(content[at + 4 : at + 8], "little") + content[at + 4] % 2
    size, here = int.from_bytes(content[at + 4 : at + 8], "little"), len(content) - at - 8
    if 0 < here < size < STREAMED:
        told = file.frames * size / here / file.samplerate
        yield f"{name} is cut short: it tells of {told:.3g} s but holds {file.frames / file.samplerate:.3g} s."
