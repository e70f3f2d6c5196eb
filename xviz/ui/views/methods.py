"""From the class to the sound or picture: what each method says was found where, side by side on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import streamlit as st

from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.explain import METHODS, planted
from xviz.explain.faithfulness import agreement
from xviz.ui import cache, methods, page
from xviz.ui.views.explore import draw_view, shared
from xviz.ui.views.sample import Opened

DEFAULTS = ("look", "rollout", "relevance", "integrated", "gradcam")
ACROSS = 3  #: methods beside each other
DENSITY = "times an even spread"


def explore(opened: Opened) -> tuple[tuple[Explanation, ...], tuple[Explanation, ...]]:
    """The methods side by side; their answers, and these as they are drawn."""
    st.subheader(f"Where was “{opened.output}” {'heard' if opened.sounds else 'seen'}?")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "Methods", list(METHODS), DEFAULTS, format_func=lambda k: METHODS[k].title, key="methods",
            bind="query-params", width=760,
        )  # fmt: skip
        one = st.toggle(
            "One scale for all", value=True, key="one-scale",
            help="Each score as a density: its share of all that the method gives, over its cell's share of the area. "
            "So methods of different units and cells can be held against each other; 1 is an even spread. "
            "Off: each in its own unit; those that measure the same share limits.",
        )  # fmt: skip
    found: dict[str, Explanation] = {}
    for name in names:
        with page.told():
            question = cache.Question(name, opened.asked(METHODS[name].needs_focus))
            if (made := methods.answer(opened.run, question, key=f"find {name}")) is not None:
                found[name] = made
    drawn = {name: spread(opened, made) if one else made for name, made in found.items()}
    limits = _limits([this for this in drawn.values() if this.facts.ranked] or list(drawn.values()), one)
    limits = {name: limits.get(name, next(iter(limits.values()))) for name in drawn} if drawn else {}
    for start in range(0, len(found), ACROSS):
        chunk = list(found)[start : start + ACROSS]
        for column, name in zip(st.columns(ACROSS, gap="medium"), chunk, strict=False):
            with column:
                _method(opened, name, found[name], drawn[name], limits[name], one=one)
    _agreement(opened, [one for one in found.values() if one.facts.ranked])
    return tuple(found.values()), tuple(drawn.values())


def spread(opened: Opened, found: Explanation) -> Explanation:
    """The same with every score as its density: its share of all magnitudes over its cell's share of all cells' area.

    A method without preference has 1 everywhere, whatever its unit and however large its cells are.
    """
    cells = {name: opened.cells(name) for name in found.scores if name != "class"}
    areas = {name: (space.boxes[:, 2:] - space.boxes[:, :2]).prod(1) for name, space in cells.items()}
    area = sum(float(own.sum()) for own in areas.values())
    total = sum(float(np.abs(found.scores[name]).sum()) for name in cells) or 1.0
    scores = {name: found.scores[name] / total / (areas[name] / area) for name in cells}
    return replace(found, scores=scores, unit=DENSITY)


def limit(found: Sequence[Explanation]) -> float:
    """Where colours end if all methods share a scale: the most that 95 % of some method's cells stay below.

    A single cell of one method would otherwise leave all others dark; how many lie beyond is said under each.
    """
    every = [np.abs(np.concatenate([v for name, v in one.scores.items() if name != "class"])) for one in found]
    return max((float(np.quantile(values, 0.95)) for values in every), default=0.0) or 1.0


def _limits(found: Sequence[Explanation], one: bool) -> dict[str, scale.Scale]:
    """Method → its scale: the same limit for all, or one for each unit."""
    if one:
        most = limit(found)
        kinds = {
            True: scale.diverging([], limit=most, label=DENSITY),
            False: scale.sequential([], limits=(0.0, most), label=DENSITY),
        }
        return {this.method: kinds[this.signed] for this in found}
    kind = {this.method: (this.unit, this.signed) for this in found}
    return {m: shared([this for this in found if kind[this.method] == kind[m]]) for m in kind}


def _method(opened: Opened, name: str, raw: Explanation, drawn: Explanation, limits: scale.Scale, *, one: bool) -> None:
    """One method: its views below each other, and how far to trust it."""
    method = METHODS[name]
    st.markdown(f"**{method.title}**", help=method.words)
    shown = methods.ranked(raw)
    for view in opened.views if shown is not None else ():
        key = f"find {name} {'one' if one else 'own'}"
        draw_view(opened, drawn, view, limits, key=key, title=opened.named(view).capitalize(), compact=True)
    methods.facts(shown)
    if shown is not None and opened.truth is not None:
        inside = planted.inside(opened.run.spaces, raw.scores, opened.truth)
        st.caption(
            f":material/target: {inside.share:.0%} of what speaks for it lies in the dashed place "
            f"(all cells alike: {inside.chance:.0%})."
        )
    methods.trusted(opened.card, name)


def _agreement(opened: Opened, found: Sequence[Explanation]) -> None:
    """Rank correlations of the methods on the patches of each view."""
    with st.expander("How far the methods agree"):
        for view in opened.views:
            scored = {METHODS[one.method].title: one for one in found if view in one.scores}
            if len(scored) < 2:
                continue
            st.markdown(f"**{opened.named(view).capitalize()}**, {len(opened.cells(view))} patches")
            rows = [{"": title, **{t: _rank(a, b, view) for t, b in scored.items()}} for title, a in scored.items()]
            st.dataframe(rows, hide_index=True)
        st.caption(
            "Spearman’s rank correlation over all patches of a view; 1 is the same order. A method that scores coarser "
            "cells than the patches, as Grad-CAM does, is not compared."
        )


def _rank(a: Explanation, b: Explanation, view: str) -> str:
    found = agreement(a, b, view).spearman
    return "constant" if found is None else scale.signed(found)
