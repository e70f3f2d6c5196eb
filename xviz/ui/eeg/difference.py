"""The difference between two directions, two outputs or two time windows, on one scale around zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.run import Target
from xviz.draw import scale
from xviz.drawings.drawing import Surround
from xviz.explain import METHODS, eeg_cells
from xviz.ui import cache, page, state
from xviz.ui.eeg.explore import DIRECTIONS, draw
from xviz.ui.eeg.heads import banded, direction
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked

Difference = tuple[NDArray[np.float64], str, str]  #: (electrode,) values, their unit, what they are
READ = "read"
#: what can differ between time windows → its name for people, and the unit of a difference
QUANTITIES = {
    "psd": ("power (PSD)", "difference in dB"),
    "de": ("differential entropy (DE)", "difference in log₁₀ µV"),
    READ: ("input of the 3D-CNN, 0–1 in each second", "difference"),
}


def show(opened: Opened, looked: Looked) -> None:
    """Choose what is subtracted from what, and see it on a head."""
    state.keep_old_links("difference", OLD_KINDS)
    kind = st.segmented_control(
        "Between", list(KINDS), default="two time windows", key="difference", bind="query-params", required=True
    )
    left, right = st.columns([1, 1.2], gap="medium", vertical_alignment="center")
    with page.told():
        with right:
            values, unit, title = KINDS[str(kind)](opened, looked)
            _strongest(opened, values, unit)
        with left:
            shown_values = opened.seen(values)
            draw(
                opened,
                values,
                scale.diverging(shown_values, label=unit),
                key="difference head",
                surround=Surround(title),
            )


def _strongest(opened: Opened, values: NDArray[np.float64], unit: str) -> None:
    """The electrodes that differ most, as numbers."""
    order = [int(i) for i in np.argsort(-np.abs(values)) if i not in opened.absent][:5]
    st.dataframe([{"electrode": opened.names[i], unit: scale.signed(values[i], ".3g")} for i in order], hide_index=True)


def _directions(opened: Opened, looked: Looked) -> Difference:
    """What an electrode's PSD receives minus what its DE receives."""
    received = []
    for name in DIRECTIONS:
        call = opened.run.call(name)
        question = cache.Question("received", Target(opened.output), name, looked.head)
        received.append(cache.explain(opened.run, question).scores[call.keys])
    st.markdown("Attention received by the **PSD** of an electrode minus attention received by its **DE**.")
    title = " − ".join(direction(opened, name) for name in DIRECTIONS)
    return received[0] - received[1], "difference in mean attention weight", f"{title}: {banded(opened, looked.head)}"


def _outputs(opened: Opened, looked: Looked) -> Difference:
    """What speaks for one output minus what speaks for the other, by gradient-weighted attention."""
    keys = opened.run.call(looked.call).keys
    relevance = [
        cache.explain(opened.run, cache.Question("relevance", Target(name), head=looked.head)).scores[keys]
        for name in opened.card.outputs
    ]
    first, second = opened.card.outputs
    st.markdown(
        f"Attention itself is the same for {first} and {second}. Weighted by its gradient it differs: "
        f"**{METHODS['relevance'].title}** for {first} minus that for {second}."
    )
    title = f"{first.capitalize()} − {second}, {keys.upper()}: {banded(opened, looked.head)}"
    return relevance[0] - relevance[1], "difference in relevance", title


def _windows(opened: Opened, looked: Looked) -> Difference:
    """A feature in one window minus the same in another."""
    windows, step = [opened.called(i) for i in range(opened.windows)], opened.card.settings.block
    quantity = st.selectbox(
        "Quantity", list(QUANTITIES), format_func=lambda q: QUANTITIES[q][0], key="quantity", persist_state="page"
    )
    first = st.select_slider("Time window", windows, value=windows[-1], key="moment", persist_state="page")
    second = st.select_slider("minus time window", windows, value=windows[0], key="earlier", persist_state="page")
    values = _over_time(opened, str(quantity))
    values = values.mean(1) if looked.head is None else values[:, looked.head]
    means = [values[:, windows.index(w) * step : (windows.index(w) + 1) * step].mean(-1) for w in (first, second)]
    name, unit = QUANTITIES[str(quantity)]
    return means[0] - means[1], unit, f"{name[0].upper()}{name[1:]}, {first} − {second}: {banded(opened, looked.head)}"


def _over_time(opened: Opened, quantity: str) -> NDArray[np.float64]:
    """A feature, or what the network reads, (electrode, band, step)."""
    if quantity == READ:
        return cache.of_run(opened.run, eeg_cells.read, "read")
    tokens = opened.run.inputs.tokens[quantity].double().numpy()
    return tokens.reshape(len(tokens), len(opened.bands), -1)


OLD_KINDS = {"two moments": "two time windows", "two answers": "two outputs"}  #: as older links name them
KINDS: Mapping[str, Callable[[Opened, Looked], Difference]] = {
    "two time windows": _windows,
    "two directions": _directions,
    "two outputs": _outputs,
}
