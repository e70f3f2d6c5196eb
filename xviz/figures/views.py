"""``views_figure``: what several explanations say about the views of one sound or picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.draw.scale import Scale, number, order
from xviz.figures.caption import caption, letters
from xviz.figures.caption import measured as told_of
from xviz.figures.figure import Figure
from xviz.figures.lettering import fit, write
from xviz.figures.look import look
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, bar, bar_height, scale_for
from xviz.figures.panel import Marks, bar_width, colour_bar, picture_panel
from xviz.figures.scales import diverging, sequential
from xviz.figures.style import MM, PRESETS, Preset, drawing
from xviz.figures.ticks import FOOT, Tick, below_ticks, beside_ticks, beside_width

LEAST, NARROW = 8.0, 20.0  #: mm, the least height of a panel and the least width beside others
ENOUGH = 60.0  #: mm, the width of a panel that leaves nothing to be wished
NAME = 1.5  #: height of a view's name, in text sizes
END = 3.0  #: mm for half the last tick on the right


@dataclass(frozen=True, eq=False)
class Background:
    """A spectrogram or a picture, and what all panels have."""

    pixels: NDArray[np.uint8]  #: (height, width, 3), a row or column of it one or more pixels
    spaces: Mapping[str, Cells]  #: the cells of every scored space
    ticks: tuple[Sequence[Tick], Sequence[Tick]] = ((), ())  #: of the horizontal and of the vertical axis
    names: tuple[str, str] = ("", "")  #: of the axes, with units
    focus: tuple[Cells, int] | None = None  #: a cell to mark in its view, the one that attention comes from
    known: ArrayLike | None = None  #: (m, 4) line segments in pixels around the place that is known to be meant
    upright: bool = False  #: whether the sides measure the same, so that the shape is kept, as a picture's is


def views_figure(
    background: Background,
    explanations: Sequence[Explanation],
    *,
    titles: Sequence[str],
    limit: float | None = None,
    notes: Sequence[str] = (),
    credit: str = "",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """One row for each explanation, in it one panel for each view; cells stand where they are on the background.

    Args:
        background: What all panels have.
        explanations: Each scores cells; the class token's score is not drawn.
        titles: One for each explanation.
        limit: Of the colours of all rows, whose scores must then measure the same; None gives each row its own.
        notes: Sentences for the caption.
        credit: Origin and licence of the sample.
        preset: The venue's sizes.

    Raises:
        ModelError: no explanation, or titles that do not fit.
    """
    if not explanations or len(titles) != len(explanations):
        raise ModelError(f"{len(explanations)} explanations need as many titles, and one at least; got {len(titles)}.")
    with drawing():
        page = Page(preset)
        rows = []
        for explanation, title in zip(explanations, titles, strict=True):
            scored = {name: values for name, values in explanation.scores.items() if name in background.spaces}
            same = f"the same in all {'views' if limit is None else 'panels'}"
            rows.append(_Row(title, scored, _scale(explanation, scored, limit), same, explanation.facts.ranked))
        height, sentences = (_beside if background.upright and len(rows) > 1 else _below)(page, rows, background)
        figure = page.finish(height)
    provenance = explanations[0].provenance.but(
        figure="views", preset=preset.key, method=", ".join(explanation.method for explanation in explanations)
    )
    notes = [*notes, *(["Dashed: the patch that attention comes from."] if background.focus is not None else [])]
    notes += ["Dotted: where it is known to be."] if background.known is not None else []
    text = caption(preset, sentences, provenance, credit=credit, notes=notes, about=explanations)
    subject = f"{len(explanations)} explanations" if len(explanations) > 1 else "An explanation"
    alt = f"{subject} of “{explanations[0].target}” over the views of one input. {' '.join(sentences)}"
    return Figure(figure, text, provenance, alt)


@dataclass(frozen=True)
class _Shape:
    """Millimetres of one panel."""

    side: float  #: of the ticks left of the first panel of a line
    wide: float  #: of the plane
    tall: float
    across: int  #: panels in a line


@dataclass(frozen=True, eq=False)
class _Row:
    """One explanation."""

    title: str
    scored: Mapping[str, NDArray[np.float64]]
    scale: Scale
    same: str  #: where its limits hold, in words
    ranked: bool  #: whether the strongest are marked

    def values(self) -> NDArray[np.float64]:
        """All scores."""
        return np.concatenate(list(self.scored.values()))


def _below(page: Page, rows: Sequence[_Row], background: Background) -> tuple[float, list[str]]:
    """Explanations below each other, their views side by side, axes named once; height in mm, a sentence for each."""
    shape, y, sentences = _shape(page, rows, background), 0.0, []
    names, size = iter(letters()), page.preset.small_pt
    shared = len(rows) > 1 and _one_scale(rows)
    lines = -(-max(len(row.scored) for row in rows) // shape.across)
    first = (look().panels or "a")[0]
    for index, row in enumerate(rows):
        letter = next(names)
        y += _head(page, row, letter, y, own=not shared)
        views = list(row.scored)
        for start in range(0, len(views), shape.across):
            named = lines > 1 or letter == first
            y += NAME * size / MM * named
            last = index == len(rows) - 1 and start + shape.across >= len(views)
            if background.ticks[1]:
                beside_ticks(page, y, (shape.side, shape.tall), background.ticks[1], background.names[1])
            for column, name in enumerate(views[start : start + shape.across]):
                left = shape.side + column * (shape.wide + SPACE)
                if named:
                    head = page.axes(left, y - NAME * size / MM, shape.wide, NAME * size / MM)
                    text = fit(_view(background, name).capitalize(), size, shape.wide * MM)
                    write(head, 0, 1.05 * size, text, size=size)
                _panel(page, row, name, (left, y), shape, background)
            y += shape.tall + 1.0
        if last and background.ticks[0]:
            page.shared()
            for column in range(min(shape.across, len(views))):
                left = shape.side + column * (shape.wide + SPACE)
                below_ticks(page, (left, y - 1.0), shape.wide, background.ticks[0], background.names[0])
        y += (FOOT - 1.0) * last * bool(background.ticks[0])
        sentences.append(_told(row, background))
    return y + (_bars(page, rows, y + 1.0) + 1.0 if shared else 0.0), sentences


def _head(page: Page, row: _Row, letter: str, y: float, own: bool) -> float:
    """The title of a row, with its colour bar at the right where it has limits of its own; the height in mm."""
    inner, need = page.inner, bar_width(row.scale, row.values(), page.preset.small_pt) / MM + 5
    high = page.title_height(letter, row.title, inner - need)
    if not own or high <= page.title_height(letter, row.title, inner):
        high = page.title(letter, row.title, 0, y, inner - need * own)
        if own:
            line = bar_height(page) - 1.0
            axes = page.axes(inner - need, y + 0.3, need, line)
            colour_bar(axes, row.scale, row.values(), size=page.preset.small_pt)
        return high
    high = page.title(letter, row.title, 0, y, inner)
    return high + bar(page, row.scale, row.values(), 0, y + high - 1.0, inner) - 0.5


def _beside(page: Page, rows: Sequence[_Row], background: Background) -> tuple[float, list[str]]:
    """Explanations side by side, their views below each other; for planes that keep their shape."""
    across = min(len(rows), max(2, int((page.inner + SPACE) // (NARROW + SPACE))))
    width = (page.inner - SPACE * (across - 1)) / across
    tall = width * background.pixels.shape[0] / background.pixels.shape[1]
    lines = -(-len(rows) // across) * max(len(row.scored) for row in rows)
    if (limit := page.preset.max_height_mm) is not None:
        tall = min(tall, max(LEAST, limit / lines - _around(page, 0.0)))
    shape = _Shape(0.0, tall * background.pixels.shape[1] / background.pixels.shape[0], tall, 1)
    y, sentences, names, size = 0.0, [], iter(letters()), page.preset.small_pt
    shared = len(rows) > 2 and _one_scale(rows)
    for start in range(0, len(rows), across):
        ends, some = [], rows[start : start + across]
        first = max(page.title_height("m", row.title, width) for row in some)
        for column, row in enumerate(some):
            left, bottom, letter = column * (width + SPACE), y, next(names)
            for index, name in enumerate(row.scored):
                if not index:
                    page.title(letter, row.title, left, bottom, width)
                    bottom += first
                if len(row.scored) > 1:
                    head = page.axes(left, bottom, width, NAME * size / MM)
                    write(head, 0, 1.05 * size, _view(background, name).capitalize(), size=size)
                    bottom += NAME * size / MM
                _panel(page, row, name, (left, bottom), shape, background)
                bottom += tall + 1.0
            sentences.append(_told(row, background))
            ends.append(bottom if shared else bottom + bar(page, row.scale, row.values(), left, bottom - 1.0, width))
        y = max(ends) + (0.0 if shared else SPACE)
    return y + (_bars(page, rows, y) if shared else 0.0), sentences


def _one_scale(rows: Sequence[_Row]) -> bool:
    """Whether all one-sided rows have one scale and all signed ones another, so that a bar for each says it all."""
    kinds = {(row.scale.low, row.scale.high, row.scale.label) for row in rows}
    signed = {row.scale.diverging for row in rows}
    return len(kinds) == len(signed) < len(rows)


def _bars(page: Page, rows: Sequence[_Row], y: float) -> float:
    """One colour bar for each scale that rows share, side by side; returns the height in mm."""
    kinds = {row.scale.diverging: row.scale for row in rows}
    width = page.inner / len(kinds)
    page.shared()
    for column, scale in enumerate(kinds.values()):
        values = np.concatenate([row.values() for row in rows if row.scale.diverging == scale.diverging])
        height = bar(page, scale, values, column * width, y - 1.0, width)
    return height


def _view(background: Background, name: str) -> str:
    return background.spaces[name].base().name.replace("view", "view ")


def _around(page: Page, foot: float) -> float:
    """Millimetres of a row that are not its panels: title, ticks, colour bar and space."""
    return 2.9 * max(page.preset.text_pt, page.preset.letter_pt) / MM + foot + bar_height(page) + SPACE


def _shape(page: Page, rows: Sequence[_Row], background: Background) -> _Shape:
    """The panels' size, so that all rows fit on the venue's page where it has a greatest height."""
    views, size = max(len(row.scored) for row in rows), page.preset.small_pt
    side, end = beside_width(page, background.ticks[1]), (END if background.ticks[0] else 0.0)
    limit = (page.preset.max_height_mm or 240.0) - 2 * page.margin
    heads = sum(page.title_height("m", row.title, page.inner) + bar_height(page) for row in rows)
    shapes = []
    for across in range(1, views + 1):
        wide = (page.inner - side - end - SPACE * (across - 1)) / across
        if across > 1 and wide < NARROW:
            break
        lines = -(-views // across)
        named = NAME * size / MM * (lines * len(rows) if lines > 1 else 1)
        room = (limit - heads - named - FOOT) / (lines * len(rows)) - 1.0
        full = wide * (background.pixels.shape[0] / background.pixels.shape[1] if background.upright else 0.45)
        tall = min(full, max(room, LEAST))
        drawn = wide * min(1.0, tall / full) if background.upright else wide
        shapes.append((drawn * tall * (room >= LEAST), -lines, _Shape(side, drawn, tall, across)))
    wide = [
        option for option in shapes if option[0] and option[2].wide >= ENOUGH and option[2].tall >= 0.2 * option[2].wide
    ]  # as few lines as can be read
    return (
        max(wide, key=lambda option: (option[1], option[0]))[2]
        if wide
        else max(shapes, key=lambda option: option[:2])[2]
    )


def _scale(explanation: Explanation, scored: Mapping[str, NDArray[np.float64]], limit: float | None) -> Scale:
    """The scale of a row: its own, or out to a limit that it shares with the others."""
    values = np.concatenate(list(scored.values()))
    if limit is None:
        return scale_for(explanation, values)
    if explanation.signed:
        return diverging(values, limit=limit, label=explanation.unit)
    return sequential(values, limits=(0.0, limit), label=explanation.unit)


def _panel(
    page: Page, row: _Row, name: str, corner: tuple[float, float], shape: _Shape, background: Background
) -> None:
    """One view."""
    size, pixels, cells = page.preset.small_pt, background.pixels, background.spaces[name]
    zoom = np.tile([pixels.shape[1] / cells.size[1], pixels.shape[0] / cells.size[0]], 2)
    focus = None
    if background.focus is not None and background.focus[0].base().name == cells.base().name:
        focus = background.focus[0].boxes[background.focus[1]] * zoom
    marks = Marks(focus=focus, known=background.known, top=TOP if row.ranked else 0, scores=False)
    axes = page.axes(*corner, shape.wide, shape.tall)
    picture_panel(axes, pixels, cells.boxes * zoom, row.scored[name], row.scale, marks=marks, size=size)


def _told(row: _Row, background: Background) -> str:
    """A row in a sentence: what its colours measure, and the strongest cells of each view."""
    views = []
    for name, values in row.scored.items():
        cells = background.spaces[name]
        best = [f"{rank}: {cells.label(int(i))} ({number(values[i])})" for rank, i in enumerate(order(values)[:TOP], 1)]
        ranked = f"strongest: {', '.join(best)}" if row.ranked else "not ranked"
        views.append(f"{_view(background, name)}, {ranked}")
    measured = f"{told_of(row.scale, row.values())}, {row.same}"
    return f"{row.title} ({measured}): {'; '.join(views)}."
