"""A matrix of weights as a view: rows ask, columns answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.blocks import masses, pooled
from xviz.draw.scale import Scale, number, order
from xviz.drawings.payload import pack
from xviz.drawings.view import View, check_length, drawn_with

#: a side longer than this is pooled before it is sent
MOST = 1024


def matrix(
    weights: ArrayLike,
    *,
    row_labels: Sequence[str],
    column_labels: Sequence[str],
    scale: Scale,
    selected: tuple[int, int] | None = None,
    dividers: tuple[Sequence[int], Sequence[int]] = ((), ()),
    quadrant_labels: Sequence[Sequence[str]] | None = None,
    title: str = "",
    axes: tuple[str, str] = ("row", "column"),
    height: int = 480,
) -> View:
    """A heatmap whose cells can be picked; a side over 1024 is pooled to the cell of greatest magnitude, and says so.

    Args:
        weights: (rows, columns); NaN means no value.
        row_labels: one per row.
        column_labels: one per column.
        scale: colours and limits.
        selected: the cell to highlight; None leaves what the visitor picked.
        dividers: first rows and first columns of each further block, so ((36,), (36,)) makes four blocks.
        quadrant_labels: one name per block, as (row blocks, column blocks); their masses are printed beside them.
        title: printed above.
        axes: what a row and a column are, ("query", "key").
        height: the most it takes, CSS pixels.
    """
    weights = np.asarray(weights, np.float32)
    rows, columns = weights.shape
    check_length("row labels", row_labels, rows)
    check_length("column labels", column_labels, columns)
    drawn, members, (tall, wide) = pooled(weights, MOST)
    bar, arrays = drawn_with(scale, drawn)
    note = f"Each cell is the strongest of {tall} × {wide}; the matrix is {rows} × {columns}."
    header = {
        "title": title,
        "alt": _alt(title, weights, row_labels, column_labels, scale),
        "axes": list(axes),
        "rows": drawn.shape[0],
        "columns": drawn.shape[1],
        "rowLabels": _grouped(row_labels, tall),
        "columnLabels": _grouped(column_labels, wide),
        "selected": None if selected is None else [int(selected[0]) // tall, int(selected[1]) // wide],
        "dividers": [[d / tall for d in dividers[0]], [d / wide for d in dividers[1]]],
        "blocks": _blocks(weights, dividers, quadrant_labels),
        "note": "" if members is None else note,
        "height": height,
        "scale": bar,
    }
    table = _table(weights, row_labels, column_labels, axes, scale)
    return View("heatmap", pack(header, **arrays), height, header["alt"], table, drawn.shape, members=members)


def _grouped(labels: Sequence[str], size: int) -> list[str]:
    """One label per pooled row: its first and last."""
    if size == 1:
        return [str(label) for label in labels]
    return [f"{labels[i]} … {labels[min(i + size, len(labels)) - 1]}" for i in range(0, len(labels), size)]


def _blocks(
    weights: NDArray, dividers: tuple[Sequence[int], Sequence[int]], labels: Sequence[Sequence[str]] | None
) -> list[list[dict[str, str]]]:
    """Name and printed mass of each block; empty without names."""
    if labels is None:
        return []
    found = masses(weights, dividers)
    check_length("quadrant labels", labels, found.shape[0])
    for row in labels:
        check_length("quadrant labels", row, found.shape[1])
    return [
        [{"label": str(label), "mass": number(mass)} for label, mass in zip(row, line, strict=True)]
        for row, line in zip(labels, found, strict=True)
    ]


def _alt(title: str, weights: NDArray, row_labels: Sequence[str], column_labels: Sequence[str], scale: Scale) -> str:
    """The drawing in a sentence or two."""
    said = f"{title or 'Matrix'}, {weights.shape[0]} rows by {weights.shape[1]} columns, {scale.text()}."
    if weights.size and not np.isnan(weights).all():
        row, column = np.unravel_index(np.nanargmax(np.abs(weights)), weights.shape)
        said += f" Strongest: {row_labels[row]}, {column_labels[column]}: {number(weights[row, column])}."
    return said


def _table(weights, row_labels, column_labels, axes, scale: Scale) -> tuple:
    """The twenty strongest cells."""
    flat = weights.ravel()
    few = np.argpartition(-np.nan_to_num(np.abs(flat), nan=-1), 20)[:20] if flat.size > 20 else np.arange(flat.size)
    strongest = [divmod(int(few[i]), weights.shape[1]) for i in order(flat[few])]  # a full sort is slow at 1024 a side
    rows = tuple((str(row_labels[r]), str(column_labels[c]), float(weights[r, c])) for r, c in strongest)
    return ((*axes, scale.name()), *rows)
