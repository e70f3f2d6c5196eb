"""A cloud beside its photos: pick a patch and see where it attends in the cloud, pick a point and see the photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from xviz import record
from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.explain import METHODS
from xviz.explain.class_map import LAYERS
from xviz.explain.links import Link, strongest
from xviz.record import rooms as rooms_record
from xviz.ui import components, methods, page, state, steps
from xviz.ui.rooms import calls, picks, voxels
from xviz.ui.rooms.calls import DIRECTIONS, POINTS
from xviz.ui.rooms.draw import Looked, both, ordered
from xviz.ui.rooms.geometry import agree
from xviz.ui.rooms.picks import Chosen, How
from xviz.ui.rooms.sample import Opened
from xviz.ui.state import Selection

SHOWS = {
    "scores": "scores of the method",
    "predicted": "predicted class",
    "predicted-points": "predicted class from points alone",
    "activation": "class activation",
    "weighted": "class activation × attention",
    "fused": "class activation fused with attention",
    "own": "own colours",
}
OLD_SHOWS = {"what the method says": "scores"}  #: as older links name it
METHOD_KEYS = tuple(key for key in METHODS if key != "shap")  # coalitions of thousands of tokens tell nothing in time
SLOW = ("occlusion", "integrated", "relevance")
RADII = (0.25, 0.5, 1.0, 2.0)  #: metres


def explore(opened: Opened) -> Looked:
    """Choose a method, pick on either side, and see the other."""
    st.header("Points and photos")
    picked = opened.picked()
    how, feature = _choose(opened)
    fine = None if feature is None else voxels.explain(opened, picked, how.method, feature)
    explanation, description = _explain(opened, picked, how) if feature is None else _summed(opened, fine, how.method)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        state.keep_old_links("shows", OLD_SHOWS)
        shows = st.selectbox(
            "Colour the cloud by",
            [name for name in SHOWS if opened.photos_say or name != "predicted-points"],
            format_func=SHOWS.__getitem__,
            key="shows",
            bind="query-params",
            width=240,
        )
        count = st.number_input(
            "Links",
            0,
            20,
            5,
            key="links",
            bind="query-params",
            width=110,
            help="How many of the strongest links of the picked token are drawn.",
        )
        radius = st.selectbox(
            "Distance threshold", RADII, index=1, format_func=lambda r: f"{r:g} m", key="radius", width=150,
            disabled=opened.truth is None,
            help="Attention counts as near when it falls within this distance of the point that known cameras give.",
        )  # fmt: skip
        links = strongest(explanation, int(count)) if explanation is not None else ()
        kept_links = _keep(opened, links)
    eye = opened.choices.recall(f"eye {opened.place}")
    if not isinstance(eye, dict):
        eye = {}
        opened.choices.remember(f"eye {opened.place}", eye)
    order = opened.choices.recall(f"order {opened.place}", ())
    chosen = Chosen(how, shows, int(count), kept_links, order)
    looked = picks.looked(opened, chosen, picked, explanation, description, fine=fine, camera=eye)
    _sides(opened, chosen, looked)
    if shows in ("weighted", "fused"):
        _about_fused(opened)
    _below(opened, looked, radius)
    return looked


def _choose(opened: Opened) -> tuple[How, str | None]:
    """Method, direction, layer and head, the last three for attention; and the voxel feature that is shown."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = methods.choose_method("Method", "look", key="method", keys=METHOD_KEYS, width=300)
        feature = voxels.choose(opened, method)
        raw = method in methods.ROWS
        state.keep_old_links("direction", calls.OLD_DIRECTIONS)
        direction = st.selectbox(
            "Attention", list(DIRECTIONS), format_func=DIRECTIONS.__getitem__, key="direction", bind="query-params",
            width=270, disabled=not raw,
            help="A query attends to keys. Attention from points to photos says which patches a supervoxel attends to.",
        )  # fmt: skip
        count = len(calls.sides(opened.run)[{"own": "points", "within": POINTS}.get(direction, direction)])
        layers = ["mean", *range(1, count + 1)]
        layer = st.selectbox("Layer", layers, key=f"layer of {count}", width=110, disabled=not raw)
        head = methods.choose_head(opened.run.calls[0])
    return How(method, direction, None if layer == "mean" else int(layer) - 1, head), feature


def _summed(opened: Opened, fine: voxels.FineScores | None, method: str) -> tuple[Explanation | None, str]:
    """The sums of voxels and pixels over tokens, and what they are in words."""
    description = f"{METHODS[method].title} of voxels and pixels for “{opened.output}”"
    if fine is None:
        return None, description
    if fine.feature != voxels.ALL:
        description += f"; of voxels only their {voxels.FEATURES[fine.feature]}"
    return fine.explanations[1], description


def _explain(opened: Opened, picked: Selection, how: How) -> tuple[Explanation | None, str]:
    """The scores, and how they came about in words."""
    if how.attends:
        return picks.attention(opened, picked, how)
    question = picks.question(opened, how)
    return methods.compute(opened.run, question, key="room", slow=SLOW), picks.description(opened, how)


def _keep(opened: Opened, links: Sequence[Link]) -> tuple[tuple[str, Link], ...]:
    """Links of earlier picks, which stay until they are cleared; each pick has a letter."""
    key = f"links {opened.place}"
    kept_links = tuple(opened.choices.recall(key, ()))
    letters = sorted({sign[0] for sign, _ in kept_links})
    if st.button("Keep these links", disabled=not links or len(letters) > 7, icon=":material/keep:"):
        letter = chr(ord("A") + len(letters))
        kept_links = (*kept_links, *((f"{letter}{i}", link) for i, link in enumerate(links, 1)))
        opened.choices.remember(key, kept_links)
    if kept_links and st.button("Clear kept links", icon=":material/clear:"):
        opened.choices.remember(key, ())
        return ()
    return kept_links


def _sides(opened: Opened, chosen: Chosen, looked: Looked) -> None:
    """The cloud and the photos, each picked in turn."""
    order = ordered(opened, looked)
    opened.choices.remember(f"order {opened.place}", order)
    cloud, album = both(opened, looked, chosen.shows)
    in_cloud, in_photos = picks.places(opened)
    answers = (None, None) if looked.fine is not None else picks.offer(opened, replace(chosen, order=order))
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        components.mount(cloud, key=in_cloud, on_pick=_picker(opened, "supervoxel"), held=True, ahead=answers[0])
        steps.map_sent(opened.card.key)
        components.camera(f"room {opened.place}", key=f"eye {opened.place}", kept=looked.camera)
    with right:
        components.mount(album, key=in_photos, on_pick=_picker(opened, "patch"), ahead=answers[1])


def _picker(opened: Opened, space: str):
    def select(pick: components.Pick) -> None:
        opened.choices.select(Selection(space, pick) if isinstance(pick, int) else None)

    return select


# Below the drawings


def _about_fused(opened: Opened) -> None:
    """What attention does to the class map."""
    index = list(opened.run.outputs).index(opened.output)
    maps, present = opened.maps(), opened.present[POINTS]
    attention = maps.attention[present, index]
    raised = int((maps.weighted > maps.map)[present, index].sum())
    st.caption(
        f"Attention raises the class activation of {raised} of {int(present.sum())} supervoxels.",
        help=f"Attention from the class token of “{opened.output}” to each supervoxel, mean of heads, summed over the "
        f"last {LAYERS} layers of the encoder of points: {scale.number(float(attention.min()))} to "
        f"{scale.number(float(attention.max()))}. A fused map takes the greater of the class activation and its "
        "product with attention, so it changes only where attention is above one.",
    )


def _below(opened: Opened, looked: Looked, radius: float) -> None:
    """What is shown, how strong the links are, and how far attention and geometry agree."""
    crosses = (
        "Crosses mark where known cameras see the same point."
        if opened.truth is not None
        else "No camera is known here, so links are numbers on both sides."
    )
    st.caption(
        f"Shown: {looked.what}. {crosses}",
        help="Click a patch of a photo or a point of the cloud; Esc returns to the class token.",
    )
    if looked.fine is not None:
        voxels.summary(opened, looked.fine)
        methods.told(looked.fine.explanations[0].facts, notes=False)  # the summary has the numbers
    elif looked.explanation is not None:
        methods.facts(looked.explanation)
        methods.about(opened, looked.explanation.method)
    if (measured := record.read(opened.card.checkpoint or "")) and looked.selection.space != "class":
        elsewhere = methods.kind_of(opened.card, opened.sample) not in rooms_record.KINDS
        lead = "Nothing was measured on this scan. The nearest: " if elsewhere else ""
        st.caption(
            f":material/{'unknown_document' if elsewhere else 'verified'}: {lead}{rooms_record.linked(measured)}"
        )
    if looked.links and looked.explanation is not None:
        weights = [f"**{i}** {scale.number(link.weight)}" for i, link in enumerate(looked.links, 1)]
        st.markdown(f"Strongest links ({looked.explanation.unit}): {', '.join(weights)}")
    if looked.truth is not None and looked.explanation is not None and opened.truth is not None:
        with page.told():
            near = agree(
                opened.truth, looked.explanation, looked.truth, opened.segments.middles, radius, opened.present
            )
            if near is not None:
                st.markdown(
                    f":material/straighten: **{near.share:.1%}** of the attention falls within {radius:g} m of the "
                    f"point that geometry gives; uniform attention would give {near.chance:.1%}."
                )
