"""Put furniture where people put it, without two things in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.train.mit.floorplan import Opening, Plan

#: attempts to find a place for one thing
ATTEMPTS = 40


@dataclass(frozen=True)
class Box:
    """An upright box that a thing fills or that must stay free."""

    x: float
    y: float
    width: float
    depth: float
    angle: float  #: radians
    low: float = 0.0  #: metres above the floor
    high: float = 1.0

    def corners(self) -> NDArray[np.float64]:
        """(4, 2) corners of its footprint."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (self.width / 2, self.depth / 2)
        return half @ np.array([[c, s], [-s, c]]) + (self.x, self.y)

    def meets(self, other: Box) -> bool:
        """Whether both share space; touching does not count."""
        if self.low >= other.high - 1e-6 or other.low >= self.high - 1e-6:
            return False
        mine, yours = self.corners(), other.corners()
        for angle in (self.angle, self.angle + np.pi / 2, other.angle, other.angle + np.pi / 2):
            axis = np.array([np.cos(angle), np.sin(angle)])
            a, b = mine @ axis, yours @ axis
            if a.max() <= b.min() + 1e-6 or b.max() <= a.min() + 1e-6:
                return False
        return True


@dataclass(frozen=True)
class Thing:
    """What is to be placed: the box of a model at its size."""

    width: float
    depth: float
    height: float
    top: float | None = None  #: height at which things can stand on it
    elevation: float = 0.0


class Places:
    """The places of one room; every method returns the box it took, or None where none was free."""

    def __init__(self, plan: Plan, rng: np.random.Generator) -> None:
        """Keep free what doors and windows need.

        Args:
            plan: The room with its openings.
            rng: Where all chances come from.
        """
        self.plan, self.rng = plan, rng
        self.taken: list[Box] = [_free(plan, hole) for hole in plan.openings]

    def wall(self, thing: Thing, *, near: Box | None = None) -> Box | None:
        """Against a wall with its back, front into the room; close to ``near`` where that is given."""
        lengths = np.array([self.plan.wall(i)[3] for i in range(len(self.plan.ring))])
        best: tuple[float, Box] | None = None
        for _ in range(ATTEMPTS):
            number = int(self.rng.choice(len(lengths), p=lengths / lengths.sum()))
            start, along, inward, length = self.plan.wall(number)
            if length < thing.width + 0.04:
                continue
            s = self.rng.uniform(thing.width / 2 + 0.02, length - thing.width / 2 - 0.02)
            if self.rng.random() < 0.3:
                s = thing.width / 2 + 0.03
            x, y = start + s * along + inward * (thing.depth / 2 + self.rng.uniform(0.01, 0.05))
            box = self._box(thing, x, y, np.arctan2(inward[1], inward[0]) + np.pi / 2)
            if not self.free(box):
                continue
            if near is None:
                return self._take(box)
            far = float(np.hypot(x - near.x, y - near.y))
            if best is None or far < best[0]:
                best = far, box
        return None if best is None else self._take(best[1])

    def corner(self, thing: Thing) -> Box | None:
        """In a corner of the room, or at least near one."""
        for _ in range(ATTEMPTS):
            number = int(self.rng.integers(len(self.plan.ring)))
            start, along, inward, _ = self.plan.wall(number)
            side = max(thing.width, thing.depth) / 2 + self.rng.uniform(0.03, 0.3)
            x, y = start + along * side + inward * side
            box = self._box(thing, x, y, self.rng.uniform(0, 2 * np.pi))
            if self.free(box):
                return self._take(box)
        return None

    def middle(self, thing: Thing, *, margin: float = 0.7, before: Box | None = None) -> Box | None:
        """Somewhere away from the walls, or in front of ``before``."""
        for _ in range(ATTEMPTS):
            if before is None:
                x, y = self.rng.uniform(margin, np.maximum(self.plan.extent - margin, margin + 0.01))
                angle = self.rng.integers(4) * np.pi / 2 + self.rng.normal(0, 0.04)
            else:
                away = before.depth / 2 + thing.depth / 2 + self.rng.uniform(0.3, 0.7)
                x, y = np.array([before.x, before.y]) + away * _front(before)
                angle = before.angle + self.rng.normal(0, 0.04)
            box = self._box(thing, x, y, angle)
            if self.free(box):
                return self._take(box)
        return None

    def beside(self, thing: Thing, table: Box) -> Box | None:
        """At a side of a table, looking at it."""
        for _ in range(ATTEMPTS):
            turn = table.angle + self.rng.integers(4) * np.pi / 2
            sides = (table.width, table.depth)
            out, across = sides if abs(np.cos(turn - table.angle)) > 0.5 else sides[::-1]
            room = max(across / 2 - thing.width / 2, 0.0)
            shift = self.rng.uniform(-room, room)
            away = out / 2 + thing.depth / 2 + self.rng.uniform(0.02, 0.2)
            x = table.x + away * np.cos(turn) - shift * np.sin(turn)
            y = table.y + away * np.sin(turn) + shift * np.cos(turn)
            box = self._box(thing, x, y, turn - np.pi / 2 + self.rng.normal(0, 0.12))
            if self.free(box):
                return self._take(box)
        return None

    def front(self, thing: Thing, desk: Box) -> Box | None:
        """Before a desk, looking at it."""
        for _ in range(ATTEMPTS):
            away = desk.depth / 2 + thing.depth / 2 + self.rng.uniform(0.02, 0.25)
            x, y = np.array([desk.x, desk.y]) + away * _front(desk)
            box = self._box(thing, x, y, desk.angle + np.pi + self.rng.normal(0, 0.25))
            if self.free(box):
                return self._take(box)
        return None

    def on(self, thing: Thing, under: Box, top: float) -> Box | None:
        """On top of what stands in ``under``, wholly on it, looking the same way."""
        for _ in range(ATTEMPTS):
            free_x, free_y = under.width * 0.92 - thing.width, under.depth * 0.92 - thing.depth
            if free_x < 0 or free_y < 0:
                return None
            dx, dy = self.rng.uniform(-0.5, 0.5, 2) * (free_x, free_y)
            c, s = np.cos(under.angle), np.sin(under.angle)
            angle = under.angle + self.rng.normal(0, 0.1)
            low = under.low + top
            box = Box(
                under.x + c * dx - s * dy, under.y + s * dx + c * dy, thing.width, thing.depth, angle, low,
                low + thing.height,
            )  # fmt: skip
            if box.high < self.plan.height - 0.05 and not any(box.meets(o) for o in self.taken if o is not under):
                return self._take(box)
        return None

    def ceiling(self, thing: Thing) -> Box | None:
        """Hanging from the ceiling."""
        middle = self.plan.extent / 2 if self.plan.notch is None else np.array(self.plan.notch[:2]) / 2
        x, y = middle + self.rng.uniform(-0.4, 0.4, 2)
        high = self.plan.height
        box = Box(x, y, thing.width, thing.depth, self.rng.uniform(0, np.pi), high - thing.height, high)
        return self._take(box) if self.free(box) else None

    def free(self, box: Box) -> bool:
        """Whether the box lies in the room and meets nothing."""
        points = box.corners()
        dense = np.concatenate([points, (points + np.roll(points, 1, 0)) / 2, points.mean(0, keepdims=True)])
        if box.high > self.plan.height + 1e-6 or not self.plan.inside(dense).all():
            return False
        if self.plan.notch is not None:
            x0, y0, x1, y1 = self.plan.notch
            if box.meets(Box((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0, 0.0, 0.0, self.plan.height)):
                return False
        return not any(box.meets(other) for other in self.taken)

    def _box(self, thing: Thing, x: float, y: float, angle: float) -> Box:
        low = thing.elevation
        return Box(float(x), float(y), thing.width, thing.depth, float(angle), low, low + thing.height)

    def _take(self, box: Box) -> Box:
        self.taken.append(box)
        return box


def _front(box: Box) -> NDArray[np.float64]:
    """(2,) the way that its front looks: −y, turned."""
    return np.array([np.sin(box.angle), -np.cos(box.angle)])


def _free(plan: Plan, hole: Opening) -> Box:
    """What must stay free before an opening: a door's swing, the air before a window."""
    start, along, inward, _ = plan.wall(hole.wall)
    deep = 0.85 if hole.low < 0.02 else 0.35
    x, y = start + (hole.start + hole.width / 2) * along + inward * deep / 2
    return Box(float(x), float(y), hole.width, deep, float(np.arctan2(along[1], along[0])), hole.low, hole.high)
