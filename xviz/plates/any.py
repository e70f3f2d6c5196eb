"""Figures that every model has: an attention matrix in blocks, and scores as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xviz.core.errors import ModelError
from xviz.core.forms import Form, Words, form
from xviz.core.grounds import Source
from xviz.core.run import Run, Target
from xviz.core.tokens import TokenSpace, leaves
from xviz.engine import Session
from xviz.explain import EVERY
from xviz.explain.ask import Question
from xviz.explain.glance import glance
from xviz.figures.figure import Figure
from xviz.figures.glance import glance_figure
from xviz.figures.grid import Blocks
from xviz.figures.strongest import matrix_figure, scores_figure
from xviz.figures.tokens import Shown as Forms
from xviz.figures.tokens import tokens_figure
from xviz.plates.compare import compare
from xviz.plates.plate import Plate, Shown, heads_of
from xviz.plates.pooling import pooled


def matrix(shown: Shown) -> Figure:
    """The attention of one call."""
    call, head = shown.call()
    sides = tuple(leaves(shown.run.spaces[name]) for name in (call.queries, call.keys))
    labels = [[leaf.label(i) for leaf in side for i in range(len(leaf))] for side in sides]
    small = pooled(call, head, labels)
    blocks, title = None, f"{shown.title_of(call).title}, {heads_of(call, head)}"
    if not small.exact:
        title += f"; each cell is the strongest of {small.tall} × {small.wide} weights"
    elif any(len(side) > 1 for side in sides):
        blocks = Blocks((_cuts(sides[0]), _cuts(sides[1])), ([s.name for s in sides[0]], [s.name for s in sides[1]]))
    return matrix_figure(
        small.weights, (small.rows, small.columns), blocks, shown.run.provenance.but(call=call.name, head=head),
        title=title, credit=shown.credit, preset=shown.preset,
    )  # fmt: skip


def _cuts(side: Sequence[TokenSpace]) -> list[int]:
    return [int(n) for n in np.cumsum([len(leaf) for leaf in side])[:-1]]


def scores(shown: Shown) -> Figure:
    """The strongest tokens under each explanation."""
    return scores_figure(
        shown.explanations, shown.run.spaces, titles=shown.titles, credit=shown.credit, preset=shown.preset
    )


def _forms(shown: Shown) -> dict[str, Form]:
    """Every leaf space in the form in which it is shown."""
    source = Source(shown.session.sample, shown.run.inputs)
    spaces = {leaf.name: leaf for space in shown.run.spaces.values() for leaf in leaves(space)}
    return {name: form(space, source) for name, space in spaces.items()}


def _picked(forms: Mapping[str, Form], shown: Shown) -> str:
    """The picked token in words; "" without one."""
    focus = next((one.focus for one in shown.explanations if one.focus is not None), None)
    if focus is None:
        return ""
    shape = forms[focus[0]]
    label = shape.labels[shape.thing(focus[1][0])]
    return f"“{label}”" if isinstance(shape, Words) else f"{focus[0]}: {label}"


def tokens(shown: Shown) -> Figure:
    """Every explanation on the tokens of all spaces, each in the form of its type."""
    forms = _forms(shown)
    focus = str(shown.options.get("focus") or _picked(forms, shown))
    return tokens_figure(Forms(forms, shown.credit), shown.explanations, focus=focus, preset=shown.preset)


def every(shown: Shown) -> Figure:
    """Every layer and head at a glance: the attention of the picked token.

    Raises:
        ModelError: no token is picked.
    """
    own, forms = shown.explanations[0] if shown.explanations else None, _forms(shown)
    if own is None or own.focus is None:
        raise ModelError("This figure shows the attention of one token; pick one.")
    titles = {call.name: shown.title_of(call).title for call in shown.run.calls} if shown.session.model.ours else None
    found = glance(shown.run, forms, *own.focus, titles)
    return glance_figure(
        found.layers, own, focus=str(shown.options.get("focus") or _picked(forms, shown)), asking=found.asking,
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
