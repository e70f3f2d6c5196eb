"""Faithfulness of what is shown: deletion curves, and the output under other attention weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from xviz import record
from xviz.core.explanation import Facts
from xviz.core.run import Target
from xviz.draw.scale import number, signed
from xviz.explain import METHODS
from xviz.explain.faithfulness import Curves, curves
from xviz.explain.interventions import Intervention, intervene
from xviz.ui import cache, charts, methods, page, state
from xviz.ui.records import Opened

HIGHEST, LOWEST, RANDOM = "highest score first", "lowest score first", "random order: mean and 95 % band"
LISTED = 12  #: names of removed tokens, at most


@dataclass(frozen=True)
class Trial:
    """How a page's tests are set up and put into words."""

    prefix: str  #: of the widgets' keys
    space: str  #: whose tokens are removed
    tokens: str  #: what people call them
    attention: str  #: which attention is replaced, in words
    part: str  #: of the model whose attention is replaced; "" for all of it
    last: bool  #: whether only the last of these calls is replaced, or all of them
    data: str  #: what the record was measured on, for people
    methods: tuple[str, ...]  #: keys of the methods that can give an order
    beside: str = "beside"  #: the widget whose method is offered first
    first: str = "occlusion"  #: the method that is offered first where that one cannot give an order
    hides: bool = False  #: whether the page can hide the tokens of this space
    focus: Target | None = None  #: whose view methods take that need one; None is the class token's


@dataclass(frozen=True, eq=False)
class Step:
    """A point of a curve that was clicked."""

    curves: Curves
    line: int  #: 0 highest first, 1 lowest first
    step: int  #: counted from 0, nothing removed


@st.fragment
def show(opened: Opened, trial: Trial) -> None:
    """Two tests that begin when asked for, and what was measured on many samples."""
    left, right = st.columns(2, gap="medium")
    with left, page.told():
        _deletion(opened, trial)
    with right, page.told():
        _intervention(opened, trial)
    if measured := record.read(getattr(opened.card, "checkpoint", None) or ""):
        page.folded(f"Measured on {trial.data}", lambda: st.markdown(record.as_markdown(measured)), key="measured")


def _deletion(opened: Opened, trial: Trial) -> None:
    """Tokens removed in the order of a method's scores."""
    st.markdown(
        "**Deletion curve**",
        help=f"{trial.tokens} are removed one after another, highest score first. Faithful scores make the output "
        "fall faster than random orders do.",
    )
    if not trial.methods:
        st.caption("No method of this model can order tokens.")
        return
    keys = list(trial.methods)
    chosen = str(state.widget(trial.beside, trial.first))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Order by",
            keys,
            index=keys.index(chosen) if chosen in keys else keys.index(trial.first),
            format_func=lambda k: METHODS[k].title,
            key=f"{trial.prefix}.deletion",
            persist_state="page",
        )
        pressed = st.button("Compute curve", icon=":material/play_arrow:", key=f"{trial.prefix}.measure")
    target = opened.target()
    key = f"curves {opened.run.provenance.json()} {opened.choices.masked} {name} {target.output}"
    key += f" {trial.space} {trial.focus}"
    work = st.container()  # always there, so that what stands below keeps its place
    if pressed:
        with work, page.progress("Deletion") as move:
            view = trial.focus or Target(target.output, "class", (0,))
            ranking = cache.explain(opened.run, cache.Question(name, view if METHODS[name].needs_focus else target))
            loaded = cache.load(opened.card.key)
            opened.choices.remember(
                key,
                curves(loaded, opened.run, target, ranking, trial.space, progress=move)
                if ranking.facts.ranked
                else ranking.facts,
            )
    measured = opened.choices.recall(key)
    if isinstance(measured, Curves):
        _draw(opened, measured, trial, target.output)
    elif isinstance(measured, Facts):
        methods.told(measured)


def _draw(opened: Opened, measured: Curves, trial: Trial, output: str) -> None:
    lines = {HIGHEST: measured.ranked, LOWEST: measured.inverse, RANDOM: measured.random.mean(0)}
    area, chance = float(measured.area(measured.ranked)), measured.area(measured.random)
    summary = (
        f"Area under the curve {area:.3f}; random orders {chance.mean():.3f} ± {chance.std():.3f} (n = {len(chance)}), "
        f"{100 * measured.beaten():.0f} % of them larger."
    )
    removed = f"share of {trial.tokens[0].lower()}{trial.tokens[1:]} removed"
    charts.lines(
        measured.shares,
        lines,
        (charts.Axis(removed, ".0%"), charts.Axis(output)),
        key=f"{trial.prefix}.curve {measured.provenance.json()}",
        alt=f"Deletion curve: {output} over the {removed}. {summary}",
        band=charts.Band(*measured.band()),
        pick=lambda line, step: opened.choices.remember(f"{trial.prefix} step", Step(measured, line, step)),
    )
    st.caption(summary)
    _step(opened, trial, measured, output)


def _step(opened: Opened, trial: Trial, measured: Curves, output: str) -> None:
    """What is gone at the point of the curve that was clicked."""
    picked = opened.choices.recall(f"{trial.prefix} step")
    if not isinstance(picked, Step) or picked.curves is not measured or picked.line > 1:
        st.caption("Click a point of the first two lines to see what was removed there.")
        return
    gone = measured.moved("inverse" if picked.line else "ranked", picked.step)
    value = (measured.ranked, measured.inverse)[picked.line][picked.step]
    spaces = [opened.run.spaces[name] for name in trial.space.split("+")]
    names = [space.label(token) for space in spaces for token in range(len(space))]
    listed = ", ".join(names[token] for token in gone[:LISTED]) + (" …" if len(gone) > LISTED else "")
    st.markdown(
        f"**{(HIGHEST, LOWEST)[picked.line].capitalize()}**, {measured.shares[picked.step]:.0%} removed: {output} "
        f"{number(float(value))}; {len(measured.order) - len(gone)} of {len(measured.order)} left. "
        f"Removed: {listed or 'none'}."
    )
    if trial.hides and 0 < len(gone) < len(measured.order):
        title = f"Hide these {len(gone)} on the page" if len(gone) > 1 else "Hide this one on the page"
        if st.button(title, icon=":material/visibility_off:", key=f"{trial.prefix}.hide removed"):
            opened.choices.mask((*opened.choices.masked, *(int(token) for token in gone)))
            st.rerun()


def _intervention(opened: Opened, trial: Trial) -> None:
    """The output with uniform and with shuffled attention weights."""
    st.markdown(
        "**Attention intervention**",
        help=f"{trial.attention} replaced: uniform, or shuffled within each row. If the output hardly changes, "
        "the attention map explains little of it.",
    )
    key = f"attention {opened.choices.masked} {opened.run.provenance.json()}"
    pressed = st.button("Replace the weights", icon=":material/shuffle:", key=f"{trial.prefix}.replace")
    work = st.container()
    if pressed:
        with work, page.progress("Intervention") as move:
            chosen = _last(opened, trial.part) if trial.last else None
            loaded = cache.load(opened.card.key)
            kinds = ("uniform", "permuted")
            changed = [intervene(loaded, opened.run, kind, call=chosen, progress=move) for kind in kinds]
            opened.choices.remember(key, changed)
    changed_runs = opened.choices.recall(key)
    if isinstance(changed_runs, list):
        output = opened.target().output
        original = {"weights": "original", output: number(opened.run.outputs[output]), "change": ""}
        st.dataframe([original, *(_row(after, output) for after in changed_runs)], hide_index=True, width="stretch")


def _last(opened: Opened, part: str) -> str:
    """The last attention of a part of the model, or of all of it."""
    if not part:
        return opened.run.calls[-1].name
    return [call.name for call in opened.run.calls if opened.card.calls[call.name].part == part][-1]


def _row(intervention: Intervention, output: str) -> dict[str, str]:
    values = intervention.after[output]
    name = "uniform" if intervention.kind == "uniform" else f"shuffled (mean of {len(values)})"
    change = float(np.mean(intervention.change(output)))
    return {"weights": name, output: number(float(np.mean(values))), "change": signed(change, ".3f")}
