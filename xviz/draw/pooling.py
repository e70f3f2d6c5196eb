"""A large matrix pooled while its rows come: a cell of the small one is the strongest of a block; rows are let go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

KEPT = 20  #: strongest cells that are kept with their places


def block(shape: tuple[int, int], most: int) -> tuple[int, int]:
    """Rows and columns of a block, so that no side has more than ``most`` of them."""
    return max(1, -(-shape[0] // most)), max(1, -(-shape[1] // most))


@dataclass(frozen=True, eq=False)
class Pooled:
    """A matrix as the strongest cells of its blocks."""

    weights: NDArray[np.floating]  #: (high, broad): in each block the value of greatest magnitude, NaN without any
    which: NDArray[np.unsignedinteger]  #: (high, broad): its place in the block, row · wide + column; uint8 or more
    shape: tuple[int, int]  #: rows and columns of the whole
    tall: int  #: rows of a block
    wide: int  #: columns of a block
    strongest: tuple[tuple[int, int, float], ...]  #: row, column and value of the greatest magnitudes, at most 20
    sums: NDArray[np.float64]  #: (row blocks, column blocks) between the dividers; NaN counts as zero

    @property
    def exact(self) -> bool:
        """Whether every cell of the whole has one of its own."""
        return self.tall == self.wide == 1

    def cells(self) -> NDArray[np.int64]:
        """The row and column behind each cell, (high, broad, 2)."""
        down, across = np.divmod(self.which.astype(np.int64), self.wide)
        high, broad = self.weights.shape
        return np.stack([np.arange(high)[:, None] * self.tall + down, np.arange(broad) * self.wide + across], -1)


def stream(
    parts: Iterable[NDArray],
    shape: tuple[int, int],
    most: int,
    dividers: tuple[Sequence[int], Sequence[int]] = ((), ()),
) -> Pooled:
    """Pools a matrix in one pass over its rows.

    Args:
        parts: Its rows from the first to the last, (any number, columns) each; NaN means no value.
        shape: Rows and columns of all.
        most: Cells a side at most.
        dividers: First rows and first columns of each further block, whose sums are taken.

    Raises:
        ValueError: the parts have more or fewer rows than ``shape`` says.
    """
    (rows, columns), (tall, wide) = shape, block(shape, most)
    high, broad = -(-rows // tall), -(-columns // wide)
    which = np.zeros((high, broad), np.min_scalar_type(tall * wide - 1))
    weights: NDArray[np.floating] | None = None
    waiting: list[tuple[NDArray, NDArray]] = []  # rows of a block that is not whole yet, pooled along columns
    strongest = _Strongest()
    down, across = ([0, *map(int, inner), side] for inner, side in zip(dividers, shape, strict=True))
    sums, row, made = np.zeros((len(down) - 1, len(across) - 1)), 0, 0
    for part in parts:
        weights = np.full((high, broad), np.nan, part.dtype) if weights is None else weights
        strongest.add(part, row)
        for i, (a, b) in enumerate(pairwise(down)):
            own = part[max(a - row, 0) : max(b - row, 0)]
            sums[i] += [np.nansum(own[:, c:d], dtype=np.float64) for c, d in pairwise(across)]
        row += len(part)
        waiting.append(_along(part, wide))
        there = sum(len(values) for values, _ in waiting)
        whole = there if row >= rows else there // tall * tall
        if whole and row <= rows:
            values, places = (np.concatenate(each) for each in zip(*waiting, strict=True))
            done = slice(made, made := made + -(-whole // tall))
            weights[done], which[done] = _down(values[:whole], places[:whole], tall, wide)
            waiting = [(values[whole:], places[whole:])]
    if row != rows:
        raise ValueError(f"{rows} rows expected; {row} came")
    weights = np.zeros((high, broad)) if weights is None else weights
    return Pooled(weights, which, shape, tall, wide, strongest.cells(), sums)


def _along(part: NDArray, wide: int) -> tuple[NDArray, NDArray[np.int64]]:
    """(n, broad): the value of greatest magnitude of every ``wide`` cells of a row, and which of them it is."""
    rows, columns = part.shape
    if wide == 1:
        return part, np.zeros(part.shape, np.int64)
    broad = -(-columns // wide)
    padded = np.full((rows, broad * wide), np.nan, part.dtype)
    padded[:, :columns] = part
    return _best(padded.reshape(rows, broad, wide))


def _down(values: NDArray, places: NDArray[np.int64], tall: int, wide: int) -> tuple[NDArray, NDArray[np.int64]]:
    """The same over every ``tall`` rows; the last block may have fewer."""
    if tall == 1:
        return values, places
    (rows, broad), high = values.shape, -(-len(values) // tall)
    padded, known = np.full((high * tall, broad), np.nan, values.dtype), np.zeros((high * tall, broad), np.int64)
    padded[:rows], known[:rows] = values, places
    best, row = _best(padded.reshape(high, tall, broad).swapaxes(1, 2))
    column = np.take_along_axis(known.reshape(high, tall, broad), row[:, None], 1)[:, 0]
    return best, row * wide + column


def _best(blocks: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Along the last axis the value of greatest magnitude, and where it is: the first of equals."""
    best, where = blocks[..., 0].copy(), np.zeros(blocks.shape[:-1], np.int64)
    size = np.nan_to_num(np.abs(best), nan=-1, posinf=np.inf)
    for index in range(1, blocks.shape[-1]):  # sides of a block are short, and rows of cells long
        other = np.abs(blocks[..., index])
        greater = other > size  # never of NaN
        best[greater], where[greater] = blocks[..., index][greater], index
        np.copyto(size, other, where=greater)
    return best, where


class _Strongest:
    """The cells of greatest magnitude so far."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, int, int, float]] = []

    def add(self, part: NDArray, first: int) -> None:
        """Takes rows, the first of which is the ``first`` of the matrix."""
        flat = np.nan_to_num(np.abs(part), nan=-1, posinf=np.inf).ravel()
        full = len(self._kept) == KEPT
        few = np.flatnonzero(flat > self._kept[-1][0]) if full else np.arange(flat.size)
        if few.size > KEPT:
            few = few[np.argpartition(-flat[few], KEPT - 1)[:KEPT]]
        for index in few:
            row, column = divmod(int(index), part.shape[1])
            self._kept.append((float(flat[index]), first + row, column, float(part[row, column])))
        self._kept = sorted(self._kept, key=lambda cell: (-cell[0], cell[1:3]))[:KEPT]

    def cells(self) -> tuple[tuple[int, int, float], ...]:
        """Row, column and value, the strongest first."""
        return tuple(cell[1:] for cell in self._kept)
