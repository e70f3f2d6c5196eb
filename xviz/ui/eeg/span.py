"""Which stretch of the recording is shown: dragged on an overview of all of it, or by number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from xviz.core.sample import Annotation, Eeg
from xviz.data.eeg.overview import Overview
from xviz.data.eeg.read import crop
from xviz.data.eeg.stretch import LEAST, MINUTE, best
from xviz.ui import charts, page, state

MARGIN = 1.0  #: s around a stretch of a long recording that are read with it


def choose(eeg: Eeg, key: str, *, avoid: bool, rest: float | None) -> Eeg:
    """The stretch of a recording that is in memory; by default the first without gaps and what is marked bad."""
    spare = eeg.seconds - eeg.rest
    stretch = best(eeg, bad=avoid)
    shortened = spare < MINUTE + 1 and not stretch.avoided
    if shortened:
        return eeg if rest is None or spare - rest < LEAST else crop(eeg, rest, spare - rest, rest)
    start, seconds = _numbers(key, spare, stretch.start, stretch.seconds)
    if stretch.avoided and (start, seconds) == (stretch.start, stretch.seconds):
        st.caption(
            page.plain(f"Left out by default: {', '.join(stretch.avoided[:4])}{' …' * (len(stretch.avoided) > 4)}.")
        )
    return crop(eeg, start, min(seconds, spare - start), rest)


def numbers(key: str, whole: float) -> tuple[float, float]:
    """The stretch of a long recording, in s of all of it."""
    return _numbers(key, whole, 0.0, MINUTE)


def _numbers(key: str, whole: float, start: float, seconds: float) -> tuple[float, float]:
    """Start and length by sliders; dragging on the overview sets them."""
    last = max(0.0, whole - min(LEAST, whole))
    chosen = st.slider(
        "Start of the stretch, s",
        0.0,
        float(np.floor(last * 10) / 10) or 1.0,
        float(min(start, last)),
        0.1,
        key=f"start {key}",
    )
    longest = min(MINUTE, whole)
    length = st.slider(
        "Its length, s",
        min(LEAST, longest),
        max(longest, min(LEAST, longest) + 0.1),
        float(min(seconds, longest)),
        0.1,
        key=f"length {key}",
        help="The model reads a minute; of a shorter stretch its last values are repeated.",
    )
    return float(chosen), float(length)


def show(overview: Overview, key: str, marks: Sequence[Annotation], unit: str) -> None:
    """The whole recording; a stretch is chosen by dragging over it."""
    whole = float(overview.times[-1] + overview.times[0])
    start, length = (
        float(state.widget(f"{name} {key}") or default) for name, default in (("start", 0.0), ("length", MINUTE))
    )
    least = 1e-3 * max(float(np.max(overview.loud)), 1e-12)  # a flat stretch has no place on a logarithmic axis
    charts.stretches(
        overview.times,
        {"the median channel": np.maximum(overview.middle, least), "the loudest 5 %": np.maximum(overview.loud, least)},
        (charts.Axis("time, s", limits=(0.0, whole)), charts.Axis(f"spread, {unit}")),
        key=f"overview {key} {start:g} {length:g}",
        alt=f"How large the channels are over {whole:.5g} s; {start:g} to {start + length:g} s are shown.",
        chosen=charts.Span(start, min(whole, start + length)),
        marks=[
            charts.Span(mark.onset, mark.onset + max(mark.seconds, whole / 600), mark.label, mark.bad)
            for mark in marks[:400]
        ],
        drag=lambda low, high: _dragged(key, whole, low, high),
    )
    st.caption(
        f"All of the recording, {whole:.5g} s: how large the channels are. Drag over it to choose a stretch of "
        f"{LEAST:g} to {MINUTE:g} s; red is marked bad, grey are events.",
        help="The standard deviation of each channel in each part of time. “Start of the stretch” in the sidebar "
        "does the same.",
    )


def _dragged(key: str, whole: float, low: float, high: float) -> None:
    """Take the stretch that was dragged."""
    length = min(MINUTE, max(LEAST, high - low), whole)
    state.set_widget(f"start {key}", round(min(max(0.0, low), max(0.0, np.floor((whole - LEAST) * 10) / 10)), 1))
    state.set_widget(f"length {key}", round(length, 1))
