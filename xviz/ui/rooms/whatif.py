"""Behind the links: what class tokens find in each other, and what becomes of the answer without some tokens."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.draw import scale
from xviz.drawings import matrix
from xviz.models.mit import affinities
from xviz.ui import cache, components
from xviz.ui.rooms import calls
from xviz.ui.rooms.draw import Looked
from xviz.ui.rooms.sample import Opened
from xviz.ui.trust import Trial

TRIAL = Trial(
    prefix="rooms", space="supervoxels", tokens="Supervoxels", part="decoder", last=False, beside="method",
    attention="The weights of the decoder, within and across sides, are all", data="rooms of unseen furniture",
    methods=("rollout", "relevance", "gradient", "integrated", "gradcam", "occlusion"), first="gradcam",
)  # fmt: skip


def classes(opened: Opened) -> None:
    """Class against class, layer by layer."""
    with st.expander("Class tokens against class tokens"):
        found = cache.of_run(opened.run, lambda _, run: affinities(run).double().numpy(), "affinities")
        values = np.asarray(found)
        sides = calls.sides(opened.run)
        order = [call.name for call in opened.run.calls if call.name in (*sides["points"], *sides["photos"])]
        layers = [
            f"{i + 1}: {'points ask photos' if n in sides['points'] else 'photos ask points'}"
            for i, n in enumerate(order)
        ]
        chosen = st.selectbox("Decoder layer", layers, key="affinity", width=280)
        layer = layers.index(chosen)
        points_ask = order[layer] in sides["points"]
        names = list(opened.run.outputs)
        view = matrix.matrix(
            values[layer],
            row_labels=names,
            column_labels=names,
            scale=scale.diverging(values, label="scaled product of query and key, before any softmax"),
            title="Class tokens of one side against those of the other",
            axes=("points" if points_ask else "photos", "photos" if points_ask else "points"),
            height=430,
        )
        components.mount(view, key=f"affinity {opened.place}")
        own = np.trace(values[layer]) / len(names)
        rest = (values[layer].sum() - np.trace(values[layer])) / max(1, len(names) * (len(names) - 1))
        st.caption(
            "Training pulls each class of one side to the same class of the other. Mean on the diagonal "
            f"{scale.number(float(own))}, off it {scale.number(float(rest))}. One scale for all layers; mean of heads."
        )


def without(opened: Opened, looked: Looked) -> None:
    """Leave photos and supervoxels out; the answer above changes."""
    st.subheader("What if a photo or a piece of the cloud were missing?")
    choices = opened.choices
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = list(opened.drawn.album.names)
        before = [photo for photo in choices.photos if photo < len(names)][: max(0, len(names) - 1)]
        chosen = st.multiselect(
            "Leave photos out", range(len(names)), default=before, format_func=names.__getitem__,
            max_selections=max(1, len(names) - 1), disabled=len(names) < 2, key=f"without {opened.place}", width=420,
        )  # fmt: skip
        if sorted(chosen) != before:
            choices.leave_out(tuple(chosen))
            st.rerun()
        token = looked.selection.token if looked.selection.space == "supervoxel" else None
        if st.button(
            "Hide the picked supervoxel" if token is None else f"Hide {opened.segments.label(token)}",
            disabled=token is None or len(choices.masked) + 1 >= len(opened.segments), icon=":material/visibility_off:",
        ):  # fmt: skip
            choices.mask((*choices.masked, token))  # type: ignore[arg-type]
            st.rerun()
        near = st.button(
            "Hide all that the links name", disabled=not looked.links, icon=":material/layers_clear:",
            help="The supervoxels of the strongest links together.",
        )  # fmt: skip
        if near:
            choices.mask((*choices.masked, *(link.supervoxel for link in looked.links)))
            st.rerun()
        if choices.masked and st.button("Show all supervoxels", icon=":material/visibility:"):
            choices.mask(())
            st.rerun()
    if not opened.gone and not choices.masked:
        st.caption(
            "A missing token is no key, no query and in no mean: the model answers as if it had never been there."
        )
        return
    _change(opened)


def _change(opened: Opened) -> None:
    """The classes whose log-odds changed most."""
    changes = {name: opened.run.outputs[name] - opened.before.outputs[name] for name in opened.run.outputs}
    ranked = sorted(changes, key=lambda name: -abs(changes[name]))[:6]
    hidden, gone = len(opened.choices.masked), len(opened.gone)
    st.markdown(
        f"Without {hidden} supervoxel{'s' * (hidden != 1)} and {gone} photo{'s' * (gone != 1)}, "
        f"log-odds change most for: {', '.join(f'**{name}** {scale.signed(changes[name])}' for name in ranked)}."
    )
