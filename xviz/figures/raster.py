"""Arrays for the panels: pictures no finer than print, heat over grey, matrices no larger than their paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from xviz.scale import Scale

SHARE = 0.5  #: how much of a region's colour covers the grey picture
PRINT_DPI = 600  #: no picture is stored finer than this
MOST_CELLS = 1000  #: a matrix side longer than this is pooled


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
    grey = pixels @ np.array([0.299, 0.587, 0.114])
    painted = np.repeat((255 - 0.85 * (255 - grey))[..., None], 3, axis=2)
    covered = np.zeros(grey.shape, np.uint8)
    levels = scale.quantise(scores)
    for index in np.argsort(np.abs(np.asarray(scores, np.float64)), kind="stable"):  # the strongest is painted last
        if levels[index]:
            x0, y0, x1, y1 = np.maximum(np.round(np.asarray(boxes)[index]), 0).astype(int)
            covered[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = levels[index]
    mixed = (1 - SHARE) * painted + SHARE * scale.lut()[covered][..., :3]
    return np.round(np.where(covered[..., None] > 0, mixed, painted)).astype(np.uint8)


def pooled(weights: NDArray, most: int = MOST_CELLS) -> tuple[NDArray, tuple[int, int]]:
    """The matrix with blocks of cells as their value of greatest magnitude, and the (rows, columns) of a block."""
    tall, wide = (-(-side // most) for side in weights.shape)
    if tall <= 1 and wide <= 1:
        return weights, (1, 1)
    rows, columns = -(-weights.shape[0] // tall), -(-weights.shape[1] // wide)
    padded = np.full((rows * tall, columns * wide), np.nan)
    padded[: weights.shape[0], : weights.shape[1]] = weights
    blocks = padded.reshape(rows, tall, columns, wide).swapaxes(1, 2).reshape(rows, columns, tall * wide)
    best = np.where(np.isnan(blocks), -1, np.abs(blocks)).argmax(-1)
    return np.take_along_axis(blocks, best[..., None], -1)[..., 0], (tall, wide)


def masses(weights: ArrayLike, dividers: tuple[Sequence[int], Sequence[int]]) -> NDArray[np.float64]:
    """What a mean row of each row block gives to each column block, (row blocks, column blocks); NaN counts as zero."""
    filled = np.nan_to_num(np.asarray(weights, np.float64))
    down, across = ([0, *given, side] for given, side in zip(dividers, filled.shape, strict=True))
    return np.array([[filled[a:b, c:d].sum() / max(b - a, 1) for c, d in pairwise(across)] for a, b in pairwise(down)])
