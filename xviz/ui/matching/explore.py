"""Picture, words and matrix, linked: pick a token of one, and the others show scores for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined, TokenSpace, leaves
from xviz.draw import scale
from xviz.drawings import image, matrix, words
from xviz.drawings.drawing import Drawing, Surround
from xviz.explain import METHODS
from xviz.models.language import unknown_words
from xviz.ui import ahead, cache, components, glance, methods, page, state, steps
from xviz.ui.forms import Forms
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

NAMES = {"regions": "region", "pieces": "word"}  #: leaf space → its name for people


def explore(opened: Opened) -> Looked:
    """Two methods side by side, each on the picture and on the sentence, for the picked word or region."""
    selection = opened.selection()
    call, head = _choose_call(opened)
    left, right = st.columns(2, gap="medium")
    with left:
        first = _method(opened, selection, "method", "look", call, head)
    with right:
        second = _method(opened, selection, "beside", "occlusion", call, head)
    methods.agreed(first, second, {"regions": "Regions", "pieces": "word pieces"})
    explanations = tuple(explanation for explanation in (first, second) if explanation is not None)
    return Looked(selection=selection, call=call, head=head, explanations=explanations)


def _choose_call(opened: Opened) -> tuple[str, int | None]:
    """The attention layer and head that the methods of attention look at."""
    names = [call.name for call in reversed(opened.run.calls)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        call = st.selectbox(
            "Layer", names, format_func=lambda name: opened.card.calls[name].title, key="layer", bind="query-params",
            width=300, help="Used by attention rows, attention received and the attention matrix. "
            "All other methods explain the whole model.",
        )  # fmt: skip
        head = methods.choose_head(opened.run.call(call))
        st.caption("Click a word or a region. Keyboard: Tab, arrows, Enter; Esc clears.")
    return call, head


def _method(
    opened: Opened, selection: Selection | None, key: str, default: str, call: str, head: int | None
) -> Explanation | None:
    """One method: its choice, the picture, the words, and how accurate it was where the truth is known."""
    name = methods.choose_method("Method" if key == "method" else "Compare with", default, key=key)
    explanation = None
    if selection is None and METHODS[name].needs_focus:
        st.info("Pick a word or a region to use this method.", icon=":material/touch_app:")
    else:
        with page.told():
            question = methods.question(name, opened.target(selection), call, head)
            explanation = methods.compute(opened.run, question, key=key)
    ranked = methods.ranked(explanation)
    table = _ahead(opened, key, name, call, head)
    for key_, (drawing, space) in _drawings(opened, selection, key, ranked, opened.choices.masked).items():
        components.mount(drawing, key=key_, on_pick=_picker(opened, space), ahead=_following(opened, table, space))
    steps.map_sent(opened.card.key)
    methods.facts(ranked)
    methods.about(opened, name)
    return explanation


def _following(opened: Opened, table: str, space: str) -> components.Ahead:
    """Drawings of both methods follow each other's picks."""
    return components.Ahead(table, opened.place, space)


def _ahead(opened: Opened, key: str, name: str, call: str, head: int | None) -> str:
    """What both drawings of a method show for every pick, made ahead; what costs more than rows for shipped samples."""
    masked, words = opened.choices.masked, range(len(opened.pieces.words))
    picks = [Selection("region", i) for i in range(len(opened.regions)) if i not in masked]
    picks += [Selection("word", i) for i in words if opened.pieces.of(i)]

    def make(table: str) -> Iterator[tuple[str, ahead.Shown]]:
        for pick in picks if METHODS[name].needs_focus else [None, *picks]:
            question = methods.question(name, opened.target(pick), call, head)
            explanation = cache.explain(opened.run, question)
            ranked = explanation if explanation.facts.ranked else None
            sent = {
                key_: components.message(drawing, key_, _following(opened, table, space))
                for key_, (drawing, space) in _drawings(opened, pick, key, ranked, masked).items()
            }
            yield ahead.pick_name(pick), sent

    quick = name in methods.ROWS or (opened.sample.shipped and name not in methods.SLOW)
    return ahead.prepare(opened.run, (key, name, call, head), make, key=f"{key} ahead {opened.place}", begin=quick)


def _drawings(
    opened: Opened, selection: Selection | None, key: str, explanation: Explanation | None, masked: tuple[int, ...]
) -> dict[str, tuple[Drawing, str]]:
    """The picture with its regions and the sentence with its words, under one explanation: key → drawing, space."""
    of_regions, of_words = scores(opened, explanation)
    picked = {selection.space: selection.token} if selection else {}
    suffix = f", scores for {opened.called(selection)}" if selection and explanation else ""
    picture = image.regions(
        opened.pixels,
        opened.regions.boxes,
        of_regions,
        labels=opened.region_names,
        scale=_scale(explanation, of_regions),
        marks=image.Marks(picked.get("region", -1), masked),
        surround=Surround(f"Regions{suffix}", height=420),
    )
    sentence = words.words(
        opened.pieces.words,
        of_words,
        scale=_scale(explanation, of_words),
        selected=(picked["word"],) if "word" in picked else (),
        unknown=unknown_words(opened.pieces.words, opened.pieces.pieces, opened.pieces.of_word),
        title=f"Words{suffix}",
    )
    return {f"{key} {space}s {opened.place}": (d, space) for d, space in ((picture, "region"), (sentence, "word"))}


def _picker(opened: Opened, space: str):
    def pick(token: components.Pick) -> None:
        opened.choices.select(Selection(space, token) if isinstance(token, int) else None)

    return pick


def scores(
    opened: Opened, explanation: Explanation | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """An explanation's scores of the regions and of the words; NaN for words that the model does not read."""
    if explanation is None:
        return None, None
    of_words = None
    if "pieces" in explanation.scores:
        of_words = opened.pieces.paint(explanation.scores["pieces"]).astype(np.float64)
        of_words[[i for i in range(len(of_words)) if not opened.pieces.of(i)]] = np.nan
    return explanation.scores.get("regions"), of_words


def _scale(explanation: Explanation | None, values: NDArray[np.float64] | None) -> scale.Scale | None:
    """A scale for one side; regions and words have limits of their own, which are printed under each.

    A picked word's own effect is many times that of any region, and would leave the picture grey.
    """
    if explanation is None or values is None:
        return None
    make = scale.diverging if explanation.signed else scale.sequential
    return make(values, label=explanation.unit)


# Every layer and head, the whole matrix, and the scores as numbers


def at_a_glance(opened: Opened, looked: Looked) -> None:
    """The picked word or region in every layer and head; a click chooses both."""
    if looked.selection is None:
        st.caption("Pick a word or a region above to see its attention in every layer and head.")
        return
    target = opened.target(looked.selection)

    def choose(name: str, head: int) -> None:
        state.set_widget("layer", name)
        state.set_widget("head", head + 1)

    glance.show(
        glance.Asked(
            run=opened.run, forms=cache.of_run(opened.run, Forms(opened.sample), "forms"), space=str(target.space),
            tokens=target.tokens, called=opened.called(looked.selection), call=looked.call, head=looked.head,
            choose=choose, place=opened.place,
            titles={name: title.title for name, title in opened.card.calls.items()},
        )
    )  # fmt: skip


def show_matrix(opened: Opened, looked: Looked) -> None:
    """The attention matrix of the chosen layer, with its quadrants and their masses."""
    call, key = opened.run.call(str(looked.call)), f"matrix {opened.place}"
    space = opened.run.spaces[call.queries]
    picks = tuple(_row_pick(opened, row) for row in range(len(space)))

    def make(table: str) -> Iterator[tuple[str, ahead.Shown]]:
        for pick in (None, *dict.fromkeys(picks)):
            sent = components.message(_matrix(opened, looked, pick), key, components.Ahead(table, opened.place, rows))
            yield ahead.pick_name(pick), {key: sent}

    rows = tuple(map(ahead.pick_name, picks))
    table = ahead.prepare(
        opened.run, ("matrix", call.name, looked.head), make, key=f"matrix ahead {opened.place}", begin=True
    )
    components.mount(
        _matrix(opened, looked, looked.selection), key=key, on_pick=lambda pick: _picked_cell(opened, pick),
        ahead=components.Ahead(table, opened.place, rows),
    )  # fmt: skip
    sides = leaves(space)
    if len(sides) > 1:
        share = len(sides[1]) / len(space)
        st.caption(
            f"Regions and words share one softmax: uniform attention would put {1 - share:.2f} of each row on the "
            f"{len(sides[0])} regions and {share:.2f} on the {len(sides[1])} word pieces."
        )


def _matrix(opened: Opened, looked: Looked, selection: Selection | None) -> Drawing:
    """The matrix with the row of a token marked."""
    call = opened.run.call(str(looked.call))
    weights = methods.weigh(call, looked.head)
    space = opened.run.spaces[call.queries]
    sides = leaves(space)
    cuts = tuple(int(n) for n in np.cumsum([len(leaf) for leaf in sides])[:-1])
    names = [NAMES[leaf.name] for leaf in sides]
    labels = short_labels(opened, space)
    row = _row(opened, selection, space)
    return matrix.matrix(
        weights,
        row_labels=labels,
        column_labels=labels,
        scale=scale.sequential(weights, label="attention weight"),
        selected=None if row is None else (row, int(weights[row].argmax())),
        blocks=matrix.Blocks((cuts, cuts), [[f"{a} → {b}" for b in names] for a in names] if cuts else None),
        axes=("query", "key"),
        surround=Surround(f"{opened.card.calls[call.name].title}: every row sums to one", height=620),
    )


def show_scores(opened: Opened, looked: Looked) -> None:
    """The scores on the screen as tables, to be read and copied."""
    columns = {METHODS[explanation.method].title: scores(opened, explanation) for explanation in looked.explanations}
    sides = (("region", [opened.regions.label(i) for i in range(len(opened.regions))]), ("word", opened.pieces.words))
    for column, (number, (name, labels)) in zip(st.columns(2, gap="medium"), enumerate(sides), strict=True):
        own = {title: both[number] for title, both in columns.items() if both[number] is not None}
        column.dataframe({name: list(labels), **own}, hide_index=True)


def short_labels(opened: Opened, space: TokenSpace) -> list[str]:
    """A label for every token of a space, short enough for an axis."""
    return [
        label
        for leaf in leaves(space)
        for label in (opened.region_names if leaf.name == "regions" else opened.pieces.pieces)
    ]


def _row(opened: Opened, selection: Selection | None, space: TokenSpace) -> int | None:
    """The row of the selected token in a space; None where it has no query there."""
    if selection is None:
        return None
    if selection.space == "region":
        return selection.token
    return len(opened.regions) + opened.pieces.of(selection.token)[0] if isinstance(space, Joined) else None


def _row_pick(opened: Opened, row: int) -> Selection:
    """The token of a row of the matrix."""
    if row < len(opened.regions):
        return Selection("region", row)
    return Selection("word", int(opened.pieces.of_word[row - len(opened.regions)]))


def _picked_cell(opened: Opened, pick: components.Pick) -> None:
    """Select the token whose row was picked."""
    opened.choices.select(_row_pick(opened, pick[0]) if isinstance(pick, tuple) else None)
