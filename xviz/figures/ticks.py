"""Ticks and names of the axes that panels of a page share; what would touch what is there is left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xviz.figures.lettering import width_of, write
from xviz.figures.page import Page
from xviz.figures.panel import THIN
from xviz.figures.style import MM

Tick = tuple[float, str]  #: share of the side, from left or top, and text
FOOT, SIDE = 6.0, 11.0  #: mm for the ticks below, and the least for those on the left


def beside_width(page: Page, ticks: Sequence[Tick]) -> float:
    """The width in mm of ticks on the left with the name of their axis; 0 where there are none."""
    if not ticks:
        return 0.0
    size = page.preset.small_pt
    return max(SIDE, (1.7 * size + max(width_of(text, size) for _, text in ticks) + 4) / MM)


def below_ticks(page: Page, corner: tuple[float, float], width: float, ticks: Sequence[Tick], name: str) -> None:
    """Ticks and name of a horizontal axis.

    Args:
        page: To draw on.
        corner: Left and top in mm.
        width: Of the axis in mm.
        ticks: In rising order.
        name: Of the axis.
    """
    size, wide, end = page.preset.small_pt, width * MM, -np.inf
    axes = page.axes(*corner, width, FOOT)
    for share, text in ticks:
        x, half = share * wide, width_of(text, size) / 2
        axes.plot([x, x], [0, 2], color="black", linewidth=THIN)
        middle = float(np.clip(x, half, wide - half))
        if middle - half > end + 2:
            write(axes, middle, 2.5 + size, text, size=size, ha="center")
            end = middle + half
    write(axes, wide / 2, 2.5 + 2.2 * size, name, size=size, ha="center")


def beside_ticks(page: Page, top: float, extent: tuple[float, float], ticks: Sequence[Tick], name: str) -> None:
    """Ticks and name of a vertical axis at the left margin, from the bottom.

    Args:
        page: To draw on.
        top: In mm.
        extent: Width and height in mm.
        ticks: In any order.
        name: Of the axis; left out where it is longer than the axis.
    """
    size, edge, tall, last = page.preset.small_pt, extent[0] * MM, extent[1] * MM, np.inf
    axes = page.axes(0.0, top, *extent)
    for share, text in sorted(ticks, reverse=True):
        y = share * tall
        axes.plot([edge - 2, edge], [y, y], color="black", linewidth=THIN)
        if y < last - 1.15 * size:
            write(axes, edge - 3, y + 0.36 * size, text, size=size, ha="right")
            last = y
    if width_of(name, size) < tall:
        write(axes, size, tall / 2, name, size=size, ha="center", va="center", rotation=90)
