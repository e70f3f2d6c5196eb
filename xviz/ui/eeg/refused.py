"""A recording that the model cannot read: why, what to do, and what helps to see it: notes, traces, channels."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.core.sample import Eeg
from xviz.drawings import traces
from xviz.drawings.drawing import Surround
from xviz.ui import components, page, state
from xviz.ui.eeg import bring
from xviz.ui.eeg.channels import drawn_rate, rename
from xviz.ui.eeg.sample import Chosen, overview

SHOWN = 64  #: channels that are drawn of a recording with more


def show(chosen: Chosen, why: str) -> None:
    """The refusal and what is left to see."""
    st.error(page.plain(why), icon=":material/info:")
    if not chosen.native:
        st.button("Show the native montage", icon=":material/sensors:", key="eeg.native", on_click=_native)
    page.notes(chosen.eeg, above=st.container())
    overview(chosen)
    rename(chosen)
    recorded(chosen.eeg)
    with st.expander("Channels", expanded=True):
        st.dataframe(sorted(chosen.report.rows(), key=lambda row: not row["channel"]), hide_index=True, width="stretch")


def _native() -> None:
    state.set_widget("montage", bring.NATIVE)


def recorded(eeg: Eeg) -> None:
    """The traces as they were recorded."""
    thinned = drawn_rate(eeg, 128.0)
    annotations = [(mark.onset, mark.seconds, mark.label, mark.bad) for mark in eeg.annotations]
    absent = [i for i, name in enumerate(eeg.channels[:SHOWN]) if name in eeg.bads]
    note = f"The first {SHOWN} of {len(eeg.channels)} channels." if len(eeg.channels) > SHOWN else ""
    drawing = traces.traces(
        eeg.channels[:SHOWN],
        thinned.signal[:SHOWN],
        thinned.rate,
        windows=traces.Windows(1.0, max(1, int(eeg.seconds)), 0.0),
        marks=traces.Marks(absent, annotations=annotations),
        surround=Surround(f"{len(eeg.channels)} channels as recorded, {eeg.seconds:.4g} s", note),
    )
    components.mount(
        drawing, key=f"recorded {hash((eeg.channels, eeg.signal.shape, float(np.nansum(eeg.signal[:, :99]))))}"
    )
