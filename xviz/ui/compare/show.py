"""Both sides of a comparison on one scale, and their signed difference where tokens correspond."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from xviz import beside
from xviz.draw import scale
from xviz.drawings import tokens
from xviz.drawings.drawing import Surround
from xviz.explain.faithfulness import agreement
from xviz.export import bundle
from xviz.figures.compare import alike
from xviz.figures.figure import Figure
from xviz.figures.style import PRESETS
from xviz.illustrate import draw
from xviz.links.link import shorts
from xviz.plates.compare import corresponding
from xviz.ui import components, page, saving
from xviz.ui.compare.side import Side
from xviz.ui.state import Choices, Selection

HEIGHT = 380  #: px, the most that a drawing takes
KINDS = {"compare": "Both sides and their difference"}


def both(first: Side, second: Side, choices: Choices) -> None:
    """All spaces that either side scores, one below the other, and the difference; a pick counts for both sides."""
    left, right = first.explanation, second.explanation
    same_unit = alike(left, right)
    if not same_unit:
        st.info(f"A measures {left.unit}, B {right.unit}: each has a scale of its own, and there is no difference.")
    st.caption("Click a token to take its view on both sides. Keyboard: Tab, arrows, Enter; Esc clears.")
    for name in dict.fromkeys([*first.forms, *second.forms]):
        st.markdown(f"**{page.plain(name.capitalize())}**")
        sides = (first, second)
        shared = _scale([side for side in sides if name in side.forms], name) if same_unit else None
        for column, side in zip(st.columns(2, gap="medium"), sides, strict=True):
            with column:
                if name not in side.forms:
                    st.caption("Not scored on this side.")
                    continue
                _side(side, name, shared or _scale([side], name), choices, f"compare {name} {side is first}")
        if same_unit and name in first.forms and name in second.forms:
            _difference(first, second, name, choices)
    _export(first, second)


def _side(side: Side, name: str, colours: scale.Scale, choices: Choices, key: str) -> None:
    """One space of one side."""
    drawing = tokens.draw(
        side.forms[name], side.explanation.scores[name], scale=colours, surround=Surround(side.title, height=HEIGHT),
        marks=_marks(side, name),
    )  # fmt: skip
    key_ = f"{key} {side.session.sample.digest[:12]} {side.session.model.sha256[:12]}"
    components.mount(drawing, key=key_, on_pick=partial(_pick, side, name, choices))


def _marks(side: Side, name: str) -> tokens.Marks:
    picked = side.selected is not None and side.selected[0] == name
    return tokens.Marks(side.selected[1] if picked and side.selected is not None else None)


def _pick(side: Side, space: str, choices: Choices, index: components.Pick) -> None:
    """A click on a token of either side."""
    own = side.forms[space].tokens(index) if isinstance(index, int) else ()
    choices.select(Selection(shorts(side.session.run)[space], own[0]) if own else None)


def _scale(sides: list[Side], name: str) -> scale.Scale:
    """One scale for a space on some sides, as its things have the scores: words have the sum over their pieces."""
    values = np.concatenate([side.forms[name].painted(side.explanation.scores[name]) for side in sides])
    first = sides[0].explanation
    return (scale.diverging if first.signed else scale.sequential)(values, label=first.unit)


def _difference(first: Side, second: Side, name: str, choices: Choices) -> None:
    """B minus A around zero, or why there is none."""
    if why := corresponding(first.session.run, second.session.run, name):
        st.caption(f"No difference is drawn: {page.plain(why)}")
        return
    gap = second.explanation.scores[name] - first.explanation.scores[name]
    form = second.forms[name]
    painted = form.painted(gap)
    drawing = tokens.draw(
        form, gap, scale=scale.diverging(painted, label=f"difference of {first.explanation.unit}"),
        surround=Surround("B − A", height=HEIGHT), marks=_marks(second, name),
    )  # fmt: skip
    key = f"compare difference {name} {second.session.sample.digest[:12]}"
    components.mount(drawing, key=key, on_pick=partial(_pick, second, name, choices))
    if len(gap) > 2:
        near = agreement(first.explanation, second.explanation, name)
        rank = "undefined (constant scores)" if near.spearman is None else scale.signed(near.spearman)
        st.caption(f"Greatest difference {np.nanmax(np.abs(painted)):.3g}; rank correlation {rank}.")


def figure(first: Side, second: Side, kind: str, preset: str) -> Figure:
    """Both sides for paper, and the difference where tokens correspond."""
    options = {"beside": beside.record(second.session, second.explanation, second.weights)}
    options |= {"weights": first.weights} if first.weights else {}
    return draw(
        first.session, [first.explanation], PRESETS[preset], first.session.sample.source, kind=kind, options=options,
        known={"beside": (second.session, second.explanation)},
    )  # fmt: skip


def zipped(first: Side, second: Side, kind: str, preset: str) -> bytes:
    """The figure in all formats with the numbers of A behind it, and those of B as arrays."""
    arrays = {f"B {space}": scores for space, scores in second.explanation.scores.items()}
    spaces = first.session.run.spaces
    labels = {name: [spaces[name].label(i) for i in range(len(spaces[name]))] for name in first.explanation.scores}
    return bundle(
        {kind: figure(first, second, kind, preset)}, [first.explanation], arrays=arrays, labels=labels,
        manifest={"A": first.title, "B": second.title},
    )  # fmt: skip


def _export(first: Side, second: Side) -> None:
    """The figure in every format, with its command."""
    saving.figures(
        "compare", "xviz", KINDS, partial(figure, first, second), partial(zipped, first, second),
    )  # fmt: skip
