"""Events: a list of labels, the mean over epochs around one, and the contrast of two on one scale around zero."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.sample import Eeg
from xviz.data.eeg.channels import as_they_are, match
from xviz.data.eeg.stretch import Label, epochs, labels
from xviz.draw import scale
from xviz.drawings.drawing import Surround
from xviz.models import eeg_power
from xviz.ui import cache, page
from xviz.ui.eeg import spectra
from xviz.ui.eeg.explore import draw
from xviz.ui.eeg.heads import banded
from xviz.ui.eeg.sample import Chosen, Opened

NONE = "nothing"
QUANTITIES = {"power": "band power", "attention": "attention received, DE to PSD"}
MOST = 200  #: epochs of a label that are used


def show(opened: Opened, chosen: Chosen) -> None:
    """Choose a label, or two, and see the mean over its epochs."""
    eeg = _whole(chosen)
    known: list[Label] = cache.part(opened.before, ("labels", chosen.whole.digest), lambda: labels(eeg))
    if not known:
        st.caption("This recording names no events: no annotations, no trigger channel, no events.tsv.")
        return
    st.dataframe(
        [
            {
                "label": label_.label,
                "times": len(label_.onsets),
                "first, s": label_.onsets[0],
                "last, s": label_.onsets[-1],
            }
            for label_ in known
        ],
        hide_index=True,
        width="stretch",
        height=min(38 * len(known) + 40, 240),
    )
    by_label = {label_.label: label_ for label_ in known}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = st.selectbox("Epochs of", list(by_label), key="event", persist_state="page", width=220)
        second = st.selectbox("minus those of", [NONE, *by_label], key="event minus", persist_state="page", width=220)
        quantity = st.selectbox(
            "Quantity",
            list(QUANTITIES),
            format_func=QUANTITIES.get,
            key="event quantity",
            persist_state="page",
            width=260,
        )
        band = st.selectbox(
            "Band", [band.name for band in opened.bands], 2, key="event band", persist_state="page", width=160
        )
        before, after = st.slider(
            "From … to … around the event, s", -2.0, 10.0, (0.0, 2.0), 0.1, key="event span", persist_state="page"
        )
    index = [label_.name for label_ in opened.bands].index(str(band))
    if after - before < 1:
        st.info("An epoch needs 1 s or more.", icon=":material/info:")
        return

    def values_of(label: str) -> NDArray[np.float64]:
        return _values(opened, chosen, by_label[label], (before, after), str(quantity))

    with page.told():
        values = values_of(str(first))
        if second in (NONE, first):
            _mean(opened, values, str(first), index, str(quantity))
        else:
            _contrast(
                opened,
                values,
                values_of(str(second)),
                (str(first), str(second)),
                index,
                str(quantity),
            )


def _whole(chosen: Chosen) -> Eeg:
    """All that was read of the recording."""
    return chosen.whole.eeg if chosen.whole.eeg is not None else chosen.whole.read


def _held(opened: Opened, eeg: Eeg) -> Eeg:
    """The recording with the electrodes that are on the page."""
    return as_they_are(eeg) if opened.card.formula else match(eeg, opened.names, missing="leave out")[0]


def _values(
    opened: Opened, chosen: Chosen, label: Label, around: tuple[float, float], quantity: str
) -> NDArray[np.float64]:
    """(epoch, electrode, band) of a label's epochs, made once whatever is picked or hidden."""
    key = ("epochs", chosen.whole.digest, label.label, around, quantity)
    measured: tuple[NDArray[np.float64], int] = cache.part(
        opened.before, key, lambda: _made(opened, _whole(chosen), label, around, quantity)
    )
    values, gone = measured
    if gone or len(label.onsets) > MOST:
        st.caption(
            page.plain(f"“{label.label}”: {len(values)} epochs used; {gone} cut off by the ends or without numbers.")
        )
    return values


def _made(
    opened: Opened, whole: Eeg, label: Label, around: tuple[float, float], quantity: str
) -> tuple[NDArray[np.float64], int]:
    """The same, computed, and how many epochs are left out."""
    eeg = _held(opened, whole)
    parts, gone = epochs(eeg, label.onsets[:MOST], -around[0], around[1])
    if not len(parts):
        return np.zeros((0, len(opened.names), len(opened.bands))), gone
    if quantity == "attention":
        weights = eeg_power.attention_of(parts, eeg.rate, opened.card.settings.plan)
        return np.nanmean(weights, axis=2).swapaxes(1, 2), gone  # over queries
    return eeg_power.band_power(parts, eeg.rate, opened.bands), gone


def _mean(opened: Opened, values: NDArray[np.float64], label: str, band: int, quantity: str) -> None:
    """The mean over epochs on a head."""
    if not len(values):
        st.info("No epoch of this label fits into the recording.", icon=":material/info:")
        return
    mean = values.mean(0)[:, band]
    mean = mean - np.nanmin(mean) if quantity == "power" else mean
    unit = "dB above the least" if quantity == "power" else "mean attention weight"
    title = f"{QUANTITIES[quantity].capitalize()}, mean of {len(values)} epochs of “{label}”: {banded(opened, band)}"
    draw(opened, mean, scale.sequential(mean, label=unit), key="event head", surround=Surround(title))


def _contrast(
    opened: Opened,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    names: tuple[str, str],
    band: int,
    quantity: str,
) -> None:
    """The difference of two labels on one scale, and its test."""
    if min(len(first), len(second)) < 2:
        st.info("A contrast needs two epochs or more of each label.", icon=":material/info:")
        return
    test = eeg_power.compare(first, second)
    left, right = st.columns(2, gap="medium")
    unit = "difference in dB" if quantity == "power" else "difference in mean attention weight"
    for column, values, label, title in (
        (left, test.difference[:, band], unit, f"“{names[0]}” − “{names[1]}”: {banded(opened, band)}"),
        (right, test.t[:, band], "t", "t-test over epochs"),
    ):
        with column:
            shown_values = opened.seen(values)
            draw(
                opened,
                shown_values,
                scale.diverging(shown_values, label=label),
                key=f"contrast {label}",
                contours=True,
                surround=Surround(title),
            )
    spectra.found(opened, test, band)
