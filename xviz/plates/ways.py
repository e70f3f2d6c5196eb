"""Attention in a room: from a picked token and a direction to the attention calls, and to one explanation of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import leaves
from xviz.explain.ask import Question
from xviz.models import MODELS
from xviz.plates.plate import Ask

POINTS, PATCHES = "supervoxels", "patches"
DIRECTIONS: Mapping[str, str] = {
    "own": "from the picked token",
    "points": "from points to photos",
    "photos": "from photos to points",
    "within": "within points and within photos (encoder)",
}
SPACE = {"patch": PATCHES, "supervoxel": POINTS}  #: selection → leaf space


@dataclass(frozen=True)
class Way:
    """Attention from a picked token (``look``) or to it (``asked``)."""

    space: str  #: leaf of the picked token
    method: str
    calls: tuple[str, ...]  #: in the order of the layers


def sides(run: Run) -> dict[str, tuple[str, ...]]:
    """Direction → its calls, in order: across from points and from photos, and within each side."""
    by_direction: dict[str, list[str]] = {"points": [], "photos": [], POINTS: [], PATCHES: []}
    titles = MODELS[run.provenance.model].calls
    for call in run.calls:
        asking, answering = ({leaf.name for leaf in leaves(run.spaces[s])} for s in (call.queries, call.keys))
        if POINTS in asking and PATCHES in answering:
            by_direction["points"].append(call.name)
        elif PATCHES in asking and POINTS in answering:
            by_direction["photos"].append(call.name)
        elif titles[call.name].part != "decoder":
            by_direction[POINTS if POINTS in asking else PATCHES].append(call.name)
    return {name: tuple(calls) for name, calls in by_direction.items()}


def ways(run: Run, kind: str, direction: str) -> tuple[Way, ...]:
    """The attention of a picked patch, supervoxel or class in a direction."""
    calls = sides(run)
    of_class = {"points": ("classes_3d", "points"), "photos": ("classes_2d", "photos")}
    if kind == "class":
        if direction == "within":
            return tuple(Way(s, "look", calls[k]) for s, k in (("classes_3d", POINTS), ("classes_2d", PATCHES)))
        chosen = list(of_class.values()) if direction == "own" else [of_class[direction]]
        return tuple(Way(space, "look", calls[side]) for space, side in chosen)
    space, own = SPACE[kind], "points" if kind == "supervoxel" else "photos"
    if direction == "within":
        return (Way(space, "look", calls[space]),)
    if direction in ("own", own):
        return (Way(space, "look", calls[own]),)
    return (Way(space, "asked", calls[direction]),)


def attention(
    ask: Ask, run: Run, output: str, picked: tuple[str, int], direction: str, layer: int | None, head: int | None
) -> Explanation:
    """The attention of a picked token, mean over the layers of a direction or that of one.

    Args:
        ask: Answers a question to the run.
        run: Of a room.
        output: The class that the page explains; attention does not depend on it.
        picked: "patch", "supervoxel" or "class", and its number.
        direction: One of ``DIRECTIONS``.
        layer: Counted from 0 among those of the direction; None is the mean.
        head: None is the mean.

    Raises:
        ModelError: there is no such layer.
    """
    parts = []
    for way in ways(run, picked[0], direction):
        if layer is not None and layer >= len(way.calls):
            raise ModelError(f"There are {len(way.calls)} layers in this direction; choose one of them.")
        calls = way.calls if layer is None else (way.calls[layer],)
        target = Target(output, way.space, (picked[1],))
        parts.append(mean([ask(Question(way.method, target, call, head)) for call in calls]))
    return parts[0] if len(parts) == 1 else _joined(parts)


def received(ask: Ask, run: Run, output: str, direction: str, layer: int | None, head: int | None) -> Explanation:
    """What each token receives across, or within its side, mean over the layers of a direction or that of one."""
    calls, target = sides(run), Target(output)
    chosen = {"own": ("points", "photos"), "within": (POINTS, PATCHES)}.get(direction, (direction,))
    parts = []
    for side in chosen:
        some = calls[side] if layer is None else calls[side][layer : layer + 1]
        parts.append(mean([ask(Question("received", target, call, head)) for call in some]))
    return parts[0] if len(parts) == 1 else _joined(parts)


def mean(layers: Sequence[Explanation]) -> Explanation:
    """The mean of explanations of the same tokens."""
    first = layers[0]
    if len(layers) == 1:
        return first
    scores = {name: np.mean([layer.scores[name] for layer in layers], 0) for name in first.scores}
    calls = " + ".join(str(layer.provenance.options.get("call")) for layer in layers)
    return replace(first, scores=scores, provenance=first.provenance.but(call=f"mean of {calls}"))


def _joined(parts: Sequence[Explanation]) -> Explanation:
    """Explanations of both sides as one; class tokens are left to whom they belong."""
    scores = {name: values for part in parts for name, values in part.scores.items()}
    calls = "; ".join(str(part.provenance.options.get("call")) for part in parts)
    return replace(parts[0], scores=scores, provenance=parts[0].provenance.but(call=calls))
