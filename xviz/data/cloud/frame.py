"""From a file's own coordinates to metres with z up: unit and axis up are judged, said, and asked where doubtful.

A room tells its unit by its height, which differs between units by more than rooms do. Its axis up is told by the
photos' cameras, by the format, or by its shape: it is the shortest way through, ends in a floor, and what stands in
the room is nearer to the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.colours import to_bytes
from xviz.data.cloud.columns import RawCloud
from xviz.data.cloud.upright import Upright, upright

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}  #: unit → metres
WORDS = {"m": "metres", "cm": "centimetres", "mm": "millimetres", "ft": "feet", "in": "inches"}
#: axis up in the file → how the file's axes become right, ahead, up
UPS = {
    "z": ((0, 1), (1, 1), (2, 1)),
    "y": ((0, 1), (2, -1), (1, 1)),
    "-y": ((0, 1), (2, 1), (1, -1)),
    "x": ((1, 1), (2, 1), (0, 1)),
    "-x": ((1, -1), (2, 1), (0, -1)),
    "-z": ((0, 1), (1, -1), (2, -1)),
}
FAR = 1e4  #: metres from the origin at which 32 bits no longer keep a millimetre
COARSE = 0.005  #: metres: a grid of places that is coarser is said
WIDEST = 100.0  #: metres: no room is wider
ROOM, HALL = (1.0, 5.0), (5.0, 15.0)  #: metres from floor to ceiling: of rooms and flats, of halls
_SAMPLE = 100_000  #: points that are judged
_STRAY = 10.0  #: times the size of the cloud from its middle, from which a point belongs to nothing
_STRAYS = 1e-3  #: share of the points that may be so
_ORIGIN = (10, 1e-3)  #: points at exactly zero, and their share, from which they are pixels without a distance


@dataclass(frozen=True, eq=False)
class Frame:
    """How coordinates of a file became those of a cloud: scale, turn, then move."""

    unit: str
    up: str
    moved: NDArray[np.float64]  #: (3,) metres that were taken off
    kept: NDArray[np.bool_]  #: (points of the file,) true for those that are in the cloud

    @property
    def turn(self) -> NDArray[np.float64]:
        """(3, 3) a rotation from the file's axes to right, ahead, up."""
        out = np.zeros((3, 3))
        for row, (axis, sign) in enumerate(UPS[self.up]):
            out[row, axis] = sign
        return out

    def camera(self, pose: NDArray[np.float64]) -> NDArray[np.float64]:
        """A pose, (…, 4, 4) camera to world in the file's coordinates, in those of the cloud."""
        out = np.array(pose, np.float64)
        out[..., :3, :3] = self.turn @ out[..., :3, :3]
        out[..., :3, 3] = UNITS[self.unit] * out[..., :3, 3] @ self.turn.T - self.moved
        return out


def placed(
    raw: RawCloud,
    unit: str | None,
    up: str | None,
    hint: str | None = None,
    ahead: NDArray[np.float64] | None = None,
) -> tuple[PointCloud, Frame]:
    """The cloud in metres, z up, and how it was brought there.

    Args:
        raw: what the file says.
        unit: of its numbers; None judges it.
        up: its axis up; None judges it.
        hint: the axis up that files of this layout have, mostly; None where nothing is known.
        ahead: (photos, 3) directions that are up in the photos, in the file's axes; None where unknown.

    Raises:
        SampleError: no point has a place.
    """
    notes, warnings = list(raw.notes), list(raw.warnings)
    with np.errstate(invalid="ignore"):
        valid = np.isfinite(raw.xyz).all(1) & (np.abs(raw.xyz) < 1e12).all(1)
    if not valid.any():
        raise SampleError("No point of the file has a place that is a number. Choose another file.")
    if gone := int((~valid).sum()):
        notes.append(f"{gone:,} of {len(valid):,} points have no place (NaN) and were left out.")
    valid = _near(raw.xyz, valid, notes, warnings)
    keep = (lambda part: part) if valid.all() else (lambda part: part[valid])
    xyz = keep(raw.xyz)
    some = xyz[:: max(1, len(xyz) // _SAMPLE)].astype(np.float64)
    up = up or _up(upright(some, raw.up, hint, ahead), notes, warnings)
    sides = np.subtract(*np.percentile(some, [99, 1], axis=0))[[axis for axis, _ in UPS[up]]]
    if unit is None and raw.unit is not None:
        unit = raw.unit
        if unit != "m":
            notes.append(f"The file gives its numbers in {WORDS[unit]}.")
    unit = unit or _unit(sides, raw.scaleless, len(xyz), notes, warnings)
    _coarse(raw.xyz, UNITS[unit], warnings)
    if up != "z":
        xyz = np.stack([sign * xyz[:, axis] for axis, sign in UPS[up]], 1)
    xyz = xyz if unit == "m" else xyz * UNITS[unit]
    moved = np.zeros(3)
    if np.abs(xyz).max() > FAR:
        moved = np.floor(xyz.min(0).astype(np.float64))
        xyz = xyz - moved
        notes.append(
            f"Coordinates lie far from zero and were moved by {', '.join(f'{-v:.0f}' for v in moved)} m, cameras along."
        )
    rgb = None if raw.rgb is None else to_bytes(keep(raw.rgb), notes, warnings)
    segment = None if raw.segment is None else counted(keep(raw.segment))
    if len(xyz) == 1:
        warnings.append("The file holds a single point.")
    cloud = PointCloud(np.ascontiguousarray(xyz, np.float32), rgb, segment, tuple(notes), tuple(warnings))
    return cloud, Frame(unit, up, moved, valid)


def _near(xyz: NDArray, valid: NDArray[np.bool_], notes: list[str], warnings: list[str]) -> NDArray[np.bool_]:
    """(points,) true for points that have a place, without those at exactly zero and the few far from all others.

    Cameras of depth and scanners write zeros where they saw nothing. A single point a thousand kilometres away would
    take the millimetres from all others, since places are kept in 32 bits.
    """
    zero = valid & (xyz == 0).all(1)
    if (count := int(zero.sum())) >= max(_ORIGIN[0], _ORIGIN[1] * len(xyz)) and count < valid.sum():
        notes.append(f"{count:,} points lie at exactly 0, 0, 0, as where nothing was measured, and were left out.")
        valid = valid & ~zero
    points = xyz[valid]
    if len(points) < 1 / _STRAYS:
        return valid
    some = points[:: max(1, len(points) // _SAMPLE)].astype(np.float64)
    low, middle, high = np.percentile(some, [1, 50, 99], axis=0)
    far = np.zeros(len(xyz), bool)
    far[valid] = (np.abs(points - middle) > _STRAY * max(float((high - low).max()), 1e-9)).any(1)
    if 0 < (count := int(far.sum())) <= _STRAYS * len(points):
        several = "points lie" if count > 1 else "point lies"
        warnings.append(
            f"{count:,} {several} more than {_STRAY:g} times the size of the cloud away from it and "
            f"{'were' if count > 1 else 'was'} left out."
        )
        return valid & ~far
    return valid


def _up(judged: Upright, notes: list[str], warnings: list[str]) -> str:
    """The axis up, said where it is not z, and asked where it is doubtful."""
    if judged.sure:
        if judged.up != "z":
            warnings.append(
                f"{_axis(judged.up)} was taken as up: {judged.why}. Choose another axis if the room lies over."
            )
        return judged.up
    warnings.append(
        f"Which axis points up is doubtful ({judged.why}); {_axis(judged.up)} was taken. Choose another if the room "
        "lies on its side: every answer depends on it."
    )
    return judged.up


def _axis(up: str) -> str:
    """An axis for people."""
    return up.replace("-", "−")


def _coarse(xyz: NDArray, metres: float, warnings: list[str]) -> None:
    """Say where 32 bits hold places on a coarse grid."""
    if xyz.dtype != np.float32:
        return
    with np.errstate(invalid="ignore"):
        far = np.abs(xyz[np.isfinite(xyz).all(1)]).max()
    step = float(np.spacing(np.float32(far))) * metres
    if step > COARSE and step < 1e3:
        warnings.append(
            f"Coordinates up to {far:,.0f} in 32 bits lie on a grid of {step:.2g} m, so that the shape is lost. Export "
            "the cloud in 64 bits, or moved to zero."
        )


def _unit(sides: NDArray, scaleless: bool, count: int, notes: list[str], warnings: list[str]) -> str:
    """The unit in which the cloud is as tall as a room; metres where none fits."""
    width, depth, tall = (float(v) for v in sides)
    widest = max(width, depth, tall)
    size = " × ".join(f"{v:,.3g}" for v in (width, depth, tall))
    if scaleless:
        warnings.append(
            f"A model made of photos alone has no unit: it is {size} in its own, taken as metres. Scale it to metres "
            "first, or choose a unit that makes the room as large as it is."
        )
        return "m"
    if count < 10 or (tall <= ROOM[1] and ROOM[0] <= widest <= WIDEST):
        if count >= 10 and widest <= 2.01 and width + depth > 0:
            warnings.append(
                f"Only {size} m if these are metres, as where a cloud was scaled to one: choose a unit if not."
            )
        return "m"
    if HALL[0] < tall <= HALL[1] and widest <= WIDEST:
        feet = " × ".join(f"{v * UNITS['ft']:.1f}" for v in (width, depth, tall))
        warnings.append(f"{size} m if these are metres, as taken; {feet} m if they are feet. Choose the unit.")
        return "m"
    for unit, tallest in (("cm", 8.0), ("mm", ROOM[1])):
        factor = UNITS[unit]
        if widest * factor <= WIDEST and 0.8 * ROOM[0] <= tall * factor <= tallest:
            metres = " × ".join(f"{v * factor:.1f}" for v in (width, depth, tall))
            warnings.append(
                f"Taken as {WORDS[unit]}, since in metres it would be {widest:,.0f} m wide; it is {metres} m. Choose "
                "another unit if it is not."
            )
            return unit
    warnings.append(f"{size} m if these are metres, as taken: no room is so. Choose another unit.")
    return "m"


def counted(segment: NDArray) -> NDArray[np.int64]:
    """Segments counted from zero without gaps; −1 stays −1."""
    with np.errstate(invalid="ignore"):
        whole = np.nan_to_num(segment, nan=-1, posinf=-1, neginf=-1).astype(np.int64)
    out = np.full(len(whole), -1, np.int64)
    within = whole >= 0
    out[within] = np.unique(whole[within], return_inverse=True)[1]
    return out
