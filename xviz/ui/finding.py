"""From the class to the sound: what each method says was heard where, and what is left without cross-attention."""

from __future__ import annotations

import streamlit as st

from xviz.core.explanation import Explanation
from xviz.explain import METHODS
from xviz.ui import answers, cache, parts, state
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
    answers.agreed(first, second, "the same patches", {view: view.replace("view", "view ") for view in heard.views})
    return first, second


def _answer(heard: Heard, key: str, default: str) -> Explanation | None:
    """One method: its choice, both views, and how far to trust it."""
    name = answers.choose_method("Method" if key == "found" else "Beside it", default, key=key, width=360)
    method = METHODS[name]
    found = answers.answer(heard.run, cache.Question(name, heard.target(method.needs_focus)), key=key)
    if found is not None:
        limits = shared([one for one in (found, _other(heard, key, found)) if one is not None])
        draw(heard, found, key=f"{key} {name}", title=method.title, limits=limits)
    st.caption(method.words)
    answers.trusted(heard.card, name)
    return found


def _other(heard: Heard, key: str, found: Explanation) -> Explanation | None:
    """The other method's answer, where it is known and measures the same."""
    name = str(state.widget("against" if key == "found" else "found", ""))
    if name not in METHODS:
        return None
    known = cache.known(heard.run, cache.Question(name, heard.target(METHODS[name].needs_focus)))
    return known if known is not None and (known.unit, known.signed) == (found.unit, found.signed) else None


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
    after = cache.run(heard.card.key, heard.sample, target=heard.output, **dict.fromkeys(off, 0.0))
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
