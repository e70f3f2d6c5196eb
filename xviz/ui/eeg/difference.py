"""The difference between two directions, two answers or two moments, on one scale around zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.run import Target
from xviz.draw import scale
from xviz.explain import METHODS, eeg_cells
from xviz.ui import cache, page
from xviz.ui.eeg.explore import DIRECTIONS, banded, draw
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked

Difference = tuple[NDArray[np.float64], str, str]  #: (electrode,) values, their unit, what they are
READ = "read"
#: what can differ between moments → its name for people, and the unit of a difference
QUANTITIES = {
    "psd": ("power (PSD)", "difference in dB"),
    "de": ("differential entropy (DE)", "difference in log₁₀ µV"),
    READ: ("what the network reads, 0–1 in each second", "difference"),
}


def show(opened: Opened, looked: Looked) -> None:
    """Choose what is subtracted from what, and see it on a head."""
    st.subheader("Differences")
    kind = st.segmented_control(
        "Between", list(KINDS), default="two moments", key="difference", bind="query-params", required=True
    )
    left, right = st.columns([1, 1.2], gap="medium", vertical_alignment="center")
    with page.told():
        with right:
            values, unit, title = KINDS[str(kind)](opened, looked)
            _strongest(opened, values, unit)
        with left:
            seen = np.where(np.isin(np.arange(len(values)), opened.absent), np.nan, values)
            draw(opened, values, scale.diverging(seen, label=unit), key="difference head", title=title)


def _strongest(opened: Opened, values: NDArray[np.float64], unit: str) -> None:
    """The electrodes that differ most, as numbers."""
    order = [int(i) for i in np.argsort(-np.abs(values)) if i not in opened.absent][:5]
    st.dataframe([{"electrode": opened.names[i], unit: scale.signed(values[i], ".3g")} for i in order], hide_index=True)


def _directions(opened: Opened, looked: Looked) -> Difference:
    """What an electrode's PSD receives less what its DE receives."""
    found = []
    for name in DIRECTIONS:
        call = opened.run.call(name)
        question = cache.Question("received", Target(opened.output), name, looked.head)
        found.append(cache.explain(opened.run, question).scores[call.keys])
    st.markdown("Attention received by the **PSD** of an electrode, less that received by its **DE**.")
    return (
        found[0] - found[1],
        "difference in mean attention weight",
        f"DE asks PSD − PSD asks DE: {banded(opened, looked.head)}",
    )


def _answers(opened: Opened, looked: Looked) -> Difference:
    """What speaks for one answer less what speaks for the other, by gradient-weighted attention."""
    found = []
    for name in opened.card.outputs:
        scores = cache.explain(opened.run, cache.Question("relevance", Target(name), head=looked.head)).scores
        found.append(scores[opened.run.call(looked.call).keys])
    one, other = opened.card.outputs
    st.markdown(
        f"The attention itself knows no answer: it is the same for {one} and {other}. Weighted with its gradient it "
        f"differs: **{METHODS['relevance'].title}** for {one}, less that for {other}."
    )
    title = f"{one.capitalize()} − {other}, {opened.run.call(looked.call).keys.upper()}: {banded(opened, looked.head)}"
    return found[0] - found[1], "difference in relevance", title


def _moments(opened: Opened, looked: Looked) -> Difference:
    """A feature in one window less the same in another."""
    windows, step = [opened.called(i) for i in range(opened.windows)], opened.card.settings.block
    what = st.selectbox("Of", list(QUANTITIES), format_func=lambda q: QUANTITIES[q][0], key="quantity")
    first = st.select_slider("From this moment", windows, value=windows[-1], key="moment")
    second = st.select_slider("take this one away", windows, value=windows[0], key="earlier")
    values = _over_time(opened, str(what))
    values = values.mean(1) if looked.head is None else values[:, looked.head]
    at = [values[:, windows.index(w) * step : (windows.index(w) + 1) * step].mean(-1) for w in (first, second)]
    name, unit = QUANTITIES[str(what)]
    return at[0] - at[1], unit, f"{name[0].upper()}{name[1:]}, {first} − {second}: {banded(opened, looked.head)}"


def _over_time(opened: Opened, what: str) -> NDArray[np.float64]:
    """A feature, or what the network reads, (electrode, band, step)."""
    if what == READ:
        return cache.of_run(opened.run, eeg_cells.read, "read")  # type: ignore[return-value]
    tokens = opened.run.inputs.tokens[what].double().numpy()
    return tokens.reshape(len(tokens), len(opened.bands), -1)


KINDS: Mapping[str, Callable[[Opened, Looked], Difference]] = {
    "two moments": _moments,
    "two directions": _directions,
    "two answers": _answers,
}
