"""Band power beside attention: power on a head, its t-test, and one electrode over time and frequency."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.draw import scale
from xviz.drawings import matrix
from xviz.drawings.drawing import Surround
from xviz.models import eeg_power
from xviz.models.eeg_power import Test
from xviz.ui import cache, components, page
from xviz.ui.eeg.explore import draw
from xviz.ui.eeg.heads import banded
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked

TIMES = 60  #: columns of the picture over time


def show(opened: Opened, looked: Looked) -> None:
    """Power on the left, its test on the right, the picked electrode below."""
    band = 2 if looked.head is None else looked.head
    st.caption("Nothing here is learned or attention: what one would check first, in the same bands and electrodes.")
    left, right = st.columns(2, gap="medium")
    with left, page.told():
        values = opened.seen(_power(opened)[:, band])
        values = values - np.nanmin(values)
        draw(
            opened, values, scale.sequential(values, label="dB above the least"),
            key="power head", surround=Surround(f"Band power: {banded(opened, band)}"),
        )  # fmt: skip
    with right, page.told():
        test, names = _test(opened)
        values = opened.seen(test.t[:, band])
        draw(
            opened, values, scale.diverging(values, label="t"), key="t head", contours=True,
            surround=Surround(f"t-test, {names}: {banded(opened, band)}"),
        )  # fmt: skip
        found(opened, test, band)
    with page.told():
        _picture(opened)


# None of these depends on what is picked or hidden, so each is made once for the recording as it was opened.


def _power(opened: Opened) -> NDArray[np.float64]:
    """Mean power after the rest, (electrode, band) dB."""
    eeg, bands = opened.eeg, opened.bands

    def power(*_: object) -> NDArray[np.float64]:
        return eeg_power.band_power(eeg_power.in_windows(eeg, eeg.rest, eeg.seconds), eeg.rate, bands).mean(0)

    return cache.of_run(opened.before, power, "band power")


def _test(opened: Opened) -> tuple[Test, str]:
    """The stretch against its rest, or its second half against its first."""
    eeg, bands = opened.eeg, opened.bands
    if eeg.rest >= 2 * eeg_power.WINDOW:
        parts, names = ((eeg.rest, eeg.seconds), (0.0, eeg.rest)), "after rest − rest"
    else:
        middle = (eeg.rest + eeg.seconds) / 2
        parts, names = ((middle, eeg.seconds), (eeg.rest, middle)), "second half − first half"

    def test(*_: object) -> Test:
        return eeg_power.compare(
            *(eeg_power.band_power(eeg_power.in_windows(eeg, *part), eeg.rate, bands) for part in parts)
        )

    return cache.of_run(opened.before, test, "test of band power"), names


def found(opened: Opened, test: Test, band: int) -> None:
    """Which electrodes differ, in words."""
    which = [opened.names[i] for i in np.flatnonzero(test.found[:, band]) if i not in opened.absent]
    st.caption(
        f"{test.counts[0]} against {test.counts[1]} observations. Different in this band: "
        f"{', '.join(which) or 'no electrode'}.",
        help="Welch's t-test of log power in windows of 2 s, or of epochs; false discovery rate 5 % over all "
        "electrodes and bands. Windows of one recording are not independent, so that t is too large rather than too "
        "small.",
    )


def _picture(opened: Opened) -> None:
    """One electrode over time and frequency."""
    picked = opened.selection()
    if picked is None:
        st.info(
            "Pick an electrode in the tab “Attention” to see it over time and frequency.", icon=":material/touch_app:"
        )
        return
    eeg = opened.eeg
    picture: tuple[NDArray[np.float64], ...] = cache.of_run(
        opened.before, lambda *_: eeg_power.picture(eeg.signal[picked.token], eeg.rate), f"picture {picked.token}"
    )
    level, hertz, times = picture
    every = max(1, -(-level.shape[1] // TIMES))
    count = level.shape[1] // every
    level = level[:, : count * every].reshape(len(level), count, every).mean(-1)
    drawing = matrix.matrix(
        level[::-1],
        row_labels=[f"{hz:g} Hz" for hz in hertz[::-1]],
        column_labels=[f"{t:.0f} s" for t in times[: count * every].reshape(count, every).mean(-1)],
        scale=scale.diverging(level, label="dB around the median over time"),
        axes=("frequency", "time"),
        surround=Surround(f"{opened.names[picked.token]} over time and frequency", height=460),
    )
    components.mount(drawing, key=f"picture {opened.place} {picked.token}")
