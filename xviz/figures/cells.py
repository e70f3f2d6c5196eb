"""Coloured cells as vectors, so that PDF and SVG keep them sharp at any size; many cells as one picture."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from numpy.typing import NDArray

VECTORS = 128 * 128  #: cells that are drawn one by one; more become a picture without interpolation
LAP = 0.4  #: points by which a cell reaches below the next, so that no seam shows between both


def paint(axes: Axes, colours: NDArray[np.uint8], xs: NDArray[np.floating], ys: NDArray[np.floating]) -> None:
    """Cells between the edges of columns and of rows; limits of the axes stay as they are.

    Args:
        axes: In points.
        colours: (rows, columns, 3), 0–255.
        xs: (columns + 1,) edges of the columns, rising.
        ys: (rows + 1,) edges of the rows, rising.
    """
    rows, columns = colours.shape[:2]
    if rows * columns > VECTORS:
        limits = axes.get_xlim(), axes.get_ylim()
        axes.imshow(colours, extent=(xs[0], xs[-1], ys[-1], ys[0]), interpolation="nearest", aspect="auto")
        axes.set(xlim=limits[0], ylim=limits[1])
        return
    cells = PolyCollection(_quads(colours, xs, ys), linewidths=0, antialiaseds=False, closed=True, zorder=0.5)
    cells.set_facecolor(_runs(colours)[2] / 255)
    axes.add_collection(cells, autolim=False)


def _runs(colours: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Neighbours of one colour in a row as one: rows, first and last columns (n, 2), colours (n, 3)."""
    rows, columns = colours.shape[:2]
    first = np.ones((rows, columns), bool)
    first[:, 1:] = (colours[:, 1:] != colours[:, :-1]).any(-1)
    row, start = np.nonzero(first)
    end = np.where(np.r_[row[1:] == row[:-1], False], np.r_[start[1:], 0], columns)
    return row, np.column_stack([start, end]), colours[row, start]


def _quads(colours: NDArray[np.uint8], xs: NDArray[np.floating], ys: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, 4, 2) corners; each but those at the far sides laps under what is painted after it."""
    row, span, _ = _runs(colours)
    left, right = xs[span[:, 0]], np.minimum(xs[span[:, 1]] + LAP, xs[-1])
    top, bottom = ys[row], np.minimum(ys[row + 1] + LAP, ys[-1])
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return np.stack([np.column_stack(corner) for corner in corners], 1)
