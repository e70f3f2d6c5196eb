"""Which axis of a cloud points up: told by cameras, by the format, or by the shape of rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ALIGNED = 0.75  #: cosine of the cameras' mean up with an axis, from which it is that axis
_AGREE = 0.5  #: length of the mean of the cameras' ups from which they agree
_PHOTOS = 3  #: that must agree, at least
_SHORTER = 0.8  #: a room is so much lower than it is wide that its sides are no doubt
_FLOOR = 0.4  #: share of a plan that a floor covers, at least
_BELOW = 0.55  #: share of what stands in a room's middle that is in its lower half, at least
_TURNED = 0.2  #: evidence that turns z, which most files have up, upside down
_LEVEL = 0.05  #: evidence for floor and ceiling that is none
_CELLS = 16  #: across a plan


@dataclass(frozen=True)
class Upright:
    """An axis that points up."""

    up: str
    why: str  #: in words
    sure: bool  #: False asks the person
    strong: bool = False  #: whether shape alone speaks for it


@dataclass(frozen=True)
class _Side:
    """A cloud seen along one axis."""

    tall: float  #: extent
    low: float  #: share of the plan that a plane at the low end covers
    high: float  #: the same at the high end
    below: float  #: share of what stands in the middle that is in the lower half

    @property
    def flat(self) -> float:
        """Share of the plan that the fuller of the two planes covers."""
        return max(self.low, self.high)

    @property
    def upwards(self) -> float:
        """Above zero where the floor is at the low end."""
        return (self.low - self.high) / 2 + (self.below - 0.5)


def upright(
    xyz: NDArray[np.floating], fixed: str | None, hint: str | None, ahead: NDArray[np.float64] | None
) -> Upright:
    """The axis that points up.

    Args:
        xyz: (n, 3) in the file's axes and unit.
        fixed: the axis that the format fixes; None where it does not.
        hint: the axis that files of this layout have up, mostly; None where nothing is known.
        ahead: (photos, 3) directions that are up in the photos; None where unknown.
    """
    shape = _by_shape(xyz)
    if fixed is not None:
        if shape.sure and shape.up != fixed and shape.strong:
            return Upright(fixed, f"its format has it so, its shape speaks for {shape.up}", False)
        return Upright(fixed, "its format has it so", True)
    cameras = _by_cameras(ahead)
    if cameras is not None:
        agree = not (shape.sure and shape.strong) or shape.up == cameras
        reason = "the photos' cameras stand upright so"
        return Upright(cameras, reason if agree else f"{reason}, its shape speaks for {shape.up}", agree)
    if hint is not None and not shape.strong:
        return Upright(hint, "files of this kind have it so", True)
    return shape


def _by_cameras(ahead: NDArray[np.float64] | None) -> str | None:
    """The axis that is up in most of at least three photos; None where they do not agree."""
    if ahead is None or len(ahead := ahead[np.isfinite(ahead).all(1)]) < _PHOTOS:
        return None
    mean = ahead.mean(0)
    axis, size = int(np.abs(mean).argmax()), float(np.linalg.norm(mean))
    if size <= _AGREE or abs(mean[axis]) / size <= _ALIGNED:
        return None
    return ("-" if mean[axis] < 0 else "") + "xyz"[axis]


def _by_shape(xyz: NDArray[np.floating]) -> Upright:
    """The axis that points up by the shape of rooms."""
    if len(xyz) < 100:
        return Upright("z", "too few points to judge", True)
    sides = [_side(xyz, axis) for axis in range(3)]
    others = [min(sides[k].tall for k in range(3) if k != axis) for axis in range(3)]
    reason = "a room is lowest upwards, ends in a floor and has its things below"
    for axis in (2, 1, 0):
        side = sides[axis]
        if side.tall < _SHORTER * others[axis] and side.flat > _FLOOR and abs(side.below - 0.5) > _BELOW - 0.5:
            down = side.upwards < (-_TURNED if axis == 2 else 0)
            return Upright(("-" if down else "") + "xyz"[axis], reason, abs(side.upwards) > _LEVEL, True)
    lowest = min(range(3), key=lambda axis: sides[axis].tall)
    if sides[2].tall > others[2] / _SHORTER:
        return Upright("z", f"{'xyz'[lowest]} is the shortest way through, as up is in rooms", False)
    return Upright("z", reason if sides[2].flat > _FLOOR else "no floor is to be seen", sides[2].flat > _FLOOR)


def _side(xyz: NDArray[np.floating], axis: int) -> _Side:
    """The cloud along an axis."""
    low, high = np.percentile(xyz, [1, 99], axis=0)
    size = np.maximum(high - low, 1e-9)
    plan = [k for k in range(3) if k != axis]
    share = (xyz - low) / size
    cells = np.floor((xyz[:, plan] - low[plan]) / (size[plan].max() / _CELLS)).astype(np.int64)
    code = cells[:, 0] * 1000 + cells[:, 1]
    inside = ((share[:, plan] >= 0) & (share[:, plan] <= 1)).all(1)
    area = max(1, len(np.unique(code[inside])))
    h = share[:, axis]
    steps = 0.01 * np.arange(-2, 6)

    def covered(height: float) -> float:
        return len(np.unique(code[inside & (np.abs(h - height) < 0.02)])) / area

    middle = ((share[:, plan] > 0.15) & (share[:, plan] < 0.85)).all(1) & (h > 0.1) & (h < 0.9)
    below = float((h[middle] < 0.5).mean()) if middle.sum() >= 20 else 0.5
    return _Side(float(size[axis]), max(map(covered, steps)), max(covered(1 - step) for step in steps), below)
