"""What if: electrodes hidden from the model, bands put at a neutral value, and how the outputs change."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import engine
from xviz.core.run import Run, Target
from xviz.draw.scale import signed
from xviz.explain import METHODS, eeg_cells
from xviz.plates.eeg import named
from xviz.ui import cache, page
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.trust import Trial

TRIAL = Trial(
    prefix="eeg", space="psd", tokens="PSD tokens of electrodes", part="", last=False, beside="against",
    attention="The attention weights of both directions are", data="simulated recordings, and on real ones",
    methods=tuple(
        key for key in METHODS if not METHODS[key].needs_focus and not METHODS[key].needs_convolution and key != "shap"
    ),
)  # fmt: skip


def show(opened: Opened, looked: Looked) -> None:
    """Hide an electrode or a band, and see the outputs change."""
    _hide(opened, looked)
    with page.told():
        _bands(opened)


def _hide(opened: Opened, looked: Looked) -> None:
    """Hide the selected electrode from the model, or show hidden ones again."""
    choices, picked = opened.choices, looked.selection
    left = len(opened.names) - len(opened.absent)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Hide this electrode" if picked is None else f"Hide {opened.names[picked.token]}",
            disabled=picked is None or left <= opened.fewest,
            icon=":material/visibility_off:",
            key="eeg.hide",
            help="The model runs again without it: it has no token and gets no attention.",
        ):
            choices.mask((*choices.masked, picked.token))
            choices.select(None)
            st.rerun()
        if choices.masked and st.button("Show all electrodes", icon=":material/visibility:", key="eeg.show"):
            choices.mask(())
            st.rerun()
        if choices.masked:
            st.caption("Hidden: " + ", ".join(opened.names[i] for i in choices.masked if i < len(opened.names)))
        elif picked is None:
            st.caption("Pick an electrode in the tab “Attention” to hide it; the outputs at the top change.")


def _bands(opened: Opened) -> None:
    """Both outputs with each band at the training set's mean, which is neutral."""
    rows = []
    for index, band in enumerate(opened.bands):
        row = {"without band": named(band)}
        for output in opened.card.outputs:
            change = -float(_without_bands(opened.run, output)[index])
            row[output] = f"{signed(opened.run.outputs[output] + change)} ({signed(change)})"
        rows.append(row)
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(
        "Outputs in logits, and in brackets their change, when a band is made neutral at all electrodes.",
        help="Neutral: DE and PSD of the band at the mean of the training set. Slow alpha and alpha overlap, so each "
        "can stand in for the other.",
    )


def _without_bands(run: Run, output: str) -> NDArray[np.float64]:
    """What an output loses when a band is put at the mean of the training set, (band,)."""

    def losses(loaded: engine.Loaded, run: Run) -> NDArray[np.float64]:
        count = run.calls[0].heads
        groups = {name: group % count for name, group in eeg_cells.bands(run, count).items()}
        return eeg_cells.leave_out(loaded, run, Target(output), groups)

    return cache.of_run(run, losses, f"without bands {output}")
