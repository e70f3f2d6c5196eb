"""What is true of the places of objects in a scene: left of, above, next to, between, on the left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np

#: centres must differ by this share of the canvas side for a relation to be said
MARGIN = 0.12
#: objects closer than this share of the longer side, edge to edge, are next to each other
CLOSE = 0.07
#: the relation that is false whenever this one is true
OPPOSITE = {
    "left": "right", "right": "left", "above": "below", "below": "above",
    "frame-left": "frame-right", "frame-right": "frame-left", "frame-top": "frame-bottom", "frame-bottom": "frame-top",
}  # fmt: skip
#: ways to say each relation
WORDS = {
    "left": ("to the left of", "on the left of", "left of"),
    "right": ("to the right of", "on the right of", "right of"),
    "above": ("above", "above", "over", "higher up than"),
    "below": ("below", "below", "under", "lower down than"),
    "near": ("next to", "beside", "close to", "near"),
    "frame-left": ("on the left",),
    "frame-right": ("on the right",),
    "frame-top": ("at the top",),
    "frame-bottom": ("at the bottom",),
}

Group = tuple[int, ...]


def relations(boxes: np.ndarray, groups: Sequence[Group], size: tuple[int, int]) -> list[tuple[str, int, int]]:
    """Return every (relation, i, j) that clearly holds: group i is left of (right of, ...) group j.

    Args:
        boxes: (objects, 4), x0 y0 x1 y1 in pixels.
        groups: Objects of each thing spoken of; a relation holds for groups when it holds for all pairs.
        size: Canvas width and height, pixels.
    """
    facts = []
    for i, j in permutations(range(len(groups)), 2):
        pairs = list(product(groups[i], groups[j]))
        for key in ("left", "right", "above", "below", "near"):
            if all(_holds(key, boxes[p], boxes[q], size) for p, q in pairs):
                facts.append((key, i, j))
    return facts


def between(boxes: np.ndarray, groups: Sequence[Group], size: tuple[int, int]) -> list[tuple[int, int, int]]:
    """Return every (i, j, k) of single objects with i clearly between j and k, j coming first from the left or top."""
    centres = _centres(boxes) / np.array(size)
    facts = []
    for i, j, k in permutations(range(len(groups)), 3):
        if any(len(groups[g]) != 1 for g in (i, j, k)):
            continue
        p, q, r = (centres[groups[g][0]] for g in (i, j, k))
        for axis in (0, 1):
            ordered = p[axis] - q[axis] > MARGIN and r[axis] - p[axis] > MARGIN
            if ordered and max(abs(p[1 - axis] - q[1 - axis]), abs(p[1 - axis] - r[1 - axis])) < 0.2:
                facts.append((i, j, k))
    return facts


def sides(boxes: np.ndarray, groups: Sequence[Group], size: tuple[int, int]) -> list[tuple[str, int]]:
    """Return every (side, i) with all of group i clearly on that side of the picture."""
    centres = _centres(boxes) / np.array(size)
    facts = []
    for i, group in enumerate(groups):
        x, y = centres[list(group)].T
        facts += [("frame-left", i)] * bool((x < 0.36).all()) + [("frame-right", i)] * bool((x > 0.64).all())
        facts += [("frame-top", i)] * bool((y < 0.32).all()) + [("frame-bottom", i)] * bool((y > 0.68).all())
    return facts


def _centres(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _holds(key: str, first: np.ndarray, second: np.ndarray, size: tuple[int, int]) -> bool:
    if key == "near":
        gap = np.maximum(np.maximum(first[:2] - second[2:], second[:2] - first[2:]), 0)
        return bool(np.hypot(*gap) < CLOSE * max(size))
    dx, dy = ((second[:2] + second[2:]) - (first[:2] + first[2:])) / 2
    if key in ("right", "below"):
        dx, dy = -dx, -dy
    along, across = (dx, dy) if key in ("left", "right") else (dy, dx)
    side = size[0] if key in ("left", "right") else size[1]
    return bool(along > MARGIN * side and along > 0.6 * abs(across))
