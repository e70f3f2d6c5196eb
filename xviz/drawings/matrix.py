"""A matrix of weights as a drawing: rows are queries, columns keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.draw.blocks import apart, cut, masses
from xviz.draw.pooling import stream
from xviz.draw.scale import Scale, number, order, sequential
from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length, drawn_with
from xviz.drawings.overview import MOST, Overview, overview
from xviz.drawings.payload import pack

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
    weights = np.asarray(weights, np.float32)
    if max(weights.shape) > MOST:
        cells = stream([weights], weights.shape, MOST, blocks.dividers)
        seen = overview(cells, row_labels, column_labels, scale)
        return large(seen, selected=selected, blocks=blocks, axes=axes, surround=surround)
    height, (rows, columns) = surround.height or HEIGHT, weights.shape
    check_length("row labels", row_labels, rows)
    check_length("column labels", column_labels, columns)
    bar, arrays = drawn_with(scale, weights)
    own = _own(weights, blocks, scale)
    if own and bar is not None:
        arrays["level"] = np.block([[limits.quantise(part) for limits, part, _ in row] for row in own])
        bar |= {"lowText": "0", "highText": "greatest of its block", "own": True, "clipped": 0}
    strongest = _strongest(weights)
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, weights.shape, strongest, (row_labels, column_labels), scale),
        "axes": list(axes),
        "rows": rows,
        "columns": columns,
        "rowLabels": [str(label) for label in row_labels],
        "columnLabels": [str(label) for label in column_labels],
        "selected": None if selected is None else [int(selected[0]), int(selected[1])],
        "dividers": [[int(first) for first in side] for side in blocks.dividers],
        "blocks": _masses(masses(weights, blocks.dividers), blocks),
        "note": _limits(own),
        "height": height,
        "scale": bar,
    }
    table = _table(strongest, (row_labels, column_labels), axes, scale)
    return Drawing("heatmap", pack(header, **arrays), height, header["alt"], table, (rows, columns))


def large(
    seen: Overview,
    *,
    parts: bool = False,
    selected: tuple[int, int] | None = None,
    blocks: Blocks = WHOLE,
    axes: tuple[str, str] = ("row", "column"),
    surround: Surround = PLAIN,
) -> Drawing:
    """A heatmap of a matrix that is sent as an overview; rows and columns, also of picks, are those of the whole.

    Args:
        seen: the overview, with labels and scale.
        parts: whether somebody answers for exact parts (`xviz.ui.components.Closer`); else the note says so.
        selected: the cell to highlight; None leaves what the visitor picked.
        blocks: as of `matrix`; the dividers are those with which the overview was pooled.
        axes: what a row and a column are.
        surround: title and height; the note is the drawing's own.
    """
    height, cells, scale = surround.height or HEIGHT, seen.cells, seen.scale
    heights = np.diff([0, *blocks.dividers[0], cells.shape[0]])
    header = {
        "title": surround.title,
        "alt": _alt(surround.title, cells.shape, cells.strongest, seen.labels, scale),
        "axes": list(axes),
        "still": seen.digest,
        "parts": parts,
        "selected": None if selected is None else [int(selected[0]), int(selected[1])],
        "dividers": [[int(first) for first in side] for side in blocks.dividers],
        "blocks": _masses(cells.sums / np.maximum(heights, 1)[:, None], blocks),
        "note": f"The matrix is {cells.shape[0]} × {cells.shape[1]}; from afar each cell is the strongest of "
        f"{cells.tall} × {cells.wide}.",
        "height": height,
        "scale": scale.header(cells.weights),
    }
    table = _table(cells.strongest, seen.labels, axes, scale)
    return Drawing(
        "heatmap", pack(header, lut=scale.lut()), height, header["alt"], table, cells.shape, still=seen.still
    )


Labels = tuple[Sequence[str], Sequence[str]]
Strongest = Sequence[tuple[int, int, float]]  #: row, column, value
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


def _masses(table: NDArray, blocks: Blocks) -> list[list[dict[str, str]]]:
    """Name and printed mass of each block; empty without names."""
    if blocks.names is None:
        return []
    check_length("names of blocks", blocks.names, table.shape[0])
    for row in blocks.names:
        check_length("names of blocks", row, table.shape[1])
    return [
        [{"label": str(name), "mass": number(mass)} for name, mass in zip(row, line, strict=True)]
        for row, line in zip(blocks.names, table, strict=True)
    ]


def _alt(title: str, shape: tuple[int, int], strongest: Strongest, labels: Labels, scale: Scale) -> str:
    """The drawing in a sentence or two."""
    words = f"{title or 'Matrix'}, {shape[0]} rows by {shape[1]} columns, {scale.text()}."
    if strongest and not np.isnan(strongest[0][2]):
        row, column, value = strongest[0]
        words += f" Strongest: {labels[0][row]}, {labels[1][column]}: {number(value)}."
    return words


def _strongest(weights: NDArray) -> Strongest:
    """The twenty strongest cells."""
    flat = weights.ravel()
    few = np.argpartition(-np.nan_to_num(np.abs(flat), nan=-1), 20)[:20] if flat.size > 20 else np.arange(flat.size)
    cells = [divmod(int(few[i]), weights.shape[1]) for i in order(flat[few])]  # a full sort is slow at 1024 a side
    return [(row, column, float(weights[row, column])) for row, column in cells]


def _table(strongest: Strongest, labels: Labels, axes: tuple[str, str], scale: Scale) -> tuple:
    """The strongest cells as rows, after a heading."""
    rows = tuple((str(labels[0][row]), str(labels[1][column]), value) for row, column, value in strongest)
    return ((*axes, scale.name()), *rows)
