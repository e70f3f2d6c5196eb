"""``methods_figure``: several methods on the same picture and sentence, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.draw.scale import Scale, order
from xviz.figures.caption import caption, glyph_note, letters, measured
from xviz.figures.figure import Figure
from xviz.figures.grid import below_room, matrix_panel
from xviz.figures.lettering import words_height
from xviz.figures.look import look
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, Pair, bar, scale_for
from xviz.figures.panel import Marks, picture_panel, words_panel
from xviz.figures.raster import SHARE
from xviz.figures.scales import diverging
from xviz.figures.sides import Group, Side
from xviz.figures.style import MM, PRESETS, Preset, drawing

Draw = Callable[[float, float, float], float]  #: left, top, width in mm → height in mm


def methods_figure(
    pair: Pair,
    explanations: Sequence[Explanation],
    *,
    titles: Sequence[str],
    agreement: ArrayLike,
    agreement_name: str = "rank correlation",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """The same picture and words under several methods, and how far the methods agree.

    Explanations with the same unit and sign share one scale; the others have their own. Limits stand under each.

    Args:
        pair: What was explained.
        explanations: Of the same run, each with scores for regions and pieces.
        titles: One per explanation.
        agreement: (methods, methods) between −1 and 1, such as the ``spearman`` of ``explain.faithfulness.agreement``;
            NaN where there is none.
        agreement_name: What the agreement is.
        preset: The venue's sizes.

    Raises:
        ModelError: fewer than two explanations, or titles and agreement that do not fit them.
    """
    agreement, count = np.asarray(agreement, np.float64), len(explanations)
    if count < 2 or len(titles) != count or agreement.shape != (count, count):
        raise ModelError(
            f"Methods are compared two or more at a time, each with a title; there are {count} explanations, "
            f"{len(titles)} titles and an agreement of {agreement.shape}."
        )
    region_scores = [e.scores[pair.regions.name] for e in explanations]
    word_scores = [pair.words(explanation) for explanation in explanations]
    scales = _shared_scales(explanations, region_scores, word_scores)
    with drawing():
        page = Page(preset)
        draws = [
            _method(
                page, pair, (region_scores[i], word_scores[i]), scales[i], explanations[i], f"{letters()[i]}{titles[i]}"
            )
            for i in range(count)
        ]
        draws.append(_agreement(page, agreement, agreement_name, letters()[count], titles))
        drawn = page.finish(_grid(page, draws))
    methods = ", ".join(e.method for e in explanations)
    provenance = explanations[0].provenance.but(figure="methods", preset=preset.key, method=methods)
    questions = [_asked(pair, explanation) for explanation in explanations]
    sentences = _methods_words(preset, questions, titles, scales, region_scores, word_scores, agreement_name)
    notes = glyph_note(pair.text.words)
    text = caption(preset, sentences, provenance, credit=pair.credit, notes=notes, about=explanations)
    strongest = "; ".join(
        f"{title}: {f'region {int(order(scores)[0]) + 1}' if explanation.facts.ranked else 'not ranked'}"
        for title, scores, explanation in zip(titles, region_scores, explanations, strict=True)
    )
    alt = f"One picture and sentence under {count} methods. Strongest regions: {strongest}."
    return Figure(drawn, text, provenance, alt)


def _shared_scales(
    explanations: Sequence[Explanation], region_scores: Sequence[NDArray], word_scores: Sequence[NDArray]
) -> list[Scale]:
    """A scale per explanation, the same object for those that measure the same."""
    kinds = [(e.unit, e.signed) for e in explanations]
    scales = {}
    for kind, explanation in zip(kinds, explanations, strict=True):
        pool = [scores for i in range(len(kinds)) if kinds[i] == kind for scores in (region_scores[i], word_scores[i])]
        scales[kind] = scales.get(kind) or scale_for(explanation, np.concatenate(pool))
    return [scales[kind] for kind in kinds]


def _method(
    page: Page,
    pair: Pair,
    scores: tuple[NDArray, NDArray],
    scale: Scale,
    explanation: Explanation,
    named: str,
) -> Draw:
    """How to draw one method: picture, words, colour bar."""
    size = page.preset.small_pt

    def draw(left: float, y: float, width: float) -> float:
        start = y
        y += page.title(named[0], named[1:], left, y, width)
        high = width * pair.pixels.shape[0] / pair.pixels.shape[1]
        picture = page.axes(left, y, width, high)
        marks = Marks(selected=pair.asked_region(explanation), top=TOP if explanation.facts.ranked else 0)
        picture_panel(picture, pair.pixels, pair.regions.boxes, scores[0], scale, marks=marks, size=size)
        y += high + 0.8
        tall = words_height(pair.text.words, size, width * MM) / MM
        words_panel(
            page.axes(left, y, width, tall), pair.text.words, scores[1], scale,
            selected=pair.asked_words(explanation), size=size,
        )  # fmt: skip
        return y + tall + bar(page, scale, np.r_[scores], left, y + tall, width) - start

    return draw


def _agreement(page: Page, agreement: NDArray, name: str, letter: str, titles: Sequence[str]) -> Draw:
    """How to draw the agreement, methods named by their panel letters, by their titles where they have none."""
    size = page.preset.small_pt
    signs = [page.preset.cased(look().letter(own)) for own in letters()]
    named = Side.of(Group([sign or title for sign, title in zip(signs, titles, strict=False)]))
    scale = diverging(agreement, limit=1.0, label=name)

    def draw(left: float, y: float, width: float) -> float:
        start = y
        y += page.title(letter, "Agreement", left, y, width)
        room = named.room(size) / MM
        side = min(width - room, 9.0 * len(agreement))
        cells = page.axes(left + room, y, side, side)
        matrix_panel(cells, agreement, scale, rows=named, columns=named, numbers=True, size=size)
        y += side + below_room(named, side * MM, size) / MM
        return y + bar(page, scale, agreement, left, y, width) - start

    return draw


def _grid(page: Page, draws: Sequence[Draw]) -> float:
    """Panels in rows of equal width; returns the height in mm."""
    across = min(len(draws), 2 if page.inner < 110 else 3 if page.inner < 150 else 4)
    width = (page.inner - (across - 1) * SPACE) / across
    y = 0.0
    for row in range(0, len(draws), across):
        heights = [draw(i * (width + SPACE), y, width) for i, draw in enumerate(draws[row : row + across])]
        y += max(heights) + SPACE
    return y - SPACE


def _asked(pair: Pair, explanation: Explanation) -> str:
    """The output that is explained, and the word or region that it is owed to, for people."""
    owed = f" owed to {pair.asked_by(explanation)}" if explanation.owed else ""
    return f"for the output “{explanation.output}”{owed}"


def _methods_words(
    preset: Preset,
    questions: Sequence[str],
    titles: Sequence[str],
    scales: Sequence[Scale],
    region_scores: Sequence[NDArray],
    word_scores: Sequence[NDArray],
    agreement_name: str,
) -> list[str]:
    """A sentence per panel for the caption."""
    sentences = []
    for title, question, scale, a, b in zip(titles, questions, scales, region_scores, word_scores, strict=True):
        others = [letters()[i] for i, other in enumerate(scales) if other is scale and titles[i] != title]
        same = [preset.cased(letter) for letter in map(look().letter, others) if letter]
        shared = f", shared with {', '.join(same)}" if same else ""
        sentences.append(f"{title}, {question} ({measured(scale, np.r_[a, b])}{shared}).")
    outlined = look().told(TOP, "regions")
    sentences[0] += f" {outlined.capitalize()}; a" if outlined else " A"
    mixed = look().mixed(SHARE, "picture")
    sentences[0] += f" word has the sum over its word pieces; on pictures, colours are {mixed}."
    if any(scale.diverging for scale in scales):
        sentences[0] += " Underlined words have scores below zero."
    return [*sentences, f"Agreement of the methods ({agreement_name})."]
