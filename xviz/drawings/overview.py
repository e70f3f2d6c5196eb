"""A matrix too large for a message: an overview that is sent once, and exact parts of it when somebody looks closer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.draw.pooling import Pooled
from xviz.draw.scale import Scale
from xviz.drawings.drawing import check_length
from xviz.drawings.payload import pack, pack_still

MOST = 1024  #: a side longer than this is pooled before it is sent; an exact part has no more rows or columns either


@dataclass(frozen=True)
class Part:
    """Some rows and columns of a matrix."""

    top: int  #: the first row
    bottom: int  #: the first row after it
    left: int  #: the first column
    right: int  #: the first column after it


@dataclass(frozen=True, eq=False)
class Overview:
    """What of a large matrix stays the same from look to look."""

    digest: str  #: of the message
    still: bytes  #: the message
    cells: Pooled
    labels: tuple[Sequence[str], Sequence[str]]  #: of every row and every column
    scale: Scale  #: of the whole; exact parts have it too

    def part(self, sent: object) -> Part | None:
        """What a browser asks for, [digest, top, bottom, left, right]; None for nothing or a part of another one."""
        if not isinstance(sent, list | tuple) or len(sent) != 5 or sent[0] != self.digest:
            return None
        if not all(isinstance(edge, int) or (isinstance(edge, float) and edge.is_integer()) for edge in sent[1:]):
            return None
        top, bottom, left, right = map(int, sent[1:])
        rows, columns = self.cells.shape
        inside = 0 <= top < bottom <= rows and 0 <= left < right <= columns
        return Part(top, bottom, left, right) if inside and max(bottom - top, right - left) <= MOST else None

    def tile(self, part: Part | None = None, weights: NDArray | None = None) -> bytes:
        """The message with an exact part, under the digest of the overview that it belongs to.

        Args:
            part: Which; None for none, which tells the browser alone that parts can be asked for.
            weights: (rows, columns) of the part; NaN means no value.
        """
        if part is None or weights is None:
            return pack({"id": self.digest, "part": None})
        edges = [part.top, part.bottom, part.left, part.right]
        return pack(
            {"id": self.digest, "part": edges},
            level=self.scale.quantise(weights),
            value=np.asarray(weights, np.float32),
        )


def overview(
    cells: Pooled, row_labels: Sequence[str], column_labels: Sequence[str], scale: Scale, *, origin: str = ""
) -> Overview:
    """What is sent once of a large matrix: pooled cells with their places, and the names of all rows and columns.

    Args:
        cells: The matrix, pooled.
        row_labels: One per row of the whole.
        column_labels: One per column of the whole.
        scale: Colours and limits, of the whole.
        origin: What tells this matrix from others that look the same from afar; it enters the digest.

    Raises:
        ValueError: labels of another number than rows or columns.
    """
    check_length("row labels", row_labels, cells.shape[0])
    check_length("column labels", column_labels, cells.shape[1])
    header = {
        "rows": cells.shape[0],
        "columns": cells.shape[1],
        "tall": cells.tall,
        "wide": cells.wide,
        "rowLabels": [str(label) for label in row_labels],
        "columnLabels": [str(label) for label in column_labels],
        "origin": origin,
    }
    digest, still = pack_still(
        header,
        level=scale.quantise(cells.weights),
        value=np.asarray(cells.weights, np.float32),
        which=cells.which,
    )
    return Overview(digest, still, cells, (row_labels, column_labels), scale)


def grouped(labels: Sequence[str], size: int) -> list[str]:
    """One label per pooled row: its first and last.

    Args:
        labels: Of every row.
        size: Rows that are pooled to one.
    """
    if size == 1:
        return [str(label) for label in labels]
    return [f"{labels[i]} … {labels[min(i + size, len(labels)) - 1]}" for i in range(0, len(labels), size)]
