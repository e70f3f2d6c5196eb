"""Matrices in blocks, alike on screen and paper: where limits of their own are due, and the mass of quadrants."""

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


def masses(weights: ArrayLike, dividers: tuple[Sequence[int], Sequence[int]]) -> NDArray[np.float64]:
    """What a mean row of each row block gives to each column block, (row blocks, column blocks); NaN counts as zero.

    Where rows sum to one, so do the rows of the answer. ``dividers`` are the first rows and the first columns of each
    further block.
    """
    filled = np.nan_to_num(np.asarray(weights, np.float64))
    down, across = ([0, *map(int, inner), side] for inner, side in zip(dividers, filled.shape, strict=True))
    return np.array([[filled[a:b, c:d].sum() / max(b - a, 1) for c, d in pairwise(across)] for a, b in pairwise(down)])
