"""A cloud beside its photos: pick a patch and the cloud answers, pick a point and every photo answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import record, scale
from xviz.core.explanation import Explanation
from xviz.explain import METHODS
from xviz.explain.links import Link, strongest
from xviz.record import rooms as rooms_record
from xviz.ui import answers, asking, cache, components, parts
from xviz.ui.asking import DIRECTIONS, PATCHES, POINTS
from xviz.ui.rooms import Scan, cameras
from xviz.ui.state import Selection
from xviz.ui.truth import agree
from xviz.views import photos, points
from xviz.views.view import View

SHOWS = {
    "scores": "what the method says", "predicted": "predicted class", "activation": "class activation",
    "own": "own colours",
}  # fmt: skip
METHOD_KEYS = tuple(key for key in METHODS if key != "shap")  # coalitions of thousands of tokens tell nothing in time
OWN = ("look", "asked", "received")  #: methods whose sides have limits of their own, as rows of different calls
SLOW = ("occlusion", "integrated", "relevance")
RADII = (0.25, 0.5, 1.0, 2.0)  #: metres
HEIGHT = 620  #: CSS pixels


@dataclass(frozen=True, eq=False)
class Looked:
    """What ``explore`` shows."""

    picked: Selection
    found: Explanation | None
    what: str  #: the method and its settings, for people
    links: tuple[Link, ...]  #: of the picked token
    kept: tuple[tuple[str, Link], ...]  #: those of earlier picks, with their signs
    truth: NDArray[np.float64] | None  #: (3,) metres, where geometry sees the picked token
    crosses: tuple[tuple[int, float, float], ...]  #: photo, column and row where that point is seen
    camera: dict[str, object]  #: what the browser last told; changes while the page rests


def explore(scan: Scan) -> Looked:
    """Choose how to look, pick on either side, and see who answers."""
    st.subheader("Pixels and points")
    picked = scan.picked()
    method, direction, layer, head = _choose(scan)
    found, what = _answer(scan, picked, method, direction, layer, head)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shows = st.selectbox(
            "The cloud shows", list(SHOWS), format_func=SHOWS.__getitem__, key="shows", bind="query-params", width=240
        )
        count = st.number_input(
            "Links", 0, 20, 5, key="links", width=110, help="The strongest links of the picked token."
        )
        radius = st.selectbox(
            "Near means within", RADII, index=1, format_func=lambda r: f"{r:g} m", key="radius", width=150,
            disabled=scan.truth is None, help="Around the point that known cameras name.",
        )  # fmt: skip
        links = strongest(found, int(count)) if found is not None else ()
        kept = _keep(scan, links)
    truth = _truth(scan, picked)
    crosses = () if truth is None or scan.truth is None else tuple(scan.truth.crosses(truth))
    eye = scan.choices.recall(f"eye {scan.place}")
    if not isinstance(eye, dict):
        eye = {}
        scan.choices.remember(f"eye {scan.place}", eye)
    looked = Looked(picked, found, what, links, kept, truth, crosses, eye)
    _sides(scan, looked, shows)
    _say(scan, looked, radius)
    return looked


def _choose(scan: Scan) -> tuple[str, str, int | None, int | None]:
    """Method, direction, layer and head; the last three for the attention itself."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = answers.choose_method("Method", "look", key="method", keys=METHOD_KEYS, width=300)
        raw = method in answers.ROWS
        direction = st.selectbox(
            "Direction", list(DIRECTIONS), format_func=DIRECTIONS.__getitem__, key="direction", bind="query-params",
            width=270, disabled=not raw,
        )  # fmt: skip
        calls = asking.sides(scan.run)
        count = len(calls[{"own": "points", "within": POINTS}.get(direction, direction)])
        layers = ["mean", *range(1, count + 1)]
        layer = st.selectbox("Layer", layers, key=f"layer of {count}", width=110, disabled=not raw)
        head = answers.choose_head(scan.run.calls[0])
    return method, direction, None if layer == "mean" else int(layer) - 1, head


def _answer(scan: Scan, picked: Selection, method: str, direction: str, layer, head) -> tuple[Explanation | None, str]:
    """The scores, and how they came about for people."""
    heads = "mean of heads" if head is None else f"head {head + 1}"
    layers = "mean of layers" if layer is None else f"layer {layer + 1}"
    said = f"{METHODS[method].title}, {DIRECTIONS[direction]}, {layers}, {heads}"
    if method == "look":
        return asking.ask(scan.run, scan.output, picked, direction, layer, head), said
    if method == "received":
        return asking.received(scan.run, scan.output, direction, layer, head), said
    one = METHODS[method]
    target = scan.target(Selection("class", list(scan.run.outputs).index(scan.output)) if method == "rollout" else None)
    question = cache.Question(method, target, None, head if one.kind == "attention" else None)
    return answers.answer(scan.run, question, key="room", slow=SLOW), f"{one.title} for “{scan.output}”"


def _keep(scan: Scan, links: Sequence[Link]) -> tuple[tuple[str, Link], ...]:
    """Links of earlier picks, which stay until they are cleared; each pick has a letter."""
    place = f"links {scan.place}"
    kept = tuple(scan.choices.recall(place, ()))  # type: ignore[arg-type]
    letters = sorted({sign[0] for sign, _ in kept})
    if st.button("Keep these links", disabled=not links or len(letters) > 7, icon=":material/keep:"):
        letter = chr(ord("A") + len(letters))
        kept = (*kept, *((f"{letter}{i}", link) for i, link in enumerate(links, 1)))
        scan.choices.remember(place, kept)
    if kept and st.button("Clear kept links", icon=":material/clear:"):
        scan.choices.remember(place, ())
        return ()
    return kept


def _truth(scan: Scan, picked: Selection) -> NDArray[np.float64] | None:
    """(3,) where geometry sees the picked patch, or where the picked supervoxel is."""
    if scan.truth is None or picked.space == "class":
        return None
    place = scan.segments.middles[picked.token] if picked.space == "supervoxel" else scan.truth.shown[picked.token]
    return np.asarray(place, np.float64) if np.isfinite(place).all() else None


# Drawing


def _sides(scan: Scan, looked: Looked, shows: str) -> None:
    """The cloud and the photos, each picked in turn."""
    cloud, album = views(scan, looked, shows)
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        components.mount(cloud, key=f"cloud {scan.place}", on_pick=_picker(scan, "supervoxel"))
        components.camera(f"room {scan.place}", key=f"eye {scan.place}", kept=looked.camera)
    with right:
        components.mount(album, key=f"photos {scan.place}", on_pick=_picker(scan, "patch"))


def views(scan: Scan, looked: Looked, shows: str) -> tuple[View, View]:
    """The cloud and the photos as they are drawn."""
    scores = {} if looked.found is None else looked.found.scores
    bars = limits(looked.found)
    named = [(str(i), link) for i, link in enumerate(looked.links, 1)] + list(looked.kept)
    return (
        _cloud(scan, looked, shows, scores.get(POINTS), bars.get(POINTS), named),
        _album(scan, looked, scores.get(PATCHES), bars.get(PATCHES), named),
    )


def limits(found: Explanation | None) -> dict[str, scale.Scale]:
    """A scale for each side that has scores: its own for rows of attention, else the same, so that sides compare."""
    if found is None:
        return {}
    sides = {name: found.scores[name] for name in (POINTS, PATCHES) if name in found.scores}
    make = scale.diverging if found.signed else scale.sequential
    if found.method in OWN or not sides:
        return {name: make(values, label=found.unit) for name, values in sides.items()}
    return dict.fromkeys(sides, make(np.concatenate(list(sides.values())), label=found.unit))


def _cloud(scan: Scan, looked: Looked, shows: str, scores, bar, named) -> View:
    """The cloud, in the colours that were chosen."""
    values = scores
    title = f"Cloud: answers to {scan.called(looked.picked)}"
    if shows == "predicted":
        values, bar, title = scan.predicted(), None, "Cloud: predicted class of each supervoxel"
        bar = scale.Categories(tuple(scan.run.outputs), label="predicted class")
    elif shows == "activation":
        values = scan.activation()[:, list(scan.run.outputs).index(scan.output)]
        bar = scale.sequential(values, label=f"class activation of “{scan.output}”, share of all classes")
        title = f"Cloud: where the points alone say “{scan.output}”"
    elif shows == "own" or values is None:
        values, bar, title = None, None, "Cloud: own colours"
    elif looked.found is not None and looked.found.focus is None:
        title = f"Cloud: {looked.what}"
    if values is not None:
        values = np.where(scan.present[POINTS], values, np.nan)
    here = looked.picked.token if looked.picked.space == "supervoxel" else -1
    return points.points(
        scan.drawn.geometry, values, scale=bar, selected=here, marks=marks(scan, looked, named),
        name=f"room {scan.place}", title=title, height=HEIGHT,
    )  # fmt: skip


def marks(scan: Scan, looked: Looked, named: Sequence[tuple[str, Link]]) -> points.Marks:
    """Links from the cameras where these are known, their signs, the true place, and the cameras."""
    poses = dict(cameras(scan.sample))
    ends, strengths = [], []
    most = max((link.weight for _, link in named), default=1.0)
    for _, link in named:
        pose = poses.get(str(scan.patches.place(link.patch)[0] + 1))
        if pose is not None:
            ends.append([pose[:3, 3], scan.segments.middles[link.supervoxel]])
            strengths.append(link.weight / most)
    signs = grouped([(sign, link.supervoxel) for sign, link in named], _asking(looked, "supervoxel"))
    return points.Marks(
        links=np.array(ends).reshape(-1, 2, 3),
        strengths=strengths,
        numbers=[(text, scan.segments.middles[token]) for text, token in signs],
        crosses=() if looked.truth is None or looked.picked.space != "patch" else [looked.truth],
        cameras=list(poses.items()),
    )


def _asking(looked: Looked, space: str) -> int | None:
    """The picked token, if it is of that side."""
    return looked.picked.token if looked.picked.space == space else None


def grouped(signs: Sequence[tuple[str, int]], picked: int | None) -> list[tuple[str, int]]:
    """Signs on the same token as one: A1, A2 and A3 → “A1–A3”; the picked one is outlined and needs no number."""
    met: dict[int, list[str]] = {}
    for sign, token in signs:
        if token == picked and sign.isdecimal():
            continue
        met.setdefault(token, []).append(sign)
    return [(all_[0] if len(all_) == 1 else f"{all_[0]}–{all_[-1]}", token) for token, all_ in met.items()]


def _album(scan: Scan, looked: Looked, scores, bar, named) -> View:
    """The photos, ordered by what their patches get together."""
    totals = None
    if scores is not None:
        scores = np.where(scan.present[PATCHES], scores, np.nan)
        totals = np.nansum(scores.reshape(len(scan.views.names), -1), 1)
    order_of = f"order {scan.place}"  # a photo that is clicked stays where it is
    sequence = photos.ordered(len(scan.views.names), totals)
    if totals is None:
        sequence = list(scan.choices.recall(order_of, sequence))  # type: ignore[call-overload]
    else:
        scan.choices.remember(order_of, sequence)
    title = "Photos" if scores is None else f"Photos: answers to {scan.called(looked.picked)}"
    if looked.found is not None and looked.found.focus is None and scores is not None:
        title = f"Photos: {looked.what}"
    return photos.photos(
        scan.drawn.album,
        scores,
        scale=bar,
        totals=totals,
        sequence=sequence,
        selected=looked.picked.token if looked.picked.space == "patch" else -1,
        absent=scan.gone,
        numbers=grouped([(sign, link.patch) for sign, link in named], _asking(looked, "patch")),
        crosses=looked.crosses,
        title=title,
        note=""
        if totals is None
        else f"Over each photo the sum over its patches ({looked.found.unit}); greatest first.",  # type: ignore[union-attr]
        height=HEIGHT,
    )


def _picker(scan: Scan, space: str):
    def pick(found: components.Pick) -> None:
        scan.choices.select(Selection(space, found) if isinstance(found, int) else None)

    return pick


# Saying


def _say(scan: Scan, looked: Looked, radius: float) -> None:
    """What is shown, how strong the links are, and how far attention and geometry agree."""
    st.caption(
        "Click a patch of a photo, or a point of the cloud; Escape gives the question back to the token of the class. "
        f"Shown: {looked.what}. Crosses mark where known cameras see the same point."
        if scan.truth is not None
        else "Click a patch of a photo, or a point of the cloud; Escape gives the question back to the token of the "
        f"class. Shown: {looked.what}. No camera is known here, so links are numbers shared by both sides."
    )
    if looked.found is not None:
        st.caption(METHODS[looked.found.method].words if looked.found.method in METHODS else asking_words())
        answers.trusted(scan.card, looked.found.method)
    if (measured := record.read(scan.card.checkpoint or "")) and looked.picked.space != "class":
        st.caption(f":material/verified: {rooms_record.linked(measured)}")
    if looked.links:
        said = [f"**{i}** {scale.number(link.weight)}" for i, link in enumerate(looked.links, 1)]
        st.markdown(f"Strongest links ({looked.found.unit}): {', '.join(said)}")  # type: ignore[union-attr]
    if looked.truth is not None and looked.found is not None and scan.truth is not None:
        with parts.told():
            met = agree(scan.truth, looked.found, looked.truth, scan.segments.middles, radius, scan.present)
            if met is not None:
                st.markdown(
                    f":material/straighten: **{met.share:.1%}** of the attention lies within {radius:g} m of the point "
                    f"that geometry names; equal attention to all would give {met.chance:.1%}."
                )


def asking_words() -> str:
    """What the turned direction shows."""
    from xviz.explain import asked

    return asked.METHOD.words
