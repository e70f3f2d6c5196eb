"""What is said of a recording before anything is picked: its attention, and what a network answers."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.checkpoints import OWN
from xviz.core.errors import SampleError
from xviz.core.run import Target
from xviz.draw.scale import signed
from xviz.models import MODELS
from xviz.models.card import ModelCard
from xviz.ui import cache
from xviz.ui.eeg import refused
from xviz.ui.eeg.sample import WHOLE, Chosen, Opened


def opened(card: ModelCard, chosen: Chosen) -> Opened | None:
    """The recording, run; None where it is refused, of which then everything that helps is shown."""
    why = chosen.report.refusal
    if chosen.sample is not None:
        try:
            return answer(MODELS["mca-native"] if chosen.native else card, chosen)
        except SampleError as error:
            why = str(error)
    refused.show(chosen, why)
    return None


def answer(card: ModelCard, chosen: Chosen) -> Opened:
    """Run the model and show both outputs, and which of them is explained; attention first."""
    if card.formula:
        return _formula(card, chosen)
    first = st.container()
    block, steps = card.settings.block, card.settings.plan.steps
    windows = [WHOLE, *(f"{start}–{start + block} s" for start in range(0, steps, block))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        output = st.segmented_control(
            "Output to explain", list(card.outputs), default=card.target, key="answer", bind="query-params",
            required=True,
        )  # fmt: skip
        judged = st.select_slider(
            "Time window", windows, key="window", bind="query-params",
            help="The output for the whole minute is the mean over its 3 s windows; click a window in the traces to "
            "choose it. Attention is always computed over the whole minute.",
        )  # fmt: skip
    window = None if judged == WHOLE else windows.index(judged) - 1
    context = {} if window is None else {"window": float(window)}  # the model's own is the mean over all
    before = cache.run(card.key, chosen.sample, **context)
    masked = tuple(i for i in chosen.choices.masked if i < len(before.spaces["psd"]))
    run = cache.run(card.key, chosen.sample, gone=(("de", masked), ("psd", masked)), **context)
    opened = Opened(
        card=card, choices=chosen.choices, sample=chosen.sample, report=chosen.report, example=chosen.example, run=run,
        before=before, output=str(output), window=window,
    )  # fmt: skip
    simulated = chosen.example is not None and chosen.example.kind == "simulated"
    if simulated or card.checkpoint in OWN:
        _outputs(opened)
        return opened
    with first:
        _headline(opened)
    _small(opened)
    return opened


def _formula(card: ModelCard, chosen: Chosen) -> Opened:
    """The attention of channels as they are."""
    before = cache.run(card.key, chosen.sample)
    masked = tuple(i for i in chosen.choices.masked if i < len(before.spaces["psd"]))
    run = cache.run(card.key, chosen.sample, gone=(("de", masked), ("psd", masked)))
    opened = Opened(
        card=card, choices=chosen.choices, sample=chosen.sample, report=chosen.report, example=chosen.example, run=run,
        before=before, output=card.target, window=None,
    )  # fmt: skip
    _headline(opened)
    st.caption(
        "Native montage: features and attention of the published formula for these channels. No network answers here."
    )
    return opened


def _headline(opened: Opened) -> None:
    """What the attention of this recording is, before anything that a network says."""
    columns = st.columns(2, vertical_alignment="top")
    for column, (call, title) in zip(columns, opened.card.calls.items(), strict=True):
        question = cache.Question("received", Target(opened.output), call)
        scores = cache.explain(opened.run, question).scores[opened.run.call(call).keys]
        order = [int(i) for i in np.argsort(-scores) if i not in opened.absent][:3]
        listed = ", ".join(f"{opened.names[i]} {scores[i]:.3f}" for i in order)
        uniform = 1 / max(1, len(opened.names) - len(opened.absent))
        column.metric(
            f"Most attention received, {title.direction}",
            listed,
            help=f"Mean over bands and queries; uniform attention would be {uniform:.3f} for each of the electrodes.",
        )


def _small(opened: Opened) -> None:
    """What the network says of a recording of a kind that it never saw: small, with its sentence."""
    answers = []
    for name in opened.card.outputs:
        value, before = opened.run.outputs[name], opened.before.outputs[name]
        change = f", {value - before:+.2f} compared with all electrodes" if opened.edited else ""
        answers.append(f"{name} {'high' if value > 0 else 'low'} ({signed(value)}{change})")
    st.caption(
        f"What the network answers for {opened.called(opened.window)}: {'; '.join(answers)}. It knows simulated brains "
        "only.",
        help="Logit of “high” minus that of “low”: 0 is undecided, ±2.2 means odds of nine to one.",
    )


def _outputs(opened: Opened) -> None:
    """Both outputs."""
    columns = st.columns([1, 1, 2], vertical_alignment="top")
    for column, name in zip(columns, opened.card.outputs, strict=False):
        value, before = opened.run.outputs[name], opened.before.outputs[name]
        column.metric(
            f"{name.capitalize()}, {opened.called(opened.window)}",
            f"{'high' if value > 0 else 'low'} ({signed(value)})",
            f"{value - before:+.2f}" if opened.edited else None,
            delta_description="compared with all electrodes" if opened.edited else None,
            help="Logit of “high” minus that of “low”: 0 is undecided, ±2.2 means odds of nine to one.",
        )


def warn(chosen: Chosen, card: ModelCard) -> None:
    """What an output is worth for this recording, above the outputs."""
    if chosen.native:
        return
    if chosen.example is not None and chosen.example.kind == "simulated":
        ratings = ", ".join(f"{name} {value:.1f}" for name, value in chosen.example.truth.ratings.items())
        st.info(
            f"**Simulated recording.** No brain was recorded. Ratings given to the simulation: {ratings} (1–9, high "
            "from 5 on), so the electrodes and bands that follow them are known.",
            icon=":material/science:",
        )
    elif card.checkpoint in OWN:
        st.warning(
            f"**Custom weights**, `{OWN[card.checkpoint].path.name}`. xviz has measured nothing with them.",
            icon=":material/warning:",
        )
    else:
        st.warning(
            "**The model was trained on simulated recordings only**, and nothing was measured on yours. Its outputs "
            "say nothing about this person; features, attention and topographies are those of the recording."
            if chosen.example is None
            else "**The model was trained on simulated recordings only.** Its outputs say nothing about this person; "
            "features, attention and topographies are those of the recording.",
            icon=":material/warning:",
        )
