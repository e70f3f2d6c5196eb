"""A cloud beside its photos: pick a patch and the cloud answers, pick a point and every photo answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import record
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.explain import METHODS
from xviz.explain.class_map import LAYERS
from xviz.explain.links import Link, strongest
from xviz.record import rooms as rooms_record
from xviz.ui import cache, components, methods, page
from xviz.ui.rooms import calls, voxels
from xviz.ui.rooms.calls import DIRECTIONS, POINTS
from xviz.ui.rooms.draw import Looked, views
from xviz.ui.rooms.geometry import agree
from xviz.ui.rooms.sample import Opened
from xviz.ui.state import Selection

SHOWS = {
    "scores": "what the method says", "predicted": "predicted class", "activation": "class activation",
    "weighted": "class activation × attention", "fused": "class activation fused with attention", "own": "own colours",
}  # fmt: skip
METHOD_KEYS = tuple(key for key in METHODS if key != "shap")  # coalitions of thousands of tokens tell nothing in time
SLOW = ("occlusion", "integrated", "relevance")
RADII = (0.25, 0.5, 1.0, 2.0)  #: metres


def explore(opened: Opened) -> Looked:
    """Choose how to look, pick on either side, and see who answers."""
    st.subheader("Pixels and points")
    picked = opened.picked()
    method, says, direction, layer, head = _choose(opened)
    grained = None
    if says is not None:
        grained = voxels.answer(opened, picked, method, says)
        found, what = _summed(opened, grained, method)
    else:
        found, what = _answer(opened, picked, method, direction, layer, head)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shows = st.selectbox(
            "The cloud shows", list(SHOWS), format_func=SHOWS.__getitem__, key="shows", bind="query-params", width=240
        )
        count = st.number_input(
            "Links", 0, 20, 5, key="links", width=110, help="The strongest links of the picked token."
        )
        radius = st.selectbox(
            "Near means within", RADII, index=1, format_func=lambda r: f"{r:g} m", key="radius", width=150,
            disabled=opened.truth is None, help="Around the point that known cameras name.",
        )  # fmt: skip
        links = strongest(found, int(count)) if found is not None else ()
        kept = _keep(opened, links)
    truth = _truth(opened, picked)
    crosses = () if truth is None or opened.truth is None else tuple(opened.truth.crosses(truth))
    eye = opened.choices.recall(f"eye {opened.place}")
    if not isinstance(eye, dict):
        eye = {}
        opened.choices.remember(f"eye {opened.place}", eye)
    looked = Looked(
        selection=picked, call=None, head=head, explanations=() if found is None else (found,), what=what, links=links,
        kept=kept, truth=truth, crosses=crosses, camera=eye, grained=grained,
    )  # fmt: skip
    _sides(opened, looked, shows)
    if shows in ("weighted", "fused"):
        _say_fused(opened)
    _say(opened, looked, radius)
    return looked


def _choose(opened: Opened) -> tuple[str, str | None, str, int | None, int | None]:
    """Method, what of voxels is shown if these are, direction, layer and head; the last three for the attention."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = methods.choose_method("Method", "look", key="method", keys=METHOD_KEYS, width=300)
        says = voxels.choose(opened, method)
        raw = method in methods.ROWS
        direction = st.selectbox(
            "Direction", list(DIRECTIONS), format_func=DIRECTIONS.__getitem__, key="direction", bind="query-params",
            width=270, disabled=not raw,
        )  # fmt: skip
        count = len(calls.sides(opened.run)[{"own": "points", "within": POINTS}.get(direction, direction)])
        layers = ["mean", *range(1, count + 1)]
        layer = st.selectbox("Layer", layers, key=f"layer of {count}", width=110, disabled=not raw)
        head = methods.choose_head(opened.run.calls[0])
    return method, says, direction, None if layer == "mean" else int(layer) - 1, head


def _summed(opened: Opened, grained: voxels.Grained | None, method: str) -> tuple[Explanation | None, str]:
    """The sums of voxels and pixels over tokens, and what they are for people."""
    what = f"{METHODS[method].title} of voxels and pixels for “{opened.output}”"
    if grained is None:
        return None, what
    if grained.says != voxels.ALL:
        what += f"; of voxels only what their {voxels.SAYS[grained.says]} owes"
    return grained.found[1], what


def _answer(
    opened: Opened, picked: Selection, method: str, direction: str, layer, head
) -> tuple[Explanation | None, str]:
    """The scores, and how they came about for people."""
    heads = "mean of heads" if head is None else f"head {head + 1}"
    layers = "mean of layers" if layer is None else f"layer {layer + 1}"
    said = f"{METHODS[method].title}, {DIRECTIONS[direction]}, {layers}, {heads}"
    if method == "look":
        return calls.ask(opened.run, opened.output, picked, direction, layer, head), said
    if method == "received":
        return calls.received(opened.run, opened.output, direction, layer, head), said
    one = METHODS[method]
    target = opened.target(
        Selection("class", list(opened.run.outputs).index(opened.output)) if method == "rollout" else None
    )
    question = cache.Question(method, target, None, head if one.kind == "attention" else None)
    return methods.answer(opened.run, question, key="room", slow=SLOW), f"{one.title} for “{opened.output}”"


def _keep(opened: Opened, links: Sequence[Link]) -> tuple[tuple[str, Link], ...]:
    """Links of earlier picks, which stay until they are cleared; each pick has a letter."""
    place = f"links {opened.place}"
    kept = tuple(opened.choices.recall(place, ()))  # type: ignore[arg-type]
    letters = sorted({sign[0] for sign, _ in kept})
    if st.button("Keep these links", disabled=not links or len(letters) > 7, icon=":material/keep:"):
        letter = chr(ord("A") + len(letters))
        kept = (*kept, *((f"{letter}{i}", link) for i, link in enumerate(links, 1)))
        opened.choices.remember(place, kept)
    if kept and st.button("Clear kept links", icon=":material/clear:"):
        opened.choices.remember(place, ())
        return ()
    return kept


def _truth(opened: Opened, picked: Selection) -> NDArray[np.float64] | None:
    """(3,) where geometry sees the picked patch, or where the picked supervoxel is."""
    if opened.truth is None or picked.space == "class":
        return None
    place = opened.segments.middles[picked.token] if picked.space == "supervoxel" else opened.truth.shown[picked.token]
    return np.asarray(place, np.float64) if np.isfinite(place).all() else None


def _sides(opened: Opened, looked: Looked, shows: str) -> None:
    """The cloud and the photos, each picked in turn."""
    cloud, album = views(opened, looked, shows)
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        components.mount(cloud, key=f"cloud {opened.place}", on_pick=_picker(opened, "supervoxel"))
        components.camera(f"room {opened.place}", key=f"eye {opened.place}", kept=looked.camera)
    with right:
        components.mount(album, key=f"photos {opened.place}", on_pick=_picker(opened, "patch"))


def _picker(opened: Opened, space: str):
    def pick(found: components.Pick) -> None:
        opened.choices.select(Selection(space, found) if isinstance(found, int) else None)

    return pick


# Saying


def _say_fused(opened: Opened) -> None:
    """What attention does to the class map."""
    index = list(opened.run.outputs).index(opened.output)
    maps, here = opened.maps(), opened.present[POINTS]
    heard = maps.attention[here, index]
    raised = int((maps.weighted > maps.map)[here, index].sum())
    st.caption(
        f"The attention of the token of “{opened.output}” to each supervoxel, mean of heads, summed over the last "
        f"{LAYERS} layers of the points' encoder: {scale.number(float(heard.min()))} to "
        f"{scale.number(float(heard.max()))}. Fused, a supervoxel has the greater of its class activation and "
        "that times its attention, which raises only where the attention is above one: "
        f"{raised} of {int(here.sum())} here."
    )


def _say(opened: Opened, looked: Looked, radius: float) -> None:
    """What is shown, how strong the links are, and how far attention and geometry agree."""
    st.caption(
        "Click a patch of a photo, or a point of the cloud; Escape gives the question back to the token of the class. "
        f"Shown: {looked.what}. Crosses mark where known cameras see the same point."
        if opened.truth is not None
        else "Click a patch of a photo, or a point of the cloud; Escape gives the question back to the token of the "
        f"class. Shown: {looked.what}. No camera is known here, so links are numbers shared by both sides."
    )
    if looked.grained is not None:
        voxels.say(opened, looked.grained)
    elif looked.explanation is not None:
        st.caption(METHODS[looked.explanation.method].words if looked.explanation.method in METHODS else asking_words())
        methods.facts(looked.explanation)
        methods.trusted(opened.card, looked.explanation.method)
    if (measured := record.read(opened.card.checkpoint or "")) and looked.selection.space != "class":
        st.caption(f":material/verified: {rooms_record.linked(measured)}")
    if looked.links:
        said = [f"**{i}** {scale.number(link.weight)}" for i, link in enumerate(looked.links, 1)]
        st.markdown(f"Strongest links ({looked.explanation.unit}): {', '.join(said)}")  # type: ignore[union-attr]
    if looked.truth is not None and looked.explanation is not None and opened.truth is not None:
        with page.told():
            met = agree(opened.truth, looked.explanation, looked.truth, opened.segments.middles, radius, opened.present)
            if met is not None:
                st.markdown(
                    f":material/straighten: **{met.share:.1%}** of the attention lies within {radius:g} m of the point "
                    f"that geometry names; equal attention to all would give {met.chance:.1%}."
                )


def asking_words() -> str:
    """What the turned direction shows."""
    from xviz.explain import columns

    return columns.METHOD.words
