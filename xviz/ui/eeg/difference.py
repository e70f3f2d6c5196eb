"""The difference between two directions, two answers or two moments, on one scale around zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.run import Target
from xviz.draw import scale
from xviz.explain import METHODS
from xviz.ui import cache, page
from xviz.ui.eeg.explore import DIRECTIONS, Looked, banded, draw
from xviz.ui.eeg.sample import Recording

Difference = tuple[NDArray[np.float64], str, str]  #: (electrode,) values, their unit, what they are
READ = "read"
#: what can differ between moments → its name for people, and the unit of a difference
QUANTITIES = {
    "psd": ("power (PSD)", "difference in dB"),
    "de": ("differential entropy (DE)", "difference in log₁₀ µV"),
    READ: ("what the network reads, 0–1 in each second", "difference"),
}


def show(made: Recording, looked: Looked) -> None:
    """Choose what is subtracted from what, and see it on a head."""
    st.subheader("Differences")
    kind = st.segmented_control(
        "Between", list(KINDS), default="two moments", key="difference", bind="query-params", required=True
    )
    left, right = st.columns([1, 1.2], gap="medium", vertical_alignment="center")
    with page.told():
        with right:
            values, unit, title = KINDS[str(kind)](made, looked)
            _strongest(made, values, unit)
        with left:
            seen = np.where(np.isin(np.arange(len(values)), made.absent), np.nan, values)
            draw(made, values, scale.diverging(seen, label=unit), key="difference head", title=title)


def _strongest(made: Recording, values: NDArray[np.float64], unit: str) -> None:
    """The electrodes that differ most, as numbers."""
    order = [int(i) for i in np.argsort(-np.abs(values)) if i not in made.absent][:5]
    st.dataframe([{"electrode": made.names[i], unit: scale.signed(values[i], ".3g")} for i in order], hide_index=True)


def _directions(made: Recording, looked: Looked) -> Difference:
    """What an electrode's PSD receives less what its DE receives."""
    found = []
    for name in DIRECTIONS:
        call = made.run.call(name)
        question = cache.Question("received", Target(made.output), name, looked.band)
        found.append(cache.explain(made.run, question).scores[call.keys])
    st.markdown("Attention received by the **PSD** of an electrode, less that received by its **DE**.")
    return (
        found[0] - found[1],
        "difference in mean attention weight",
        f"DE asks PSD − PSD asks DE: {banded(made, looked.band)}",
    )


def _answers(made: Recording, looked: Looked) -> Difference:
    """What speaks for one answer less what speaks for the other, by gradient-weighted attention."""
    found = []
    for name in made.card.outputs:
        scores = cache.explain(made.run, cache.Question("relevance", Target(name), head=looked.band)).scores
        found.append(scores[looked.answering])
    one, other = made.card.outputs
    st.markdown(
        f"The attention itself knows no answer: it is the same for {one} and {other}. Weighted with its gradient it "
        f"differs: **{METHODS['relevance'].title}** for {one}, less that for {other}."
    )
    title = f"{one.capitalize()} − {other}, {looked.answering.upper()}: {banded(made, looked.band)}"
    return found[0] - found[1], "difference in relevance", title


def _moments(made: Recording, looked: Looked) -> Difference:
    """A feature in one window less the same in another."""
    windows, step = [made.called(i) for i in range(made.windows)], made.card.settings["block"]
    what = st.selectbox("Of", list(QUANTITIES), format_func=lambda q: QUANTITIES[q][0], key="quantity")
    first = st.select_slider("From this moment", windows, value=windows[-1], key="moment")
    second = st.select_slider("take this one away", windows, value=windows[0], key="earlier")
    values = _over_time(made, str(what))
    values = values.mean(1) if looked.band is None else values[:, looked.band]
    at = [values[:, windows.index(w) * step : (windows.index(w) + 1) * step].mean(-1) for w in (first, second)]
    name, unit = QUANTITIES[str(what)]
    return at[0] - at[1], unit, f"{name[0].upper()}{name[1:]}, {first} − {second}: {banded(made, looked.band)}"


def _over_time(made: Recording, what: str) -> NDArray[np.float64]:
    """A feature, or what the network reads, (electrode, band, step)."""
    if what == READ:
        return cache.read(made.run)
    tokens = made.run.inputs.tokens[what].double().numpy()
    return tokens.reshape(len(tokens), len(made.bands), -1)


KINDS: Mapping[str, Callable[[Recording, Looked], Difference]] = {
    "two moments": _moments,
    "two directions": _directions,
    "two answers": _answers,
}
