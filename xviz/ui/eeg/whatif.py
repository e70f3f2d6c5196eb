"""What if: electrodes hidden from the model, bands that say nothing, and what then becomes of the answers."""

from __future__ import annotations

import streamlit as st

from xviz.draw.scale import signed
from xviz.ui import cache, page
from xviz.ui.eeg.explore import Looked, named
from xviz.ui.eeg.sample import Recording

FEWEST = 8  #: electrodes that stay


def show(made: Recording, looked: Looked) -> None:
    """Hide an electrode or a band, and see the answers change."""
    st.subheader("What if")
    _hide(made, looked)
    with page.told():
        _bands(made)


def _hide(made: Recording, looked: Looked) -> None:
    """Hide the selected electrode from the model, or show hidden ones again."""
    choices, picked = made.choices, looked.selection
    left = len(made.names) - len(made.absent)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Hide this electrode" if picked is None else f"Hide {made.names[picked.token]}",
            disabled=picked is None or left <= FEWEST,
            icon=":material/visibility_off:",
            key="eeg.hide",
            help="The model runs again without it: no token, no attention to it.",
        ):
            choices.mask((*choices.masked, picked.token))  # type: ignore[union-attr]
            choices.select(None)
            st.rerun()
        if choices.masked and st.button("Show all electrodes", icon=":material/visibility:", key="eeg.show"):
            choices.mask(())
            st.rerun()
        if choices.masked:
            st.caption("Hidden: " + ", ".join(made.names[i] for i in choices.masked if i < len(made.names)))
        elif picked is None:
            st.caption("Pick an electrode above to hide it; the answers at the top change.")


def _bands(made: Recording) -> None:
    """Both answers with each band at the training set's mean, by which it says nothing."""
    rows = []
    for index, band in enumerate(made.bands):
        row = {"without": named(band)}
        for output in made.card.outputs:
            change = -float(cache.without_bands(made.run, output)[index])
            row[output] = f"{signed(made.run.outputs[output] + change)} ({signed(change)})"
        rows.append(row)
    st.dataframe(rows, hide_index=True, width="stretch")
    st.caption(
        "The answers, high above low in logits, when one band's DE and PSD are put at the mean of the training set for "
        "all electrodes; in brackets the change. Slow alpha and alpha overlap, so that each can stand in for the other."
    )
