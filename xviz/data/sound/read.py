"""A stretch of a sound, or the outline of a whole one, of whatever format the file is (``decode``).

Nothing is read that is not asked for: a stretch of eight hours costs what the stretch costs, and the outline of a whole
file is read in blocks. Channels become one (``channels``), a constant offset is taken out, and both are said.
Amplitudes are as in the file, 1 being full scale; floating-point files may exceed it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Sound
from xviz.data.sound.behind import behind
from xviz.data.sound.channels import mix
from xviz.data.sound.decode import Track, opened
from xviz.data.sound.headers import mended, missing
from xviz.data.sound.stretch import HOP, fullest

FULL = 0.999  #: of full scale, from which a sample counts as clipped
_MANY = 1e-3  #: share of samples at the limit, from which a recording is clipped
_FLAT = 3  #: samples of the same greatest value in a row that are a flat top
OFFSET = (0.01, 0.1)  #: a constant offset of that amplitude, or of that share of the sound's own level, is taken out
_EPSILON = 1e-4  #: offsets below are nobody's fault


@dataclass(frozen=True, eq=False)
class Outline:
    """A whole file at a glance, for choosing a stretch of it."""

    seconds: float
    rate: float
    channels: int
    low: NDArray[np.float32]  #: (bins,) least amplitude of each stretch, of any channel
    high: NDArray[np.float32]  #: (bins,) greatest amplitude
    levels: NDArray[np.float32]  #: (frames of ``HOP`` seconds,) level in dB at full scale, channels together

    def fullest(self, seconds: float) -> float:
        """Where the stretch of that length begins that holds most sound, clicks not counted, in seconds."""
        return float(np.clip(fullest(self.levels, seconds), 0, max(0.0, self.seconds - seconds)))


def read_sound(
    content: bytes, name: str = "this file", *, start: float = 0.0, most: float = 30.0, channel: int | None = None
) -> Sound:
    """A stretch of a sound file.

    Args:
        content: Of the file.
        name: For messages.
        start: Where the stretch begins, seconds.
        most: Longest stretch, seconds; the rest of the file is not read.
        channel: The channel that is heard, counted from 1, or 0 for the mean of all; None decides by itself.

    Raises:
        SampleError: this is no sound, or it holds nothing that could be heard.
    """
    content, mending = mended(content)
    with opened(content, name) as track:
        first = round(start * track.rate)
        if first >= track.frames or start < 0:
            raise SampleError(
                f"{name} lasts {track.seconds:.3g} s; there is nothing at {start:g} s. Choose an earlier one."
            )
        wanted = min(round(most * track.rate), track.frames - first)
        values = _all(track, first, wanted, name)
        short = list(_short(content, track, first, wanted, len(values), name))
        mixed = mix(values, name, channel)
        clipped = _clipped(values[:, list(mixed.used)], track.open_ended)
        signal, offset = _centred(mixed.signal)
        notes = [note for note in (mending, *mixed.notes, *short, offset, clipped) if note]
        whole = track.seconds if track.seconds > len(signal) / track.rate + 1e-3 else None
        others = [behind(content)]
        if track.tracks > 1:
            others.append(
                f"{name} has {track.tracks} tracks of sound; the first is read. Save another as a file first."
            )
        warnings = (*mixed.warnings, *filter(None, others))
        return Sound(signal, track.rate, start, tuple(notes), whole, warnings)


def _all(track: Track, first: int, wanted: int, name: str) -> NDArray[np.float32]:
    """(time, channels) what there is of a stretch.

    Raises:
        SampleError: there is nothing, or a sample is not a number.
    """
    blocks, position = [], first
    for block in track.read(first, wanted):
        _check_finite(block, position / track.rate, name)
        blocks.append(block)
        position += len(block)
    if not blocks:
        cause = (
            f"nothing can be decoded from {first / track.rate:.3g} s on" if first else "nothing of it can be decoded"
        )
        raise SampleError(f"{name} is damaged: {cause}. Export it again, or choose an earlier stretch.")
    return np.concatenate(blocks)


def _check_finite(block: NDArray[np.float32], seconds: float, name: str) -> None:
    if bad := int((~np.isfinite(block)).sum()):
        raise SampleError(
            f"{name} has {bad} samples that are not finite numbers near {seconds:.3g} s. "
            "Replace them, or export the sound as 16-bit."
        )


def _short(content: bytes, track: Track, first: int, wanted: int, length: int, name: str) -> Iterator[str]:
    """That a file is shorter than it says itself."""
    tells, holds = track.seconds, (first + length) / track.rate
    if wanted - length > track.slack * track.rate:
        yield f"{name} is cut short: it tells of {tells:.3g} s but holds {holds:.3g} s."
    elif share := missing(content):  # a WAV's reader passes this over in silence
        yield f"{name} is cut short: it tells of {tells / (1 - share):.3g} s but holds {tells:.3g} s."


def _clipped(values: NDArray[np.float32], open_ended: bool) -> str:
    """Whether the waveform has been cut off, in words; a value beyond full scale alone is no clipping."""
    size = np.abs(values)
    peak = float(size.max(initial=0.0))
    if not open_ended or peak <= 1.001:
        share = float(np.mean(size >= FULL))
        return f"{share:.1%} of the samples are at full scale: the recording is clipped." if share > _MANY else ""
    top = size >= peak * (1 - 1e-6)
    flat = np.lib.stride_tricks.sliding_window_view(top, _FLAT, axis=0).all(-1) if len(top) >= _FLAT else top[:0]
    if flat.mean() > _MANY:
        return f"Many samples in a row are at {peak:.3g} of full scale: the recording is clipped there."
    return (
        f"Values reach {peak:.3g} times full scale, which this format may hold: nothing is cut off. The player plays "
        "it quieter."
    )


def _centred(signal: NDArray[np.float32]) -> tuple[NDArray[np.float32], str]:
    """The signal without its constant offset, where it has one, and that in words."""
    offset = float(signal.mean(dtype=np.float64))
    own = float(np.sqrt(np.mean(np.square(signal - np.float32(offset)), dtype=np.float64)))
    full = max(1.0, float(np.abs(signal).max()))
    if abs(offset) < _EPSILON or abs(offset) < min(OFFSET[0] * full, OFFSET[1] * own) or len(signal) < 2:
        return signal, ""
    signed = f"{offset:+.2g}".replace("-", "−")
    return signal - np.float32(offset), f"A constant offset of {signed} of full scale was taken out."


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
    content, _ = mended(content)
    with opened(content, name) as track:
        first = min(round(start * track.rate), track.frames - 1)
        left = track.frames - first
        count, position = left if most is None else min(left, round(most * track.rate)), 0
        bins = max(1, min(bins, count))
        low, high = np.zeros(bins, np.float32), np.zeros(bins, np.float32)
        levels = Levels(track.rate)
        for block in track.read(first, count):
            _check_finite(block, (first + position) / track.rate, name)
            index = (np.arange(position, position + len(block)) * bins // count).clip(0, bins - 1)
            edges = np.flatnonzero(np.diff(index, prepend=-1))  # where a further bin begins
            own = index[edges]
            low[own] = np.minimum(low[own], np.minimum.reduceat(block.min(1), edges))
            high[own] = np.maximum(high[own], np.maximum.reduceat(block.max(1), edges))
            levels.add(block)
            position += len(block)
        if not position:
            raise SampleError(f"{name} is damaged: nothing of it can be decoded. Export it again.")
        return Outline(count / track.rate, track.rate, track.channels, low, high, levels.decibels())


class Levels:
    """Levels of frames of ``HOP`` seconds, from blocks of any length."""

    def __init__(self, rate: float) -> None:
        self.size, self.rest = max(1, round(rate * HOP)), np.zeros((0, 1), np.float32)
        self.power: list[NDArray[np.float64]] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Take the next samples, (n, channels)."""
        if len(self.rest):
            block = np.concatenate([self.rest, block])
        whole = len(block) // self.size * self.size
        if whole:
            frames = block[:whole].reshape(-1, self.size, block.shape[1])
            self.power.append(frames.var(1, dtype=np.float64).mean(1))  # the variance knows no constant offset
        self.rest = block[whole:]

    def decibels(self) -> NDArray[np.float32]:
        """(frames,) dB at full scale."""
        if len(self.rest):
            self.power.append(self.rest.var(0, dtype=np.float64).mean(keepdims=True))
        return (10 * np.log10(np.concatenate(self.power) + 1e-12)).astype(np.float32)


def write_wav(sound: Sound) -> bytes:
    """A sound as 16-bit WAV, for a player; one that exceeds full scale is made quieter, not cut off."""
    file = io.BytesIO()
    signal = sound.signal / max(1.0, float(np.abs(sound.signal).max(initial=0.0)))
    soundfile.write(file, signal, round(sound.rate), format="WAV", subtype="PCM_16")
    return file.getvalue()
