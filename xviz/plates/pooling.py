"""A whole attention matrix, however large: pooled to what can be seen, never more in memory than a few rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.drawings.matrix import MOST, grouped


@dataclass(frozen=True, eq=False)
class Pooled:
    """A matrix with no side over ``drawings.matrix.MOST``."""

    weights: NDArray[np.float64]
    rows: list[str]
    columns: list[str]
    tall: int  #: rows of a block
    wide: int  #: columns of a block

    @property
    def exact(self) -> bool:
        """Whether every weight has a cell of its own."""
        return self.tall == self.wide == 1


def pooled(call: AttentionCall, head: int | None, labels: Sequence[Sequence[str]]) -> Pooled:
    """The weights of one head, or the mean over heads; each cell is the strongest of a block where there are more."""
    rows, columns = call.q.shape[1], call.k.shape[1]
    tall, wide = max(1, -(-rows // MOST)), max(1, -(-columns // MOST))
    parts = []
    step = tall * max(1, 2**22 // (call.heads * columns * tall))
    for start in range(0, rows, step):
        weights = call.rows(slice(start, min(start + step, rows))).detach().double()
        part = (weights.mean(0) if head is None else weights[head]).numpy()
        part = np.maximum.reduceat(part, np.arange(0, part.shape[0], tall), 0)
        parts.append(np.maximum.reduceat(part, np.arange(0, columns, wide), 1))
    return Pooled(np.concatenate(parts), grouped(labels[0], tall), grouped(labels[1], wide), tall, wide)
