"""Where the evidence for a class is, by every method: views below each other, methods side by side on one scale."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.explain import METHODS, planted
from xviz.explain.faithfulness import agreement
from xviz.plates.views import DEFAULTS, DENSITY, limit, spread
from xviz.ui import cache, methods, page, steps
from xviz.ui.views.explore import keys_of, mount_keys, shared
from xviz.ui.views.sample import Opened

ACROSS = 3  #: methods beside each other


def explore(opened: Opened) -> tuple[tuple[Explanation, ...], tuple[Explanation, ...]]:
    """The methods side by side; their explanations, and these as they are drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            f"Methods that explain “{opened.output}”", list(METHODS), DEFAULTS,
            format_func=lambda k: METHODS[k].title, key="methods", bind="query-params", width=760,
        )  # fmt: skip
        common = st.toggle(
            "Common scale", value=True, key="one-scale", bind="query-params",
            help="Scores as densities: a score’s share of the method’s total magnitude over its patch’s share of the "
            "area, so that 1 is an even spread and methods of different units and patch sizes compare. "
            "Off: each method in its own unit; methods of the same unit share limits.",
        )  # fmt: skip
    raw: dict[str, Explanation] = {}
    for name in names:
        with page.told():
            question = cache.Question(name, opened.class_target(METHODS[name].needs_focus))
            if (explanation := methods.compute(opened.run, question, key=f"find {name}")) is not None:
                raw[name] = explanation
    drawn = {name: spread(opened.run, explanation) if common else explanation for name, explanation in raw.items()}
    ranked = [explanation for explanation in raw.values() if explanation.facts.ranked]
    limits = _limits([drawn[explanation.method] for explanation in ranked], common)
    for start in range(0, len(raw), ACROSS):
        for column, name in zip(st.columns(ACROSS, gap="medium"), list(raw)[start : start + ACROSS], strict=False):
            with column:
                st.markdown(f"**{METHODS[name].title}**")
                if methods.ranked(raw[name]) is not None:
                    for view in opened.views:
                        key, title = f"find {name} {common}", opened.named(view).capitalize()
                        of_view = keys_of(opened, drawn[name], view, limits[name], title=title, compact=True)
                        mount_keys(opened, view, of_view, key=key)
                    steps.map_sent(opened.card.key)
                    methods.facts(raw[name])
                _accuracy(opened, name, raw[name])
    _agreement(opened, ranked)
    return tuple(raw.values()), tuple(drawn.values())


def _limits(drawn: Sequence[Explanation], common: bool) -> dict[str, scale.Scale]:
    """Method → its scale: the same limit for all, or one for each unit."""
    if common:
        common_limit = limit(drawn)
        scales = {
            True: scale.diverging([], limit=common_limit, label=DENSITY),
            False: scale.sequential([], limits=(0.0, common_limit), label=DENSITY),
        }
        return {each.method: scales[each.signed] for each in drawn}
    kinds = {each.method: (each.unit, each.signed) for each in drawn}
    return {method: shared([each for each in drawn if kinds[each.method] == kind]) for method, kind in kinds.items()}


def _accuracy(opened: Opened, name: str, explanation: Explanation) -> None:
    """How much of the scores is where the class is, here and in what was measured."""
    if opened.truth is not None and explanation.facts.ranked:
        inside = planted.inside(opened.run.spaces, explanation.scores, opened.truth)
        st.caption(
            f":material/target: {100 * inside.share:.0f} % of the positive scores inside the dashed area "
            f"(uniform scores: {100 * inside.chance:.0f} %)"
        )
    methods.about(opened, name)


def _agreement(opened: Opened, explanations: Sequence[Explanation]) -> None:
    """Rank correlations of the methods on the patches of each view."""

    def table() -> None:
        for view in opened.views:
            scored = {METHODS[each.method].title: each for each in explanations if view in each.scores}
            if len(scored) < 2:
                continue
            st.markdown(f"**{opened.named(view).capitalize()}**, {len(opened.cells(view))} patches")
            rows = [
                {"method": title, **{other: _rank(a, b, view) for other, b in scored.items()}}
                for title, a in scored.items()
            ]
            st.dataframe(rows, hide_index=True)
        st.caption(
            "Spearman’s rank correlation over all patches of a view. Methods whose scores are coarser than patches, "
            "such as Grad-CAM, are not compared."
        )

    page.folded("Agreement of the methods", table, key="agreement")


def _rank(a: Explanation, b: Explanation, view: str) -> str:
    spearman = agreement(a, b, view).spearman
    return "constant" if spearman is None else scale.signed(spearman)
