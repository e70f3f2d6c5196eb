"""Heads and matrix, linked: pick an electrode and see what it attends to, in every band and both directions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings.drawing import Drawing, Surround
from xviz.explain import METHODS
from xviz.plates.eeg import MEAN, PARTNERS, Links, named
from xviz.ui import ahead, cache, components, glance, methods, page, state, steps
from xviz.ui.eeg import heads
from xviz.ui.eeg.heads import Choice, direction
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
    selection = looked.selection
    questions = [_asked(opened, choice, "received" if selection is None else "look", selection)]
    if selection is not None or not METHODS[choice.method].needs_focus:
        beside = _asked(opened, choice, choice.method, selection)
        if choice.method not in SLOW or cache.known(opened.run, beside) is not None:
            questions.append(beside)
    return replace(looked, explanations=tuple(cache.explain(opened.run, question) for question in questions))


def _asked(opened: Opened, choice: Choice, method: str, selection: Selection | None) -> cache.Question:
    """What a method is asked about an electrode, or about all."""
    target = opened.asking(selection, choice.call.queries)
    return methods.question(method, target, choice.call.name, choice.band)


def show(opened: Opened, choice: Choice) -> None:
    """Two heads, the matrix, and how much each electrode attends to others."""
    selection, weights = opened.selection(), methods.weigh(choice.call, choice.band)
    tables = _ahead(opened, choice, weights)
    st.caption(NO_WEIGHTS)
    left, right = st.columns(2, gap="medium")
    with left:
        attention = _attention(opened, choice, weights, selection, tables[0])
    with right:
        compared = _compared(opened, choice, selection, tables[1])
    methods.agreed(attention, compared, {choice.call.keys: f"{choice.call.keys.upper()} of the electrodes"})
    wide, narrow = st.columns([1.35, 1], gap="medium")
    with wide:
        _mount(opened, heads.rows(opened, choice, weights, selection), "matrix", tables[0])
    with narrow:
        _mount(opened, heads.given_to_others(opened, choice, weights, selection), "given head", tables[0])


def _mount(opened: Opened, drawing: Drawing, key: str, table: str) -> None:
    components.mount(
        drawing, key=f"{key} {opened.place}", on_pick=lambda pick: pick_electrode(opened, pick),
        ahead=components.Ahead(table, opened.place, "electrode"),
    )  # fmt: skip


def _ahead(opened: Opened, choice: Choice, weights: NDArray) -> tuple[str, str]:
    """What the drawings show for every pick, made ahead: those of the attention, and the head beside them.

    A method that costs more than rows is only asked ahead for shipped recordings.
    """
    picks = [Selection("electrode", i) for i in range(len(opened.names)) if i not in opened.absent]

    def sent(table: str, pick: Selection | None, drawings: dict[str, Drawing]) -> tuple[str, ahead.Shown]:
        where = components.Ahead(table, opened.place, "electrode")
        places = {f"{key} {opened.place}": drawing for key, drawing in drawings.items()}
        messages = {mount_key: components.message(drawing, mount_key, where) for mount_key, drawing in places.items()}
        return ahead.pick_name(pick), messages

    def rows(table: str) -> Iterator[tuple[str, ahead.Shown]]:
        for pick in (None, *picks):
            explanation = cache.explain(opened.run, _asked(opened, choice, "look" if pick else "received", pick))
            drawings = {
                "attention head": heads.attention(opened, choice, weights, pick, explanation),
                "matrix": heads.rows(opened, choice, weights, pick),
                "given head": heads.given_to_others(opened, choice, weights, pick),
            }
            yield sent(table, pick, drawings)

    def beside(table: str) -> Iterator[tuple[str, ahead.Shown]]:
        for pick in picks if METHODS[choice.method].needs_focus else (None, *picks):
            explanation = cache.explain(opened.run, _asked(opened, choice, choice.method, pick))
            if explanation.facts.ranked:
                yield sent(table, pick, {"beside head": heads.beside(opened, choice, pick, explanation)})

    quick = choice.method in methods.ROWS or (opened.sample.shipped and choice.method not in SLOW)
    return (
        ahead.prepare(
            opened.run, ("rows", choice.call.name, choice.band), rows, key=f"ahead {opened.place}", begin=True
        ),
        ahead.prepare(
            opened.run, ("beside", choice.method, choice.call.name, choice.band, opened.output), beside,
            key=f"beside ahead {opened.place}", begin=quick,
        ),
    )  # fmt: skip


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


def _attention(
    opened: Opened, choice: Choice, weights: NDArray, selection: Selection | None, table: str
) -> Explanation | None:
    """What the picked electrode attends to, or what each electrode receives on the mean over all."""
    method = "received" if selection is None else "look"
    explanation = None
    with page.told():
        explanation = cache.explain(opened.run, _asked(opened, choice, method, selection))
        _mount(opened, heads.attention(opened, choice, weights, selection, explanation), "attention head", table)
        steps.map_sent(opened.card.key)
    uniform = 1 / max(1, len(opened.names) - len(opened.absent))
    st.caption(
        f"Uniform attention would be {uniform:.3f}."
        + (f" Lines: the {PARTNERS} electrodes that get most." if selection is not None else ""),
        help="Pick an electrode on a head, or a row of the matrix, by mouse or keys; Esc clears.",
    )
    methods.about(opened, method)
    return explanation


def _compared(opened: Opened, choice: Choice, selection: Selection | None, table: str) -> Explanation | None:
    """Another method on the same electrodes."""
    method, explanation = METHODS[choice.method], None
    if method.needs_focus and selection is None:
        st.info("Pick an electrode to use this method.", icon=":material/touch_app:")
        return None
    with page.told():
        question = _asked(opened, choice, method.key, selection)
        explanation = methods.compute(opened.run, question, key="against", slow=SLOW)
        if (ranked := methods.ranked(explanation)) is not None:
            _mount(opened, heads.beside(opened, choice, selection, ranked), "beside head", table)
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
    drawing = heads.drawing(
        opened, scores, colours, opened.selection(), surround=surround, links=links, contours=contours
    )
    components.mount(drawing, key=f"{key} {opened.place}", on_pick=lambda pick: pick_electrode(opened, pick))


def pick_electrode(opened: Opened, pick: components.Pick) -> None:
    """Select the electrode that was picked, in a matrix that of the row."""
    index = pick[0] if isinstance(pick, tuple) else pick
    opened.choices.select(None if index is None else Selection("electrode", index))
