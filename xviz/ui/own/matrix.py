"""The attention matrix of a layer: as many weights as a screen can show, never more in memory than a few rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from xviz.core.attention import AttentionCall
from xviz.core.tokens import TokenSpace, leaves
from xviz.draw import scale
from xviz.drawings import matrix
from xviz.drawings.drawing import Surround
from xviz.explain.glance import title
from xviz.plates.pooling import Pooled, pooled
from xviz.ui import cache, components
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

LARGE = 2**25  #: weights of all heads above which a matrix waits to be asked for
PLAY = ":material/play_arrow:"


def show(opened: Opened, looked: Looked) -> None:
    """The attention matrix of the chosen layer, in blocks where spaces are joined."""
    call = opened.run.call(str(looked.call))
    sides = leaves(opened.run.spaces[call.queries]), leaves(opened.run.spaces[call.keys])
    if (small := weights(opened, call, looked.head, ask=True)) is None:
        return
    cuts = tuple([int(n) for n in np.cumsum([len(leaf) for leaf in side])[:-1]] for side in sides)
    blocks = matrix.WHOLE
    if any(cuts) and small.exact:
        blocks = matrix.Blocks(cuts, [[f"{a.name} → {b.name}" for b in sides[1]] for a in sides[0]])
    drawing = matrix.matrix(
        small.weights, row_labels=small.rows, column_labels=small.columns,
        scale=scale.sequential(small.weights, label="attention weight"), blocks=blocks, axes=("query", "key"),
        surround=Surround(f"{title(opened.run, call)}: every row sums to one", height=560),
    )  # fmt: skip

    def pick(cell: components.Pick) -> None:
        if isinstance(cell, tuple):
            opened.choices.select(_token_of(opened, sides[0], cell[0] * small.tall))

    components.mount(drawing, key=f"matrix {call.name} {opened.place}", on_pick=pick)
    if not small.exact:
        st.caption(f"Each cell is the strongest of {small.tall} × {small.wide} weights.")


def weights(opened: Opened, call: AttentionCall, head: int | None, *, ask: bool = False) -> Pooled | None:
    """The weights of a layer, computed once; of a large one when asked for, and None until then."""
    run = opened.run

    def make() -> Pooled:
        sides = [labels(opened, leaves(run.spaces[side])) for side in (call.queries, call.keys)]
        return pooled(call, head, sides)

    key = ("matrix", call.name, head)
    if ask and call.heads * call.q.shape[1] * call.k.shape[1] > LARGE and cache.part(run, key) is None:
        size = f"{call.q.shape[1]} × {call.k.shape[1]}"
        if not st.button(f"Compute the matrix of {size} weights", key=f"{opened.key} matrix", icon=PLAY):
            return None
    return cache.part(run, key, make)


def labels(opened: Opened, side: Sequence[TokenSpace]) -> list[str]:
    """A label for every token of a side, with its space where there are several."""
    texts = []
    for leaf in side:
        form = opened.forms[leaf.name]
        own = form.labels if len(form) == len(leaf) else [leaf.label(i) for i in range(len(leaf))]
        texts += [f"{leaf.name}: {label}" if len(side) > 1 else label for label in own]
    return texts


def _token_of(opened: Opened, side: Sequence[TokenSpace], index: int) -> Selection | None:
    for leaf in side:
        if index < len(leaf):
            return opened.select(leaf.name, index)
        index -= len(leaf)
    return None
