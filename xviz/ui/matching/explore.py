"""Picture, words and matrix, linked: pick a token of one, and the others answer."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import Joined, leaves
from xviz.draw import scale
from xviz.drawings import image, matrix, words
from xviz.explain import METHODS
from xviz.ui import components, methods, page
from xviz.ui.matching.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection


def explore(opened: Opened) -> Looked:
    """Picture and words, linked: pick a word and regions answer, pick a region and words answer."""
    selection = opened.selection()
    call, head = _choose_call(opened)
    left, right = st.columns(2, gap="medium")
    with left:
        first = _answer(opened, selection, "method", "look", call, head)
    with right:
        second = _answer(opened, selection, "beside", "occlusion", call, head)
    methods.agreed(first, second, "the same tokens", {"regions": "regions", "pieces": "word pieces"})
    if st.toggle("Scores as tables", key="match.tables"):
        _tables(opened, first, second)
    _who_asks_whom(opened, selection, call, head)
    shown = tuple(explanation for explanation in (first, second) if explanation is not None)
    return Looked(selection=selection, call=call, head=head, explanations=shown)


def _choose_call(opened: Opened) -> tuple[str, int | None]:
    """The attention layer and head that the methods of attention look at."""
    names = [call.name for call in reversed(opened.run.calls)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        call = st.selectbox(
            "Layer", names, format_func=_layer, key="layer", bind="query-params", width=300,
            help="For attention rows, received attention and the matrix. The other methods explain the whole model.",
        )  # fmt: skip
        head = methods.choose_head(opened.run.call(call))
        st.caption("Pick a word or a region, by mouse or with Tab, arrow keys and Enter; Escape clears.")
    return call, head


def _layer(name: str) -> str:
    """A call's name for people."""
    kind, layer, _ = name.split(".")
    return f"{'Joint attention' if kind == 'joint' else 'Self-attention of regions'}, layer {int(layer) + 1}"


def _answer(
    opened: Opened, selection: Selection | None, key: str, default: str, call: str, head: int | None
) -> Explanation | None:
    """One method's answer: its choice, the picture, the words, and how far to trust it."""
    name = methods.choose_method("Method" if key == "method" else "Beside it", default, key=key)
    method = METHODS[name]
    found = None
    if selection is None and method.needs_focus:
        st.info("This method takes the view of one token: pick a word or a region.", icon=":material/touch_app:")
    else:
        question = methods.ask(name, opened.target(selection), call, head)
        with page.told():
            found = methods.answer(opened.run, question, key=key)
    shown = methods.ranked(found)
    _draw(opened, selection, key, shown)
    methods.facts(shown)
    st.caption(method.words)
    methods.trusted(opened.card, name)
    return found


def _draw(opened: Opened, selection: Selection | None, key: str, found: Explanation | None) -> None:
    """The picture with its regions and the sentence with its words, under one explanation."""
    seen, read = scores(opened, found)
    region = selection.token if selection and selection.space == "region" else None
    word = (selection.token,) if selection and selection.space == "word" else ()
    labels = [f"region {i + 1}" for i in range(len(opened.regions))]
    view = image.regions(
        opened.pixels,
        opened.regions.boxes,
        seen,
        labels=labels,
        scale=_scale(found, seen),
        selected=region,
        masked=opened.choices.masked,
        title=f"Regions answering {opened.called(selection)}" if selection else "Regions",
        height=420,
    )
    components.mount(view, key=f"{key} picture {opened.place}", on_pick=lambda pick: _picked(opened, "region", pick))
    view = words.words(
        opened.pieces.words,
        read,
        scale=_scale(found, read),
        selected=word,
        title="Words" if word else "Words answering",
    )
    components.mount(view, key=f"{key} words {opened.place}", on_pick=lambda pick: _picked(opened, "word", pick))


def scores(opened: Opened, found: Explanation | None) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """An explanation's scores of the regions and of the words; NaN for words that the model does not read."""
    if found is None:
        return None, None
    seen = found.scores.get("regions")
    read = None
    if "pieces" in found.scores:
        read = opened.pieces.paint(found.scores["pieces"]).astype(np.float64)
        read[[i for i in range(len(read)) if not opened.pieces.of(i)]] = np.nan
    return seen, read


def _scale(found: Explanation | None, scores: NDArray[np.float64] | None) -> scale.Scale | None:
    """A scale for one side; regions and words have limits of their own, which are printed under each.

    A picked word's own effect is many times that of any region, and would leave the picture grey.
    """
    if found is None or scores is None:
        return None
    make = scale.diverging if found.signed else scale.sequential
    return make(scores, label=found.unit)


def _picked(opened: Opened, space: str, pick: components.Pick) -> None:
    opened.choices.select(Selection(space, pick) if isinstance(pick, int) else None)


def _tables(opened: Opened, *found: Explanation | None) -> None:
    """The same numbers as tables, for reading and for screen readers."""
    columns = {METHODS[e.method].title: scores(opened, e) for e in found if e is not None}
    regions = {title: seen for title, (seen, _) in columns.items() if seen is not None}
    read = {title: said for title, (_, said) in columns.items() if said is not None}
    left, right = st.columns(2, gap="medium")
    with left:
        st.dataframe(
            {"region": [opened.regions.label(i) for i in range(len(opened.regions))], **regions}, hide_index=True
        )
    with right:
        st.dataframe({"word": list(opened.pieces.words), **read}, hide_index=True)


def _who_asks_whom(opened: Opened, selection: Selection | None, call: str, head: int | None) -> None:
    """The attention matrix of the chosen layer, with its quadrants and their masses."""
    this = opened.run.call(call)
    weights = methods.weigh(this, head)
    space = opened.run.spaces[this.queries]
    parts_ = leaves(space)
    cuts = tuple(int(n) for n in np.cumsum([len(leaf) for leaf in parts_])[:-1])
    names = [{"regions": "region", "pieces": "word"}[leaf.name] for leaf in parts_]
    labels = short_labels(opened, space)
    row = _row(opened, selection, space)
    view = matrix.matrix(
        weights,
        row_labels=labels,
        column_labels=labels,
        scale=scale.sequential(weights, label="attention weight"),
        selected=None if row is None else (row, int(weights[row].argmax())),
        dividers=(cuts, cuts),
        quadrant_labels=[[f"{a} → {b}" for b in names] for a in names] if len(names) > 1 else None,
        title="Who asks whom: every row asks, its weights sum to one",
        axes=("asking", "answering"),
        height=620,
    )
    components.mount(view, key=f"matrix {opened.place}", on_pick=lambda pick: _picked_cell(opened, pick))
    if len(parts_) > 1:
        share = len(parts_[1]) / len(space)
        st.caption(
            f"Regions and words compete for the same mass. With no preference, every row would give {1 - share:.2f} "
            f"to the {len(parts_[0])} regions and {share:.2f} to the {len(parts_[1])} word pieces."
        )


def short_labels(opened: Opened, space: object) -> list[str]:
    """A label for every token of a space, short enough for an axis."""
    labels: list[str] = []
    for leaf in leaves(space):  # type: ignore[arg-type]
        labels += [f"region {i + 1}" for i in range(len(leaf))] if leaf.name == "regions" else list(leaf.pieces)  # type: ignore[attr-defined]
    return labels


def _row(opened: Opened, selection: Selection | None, space: object) -> int | None:
    """The row of the selected token in a space; None where it does not ask there."""
    if selection is None:
        return None
    if selection.space == "region":
        return selection.token
    return len(opened.regions) + opened.pieces.of(selection.token)[0] if isinstance(space, Joined) else None


def _picked_cell(opened: Opened, pick: components.Pick) -> None:
    if not isinstance(pick, tuple):
        opened.choices.select(None)
    elif pick[0] < len(opened.regions):
        opened.choices.select(Selection("region", pick[0]))
    else:
        opened.choices.select(Selection("word", int(opened.pieces.of_word[pick[0] - len(opened.regions)])))
