"""What both sides of a room show for a pick: of what was chosen and the pick alone, so that it is answered anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xviz.core.explanation import Explanation
from xviz.explain import METHODS
from xviz.explain.links import Link, strongest
from xviz.plates.rooms import words as said
from xviz.ui import ahead, cache, components, direct, methods
from xviz.ui.rooms import calls
from xviz.ui.rooms.draw import Looked, both, ordered
from xviz.ui.rooms.sample import Opened
from xviz.ui.rooms.voxels import FineScores
from xviz.ui.state import Selection

SPACES = ("patch", "supervoxel")


@dataclass(frozen=True)
class Chosen:
    """What decides what is shown, beside the pick."""

    method: str
    direction: str
    layer: int | None  #: counted from 0; None is the mean
    head: int | None
    shows: str  #: what colours the cloud
    links: int  #: how many at most
    kept: tuple[tuple[str, Link], ...]  #: links of earlier picks, with their signs
    order: tuple[int, ...]  #: of the photos, as they stand

    def way(self, output: str, picked: Selection) -> dict[str, object] | None:
        """Of attention, how it was asked for; see ``plates.rooms``."""
        if self.method not in methods.ROWS:
            return None
        way: dict[str, object] = {
            "method": self.method, "output": output, "direction": self.direction, "layer": self.layer,
            "head": self.head,
        }  # fmt: skip
        return way | ({"picked": [picked.space, picked.token]} if self.method == "look" else {})


def attention(opened: Opened, picked: Selection, chosen: Chosen) -> tuple[Explanation, str]:
    """The scores of a method that is read from attention, and how they came about in words."""
    asked = (opened.run, opened.output)
    how = (chosen.direction, chosen.layer, chosen.head)
    words = said({"method": chosen.method, **dict(zip(("direction", "layer", "head"), how, strict=True))})
    explanation = calls.ask(*asked, picked, *how) if chosen.method == "look" else calls.received(*asked, *how)
    return explanation, words


def question(opened: Opened, chosen: Chosen) -> cache.Question:
    """What any other method is asked; picks do not change it."""
    method = METHODS[chosen.method]
    of_class = Selection("class", list(opened.run.outputs).index(opened.output))
    target = opened.target(of_class if chosen.method == "rollout" else None)
    return cache.Question(chosen.method, target, None, chosen.head if method.kind == "attention" else None)


def description(opened: Opened, chosen: Chosen) -> str:
    """What any other method shows, in words."""
    return f"{METHODS[chosen.method].title} for “{opened.output}”"


def looked(
    opened: Opened, chosen: Chosen, picked: Selection, explanation: Explanation | None, what: str, *,
    fine: FineScores | None = None, camera: dict[str, object] | None = None,
) -> Looked:  # fmt: skip
    """What is shown of an explanation for a pick."""
    truth = _truth(opened, picked)
    return Looked(
        selection=picked, call=None, head=chosen.head, explanations=() if explanation is None else (explanation,),
        what=what, links=() if explanation is None else strongest(explanation, chosen.links), kept=chosen.kept,
        truth=truth, crosses=() if truth is None or opened.truth is None else tuple(opened.truth.crosses(truth)),
        camera={} if camera is None else camera, fine=fine,
        way=None if fine is not None else chosen.way(opened.output, picked),
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
        order = tuple(ordered(room, shown, chosen.order))
        drawings = both(room, shown, chosen.shows, order)
        sent = zip(places(room), drawings, offer(room, replace(chosen, order=order)), strict=True)
        return {key: components.message(drawing, key, where) for key, drawing, where in sent}

    table = direct.offer(opened.run, ("room", opened.output, chosen), opened, make)
    cloud, album = (components.Ahead(table, opened.place, space, single=True) for space in ("supervoxel", "patch"))
    return cloud, album


def _answer(opened: Opened, chosen: Chosen, pick: str) -> Looked | None:
    """What is shown for a pick; None where it needs what was not computed."""
    picked = opened.taken(_selection(pick))
    if chosen.method in methods.ROWS:
        explanation, what = attention(opened, picked, chosen)
    else:
        explanation, what = cache.known(opened.run, question(opened, chosen)), description(opened, chosen)
        if explanation is None:
            return None
    return looked(opened, chosen, picked, explanation, what)


def _selection(pick: str) -> Selection | None:
    """The pick of that name."""
    space, _, token = pick.rpartition("-")
    return Selection(space, int(token)) if space in SPACES and token.isascii() and token.isdecimal() else None


def _truth(opened: Opened, picked: Selection) -> NDArray[np.float64] | None:
    """(3,) where geometry sees the picked patch, or where the picked supervoxel is."""
    if opened.truth is None or picked.space == "class":
        return None
    point = opened.segments.middles[picked.token] if picked.space == "supervoxel" else opened.truth.shown[picked.token]
    return np.asarray(point, np.float64) if np.isfinite(point).all() else None
