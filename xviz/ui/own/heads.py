"""Every layer and head at a glance: the attention of the picked token in each, on one scale."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.draw import scale
from xviz.drawings import multiples
from xviz.drawings.drawing import Surround
from xviz.explain.glance import glance
from xviz.ui import components, page
from xviz.ui.own.explore import choose_call
from xviz.ui.own.sample import Opened
from xviz.ui.records import Looked


def show(opened: Opened, looked: Looked) -> None:
    """A small map for every layer in which the picked token takes part, and every head; a click chooses both."""
    if looked.selection is None:
        st.caption("Pick a token above to see its attention in every layer and head.")
        return
    space = str(opened.space_of(looked.selection))
    found = glance(opened.run, opened.forms, space, opened.tokens(looked.selection))
    calls, layers, asking = found.calls, found.layers, found.asking
    if not calls:
        st.caption(f"Tokens of “{page.plain(space)}” take part in no attention.")
        return
    limits = scale.sequential(np.concatenate([one.maps.ravel() for one in layers]), label="attention weight")
    chosen = next(((i, looked.head or 0) for i, call in enumerate(calls) if call.name == looked.call), None)
    drawing = multiples.multiples(
        layers,
        scale=limits,
        selected=chosen if chosen is not None and looked.head is not None else None,
        mass="mass" if asking else "sum",
        surround=Surround(f"Attention {'from' if asking else 'to'} {opened.called(looked.selection)}"),
    )

    def pick(chosen: components.Pick) -> None:
        if isinstance(chosen, tuple) and chosen[1] < calls[chosen[0]].heads:
            choose_call(opened, calls[chosen[0]].name, chosen[1])

    components.mount(drawing, key=f"heads {len(layers)} {opened.place}", on_pick=pick)
    what = (
        "the sum of the weights shown, and the entropy of the row in bits: low where few keys have most of the weight"
        if asking
        else "the sum of the weights that the token gets, which is not one, and their entropy in bits"
    )
    st.caption(f"Under each map: head, {what}.")
    with st.expander("As a table"):
        heading, *rows = drawing.table
        st.dataframe([dict(zip(map(str, heading), row, strict=True)) for row in rows], hide_index=True)
