"""Figures of a picture and a sentence: regions, words and joint attention, and several methods side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xviz.core.errors import ModelError
from xviz.core.run import Run, Target
from xviz.core.sample import Picture
from xviz.core.tokens import Boxes, Joined, Pieces
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.explain.faithfulness import agreement
from xviz.figures.figure import Figure
from xviz.figures.recipes import Pair, match_figure, methods_figure
from xviz.plates.plate import Plate, Shown, heads_of, weigh


def _spaces(run: Run) -> tuple[Boxes, Pieces]:
    regions = next(space for space in run.spaces.values() if isinstance(space, Boxes))
    return regions, next(space for space in run.spaces.values() if isinstance(space, Pieces))


def _pair(shown: Shown) -> Pair:
    """The picture with the sentence; grey where only its regions are known."""
    regions, pieces = _spaces(shown.run)
    picture = shown.session.sample.parts.get("picture")
    pixels = picture.pixels if isinstance(picture, Picture) else np.full((*regions.size, 3), 200, np.uint8)
    return Pair(pixels, regions, pieces, shown.credit)


def example(run: Run) -> tuple[str, tuple[int, ...]]:
    """Space and pieces of the longest word that the model reads."""
    _, pieces = _spaces(run)
    read = [i for i in range(len(pieces.words)) if pieces.of(i)]
    return pieces.name, pieces.of(max(read, key=lambda i: len(pieces.words[i])))


def match(shown: Shown) -> Figure:
    """The view of a word, that of a region, and the joint attention; the missing one is that of the strongest token.

    Raises:
        ModelError: no token is picked.
    """
    own, pair = shown.one(), _pair(shown)
    regions, pieces = pair.regions.name, pair.text.name
    if own.focus is None or not {regions, pieces} <= set(own.scores):
        raise ModelError(
            "This figure needs the view of a word or a region, by a method that scores both, or two methods. "
            "Pick a token (picked=…), or give two explanations."
        )
    if own.focus[0] == pieces:
        partner: tuple[str, tuple[int, ...]] = regions, (int(np.argmax(own.scores[regions])),)
    else:
        partner = pieces, pair.text.of(int(np.argmax(pair.words(own))))
    question = Question.behind(own)
    target = Target(question.target.output, *partner)
    other = shown.ask(Question(own.method, target, question.call, question.head))
    by_word, by_region = (own, other) if own.focus[0] == pieces else (other, own)
    call, head = shown.call(lambda call: isinstance(shown.run.spaces[call.queries], Joined))
    return match_figure(
        pair, by_word=by_word, by_region=by_region, weights=weigh(call, head),
        joint=shown.run.space(call.queries, Joined), layer=f"{shown.title_of(call).layer}, {heads_of(call, head)}",
        quadrants=shown.options.get("quadrants"), preset=shown.preset,
    )  # fmt: skip


def methods(shown: Shown) -> Figure:
    """Several methods on the same picture and sentence.

    Raises:
        ModelError: fewer than two, twice the same, or one that does not score regions and words.
    """
    pair, explanations = _pair(shown), shown.explanations
    regions = pair.regions.name
    if lacking := [
        explanation.method for explanation in explanations if not {regions, pair.text.name} <= set(explanation.scores)
    ]:
        raise ModelError(f"Only methods that score regions and words are compared; {', '.join(lacking)} does not.")
    if len(explanations) < 2:
        raise ModelError("This figure compares methods; give two or more, such as look and occlusion.")
    table = np.eye(len(explanations))
    for row, explanation in enumerate(explanations):
        for column, other in enumerate(explanations[:row]):
            ranked = explanation.facts.ranked and other.facts.ranked
            rank = agreement(explanation, other, regions).spearman if ranked else None
            table[row, column] = table[column, row] = np.nan if rank is None else rank
    return methods_figure(
        pair, explanations, titles=shown.titles, agreement=table, agreement_name="rank correlation on regions",
        preset=shown.preset,
    )  # fmt: skip


def _match_questions(session: Session, output: str) -> Sequence[Question]:
    joint = [call for call in session.run.calls if isinstance(session.run.spaces[call.queries], Joined)]
    return [Question("look", Target(output, *example(session.run)), joint[-1].name)]


def _methods_questions(session: Session, output: str) -> Sequence[Question]:
    target = Target(output, *example(session.run))
    return [*_match_questions(session, output), Question("occlusion", target)]


PLATES = (
    Plate("match", "Regions, words and attention matrix", match, _match_questions),
    Plate("methods", "Methods side by side", methods, _methods_questions),
)
