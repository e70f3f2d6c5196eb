"""Heads and matrix, linked: pick an electrode and see what it attends to, in every band and both directions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings import head, matrix
from xviz.drawings.drawing import Surround
from xviz.explain import METHODS
from xviz.plates.eeg import MEAN, PARTNERS, Links, given, given_limits, named, partners
from xviz.ui import cache, components, glance, methods, page, state
from xviz.ui.eeg.sample import Opened
from xviz.ui.forms import Forms
from xviz.ui.records import Looked
from xviz.ui.state import Selection

DIRECTIONS = ("de_to_psd", "psd_to_de")  #: the attention calls
OLD_DIRECTIONS = {"DE asks PSD": "de_to_psd", "PSD asks DE": "psd_to_de"}  #: as older links name them
SLOW = (*methods.SLOW, "integrated")  #: methods that begin only when asked to
KEYS = tuple(key for key, method in METHODS.items() if not method.needs_convolution)  #: the 3D-CNN mixes both spaces
NO_WEIGHTS = (
    "This attention has no learned weights: training does not change it. It compares DE and PSD of this recording, "
    "electrode by electrode; what was learned is in the network behind it."
)


@dataclass(frozen=True)
class Choice:
    """What the visitor wants to see."""

    call: AttentionCall
    band: int | None  #: counted from 0; None is the mean of the bands
    method: str  #: key of the method beside the attention


def banded(opened: Opened, band: int | None) -> str:
    """A band of the recording, or their mean, in words."""
    return MEAN if band is None else named(opened.bands[band])


def direction(opened: Opened, call: str) -> str:
    """From which feature to which a call goes: "DE to PSD"."""
    return opened.card.calls[call].direction


def choose(opened: Opened) -> Choice:
    """Direction, band, and the method beside the attention."""
    state.keep_old_links("direction", OLD_DIRECTIONS)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.segmented_control(
            "Attention from … to …", DIRECTIONS, format_func=lambda call: direction(opened, call),
            default=DIRECTIONS[0], key="direction", bind="query-params", required=True,
            help="Queries come from the first feature, keys from the second. DE (differential entropy) follows the "
            "log variance of the band-passed signal, PSD (power spectral density) is the power in the band; both are "
            "relative to rest.",
        )  # fmt: skip
        bands = [MEAN, *(band.name for band in opened.bands)]
        titles = {MEAN: MEAN} | {band.name: named(band) for band in opened.bands}
        chosen = st.selectbox(
            "Band", bands, index=3, format_func=titles.get, key="band", bind="query-params", width=330,
            help="The bands are the heads of this attention. As published, slow alpha lies inside alpha.",
        )  # fmt: skip
        method = "received"  # a formula has no answer that other methods could explain
        if not opened.card.formula:
            method = methods.choose_method("Compare with", "relevance", key="against", keys=KEYS, width=300)
    return Choice(opened.run.call(str(name)), None if chosen == MEAN else bands.index(chosen) - 1, method)


def look(opened: Opened, choice: Choice) -> Looked:
    """What is looked at, without explanations."""
    return Looked(selection=opened.selection(), call=choice.call.name, head=choice.band, explanations=())


def explained(opened: Opened, choice: Choice) -> Looked:
    """The same with the explanations that ``show`` draws; one that is slow only where it was computed there."""
    looked = look(opened, choice)
    questions = [_asked(opened, choice, "received" if looked.selection is None else "look")]
    if looked.selection is not None or not METHODS[choice.method].needs_focus:
        beside = _asked(opened, choice, choice.method)
        if choice.method not in SLOW or cache.known(opened.run, beside) is not None:
            questions.append(beside)
    return replace(looked, explanations=tuple(cache.explain(opened.run, question) for question in questions))


def _asked(opened: Opened, choice: Choice, method: str) -> cache.Question:
    """What a method is asked about the picked electrode, or about all."""
    target = opened.asking(opened.selection(), choice.call.queries)
    return methods.question(method, target, choice.call.name, choice.band)


def show(opened: Opened, choice: Choice) -> None:
    """Two heads, the matrix, and how much each electrode attends to others."""
    call, band = choice.call, choice.band
    selection, weights = opened.selection(), methods.weigh(call, band)
    st.caption(NO_WEIGHTS)
    left, right = st.columns(2, gap="medium")
    with left:
        attention = _attention(opened, choice, weights, selection)
    with right:
        compared = _compared(opened, choice, selection)
    methods.agreed(attention, compared, {call.keys: f"{call.keys.upper()} of the electrodes"})
    wide, narrow = st.columns([1.35, 1], gap="medium")
    with wide:
        _matrix(opened, choice, weights, selection)
    with narrow:
        _given(opened, choice, weights)


def at_a_glance(opened: Opened, looked: Looked) -> None:
    """The picked electrode in both directions and every band; a click chooses both."""
    if looked.selection is None:
        st.caption("Pick an electrode to see its attention in both directions and every band.")
        return
    run, token = opened.run, looked.selection.token

    def choose(name: str, head: int) -> None:
        state.set_widget("direction", name)
        state.set_widget("band", opened.bands[head].name)

    space = run.call(str(looked.call)).queries
    glance.show(
        glance.Asked(
            run=run, forms=cache.of_run(run, Forms(opened.sample), "forms"), space=space, tokens=(token,),
            called=f"{opened.names[token]}, {space.upper()}", call=looked.call, head=looked.head, choose=choose,
            place=opened.place, titles={name: title.title for name, title in opened.card.calls.items()},
        )
    )  # fmt: skip
    st.caption(
        "Heads are the bands: " + ", ".join(f"{i} {named(band)}" for i, band in enumerate(opened.bands, 1)) + "."
    )


def _attention(opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None) -> Explanation | None:
    """What the picked electrode attends to, or what each electrode receives on the mean over all."""
    call, band = choice.call, choice.band
    method = "received" if selection is None else "look"
    explanation = None
    with page.told():
        explanation = cache.explain(opened.run, _asked(opened, choice, method))
        scores = explanation.scores[call.keys]
        queries, keys = call.queries.upper(), call.keys.upper()
        whose = "Attention received" if selection is None else f"Attention from {opened.names[selection.token]}"
        draw(
            opened, scores, scale.sequential(scores, label=explanation.unit), key="attention head",
            links=partners(weights, None if selection is None else selection.token),
            surround=Surround(f"{whose}, {queries} to {keys}: {banded(opened, band)}"),
        )  # fmt: skip
    uniform = 1 / max(1, len(opened.names) - len(opened.absent))
    st.caption(
        f"Uniform attention would be {uniform:.3f}."
        + (f" Lines: the {PARTNERS} electrodes that get most." if selection is not None else ""),
        help="Pick an electrode on a head, or a row of the matrix, by mouse or keys; Esc clears.",
    )
    methods.about(opened, method)
    return explanation


def _compared(opened: Opened, choice: Choice, selection: Selection | None) -> Explanation | None:
    """Another method on the same electrodes."""
    method, call, explanation = METHODS[choice.method], choice.call, None
    if method.needs_focus and selection is None:
        st.info("Pick an electrode to use this method.", icon=":material/touch_app:")
        return None
    with page.told():
        explanation = methods.compute(opened.run, _asked(opened, choice, method.key), key="against", slow=SLOW)
        if (ranked := methods.ranked(explanation)) is not None:
            scores = ranked.scores[call.keys]
            make = scale.diverging if ranked.signed else scale.sequential
            scope = banded(opened, choice.band) if method.kind == "attention" else f"all bands, for {opened.output}"
            draw(
                opened, scores, make(scores, label=ranked.unit), key="beside head",
                surround=Surround(f"{method.title}, {call.keys.upper()}: {scope}"),
            )  # fmt: skip
            methods.facts(ranked)
    methods.about(opened, method.key)
    return explanation


def draw(
    opened: Opened,
    scores: NDArray[np.floating],
    colours: scale.Scale,
    *,
    key: str,
    surround: Surround,
    links: Links | None = None,
    contours: bool = False,
) -> None:
    """A head whose electrodes can be picked."""
    picked = opened.selection()
    drawing = head.head(
        opened.marked,
        opened.electrodes.positions,
        scores,
        scale=colours,
        selected=None if picked is None else picked.token,
        absent=opened.absent,
        links=links or (),
        invented=opened.electrodes.interpolated,
        contours=contours,
        surround=surround,
    )
    components.mount(drawing, key=f"{key} {opened.place}", on_pick=lambda pick: pick_electrode(opened, pick))


def pick_electrode(opened: Opened, pick: components.Pick) -> None:
    """Select the electrode that was picked, in a matrix that of the row."""
    index = pick[0] if isinstance(pick, tuple) else pick
    opened.choices.select(None if index is None else Selection("electrode", index))


def _matrix(opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None) -> None:
    """All rows at once."""
    call, row = choice.call, None if selection is None else selection.token
    drawing = matrix.matrix(
        np.where(np.isin(np.arange(len(weights)), opened.absent), np.nan, weights.T).T,
        row_labels=opened.marked,
        column_labels=opened.marked,
        scale=scale.sequential(weights, label="attention weight"),
        selected=None if row is None else (row, int(weights[row].argmax())),
        axes=(f"query, {call.queries.upper()}", f"key, {call.keys.upper()}"),
        surround=Surround(
            f"{direction(opened, call.name)}, {banded(opened, choice.band)}: every row sums to one", height=560
        ),
    )
    components.mount(drawing, key=f"matrix {opened.place}", on_pick=lambda pick: pick_electrode(opened, pick))


def _given(opened: Opened, choice: Choice, weights: NDArray) -> None:
    """What every electrode gives to others."""
    to_others = given(weights)
    colours = scale.sequential(to_others, limits=given_limits(to_others, opened.absent), label="weight given to others")
    title = f"Attention to other electrodes, {direction(opened, choice.call.name)}: {banded(opened, choice.band)}"
    note = "What an electrode's query gives to the keys of all others; the rest, up to one, stays with itself."
    draw(opened, to_others, colours, key="given head", surround=Surround(title, note, 360))
