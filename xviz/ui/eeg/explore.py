"""Heads and matrix, linked: pick an electrode, and see whom it asks, in every band and both directions."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings import head, matrix
from xviz.explain import METHODS
from xviz.models.mca_features import Band
from xviz.ui import cache, components, methods, page
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

DIRECTIONS = {"de_to_psd": "DE asks PSD", "psd_to_de": "PSD asks DE"}
MEAN = "mean of the bands"
SLOW = (*methods.SLOW, "integrated")  #: methods that begin only when asked to
KEYS = tuple(key for key, method in METHODS.items() if not method.needs_convolution)  #: the 3D-CNN mixes both spaces
PARTNERS = 5  #: lines from the picked electrode
NO_WEIGHTS = (
    "This attention has no learned weights: it compares the two descriptions of this recording, electrode by "
    "electrode, so that it is the same before and after training. What was learnt lies in the network behind it."
)


def named(band: Band) -> str:
    """A band with its frequencies, those of both features where they differ."""
    de, psd = (f"{low:g}–{high:g} Hz" for low, high in (band.de, band.psd))
    return f"{band.name}, {de}" if de == psd else f"{band.name}, DE {de}, PSD {psd}"


def explore(opened: Opened) -> Looked:
    """Two heads, the matrix, and what every electrode gives away."""
    st.subheader("Who asks whom")
    call, band, beside = _choose(opened)
    st.caption(NO_WEIGHTS)
    selection, weights = opened.selection(), methods.weigh(call, band)
    left, right = st.columns(2, gap="medium")
    with left:
        first = _attention(opened, call, band, weights, selection)
    with right:
        second = _beside(opened, beside, call, band, selection)
    methods.agreed(first, second, f"the {call.keys.upper()} of the electrodes", {call.keys: ""})
    wide, narrow = st.columns([1.35, 1], gap="medium")
    with wide:
        _matrix(opened, call, band, weights, selection)
    with narrow:
        _given(opened, call, band, weights, selection)
    shown = tuple(explanation for explanation in (first, second) if explanation is not None)
    return Looked(selection=selection, call=call.name, head=band, explanations=shown)


def _choose(opened: Opened) -> tuple[AttentionCall, int | None, str]:
    """Direction, band, and the method beside the attention."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.segmented_control(
            "Direction", list(DIRECTIONS), format_func=DIRECTIONS.get, default="de_to_psd", key="direction",
            bind="query-params", required=True,
            help="DE (differential entropy) is the size of the filtered signal in time, PSD (power spectral density) "
            "its power over frequency; both are measured from rest. One asks, the other answers.",
        )  # fmt: skip
        bands = [MEAN, *(band.name for band in opened.bands)]
        titles = {MEAN: MEAN} | {band.name: named(band) for band in opened.bands}
        chosen = st.selectbox(
            "Band", bands, index=3, format_func=titles.get, key="band", bind="query-params", width=330,
            help="The bands are the heads of this attention. As published, slow alpha lies inside alpha.",
        )  # fmt: skip
        beside = methods.choose_method("Beside it", "relevance", key="against", keys=KEYS, width=300)
    st.caption("Pick an electrode on a head or a row of the matrix, by mouse or keys; Escape clears.")
    return opened.run.call(str(name)), None if chosen == MEAN else bands.index(chosen) - 1, beside


def _attention(
    opened: Opened, call: AttentionCall, band: int | None, weights: NDArray, selection: Selection | None
) -> Explanation | None:
    """Whom the picked electrode asks, or whom all ask on the mean."""
    key = "received" if selection is None else "look"
    found = None
    with page.told():
        found = cache.explain(opened.run, cache.Question(key, opened.asking(selection, call.queries), call.name, band))
        links: list[tuple[int, int, float]] = []
        who = "All electrodes"
        if selection is not None:
            row, who = weights[selection.token], opened.names[selection.token]
            best = [int(i) for i in np.argsort(-row) if i != selection.token][:PARTNERS]
            links = [(selection.token, i, float(row[i])) for i in best]
        scores = found.scores[call.keys]
        draw(
            opened, scores, scale.sequential(scores, label=found.unit), key="attention head", links=links,
            title=f"{who} ask{'s' * (selection is not None)} with {call.queries.upper()}, {call.keys.upper()} answers: "
            f"{banded(opened, band)}",
        )  # fmt: skip
    st.caption(
        f"With no preference every electrode would get {1 / max(1, len(opened.names) - len(opened.absent)):.3f}. "
        + (f"Lines go to the {PARTNERS} strongest partners." if selection is not None else METHODS["received"].words)
    )
    methods.trusted(opened.card, "received")
    return found


def _beside(
    opened: Opened, name: str, call: AttentionCall, band: int | None, selection: Selection | None
) -> Explanation | None:
    """Another method on the same electrodes."""
    method, found = METHODS[name], None
    if method.needs_focus and selection is None:
        st.info("This method takes the view of one electrode: pick one.", icon=":material/touch_app:")
        return None
    with page.told():
        question = methods.ask(name, opened.asking(selection, call.queries), call.name, band)
        found = methods.answer(opened.run, question, key="against", slow=SLOW)
        if (shown := methods.ranked(found)) is not None:
            scores = shown.scores[call.keys]
            make = scale.diverging if shown.signed else scale.sequential
            draw(
                opened, scores, make(scores, label=shown.unit), key="beside head",
                title=f"{method.title}, {call.keys.upper()}: {_scope(opened, method.key, band)}",
            )  # fmt: skip
            methods.facts(shown)
    st.caption(method.words)
    methods.trusted(opened.card, name)
    return found


def _scope(opened: Opened, method: str, band: int | None) -> str:
    """What a method's scores are about."""
    return banded(opened, band) if METHODS[method].kind == "attention" else f"all bands, for {opened.output}"


def banded(opened: Opened, band: int | None) -> str:
    """A band of the recording, or their mean, in words."""
    return MEAN if band is None else named(opened.bands[band])


def draw(
    opened: Opened,
    scores: NDArray[np.floating],
    with_: scale.Scale,
    *,
    key: str,
    title: str,
    links: list[tuple[int, int, float]] | None = None,
    note: str = "",
    height: int = 400,
) -> None:
    """A head whose electrodes can be picked."""
    picked = opened.selection()
    view = head.head(
        opened.names,
        opened.electrodes.positions,
        scores,
        scale=with_,
        selected=None if picked is None else picked.token,
        absent=opened.absent,
        links=links or (),
        title=title,
        note=note,
        height=height,
    )
    components.mount(view, key=f"{key} {opened.place}", on_pick=lambda pick: choose_electrode(opened, pick))


def choose_electrode(opened: Opened, pick: components.Pick) -> None:
    """Select the electrode that was picked, in a matrix that of the row."""
    index = pick[0] if isinstance(pick, tuple) else pick
    opened.choices.select(None if index is None else Selection("electrode", index))


def _matrix(
    opened: Opened, call: AttentionCall, band: int | None, weights: NDArray, selection: Selection | None
) -> None:
    """All rows at once."""
    row = None if selection is None else selection.token
    view = matrix.matrix(
        np.where(np.isin(np.arange(len(weights)), opened.absent), np.nan, weights.T).T,
        row_labels=opened.names,
        column_labels=opened.names,
        scale=scale.sequential(weights, label="attention weight"),
        selected=None if row is None else (row, int(weights[row].argmax())),
        title=f"{DIRECTIONS[call.name]}, {banded(opened, band)}: every row asks, its weights sum to one",
        axes=(f"asking {call.queries.upper()}", f"answering {call.keys.upper()}"),
        height=560,
    )
    components.mount(view, key=f"matrix {opened.place}", on_pick=lambda pick: choose_electrode(opened, pick))


def given(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(…, electrode, electrode) rows that ask → (…, electrode) what each gives to all others."""
    return 1 - np.diagonal(weights, axis1=-2, axis2=-1)


def given_limits(opened: Opened, away: NDArray[np.float64]) -> tuple[float, float]:
    """From the tenth below the least that a present electrode gives, up to one: most give nearly all."""
    least = np.delete(away, opened.absent, axis=-1).min()
    return min(0.9, float(np.floor(10 * least)) / 10), 1.0


def _given(
    opened: Opened, call: AttentionCall, band: int | None, weights: NDArray, selection: Selection | None
) -> None:
    """What every electrode gives to others."""
    away = given(weights)
    draw(
        opened, away, scale.sequential(away, limits=given_limits(opened, away), label="weight given to others"),
        key="given head", title=f"Attention given away with {call.queries.upper()}: {banded(opened, band)}",
        note="What an electrode that asks gives to all others; the rest of its weight of one stays with itself.",
        height=360,
    )  # fmt: skip
