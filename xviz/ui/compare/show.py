"""Both sides of a comparison on one scale, and their signed difference where tokens correspond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from xviz.draw import scale
from xviz.drawings import tokens
from xviz.drawings.drawing import Surround
from xviz.explain.faithfulness import agreement
from xviz.figures.figure import Figure
from xviz.figures.style import PRESETS
from xviz.figures.tokens import Shown, tokens_figure
from xviz.ui import components, page, saving
from xviz.ui.compare.side import Side

HEIGHT = 380  #: px, the most that a drawing takes


def both(first: Side, second: Side) -> None:
    """All spaces that either side scores, one below the other, and the difference."""
    one, two = first.explanation, second.explanation
    same_unit = (one.unit, one.signed) == (two.unit, two.signed)
    if not same_unit:
        st.info(f"A measures {one.unit}, B {two.unit}: each has a scale of its own, and there is no difference.")
    for name in dict.fromkeys([*first.forms, *second.forms]):
        st.markdown(f"**{page.plain(name.capitalize())}**")
        sides = (first, second)
        shared = _scale([side for side in sides if name in side.forms], name) if same_unit else None
        for column, side in zip(st.columns(2, gap="medium"), sides, strict=True):
            with column:
                if name not in side.forms:
                    st.caption("Not scored on this side.")
                    continue
                scores = side.explanation.scores[name]
                scaled = shared or _scale([side], name)
                surround = Surround(side.title, height=HEIGHT)
                drawing = tokens.draw(side.forms[name], scores, scale=scaled, surround=surround)
                components.mount(drawing, key=f"compare {name} {side is first} {side.title}")
        if same_unit and name in first.forms and name in second.forms:
            _difference(first, second, name)
    _export(first, second)


def _scale(sides: list[Side], name: str) -> scale.Scale:
    """One scale for a space on some sides, as its things have the scores: words have the sum over their pieces."""
    values = np.concatenate([side.forms[name].painted(side.explanation.scores[name]) for side in sides])
    first = sides[0].explanation
    return (scale.diverging if first.signed else scale.sequential)(values, label=first.unit)


def corresponding(first: Side, second: Side, name: str) -> str:
    """Why tokens of a space do not correspond; "" where they do."""
    one, two = (side.session.run.spaces[name] for side in (first, second))
    if type(one) is not type(two) or len(one) != len(two):
        return f"A has {len(one)} tokens “{name}” and B {len(two)}, so that they do not correspond."
    labels = [[space.label(i) for i in range(len(space))] for space in (one, two)]
    if labels[0] != labels[1]:
        changed = sum(a != b for a, b in zip(*labels, strict=True))
        return f"{changed} of {len(one)} tokens “{name}” are others in B, so that they do not correspond."
    return ""


def _difference(first: Side, second: Side, name: str) -> None:
    """B less A around zero, or why there is none."""
    if why := corresponding(first, second, name):
        st.caption(f"No difference is drawn: {page.plain(why)}")
        return
    gap = second.explanation.scores[name] - first.explanation.scores[name]
    shown = second.forms[name]
    painted = shown.painted(gap)
    drawing = tokens.draw(
        shown, gap, scale=scale.diverging(painted, label=f"difference of {first.explanation.unit}"),
        surround=Surround("B less A", height=HEIGHT),
    )  # fmt: skip
    components.mount(drawing, key=f"compare difference {name} {first.title} {second.title}")
    if len(gap) > 2:
        near = agreement(first.explanation, second.explanation, name)
        rank = "undefined (constant scores)" if near.spearman is None else scale.signed(near.spearman)
        st.caption(f"Greatest difference {np.nanmax(np.abs(painted)):.3g}; rank correlation {rank}.")


def figure(first: Side, second: Side, preset: str) -> Figure:
    """Both sides for paper, and the difference where every space corresponds."""
    one, two = first.explanation, second.explanation
    about = one.provenance.but(beside=f"{second.title}; sample digest {second.session.sample.digest[:12]}…")
    shown = [replace(one, provenance=about)]
    if set(one.scores) == set(two.scores) and not any(corresponding(first, second, name) for name in one.scores):
        shown.append(two)
        if (one.unit, one.signed) == (two.unit, two.signed):
            gap = {name: two.scores[name] - one.scores[name] for name in one.scores}
            shown.append(replace(two, scores=gap, signed=True, unit=f"difference of {one.unit}, B less A"))
    credit = "; ".join(dict.fromkeys(side.session.sample.source for side in (first, second)))
    return tokens_figure(Shown(first.forms, credit), shown, focus="", preset=PRESETS[preset])


def _export(first: Side, second: Side) -> None:
    with page.told(), st.container(horizontal=True, vertical_alignment="bottom"):
        preset = str(st.selectbox("Width", list(PRESETS), list(PRESETS).index("nature-double"),
                                  format_func=lambda k: PRESETS[k].venue, key="compare.preset", width=260))  # fmt: skip
        for suffix, dpi, label in saving.FORMATS:
            saving.file(
                "compare", label, f"xviz-compare.{suffix}", suffix,
                lambda suffix=suffix, dpi=dpi: figure(first, second, preset).to_bytes(suffix, dpi),
            )  # fmt: skip
    why = [corresponding(first, second, n) for n in first.explanation.scores if n in second.explanation.scores]
    if any(why):
        st.caption(
            "The figure shows A alone, since tokens do not correspond; take one of B by turning the sides round."
        )
