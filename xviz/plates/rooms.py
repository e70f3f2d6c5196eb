"""The figure of a room: a cloud, its photos, and the links of a picked token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.sample import Photos, PointCloud
from xviz.core.tokens import PatchGrid, Segments
from xviz.engine import Session
from xviz.explain import EVERY
from xviz.explain.ask import Question
from xviz.explain.links import strongest
from xviz.figures.cloud import MOST, Camera
from xviz.figures.figure import Figure
from xviz.figures.recipes import Overlay, Room, room_figure
from xviz.geometry.thinning import thin
from xviz.models.photos import Frame
from xviz.plates.grains import FineScores, computed
from xviz.plates.plate import Ask, Plate, Shown
from xviz.plates.ways import DIRECTIONS, PATCHES, POINTS, attention, received

LINKS = 5
OWN = ("look", "asked", "received")  #: methods whose sides have limits of their own, as rows of different calls


def explanation(shown: Shown) -> Explanation:
    """What is drawn: the explanation that was given, or the attention that ``way`` in the options names."""
    if (fine := scores_of_voxels(shown)) is not None:
        return fine.explanations[1]
    way: Mapping[str, Any] | None = shown.options.get("way")
    if way is None:
        return shown.one()
    return attended(shown.ask, shown.run, way)


def attended(ask: Ask, run: Run, way: Mapping[str, Any]) -> Explanation:
    """The attention that a way names: method, output, direction, layer, head, and of ``look`` the picked token."""
    output, narrowed = str(way["output"]), (str(way["direction"]), way.get("layer"), way.get("head"))
    if way["method"] == "received":
        return received(ask, run, output, *narrowed)
    return attention(ask, run, output, (str(way["picked"][0]), int(way["picked"][1])), *narrowed)


def scores_of_voxels(shown: Shown) -> FineScores | None:
    """Scores of voxels and pixels that ``grain`` in the options names; None without."""
    record = shown.options.get("grain")
    if record is None:
        return None
    if "grain" not in shown.known:
        shown.known["grain"] = computed(shown.session, record)
    return shown.known["grain"]


def words(way: Mapping[str, Any]) -> str:
    """An attention in words: method, direction, layers and heads."""
    heads = "mean of heads" if way.get("head") is None else f"head {way['head'] + 1}"
    layers = "mean of layers" if way.get("layer") is None else f"layer {way['layer'] + 1}"
    title = "Attention" if way["method"] == "look" else f"{EVERY[way['method']].title},"
    return f"{title} {DIRECTIONS[way['direction']]}, {layers}, {heads}"


def room(shown: Shown) -> Figure:
    """A cloud with its photos, and links from a picked token."""
    own, spaces, options, fine = explanation(shown), shown.run.spaces, shown.options, scores_of_voxels(shown)
    if fine is None:
        segments = next(space for space in spaces.values() if isinstance(space, Segments))
        patches = next(space for space in spaces.values() if isinstance(space, PatchGrid))
    else:
        segments, patches = fine.source.voxels, fine.source.pixels
    sample = shown.session.sample
    cloud, views = sample.part("points", PointCloud), sample.part("views", Photos)
    grid = shown.session.model.card.settings.grid
    chosen = thin(cloud.xyz, MOST, segments.of_point).kept
    scene = Room(
        cloud.xyz[chosen],
        None if cloud.rgb is None else cloud.rgb[chosen],
        Segments(segments.name, segments.of_point[chosen], segments.middles),
        views.images,
        PatchGrid(patches.name, tuple(f"photo {i + 1}" for i in range(len(views.names))), patches.grid),
        np.array([Frame(image.shape[:2], grid).edges for image in views.images]),
        shown.credit,
        fine is not None,
        () if fine is None else tuple(i for i in range(len(views.names)) if i not in fine.photos),
    )
    camera = None if options.get("camera") is None else Camera.told(options["camera"], cloud.xyz)
    overlay = Overlay(
        strongest(own, int(options.get("links", LINKS))), tuple(tuple(cross) for cross in options.get("crosses", ())),
        options.get("truth"), _totals(own, len(views.names)), camera,
    )  # fmt: skip
    titles = options.get("titles") or _titles(shown, own, patches)
    note = options.get("what") or (words(options["way"]) if "way" in options else EVERY[own.method].title)
    if fine is not None:
        output = fine.reading.target.output
        titles = options.get("titles", (f"Cloud: voxels for “{output}”", f"Photos: pixels for “{output}”"))
        bars = dict(zip((segments.name, patches.name), fine.limits(), strict=True))
        return room_figure(
            scene, fine.drawn(), titles=(titles[0], titles[1]), overlay=overlay, notes=[f"{note}."], limits=bars,
            preset=shown.preset,
        )  # fmt: skip
    return room_figure(
        scene, own, titles=(titles[0], titles[1]), overlay=overlay, shared=own.method not in OWN, notes=[f"{note}."],
        preset=shown.preset,
    )  # fmt: skip


def _titles(shown: Shown, own: Explanation, patches: PatchGrid) -> tuple[str, str]:
    """What both sides show."""
    way: Mapping[str, Any] = shown.options.get("way") or {}
    title = f"{EVERY[own.method].title} for “{own.target}”"
    if "picked" in way:
        kind, token = str(way["picked"][0]), int(way["picked"][1])
        whose = {
            "class": f"the class “{list(shown.run.outputs)[token]}”" if kind == "class" else "",
            "patch": f"a patch of photo {patches.place(token)[0] + 1}" if kind == "patch" else "",
        }.get(kind, f"supervoxel {token + 1}")
        title = f"Attention {'to' if own.method == 'asked' else 'from'} {whose}"
    elif way:
        title = EVERY[own.method].title
    return f"{title}: supervoxels of the point cloud", f"{title}: patches of the photos"


def _totals(own: Explanation, photos: int) -> np.ndarray | None:
    """(photos,) the sum over the patches of each."""
    scores = own.scores.get(PATCHES)
    return None if scores is None else scores.reshape(photos, -1).sum(1)


def _questions(session: Session, output: str) -> Sequence[Question]:
    return []


def fill(session: Session, output: str, questions: Sequence[Question]) -> Mapping[str, Any]:
    """Options of what the page shows: the attention of the picked token, or of the class, mean over layers."""
    question = questions[0] if questions else Question("look", Target(output))
    if question.method not in ("look", "received") or question.call is not None:
        return {}
    index = list(session.run.outputs).index(question.target.output)
    space, token = question.target.space or "class", question.target.tokens[0] if question.target.tokens else index
    kind = {PATCHES: "patch", POINTS: "supervoxel"}.get(space, "class")
    picked = {"picked": [kind, token]} if question.method == "look" else {}
    way = {"method": question.method, "output": question.target.output, "direction": "own", "head": question.head}
    return {"way": {**way, **picked}}


PLATES = (Plate("room", "Cloud, photos and links", room, _questions, fill=fill),)
