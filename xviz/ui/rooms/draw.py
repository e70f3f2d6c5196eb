"""Both sides of a room as an answer is drawn on them: the cloud with links and cameras, and the photos in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings import photos, points
from xviz.drawings.view import View
from xviz.explain.links import Link
from xviz.ui import records
from xviz.ui.rooms.calls import PATCHES, POINTS
from xviz.ui.rooms.sample import Opened, cameras
from xviz.ui.rooms.voxels import Grained
from xviz.ui.state import Selection

OWN = ("look", "asked", "received")  #: methods whose sides have limits of their own, as rows of different calls
HEIGHT = 620  #: CSS pixels
MAPS = {
    "activation": (
        "class activation of “{}”, share of all classes",
        "Cloud: where the points alone say “{}”",
    ),
    "weighted": (
        "class activation of “{}” × attention, sum of 3 layers",
        "Cloud: where the points say “{}” and its token looks",
    ),
    "fused": (
        "class activation of “{}”, or × attention where that is more",
        "Cloud: where the points say “{}”, raised by attention",
    ),
}  #: class map → what its colours say, and the title


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked(records.Looked):
    """What ``explore`` shows; the selected token is that of the explained class where nothing is picked."""

    selection: Selection
    what: str  #: the method and its settings, for people
    links: tuple[Link, ...]  #: of the picked token
    kept: tuple[tuple[str, Link], ...]  #: those of earlier picks, with their signs
    truth: NDArray[np.float64] | None  #: (3,) metres, where geometry sees the picked token
    crosses: tuple[tuple[int, float, float], ...]  #: photo, column and row where that point is seen
    camera: dict[str, object]  #: what the browser last told; changes while the page rests
    grained: Grained | None  #: where voxels and pixels are shown; the explanation then has their sums

    @property
    def explanation(self) -> Explanation | None:
        """The one on the screen; None until it is computed."""
        return next(iter(self.explanations), None)


def views(opened: Opened, looked: Looked, shows: str) -> tuple[View, View]:
    """The cloud and the photos as they are drawn."""
    scores = {} if looked.explanation is None else looked.explanation.scores
    bars = limits(looked)
    named = [(str(i), link) for i, link in enumerate(looked.links, 1)] + list(looked.kept)
    return (
        _cloud(opened, looked, shows, scores.get(POINTS), bars.get(POINTS), named),
        _album(opened, looked, scores.get(PATCHES), bars.get(PATCHES), named),
    )


def limits(looked: Looked) -> dict[str, scale.Scale]:
    """A scale for each side that has scores: its own for rows of attention, else the same, so that sides compare.

    Those of voxels and pixels are their own too: a pixel is no piece as large as a voxel.
    """
    found = looked.explanation
    if found is None:
        return {}
    if looked.grained is not None:
        return dict(zip((POINTS, PATCHES), looked.grained.scales(), strict=True))
    sides = {name: found.scores[name] for name in (POINTS, PATCHES) if name in found.scores}
    make = scale.diverging if found.signed else scale.sequential
    if found.method in OWN or not sides:
        return {name: make(values, label=found.unit) for name, values in sides.items()}
    return dict.fromkeys(sides, make(np.concatenate(list(sides.values())), label=found.unit))


def _cloud(opened: Opened, looked: Looked, shows: str, scores, bar, named) -> View:
    """The cloud, in the colours that were chosen."""
    values, finer = scores, looked.grained and looked.grained.finer()[0]
    title = f"Cloud: answers to {opened.called(looked.selection)}"
    if shows != "scores":
        finer = None
    if shows == "predicted":
        values, bar, title = opened.predicted(), None, "Cloud: predicted class of each supervoxel"
        bar = scale.Categories(tuple(opened.run.outputs), label="predicted class")
    elif shows in MAPS:
        label, title = (text.format(opened.output) for text in MAPS[shows])
        values = getattr(opened.maps(), "map" if shows == "activation" else shows)
        values = values[:, list(opened.run.outputs).index(opened.output)]
        bar = scale.sequential(values, label=label)
    elif shows == "own" or values is None:
        values, bar, title = None, None, "Cloud: own colours"
    elif looked.explanation is not None and looked.explanation.focus is None:
        title = f"Cloud: {looked.what}"
    if values is not None:
        values = np.where(opened.present[POINTS], values, np.nan)
    here = looked.selection.token if looked.selection.space == "supervoxel" else -1
    return points.points(
        opened.drawn.geometry, values, scale=bar, selected=here, marks=marks(opened, looked, named), finer=finer,
        name=f"room {opened.place}", title=title, height=HEIGHT,
    )  # fmt: skip


def marks(opened: Opened, looked: Looked, named: Sequence[tuple[str, Link]]) -> points.Marks:
    """Links from the cameras where these are known, their signs, the true place, and the cameras."""
    poses = dict(cameras(opened.sample))
    ends, strengths = [], []
    most = max((link.weight for _, link in named), default=1.0)
    for _, link in named:
        pose = poses.get(str(opened.patches.place(link.patch)[0] + 1))
        if pose is not None:
            ends.append([pose[:3, 3], opened.segments.middles[link.supervoxel]])
            strengths.append(link.weight / most)
    signs = grouped([(sign, link.supervoxel) for sign, link in named], _asking(looked, "supervoxel"))
    return points.Marks(
        links=np.array(ends).reshape(-1, 2, 3),
        strengths=strengths,
        numbers=[(text, opened.segments.middles[token]) for text, token in signs],
        crosses=() if looked.truth is None or looked.selection.space != "patch" else [looked.truth],
        cameras=list(poses.items()),
    )


def _asking(looked: Looked, space: str) -> int | None:
    """The picked token, if it is of that side."""
    return looked.selection.token if looked.selection.space == space else None


def grouped(signs: Sequence[tuple[str, int]], picked: int | None) -> list[tuple[str, int]]:
    """Signs on the same token as one: A1, A2 and A3 → “A1–A3”; the picked one is outlined and needs no number."""
    met: dict[int, list[str]] = {}
    for sign, token in signs:
        if token == picked and sign.isdecimal():
            continue
        met.setdefault(token, []).append(sign)
    return [(all_[0] if len(all_) == 1 else f"{all_[0]}–{all_[-1]}", token) for token, all_ in met.items()]


def _album(opened: Opened, looked: Looked, scores, bar, named) -> View:
    """The photos, ordered by what their patches get together."""
    totals = None
    if scores is not None:
        scores = np.where(opened.present[PATCHES], scores, np.nan)
        totals = np.nansum(scores.reshape(len(opened.views.names), -1), 1)
    order_of = f"order {opened.place}"  # a photo that is clicked stays where it is
    sequence = photos.ordered(len(opened.views.names), totals)
    if totals is None:
        sequence = list(opened.choices.recall(order_of, sequence))  # type: ignore[call-overload]
    else:
        opened.choices.remember(order_of, sequence)
    title = "Photos" if scores is None else f"Photos: answers to {opened.called(looked.selection)}"
    if looked.explanation is not None and looked.explanation.focus is None and scores is not None:
        title = f"Photos: {looked.what}"
    return photos.photos(
        opened.drawn.album,
        scores,
        scale=bar,
        totals=totals,
        sequence=sequence,
        selected=looked.selection.token if looked.selection.space == "patch" else -1,
        absent=opened.gone,
        finer=looked.grained and looked.grained.finer()[1],
        numbers=grouped([(sign, link.patch) for sign, link in named], _asking(looked, "patch")),
        crosses=looked.crosses,
        title=title,
        note=_note(looked, totals),
        height=HEIGHT,
    )


def _note(looked: Looked, totals: NDArray[np.float64] | None) -> str:
    """What stands below the photos."""
    if totals is None or looked.explanation is None:
        return ""
    note = f"Over each photo the sum over its patches ({looked.explanation.unit}); greatest first."
    if looked.grained is None:
        return note
    rest = len(looked.grained.grains.pictures) - len(looked.grained.photos)
    bare = f" {rest} without colours {'was' if rest == 1 else 'were'} not followed to pixels." if rest else ""
    return f"Over each photo the sum over its pixels ({looked.explanation.unit}); greatest first.{bare}"
