"""Scan a scene as a hand-held depth camera does: a path, frames with its faults, and one cloud of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter
from scipy.spatial.transform import Rotation

from xviz.train.mit.floorplan import Plan
from xviz.train.mit.photographs import Photo, intrinsics, looking
from xviz.train.mit.placing import Box

#: range in which the sensor answers, metres
RANGE = (0.4, 6.5)
#: side of the cells in which points are brought together, metres
CELL = 0.015


@dataclass(frozen=True)
class Walk:
    """One way of scanning a room."""

    share: float  #: of all rooms
    sweep: tuple[float, float]  #: least and greatest turn from the first frame to the last, degrees
    drops: tuple[tuple[float, float], tuple[float, float]]  #: looks down so much a metre: a third of frames, the rest
    back: tuple[float, ...]  #: how far behind the middle to stand, share of the room; the first that is free


_BACK = (0.36, 0.28, 0.2, 0.1, 0.0, -0.1)
#: around the whole room; a part of it; its upper half, without the floor; what stands in the middle, with little wall.
#: Tags that every scan has could not be told apart by a model that learns from tags alone.
WALKS = (
    Walk(0.5, (360, 360), ((-0.05, 0.15), (0.25, 0.5)), _BACK),
    Walk(0.2, (90, 200), ((-0.05, 0.15), (0.25, 0.5)), _BACK),
    Walk(0.15, (150, 360), ((-0.35, -0.25), (-0.25, -0.15)), _BACK),
    Walk(0.15, (360, 360), ((1.4, 1.8), (1.8, 2.8)), (0.02, 0.1, -0.1, 0.0)),
)


@dataclass(frozen=True, eq=False)
class Scan:
    """A coloured cloud with the truth of every point."""

    xyz: NDArray[np.float32]  #: (points, 3) metres
    rgb: NDArray[np.uint8]  #: (points, 3)
    label: NDArray[np.uint8]  #: (points,) 1 + class, 0 for none


def path(plan: Plan, boxes: Sequence[Box], number: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Poses of a walk through the room in one of `WALKS`, never from inside a thing."""
    walk = WALKS[int(rng.choice(len(WALKS), p=[walk.share for walk in WALKS]))]
    high = [box for box in boxes if box.high > 1.0 and box.low < 1.8]
    poses = []
    turns = np.linspace(0, np.radians(rng.uniform(*walk.sweep)), number, endpoint=False)
    for turn in turns + rng.uniform(0, 2 * np.pi):
        spot = _spot(plan, high, turn, walk, rng)
        height = rng.uniform(1.35, 1.75)
        drop = rng.uniform(*walk.drops[0 if rng.random() < 0.35 else 1])
        turned = turn + rng.normal(0, 0.12)
        aim = np.array([*spot, height]) + np.array([np.cos(turned), np.sin(turned), -drop])
        poses.append(looking(np.array([*spot, height]), aim))
    return poses


def _spot(plan: Plan, high: Sequence[Box], turn: float, walk: Walk, rng: np.random.Generator) -> NDArray[np.float64]:
    """(2,) where to stand to look along ``turn``: across the room where the walk stands back, and free."""
    middle = plan.extent / 2 if plan.notch is None else np.array(plan.notch[:2]) / 2
    ahead = np.array([np.cos(turn), np.sin(turn)])
    for back in walk.back:
        spot = middle - back * plan.extent * ahead + rng.normal(0, 0.15, 2)
        stand = Box(spot[0], spot[1], 0.5, 0.5, 0.0, 1.0, 1.8)
        if plan.inside(spot[None], 0.3)[0] and not any(stand.meets(box) for box in high):
            return spot
    return middle


def sensed(photo: Photo, rng: np.random.Generator) -> NDArray[np.float32]:
    """The depth that a structured-light sensor would give: noise and steps that grow with range, and holes.

    Returns:
        (height, width) metres, 0 where it has no answer.

    Source: Khoshelham and Elberink, "Accuracy and Resolution of Kinect Depth Data", Sensors 2012: noise and steps grow
        with the square of the range, σ ≈ 1.4 mm and step ≈ 2.8 mm at 1 m; half of that here, where a place is seen
        from several frames.
    """
    z = photo.depth
    step = 0.0014 * np.maximum(z, 0.3) ** 2
    noisy = z + rng.normal(0, 1, z.shape) * (0.0006 * z**2 + 0.0005)
    noisy = np.round(noisy / step) * step
    dark = photo.rgb.astype(np.float32).max(-1) / 255
    lost = 0.02 + np.clip((0.25 - photo.slant) / 0.25, 0, 1) * 0.9 + np.clip((0.14 - dark) / 0.14, 0, 1) * 0.55
    lost = lost + 0.92 * photo.glass + 0.25 * np.clip(z - 4.5, 0, 2)
    around = maximum_filter(z, 3) - minimum_filter(z, 3)
    edge = around > 0.06 + 0.06 * z
    lost = lost + 0.6 * edge
    gone = (rng.random(z.shape) < lost) | (z < RANGE[0]) | (z > RANGE[1])
    return np.where(gone, 0, noisy).astype(np.float32)


def shaken(pose: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The pose that a tracker would report: some 3 mm and 0.1° off."""
    wrong = pose.copy()
    wrong[:3, :3] = Rotation.from_rotvec(rng.normal(0, 0.0018, 3)).as_matrix() @ pose[:3, :3]
    wrong[:3, 3] += rng.normal(0, 0.003, 3)
    return wrong


def lifted(depth: NDArray[np.float32], pose: NDArray[np.float64]) -> NDArray[np.float32]:
    """(n, 3) world places of the pixels of a depth picture that have an answer, row by row."""
    k = intrinsics(depth.shape[1])
    y, x = np.nonzero(depth)
    z = depth[y, x].astype(np.float64)
    local = np.stack([(x - k[0, 2]) / k[0, 0] * z, (y - k[1, 2]) / k[1, 1] * z, z], 1)
    return (local @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32)


def fused(photos: Sequence[Photo], poses: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> Scan:
    """All frames as one cloud, one point a cell of `CELL`, made as `thinned` says."""
    xyz, rgb, label = [], [], []
    for photo, pose in zip(photos, poses, strict=True):
        depth = sensed(photo, rng)
        xyz.append(lifted(depth, shaken(pose, rng)))
        rgb.append(photo.rgb[depth > 0])
        label.append(photo.label[depth > 0])
    return thinned(np.concatenate(xyz), np.concatenate(rgb), np.concatenate(label), CELL)


def thinned(xyz: NDArray, rgb: NDArray, label: NDArray, cell: float) -> Scan:
    """One point a cell: mean place and colour, the label seen most often.

    Args:
        xyz: (points, 3) metres.
        rgb: (points, 3) uint8.
        label: (points,) uint8.
        cell: Side of a cell, metres.
    """
    grid = np.floor((xyz - xyz.min(0)) / cell).astype(np.int64)
    keys = ((((grid[:, 0] << 18) | grid[:, 1]) << 18) | grid[:, 2]) << 8 | label
    order = np.argsort(keys)
    cells, xyz, rgb, label = keys[order] >> 8, xyz[order], rgb[order], label[order]
    first = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    count = np.diff(np.append(first, len(cells)))
    position = np.add.reduceat(xyz.astype(np.float64), first) / count[:, None]
    colour = np.add.reduceat(rgb.astype(np.float32), first) / count[:, None].astype(np.float32)
    return Scan(position.astype(np.float32), colour.round().astype(np.uint8), label[first + count // 2])
