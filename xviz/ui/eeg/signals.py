"""The recording: its traces with their windows, the outputs over time, and what became of the channels."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.sample import Sample
from xviz.data.eeg.condition import Condition
from xviz.draw.scale import signed
from xviz.drawings import traces
from xviz.drawings.drawing import Surround
from xviz.explain import eeg_cells
from xviz.ui import cache, charts, components, memory, page, state
from xviz.ui.eeg import bring, channels
from xviz.ui.eeg.sample import WHOLE, Chosen, Opened

#: what traces may be filtered to, for the eye alone: high-pass and low-pass in Hz
DISPLAYED = {
    "As the model reads them": Condition(),
    "0.5–30 Hz": Condition(high_pass=0.5, low_pass=30),
    "1–40 Hz": Condition(high_pass=1, low_pass=40),
    "Theta, 4–8 Hz": Condition(high_pass=4, low_pass=8),
    "Alpha, 8–14 Hz": Condition(high_pass=8, low_pass=14),
    "Beta, 14–31 Hz": Condition(high_pass=14, low_pass=31),
}


def show(opened: Opened, chosen: Chosen) -> None:
    """Traces, outputs over time, channels."""
    if opened.card.formula:
        page.folded(
            "Traces",
            lambda: _traces(opened, {}),
            key=f"fold traces {opened.sample.shipped}",
            expanded=not opened.sample.shipped,
        )
    else:

        def shown() -> None:
            outputs: dict = cache.of_run(opened.run, eeg_cells.over_time, "over time")
            _traces(opened, outputs)
            _over_time(opened, outputs)

        page.folded(
            "Traces, and the outputs over time",
            shown,
            key=f"fold traces {opened.sample.shipped}",
            expanded=not opened.sample.shipped,
        )
    channels.show(opened)
    if not opened.card.formula:
        channels.rename(chosen)


def _over_time(opened: Opened, outputs: dict[str, np.ndarray]) -> None:
    """Both outputs in every window."""
    step = opened.card.settings.block
    ranges = {name: f"from {signed(min(values))} to {signed(max(values))}" for name, values in outputs.items()}
    charts.lines(
        (np.arange(opened.windows) + 0.5) * step,
        outputs,
        (charts.Axis("time in the clip, s"), charts.Axis("output, logits", zero="undecided")),
        key=f"over time {opened.place} {opened.window}",
        alt=f"Outputs in {opened.windows} windows of {step} s: "
        + "; ".join(f"{name} {spread}" for name, spread in ranges.items()),
        pick=lambda _, window: _picked(opened, window),
        height=280,
    )
    st.caption(
        f"One point for each {step} s window; the output of the whole minute is their mean. Click a point to judge its "
        "window alone.",
        help="All windows share one attention, computed over the whole minute, so windows are not independent.",
    )


def _traces(opened: Opened, outputs: dict[str, np.ndarray]) -> None:
    """The traces as the model reads them, before its features."""
    recording = channels.drawn_rate(opened.eeg, opened.card.settings.plan.rate)
    in_windows = [
        ", ".join(f"{name} {signed(values[i])}" for name, values in outputs.items()) for i in range(opened.windows)
    ]  # empty where no network answers
    notes = [f"Drawn at {recording.rate:g} Hz; recorded at {opened.eeg.rate:g} Hz."] * (
        recording.rate != opened.eeg.rate
    )
    fitting = [name for name, band in DISPLAYED.items() if band.low_pass < recording.rate / 2]
    band = str(st.selectbox("Filter of the traces", fitting, key="traces filter", persist_state="page", width=260))
    if DISPLAYED[band] != Condition():
        recording = bring.conditioned(Sample("traces", {"eeg": recording}).digest, DISPLAYED[band], recording)
        notes.append(f"Filtered for the eye alone, {band}: features and attention are not of these traces.")
    drawing = traces.traces(
        opened.marked,
        _sampled(opened.sample.digest, band, recording.signal),
        recording.rate,
        windows=traces.Windows(opened.card.settings.block, opened.windows, recording.rest, in_windows, opened.window),
        marks=traces.Marks(
            opened.absent,
            opened.electrodes.interpolated,
            [(mark.onset, mark.seconds, mark.label, mark.bad) for mark in opened.eeg.annotations],
        ),
        names_too=True,
        surround=Surround(f"{len(opened.names)} electrodes, {recording.seconds:.4g} s", " ".join(notes)),
    )
    components.mount(drawing, key=f"traces {opened.place}", on_pick=lambda pick: _picked(opened, pick))


@memory.kept()
def _sampled(digest: str, band: str, _signal: NDArray[np.floating]) -> traces.Samples:
    return traces.sampled(_signal)


def _picked(opened: Opened, pick: components.Pick) -> None:
    if isinstance(pick, int) and pick >= opened.windows:
        _bad(opened, pick - opened.windows)
    elif not opened.card.formula:
        state.set_widget("window", opened.called(pick) if isinstance(pick, int) else WHOLE)


def _bad(opened: Opened, channel: int) -> None:
    """Leave a channel out whose name was clicked, or take it back."""
    masked = set(opened.choices.masked)
    if channel in masked:
        opened.choices.mask(tuple(masked - {channel}))
    elif len(opened.names) - len(opened.absent) > opened.fewest:
        opened.choices.mask((*masked, channel))
