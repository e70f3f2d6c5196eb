"""Both sides of a room as an explanation is drawn on them: the cloud with links and cameras, the photos in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.draw import scale
from xviz.drawings import photos, points
from xviz.drawings.drawing import Drawing, Surround
from xviz.explain.links import Link
from xviz.plates.grains import FineScores
from xviz.ui import records
from xviz.ui.rooms.calls import PATCHES, POINTS
from xviz.ui.rooms.sample import Opened, cameras
from xviz.ui.state import Selection

OWN = ("look", "asked", "received")  #: methods whose sides have limits of their own, as rows of different calls
HEIGHT = 620  #: CSS pixels
PREDICTED = {"predicted": "points and photos", "predicted-points": "points alone"}  #: choice → what says the class
MAPS = {
    "activation": (
        "class activation of “{}”, share of all classes",
        "Cloud: class activation of “{}” from points alone",
    ),
    "weighted": (
        "class activation of “{}” × attention, sum of 3 layers",
        "Cloud: class activation of “{}” × attention",
    ),
    "fused": (
        "class activation of “{}”, or × attention where greater",
        "Cloud: class activation of “{}” fused with attention",
    ),
}  #: class map → what its colours measure, and the title


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
    fine: FineScores | None  #: where voxels and pixels are shown; the explanation then has their sums
    order: tuple[int, ...] = ()  #: of the photos, as they stood before; see ``ordered``
    way: Mapping[str, object] | None = None  #: of attention, how it was asked for; see ``plates.rooms``

    @property
    def explanation(self) -> Explanation | None:
        """The one on the screen; None until it is computed."""
        return next(iter(self.explanations), None)


def whose(opened: Opened, looked: Looked) -> str:
    """Whose attention is shown."""
    turned = looked.explanation is not None and looked.explanation.method == "asked"
    return f"attention {'to' if turned else 'from'} {opened.called(looked.selection)}"


def both(opened: Opened, looked: Looked, shows: str) -> tuple[Drawing, Drawing]:
    """The cloud and the photos as they are drawn."""
    scores = {} if looked.explanation is None else looked.explanation.scores
    bars = limits(looked)
    named = [(str(i), link) for i, link in enumerate(looked.links, 1)] + list(looked.kept)
    return (
        _cloud(opened, looked, shows, scores.get(POINTS), bars.get(POINTS), named),
        _album(opened, looked, scores.get(PATCHES), bars.get(PATCHES), named),
    )


def ordered(opened: Opened, looked: Looked) -> tuple[int, ...]:
    """The order of the photos: those with the greatest sums over their patches first.

    As before where patches have no scores, so that a photo that is clicked stays where it is.
    """
    totals = _totals(opened, None if looked.explanation is None else looked.explanation.scores.get(PATCHES))
    if totals is None and looked.order:
        return looked.order
    return tuple(photos.ordered(len(opened.views.names), totals))


def _totals(opened: Opened, scores: NDArray | None) -> NDArray[np.float64] | None:
    """(photos,) sums over the patches that take part."""
    if scores is None:
        return None
    return np.nansum(np.where(opened.present[PATCHES], scores, np.nan).reshape(len(opened.views.names), -1), 1)


def limits(looked: Looked) -> dict[str, scale.Scale]:
    """A scale for each side that has scores: its own for rows of attention, else the same, so that sides compare.

    Those of voxels and pixels are their own too: a pixel is much smaller than a voxel.
    """
    explanation = looked.explanation
    if explanation is None:
        return {}
    if looked.fine is not None:
        return dict(zip((POINTS, PATCHES), looked.fine.scales(), strict=True))
    sides = {name: explanation.scores[name] for name in (POINTS, PATCHES) if name in explanation.scores}
    make = scale.diverging if explanation.signed else scale.sequential
    if explanation.method in OWN or not sides:
        return {name: make(values, label=explanation.unit) for name, values in sides.items()}
    return dict.fromkeys(sides, make(np.concatenate(list(sides.values())), label=explanation.unit))


def _cloud(opened: Opened, looked: Looked, shows: str, scores, bar, named) -> Drawing:
    """The cloud, in the colours that were chosen."""
    values, finer = scores, looked.fine and looked.fine.finer()[0]
    title = f"Cloud: {whose(opened, looked)}"
    if shows != "scores":
        finer = None
    if shows in PREDICTED:
        values, title = opened.predicted(alone=shows != "predicted"), "Cloud: predicted class of each supervoxel"
        if opened.photos_say:
            title += f" from {PREDICTED[shows]}"
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
    return points.points(
        opened.drawn.geometry, values, scale=bar, marks=marks(opened, looked, named), finer=finer,
        name=f"room {opened.place}", surround=Surround(title, height=HEIGHT),
    )  # fmt: skip


def marks(opened: Opened, looked: Looked, named: Sequence[tuple[str, Link]]) -> points.Marks:
    """Links from the cameras where these are known, their signs, the true place, and the cameras."""
    poses = dict(cameras(opened.sample))
    ends, strengths = [], []
    greatest_weight = max((link.weight for _, link in named), default=1.0)
    for _, link in named:
        pose = poses.get(str(opened.patches.place(link.patch)[0] + 1))
        if pose is not None:
            ends.append([pose[:3, 3], opened.segments.middles[link.supervoxel]])
            strengths.append(link.weight / greatest_weight)
    signs = grouped([(sign, link.supervoxel) for sign, link in named], _picked(looked, "supervoxel"))
    return points.Marks(
        links=np.array(ends).reshape(-1, 2, 3),
        strengths=strengths,
        numbers=[(text, opened.segments.middles[token]) for text, token in signs],
        crosses=() if looked.truth is None or looked.selection.space != "patch" else [looked.truth],
        selected=looked.selection.token if looked.selection.space == "supervoxel" else -1,
        cameras=list(poses.items()),
    )


def _picked(looked: Looked, space: str) -> int | None:
    """The picked token, if it is of that side."""
    return looked.selection.token if looked.selection.space == space else None


def grouped(signs: Sequence[tuple[str, int]], picked: int | None) -> list[tuple[str, int]]:
    """Signs on the same token as one: A1, A2 and A3 → “A1–A3”; the picked one is outlined and needs no number."""
    by_token: dict[int, list[str]] = {}
    for sign, token in signs:
        if token == picked and sign.isdecimal():
            continue
        by_token.setdefault(token, []).append(sign)
    return [(own[0] if len(own) == 1 else f"{own[0]}–{own[-1]}", token) for token, own in by_token.items()]


def _album(opened: Opened, looked: Looked, scores, bar, named) -> Drawing:
    """The photos in their order, with the sum over the patches of each."""
    totals = _totals(opened, scores)
    if scores is not None:
        scores = np.where(opened.present[PATCHES], scores, np.nan)
    title = "Photos" if scores is None else f"Photos: {whose(opened, looked)}"
    if looked.explanation is not None and looked.explanation.focus is None and scores is not None:
        title = f"Photos: {looked.what}"
    return photos.photos(
        opened.drawn.album,
        scores,
        scale=bar,
        totals=totals,
        sequence=ordered(opened, looked),
        finer=looked.fine and looked.fine.finer()[1],
        marks=photos.Marks(
            looked.selection.token if looked.selection.space == "patch" else -1,
            opened.gone,
            grouped([(sign, link.patch) for sign, link in named], _picked(looked, "patch")),
            looked.crosses,
        ),
        surround=Surround(title, _note(looked, totals), HEIGHT),
    )


def _note(looked: Looked, totals: NDArray[np.float64] | None) -> str:
    """What stands below the photos."""
    if totals is None or looked.explanation is None:
        return ""
    cells = "patches" if looked.fine is None else "pixels"
    note = f"Above each photo: sum over its {cells} ({looked.explanation.unit}), greatest first."
    missing = 0 if looked.fine is None else len(looked.fine.source.pictures) - len(looked.fine.photos)
    return note + (f" {missing} photo{'s' * (missing != 1)} without colours not computed yet." if missing else "")
