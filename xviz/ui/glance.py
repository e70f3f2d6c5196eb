"""Every layer and head at a glance: the attention of the picked token in each, on one scale; a click chooses both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from xviz.core.forms import Form
from xviz.core.run import Run
from xviz.draw import scale
from xviz.drawings import multiples
from xviz.drawings.drawing import Surround
from xviz.explain.glance import glance
from xviz.ui import components, page


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """Whose attention is shown, and what a page calls it."""

    run: Run
    forms: Mapping[str, Form]  #: leaf space → how its tokens are shown
    space: str  #: leaf space of the picked token
    tokens: Sequence[int]  #: the token, or the pieces of a word
    called: str  #: the token in words
    call: str | None  #: the chosen layer
    head: int | None  #: the chosen head; None is the mean
    choose: Callable[[str, int], None]  #: told the layer and the head of a click
    place: str  #: of the drawing's key: another sample makes another
    titles: Mapping[str, str] | None = None  #: layer → its name for people; made of its spaces where None


def show(asked: Asked) -> None:
    """A small map for every layer in which the token takes part, and every head."""
    maps = glance(asked.run, asked.forms, asked.space, asked.tokens, asked.titles)
    calls, layers = maps.calls, maps.layers
    if not calls:
        st.caption(f"Tokens of “{page.plain(asked.space)}” take part in no attention.")
        return
    limits = scale.sequential(np.concatenate([layer.maps.ravel() for layer in layers]), label="attention weight")
    chosen = next((i for i, call in enumerate(calls) if call.name == asked.call), None)
    drawing = multiples.multiples(
        layers,
        scale=limits,
        selected=None if chosen is None or asked.head is None else (chosen, asked.head),
        mass="mass" if maps.asking else "sum",
        surround=Surround(f"Attention {'from' if maps.asking else 'to'} {asked.called}"),
    )

    def pick(cell: components.Pick) -> None:
        if isinstance(cell, tuple) and cell[1] < calls[cell[0]].heads:
            asked.choose(calls[cell[0]].name, cell[1])

    components.mount(drawing, key=f"heads {len(layers)} {asked.place}", on_pick=pick)
    meaning = (
        "the sum of the weights shown, and the entropy of the row in bits: low where few keys have most of the weight"
        if maps.asking
        else "the sum of the weights that the token gets, which is not one, and their entropy in bits"
    )
    st.caption(f"Under each map: head, {meaning}.")
    heading, *rows = drawing.table
    page.folded(
        "As a table",
        lambda: st.dataframe([dict(zip(map(str, heading), row, strict=True)) for row in rows], hide_index=True),
        key="heads table",
    )
