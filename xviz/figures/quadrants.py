"""Limits of a matrix: one scale, or one for each block where a single one would leave some dark; their colour bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xviz.draw.blocks import APART, apart, cut, masses
from xviz.draw.scale import Scale, number
from xviz.figures.grid import Scales
from xviz.figures.lettering import write
from xviz.figures.look import look
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, bar, bar_height, bar_tall
from xviz.figures.panel import bar_width
from xviz.figures.scales import sequential
from xviz.figures.sides import Side
from xviz.figures.style import MM

LABEL = "attention weight"


def limits(weights: NDArray[np.float64], sides: tuple[Side, Side], own: bool | None = None) -> Scales:
    """A scale for all cells, or one for each block.

    Args:
        weights: (queries, keys).
        sides: Of rows and of columns.
        own: Whether each block has limits of its own; where None, as the look has it, or where one scale would
            leave one dark.
    """
    own = look().blocks if own is None else own
    dividers = rows_and_columns(sides)
    blocks = cut(weights, dividers)
    count = sum(map(len, blocks))
    if count == 1 or count > APART or not (apart(weights, dividers) if own is None else own):
        return sequential(weights, label=LABEL)
    scales = [[sequential(block, label=LABEL) for block in row] for row in blocks]
    different = {(scale.low, scale.high) for row in scales for scale in row}  # a look may have one pair for all
    return scales if len(different) > 1 else scales[0][0]


def rows_and_columns(sides: tuple[Side, Side]) -> tuple[list[int], list[int]]:
    """The first rows and the first columns of each further block."""
    return sides[0].cuts, sides[1].cuts


def _names(sides: tuple[Side, Side]) -> list[list[str]]:
    """What each block is: regions to words."""
    return [[f"{row.noun} to {column.noun}" for column in sides[1].groups] for row in sides[0].groups]


def bars(
    page: Page, scales: Scales, weights: NDArray[np.float64], sides: tuple[Side, Side], left: float, y: float,
    width: float,
) -> float:  # fmt: skip
    """The colour bar below a matrix, or one for each block with its share of a mean row; the height in mm."""
    if isinstance(scales, Scale):
        return bar(page, scales, weights, left, y, width)
    size, line = page.preset.small_pt, bar_height(page) - 0.4
    write(page.axes(left, y + 1.0, width, line), 0, 1.1 * size, _head(scales), size=size)
    start, y = y, y + line + 0.6
    labelled = _labelled(scales, weights, sides)
    for row, each in _rows(labelled, width, size):
        tall = [bar(page, *block, left + i * (each + SPACE), y - 1.0, each) for i, block in enumerate(row)]
        y += max(tall) - 0.4
    return y - start


def bars_height(
    page: Page, scales: Scales, weights: NDArray[np.float64], sides: tuple[Side, Side], width: float
) -> float:
    """The height in mm that ``bars`` takes."""
    if isinstance(scales, Scale):
        return bar_tall(page, scales, weights, width)
    rows = _rows(_labelled(scales, weights, sides), width, page.preset.small_pt)
    tall = [max(bar_tall(page, *block, each) for block in row) - 0.4 for row, each in rows]
    return 0.6 + bar_height(page) - 0.4 + sum(tall)


def _head(scales: Sequence[Sequence[Scale]]) -> str:
    return f"{scales[0][0].name().capitalize()}, each block on its own limits:"


def _labelled(
    scales: Sequence[Sequence[Scale]], weights: NDArray, sides: tuple[Side, Side]
) -> list[tuple[Scale, NDArray]]:
    """The scale of each block that is not empty, under its name with its share of a mean row, and the block."""
    shares, names, blocks = (
        masses(weights, rows_and_columns(sides)),
        _names(sides),
        cut(weights, rows_and_columns(sides)),
    )
    return [
        (replace(scale, label=f"{names[i][j]} ({shares[i, j]:.2f})", unit=""), blocks[i][j])
        for i, row in enumerate(scales)
        for j, scale in enumerate(row)
        if np.nanmax(blocks[i][j], initial=0.0) > 0
    ]


def _rows(
    labelled: Sequence[tuple[Scale, NDArray]], width: float, size: float
) -> list[tuple[Sequence[tuple[Scale, NDArray]], float]]:
    """Bars that stand beside each other so that nothing beside them is cut, and the width in mm of each."""
    needed = max(bar_width(scale, block, size) for scale, block in labelled) / MM
    across = max(1, min(2 if len(labelled) % 2 == 0 else 3, int((width + SPACE) // (needed + SPACE))))
    each = (width - SPACE * (across - 1)) / across
    return [(labelled[start : start + across], each) for start in range(0, len(labelled), across)]


def told(scales: Scales, weights: NDArray[np.float64], sides: tuple[Side, Side], measured: str) -> str:
    """The limits for the caption.

    Args:
        scales: From ``limits``.
        weights: What is drawn.
        sides: Of rows and of columns.
        measured: The limits of a single scale in words.
    """
    if isinstance(scales, Scale):
        return measured
    blocks, names = cut(weights, rows_and_columns(sides)), _names(sides)
    each = []
    for row, blocks_row, names_row in zip(scales, blocks, names, strict=True):
        for scale, block, name in zip(row, blocks_row, names_row, strict=True):
            reach = f"{number(scale.low)} … {number(scale.high)}{scale.remarks(block)}"
            empty = np.nanmax(block, initial=0.0) <= 0
            each.append(f"{name} {'all 0' if empty else reach}")
    return (
        f"colour: {scales[0][0].name()}, each block on its own limits: {'; '.join(each)}; in brackets: the share of a "
        f"block in a mean row"
    )
