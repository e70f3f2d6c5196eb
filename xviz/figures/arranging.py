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
    letters = list(dict.fromkeys(panel.letter for panel in placed if panel.letter))
    chosen_letters = [letters[index] for index in chosen.order(len(letters))] if letters else []
    for panel in placed:
        if panel.letter and panel.letter not in chosen_letters:
            panel.axes.remove()
    moved: list[Panel] = []
    x = y = row = 0.0
    for letter in chosen_letters:
        parts = [panel for panel in placed if panel.letter == letter]
        wide, high = _size(parts)
        if x and (chosen.layout == "column" or x + wide > inner + 0.1):
            x, y, row = 0.0, y + row + GAP, 0.0
        moved += _moved(parts, x + margin, y + margin)
        x, row = x + wide + GAP, max(row, high)
    y += row
    if common := [panel for panel in placed if not panel.letter]:
        moved += _moved(common, min(panel.left for panel in common), y + 1.0 + margin)
        y += 1.0 + _size(common)[1]
    return moved, y


def _size(parts: Sequence[Panel]) -> tuple[float, float]:
    """Width and height of some parts together."""
    wide = max(panel.left + panel.width for panel in parts) - min(panel.left for panel in parts)
    return wide, max(panel.top + panel.height for panel in parts) - min(panel.top for panel in parts)


def _moved(parts: Sequence[Panel], left: float, top: float) -> list[Panel]:
    """Parts shifted together, so that their corner lies at a place."""
    right, down = left - min(panel.left for panel in parts), top - min(panel.top for panel in parts)
    return [replace(panel, left=panel.left + right, top=panel.top + down) for panel in parts]
