"""The tokens of all spaces, linked: pick a token of any, and the others show scores for it, by two methods."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.forms import OnPicture, Words
from xviz.core.run import Target
from xviz.drawings import tokens
from xviz.drawings.drawing import Surround
from xviz.explain import EVERY, METHODS, columns
from xviz.explain.glance import title
from xviz.explain.question import names
from xviz.ui import cache, components, glance, methods, page, state
from xviz.ui.own.sample import Opened, first_call
from xviz.ui.records import Looked
from xviz.ui.state import Selection

FROM, TO = "from the picked token", "to the picked token"
HEIGHT = 400  #: the most that a drawing takes, CSS pixels
MANY = 300  #: tokens above which leaving out each in turn waits to be asked for
LONG = 120  #: names in a row, above which they are scrolled


def explore(opened: Opened) -> Looked:
    """Two methods side by side, each on the tokens of all spaces that it scores."""
    selection = opened.selection()
    call, head, direction = _choose(opened, selection)
    left, right = st.columns(2, gap="medium")
    offered = [key for key, reason in opened.reasons.items() if not reason]
    quick = "occlusion" not in slow(opened)
    second = next((key for key in (("occlusion",) if quick else ()) + ("received",) if key in offered), offered[0])
    with left:
        first = _method(opened, selection, "method", "look", offered, call, head, direction)
    with right:
        beside = _method(opened, selection, "beside", second, offered, call, head, direction)
    both = [explanation for explanation in (first, beside) if explanation is not None]
    if len(both) == 2 and "asked" not in {explanation.method for explanation in both}:
        methods.agreed(first, beside, {name: name for name in opened.forms})
    return Looked(selection=selection, call=call.name, head=head, explanations=tuple(both))


def slow(opened: Opened) -> tuple[str, ...]:
    """The methods that begin only when asked to: perturbation of many tokens takes as many runs of the model."""
    count = sum(len(opened.run.spaces[name]) for name in opened.removable)
    return (*methods.SLOW, "occlusion") if count > MANY else methods.SLOW


def head_key(opened: Opened, call: AttentionCall) -> str:
    """The key of the choice of a head: one for all calls where all have as many."""
    alike = len({call_.heads for call_ in opened.run.calls}) == 1
    return f"{opened.key}-head" if alike else f"{opened.key}-head-of-{call.heads}"


def _choose(opened: Opened, selection: Selection | None) -> tuple[AttentionCall, int | None, str]:
    """The attention layer and head that methods of attention look at, and the direction."""
    run = opened.run
    calls = [call.name for call in run.calls]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Layer",
            calls,
            index=calls.index(first_call(run).name),
            format_func=lambda name: title(run, run.call(name)),
            key=f"{opened.key}-layer",
            bind="query-params", width=420,
            help="Used by attention rows, attention received and the attention matrix. All other methods explain the "
            "whole model.",
        )  # fmt: skip
        call = run.call(str(name))
        head = methods.choose_head(call, key=head_key(opened, call))
        ways = _ways(opened, selection, call)
        direction = ways[0]
        if len(ways) > 1:
            direction = st.selectbox("Attention", ways, key=f"{opened.key}-direction", bind="query-params", width=210)
        st.caption("Click a token. Keyboard: Tab, arrows, Enter; Esc clears.")
    if call.note:
        st.caption(f":material/info: {page.plain(call.note)}")
    return call, head, str(direction)


def _ways(opened: Opened, selection: Selection | None, call: AttentionCall) -> list[str]:
    """The directions in which the selected token takes part in a call."""
    space = None if selection is None else opened.space_of(selection)
    sides = ((FROM, call.queries), (TO, call.keys))
    return [direction for direction, side in sides if space in names(opened.run.spaces[side])] or [FROM]


def question(opened: Opened, method: str, selection: Selection | None, call: AttentionCall, head: int | None,
             direction: str) -> cache.Question:  # fmt: skip
    """What a method is asked: of the selected token where it can be asked of it, else of the output.

    Raises:
        ModelError: the method needs a token that takes part in this layer.
    """
    space = None if selection is None else opened.space_of(selection)
    if method == "look":
        if space is None or selection is None:
            raise ModelError("Pick a token to see its attention.")
        focus = Target(opened.output, space, opened.tokens(selection))
        sides = dict.fromkeys(name for side in (call.queries, call.keys) for name in names(opened.run.spaces[side]))
        if space not in sides:
            raise ModelError(
                f"Tokens of “{space}” take no part in this layer. Pick one of {' and '.join(sides)}, or another layer."
            )
        method_ = columns.METHOD.key if direction == TO else "look"
        return cache.Question(method_, focus, call.name, head)
    target = opened.target(selection)
    if METHODS[method].kind == "attention":
        asking = {name for call_ in opened.run.calls for name in names(opened.run.spaces[call_.queries])}
        target = Target(opened.output)
        if space in asking and selection is not None and method != "received":
            target = Target(opened.output, space, opened.tokens(selection))
    return methods.question(method, target, call.name, head)


def _method(
    opened: Opened, selection: Selection | None, key: str, default: str, offered: Sequence[str], call: AttentionCall,
    head: int | None, direction: str,
) -> Explanation | None:  # fmt: skip
    """One method: its choice, and the tokens of every space under its scores."""
    label = "Method" if key == "method" else "Compare with"
    name = methods.choose_method(
        label, default if default in offered else offered[0], key=f"{opened.key}-{key}", keys=list(offered)
    )
    explanation = None
    if selection is None and METHODS[name].needs_focus:
        st.info("Pick a token to use this method.", icon=":material/touch_app:")
    else:
        with page.told():
            asked_question = question(opened, name, selection, call, head, direction)
            explanation = methods.compute(opened.run, asked_question, key=f"{opened.key} {key}", slow=slow(opened))
    ranked = methods.ranked(explanation)
    draw(opened, selection, f"{key} {name}", ranked, call)
    methods.facts(ranked)
    known = EVERY[name if explanation is None else explanation.method]
    st.caption(f"About {known.title.lower()}", help=known.words)
    return explanation


def shown_spaces(opened: Opened, explanation: Explanation | None, call: AttentionCall) -> list[str]:
    """The spaces that are drawn: those of the layer, and those that have scores."""
    sides = {name for side in (call.queries, call.keys) for name in names(opened.run.spaces[side])}
    scored = set() if explanation is None else set(explanation.scores)
    return [name for name in opened.forms if name in sides | scored]


def described(opened: Opened, explanation: Explanation | None) -> str:
    """Of what the scores are, in words: ``, for “red”``."""
    if explanation is None:
        return ""
    if explanation.focus is None:
        return f", for “{opened.output}”"
    space, picked = explanation.focus
    return f", for {opened.called(opened.select(space, picked[0]))}"


def draw(
    opened: Opened, selection: Selection | None, key: str, explanation: Explanation | None, call: AttentionCall
) -> None:
    """The tokens of every space under one explanation, each with limits of its own, which are printed."""
    picked = None if selection is None else opened.space_of(selection)
    for name in shown_spaces(opened, explanation, call):
        form = opened.forms[name]
        scores = None if explanation is None else explanation.scores.get(name)
        with page.told():
            drawing = tokens.draw(
                form,
                scores,
                scale=None
                if scores is None or explanation is None
                else tokens.scaled(form, scores, signed=explanation.signed, label=explanation.unit),
                marks=tokens.Marks(
                    selection.token if selection is not None and picked == name else None, opened.gone.get(name, ()),
                ),
                surround=Surround(
                    f"{name}{described(opened, explanation) if scores is not None else ''}", height=_height(form)
                ),
            )  # fmt: skip
            with st.container(height=320 if isinstance(form, Words) and len(form) > LONG else "content"):
                components.mount(drawing, key=f"{key} {name} {opened.place}", on_pick=picker(opened, name))


def _height(form: object) -> int:
    return HEIGHT if isinstance(form, OnPicture) else 0


def picker(opened: Opened, space: str):
    """What a click on a token of a space does."""

    def pick(index: components.Pick) -> None:
        own = opened.forms[space].tokens(index) if isinstance(index, int) else ()
        opened.choices.select(opened.select(space, own[0]) if own else None)

    return pick


def choose_call(opened: Opened, name: str, head: int | None) -> None:
    """Choose a layer and a head, before the widgets are drawn again."""
    state.set_widget(f"{opened.key}-layer", name)
    state.set_widget(head_key(opened, opened.run.call(name)), "mean" if head is None else head + 1)


def at_a_glance(opened: Opened, looked: Looked) -> None:
    """The picked token in every layer and head."""
    if looked.selection is None:
        st.caption("Pick a token above to see its attention in every layer and head.")
        return
    glance.show(
        glance.Asked(
            run=opened.run, forms=opened.forms, space=str(opened.space_of(looked.selection)),
            tokens=opened.tokens(looked.selection), called=opened.called(looked.selection), call=looked.call,
            head=looked.head, choose=lambda name, head: choose_call(opened, name, head), place=opened.place,
        )
    )  # fmt: skip
