"""``views_figure``: what several explanations say about the views of one sound or picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.figures.caption import caption, letters, limits
from xviz.figures.figure import Figure
from xviz.figures.lettering import write
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar
from xviz.figures.panel import THIN, picture_panel
from xviz.figures.style import MM, PRESETS, Preset, drawing
from xviz.scale import Scale, diverging, number, order, sequential

Tick = tuple[float, str]  #: share of the side, from left or top, and text
FOOT, SIDE, END = 6.0, 11.0, 3.0  #: mm for the ticks below and on the left, and for half the last one on the right


def views_figure(
    pixels: NDArray[np.uint8],
    explanations: Sequence[Explanation],
    spaces: Mapping[str, Cells],
    *,
    titles: Sequence[str],
    ticks: tuple[Sequence[Tick], Sequence[Tick]] = ((), ()),
    axes: tuple[str, str] = ("", ""),
    asking: tuple[Cells, int] | None = None,
    notes: Sequence[str] = (),
    credit: str = "",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """One row for each explanation, in it one panel for each view; cells stand where they are on the plane.

    Args:
        pixels: (height, width, 3) the plane, a row or column of it one or more pixels.
        explanations: Each scores cells; the class token's score is not drawn.
        spaces: The cells of every scored space.
        titles: One for each explanation.
        ticks: Of the horizontal and of the vertical axis.
        axes: Their names with units.
        asking: A cell to mark in its view, the one that asks.
        notes: Sentences for the caption.
        credit: Origin and licence of the sample.
        preset: The venue's sizes.

    Raises:
        ModelError: no explanation, or titles that do not fit.
    """
    if not explanations or len(titles) != len(explanations):
        raise ModelError(f"{len(explanations)} explanations need as many titles, and one at least; got {len(titles)}.")
    with drawing():
        page, y, told = Page(preset), 0.0, []
        names = iter(letters())
        for one, title in zip(explanations, titles, strict=True):
            scored = {name: values for name, values in one.scores.items() if name in spaces}
            make = diverging if one.signed else sequential
            scale = make(np.concatenate(list(scored.values())), label=one.unit)
            width = (page.inner - SPACE * (len(scored) - 1)) / len(scored)
            heights = []
            drawn = np.concatenate(list(scored.values()))
            for column, (name, values) in enumerate(scored.items()):
                letter, left = next(names), column * (width + SPACE)
                base = spaces[name].base().name
                view = base.replace("view", "view ")
                shown, marked = f"{title}, {view}", None
                if asking is not None and asking[0].base().name == base:
                    marked = asking[0].boxes[asking[1]]
                top = y + page.title(letter, f"{view.capitalize()}: {title}", left, y, width)
                panel = _panel(page, pixels, spaces[name], values, scale, (left, top, width), ticks, axes, marked)
                heights.append(top + panel)
                best = [f"{spaces[name].label(int(i))} ({number(values[i])})" for i in order(values)[:TOP]]
                same = f"{limits(scale, scale.clipped(drawn))}, the same in all views"
                told.append(f"{shown} ({same}); strongest: {'; '.join(best)}.")
            y = max(heights)
            y += bar(page, scale, drawn, 0, y, page.inner) + SPACE
        figure = page.finish(y)
    provenance = explanations[0].provenance.but(
        figure="views", preset=preset.key, method=", ".join(one.method for one in explanations)
    )
    notes = [*notes, *(["The dashed cell asks."] if asking is not None else [])]
    text = caption(preset, told, provenance, credit=credit, notes=notes)
    alt = (
        f"{len(explanations)} explanations of “{explanations[0].target}” over the views of one input. {' '.join(told)}"
    )
    return Figure(figure, text, provenance, alt)


def _panel(
    page: Page,
    pixels: NDArray[np.uint8],
    cells: Cells,
    values: NDArray[np.float64],
    scale: Scale,
    place: tuple[float, float, float],
    ticks: tuple[Sequence[Tick], Sequence[Tick]],
    names: tuple[str, str],
    asking: NDArray[np.float32] | None,
) -> float:
    """One view with its axes; returns its height in mm."""
    left, top, width = place
    size = page.preset.small_pt
    wide = width - SIDE - END
    tall = 0.55 * wide
    zoom = np.tile([pixels.shape[1] / cells.size[1], pixels.shape[0] / cells.size[0]], 2)
    picture_panel(
        page.axes(left + SIDE, top, wide, tall), pixels, cells.boxes * zoom, values, scale, top=TOP, size=size,
        asking=None if asking is None else asking * zoom,
    )  # fmt: skip
    below = page.axes(left + SIDE, top + tall, wide, FOOT)
    for share, text in ticks[0]:
        below.plot([share * wide * MM] * 2, [0, 2], color="black", linewidth=THIN)
        write(below, share * wide * MM, 2.5 + size, text, size=size, ha="center")
    write(below, wide * MM / 2, 2.5 + 2.2 * size, names[0], size=size, ha="center")
    beside = page.axes(left, top, SIDE, tall)
    for share, text in ticks[1]:
        beside.plot([SIDE * MM - 2, SIDE * MM], [share * tall * MM] * 2, color="black", linewidth=THIN)
        write(beside, SIDE * MM - 3, share * tall * MM + 0.36 * size, text, size=size, ha="right")
    write(beside, 1.0 * size, tall * MM / 2, names[1], size=size, ha="center", va="center", rotation=90)
    return tall + FOOT
