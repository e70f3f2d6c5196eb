"""A whole attention matrix, however large: pooled to what can be seen, exact parts on demand, few rows in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.draw import pooling
from xviz.drawings.overview import MOST, Part, grouped

CHUNK = 2**19  #: weights of all heads formed at once; 2 or 4 MB, which stay in the cache


@dataclass(frozen=True, eq=False)
class Pooled:
    """A matrix with no side over ``drawings.overview.MOST``."""

    cells: pooling.Pooled  #: its cells, and what each stands for
    labels: tuple[tuple[str, ...], tuple[str, ...]]  #: of every row and every column of the whole

    @property
    def weights(self) -> NDArray[np.floating]:
        """(rows, columns), pooled."""
        return self.cells.weights

    @property
    def rows(self) -> list[str]:
        """One label per row that is left, its first and last."""
        return grouped(self.labels[0], self.cells.tall)

    @property
    def columns(self) -> list[str]:
        """One label per column that is left, its first and last."""
        return grouped(self.labels[1], self.cells.wide)

    @property
    def tall(self) -> int:
        """Rows of a block."""
        return self.cells.tall

    @property
    def wide(self) -> int:
        """Columns of a block."""
        return self.cells.wide

    @property
    def exact(self) -> bool:
        """Whether every weight has a cell of its own."""
        return self.cells.exact


def pooled(
    call: AttentionCall,
    head: int | None,
    labels: Sequence[Sequence[str]],
    dividers: tuple[Sequence[int], Sequence[int]] = ((), ()),
    progress: Callable[[float, str], None] | None = None,
) -> Pooled:
    """The weights of one head, or the mean over heads; each cell is the strongest of a block where there are more.

    Args:
        call: Whose weights.
        head: Counted from 0; None for the mean.
        labels: Of every query, and of every key.
        dividers: First rows and columns of each further block, whose sums are taken.
        progress: Told the share that is done, and of how many rows, before each few rows.
    """
    shape = call.q.shape[1], call.k.shape[1]

    def rows() -> Iterator[NDArray[np.float64]]:
        done = 0
        for part in _rows(call, head, 0, shape[0]):
            if progress is not None:
                progress(done / shape[0], f"{done:,} of {shape[0]:,} rows")
            done += len(part)
            yield part

    cells = pooling.stream(rows(), shape, MOST, dividers)
    return Pooled(cells, (tuple(map(str, labels[0])), tuple(map(str, labels[1]))))


def exact(call: AttentionCall, head: int | None, part: Part) -> NDArray[np.float64]:
    """A part of the weights of one head, or of their mean, from q and k of its rows: (rows, columns) of the part."""
    out, row = np.empty((part.bottom - part.top, part.right - part.left)), 0
    for rows in _rows(call, head, part.top, part.bottom):  # as wide as the matrix, so that none is kept
        out[row : row + len(rows)] = rows[:, part.left : part.right]
        row += len(rows)
    return out


def _rows(call: AttentionCall, head: int | None, first: int, last: int) -> Iterator[NDArray[np.float64]]:
    """The rows from ``first`` to ``last``, that not among them, a few at a time, (some, columns)."""
    call = call if head is None else call.only(head)
    step = max(1, CHUNK // (call.heads * call.k.shape[1]))
    for start in range(first, last, step):
        weights = call.rows(slice(start, min(start + step, last))).detach()
        yield (weights[0].double() if call.heads == 1 else weights.double().mean(0)).numpy()
