"""The matrix panel: blocks of cells, each on its own limits where it should be, labels at their cells, braces."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from xviz.draw.blocks import masses
from xviz.draw.pooling import stream
from xviz.draw.scale import Scale
from xviz.figures.cells import paint
from xviz.figures.lettering import contrasting, width_of, write
from xviz.figures.panel import FINE, THIN, in_points
from xviz.figures.sides import SECOND, TICK, Group, Side, beside, short

MOST = 1000  #: a side longer than this is pooled
Scales = Scale | Sequence[Sequence[Scale]]  #: of all cells, or of each block of rows and columns


def matrix_panel(
    axes: Axes,
    weights: ArrayLike,
    scales: Scales,
    *,
    rows: Side | None = None,
    columns: Side | None = None,
    shares: bool = False,
    numbers: bool = False,
    size: float = 5.5,
) -> None:
    """A matrix as cells with sharp edges; rows are queries, columns keys.

    Args:
        axes: The cells fill it; labels stand left of it and below, shares of blocks to its right.
        weights: (rows, columns), NaN for no value. Sides over ``MOST`` are pooled to the value of greatest magnitude.
        scales: Colours and limits.
        rows: Groups and labels; one group without labels where None.
        columns: The same of the columns.
        shares: Print what a mean row of each block of rows gives to each block of columns; see ``shares_room``.
        numbers: Print the value in each cell.
        size: Of the text, in points.
    """
    width, height = in_points(axes)
    weights = np.asarray(weights, np.float64)
    rows, columns = (side or plain(n) for side, n in zip((rows, columns), weights.shape, strict=True))
    ys, xs = rows.edges(height, size), columns.edges(width, size)
    for i, (top, y) in enumerate(zip([0, *rows.cuts], ys, strict=True)):
        for j, (left, x) in enumerate(zip([0, *columns.cuts], xs, strict=True)):
            block = weights[top : top + len(y) - 1, left : left + len(x) - 1]
            _block(axes, block, scales if isinstance(scales, Scale) else scales[i][j], x, y, size if numbers else 0.0)
    _row_labels(axes, rows, ys, size)
    _column_labels(axes, columns, xs, height, size)
    if shares:
        _shares(axes, masses(weights, (rows.cuts, columns.cuts)), (rows, columns), ys, size)


def plain(count: int) -> Side:
    """A side without labels."""
    return Side.of(Group([""] * count, all=False))


def below_room(side: Side, extent: float, size: float) -> float:
    """Points that labels and braces need below a matrix so wide."""
    edges = side.edges(extent, size)
    labels = side.shown(edges, size)
    if _lying(labels, size, extent) is None:
        return side.room(size, extent)
    return (TICK + 1 + 1.3 * size) * bool(labels) + side.brace(size, extent)


def shares_room(sides: tuple[Side, Side], size: float) -> float:
    """Points that the shares of blocks need right of a matrix."""
    return 4 + max(width_of(line, size) for lines in _lines(sides, np.zeros((99, 99))) for line in lines)


def shares_fit(sides: tuple[Side, Side], height: float, size: float) -> bool:
    """Whether the shares of blocks have room beside a matrix so high."""
    return len(sides[0].groups) * (1.6 + len(sides[1].groups)) * 1.3 * size <= height


def _block(
    axes: Axes, weights: NDArray, scale: Scale, xs: NDArray[np.float64], ys: NDArray[np.float64], size: float
) -> None:
    """The cells of a block in a frame; their values in them where the text has a size."""
    cells = stream([weights], weights.shape, MOST).weights
    colours = scale.lut()[scale.quantise(cells)][..., :3]
    colours[np.isnan(cells)] = 255  # no value: white, as paper
    if cells.shape != weights.shape:
        xs, ys = (np.linspace(edges[0], edges[-1], n + 1) for edges, n in zip((xs, ys), cells.shape[::-1], strict=True))
    paint(axes, colours, xs, ys)
    sides = xs[-1] - xs[0], ys[-1] - ys[0]
    axes.add_patch(Rectangle((xs[0], ys[0]), *sides, fill=False, edgecolor="black", linewidth=THIN, clip_on=False))
    texts = _digits(weights, float(xs[1] - xs[0]), float(ys[1] - ys[0]), size) if size else {}
    for (row, column), text in texts.items():
        x, y = (xs[column] + xs[column + 1]) / 2, (ys[row] + ys[row + 1]) / 2 + 0.36 * size
        write(axes, x, y, text, size=size, ha="center", color=contrasting(colours[row, column]))


def _digits(weights: NDArray, wide: float, tall: float, size: float) -> dict[tuple[int, int], str]:
    """The value of each cell with as many digits as there is room for; none where there is no room for one."""
    for digits in (3, 2, 1):
        texts = {
            cell: "–" if np.isnan(value) else f"{value:.{digits}g}".replace("-", "−")
            for cell, value in np.ndenumerate(weights)
        }
        if tall > 1.1 * size and max((width_of(text, size) for text in texts.values()), default=0.0) < wide - 1:
            return texts
    return {}


def _row_labels(axes: Axes, side: Side, edges: Sequence[NDArray], size: float) -> None:
    """Labels left of the cells, braces with their names left of these."""
    for text, y, bold in side.shown(edges, size):
        axes.plot([0, -TICK], [y, y], color="black", linewidth=FINE, clip_on=False)
        looks = {"ha": "right", "weight": "bold" if bold else "normal"}
        write(axes, -TICK - 1, y + 0.36 * size, short(text, size), size=size, **looks)
    x = -side.room(size) + side.brace(size) - 0.4 * size
    for lines, start, end, middle in side.braces(edges, size, side.lines(size)):
        axes.plot([x + 2, x, x, x + 2], [start, start, end, end], color="black", linewidth=THIN, clip_on=False)
        for number, line in enumerate(reversed(lines)):
            column = x - (0.5 + SECOND * number) * size
            write(axes, column, middle, line, size=size, ha="right", va="center", rotation=90)


def _lying(labels: Sequence[tuple[str, float, bool]], size: float, extent: float) -> list[float] | None:
    """Middles of labels below the cells that can be read without turning the head; None where they would meet."""
    half = [width_of(short(text, size), size, "bold") / 2 for text, *_ in labels]
    places = [float(np.clip(middle, h, max(h, extent - h))) for (_, middle, _), h in zip(labels, half, strict=True)]
    ends = [(middle - h, middle + h) for middle, h in zip(places, half, strict=True)]
    return places if all(after[0] - before[1] > 0.5 * size for before, after in pairwise(ends)) else None


def _column_labels(axes: Axes, side: Side, edges: Sequence[NDArray], foot: float, size: float) -> None:
    """Labels below the cells, read from bottom to top where they would meet; braces below these.

    Ticks stand at their cells; turned labels beside the last tick end with the cells, where the page may end.
    """
    labels, extent, line = side.shown(edges, size), float(edges[-1][-1]), side.line * size
    lying = _lying(labels, size, extent)
    turned = beside([x for _, x, _ in labels], [line] * len(labels), 0.0, -line, extent)
    for (text, x, bold), middle in zip(labels, turned if lying is None else lying, strict=True):
        axes.plot([x, x], [foot, foot + TICK], color="black", linewidth=FINE, clip_on=False)
        looks = {"rotation": 90 if lying is None else 0, "ha": "center", "weight": "bold" if bold else "normal"}
        y, va = (foot + TICK + 1, "top") if lying is None else (foot + TICK + 1 + 0.9 * size, "baseline")
        write(axes, middle, y, short(text, size), size=size, va=va, **looks)
    y = foot + below_room(side, extent, size) - side.brace(size, extent) + 0.4 * size
    for lines, start, end, centre in side.braces(edges, size, side.lines(size, extent)):
        axes.plot([start, start, end, end], [y - 2, y, y, y - 2], color="black", linewidth=THIN, clip_on=False)
        for number, line in enumerate(lines):
            write(axes, centre, y + (1.4 + SECOND * number) * size, line, size=size, ha="center")


def _lines(sides: tuple[Side, Side], table: NDArray[np.float64]) -> list[list[str]]:
    """Of each block of rows, what its mean row gives to each block of columns."""
    names = [[group.noun for group in side.groups] for side in sides]
    return [
        [f"from {name}", *(f"{table[i, j]:.2f} to {to}" for j, to in enumerate(names[1]))]
        for i, name in enumerate(names[0])
    ]


def _shares(
    axes: Axes, table: NDArray[np.float64], sides: tuple[Side, Side], ys: Sequence[NDArray], size: float
) -> None:
    """Right of each block of rows, how much its mean row gives to each block of columns."""
    width, height = in_points(axes)
    tall = (1 + len(sides[1].groups)) * 1.3 * size
    middles = [float(y[0] + y[-1]) / 2 for y in ys]
    places = beside(middles, [tall] * len(ys), 0.6 * size, 0.0, height)
    for middle, lines in zip(places, _lines(sides, table), strict=True):
        for step, line in enumerate(lines):
            write(axes, width + 4, middle - tall / 2 + (step + 0.85) * 1.3 * size, line, size=size)
