"""From the class to the sound: what each method says was heard where, and what is left without cross-attention."""

from __future__ import annotations

import streamlit as st

from xviz import record
from xviz.core.explanation import Explanation
from xviz.explain import METHODS
from xviz.explain.faithfulness import agreement
from xviz.ui import cache, parts, state
from xviz.ui.explore import SLOW
from xviz.ui.hearing import Heard, probability
from xviz.ui.viewing import draw, shared

DEFAULTS = ("relevance", "occlusion")


def explore(heard: Heard) -> tuple[Explanation | None, Explanation | None]:
    """Two methods under each other, with the same limits where they measure the same."""
    st.subheader(f"Where was “{heard.output}” heard?")
    found: list[Explanation | None] = []
    for key, default in zip(("found", "against"), DEFAULTS, strict=True):
        found.append(None)
        with parts.told():
            found[-1] = _answer(heard, key, default)
    first, second = found
    _agree(first, second)
    return first, second


def _answer(heard: Heard, key: str, default: str) -> Explanation | None:
    """One method: its choice, both views, and how far to trust it."""
    keys = list(METHODS)
    name = st.selectbox(
        "Method" if key == "found" else "Beside it",
        keys,
        index=keys.index(default),
        format_func=lambda k: METHODS[k].title,
        key=key,
        bind="query-params",
        width=360,
    )
    method = METHODS[name]
    question = cache.Question(name, heard.target(method.needs_focus))
    found = cache.known(heard.run, question)
    if found is None and (
        name not in SLOW or st.button(f"Compute {method.title}", key=f"{key} go", icon=":material/play_arrow:")
    ):
        with parts.progress(method.title) as move:
            found = cache.explain(heard.run, question, move)
    if found is not None:
        limits = shared([one for one in (found, _other(heard, key, found)) if one is not None])
        draw(heard, found, key=f"{key} {name}", title=method.title, limits=limits)
    st.caption(method.words)
    if said := record.trust(heard.card, name):
        st.caption(f":material/verified: {said}")
    return found


def _other(heard: Heard, key: str, found: Explanation) -> Explanation | None:
    """The other method's answer, where it is known and measures the same."""
    name = str(state.widget("against" if key == "found" else "found", ""))
    if name not in METHODS:
        return None
    known = cache.known(heard.run, cache.Question(name, heard.target(METHODS[name].needs_focus)))
    return known if known is not None and (known.unit, known.signed) == (found.unit, found.signed) else None


def _agree(first: Explanation | None, second: Explanation | None) -> None:
    """How far two methods agree on the patches of each view."""
    if first is None or second is None or first.method == second.method:
        return
    said = []
    for space in sorted(set(first.scores) & set(second.scores) - {"class"}):
        found = agreement(first, second, space)
        rank = "none (one of them is constant)" if found.spearman is None else f"{found.spearman:+.2f}"
        said.append(
            f"{space.replace('view', 'view ')}: rank correlation **{rank}**, {round(found.overlap * found.k)} of the "
            f"{found.k} strongest shared (chance {found.chance * found.k:.1f})"
        )
    if said:
        st.markdown(
            f":material/compare_arrows: **{METHODS[first.method].title}** and **{METHODS[second.method].title}** on "
            f"the same patches — {'; '.join(said)}."
        )


def without(heard: Heard) -> None:
    """Switch off the cross-attention of stages, and see the answer change."""
    st.subheader("What if the views could not ask each other?")
    stages = [name for name in heard.run.inputs.context if name.startswith("cross_")]
    with st.container(horizontal=True):
        off = [
            stage
            for stage in stages
            if st.toggle(f"Switch off cross-attention of stage {stage.removeprefix('cross_')}", key=f"digits.{stage}")
        ]
    if not off:
        st.caption(
            "Switched off, the block adds nothing to its tokens; the rest of the model is as it was. The class token "
            "then sees the other view only through the stages that are left."
        )
        return
    after = cache.run_with(heard.card.key, heard.sample, target=heard.output, **dict.fromkeys(off, 0.0))
    rows = [
        {
            "digit": name,
            "as it is": probability(before),
            "switched off": probability(after.outputs[name]),
            "change of log-odds": after.outputs[name] - before,
        }
        for name, before in sorted(heard.run.outputs.items(), key=lambda pair: -pair[1])
    ]
    number = st.column_config.NumberColumn(format="%.3f")
    st.dataframe(
        rows, hide_index=True, column_config=dict.fromkeys(("as it is", "switched off", "change of log-odds"), number)
    )
