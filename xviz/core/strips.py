"""Tokens in time as stretches of a plane: channels one below the other, or the outline of a sound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.forms import BLOCKS, OnPicture, Ticks
from xviz.core.grounds import Source
from xviz.core.sample import Eeg, Series, Sound

Signal = tuple[NDArray[np.float64], tuple[str, ...], float | None, float]  #: (channel, time), names, Hz, first second
MOST = 1200  #: pixels of the width
NAMED = 16  #: channels that are named beside their row
TALL = 120  #: pixels of a sound, and the least of channels


def signal_of(source: Source, space: str, channels: Sequence[str], count: int) -> Signal | None:
    """The measured channels under time steps; None where they cannot be told.

    By the name of the part, else by the names of its channels, else the only part of its kind; else a tensor that the
    model is fed with one column, or one row, for each step.
    """
    signals: dict[str, Signal] = {}
    for name, part in source.parts.items():
        if isinstance(part, Series):
            signals[name] = (np.asarray(part.values, np.float64), part.channels, part.rate, part.start)
        elif isinstance(part, Eeg):
            signals[name] = (np.asarray(part.signal, np.float64), part.channels, part.rate, 0.0)
        elif isinstance(part, Sound):
            signals[name] = (np.asarray(part.signal, np.float64)[None], ("sound",), part.rate, 0.0)
    named = [name for name in signals if name == space] or [name for name in signals if name in space]
    alike = [name for name, signal in signals.items() if channels and signal[1] == tuple(channels)]
    for fits in (named, alike, list(signals)):
        if len(fits) == 1:
            return signals[fits[0]]
    return None if signals else _fed(source, space, channels, count)


def _fed(source: Source, space: str, channels: Sequence[str], count: int) -> Signal | None:
    """A tensor of the model's inputs with as many columns, or rows, as there are steps."""
    tensors = {**source.inputs.context, **source.inputs.tokens}
    fits = [tensor.detach().float().numpy() for name, tensor in tensors.items()
            if tensor.ndim == 2 and tensor.is_floating_point() and count in tensor.shape and name == space]  # fmt: skip
    if len(fits) != 1:
        return None
    values = fits[0] if fits[0].shape[1] == count else fits[0].T
    if channels and len(channels) != len(values):
        return None
    return np.asarray(values, np.float64), tuple(channels), None, 0.0


def strip(
    signal: ArrayLike, spans: NDArray[np.float64], *, labels: Sequence[str], noun: str = "step",
    channels: Sequence[str] = (), seconds: tuple[float, float] | None = None,
) -> OnPicture:  # fmt: skip
    """Channels along time as a plane, one box for each stretch of time.

    Args:
        signal: (channels, time); each is drawn from its least value, dark, to its greatest, light; a single one as the
            outline of its amplitude.
        spans: (n, 2) from, to of every token, counted in values of the signal.
        labels: One for each token.
        noun: What a token is.
        channels: Names of the channels.
        seconds: Of the plane's left and right edge, for ticks.
    """
    values = np.asarray(signal, np.float64).reshape(np.shape(signal)[0], -1)
    pixels = _outline(values[0]) if len(values) == 1 else _rows(values)
    across = np.asarray(spans, np.float64) / values.shape[1] * pixels.shape[1]
    bottom = np.full(len(across), float(len(pixels)))
    boxes = np.stack([across[:, 0], np.zeros(len(across)), across[:, 1], bottom], 1)
    middles: Ticks = ()
    if 1 < len(channels) == len(values) <= NAMED:
        middles = tuple(((row + 0.5) / len(values), name) for row, name in enumerate(channels))
    times: Ticks = ()
    if seconds is not None:
        times = tuple(
            (float(share), f"{seconds[0] + share * (seconds[1] - seconds[0]):.3g}") for share in np.linspace(0, 1, 6)
        )
    return OnPicture(
        labels=tuple(labels), noun=noun, pixels=np.repeat(pixels[..., None], 3, 2), boxes=boxes.astype(np.float32),
        ticks=(times, middles), names=("time (s)" if times else "", ""),
    )  # fmt: skip


def _rows(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(channels, time) in grey."""
    finite = np.where(np.isfinite(values), values, np.nan)
    empty = np.isnan(finite).all(1, keepdims=True)
    safe = np.where(empty, 0.0, finite)
    low, high = np.nanmin(safe, 1, keepdims=True), np.nanmax(safe, 1, keepdims=True)
    grey = np.nan_to_num((safe - low) / np.where(high > low, high - low, 1.0))
    if grey.shape[1] > MOST:
        cuts = np.linspace(0, grey.shape[1], MOST + 1).astype(int)
        grey = np.add.reduceat(grey, cuts[:-1], 1) / np.diff(cuts)
    wide, tall = max(1, BLOCKS // grey.shape[1]), max(4, TALL // len(values))
    return np.round(20 + 225 * np.repeat(np.repeat(grey, tall, 0), wide, 1)).astype(np.uint8)


def _outline(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """One channel as a dark outline on light ground."""
    values = np.nan_to_num(values)
    wide = MOST if len(values) > MOST else len(values) * max(1, BLOCKS // len(values))
    cuts = np.unique(np.linspace(0, len(values), wide + 1).astype(int)[:-1])
    low, high = np.minimum.reduceat(values, cuts), np.maximum.reduceat(values, cuts)
    reach = max(float(np.abs(values).max()), 1e-12)
    columns = np.linspace(0, len(cuts) - 1e-9, wide).astype(int)
    heights = np.linspace(reach, -reach, TALL)[:, None]
    line = reach / TALL * 1.5
    inside = (heights <= high[columns] + line) & (heights >= low[columns] - line)
    return np.where(inside, 40, 235).astype(np.uint8)
