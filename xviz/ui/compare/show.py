"""Both sides of a comparison on one scale, and their signed difference where tokens correspond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from xviz.core.explanation import Explanation
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.tokens import leaves
from xviz.draw import scale
from xviz.drawings import tokens
from xviz.drawings.drawing import Surround
from xviz.explain.faithfulness import agreement
from xviz.export import safe_name
from xviz.figures.figure import Figure
from xviz.figures.style import PRESETS
from xviz.figures.tokens import Shown, tokens_figure
from xviz.ui import components, page, saving
from xviz.ui.compare.side import Side

HEIGHT = 380  #: px, the most that a drawing takes


def forms(side: Side) -> dict[str, Form]:
    """Every space that is scored, in the form in which it is shown."""
    source = Source(side.session.sample, side.session.run.inputs)
    spaces = {leaf.name: leaf for space in side.session.run.spaces.values() for leaf in leaves(space)}
    return {name: form(spaces[name], source) for name in side.explanation.scores}


def both(first: Side, second: Side) -> None:
    """All spaces that either side scores, one below the other, and the difference."""
    one, two = first.explanation, second.explanation
    same_unit = (one.unit, one.signed) == (two.unit, two.signed)
    own, other = forms(first), forms(second)
    if not same_unit:
        st.info(f"A measures {one.unit}, B {two.unit}: each has a scale of its own, and there is no difference.")
    for name in dict.fromkeys([*own, *other]):
        st.markdown(f"**{page.plain(name.capitalize())}**")
        sides = [(first, own), (second, other)]
        shared = _scale([s.explanation for s, _ in sides if name in s.explanation.scores], name) if same_unit else None
        for column, (side, shown) in zip(st.columns(2, gap="medium"), sides, strict=True):
            with column:
                if name not in shown:
                    st.caption("Not scored on this side.")
                    continue
                scores = side.explanation.scores[name]
                scaled = shared or _scale([side.explanation], name)
                surround = Surround(side.title, height=HEIGHT)
                drawing = tokens.draw(shown[name], scores, scale=scaled, surround=surround)
                components.mount(drawing, key=f"compare {name} {side is first} {side.title}")
        if same_unit and name in own and name in other:
            _difference(first, second, name, other[name])
    _export(first, second)


def _scale(explanations: list[Explanation], name: str) -> scale.Scale:
    values = np.concatenate([one.scores[name] for one in explanations])
    return (scale.diverging if explanations[0].signed else scale.sequential)(values, label=explanations[0].unit)


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


def _difference(first: Side, second: Side, name: str, shown: Form) -> None:
    """B less A around zero, or why there is none."""
    if why := corresponding(first, second, name):
        st.caption(f"No difference is drawn: {page.plain(why)}")
        return
    gap = second.explanation.scores[name] - first.explanation.scores[name]
    drawing = tokens.draw(
        shown, gap, scale=scale.diverging(gap, label=f"difference of {first.explanation.unit}"),
        surround=Surround("B less A", height=HEIGHT),
    )  # fmt: skip
    components.mount(drawing, key=f"compare difference {name} {first.title} {second.title}")
    if len(gap) > 2:
        near = agreement(first.explanation, second.explanation, name)
        rank = "undefined (constant scores)" if near.spearman is None else scale.signed(near.spearman)
        st.caption(f"Greatest difference {np.abs(gap).max():.3g}; rank correlation {rank}.")


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
    return tokens_figure(Shown(forms(first), credit), shown, focus="", preset=PRESETS[preset])


def _export(first: Side, second: Side) -> None:
    with page.told(), st.container(horizontal=True, vertical_alignment="bottom"):
        preset = str(st.selectbox("Width", list(PRESETS), list(PRESETS).index("nature-double"),
                                  format_func=lambda k: PRESETS[k].venue, key="compare.preset", width=260))  # fmt: skip
        for suffix, dpi, label in saving.FORMATS:
            stem = safe_name("xviz-compare")
            saving.file(
                "compare", label, f"{stem}.{suffix}", suffix,
                lambda suffix=suffix, dpi=dpi: figure(first, second, preset).to_bytes(suffix, dpi),
            )  # fmt: skip
    why = [corresponding(first, second, n) for n in first.explanation.scores if n in second.explanation.scores]
    if any(why):
        st.caption(
            "The figure shows A alone, since tokens do not correspond; take one of B by turning the sides round."
        )
