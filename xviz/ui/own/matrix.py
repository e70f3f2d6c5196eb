"""The attention matrix of a layer: as many weights as a screen can show, exact ones where somebody looks closer.

Never more in memory than a few rows: an overview is pooled while rows are made, and a part is made of its own rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import streamlit as st

from xviz.core.attention import AttentionCall
from xviz.core.tokens import TokenSpace, leaves
from xviz.draw import scale
from xviz.drawings import matrix, overview
from xviz.drawings.drawing import Surround
from xviz.explain.glance import title
from xviz.plates.pooling import Pooled, exact, pooled
from xviz.ui import cache, components, memory, page
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

LARGE = 2**25  #: weights of all heads above which a matrix waits to be asked for
PLAY = ":material/play_arrow:"
LABEL = "attention weight"


def show(opened: Opened, looked: Looked) -> None:
    """The attention matrix of the chosen layer, in blocks where spaces are joined."""
    call = opened.run.call(str(looked.call))
    if (small := weights(opened, call, looked.head, ask=True)) is None:
        return
    sides, cuts = _sides(opened, call), _cuts(opened, call)
    blocks = matrix.WHOLE
    if any(cuts):
        blocks = matrix.Blocks(cuts, [[f"{a.name} → {b.name}" for b in sides[1]] for a in sides[0]])
    surround = Surround(f"{title(opened.run, call)}: every row sums to one", height=560)
    axes, key = ("query", "key"), f"matrix {call.name} {opened.place}"

    def pick(cell: components.Pick) -> None:
        if isinstance(cell, tuple):
            opened.choices.select(_token_of(opened, sides[0], cell[0]))

    if small.exact:
        scaled, (rows, columns) = scale.sequential(small.weights, label=LABEL), small.labels
        drawing = matrix.matrix(
            small.weights, row_labels=rows, column_labels=columns, scale=scaled, blocks=blocks, axes=axes,
            surround=surround,
        )  # fmt: skip
        components.mount(drawing, key=key, on_pick=pick)
        return
    seen = _overview(_origin(opened, call, looked.head), small)
    drawing = matrix.large(seen, parts=True, blocks=blocks, axes=axes, surround=surround)
    closer = components.Closer(seen, lambda part: exact(call, looked.head, part))
    components.mount(drawing, key=key, on_pick=pick, closer=closer)


def weights(opened: Opened, call: AttentionCall, head: int | None, *, ask: bool = False) -> Pooled | None:
    """The weights of a layer, computed once; of a large one when asked for, and None until then."""
    run = opened.run

    def make(progress: page.Progress | None = None) -> Pooled:
        names = [labels(opened, side) for side in _sides(opened, call)]
        return pooled(call, head, names, _cuts(opened, call), progress)

    key = ("matrix", call.name, head)
    if ask and call.heads * call.q.shape[1] * call.k.shape[1] > LARGE and cache.part(run, key) is None:
        size = f"{call.q.shape[1]} × {call.k.shape[1]}"
        if not st.button(f"Compute the matrix of {size} weights", key=f"{opened.key} matrix", icon=PLAY):
            return None
        with page.progress("Attention matrix") as move:
            return cache.part(run, key, lambda: make(move))
    return cache.part(run, key, make)


@memory.kept()
def _overview(origin: str, _small: Pooled) -> overview.Overview:
    """What is sent once of a large matrix."""
    scaled = scale.sequential(_small.weights, label=LABEL)
    return overview.overview(_small.cells, *_small.labels, scaled, origin=origin)


def _origin(opened: Opened, call: AttentionCall, head: int | None) -> str:
    """A digest of what tells the matrix of one run, layer and head from all others."""
    return hashlib.sha256(repr((cache.key(opened.run), call.name, head)).encode()).hexdigest()


def _sides(opened: Opened, call: AttentionCall) -> tuple[Sequence[TokenSpace], Sequence[TokenSpace]]:
    """The leaf spaces of queries and of keys."""
    return leaves(opened.run.spaces[call.queries]), leaves(opened.run.spaces[call.keys])


def _cuts(opened: Opened, call: AttentionCall) -> tuple[list[int], list[int]]:
    """Where the spaces of rows and of columns begin, after the first."""
    rows, columns = ([int(n) for n in np.cumsum([len(leaf) for leaf in side])[:-1]] for side in _sides(opened, call))
    return rows, columns


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
