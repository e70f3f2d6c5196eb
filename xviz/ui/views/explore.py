"""Views beside each other: pick a cell of one, and every view answers at the keys where they really are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.cells import Cells
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import TokenSpace, leaves
from xviz.draw import scale
from xviz.draw.blocks import masses
from xviz.drawings import image, matrix
from xviz.drawings.drawing import Surround
from xviz.ui import cache, components, methods
from xviz.ui.records import Looked
from xviz.ui.state import Selection
from xviz.ui.views.sample import Opened

HEIGHT, SMALL = 330, 190  #: the most that a drawing takes, CSS pixels


def explore(opened: Opened) -> Looked:
    """Choose a block and a head, pick a cell or leave it to the class token, and see who answers."""
    st.subheader("Who asks whom")
    call, head = _choose(opened)
    selection = _selection(opened, call)
    focus = leaf_of(opened.run, call, selection.space) if selection else None
    st.caption(
        "Above the cells that ask: pick one, by mouse or with Tab, arrow keys and Enter; Escape gives the question "
        "back to the class token. Below the keys that answer, where they are: a pooled one covers several patches."
    )
    asked = {view: leaf_of(opened.run, call, view) for view in opened.views}
    with st.container(key="asking"):
        for column, (view, leaf) in zip(st.columns(len(asked), gap="medium"), asked.items(), strict=True):
            with column:
                _asking(opened, call, view, leaf, selection)
    target = Target(opened.output, *(("class", (0,)) if focus is None else (focus.name, (selection.token,))))  # type: ignore[union-attr]
    answer = cache.explain(opened.run, cache.Question("look", target, call, head))
    asking = "the class token" if focus is None else f"{opened.named(selection.space)}, {focus.label(selection.token)}"  # type: ignore[union-attr]
    _answering(opened, answer, asking)
    _quadrants(opened, call, head)
    return Looked(selection=selection, call=call, head=head, explanations=(answer,))


def _choose(opened: Opened) -> tuple[str, int | None]:
    """The attention call and the head."""
    calls = [call.name for call in opened.run.calls]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = next((i for i, name in enumerate(calls) if meets(opened.run, name)), 0)
        call = st.selectbox(
            "Block", calls, index=first, format_func=lambda name: opened.card.calls[name].title,
            key=f"{opened.card.key}-block", bind="query-params", width=360,
        )  # fmt: skip
        this = opened.run.call(call)
        head = methods.choose_head(
            this, key=f"{opened.card.key} head of {this.heads}", bind=False
        )  # stages differ in heads
    return call, head


def meets(run: Run, call: str) -> bool:
    """Whether views ask each other in a call."""
    sides = [blocks(run, space) for space in (run.call(call).queries, run.call(call).keys)]
    return len({*sides[0], *sides[1]} - {"class"}) > 1


def leaf_of(run: Run, call: str, view: str) -> Cells | None:
    """The cells of a view that ask in a call; None where it asks nothing there."""
    for leaf in leaves(run.spaces[run.call(call).queries]):
        if isinstance(leaf, Cells) and leaf.base().name == view:
            return leaf
    return None


def _selection(opened: Opened, call: str) -> Selection | None:
    """The picked cell, if it asks in this call; None is the class token."""
    kept = opened.choices.selection
    leaf = leaf_of(opened.run, call, kept.space) if kept and kept.space in opened.views else None
    if kept and leaf is not None and kept.token < len(leaf):
        return kept
    if "class" in blocks(opened.run, opened.run.call(call).queries):
        return None
    view, leaf = next((v, found) for v in opened.views if (found := leaf_of(opened.run, call, v)))
    return Selection(view, len(leaf) // 2)  # as an example, where the class token asks nothing


def _asking(opened: Opened, call: str, view: str, leaf: Cells | None, selection: Selection | None) -> None:
    """The cells of one view that can be picked."""
    if leaf is None:
        st.caption(f"{opened.named(view).capitalize()} asks nothing in this block.")
        return
    picked = selection.token if selection and selection.space == view else None
    shown = image.regions(
        opened.plane.pixels,
        opened.plane.place(leaf.boxes),
        labels=[leaf.label(i) for i in range(len(leaf))],
        marks=image.Marks(picked, strongest=len(leaf)),
        look=image.Look(opened.plane, "cell"),
        surround=Surround(f"Ask: {opened.named(view)} ({leaf.grid[0]} × {leaf.grid[1]} cells)", height=HEIGHT),
    )

    def pick(found: components.Pick) -> None:
        opened.choices.select(Selection(view, found) if isinstance(found, int) else None)

    components.mount(shown, key=f"ask {view} {call} {opened.place}", on_pick=pick)


def _answering(opened: Opened, answer: Explanation, asking: str) -> None:
    """The keys of every view under the weights of one row, with shared limits."""
    st.markdown(f"**Answers to {asking}**")
    draw(opened, answer, key="answer", title="Answer")
    if "class" in answer.scores:
        st.caption(f"To the class token: {float(answer.scores['class'][0]):.3f} of the weight.")


def shared(found: Sequence[Explanation]) -> scale.Scale:
    """One scale for all cells of some explanations."""
    values = np.concatenate([v for one in found for name, v in one.scores.items() if name != "class"])
    make = scale.diverging if found[0].signed else scale.sequential
    return make(values, label=found[0].unit)


def draw(opened: Opened, found: Explanation, *, key: str, title: str) -> None:
    """Every view under one explanation, beside each other; all views have the same limits."""
    for column, view in zip(st.columns(len(opened.views), gap="medium"), opened.views, strict=True):
        with column:
            draw_view(opened, found, view, shared([found]), key=key, title=f"{title}: {opened.named(view)}")


def draw_view(
    opened: Opened, found: Explanation, view: str, limits: scale.Scale, *, key: str, title: str, compact: bool = False
) -> None:
    """One view under an explanation, each cell where it is."""
    own = {name: v for name, v in found.scores.items() if name != "class" and opened.cells(name).base().name == view}
    for name, values in own.items():
        _cells(opened, opened.cells(name), values, limits, title, f"{key} {name}", compact)
    if not own:
        st.caption(f"{opened.named(view).capitalize()} does not answer here.")


def _cells(
    opened: Opened, leaf: Cells, values: NDArray[np.float64], limits: scale.Scale, title: str, key: str, compact: bool
) -> None:
    shown = image.regions(
        opened.plane.pixels,
        opened.plane.place(leaf.boxes),
        values,
        labels=[leaf.label(i) for i in range(len(leaf))],
        scale=limits,
        marks=image.Marks(known=() if opened.known is None else opened.known, strongest=3),
        look=image.Look(opened.plane, "cell", compact),
        surround=Surround(title, height=SMALL if compact else HEIGHT),
    )
    components.mount(shown, key=f"{key} {opened.place}")


# The matrix and its masses


def _quadrants(opened: Opened, call: str, head: int | None) -> None:
    """The attention matrix of a call with the mass of each quadrant, and the masses over all stages."""
    this = opened.run.call(call)
    weights, rows, columns = methods.weigh(this, head), blocks(opened.run, this.queries), blocks(opened.run, this.keys)
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
        blocks=matrix.Blocks(cuts, [[f"{a} → {b}" for b in columns] for a in rows]),  # type: ignore[arg-type]
        axes=("query", "key"),
        surround=Surround(f"{opened.card.calls[call].title}: every row sums to one", height=560),
    )
    left, right = st.columns(2, gap="medium")
    with left:
        components.mount(view, key=f"matrix {call} {opened.place}")
    with right:
        st.markdown("**How much the views look at each other, by stage**")
        st.dataframe(summary(opened, head), hide_index=True)
        st.caption(
            "Mean weight that a token of one view gives to all keys of another, in the blocks where the views meet; in "
            "brackets what it would give if it had no preference among the keys. The keys of a row sum to one."
        )


def blocks(run: Run, space: str) -> Mapping[str, TokenSpace]:
    """Name for people → leaf, of a space."""
    found = {}
    for leaf in leaves(run.spaces[space]):
        name = leaf.base().name if isinstance(leaf, Cells) else leaf.name
        found[name.replace("view", "view ")] = leaf
    return found


def summary(opened: Opened, head: int | None) -> list[dict[str, str]]:
    """One row for each pair of views, one column for each block in which views meet: the mass of the quadrant."""
    rows: dict[str, dict[str, str]] = {}
    for call in opened.run.calls:
        if not meets(opened.run, call.name):
            continue
        asking, answering = blocks(opened.run, call.queries), blocks(opened.run, call.keys)
        sizes = [[len(leaf) for leaf in side.values()] for side in (asking, answering)]
        cuts = [np.cumsum(side)[:-1].tolist() for side in sizes]
        own = head if head is not None and head < call.heads else None  # stages differ in heads
        found = masses(methods.weigh(call, own), (cuts[0], cuts[1]))
        for i, one in enumerate(asking):
            for j, other in enumerate(answering):
                row = rows.setdefault(f"{one} → {other}", {"asks → answers": f"{one} → {other}"})
                row[opened.card.calls[call.name].layer] = f"{found[i, j]:.3f} ({sizes[1][j] / sum(sizes[1]):.3f})"
    return list(rows.values())
