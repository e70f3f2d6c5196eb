"""A matrix of weights as a drawing: rows are queries, columns keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.blocks import apart, cut, masses, pooled
from xviz.draw.scale import Scale, number, order, sequential
from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length, drawn_with
from xviz.drawings.payload import pack

#: a side longer than this is pooled before it is sent
MOST = 1024
HEIGHT = 480  #: CSS pixels


@dataclass(frozen=True)
class Blocks:
    """A matrix in blocks."""

    #: first rows and first columns of each further block, so ((36,), (36,)) makes four blocks
    dividers: tuple[Sequence[int], Sequence[int]] = ((), ())
    #: one per block, as (row blocks, column blocks); the masses are printed beside them
    names: Sequence[Sequence[str]] | None = None


WHOLE = Blocks()


def matrix(
    weights: ArrayLike,
    *,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    scale: Scale,
    selected: tuple[int, int] | None = None,
    blocks: Blocks = WHOLE,
    axes: tuple[str, str] = ("row", "column"),
    surround: Surround = PLAIN,
) -> Drawing:
    """A heatmap whose cells can be picked; a side over 1024 is pooled to the cell of greatest magnitude, and says so.

    Blocks have limits of their own where one scale would leave one dark, as on paper; the note says them.

    Args:
        weights: (rows, columns); NaN means no value.
        row_labels: one per row.
        column_labels: one per column.
        scale: colours and limits.
        selected: the cell to highlight; None leaves what the visitor picked.
        blocks: where the matrix is divided, and what the blocks are called.
        axes: what a row and a column are, ("query", "key").
        surround: title and height; the note is the drawing's own.
    """
    weights, height = np.asarray(weights, np.float32), surround.height or HEIGHT
    rows, columns = weights.shape
    check_length("row labels", row_labels, rows)
    check_length("column labels", column_labels, columns)
    drawn, members, (tall, wide) = pooled(weights, MOST)
    bar, arrays = drawn_with(scale, drawn)
    own = _own(weights, blocks, scale) if members is None else []
    if own and bar is not None:
        arrays["level"] = np.block([[limits.quantise(part) for limits, part, _ in row] for row in own])
        bar |= {"lowText": "0", "highText": "greatest of its block", "own": True, "clipped": 0}
    note = f"Each cell is the strongest of {tall} × {wide}; the matrix is {rows} × {columns}."
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, weights, row_labels, column_labels, scale),
        "axes": list(axes),
        "rows": drawn.shape[0],
        "columns": drawn.shape[1],
        "rowLabels": grouped(row_labels, tall),
        "columnLabels": grouped(column_labels, wide),
        "selected": None if selected is None else [int(selected[0]) // tall, int(selected[1]) // wide],
        "dividers": [[row / tall for row in blocks.dividers[0]], [column / wide for column in blocks.dividers[1]]],
        "blocks": _masses(weights, blocks),
        "note": _limits(own) if members is None else note,
        "height": height,
        "scale": bar,
    }
    table = _table(weights, row_labels, column_labels, axes, scale)
    return Drawing("heatmap", pack(header, **arrays), height, header["alt"], table, drawn.shape, members=members)


Own = list[list[tuple[Scale, NDArray, str]]]  #: of each block its scale, weights and name


def _own(weights: NDArray, blocks: Blocks, scale: Scale) -> Own:
    """Limits of each block; none where one scale does for all."""
    if blocks.names is None or scale.diverging or not apart(weights, blocks.dividers):
        return []
    return [
        [
            (sequential(part, label=scale.label, unit=scale.unit), part, str(name))
            for part, name in zip(row, names, strict=True)
        ]
        for row, names in zip(cut(weights, blocks.dividers), blocks.names, strict=True)
    ]


def _limits(own: Own) -> str:
    """The limits of blocks in a sentence; "" where they have none of their own."""
    limits = [f"{name} {number(scale.low)} … {number(scale.high)}" for row in own for scale, _, name in row]
    return f"Each block on its own limits: {'; '.join(limits)}." if limits else ""


def grouped(labels: Sequence[str], size: int) -> list[str]:
    """One label per pooled row: its first and last.

    Args:
        labels: Of every row.
        size: Rows that are pooled to one.
    """
    if size == 1:
        return [str(label) for label in labels]
    return [f"{labels[i]} … {labels[min(i + size, len(labels)) - 1]}" for i in range(0, len(labels), size)]


def _masses(weights: NDArray, blocks: Blocks) -> list[list[dict[str, str]]]:
    """Name and printed mass of each block; empty without names."""
    if blocks.names is None:
        return []
    table = masses(weights, blocks.dividers)
    check_length("names of blocks", blocks.names, table.shape[0])
    for row in blocks.names:
        check_length("names of blocks", row, table.shape[1])
    return [
        [{"label": str(name), "mass": number(mass)} for name, mass in zip(row, line, strict=True)]
        for row, line in zip(blocks.names, table, strict=True)
    ]


def _alt(title: str, weights: NDArray, row_labels: Sequence[str], column_labels: Sequence[str], scale: Scale) -> str:
    """The drawing in a sentence or two."""
    words = f"{title or 'Matrix'}, {weights.shape[0]} rows by {weights.shape[1]} columns, {scale.text()}."
    if weights.size and not np.isnan(weights).all():
        row, column = np.unravel_index(np.nanargmax(np.abs(weights)), weights.shape)
        words += f" Strongest: {row_labels[row]}, {column_labels[column]}: {number(weights[row, column])}."
    return words


def _table(weights, row_labels, column_labels, axes, scale: Scale) -> tuple:
    """The twenty strongest cells."""
    flat = weights.ravel()
    few = np.argpartition(-np.nan_to_num(np.abs(flat), nan=-1), 20)[:20] if flat.size > 20 else np.arange(flat.size)
    strongest = [divmod(int(few[i]), weights.shape[1]) for i in order(flat[few])]  # a full sort is slow at 1024 a side
    rows = tuple((str(row_labels[r]), str(column_labels[c]), float(weights[r, c])) for r, c in strongest)
    return ((*axes, scale.name()), *rows)
