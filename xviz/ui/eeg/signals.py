"""The recording: its traces with their windows, the outputs over time, and what became of the channels."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.core.sample import Eeg
from xviz.draw.scale import signed
from xviz.drawings import traces
from xviz.drawings.drawing import Surround
from xviz.explain import eeg_cells
from xviz.models.mca_features import resampled
from xviz.ui import cache, charts, components, state
from xviz.ui.eeg.sample import WHOLE, Opened
from xviz.ui.eeg.whatif import FEWEST

DRAWN = 200.0  #: Hz; traces of a higher rate are drawn at the model's


def show(opened: Opened) -> None:
    """Traces, outputs over time, channels."""
    outputs: dict = cache.of_run(opened.run, eeg_cells.over_time, "over time")
    with st.expander("Traces, and the outputs over time", expanded=not opened.sample.shipped):
        _over_time(opened, outputs)
        _traces(opened, outputs)
    _channels(opened)


def _over_time(opened: Opened, outputs: dict[str, np.ndarray]) -> None:
    """Both outputs in every window."""
    step = opened.card.settings.block
    ranges = {name: f"from {signed(min(values))} to {signed(max(values))}" for name, values in outputs.items()}
    charts.lines(
        (np.arange(opened.windows) + 0.5) * step,
        outputs,
        (charts.Axis("time in the clip, s"), charts.Axis("output, logits")),
        key=f"over time {opened.place} {opened.window}",
        alt=f"Outputs in {opened.windows} windows of {step} s: "
        + "; ".join(f"{name} {spread}" for name, spread in ranges.items()),
        zero="undecided",
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
    shown = _shown(opened.eeg, opened.card.settings.plan.rate)
    in_windows = [
        ", ".join(f"{name} {signed(values[i])}" for name, values in outputs.items()) for i in range(opened.windows)
    ]
    thinned = f"Drawn at {shown.rate:g} Hz; recorded at {opened.eeg.rate:g} Hz."
    note = "" if shown.rate == opened.eeg.rate else thinned
    drawing = traces.traces(
        opened.names,
        shown.signal,
        shown.rate,
        windows=traces.Windows(opened.card.settings.block, opened.windows, shown.rest, in_windows, opened.window),
        absent=opened.absent,
        surround=Surround(f"{len(opened.names)} electrodes, {shown.seconds:.4g} s", note),
    )
    components.mount(drawing, key=f"traces {opened.place}", on_pick=lambda pick: _picked(opened, pick))


def _shown(eeg: Eeg, rate: float) -> Eeg:
    """The recording at a rate that a screen can show."""
    if eeg.rate <= DRAWN:
        return eeg
    return Eeg(resampled(eeg, rate).astype(np.float32), rate, eeg.channels, eeg.positions, eeg.rest)


def _picked(opened: Opened, pick: components.Pick) -> None:
    state.set_widget("window", opened.called(pick) if isinstance(pick, int) else WHOLE)


def _channels(opened: Opened) -> None:
    """What became of every channel."""
    report = opened.report
    counts = (
        (len(report.renamed), "under another name"),
        (len(report.missing), "missing"),
        (len(report.silent), "flat or broken"),
        (len(report.interpolated), "interpolated from their neighbours"),
        (len(report.duplicates), "named twice"),
        (len(report.unused), "channel not used" if len(report.unused) == 1 else "channels not used"),
    )
    matched = f"{len(report.matched) + len(report.renamed)} of {len(opened.names)} electrodes found"
    with st.expander("Channels: " + ", ".join([matched, *(f"{count} {words}" for count, words in counts if count)])):
        st.dataframe(report.rows(), hide_index=True, width="stretch")
        _left_out(opened)
        st.caption("Missing electrodes are interpolated or left out: see “Import options” beside the recording.")


def _left_out(opened: Opened) -> None:
    """Electrodes to leave out by hand, such as bad ones."""
    masked = tuple(i for i in opened.choices.masked if i < len(opened.names))
    present = opened.before.inputs.present["psd"].tolist()
    chosen = st.multiselect(
        "Leave electrodes out",
        [name for name, here in zip(opened.names, present, strict=True) if here],
        default=[opened.names[i] for i in masked if present[i]],
        max_selections=max(1, sum(present) - FEWEST),
        key=f"left out {opened.place} {masked}",  # hidden or shown elsewhere on the page, it starts afresh
        help="The model runs without these electrodes: they have no token and get no attention.",
    )
    gone = tuple(opened.names.index(name) for name in chosen)
    if set(gone) != {i for i in masked if present[i]}:
        opened.choices.mask(gone)
        st.rerun()
