"""Figures for tokens of any kind: one attention matrix in blocks, and each explanation's strongest tokens as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.tokens import TokenSpace
from xviz.draw.scale import Scale, number, order
from xviz.figures.caption import caption, glyph_note, letters, measured
from xviz.figures.figure import Figure
from xviz.figures.grid import below_room, matrix_panel, shares_fit, shares_room
from xviz.figures.lettering import width_of, wrap, write
from xviz.figures.names import noun, token
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, bar, scale_for
from xviz.figures.quadrants import bars, bars_height, limits, told
from xviz.figures.sides import Side
from xviz.figures.style import MM, PRESETS, Preset, drawing

LEAST = 15.0  #: mm, the least side of a matrix of few rows or columns
MOST = 12  #: tokens of a space that stand as bars
LINE = 1.45  #: height of a bar, in text sizes


def matrix_figure(
    weights: ArrayLike,
    sides: tuple[Side, Side],
    provenance: Provenance,
    *,
    title: str,
    credit: str = "",
    quadrants: bool | None = None,
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """The attention of one call as a matrix, with what each block of queries gives to each block of keys.

    Args:
        weights: (queries, keys), of one head or a mean of heads.
        sides: Queries and keys in groups, with their labels.
        provenance: Of the run.
        title: What the weights are: "decoder.0: words to patches, mean of 4 heads".
        credit: Origin and licence of the sample.
        quadrants: Whether each block has limits of its own; where None, they have if one scale would leave one dark.
        preset: The venue's sizes.
    """
    weights = np.asarray(weights, np.float64)
    scales = limits(weights, sides, quadrants)
    several = max(len(side.groups) for side in sides) > 1
    rows, columns = sides
    with drawing():
        page, size = Page(preset), preset.small_pt
        left, below = rows.room(size) / MM, bars_height(page, scales, weights, sides, page.inner)
        y = page.title("a", f"{title}; rows are queries", 0, 0, page.inner)
        shares = several and isinstance(scales, Scale) and left + shares_room(sides, size) / MM < 0.6 * page.inner
        wide = page.inner - left - shares * shares_room(sides, size) / MM
        tallest = (preset.max_height_mm or 200.0) - 2 * page.margin - y - columns.room(size) / MM - below - 1
        unit = min(wide / weights.shape[1], tallest / weights.shape[0])
        width = wide if several else max(unit * weights.shape[1], min(LEAST, wide))
        high = min(tallest, max(unit * weights.shape[0], min(LEAST, tallest), rows.needed(size) / MM * several))
        shares = shares and shares_fit(sides, high * MM, size)
        panel = page.axes(left, y, width, high)
        matrix_panel(panel, weights, scales, rows=rows, columns=columns, shares=shares, size=size)
        y += high + below_room(columns, width * MM, size) / MM
        y += bars(page, scales, weights, sides, 0, y, page.inner)
        drawn = page.finish(y)
    colours = told(scales, weights, sides, measured(scales, weights) if isinstance(scales, Scale) else "")
    beside = "; right: what a mean row of each block gives to each block of keys" if shares else ""
    sentence = f"{title}; rows are queries and sum to one, columns are keys ({colours}){beside}."
    origin = provenance.but(figure="matrix", preset=preset.key)
    names = [[label for group in side.groups for label in group.labels] for side in sides]
    row, column = np.unravel_index(int(np.argmax(weights)), weights.shape)
    strongest = f"from {names[0][row]} to {names[1][column]} ({number(float(weights[row, column]))})"
    alt = (
        f"Attention matrix of {weights.shape[0]} queries and {weights.shape[1]} keys, {title}. Strongest: {strongest}."
    )
    notes = glyph_note([*names[0], *names[1]])
    return Figure(drawn, caption(preset, [sentence], origin, credit=credit, notes=notes), origin, alt)


def scores_figure(
    explanations: Sequence[Explanation],
    spaces: Mapping[str, TokenSpace],
    *,
    titles: Sequence[str],
    credit: str = "",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """The tokens of greatest magnitude under each explanation as bars, a panel for each explanation and space.

    Args:
        explanations: Of the same run.
        spaces: Name → space, of all that are scored.
        titles: One for each explanation.
        credit: Origin and licence of the sample.
        preset: The venue's sizes.
    """
    size, sentences, texts = preset.small_pt, [], []
    with drawing():
        page = Page(preset)
        panels = [
            (explanation, title, name)
            for explanation, title in zip(explanations, titles, strict=True)
            for name in explanation.scores
        ]
        across = 2 if page.inner >= 110 and len(panels) > 1 else 1
        width, top, tall = (page.inner - (across - 1) * SPACE) / across, 0.0, 0.0
        for index, (explanation, title, name) in enumerate(panels):
            left, letter = (index % across) * (width + SPACE), letters()[index % 26]
            if index and not index % across:
                top, tall = top + tall + SPACE, 0.0
            scores, space = explanation.scores[name], spaces[name]
            best = [int(i) for i in np.argsort(-np.abs(scores), kind="stable")[:MOST]]
            scale = scale_for(explanation, scores)
            kind = noun(space)
            y = top + page.title(letter, f"{title}: {kind}", left, top, width)
            y += _bars(page, [token(space, i) for i in best], scores[best], scale, (left, y, width), size)
            y += bar(page, scale, scores, left, y, width)
            tall = max(tall, y - top)
            among = f" of {len(scores)}" if len(best) < len(scores) else ""
            sentences.append(
                f"{title}: the {len(best)}{among} {kind} of greatest magnitude ({measured(scale, scores)})."
            )
            texts.append(f"{title}, {kind}: {space.label(int(order(scores)[0]))}")
        drawn = page.finish(top + tall)
    methods = ", ".join(explanation.method for explanation in explanations)
    origin = explanations[0].provenance.but(figure="scores", preset=preset.key, method=methods)
    text = caption(preset, sentences, origin, credit=credit, about=explanations)
    return Figure(drawn, text, origin, f"Scores of tokens as bars. Highest: {'; '.join(texts)}.")


def _bars(
    page: Page, labels: Sequence[str], scores, scale, panel_corner: tuple[float, float, float], size: float
) -> float:
    """Bars from zero, to the left where a score is below it, labels before and numbers behind; the height in mm."""
    left, y, width = panel_corner
    room = min(max(width_of(label, size) for label in labels) + 5, 0.5 * width * MM)
    names = [wrap(label, size, room - 3) for label in labels]
    line = (LINE + (max(map(len, names)) - 1) * 1.1) * size
    axes = page.axes(left, y, width, len(labels) * line / MM)
    greatest = float(np.abs(scores).max(initial=0.0)) or 1.0
    digits = 5.2 * size
    span = width * MM - room - digits
    negative = bool((scores < 0).any())
    zero = room + (span / 2 if negative else 0.0)
    unit = (span / 2 if negative else span) / greatest
    colours = scale.lut()[scale.quantise(scores)] / 255
    for index, (lines, score, colour) in enumerate(zip(names, scores, colours, strict=True)):
        base = index * line
        for row, text in enumerate(lines):
            baseline = base + line / 2 + (0.36 + 1.1 * (row - (len(lines) - 1) / 2)) * size
            write(axes, 0, baseline, text, size=size)
        corner = (min(zero, zero + score * unit), base + 0.18 * line)
        axes.add_patch(
            Rectangle(corner, abs(score) * unit, 0.64 * line, facecolor=colour, edgecolor="black", linewidth=0.4)
        )
        write(axes, width * MM, base + line / 2 + 0.36 * size, number(float(score)), size=size, ha="right")
    axes.plot([zero, zero], [0, len(labels) * line], color="black", linewidth=0.5)
    return len(labels) * line / MM
