"""Views beside each other: pick a patch of one, and see its attention to the keys of every view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import streamlit as st

from xviz.core.attention import AttentionCall
from xviz.core.cells import Cells
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import TokenSpace, leaves
from xviz.draw import scale
from xviz.draw.blocks import masses
from xviz.drawings import image, matrix
from xviz.drawings.drawing import Drawing, Surround
from xviz.plates.views import of_patches
from xviz.ui import ahead, cache, components, glance, methods, state
from xviz.ui.forms import Forms
from xviz.ui.records import Looked
from xviz.ui.state import Selection
from xviz.ui.views.sample import Opened

KEYS = "key"  #: what a pick among keys is called; no table has it, since nothing follows it
HEIGHT, SMALL = 330, 190  #: the most that a drawing takes, CSS pixels


@dataclass(frozen=True, eq=False)
class Shown:
    """What one query shows."""

    row: Explanation
    query: str  #: in words
    queries: Mapping[str, Drawing]  #: view → its patches that can be picked
    keys: Mapping[str, Mapping[str, Drawing]]  #: view → space → its keys under the row's weights, on shared limits


def explore(opened: Opened) -> Looked:
    """Choose a block and a head, pick a patch or leave it to the class token, and see the attention of that query."""
    call, head = _choose(opened)
    selection = _selection(opened, call, opened.choices.selection)
    table, shown = _ahead(opened, call, head), _shown(opened, call, head, selection)
    with st.container(key="asking"):
        for column, view in zip(st.columns(len(opened.views), gap="medium"), opened.views, strict=True):
            with column:
                if not (drawing := shown.queries.get(view)):
                    st.caption(f"{opened.named(view).capitalize()} has no queries in this block.")
                    continue
                components.mount(
                    drawing, key=_place(opened, "ask", view, call), on_pick=partial(_pick, opened, view),
                    ahead=components.Ahead(table, opened.place, view),
                )  # fmt: skip
    scores = shown.row.scores
    of_class = f" Weight on the class token: {float(scores['class'][0]):.3f}." if "class" in scores else ""
    st.markdown(f"**Attention from {shown.query}.**{of_class}")
    for column, view in zip(st.columns(len(opened.views), gap="medium"), opened.views, strict=True):
        with column:
            mount_keys(opened, view, shown.keys[view], key="answer", ahead=components.Ahead(table, opened.place, KEYS))
    _matrix(opened, call, head)
    return Looked(selection=selection, call=call, head=head, explanations=(shown.row,))


def _place(opened: Opened, key: str, *names: str) -> str:
    """The key of a drawing on this page."""
    return " ".join((key, *names, opened.place))


def _pick(opened: Opened, view: str, token: components.Pick) -> None:
    """Select a patch that was picked in a view."""
    opened.choices.select(Selection(view, token) if isinstance(token, int) else None)


def _shown(opened: Opened, call: str, head: int | None, selection: Selection | None) -> Shown:
    """The attention of the picked patch, or of the class token, drawn."""
    target, query = Target(opened.output, "class", (0,)), "the class token"
    if selection and (leaf := leaf_of(opened.run, call, selection.space)):
        target = Target(opened.output, leaf.name, (selection.token,))
        query = f"{opened.named(selection.space)}, {leaf.label(selection.token)}"
    row = cache.explain(opened.run, cache.Question("look", target, call, head))
    asking = {view: leaf for view in opened.views if (leaf := leaf_of(opened.run, call, view))}
    queries = {view: _queries(opened, view, leaf, selection) for view, leaf in asking.items()}
    limits, titles = shared([row]), {view: f"Keys: {opened.named(view)}" for view in opened.views}
    keys = {view: keys_of(opened, row, view, limits, title=title) for view, title in titles.items()}
    return Shown(row, query, queries, keys)


def _ahead(opened: Opened, call: str, head: int | None) -> str:
    """What queries and keys show for every pick, made ahead."""
    asking = {view: leaf for view in opened.views if (leaf := leaf_of(opened.run, call, view))}
    picks = [Selection(view, i) for view, leaf in asking.items() for i in range(len(leaf))]

    def make(table: str) -> Iterator[tuple[str, ahead.Shown]]:
        def sent(drawing: Drawing, key: str, space: str) -> dict[str, bytes]:
            return {key: components.message(drawing, key, components.Ahead(table, opened.place, space))}

        for pick in (None, *picks):
            shown, messages = _shown(opened, call, head, _selection(opened, call, pick)), dict[str, bytes]()
            for view, drawing in shown.queries.items():
                messages |= sent(drawing, _place(opened, "ask", view, call), view)
            for drawings in shown.keys.values():
                for space, drawing in drawings.items():
                    messages |= sent(drawing, _place(opened, "answer", space), KEYS)
            yield ahead.pick_name(pick), messages

    return ahead.prepare(opened.run, ("views", call, head), make, key=f"views ahead {opened.place}", begin=True)


def at_a_glance(opened: Opened, looked: Looked) -> None:
    """The picked patch, or the class token, in every block and head; a click chooses both."""
    run, call = opened.run, str(looked.call)
    space, token, called = "class", 0, "the class token"
    selection = looked.selection
    if selection is not None and (leaf := leaf_of(run, call, selection.space)):
        space, token = leaf.name, selection.token
        called = f"{opened.named(selection.space)}, {leaf.label(token)}"

    def choose(name: str, head: int) -> None:
        state.set_widget(f"{opened.card.key}-block", name)
        state.set_widget(f"{opened.card.key} head of {run.call(name).heads}", head + 1)

    glance.show(
        glance.Asked(
            run=run, forms=cache.of_run(run, Forms(opened.sample), "forms"), space=space, tokens=(token,),
            called=called, call=call, head=looked.head, choose=choose, place=opened.place,
            titles={name: title.title for name, title in opened.card.calls.items()},
        )
    )  # fmt: skip


def _choose(opened: Opened) -> tuple[str, int | None]:
    """The attention call and the head."""
    calls = [call.name for call in opened.run.calls]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = next((i for i, name in enumerate(calls) if meets(opened.run, name)), 0)
        name = st.selectbox(
            "Block", calls, index=first, format_func=lambda name: opened.card.calls[name].title,
            key=f"{opened.card.key}-block", bind="query-params", width=360,
        )  # fmt: skip
        call = opened.run.call(name)  # stages differ in heads
        head = methods.choose_head(call, key=f"{opened.card.key} head of {call.heads}", bind=False)
        st.caption(
            "Click a query in the upper row; below are its attention weights over the keys. "
            "Keyboard: Tab, arrows, Enter; Esc returns to the class token.",
            help="A pooled key covers several patches and is drawn over all of them.",
        )
    return name, head


def meets(run: Run, call: str) -> bool:
    """Whether views attend to each other in a call."""
    sides = [blocks(run, space) for space in (run.call(call).queries, run.call(call).keys)]
    return len({*sides[0], *sides[1]} - {"class"}) > 1


def leaf_of(run: Run, call: str, view: str) -> Cells | None:
    """The queries of a view in a call; None where it has none there."""
    for leaf in leaves(run.spaces[run.call(call).queries]):
        if isinstance(leaf, Cells) and leaf.base().name == view:
            return leaf
    return None


def _selection(opened: Opened, call: str, selection: Selection | None) -> Selection | None:
    """The picked patch, if it is a query of this call; None is the class token."""
    leaf = leaf_of(opened.run, call, selection.space) if selection and selection.space in opened.views else None
    if selection and leaf is not None and selection.token < len(leaf):
        return selection
    if "class" in blocks(opened.run, opened.run.call(call).queries):
        return None
    view, leaf = next((view, leaf) for view in opened.views if (leaf := leaf_of(opened.run, call, view)))
    return Selection(view, len(leaf) // 2)  # as an example, where the class token is no query


def _queries(opened: Opened, view: str, leaf: Cells, selection: Selection | None) -> Drawing:
    """The patches of one view that can be picked."""
    return image.regions(
        opened.plane.pixels,
        opened.plane.place(leaf.boxes),
        labels=_labels(leaf),
        marks=image.Marks(selection.token if selection and selection.space == view else -1, strongest=len(leaf)),
        look=image.Look(opened.plane, "patch"),
        surround=Surround(f"Queries: {opened.named(view)} ({leaf.grid[0]} × {leaf.grid[1]})", height=HEIGHT),
    )


def shared(explanations: Sequence[Explanation]) -> scale.Scale:
    """One scale for all patches of some explanations."""
    make = scale.diverging if explanations[0].signed else scale.sequential
    return make(np.concatenate([of_patches(each) for each in explanations]), label=explanations[0].unit)


@lru_cache(maxsize=64)
def _labels(leaf: TokenSpace) -> list[str]:
    """What the tokens of a view are called."""
    return [leaf.label(i) for i in range(len(leaf))]


def keys_of(
    opened: Opened, shown: Explanation, view: str, limits: scale.Scale, *, title: str, compact: bool = False
) -> dict[str, Drawing]:
    """One view under an explanation, each patch where it is: space → drawing; none where it has no scores."""
    own = {name: opened.cells(name) for name in shown.scores if name != "class"}
    return {
        name: image.regions(
            opened.plane.pixels,
            opened.plane.place(leaf.boxes),
            shown.scores[name],
            labels=_labels(leaf),
            scale=limits,
            marks=image.Marks(known=() if opened.known is None else opened.known, strongest=3),
            look=image.Look(opened.plane, "patch", compact),
            surround=Surround(title, height=SMALL if compact else HEIGHT),
        )
        for name, leaf in own.items()
        if leaf.base().name == view
    }


def mount_keys(
    opened: Opened, view: str, drawings: Mapping[str, Drawing], *, key: str, ahead: components.Ahead | None = None
) -> None:
    """The keys of one view, as ``keys_of`` drew them."""
    for space, drawing in drawings.items():
        components.mount(drawing, key=_place(opened, key, space), ahead=ahead)
    if not drawings:
        st.caption(f"{opened.named(view).capitalize()} has no keys here.")


# The matrix and its masses


def _matrix(opened: Opened, name: str, head: int | None) -> None:
    """The attention matrix of a call with the mass of each quadrant, and the masses over all stages."""
    call = opened.run.call(name)
    weights, sides = methods.weigh(call, head), (blocks(opened.run, call.queries), blocks(opened.run, call.keys))
    rows, columns = ([f"{block}: {label}" for block, leaf in side.items() for label in _labels(leaf)] for side in sides)
    drawing = matrix.matrix(
        weights,
        row_labels=rows,
        column_labels=columns,
        scale=scale.sequential(weights, label="attention weight"),
        blocks=matrix.Blocks(_cuts(sides), [[f"{query} → {key}" for key in sides[1]] for query in sides[0]]),
        axes=("query", "key"),
        surround=Surround(f"{opened.card.calls[name].title}: every row sums to one", height=560),
    )
    left, right = st.columns(2, gap="medium")
    with left:
        components.mount(drawing, key=f"matrix {name} {opened.place}")
    with right:
        st.markdown(
            "**Attention between views, by block**",
            help="Mean weight that a query of one view gives to all keys of another, in the blocks where views meet. "
            "In brackets: the value of uniform attention.",
        )
        st.dataframe(summary(opened, head), hide_index=True)


def _cuts(sides: Sequence[Mapping[str, TokenSpace]]) -> tuple[list[int], list[int]]:
    """Where blocks of rows and of columns begin, after the first."""
    rows, columns = ([int(n) for n in np.cumsum([len(leaf) for leaf in side.values()])[:-1]] for side in sides)
    return rows, columns


def blocks(run: Run, space: str) -> Mapping[str, TokenSpace]:
    """Name for people → leaf, of a space."""
    named = {leaf.base().name if isinstance(leaf, Cells) else leaf.name: leaf for leaf in leaves(run.spaces[space])}
    return {name.replace("view", "view "): leaf for name, leaf in named.items()}


def summary(opened: Opened, head: int | None) -> list[dict[str, str]]:
    """One row for each pair of views, one column for each block in which views meet: the mass of the quadrant."""
    rows: dict[str, dict[str, str]] = {}
    for call in opened.run.calls:
        if meets(opened.run, call.name):
            for pair, text in _quadrants(opened.run, call, head):
                rows.setdefault(pair, {"query → key": pair})[opened.card.calls[call.name].layer] = text
    return list(rows.values())


def _quadrants(run: Run, call: AttentionCall, head: int | None) -> list[tuple[str, str]]:
    """Each pair of views with its mass, and the mass under uniform attention, for people."""
    sides = blocks(run, call.queries), blocks(run, call.keys)
    own = head if head is not None and head < call.heads else None  # stages differ in heads
    mass, total = masses(methods.weigh(call, own), _cuts(sides)), sum(len(leaf) for leaf in sides[1].values())
    return [
        (f"{query} → {key}", f"{mass[i, j]:.3f} ({len(leaf) / total:.3f})")
        for i, query in enumerate(sides[0])
        for j, (key, leaf) in enumerate(sides[1].items())
    ]
