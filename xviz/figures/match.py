"""``match_figure``: attention between a picture and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined
from xviz.draw.scale import Scale, number, order
from xviz.figures.caption import caption, glyph_note
from xviz.figures.caption import measured as told_of
from xviz.figures.figure import Figure
from xviz.figures.grid import Scales, below_room, matrix_panel
from xviz.figures.lettering import words_height
from xviz.figures.look import look
from xviz.figures.names import noun, tokens
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, TOP, Pair, bar, bar_height, scale_for
from xviz.figures.panel import Marks, picture_panel, words_panel
from xviz.figures.quadrants import bars, bars_height, told
from xviz.figures.quadrants import limits as limits_of_blocks
from xviz.figures.raster import SHARE
from xviz.figures.sides import Group, Side
from xviz.figures.style import MM, PRESETS, Preset, drawing

Draw = Callable[..., float]  #: left, top, width and, for some, most height in mm → height in mm


def match_figure(
    pair: Pair,
    *,
    by_word: Explanation,
    by_region: Explanation,
    weights: ArrayLike,
    joint: Joined,
    layer: str,
    quadrants: bool | None = None,
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """(a) attention from a word to regions, (b) from a region to words, (c) the joint attention with its blocks.

    Args:
        pair: What was matched.
        by_word: The attention from a word; its scores of the regions are drawn in (a).
        by_region: The attention from a region; its scores of the word pieces are drawn in (b).
        weights: (n, n) attention over ``joint``, rows are queries; one head or a mean of heads.
        joint: The joint space, of the pair's regions and pieces in either order.
        layer: What the weights are, for title and caption: "layer 1, mean of 8 heads".
        quadrants: Whether each block has limits of its own; where None, they have if one scale would leave one dark.
        preset: The venue's sizes.

    Raises:
        ModelError: the weights are not square over the joint space.
    """
    weights = np.asarray(weights, np.float64)
    if weights.shape != (len(joint), len(joint)):
        raise ModelError(f"The joint space has {len(joint)} tokens; its weights must be square, not {weights.shape}.")
    region_scores, word_scores = by_word.scores[pair.regions.name], pair.words(by_region)
    own = {"regions": scale_for(by_word, region_scores), "words": scale_for(by_region, word_scores)}
    side = _side(pair, joint, (by_word, by_region))
    cells: Scales = limits_of_blocks(weights, (side, side), quadrants)
    with drawing():
        page, selected = Page(preset), pair.asked_region(by_region)
        panels = {
            "a": _picture(
                page, pair, region_scores, own["regions"], f"Regions, from {pair.asked_by(by_word)}", selected
            ),
            "b": _words(page, pair, word_scores, own["words"], by_region, by_word),
            "c": _joint(page, weights, side, cells, layer),
        }
        drawn = page.finish(_arrange(page, pair, panels, lambda width: _joint_tall(page, weights, side, cells, width)))
    measured = [told_of(own[name], drawn_) for name, drawn_ in (("regions", region_scores), ("words", word_scores))]
    single = told_of(cells, weights) if isinstance(cells, Scale) else ""
    measured.append(told(cells, weights, (side, side), single))
    sentences = _match_words(pair, by_word, by_region, measured, own["words"].diverging, layer)
    asking = {"regions_asked_by": pair.asked_by(by_word), "words_asked_by": pair.asked_by(by_region)}
    provenance = by_word.provenance.but(figure="match", preset=preset.key, **asking)
    notes, drawn_from = glyph_note(pair.text.words), (by_word, by_region)
    text = caption(preset, sentences, provenance, credit=pair.credit, notes=notes, about=drawn_from)
    return Figure(drawn, text, provenance, _match_alt(pair, by_word, by_region, region_scores, word_scores))


def _arrange(page: Page, pair: Pair, panels: Mapping[str, Draw], matrix_tall: Callable[[float], float]) -> float:
    """Places the three panels by the width of the page; returns its height in mm.

    Args:
        page: To be filled.
        pair: What was matched.
        panels: How to draw them.
        matrix_tall: Width in mm → height of (c), where nothing limits it.
    """
    inner, limit = page.inner, (page.preset.max_height_mm or 200.0) - 2 * page.margin
    if inner < 110:
        words = words_height(pair.text.words, page.preset.text_pt, inner * MM) / MM
        matrix = min(inner - 22, 0.45 * limit)
        y = panels["a"](0, 0, inner, max(25.0, min(0.3 * limit, limit - words - matrix - 50))) + SPACE
        y += panels["b"](0, y, inner) + SPACE
        return y + panels["c"](0, y, inner, limit - y)
    if inner < 150:
        left = 0.56 * inner
        high = panels["a"](0, 0, left, 0.4 * limit)
        y = max(high, panels["b"](left + SPACE, 0, inner - left - SPACE)) + SPACE
        return y + panels["c"](0, y, inner, min(limit - y, 0.6 * inner + 22))
    left = _balanced(page, pair, inner, matrix_tall)
    y = panels["a"](0, 0, left, 0.6 * limit) + SPACE
    y += panels["b"](0, y, left)
    return max(y, panels["c"](left + 1.5 * SPACE, 0, inner - left - 1.5 * SPACE, limit))


def _balanced(page: Page, pair: Pair, inner: float, matrix_tall: Callable[[float], float]) -> float:
    """The width in mm of (a) and (b) at which they end about where (c) beside them does, near half of the page."""
    tall, wide = pair.pixels.shape[:2]

    def apart(left: float) -> float:
        words = words_height(pair.text.words, page.preset.text_pt, left * MM) / MM
        title, bars_of_both = page.title_height("b", "Words", left), 2 * bar_height(page)
        return abs(left * tall / wide + words + title + bars_of_both + SPACE - matrix_tall(inner - left - 1.5 * SPACE))

    return min((share * inner for share in np.arange(0.46, 0.525, 0.01)), key=apart)


def _picture(page: Page, pair: Pair, scores: NDArray, scale: Scale, title: str, selected: int | None) -> Draw:
    """How to draw a picture with title and colour bar at (left, top, width, most height) in mm."""
    size = page.preset.small_pt

    def draw(left: float, y: float, width: float, limit: float = 1e3) -> float:
        start = y
        y += page.title("a", title, left, y, width)
        tall, wide = pair.pixels.shape[:2]
        high = min(width * tall / wide, limit)
        picture = page.axes(left, y, high * wide / tall, high)
        marks = Marks(selected=selected, top=TOP)
        picture_panel(picture, pair.pixels, pair.regions.boxes, scores, scale, marks=marks, size=size)
        return y + high + bar(page, scale, scores, left, y + high, width) - start

    return draw


def _words(page: Page, pair: Pair, scores: NDArray, scale: Scale, explanation: Explanation, other: Explanation) -> Draw:
    """How to draw the sentence as a region attends to it, the word of the other panel framed."""
    size = page.preset.text_pt

    def draw(left: float, y: float, width: float) -> float:
        start = y
        y += page.title("b", f"Words, from {pair.asked_by(explanation)} (S)", left, y, width)
        high = words_height(pair.text.words, size, width * MM) / MM
        panel = page.axes(left, y, width, high)
        words_panel(panel, pair.text.words, scores, scale, selected=pair.asked_words(other), size=size)
        return y + high + bar(page, scale, scores, left, y + high, width) - start

    return draw


def _side(pair: Pair, joint: Joined, explained: Sequence[Explanation]) -> Side:
    """The tokens of the joint space: words with their text, regions unnamed but for those that are asked from."""
    focus = {
        space: picked
        for explanation in explained
        if explanation.focus is not None
        for space, picked in (explanation.focus,)
    }
    return Side(
        tuple(
            Group(tokens(space), noun(space), focus.get(space.name, ()), all=space is pair.text)
            for space in joint.spaces
        )
    )


def _joint(page: Page, weights: NDArray, side: Side, scales: Scales, layer: str) -> Draw:
    """How to draw the joint matrix within (left, top, width, most height) in mm."""
    size = page.preset.small_pt

    def draw(left: float, y: float, width: float, limit: float) -> float:
        start = y
        y += page.title("c", f"Joint attention, {layer}; rows are queries", left, y, width)
        beside = side.room(size) / MM
        below = bars_height(page, scales, weights, (side, side), width) + 1.0
        wide = width - beside
        foot = below_room(side, wide * MM, size) / MM
        high = min(wide, max(15.0, limit - (y - start) - foot - below))
        cells = page.axes(left + beside, y, wide, high)
        matrix_panel(cells, weights, scales, rows=side, columns=side, size=size)
        y += high + foot
        return y + bars(page, scales, weights, (side, side), left, y, width) - start

    return draw


def _joint_tall(page: Page, weights: NDArray, side: Side, scales: Scales, width: float) -> float:
    """The height in mm of the joint matrix, without its title, in a width where nothing limits it."""
    wide = width - side.room(page.preset.small_pt) / MM
    foot = below_room(side, wide * MM, page.preset.small_pt) / MM
    return wide + foot + bars_height(page, scales, weights, (side, side), width) + 1.0


def _match_words(
    pair: Pair, by_word: Explanation, by_region: Explanation, measured: Sequence[str], signed: bool, layer: str
) -> list[str]:
    """A sentence per panel for the caption."""
    outlined = look().told(min(TOP, len(pair.regions)))
    outlined = f"{outlined}; " if outlined else ""
    both = by_word.focus and by_region.focus
    bold = f"in bold: {pair.asked_by(by_word)} and {pair.asked_by(by_region)}; " if both else ""
    below = "underlined: scores below zero; " if signed else ""
    return [
        f"Regions of the picture by their score from {pair.asked_by(by_word)} ({measured[0]}, "
        f"{look().mixed(SHARE, 'picture')}); where regions overlap, the strongest is shown; "
        f"{outlined}dashed (S): {pair.asked_by(by_region)}.",
        f"Words of the sentence by their score from {pair.asked_by(by_region)} ({measured[1]}); a word has the sum "
        f"over its word pieces; {below}framed: {pair.asked_by(by_word)}.",
        f"Joint attention of {len(pair.regions)} regions and {len(pair.text)} {noun(pair.text)}, {layer} "
        f"({measured[2]}); rows are queries, columns keys; {bold}cells of words are larger where their names need it.",
    ]


def _match_alt(
    pair: Pair, by_word: Explanation, by_region: Explanation, region_scores: NDArray, word_scores: NDArray
) -> str:
    """The three panels in two sentences."""
    regions = ", ".join(f"region {i + 1} ({number(region_scores[i])})" for i in order(region_scores)[:TOP])
    words = ", ".join(f"“{pair.text.words[i]}” ({number(word_scores[i])})" for i in order(word_scores)[:TOP])
    return (
        f"A picture, a sentence and their joint attention matrix. Strongest regions for {pair.asked_by(by_word)}: "
        f"{regions}. Strongest words for {pair.asked_by(by_region)}: {words}."
    )
