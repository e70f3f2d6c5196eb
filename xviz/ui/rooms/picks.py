"""What both sides of a room show for a pick: of what was chosen and the pick alone, so that it is answered anywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.explain import METHODS
from xviz.explain.links import Link, strongest
from xviz.plates.rooms import attended
from xviz.plates.rooms import words as said
from xviz.ui import ahead, cache, components, direct, methods
from xviz.ui.rooms.draw import Looked, both, ordered
from xviz.ui.rooms.sample import Opened
from xviz.ui.rooms.voxels import FineScores
from xviz.ui.state import Selection


@dataclass(frozen=True)
class How:
    """A method, and of attention which."""

    method: str
    direction: str
    layer: int | None  #: counted from 0; None is the mean
    head: int | None

    @property
    def attends(self) -> bool:
        """Whether it is read from attention, and perhaps of the picked token."""
        return self.method in methods.ROWS

    def way(self, output: str, picked: Selection) -> dict[str, object]:
        """Of attention, how it is asked for; see ``plates.rooms.attended``."""
        way = {**asdict(self), "output": output}
        return way | ({"picked": [picked.space, picked.token]} if self.method == "look" else {})


@dataclass(frozen=True)
class Chosen:
    """What decides what is shown, beside the pick."""

    how: How
    shows: str  #: what colours the cloud
    links: int  #: how many at most
    kept: tuple[tuple[str, Link], ...]  #: links of earlier picks, with their signs
    order: tuple[int, ...]  #: of the photos, as they stand


def attention(opened: Opened, picked: Selection, how: How) -> tuple[Explanation, str]:
    """The scores of a method that is read from attention, and how they came about in words."""
    way = how.way(opened.output, picked)
    return attended(partial(cache.explain, opened.run), opened.run, way), said(way)


def question(opened: Opened, how: How) -> cache.Question:
    """What any other method is asked; picks do not change it."""
    method = METHODS[how.method]
    of_class = Selection("class", list(opened.run.outputs).index(opened.output))
    target = opened.target(of_class if how.method == "rollout" else None)
    return cache.Question(how.method, target, None, how.head if method.kind == "attention" else None)


def description(opened: Opened, how: How) -> str:
    """What any other method shows, in words."""
    return f"{METHODS[how.method].title} for “{opened.output}”"


def looked(
    opened: Opened, chosen: Chosen, picked: Selection, explanation: Explanation | None, what: str, *,
    fine: FineScores | None = None, camera: dict[str, object] | None = None,
) -> Looked:  # fmt: skip
    """What is shown of an explanation for a pick."""
    truth = _truth(opened, picked)
    return Looked(
        selection=picked, call=None, head=chosen.how.head, explanations=() if explanation is None else (explanation,),
        what=what, links=() if explanation is None else strongest(explanation, chosen.links), kept=chosen.kept,
        truth=truth, crosses=() if truth is None or opened.truth is None else tuple(opened.truth.crosses(truth)),
        order=chosen.order, camera={} if camera is None else camera, fine=fine,
        way=chosen.how.way(opened.output, picked) if fine is None and chosen.how.attends else None,
    )  # fmt: skip


def places(opened: Opened) -> tuple[str, str]:
    """Keys of the cloud and of the photos."""
    return f"cloud {opened.place}", f"photos {opened.place}"


def offer(opened: Opened, chosen: Chosen) -> tuple[components.Ahead, components.Ahead]:
    """Have picks answered before the page has run; where the cloud and the photos find the answers."""

    def make(room: Opened, pick: str) -> ahead.Shown | None:
        shown = _answer(room, chosen, pick)
        if shown is None:
            return None
        after = offer(room, replace(chosen, order=ordered(room, shown)))
        sent = zip(places(room), both(room, shown, chosen.shows), after, strict=True)
        return {key: components.message(drawing, key, where) for key, drawing, where in sent}

    table = direct.offer(opened.run, ("room", opened.output, chosen), opened, make)
    cloud, album = (components.Ahead(table, opened.place, space, single=True) for space in ("supervoxel", "patch"))
    return cloud, album


def _answer(opened: Opened, chosen: Chosen, pick: str) -> Looked | None:
    """What is shown for a pick; None where it needs what was not computed."""
    picked = opened.taken(ahead.pick_of(pick))
    if chosen.how.attends:
        return looked(opened, chosen, picked, *attention(opened, picked, chosen.how))
    explanation = cache.known(opened.run, question(opened, chosen.how))
    if explanation is None:
        return None
    return looked(opened, chosen, picked, explanation, description(opened, chosen.how))


def _truth(opened: Opened, picked: Selection) -> NDArray[np.float64] | None:
    """(3,) where geometry sees the picked patch, or where the picked supervoxel is."""
    if opened.truth is None or picked.space == "class":
        return None
    point = opened.segments.middles[picked.token] if picked.space == "supervoxel" else opened.truth.shown[picked.token]
    return np.asarray(point, np.float64) if np.isfinite(point).all() else None
