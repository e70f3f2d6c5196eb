"""Panels of a page that were chosen, in their order, with the gaps closed that others leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes

from xviz.figures.look import Look

GAP = 2.5  #: mm between panels


@dataclass(frozen=True, eq=False)
class Panel:
    """A part of a panel at its place, all in mm from the top left of the page."""

    letter: str  #: of the panel that it belongs to; "" where several share it
    axes: Axes
    left: float
    top: float
    width: float
    height: float


def arranged(placed: Sequence[Panel], chosen: Look, inner: float, margin: float) -> tuple[list[Panel], float]:
    """The parts that are shown, at their new places, and the height in mm without margins.

    Axes of panels that are not shown are taken off the page. Panels stay as large as they are: they fill rows from left
    to right, or stand one below the other.

    Args:
        placed: All parts in the order in which they were drawn.
        chosen: Which panels, in which order and layout.
        inner: Width between the margins in mm.
        margin: Of the page in mm.
    """
    letters = list(dict.fromkeys(one.letter for one in placed if one.letter))
    shown = [letters[index] for index in chosen.order(len(letters))] if letters else []
    for one in placed:
        if one.letter and one.letter not in shown:
            one.axes.remove()
    kept: list[Panel] = []
    x = y = row = 0.0
    for letter in shown:
        parts = [one for one in placed if one.letter == letter]
        wide, high = _size(parts)
        if x and (chosen.layout == "column" or x + wide > inner + 0.1):
            x, y, row = 0.0, y + row + GAP, 0.0
        kept += _moved(parts, x + margin, y + margin)
        x, row = x + wide + GAP, max(row, high)
    y += row
    if common := [one for one in placed if not one.letter]:
        kept += _moved(common, min(one.left for one in common), y + 1.0 + margin)
        y += 1.0 + _size(common)[1]
    return kept, y


def _size(parts: Sequence[Panel]) -> tuple[float, float]:
    """Width and height of some parts together."""
    wide = max(one.left + one.width for one in parts) - min(one.left for one in parts)
    return wide, max(one.top + one.height for one in parts) - min(one.top for one in parts)


def _moved(parts: Sequence[Panel], left: float, top: float) -> list[Panel]:
    """Parts shifted together, so that their corner lies at a place."""
    right, down = left - min(one.left for one in parts), top - min(one.top for one in parts)
    return [replace(one, left=one.left + right, top=one.top + down) for one in parts]
