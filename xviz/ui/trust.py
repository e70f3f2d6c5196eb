"""How far to trust what is shown: deletion curves, and what becomes of the score under other attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import altair as alt
import numpy as np
import streamlit as st

from xviz import record
from xviz.core.run import Run, Target
from xviz.draw.scale import number, signed
from xviz.explain import METHODS
from xviz.explain.faithfulness import Curves, curves
from xviz.explain.interventions import Intervention, intervene
from xviz.models.card import ModelCard
from xviz.ui import cache, page, state
from xviz.ui.state import Choices, Selection


class Shown(Protocol):
    """What is tested: a sample on the screen, as every model's page has it."""

    card: ModelCard
    choices: Choices
    run: Run

    def target(self, selection: Selection | None) -> Target:
        """What is explained."""


CHANCE = "random orders, mean; shaded: 95 % of them"


@dataclass(frozen=True)
class Trial:
    """How a page's tests are set up and put into words."""

    prefix: str  #: of the widgets' keys
    space: str  #: whose tokens are taken away
    tokens: str  #: what people call them
    attention: str  #: which attention is replaced, in words
    calls: str  #: how the names of its calls begin; "" for all
    last: bool  #: whether only the last of these calls is replaced, or all of them
    data: str  #: what the record was measured on, for people
    methods: tuple[str, ...]  #: keys of the methods that can give an order
    beside: str = "beside"  #: the widget whose method is offered first
    first: str = "occlusion"  #: the method that is offered first where that one cannot give an order


MATCHING = Trial(
    prefix="match", space="regions", tokens="Regions", attention="The joint attention's weights are", calls="joint",
    last=True, data="held-out scenes",
    methods=tuple(key for key in METHODS if METHODS[key].kind != "attention" or not METHODS[key].needs_focus),
)  # fmt: skip


RECORDINGS = Trial(
    prefix="eeg", space="psd", tokens="Powers (PSD) of electrodes", calls="", last=False, beside="against",
    attention="The weights of both directions are all", data="simulated recordings, and on real ones",
    methods=tuple(
        key for key in METHODS if not METHODS[key].needs_focus and not METHODS[key].needs_convolution and key != "shap"
    ),
)  # fmt: skip


ROOMS = Trial(
    prefix="rooms", space="supervoxels", tokens="Supervoxels", calls="decoder", last=False, beside="method",
    attention="The weights of the decoder, within and across sides, are all", data="rooms of unseen furniture",
    methods=("rollout", "relevance", "gradient", "integrated", "gradcam", "occlusion"), first="gradcam",
)  # fmt: skip


def views(names: tuple[str, ...], sounds: bool) -> Trial:
    """The tests of a page of views: the patches of all views are taken away together."""
    return Trial(
        prefix="views", space="+".join(names), tokens="Patches of all views", calls="", last=False,
        attention="The weights of all blocks are", data="sounds" if sounds else "pictures", first="integrated",
        beside="views.order",
        methods=tuple(key for key in METHODS if not METHODS[key].needs_convolution and key != "shap"),
    )  # fmt: skip


@st.fragment
def show(scene: Shown, trial: Trial = MATCHING) -> None:
    """Two tests that begin when asked for."""
    st.subheader("How far to trust it")
    left, right = st.columns(2, gap="medium")
    with left, page.told():
        _deletion(scene, trial)
    with right, page.told():
        _attention_matters(scene, trial)
    _measured(scene, trial)


def _deletion(scene: Shown, trial: Trial) -> None:
    """Tokens taken away in the order of a method's scores."""
    st.markdown(
        f"**Deletion.** {trial.tokens} are hidden from the model one after another, strongest first. "
        "A method that found what matters makes the score fall faster than chance."
    )
    keys = list(trial.methods)
    chosen = str(state.widget(trial.beside, trial.first))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Order by",
            keys,
            index=keys.index(chosen) if chosen in keys else keys.index(trial.first),
            format_func=lambda k: METHODS[k].title,
            key=f"{trial.prefix}.deletion",
        )
        asked = st.button("Measure", icon=":material/play_arrow:", key=f"{trial.prefix}.measure")
    target = scene.target(None)
    place = f"curves {scene.run.provenance.json()} {scene.choices.masked} {name} {target.output}"
    work = st.container()  # always there, so that what stands below keeps its place
    if asked:
        with work, page.progress("Deletion") as move:
            focus = Target(target.output, "class", (0,)) if METHODS[name].needs_focus else target
            found = cache.explain(scene.run, cache.Question(name, focus))
            scene.choices.remember(
                place, curves(cache.load(scene.card.key), scene.run, target, found, trial.space, progress=move)
            )
    kept = scene.choices.recall(place)
    if isinstance(kept, Curves):
        _draw(kept, trial, target.output)


def _draw(kept: Curves, trial: Trial, output: str) -> None:
    low, high = kept.band()
    hidden = f"share of {trial.tokens[0].lower()}{trial.tokens[1:]} hidden"
    lines = {"strongest first": kept.ranked, "weakest first": kept.inverse, CHANCE: kept.random.mean(0)}
    points = [
        {"share": float(share), "line": name, "value": float(value)}
        for name, values in lines.items()
        for share, value in zip(kept.shares, values, strict=True)
    ]
    band = [
        {"share": float(share), "low": float(below), "high": float(above)}
        for share, below, above in zip(kept.shares, low, high, strict=True)
    ]
    colours = alt.Color(
        "line:N", title=None, scale=alt.Scale(domain=list(lines), range=["#3b7dd8", "#c26a00", "#8a8a8a"])
    )
    x = alt.X("share:Q", title=hidden, axis=alt.Axis(format="%"))
    drawn = alt.layer(
        alt.Chart(alt.Data(values=band)).mark_area(color="#8a8a8a", opacity=0.25).encode(x, y="low:Q", y2="high:Q"),
        alt.Chart(alt.Data(values=points)).mark_line().encode(
            x, y=alt.Y("value:Q", title=output), color=colours, tooltip=["line:N", "share:Q", "value:Q"]
        ),
    ).properties(height=340).configure_legend(orient="bottom", columns=1, labelLimit=400)  # fmt: skip
    st.altair_chart(drawn, width="stretch")
    area, chance = float(kept.area(kept.ranked)), kept.area(kept.random)
    st.caption(
        f"Area under the curve {area:.3f}; random orders {chance.mean():.3f} ± {chance.std():.3f} "
        f"({len(chance)} of them). The method beats {kept.beaten():.0%} of them."
    )


def _attention_matters(scene: Shown, trial: Trial) -> None:
    """Uniform and shuffled weights in the joint attention."""
    st.markdown(
        f"**Does the attention matter here?** {trial.attention} replaced: all equal, or shuffled within "
        "each row. If the score stays where it was, the map explains little of it."
    )
    place = f"attention {scene.choices.masked} {scene.run.provenance.json()}"
    asked = st.button("Replace the weights", icon=":material/shuffle:", key=f"{trial.prefix}.replace")
    work = st.container()
    if asked:
        with work, page.progress("Other weights") as move:
            calls = [call.name for call in scene.run.calls if call.name.startswith(trial.calls)]
            chosen = calls[-1] if trial.last else None
            loaded = cache.load(scene.card.key)
            kinds = ("uniform", "permuted")
            scene.choices.remember(
                place, [intervene(loaded, scene.run, kind, call=chosen, progress=move) for kind in kinds]
            )
    kept = scene.choices.recall(place)
    if isinstance(kept, list):
        output = scene.target(None).output
        rows = [_row("as it is", scene.run.outputs[output], None), *(_after(one, output) for one in kept)]
        st.dataframe(rows, hide_index=True, width="stretch")


def _row(name: str, score: float, change: float | None) -> dict[str, object]:
    return {"weights": name, "score": number(score), "change": "" if change is None else signed(change, ".3f")}


def _after(one: Intervention, output: str) -> dict[str, object]:
    values = one.after[output]
    name = "all equal" if one.kind == "uniform" else f"shuffled ({len(values)} times, mean)"
    return _row(name, float(np.mean(values)), float(np.mean(one.change(output))))


def _measured(scene: Shown, trial: Trial) -> None:
    """The record of the checkpoint, as tables."""
    found = record.read(scene.card.checkpoint or "")
    if not found:
        return
    with st.expander(f"What was measured on {trial.data}"):
        st.markdown(record.as_markdown(found))
