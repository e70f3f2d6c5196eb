"""Arrays for the panels: pictures no finer than print, heat over grey."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from xviz.draw.scale import LEVELS, Scale
from xviz.figures.look import look

SHARE = (0.12, 0.75)  #: how much of a picture the colours of no score and of the strongest cover
PRINT_DPI = 600  #: no picture is stored finer than this


def shrunk(pixels: NDArray[np.uint8], inches: float) -> tuple[NDArray[np.uint8], float]:
    """The picture at no more than 600 dpi when it is ``inches`` wide, and the factor by which it shrank."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError(f"pixels must be (height, width, 3) of uint8; these are {pixels.shape} of {pixels.dtype}")
    factor = PRINT_DPI * inches / pixels.shape[1]
    if factor >= 1:
        return pixels, 1.0
    size = round(pixels.shape[1] * factor), max(1, round(pixels.shape[0] * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)), factor


def heat(pixels: NDArray[np.uint8], boxes: ArrayLike, scores: ArrayLike, scale: Scale) -> NDArray[np.uint8]:
    """The picture in light grey, under every box the colour of the strongest score there, (height, width, 3).

    Args:
        pixels: (height, width, 3), 0–255.
        boxes: (n, 4) left, top, right, bottom in pixels.
        scores: (n,); NaN paints nothing.
        scale: Colours and limits.
    """
    covered = np.zeros(pixels.shape[:2], np.uint8)
    levels = scale.quantise(scores)
    for index in np.argsort(np.abs(np.asarray(scores, np.float64)), kind="stable"):  # the strongest is painted last
        if levels[index]:
            x0, y0, x1, y1 = np.maximum(np.round(np.asarray(boxes)[index]), 0).astype(int)
            covered[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = levels[index]
    return _mixed(pixels, covered, scale)


def heat_of_cells(pixels: NDArray[np.uint8], frame: ArrayLike, scores: ArrayLike, scale: Scale) -> NDArray[np.uint8]:
    """The picture in light grey, under each small cell of a frame the colour of its score, (height, width, 3).

    Args:
        pixels: (height, width, 3), 0–255.
        frame: Left, top, right, bottom of the cells in pixels; it may reach beyond the picture.
        scores: (rows, columns); NaN paints nothing.
        scale: Colours and limits.
    """
    levels = scale.quantise(scores)
    x0, y0, x1, y1 = np.asarray(frame, np.float64)
    ends = ((y0, y1), (x0, x1))
    row, column = (
        np.floor((np.arange(n) + 0.5 - low) / (high - low) * cells).astype(int)
        for n, (low, high), cells in zip(pixels.shape[:2], ends, levels.shape, strict=True)
    )
    known = ((row >= 0) & (row < levels.shape[0]))[:, None] & (column >= 0) & (column < levels.shape[1])
    painted_levels = levels[np.clip(row, 0, levels.shape[0] - 1)][:, np.clip(column, 0, levels.shape[1] - 1)]
    return _mixed(pixels, np.where(known, painted_levels, 0), scale)


def cover(scale: Scale) -> NDArray[np.float64]:
    """(256,) how much the colour of each level covers what lies under it; nothing where there is no score."""
    strength = np.abs(np.linspace(-1 if scale.diverging else 0, 1, LEVELS))
    share = look().overlay
    return np.r_[0.0, SHARE[0] + (SHARE[1] - SHARE[0]) * strength if share is None else np.full(LEVELS, share)]


def mixed(grey: NDArray[np.floating], levels: NDArray[np.uint8], scale: Scale) -> NDArray[np.uint8]:
    """Colours of levels (…) over greys (…, 3), as much as ``cover`` says; level 0 leaves the grey as it is."""
    share = cover(scale)
    colours = share[:, None] * scale.lut()[:, :3]
    return np.round((1 - share)[levels][..., None] * grey + colours[levels]).astype(np.uint8)


def _mixed(pixels: NDArray[np.uint8], covered: NDArray[np.uint8], scale: Scale) -> NDArray[np.uint8]:
    """The picture, light and grey unless the look says otherwise, under the colours of levels (height, width)."""
    picture = (pixels @ np.array([0.299, 0.587, 0.114]))[..., None] if look().grey else pixels
    return mixed(255 - 0.85 * (255.0 - picture), covered, scale)
