"""How far to trust what is shown: deletion curves, and what becomes of the score under other attention."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import streamlit as st

from xviz import record
from xviz.core.run import Target
from xviz.draw.scale import number, signed
from xviz.explain import METHODS
from xviz.explain.faithfulness import Curves, curves
from xviz.explain.interventions import Intervention, intervene
from xviz.ui import cache, page, state
from xviz.ui.records import Opened

CHANCE = "random orders, mean; shaded: 95 % of them"


@dataclass(frozen=True)
class Trial:
    """How a page's tests are set up and put into words."""

    prefix: str  #: of the widgets' keys
    space: str  #: whose tokens are taken away
    tokens: str  #: what people call them
    attention: str  #: which attention is replaced, in words
    part: str  #: of the model whose attention is replaced; "" for all of it
    last: bool  #: whether only the last of these calls is replaced, or all of them
    data: str  #: what the record was measured on, for people
    methods: tuple[str, ...]  #: keys of the methods that can give an order
    beside: str = "beside"  #: the widget whose method is offered first
    first: str = "occlusion"  #: the method that is offered first where that one cannot give an order


@st.fragment
def show(opened: Opened, trial: Trial) -> None:
    """Two tests that begin when asked for."""
    st.subheader("How far to trust it")
    left, right = st.columns(2, gap="medium")
    with left, page.told():
        _deletion(opened, trial)
    with right, page.told():
        _attention_matters(opened, trial)
    _measured(opened, trial)


def _deletion(opened: Opened, trial: Trial) -> None:
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
    target = opened.target()
    place = f"curves {opened.run.provenance.json()} {opened.choices.masked} {name} {target.output}"
    work = st.container()  # always there, so that what stands below keeps its place
    if asked:
        with work, page.progress("Deletion") as move:
            focus = Target(target.output, "class", (0,)) if METHODS[name].needs_focus else target
            found = cache.explain(opened.run, cache.Question(name, focus))
            opened.choices.remember(
                place, curves(cache.load(opened.card.key), opened.run, target, found, trial.space, progress=move)
            )
    kept = opened.choices.recall(place)
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


def _attention_matters(opened: Opened, trial: Trial) -> None:
    """Uniform and shuffled weights in the joint attention."""
    st.markdown(
        f"**Does the attention matter here?** {trial.attention} replaced: all equal, or shuffled within "
        "each row. If the score stays where it was, the map explains little of it."
    )
    place = f"attention {opened.choices.masked} {opened.run.provenance.json()}"
    asked = st.button("Replace the weights", icon=":material/shuffle:", key=f"{trial.prefix}.replace")
    work = st.container()
    if asked:
        with work, page.progress("Other weights") as move:
            titles = opened.card.calls
            calls = [call.name for call in opened.run.calls if trial.part in ("", titles[call.name].part)]
            chosen = calls[-1] if trial.last else None
            loaded = cache.load(opened.card.key)
            kinds = ("uniform", "permuted")
            opened.choices.remember(
                place, [intervene(loaded, opened.run, kind, call=chosen, progress=move) for kind in kinds]
            )
    kept = opened.choices.recall(place)
    if isinstance(kept, list):
        output = opened.target().output
        rows = [_row("as it is", opened.run.outputs[output], None), *(_after(one, output) for one in kept)]
        st.dataframe(rows, hide_index=True, width="stretch")


def _row(name: str, score: float, change: float | None) -> dict[str, object]:
    return {"weights": name, "score": number(score), "change": "" if change is None else signed(change, ".3f")}


def _after(one: Intervention, output: str) -> dict[str, object]:
    values = one.after[output]
    name = "all equal" if one.kind == "uniform" else f"shuffled ({len(values)} times, mean)"
    return _row(name, float(np.mean(values)), float(np.mean(one.change(output))))


def _measured(opened: Opened, trial: Trial) -> None:
    """The record of the checkpoint, as tables."""
    found = record.read(opened.card.checkpoint or "")
    if not found:
        return
    with st.expander(f"What was measured on {trial.data}"):
        st.markdown(record.as_markdown(found))
