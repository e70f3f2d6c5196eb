"""What a file says of its points → a cloud in metres, z up, colours 0–255; everything that was changed is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud

LIMIT_POINTS = 20_000_000  #: of a file; a room of ScanNet has a fifth of a million, the largest of S3DIS eight
UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048}  #: unit → metres
#: axis up in the file → how the file's axes become right, ahead, up
UPS = {
    "z": ((0, 1), (1, 1), (2, 1)),
    "y": ((0, 1), (2, -1), (1, 1)),
    "-y": ((0, 1), (2, 1), (1, -1)),
    "x": ((1, 1), (2, 1), (0, 1)),
}
FAR = 1e4  #: metres from the origin at which 32 bits no longer keep a millimetre
WIDEST, TALL = 100.0, (1.0, 8.0)  #: metres: a room is no wider, and as tall as from … to
_MOVED = "Coordinates lie far from zero and were moved by"
_SAMPLE = 100_000  #: points that units are guessed from

#: names of columns as files have them → ours
_NAMES = {
    **{name: name for name in ("x", "y", "z", "rgb", "rgba")},
    **dict.fromkeys(("r", "red", "diffuse_red", "f_red"), "red"),
    **dict.fromkeys(("g", "green", "diffuse_green", "f_green"), "green"),
    **dict.fromkeys(("b", "blue", "diffuse_blue", "f_blue"), "blue"),
    **dict.fromkeys(("supervoxel", "supervoxels", "superpoint", "superpoints", "segindices"), "segment"),
}


@dataclass(eq=False)
class RawCloud:
    """What a file says, in its own numbers."""

    xyz: NDArray[np.floating]  #: (points, 3) in the file's unit
    rgb: NDArray | None = None  #: (points, 3), of any type and range
    segment: NDArray | None = None  #: (points,) any integers
    notes: list[str] = field(default_factory=list)


def check_count(count: int, room: int, size: float, what: str) -> None:
    """Refuse a promise of more points than the bytes can hold, or than the limit.

    Args:
        count: points that the header promises.
        room: bytes that there are for them.
        size: bytes that a point takes at least.
        what: the kind of file, for the message.

    Raises:
        SampleError: there are none, or too many.
    """
    if count <= 0:
        raise SampleError(f"The {what} file holds no points: its header says {count}. Choose another file.")
    if count * size > room:
        raise SampleError(
            f"The {what} file is cut short or its header is wrong: it promises {count:,} points, and there are bytes "
            f"for {int(room / size):,} at most. Copy or save it again."
        )
    if count > LIMIT_POINTS:
        raise SampleError(
            f"A cloud may have {LIMIT_POINTS / 1e6:g} million points; this one has {count / 1e6:.1f} million. Thin it "
            "first, for example to one point in each cubic centimetre."
        )


def from_columns(columns: Mapping[str, NDArray], what: str) -> RawCloud:
    """A cloud of named columns, (points,) each; names are taken in any case.

    Raises:
        SampleError: x, y or z is missing.
    """
    known: dict[str, NDArray] = {}
    for said, values in columns.items():
        name = _NAMES.get(said.strip().lower().removeprefix("scalar_"))
        if name is not None:
            known.setdefault(name, values)
    if missing := [name for name in "xyz" if name not in known]:
        raise SampleError(
            f"A cloud needs x, y and z; the {what} file has {', '.join(columns) or 'no columns'}. It lacks "
            f"{', '.join(missing)}: name the columns so."
        )
    kind = np.float32 if all(known[axis].dtype == np.float32 for axis in "xyz") else np.float64
    colours = [known[name] for name in ("red", "green", "blue") if name in known]
    rgb = np.stack(colours, 1) if len(colours) == 3 else None
    packed = known.get("rgb", known.get("rgba"))
    if rgb is None and packed is not None:
        rgb = _unpacked(packed)
    return RawCloud(np.stack([known[axis].astype(kind) for axis in "xyz"], 1), rgb, known.get("segment"))


def _unpacked(packed: NDArray) -> NDArray[np.uint8] | None:
    """Colours that are the bytes of one number, as PCL keeps them; None where the type has no four bytes."""
    if packed.dtype.itemsize != 4:
        packed = packed.astype(np.float32 if packed.dtype.kind == "f" else np.uint32)
    whole = packed.astype(packed.dtype.newbyteorder("<")).view("<u4")
    return np.stack([(whole >> shift) & 255 for shift in (16, 8, 0)], 1).astype(np.uint8)


def made(raw: RawCloud, unit: str | None, up: str) -> PointCloud:
    """The cloud in metres, z up.

    Raises:
        SampleError: no point has a place.
    """
    notes = raw.notes
    with np.errstate(invalid="ignore"):
        placed = np.isfinite(raw.xyz).all(1) & (np.abs(raw.xyz) < 1e12).all(1)
    if not placed.any():
        raise SampleError("No point of the file has a place that is a number. Choose another file.")
    if gone := int((~placed).sum()):
        notes.append(f"{gone:,} of {len(placed):,} points have no place (NaN) and were left out.")
    keep = (lambda part: part) if not gone else (lambda part: part[placed])
    xyz = keep(raw.xyz)
    if up != "z":
        xyz = np.stack([sign * xyz[:, axis] for axis, sign in UPS[up]], 1)
    unit = unit or _guessed(xyz, notes)
    xyz = xyz if unit == "m" else xyz * UNITS[unit]
    far = np.abs(xyz).max(0)
    if far.max() > FAR:
        moved = np.floor(xyz.min(0))
        xyz = xyz - moved
        notes.append(f"{_MOVED} {', '.join(f'{-v:.0f}' for v in moved)} m.")
    rgb = None if raw.rgb is None else _colours(keep(raw.rgb), notes)
    segment = None if raw.segment is None else _segments(keep(raw.segment))
    if len(xyz) == 1:
        notes.append("The file holds a single point.")
    return PointCloud(np.ascontiguousarray(xyz, np.float32), rgb, segment, tuple(notes))


def moved(cloud: PointCloud) -> bool:
    """True for a cloud whose coordinates are no longer those of its file, so that cameras beside it do not fit."""
    return any(note.startswith(_MOVED) for note in cloud.notes)


def _guessed(xyz: NDArray[np.floating], notes: list[str]) -> str:
    """The unit in which the cloud is as large as a room: metres unless they would make it wider than any."""
    some = xyz[:: max(1, len(xyz) // _SAMPLE)]
    wide, deep, tall = (float(v) for v in np.subtract(*np.percentile(some, [99, 1], axis=0)))
    widest = max(wide, deep, tall)
    if widest <= WIDEST:
        return "m"
    for unit, words in (("cm", "centimetres"), ("mm", "millimetres")):
        factor = UNITS[unit]
        if widest * factor <= WIDEST and TALL[0] <= tall * factor <= TALL[1]:
            notes.append(
                f"Taken as {words}, since in metres it would be {widest:,.0f} m wide; it is "
                f"{wide * factor:.1f} × {deep * factor:.1f} × {tall * factor:.1f} m. Choose another unit if it is not."
            )
            return unit
    notes.append(f"{widest:,.0f} m wide if these are metres, which they are taken as. Choose another unit if not.")
    return "m"


def _colours(rgb: NDArray, notes: list[str]) -> NDArray[np.uint8] | None:
    """Colours as 0–255, from whatever range they have in the file; None where they say nothing."""
    if rgb.dtype == np.uint8:
        return np.ascontiguousarray(rgb)
    bad = ~np.isfinite(rgb).all(1) if rgb.dtype.kind == "f" else np.zeros(len(rgb), bool)
    if bad.all():
        notes.append("No colour is a number: read without colours.")
        return None
    if bad.any():
        notes.append(f"{int(bad.sum()):,} points have no colour and are drawn grey.")
    low, high = float(rgb[~bad].min()), float(rgb[~bad].max())
    factor, shift = 1.0, 0.0
    if low == high == 0:
        notes.append("All colours are zero, as where none were recorded: read without colours.")
        return None
    if low < -1 or high > 65535 or (low < 0 and high > 1):
        notes.append(f"Colours range from {low:g} to {high:g}, which is none of 0–1, 0–255 and 0–65535: left out.")
        return None
    if low < 0:
        factor, shift = 127.5, 127.5
        notes.append("Colours range from −1 to 1 and were brought to 0–255.")
    elif high <= 1 and rgb.dtype.kind == "f":
        factor = 255.0
        notes.append("Colours range from 0 to 1 and were brought to 0–255.")
    elif high > 255:
        factor = 1 / 257
        notes.append("Colours have 16 bits and were brought to 0–255.")
    out = np.empty(rgb.shape, np.uint8)
    for start in range(0, len(rgb), 1 << 20):  # no second whole array of 64-bit numbers
        part = rgb[start : start + (1 << 20)].astype(np.float64) * factor + shift
        out[start : start + (1 << 20)] = np.nan_to_num(part, nan=127.0).round().clip(0, 255)
    return out


def _segments(segment: NDArray) -> NDArray[np.int64]:
    """Segments counted from zero without gaps; −1 stays −1."""
    with np.errstate(invalid="ignore"):
        whole = np.nan_to_num(segment, nan=-1, posinf=-1, neginf=-1).astype(np.int64)
    out = np.full(len(whole), -1, np.int64)
    within = whole >= 0
    out[within] = np.unique(whole[within], return_inverse=True)[1]
    return out
