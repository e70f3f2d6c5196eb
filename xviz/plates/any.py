"""Figures that every model has: an attention matrix in blocks, and scores as bars."""

from __future__ import annotations

from collections.abc import Sequence

from xviz.core.errors import ModelError
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.run import Run, Target
from xviz.core.tokens import leaves
from xviz.engine import Session
from xviz.explain import EVERY
from xviz.explain.ask import Question
from xviz.explain.glance import glance
from xviz.figures.figure import Figure
from xviz.figures.glance import glance_figure
from xviz.figures.names import groups, noun, picked, side
from xviz.figures.strongest import matrix_figure, scores_figure
from xviz.figures.tokens import Shown as Forms
from xviz.figures.tokens import tokens_figure
from xviz.plates.compare import compare
from xviz.plates.plate import Plate, Shown, heads_of
from xviz.plates.pooling import pooled


def matrix(shown: Shown) -> Figure:
    """The attention of one call."""
    call, head = shown.call()
    queries, keys = side(shown.run.spaces[call.queries]), side(shown.run.spaces[call.keys])
    labels = [[label for group in side_.groups for label in group.labels] for side_ in (queries, keys)]
    small = pooled(call, head, labels)
    title = f"{shown.title_of(call).title}, {heads_of(call, head)}"
    if not small.exact:
        title += f"; each cell is the strongest of {small.tall} × {small.wide} weights"
    return matrix_figure(
        small.weights, (queries, keys) if small.exact else (groups(small.rows), groups(small.columns)),
        shown.run.provenance.but(call=call.name, head=head), title=title, credit=shown.credit,
        quadrants=shown.options.get("quadrants"), preset=shown.preset,
    )  # fmt: skip


def scores(shown: Shown) -> Figure:
    """The strongest tokens under each explanation."""
    return scores_figure(
        shown.explanations, shown.run.spaces, titles=shown.titles, credit=shown.credit, preset=shown.preset
    )


def _forms(shown: Shown) -> dict[str, Form]:
    """Every leaf space in the form in which it is shown."""
    source = Source(shown.session.sample, shown.run.inputs)
    return {name: form(space, source) for name, space in shown.run.leaves.items()}


def _nouns(shown: Shown) -> dict[str, str]:
    """Leaf space → what its tokens are called."""
    return {name: noun(space) for name, space in shown.run.leaves.items()}


def _picked(shown: Shown) -> str:
    """The picked token in words; "" without one."""
    focus = next((explanation.focus for explanation in shown.explanations if explanation.focus is not None), None)
    return "" if focus is None else picked(shown.run.leaves[focus[0]], focus[1])


def tokens(shown: Shown) -> Figure:
    """Every explanation on the tokens of all spaces, each in the form of its type."""
    forms = _forms(shown)
    focus = str(shown.options.get("focus") or _picked(shown))
    return tokens_figure(
        Forms(forms, shown.credit, _nouns(shown)), shown.explanations, focus=focus, preset=shown.preset
    )


def every(shown: Shown) -> Figure:
    """Every layer and head at a glance: the attention of the picked token.

    Raises:
        ModelError: no token is picked.
    """
    own, forms = shown.explanations[0] if shown.explanations else None, _forms(shown)
    if own is None or own.focus is None:
        raise ModelError("This figure shows the attention of one token; pick one.")
    titles = {call.name: shown.title_of(call).title for call in shown.run.calls} if shown.session.model.ours else None
    maps = glance(shown.run, forms, *own.focus, titles)
    return glance_figure(
        maps.layers, own, focus=str(shown.options.get("focus") or _picked(shown)), asking=maps.asking,
        credit=shown.credit, preset=shown.preset,
    )  # fmt: skip


def example(run: Run) -> tuple[str, tuple[int, ...]]:
    """A query of the last attention, from the middle, for methods that need a picked token."""
    leaf = leaves(run.spaces[run.calls[-1].queries])[0]
    return leaf.name, (len(leaf) // 2,)


def _questions(session: Session, output: str) -> Sequence[Question]:
    call = session.run.calls[-1]
    return [Question("look", Target(output, *example(session.run)), call.name)]


def asking(session: Session, method: str, output: str, picked: tuple[str, tuple[int, ...]] | None) -> Target:
    """The target of a method, with a token as an example where it needs one and none is picked."""
    if picked is None and EVERY[method].needs_focus:
        own = {"class": ("class", (0,))}.get("class" if "class" in session.run.spaces else "")
        picked = own or example(session.run)
    return Target(output) if picked is None else Target(output, *picked)


PLATES = (
    Plate("tokens", "Tokens under each method", tokens, _questions),
    Plate("glance", "Every layer and head", every, _questions),
    Plate("matrix", "Attention matrix", matrix, lambda session, output: [], own=True),
    Plate("scores", "Strongest tokens", scores, _questions),
    Plate("compare", "Two side by side", compare, _questions),
)
