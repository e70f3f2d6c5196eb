"""Matrices in blocks, alike on screen and paper: pooling that keeps the strongest cell, and the mass of quadrants."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

FAINT = 0.25  #: of the greatest weight: a block whose own greatest lies below would be dark on limits for all
APART = 6  #: blocks at most that can have limits of their own


def cut(weights: NDArray, dividers: tuple[Sequence[int], Sequence[int]]) -> list[list[NDArray]]:
    """The blocks of a matrix; ``dividers`` are the first rows and the first columns of each further block."""
    rows, columns = ([0, *map(int, inner), side] for inner, side in zip(dividers, weights.shape, strict=True))
    return [[weights[a:b, c:d] for c, d in pairwise(columns)] for a, b in pairwise(rows)]


def apart(weights: NDArray, dividers: tuple[Sequence[int], Sequence[int]]) -> bool:
    """Whether each block should have limits of its own, since a scale for all would leave one dark.

    A block without any weight, as keys that are masked have, says nothing of this.
    """
    blocks = [block for row in cut(weights, dividers) for block in row]
    greatest = [maximum for block in blocks if (maximum := float(np.nanmax(block, initial=0.0))) > 0]
    return len(greatest) > 1 and len(blocks) <= APART and min(greatest) < FAINT * max(greatest)


def pooled(weights: NDArray, most: int) -> tuple[NDArray, NDArray[np.int64] | None, tuple[int, int]]:
    """A matrix with no side over ``most``: each cell is the value of greatest magnitude of a block.

    Args:
        weights: (rows, columns); NaN means no value.
        most: Cells a side.

    Returns:
        The pooled matrix; (…, 2) the row and column behind each of its cells, None where nothing was pooled; the rows
        and columns of a block.
    """
    rows, columns = weights.shape
    tall, wide = max(1, -(-rows // most)), max(1, -(-columns // most))
    if tall == wide == 1:
        return weights, None, (1, 1)
    high, broad = -(-rows // tall), -(-columns // wide)
    padded = np.full((high * tall, broad * wide), np.nan, weights.dtype)
    padded[:rows, :columns] = weights
    blocks = padded.reshape(high, tall, broad, wide).swapaxes(1, 2).reshape(high, broad, tall * wide)
    best = np.where(np.isnan(blocks), -1, np.abs(blocks)).argmax(-1)  # (high, broad)
    values = np.take_along_axis(blocks, best[..., None], -1)[..., 0]
    members = np.stack(
        [np.arange(high)[:, None] * tall + best // wide, np.arange(broad)[None, :] * wide + best % wide], -1
    )
    return values, members, (tall, wide)


def masses(weights: ArrayLike, dividers: tuple[Sequence[int], Sequence[int]]) -> NDArray[np.float64]:
    """What a mean row of each row block gives to each column block, (row blocks, column blocks); NaN counts as zero.

    Where rows sum to one, so do the rows of the answer. ``dividers`` are the first rows and the first columns of each
    further block.
    """
    filled = np.nan_to_num(np.asarray(weights, np.float64))
    down, across = ([0, *map(int, inner), side] for inner, side in zip(dividers, filled.shape, strict=True))
    return np.array([[filled[a:b, c:d].sum() / max(b - a, 1) for c, d in pairwise(across)] for a, b in pairwise(down)])
