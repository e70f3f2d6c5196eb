"""Behind the links: affinity of class tokens, and how the outputs change without some tokens."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.draw import scale
from xviz.drawings import matrix
from xviz.drawings.drawing import Surround
from xviz.models.mit import affinities
from xviz.ui import cache, components
from xviz.ui.rooms.draw import Looked
from xviz.ui.rooms.sample import Opened
from xviz.ui.trust import Trial

SIDES = ("points", "photos")
TRIAL = Trial(
    prefix="rooms", space="supervoxels", tokens="Supervoxels", part="decoder", last=False, beside="method",
    attention="The attention weights of the decoder are", data="composed rooms with unseen furniture",
    methods=("rollout", "relevance", "gradient", "integrated", "gradcam", "occlusion"), first="gradcam",
    hides=True,
)  # fmt: skip


def classes(opened: Opened) -> None:
    """Class token against class token, layer by layer."""
    values = np.asarray(cache.of_run(opened.run, lambda _, run: affinities(run).double().numpy(), "affinities"))
    titles = {call.name: opened.card.calls[call.name] for call in opened.run.calls if call.first_key}
    chosen = st.selectbox(
        "Decoder layer",
        list(titles),
        format_func=lambda n: titles[n].title,
        key="affinity",
        persist_state="page",
        width=280,
    )
    layer, names = list(titles).index(chosen), list(opened.run.outputs)
    queries, keys = SIDES if opened.run.call(chosen).queries.startswith("classes_3d") else SIDES[::-1]
    drawing = matrix.matrix(
        values[layer],
        row_labels=names,
        column_labels=names,
        scale=scale.diverging(values, label="scaled product of query and key, before softmax"),
        axes=(f"query, {queries}", f"key, {keys}"),
        surround=Surround(f"Class tokens of {queries} and of {keys}", height=430),
    )
    components.mount(drawing, key=f"affinity {opened.place}")
    own = np.trace(values[layer]) / len(names)
    off_diagonal = (values[layer].sum() - np.trace(values[layer])) / max(1, len(names) * (len(names) - 1))
    st.caption(
        f"Mean on the diagonal {scale.number(float(own))}, off it {scale.number(float(off_diagonal))}.",
        help="Training pulls the tokens of the same class on both sides together. One scale for all layers; mean of "
        "heads.",
    )


def without(opened: Opened, looked: Looked) -> None:
    """Leave photos and supervoxels out, and see the outputs change."""
    choices = opened.choices
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = list(opened.drawn.album.names)
        before = [photo for photo in choices.photos if photo < len(names)][: max(0, len(names) - 1)]
        chosen = st.multiselect(
            "Leave photos out", range(len(names)), default=before, format_func=names.__getitem__,
            max_selections=max(1, len(names) - 1), disabled=len(names) < 2, key=f"without {opened.place}", width=420,
            help="A token that is left out is no key, no query and part of no mean.",
        )  # fmt: skip
        if sorted(chosen) != before:
            choices.leave_out(tuple(chosen))
            st.rerun()
        token = looked.selection.token if looked.selection.space == "supervoxel" else None
        if st.button(
            "Hide the picked supervoxel" if token is None else f"Hide {opened.segments.label(token)}",
            disabled=token is None or len(choices.masked) + 1 >= len(opened.segments), icon=":material/visibility_off:",
        ):  # fmt: skip
            choices.mask((*choices.masked, token))
            st.rerun()
        linked = st.button(
            "Hide linked supervoxels", disabled=not looked.links, icon=":material/layers_clear:",
            help="The supervoxels of the strongest links.",
        )  # fmt: skip
        if linked:
            choices.mask((*choices.masked, *(link.supervoxel for link in looked.links)))
            st.rerun()
        if choices.masked and st.button("Show all supervoxels", icon=":material/visibility:"):
            choices.mask(())
            st.rerun()
    if opened.gone or choices.masked:
        _change(opened)
    else:
        st.caption("Nothing is left out. The probabilities above change when something is.")


def _change(opened: Opened) -> None:
    """The classes whose log-odds changed most."""
    changes = {name: opened.run.outputs[name] - opened.before.outputs[name] for name in opened.run.outputs}
    ranked = sorted(changes, key=lambda name: -abs(changes[name]))[:6]
    hidden, gone = len(opened.choices.masked), len(opened.gone)
    st.markdown(
        f"Without {hidden} supervoxel{'s' * (hidden != 1)} and {gone} photo{'s' * (gone != 1)}, "
        f"log-odds change most for: {', '.join(f'**{name}** {scale.signed(changes[name])}' for name in ranked)}."
    )
