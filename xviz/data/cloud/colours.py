"""Colours of any range and type → 0–255; what was assumed is a note, what may be wrong a warning.

A range is judged on nearly all values: a single one of 16 bits among 8-bit ones would turn everything black.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

NEARLY = 99.9  #: percentile of values that a range must hold
_DARK = 0.9  #: share of points without any light above which colours are doubtful
_SLACK = 0.05  #: by which shares may leave 0 to 1


def to_bytes(rgb: NDArray, notes: list[str], warnings: list[str]) -> NDArray[np.uint8] | None:
    """(points, 3) colours as 0–255, from whatever range they have in the file; None where they say nothing.

    Args:
        rgb: numbers of any kind.
        notes: what was done is added.
        warnings: what may be wrong is added.
    """
    bad = ~np.isfinite(rgb).all(1) if rgb.dtype.kind == "f" else np.zeros(len(rgb), bool)
    if bad.all():
        notes.append("No colour is a number: read without colours.")
        return None
    if bad.any():
        notes.append(f"{int(bad.sum()):,} points have no colour and are drawn grey.")
    coloured = rgb[~bad] if bad.any() else rgb
    low, high = float(coloured.min()), float(coloured.max())
    if low == high == 0:
        warnings.append("All colours are zero, as where none were recorded: read without colours.")
        return None
    black = float((coloured == 0).all(1).mean())
    scale = _scale(coloured, low, high, notes, warnings)
    if scale is None:
        return None
    if black > _DARK:
        warnings.append(f"{100 * black:.0f} % of the points are black, as where no colour was recorded.")
    elif low == high:
        warnings.append("All points have the same colour, as where none was recorded.")
    factor, shift = scale
    if rgb.dtype == np.uint8 and scale == (1.0, 0.0):
        return np.ascontiguousarray(rgb)
    out = np.empty(rgb.shape, np.uint8)
    for start in range(0, len(rgb), 1 << 20):  # no second whole array of 64-bit numbers
        part = rgb[start : start + (1 << 20)].astype(np.float64) * factor + shift
        out[start : start + (1 << 20)] = np.nan_to_num(part, nan=127.0).round().clip(0, 255)
    out[bad] = 127
    return out


def _scale(rgb: NDArray, low: float, high: float, notes: list[str], warnings: list[str]) -> tuple[float, float] | None:
    """By what colours are multiplied, and what is added; None for a range that colours do not have."""
    floats = rgb.dtype.kind == "f"
    some = rgb[:: max(1, len(rgb) // 200_000)]
    bottom, top = (float(v) for v in np.percentile(some, [100 - NEARLY, NEARLY]))
    outside = float(((rgb < bottom) | (rgb > top)).any(1).sum())
    if floats and bottom >= -_SLACK and top <= 1 + _SLACK and not (high > 1 + _SLACK and _whole(some)):
        notes.append("Colours range from 0 to 1 and were brought to 0–255.")
        if low < -_SLACK or high > 1 + _SLACK:
            _said_outside(rgb, 0, 1, warnings)
        return 255.0, 0.0
    if floats and -1 - _SLACK <= bottom < 0 and top <= 1 + _SLACK:
        notes.append("Colours range from −1 to 1 and were brought to 0–255.")
        return 127.5, 127.5
    if bottom < 0 or top > 65535:
        warnings.append(
            f"Colours range from {low:g} to {high:g}, which is none of 0–1, 0–255 and 0–65535: read without colours."
        )
        return None
    if top <= 255:
        if high > 255 or low < 0:
            _said_outside(rgb, 0, 255, warnings)
        if high <= 1 and outside == 0 and not floats:
            warnings.append("No colour is above 1 of 255: all points look black. If these are shares, save them so.")
        return 1.0, 0.0
    bits = max(9, math.ceil(math.log2(high + 1)))
    if bits <= 14:
        warnings.append(
            f"Colours reach {high:,.0f}: taken as {bits} bits. If they have 16 bits, the room is darker than it looks."
        )
        return 255 / (2**bits - 1), 0.0
    notes.append("Colours have 16 bits and were brought to 0–255.")
    shifted = not floats and bool((rgb % 256 == 0).all())
    return (1 / 256, 0.0) if shifted else (1 / 257, 0.0)


def _whole(values: NDArray) -> bool:
    """True for whole numbers alone."""
    return bool((values == np.round(values)).all())


def _said_outside(rgb: NDArray, low: float, high: float, warnings: list[str]) -> None:
    """Say how many colours leave the range that nearly all have."""
    outside = int(((rgb < low) | (rgb > high)).any(1).sum())
    warnings.append(
        f"{outside:,} of {len(rgb):,} colours lie outside {low:g}–{high:g}, where all others are, and were cut to it."
    )
