"""The matrix panel: cells, dividers, labels that stay readable, and the attention of each block to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from xviz.draw.blocks import masses, pooled
from xviz.draw.scale import Scale, number
from xviz.figures.lettering import contrasting, fit, spread, width_of, write
from xviz.figures.panel import FINE, THIN, in_points

LEADER = 12.0  #: length in points of the lines between cells and labels
LABEL_LINE = 1.15  #: distance of two labels in text sizes
LONGEST = 10.0  #: a label is cut at this many text sizes
MOST = 1000  #: a side longer than this is pooled


@dataclass(frozen=True)
class Labels:
    """What stands beside the rows and below the columns of a matrix."""

    rows: Sequence[str] = ()  #: one per row, "" for none; spread out with leaders where cells are smaller than text
    columns: Sequence[str] = ()  #: one per column
    marked: tuple[Sequence[int], Sequence[int]] = ((), ())  #: rows and columns in bold, which are never left out
    leader: float = LEADER  #: length of the lines between cells and labels, in points


@dataclass(frozen=True)
class Blocks:
    """A matrix in blocks, whose masses are printed beside it."""

    dividers: tuple[Sequence[int], Sequence[int]]  #: first rows and columns of each further block: ((36,), (36,))
    names: tuple[Sequence[str], Sequence[str]]  #: of the row blocks and of the column blocks


NO_LABELS = Labels()


def matrix_panel(
    axes: Axes,
    weights: ArrayLike,
    scale: Scale,
    *,
    labels: Labels = NO_LABELS,
    blocks: Blocks | None = None,
    numbers: bool = False,
    size: float = 5.5,
) -> None:
    """A matrix as cells with sharp edges; rows are queries, columns keys.

    Args:
        axes: The cells fill it; labels stand left of it and below, block masses to its right.
        weights: (rows, columns), NaN for no value. Sides over ``MOST`` are pooled to the value of greatest magnitude.
        scale: Colours and limits.
        labels: Of rows and columns.
        blocks: Where the matrix is divided, and what the parts are called.
        numbers: Print the value in each cell.
        size: Of the text, in points.
    """
    width, height = in_points(axes)
    weights = np.asarray(weights, np.float64)
    cells, _, _ = pooled(weights, MOST)
    colours = scale.lut()[scale.quantise(cells)][..., :3]
    colours[np.isnan(cells)] = 255  # no value: white, as paper
    axes.imshow(colours, extent=(0, width, height, 0), interpolation="nearest", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor="black", linewidth=THIN, clip_on=False))
    unit = height / weights.shape[0], width / weights.shape[1]
    if blocks is not None:
        rows, columns = blocks.dividers
        for row in rows:
            _divide(axes, [0, width], [row * unit[0]] * 2)
        for column in columns:
            _divide(axes, [column * unit[1]] * 2, [0, height])
    if labels.rows:
        _row_labels(axes, labels, unit[0], height, size)
    if labels.columns:
        _column_labels(axes, labels, unit[1], (width, height), size)
    if blocks is not None:
        _masses(axes, masses(weights, blocks.dividers), blocks.names, [row * unit[0] for row in rows], size)
    if numbers:
        _numbers(axes, weights, colours, unit, size)


def label_room(labels: Sequence[str], size: float, leader: float = LEADER) -> float:
    """Points that labels need beside or below a matrix."""
    return leader + 2 + max((width_of(_cut(label, size), size, "bold") for label in labels), default=0.0)


def block_room(names: tuple[Sequence[str], Sequence[str]], size: float) -> float:
    """Points that the masses of blocks need right of a matrix."""
    lines = [*(f"from {row}" for row in names[0]), *(f"0.000 to {column}" for column in names[1])]
    return 4 + max(width_of(line, size) for line in lines)


def _cut(label: str, size: float) -> str:
    return fit(label, size, LONGEST * size)


def _divide(axes: Axes, x: Sequence[float], y: Sequence[float]) -> None:
    """A dark line on a light one."""
    axes.plot(x, y, color="white", linewidth=1.3, solid_capstyle="butt")
    axes.plot(x, y, color="black", linewidth=THIN, solid_capstyle="butt")


def _chosen(labels: Sequence[str], extent: float, kept: set[int], size: float) -> list[int]:
    """The labels that are printed: all, or as many as fit, evenly taken, the kept ones always among them."""
    named = [i for i, label in enumerate(labels) if label or i in kept]
    room = max(1, int((extent - 0.8 * size) // (LABEL_LINE * size)) + 1)
    if len(named) <= room:
        return named
    others = [i for i in named if i not in kept]
    picks = np.unique(np.linspace(0, len(others) - 1, max(room - len(kept), 0)).round().astype(int))
    return sorted({*(others[p] for p in picks), *(i for i in named if i in kept)})


def _places(cells: Sequence[float], extent: float, size: float) -> NDArray[np.float64]:
    """Where the labels of cells stand along their side, all in points."""
    return spread(cells, LABEL_LINE * size, 0.4 * size, extent - 0.4 * size)


def _row_labels(axes: Axes, labels: Labels, unit: float, extent: float, size: float) -> None:
    """Labels left of the cells, never closer than a line of text."""
    kept, leader = set(labels.marked[0]), labels.leader
    chosen = _chosen(labels.rows, extent, kept, size)
    cells = [(i + 0.5) * unit for i in chosen]
    for index, cell, y in zip(chosen, cells, _places(cells, extent, size), strict=True):
        weight = "bold" if index in kept else "normal"
        axes.plot([0, -1, -leader], [cell, cell, y], color="black", linewidth=FINE, clip_on=False)
        write(axes, -leader - 1, y + 0.36 * size, _cut(labels.rows[index], size), size=size, ha="right", weight=weight)


def _column_labels(axes: Axes, labels: Labels, unit: float, sides: tuple[float, float], size: float) -> None:
    """Labels below the cells, read from bottom to top where they are wider than a cell."""
    (extent, foot), kept, leader = sides, set(labels.marked[1]), labels.leader
    chosen = _chosen(labels.columns, extent, kept, size)
    cells = [(i + 0.5) * unit for i in chosen]
    upright = len(chosen) == len(labels.columns) and all(width_of(label, size) < unit - 1 for label in labels.columns)
    for index, cell, x in zip(chosen, cells, _places(cells, extent, size), strict=True):
        weight = "bold" if index in kept else "normal"
        line = [foot, foot + 1, foot + leader]
        axes.plot([cell, cell, x], line, color="black", linewidth=FINE, clip_on=False)
        looks = {"rotation": 0 if upright else 90, "ha": "center", "va": "top", "weight": weight}
        write(axes, x, foot + leader + 1, _cut(labels.columns[index], size), size=size, **looks)


def _masses(
    axes: Axes, shares: NDArray, names: tuple[Sequence[str], Sequence[str]], cuts: Sequence[float], size: float
) -> None:
    """Right of each row block, how much its mean row gives to each column block."""
    width, height = in_points(axes)
    if shares.shape != (len(names[0]), len(names[1])):
        raise ValueError(f"names: {shares.shape} expected, one per block; {tuple(map(len, names))} came")
    middles = [(a + b) / 2 for a, b in pairwise([0.0, *cuts, height])]
    tall = (1 + shares.shape[1]) * 1.3 * size
    tops = spread([m - tall / 2 for m in middles], tall + 0.6 * size, 0.0, height - tall)
    for top, name, row in zip(tops, names[0], shares, strict=True):
        lines = [f"from {name}", *(f"{share:.2f} to {to}" for share, to in zip(row, names[1], strict=True))]
        for step, line in enumerate(lines):
            write(axes, width + 4, top + (step + 0.85) * 1.3 * size, line, size=size)


def _numbers(axes: Axes, weights: NDArray, colours: NDArray, unit: tuple[float, float], size: float) -> None:
    """The value of each cell in its middle."""
    for row, column in np.ndindex(weights.shape):
        x, y = (column + 0.5) * unit[1], (row + 0.5) * unit[0] + 0.36 * size
        ink = contrasting(colours[row, column])
        text = "–" if np.isnan(weights[row, column]) else number(weights[row, column])
        write(axes, x, y, text, size=size, ha="center", color=ink)
