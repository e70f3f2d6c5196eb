"""What came in: the traces with their windows, what became of the channels, and the answers over time."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.core.sample import Eeg
from xviz.draw.scale import signed
from xviz.drawings import traces
from xviz.explain import eeg_cells
from xviz.models.mca_features import resampled
from xviz.ui import cache, components, state
from xviz.ui.eeg.sample import WHOLE, Opened
from xviz.ui.eeg.whatif import FEWEST

DRAWN = 200.0  #: Hz; traces of a higher rate are drawn at the model's


def show(opened: Opened) -> None:
    """Answers over time, traces, channels."""
    found: dict = cache.of_run(opened.run, eeg_cells.over_time, "over time")  # type: ignore[assignment]
    _over_time(opened, found)
    with st.expander("Traces", expanded=True):
        _traces(opened, found)
    _channels(opened)


def _over_time(opened: Opened, found: dict[str, np.ndarray]) -> None:
    """Both answers in every window."""
    step = opened.card.settings.block
    st.line_chart(
        {
            "time in the clip, s": (np.arange(opened.windows) + 0.5) * step,
            **found,
            "undecided": np.zeros(opened.windows),
        },
        x="time in the clip, s",
        y=[*found, "undecided"],
        y_label="answer, logits",
        color=["#3b7dd8", "#c26a00", "#9a9a9a"],
        height=260,
    )
    st.caption(
        f"Each point is the answer to one window of {step} s; the whole minute's is their mean. All windows share one "
        "attention, which is taken over the whole minute, so that they are no independent witnesses."
    )


def _traces(opened: Opened, found: dict[str, np.ndarray]) -> None:
    """The traces as the model reads them, before its features."""
    drawn = _drawn(opened.eeg, opened.card.settings.plan.rate)
    answers = [
        ", ".join(f"{name} {signed(values[i])}" for name, values in found.items()) for i in range(opened.windows)
    ]
    view = traces.traces(
        opened.names,
        drawn.signal,
        drawn.rate,
        rest=drawn.rest,
        window=opened.card.settings.block,
        windows=opened.windows,
        answers=answers,
        selected=opened.window,
        absent=opened.absent,
        title=f"{len(opened.names)} electrodes, {drawn.seconds:.4g} s",
        note=""
        if drawn.rate == opened.eeg.rate
        else f"Drawn at {drawn.rate:g} Hz; recorded at {opened.eeg.rate:g} Hz.",
    )
    components.mount(view, key=f"traces {opened.place}", on_pick=lambda pick: _picked(opened, pick))


def _drawn(eeg: Eeg, rate: float) -> Eeg:
    """The recording at a rate that a screen can show."""
    if eeg.rate <= DRAWN:
        return eeg
    return Eeg(resampled(eeg, rate).astype(np.float32), rate, eeg.channels, eeg.positions, eeg.rest)


def _picked(opened: Opened, pick: components.Pick) -> None:
    state.set_widget("window", opened.called(pick) if isinstance(pick, int) else WHOLE)


def _channels(opened: Opened) -> None:
    """What became of every channel."""
    report = opened.report
    parts = [
        f"{len(report.matched) + len(report.renamed)} of {len(opened.names)} electrodes found",
        f"{len(report.renamed)} of them under another name" * bool(report.renamed),
        f"{len(report.missing)} missing" * bool(report.missing),
        f"{len(report.silent)} flat or broken" * bool(report.silent),
        f"{len(report.interpolated)} made from their neighbours" * bool(report.interpolated),
        f"{len(report.duplicates)} named twice" * bool(report.duplicates),
        f"{len(report.unused)} channel{'s' * (len(report.unused) > 1)} not used" * bool(report.unused),
    ]
    with st.expander("Channels: " + ", ".join(part for part in parts if part)):
        st.dataframe(report.rows(), hide_index=True, width="stretch")
        _left_out(opened)
        st.caption("What is done about missing electrodes can be changed under “How it is read” beside the recording.")


def _left_out(opened: Opened) -> None:
    """Electrodes to leave out by hand, such as bad ones."""
    masked = tuple(i for i in opened.choices.masked if i < len(opened.names))
    heard = opened.before.inputs.present["psd"].tolist()
    chosen = st.multiselect(
        "Leave out",
        [name for name, here in zip(opened.names, heard, strict=True) if here],
        default=[opened.names[i] for i in masked if heard[i]],
        max_selections=max(1, sum(heard) - FEWEST),
        key=f"left out {opened.place} {masked}",  # hidden or shown elsewhere on the page, it starts afresh
        help="The model runs without these electrodes: no token, no attention to them.",
    )
    gone = tuple(opened.names.index(name) for name in chosen)
    if set(gone) != {i for i in masked if heard[i]}:
        opened.choices.mask(gone)
        st.rerun()
