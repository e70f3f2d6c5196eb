"""Views beside each other: pick a cell of one, and every view answers at the keys where they really are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import scale
from xviz.blocks import masses
from xviz.core.cells import Cells
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import TokenSpace, leaves
from xviz.ui import answers, cache, components
from xviz.ui.hearing import Heard
from xviz.ui.state import Selection
from xviz.views import image, matrix

NAMES = {"view1": "view 1, fine in time", "view2": "view 2, fine in frequency"}


@dataclass(frozen=True, eq=False)
class Looked:
    """What ``explore`` shows."""

    call: str
    head: int | None
    asking: tuple[Cells, int] | None  #: the cell that asks; None for the class token
    answer: Explanation  #: the row of attention


def explore(heard: Heard) -> Looked:
    """Choose a block and a head, pick a cell or leave it to the class token, and see who answers."""
    st.subheader("Who asks whom")
    call, head = _choose(heard)
    selection = _selection(heard, call)
    focus = _leaf_of(heard.run, call, selection.space) if selection else None
    st.caption(
        "Above the cells that ask: pick one, by mouse or with Tab, arrow keys and Enter; Escape gives the question "
        "back to the class token. Below the keys that answer, where they are: a pooled one covers several patches."
    )
    asked = {view: _leaf_of(heard.run, call, view) for view in heard.views}
    with st.container(key="asking"):
        for column, (view, leaf) in zip(st.columns(len(asked), gap="medium"), asked.items(), strict=True):
            with column:
                _asking(heard, call, view, leaf, selection)
    target = Target(heard.output, *(("class", (0,)) if focus is None else (focus.name, (selection.token,))))  # type: ignore[union-attr]
    answer = cache.explain(heard.run, cache.Question("look", target, call, head))
    asking = "the class token" if focus is None else f"{view_name(selection.space)}, {focus.label(selection.token)}"  # type: ignore[union-attr]
    _answering(heard, answer, asking)
    _quadrants(heard, call, head)
    return Looked(call, head, None if focus is None else (focus, selection.token), answer)  # type: ignore[union-attr]


def view_name(space: str) -> str:
    """A view for people."""
    return NAMES.get(space, space)


def _choose(heard: Heard) -> tuple[str, int | None]:
    """The attention call and the head."""
    calls = [call.name for call in heard.run.calls]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        call = st.selectbox("Block", calls, index=0, format_func=call_name, key="block", bind="query-params", width=360)
        this = heard.run.call(call)
        head = answers.choose_head(this, key=f"head of {this.heads}", bind=False)  # stages differ in heads
    return call, head


def call_name(name: str) -> str:
    """A call for people: ``stage2.block2.joint`` → “Stage 2, block 2: all views at once”."""
    stage, block, kind = name.split(".")
    said = {"joint": "all views at once"}.get(kind, kind.replace("_asks_", " asks ").replace("view", "view "))
    if kind.startswith("view") and "_" not in kind:
        said += " by itself"
    return f"Stage {stage.removeprefix('stage')}, block {block.removeprefix('block')}: {said}"


def _leaf_of(run: Run, call: str, view: str) -> Cells | None:
    """The cells of a view that ask in a call; None where it asks nothing there."""
    for leaf in leaves(run.spaces[run.call(call).queries]):
        if isinstance(leaf, Cells) and leaf.base().name == view:
            return leaf
    return None


def _selection(heard: Heard, call: str) -> Selection | None:
    """The picked cell, if it asks in this call; None is the class token."""
    kept = heard.choices.selection
    leaf = _leaf_of(heard.run, call, kept.space) if kept and kept.space in heard.views else None
    if kept and leaf is not None and kept.token < len(leaf):
        return kept
    if "class" in blocks(heard.run, heard.run.call(call).queries):
        return None
    view, leaf = next((v, found) for v in heard.views if (found := _leaf_of(heard.run, call, v)))
    return Selection(view, len(leaf) // 2)  # as an example, where the class token asks nothing


def _asking(heard: Heard, call: str, view: str, leaf: Cells | None, selection: Selection | None) -> None:
    """The cells of one view that can be picked."""
    if leaf is None:
        st.caption(f"{view_name(view).capitalize()} asks nothing in this block.")
        return
    picked = selection.token if selection and selection.space == view else None
    shown = image.regions(
        heard.drawn.pixels,
        heard.drawn.place(leaf.boxes),
        labels=[leaf.label(i) for i in range(len(leaf))],
        selected=picked,
        title=f"Ask: {view_name(view)} ({leaf.grid[0]} × {leaf.grid[1]} cells)",
        height=330,
    )

    def pick(found: components.Pick) -> None:
        heard.choices.select(Selection(view, found) if isinstance(found, int) else None)

    components.mount(shown, key=f"ask {view} {call} {heard.place}", on_pick=pick)


def _answering(heard: Heard, answer: Explanation, asking: str) -> None:
    """The keys of every view under the weights of one row, with shared limits."""
    st.markdown(f"**Answers to {asking}**")
    draw(heard, answer, key="answer", title="Answer")
    if "class" in answer.scores:
        st.caption(f"To the class token: {float(answer.scores['class'][0]):.3f} of the weight.")


def shared(found: Sequence[Explanation]) -> scale.Scale:
    """One scale for all cells of some explanations."""
    values = np.concatenate([v for one in found for name, v in one.scores.items() if name != "class"])
    make = scale.diverging if found[0].signed else scale.sequential
    return make(values, label=found[0].unit)


def draw(heard: Heard, found: Explanation, *, key: str, title: str, limits: scale.Scale | None = None) -> None:
    """Every view under one explanation; all views have the same limits."""
    limits = limits or shared([found])
    for column, view in zip(st.columns(len(heard.views), gap="medium"), heard.views, strict=True):
        own = {name: v for name, v in found.scores.items() if name != "class" and heard.cells(name).base().name == view}
        with column:
            for name, values in own.items():
                _cells(heard, heard.cells(name), values, limits, f"{title}: {view_name(view)}", f"{key} {name}")
            if not own:
                st.caption(f"{view_name(view).capitalize()} does not answer here.")


def _cells(heard: Heard, leaf: Cells, values: NDArray[np.float64], limits: scale.Scale, title: str, key: str) -> None:
    shown = image.regions(
        heard.drawn.pixels,
        heard.drawn.place(leaf.boxes),
        values,
        labels=[leaf.label(i) for i in range(len(leaf))],
        scale=limits,
        strongest=3,
        title=title,
        height=330,
    )
    components.mount(shown, key=f"{key} {heard.place}")


# The matrix and its masses


def _quadrants(heard: Heard, call: str, head: int | None) -> None:
    """The attention matrix of a call with the mass of each quadrant, and the masses over all stages."""
    this = heard.run.call(call)
    weights, rows, columns = answers.weigh(this, head), blocks(heard.run, this.queries), blocks(heard.run, this.keys)
    cuts = tuple(
        tuple(int(n) for n in np.cumsum([len(leaf) for leaf in side.values()])[:-1]) for side in (rows, columns)
    )
    labels = [
        [f"{who}: {leaf.label(i)}" for who, leaf in side.items() for i in range(len(leaf))] for side in (rows, columns)
    ]
    view = matrix.matrix(
        weights,
        row_labels=labels[0],
        column_labels=labels[1],
        scale=scale.sequential(weights, label="attention weight"),
        dividers=cuts,  # type: ignore[arg-type]
        quadrant_labels=[[f"{a} → {b}" for b in columns] for a in rows],
        title=f"{call_name(call)}: every row asks, its weights sum to one",
        axes=("asking", "answering"),
        height=520,
    )
    components.mount(view, key=f"matrix {call} {heard.place}")
    st.markdown("**How much the views look at each other, by stage**")
    st.dataframe(summary(heard.run, head), hide_index=True)
    st.caption(
        "Mean weight that a cell of one view gives to all keys of another in the blocks where the views meet; in "
        "brackets what it would give if it had no preference among the keys."
    )


def blocks(run: Run, space: str) -> Mapping[str, TokenSpace]:
    """Name for people → leaf, of a space."""
    found = {}
    for leaf in leaves(run.spaces[space]):
        name = leaf.base().name if isinstance(leaf, Cells) else leaf.name
        found[name.replace("view", "view ")] = leaf
    return found


def summary(run: Run, head: int | None) -> list[dict[str, str]]:
    """One row for each block in which views meet: the mass of every pair of views."""
    rows = []
    for call in run.calls:
        asking, answering = blocks(run, call.queries), blocks(run, call.keys)
        views = [name for name in answering if name != "class"]
        if len({*asking, *views} - {"class"}) < 2:
            continue
        sizes = [[len(leaf) for leaf in side.values()] for side in (asking, answering)]
        cuts = [np.cumsum(side)[:-1].tolist() for side in sizes]
        own = head if head is not None and head < call.heads else None  # stages differ in heads
        found = masses(answers.weigh(call, own), (cuts[0], cuts[1]))
        said = {"block": call_name(call.name)}
        for i, one in enumerate(asking):
            for j, other in enumerate(answering):
                if other != "class":
                    said[f"{one} → {other}"] = f"{found[i, j]:.3f} ({sizes[1][j] / sum(sizes[1]):.3f})"
        rows.append(said)
    return rows
