"""How far to trust what is shown: deletion curves, and what becomes of the score under other attention."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz import record
from xviz.explain import METHODS
from xviz.explain.faithfulness import Curves, curves
from xviz.explain.interventions import Intervention, intervene
from xviz.ui import cache, parts, state
from xviz.ui.scene import Scene


@st.fragment
def show(scene: Scene) -> None:
    """Two tests that begin when asked for."""
    st.subheader("How far to trust it")
    left, right = st.columns(2, gap="medium")
    with left, parts.told():
        _deletion(scene)
    with right, parts.told():
        _attention_matters(scene)
    _measured(scene)


def _deletion(scene: Scene) -> None:
    """Regions taken away in the order of a method's scores."""
    st.markdown(
        "**Deletion.** Regions are hidden from the model one after another, strongest first. "
        "A method that found what matters makes the score fall faster than chance."
    )
    keys = [key for key in METHODS if METHODS[key].kind != "attention" or not METHODS[key].needs_focus]
    chosen = str(state.widget("beside", "occlusion"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Order by",
            keys,
            index=keys.index(chosen) if chosen in keys else 0,
            format_func=lambda k: METHODS[k].title,
            key="match.deletion",
        )
        asked = st.button("Measure", icon=":material/play_arrow:", key="match.measure")
    place = f"curves {scene.run.provenance.sample_digest} {scene.choices.masked} {name}"
    if asked:
        with parts.progress("Deletion") as move:
            target = scene.target(None)
            found = cache.explain(scene.run, cache.Question(name, target))
            scene.choices.remember(
                place, curves(cache.load(scene.card.key), scene.run, target, found, "regions", progress=move)
            )
    kept = scene.choices.recall(place)
    if isinstance(kept, Curves):
        _draw(kept)


def _draw(kept: Curves) -> None:
    low, high = kept.band()
    st.line_chart(
        {
            "share of regions hidden": kept.shares,
            "strongest first": kept.ranked,
            "weakest first": kept.inverse,
            "chance, lower 2.5 %": low,
            "chance, mean": kept.random.mean(0),
            "chance, upper 2.5 %": high,
        },
        x="share of regions hidden",
        y_label="score",
        color=["#9a9a9a", "#9a9a9a", "#9a9a9a", "#00429d", "#c26a00"],
        height=260,
    )
    area, chance = float(kept.area(kept.ranked)), kept.area(kept.random)
    st.caption(
        f"Area under the curve {area:.3f}; random orders {chance.mean():.3f} ± {chance.std():.3f} "
        f"({len(chance)} of them). The method beats {kept.beaten():.0%} of them."
    )


def _attention_matters(scene: Scene) -> None:
    """Uniform and shuffled weights in the joint attention."""
    st.markdown(
        "**Does the attention matter here?** The joint attention's weights are replaced: all equal, or shuffled within "
        "each row. If the score stays where it was, the map explains little of it."
    )
    place = f"attention {scene.run.provenance.sample_digest} {scene.choices.masked} {scene.run.provenance.json()}"
    if st.button("Replace the weights", icon=":material/shuffle:", key="match.replace"):
        with parts.progress("Other weights") as move:
            calls = [call.name for call in scene.run.calls if call.name.startswith("joint")]
            loaded = cache.load(scene.card.key)
            kinds = ("uniform", "permuted")
            scene.choices.remember(
                place, [intervene(loaded, scene.run, kind, call=calls[-1], progress=move) for kind in kinds]
            )
    kept = scene.choices.recall(place)
    if isinstance(kept, list):
        rows = [_row("as it is", scene.run.outputs["score"], None), *(_after(one) for one in kept)]
        st.dataframe(rows, hide_index=True, width="stretch")


def _row(name: str, score: float, change: float | None) -> dict[str, object]:
    return {"weights": name, "score": f"{score:.3f}", "change": "" if change is None else f"{change:+.3f}"}


def _after(one: Intervention) -> dict[str, object]:
    values = one.after["score"]
    name = "all equal" if one.kind == "uniform" else f"shuffled ({len(values)} times, mean)"
    return _row(name, float(np.mean(values)), float(np.mean(one.change("score"))))


def _measured(scene: Scene) -> None:
    """The record of the checkpoint, as tables."""
    found = record.read(scene.card.checkpoint or "")
    if not found:
        return
    with st.expander("What was measured on held-out scenes"):
        st.markdown(record.as_markdown(found))
