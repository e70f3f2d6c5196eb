"""Floor plans: a rectangle or an L, walls with thickness, openings for doors and windows; the shell as triangles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xviz.train.mit.solids import Material, Solid


@dataclass(frozen=True)
class Opening:
    """A hole in a wall that a door or a window fills."""

    wall: int  #: index of the wall
    start: float  #: metres along the wall
    width: float
    low: float  #: metres above the floor
    high: float


@dataclass(frozen=True, eq=False)
class Plan:
    """The empty room; it lies to the left of its walls, which run around it."""

    ring: NDArray[np.float64]  #: (walls, 2) corners, counter-clockwise, metres
    height: float
    thickness: float
    notch: tuple[float, float, float, float] | None = None  #: x0, y0, x1, y1 of what an L lacks of its rectangle
    openings: tuple[Opening, ...] = field(default=())

    @property
    def extent(self) -> NDArray[np.float64]:
        """(2,) width and depth of the rectangle around it."""
        return self.ring.max(0)

    def wall(self, number: int) -> tuple[NDArray, NDArray, NDArray, float]:
        """Start, direction, normal into the room and length of a wall."""
        a, b = self.ring[number], self.ring[(number + 1) % len(self.ring)]
        length = float(np.linalg.norm(b - a))
        along = (b - a) / length
        return a, along, np.array([-along[1], along[0]]), length

    def inside(self, points: NDArray[np.float64], margin: float = 0.0) -> NDArray[np.bool_]:
        """Which of (n, 2) points lie in the room, at least ``margin`` metres from its walls."""
        low, high = points >= margin, points <= self.extent - margin
        fine = (low & high).all(1)
        if self.notch is not None:
            x0, y0, x1, y1 = self.notch
            x, y = points.T
            fine &= ~((x > x0 - margin) & (x < x1 + margin) & (y > y0 - margin) & (y < y1 + margin))
        return fine


def draw_plan(rng: np.random.Generator, least: float, most: float) -> Plan:
    """A rectangle, or in three of ten cases an L, whose sides are ``least`` to ``most`` metres long."""
    width, depth = rng.uniform(least, most), rng.uniform(least, most)
    height, thickness = rng.uniform(2.4, 2.9), rng.uniform(0.1, 0.22)
    if rng.random() < 0.7 or min(width, depth) < 3.4:
        ring = np.array([[0, 0], [width, 0], [width, depth], [0, depth]], float)
        return Plan(ring, height, thickness)
    x, y = width * rng.uniform(0.55, 0.7), depth * rng.uniform(0.55, 0.7)
    ring = np.array([[0, 0], [width, 0], [width, y], [x, y], [x, depth], [0, depth]], float)
    return Plan(ring, height, thickness, (x, y, width, depth))


def shell(plan: Plan, looks: Sequence[Material], labels: tuple[int, int]) -> Solid:
    """Floor, ceiling and walls with their holes.

    Args:
        plan: The room with its openings.
        looks: Materials of the floor, the ceiling and each wall; textures cover a square of one metre.
        labels: Labels of wall and floor; the ceiling has none.
    """
    quads, material, label = [], [], []
    whole = [(0.0, 0.0, *plan.extent)]
    if plan.notch is not None:
        x0, y0, _, _ = plan.notch
        whole = [(0.0, 0.0, plan.extent[0], y0), (0.0, y0, x0, plan.extent[1])]
    for index, (z, mark) in enumerate(((0.0, labels[1]), (plan.height, 0))):
        for x0, y0, x1, y1 in whole:
            quads.append([(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)])
            material.append(index)
            label.append(mark)
    for number in range(len(plan.ring)):
        for quad in _wall(plan, number):
            quads.append(quad)
            material.append(2 + number)
            label.append(labels[0])
    corners = np.array(quads, np.float32)
    faces = corners[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3)
    flat = np.abs(np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])).argmax(1)
    uv = np.where(
        (flat == 2)[:, None, None], faces[..., :2], np.stack([faces[..., 0] + faces[..., 1], faces[..., 2]], -1)
    )
    return Solid(
        corners=faces,
        uv=uv.astype(np.float32),
        material=np.repeat(np.array(material, np.int32), 2),
        materials=tuple(looks),
        label=np.repeat(np.array(label, np.uint8), 2),
    )


def _wall(plan: Plan, number: int) -> list[list[tuple[float, float, float]]]:
    """The rectangles of one wall around its openings, and the sides of the openings."""
    start, along, inward, length = plan.wall(number)
    holes = [hole for hole in plan.openings if hole.wall == number]
    cuts = sorted({0.0, length, *(h.start for h in holes), *(h.start + h.width for h in holes)})
    levels = sorted({0.0, plan.height, *(h.low for h in holes), *(h.high for h in holes)})

    def at(s: float, z: float, out: float = 0.0) -> tuple[float, float, float]:
        x, y = start + s * along - out * inward
        return float(x), float(y), z

    quads = []
    for s0, s1 in pairwise(cuts):
        for z0, z1 in pairwise(levels):
            s, z = (s0 + s1) / 2, (z0 + z1) / 2
            if not any(h.start < s < h.start + h.width and h.low < z < h.high for h in holes):
                quads.append([at(s0, z0), at(s1, z0), at(s1, z1), at(s0, z1)])
    for h in holes:
        rim = [(h.start, h.low), (h.start + h.width, h.low), (h.start + h.width, h.high), (h.start, h.high)]
        for (s0, z0), (s1, z1) in zip(rim, [*rim[1:], rim[0]], strict=True):
            quads.append([at(s0, z0), at(s1, z1), at(s1, z1, plan.thickness), at(s0, z0, plan.thickness)])
    return quads
