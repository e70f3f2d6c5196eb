"""What a file says of its points, column by column: which are places, colours, supervoxels, and which are not used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError

LIMIT_POINTS = 20_000_000  #: of a file; a room of ScanNet has a fifth of a million, the largest of S3DIS eight
SPLAT = 0.28209479177387814  #: the constant spherical harmonic, 1 / (2 √π): colour = ½ + SPLAT · f_dc
_NAN = 0x7FC0_0000  #: bits of what a text calls “nan”
_NAMED_MOST = 8  #: columns that a note names

#: names of columns as files have them, in small letters without signs → ours
_ROLES = {
    **{name: name for name in ("x", "y", "z", "rgb", "rgba")},
    **{f"{name}{axis}": axis for axis in "xyz" for name in ("p", "pos", "position", "coord", "point")},
    **{f"{axis}{name}": axis for axis in "xyz" for name in ("0", "coord", "coordinate")},
    **{f"{name}{i}": axis for i, axis in enumerate("xyz") for name in ("points", "points:", "pointsmxyz")},
    **dict.fromkeys(("easting", "east", "e"), "x"),
    **dict.fromkeys(("northing", "north", "n"), "y"),
    **dict.fromkeys(("elevation", "height", "h", "altitude"), "z"),
    **{
        form.format(name[0], name): name
        for name in ("red", "green", "blue")
        for form in ("{0}", "{1}", "diffuse{1}", "{0}f", "f{1}", "c{0}", "color{0}", "{0}color", "color{1}")
    },
    **{
        f"{form}{i}": name
        for i, name in enumerate(("red", "green", "blue"))
        for form in ("rgb", "rgb:", "rgba", "rgba:", "colors", "colors:", "color")
    },
    **dict.fromkeys(
        ("supervoxel", "supervoxels", "superpoint", "superpoints", "segindices", "superpointid"), "segment"
    ),
}
#: words for units in names of columns
_UNITS = {
    "feet": "ft", "foot": "ft", "inch": "in", "inche": "in", "metre": "m", "meter": "m", "centimetre": "cm",
    "centimeter": "cm", "millimetre": "mm", "millimeter": "mm",
}  # fmt: skip
_SAY_NOTHING = {"alpha", "a", "diffusealpha"}  #: columns of which not using them need not be said
_WAVES = {"fdc0": "red", "fdc1": "green", "fdc2": "blue"}


@dataclass(eq=False)
class RawCloud:
    """What a file says, in its own numbers."""

    xyz: NDArray[np.floating]  #: (points, 3) in the file's unit
    rgb: NDArray | None = None  #: (points, 3), of any type and range
    segment: NDArray | None = None  #: (points,) any integers
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    up: str | None = None  #: the axis up where the format fixes one
    unit: str | None = None  #: the unit where the file names one, or the format fixes it
    scaleless: bool = False  #: true where lengths have no unit, as in models made of photos alone


def check_count(count: int, room: int, size: float, form: str) -> None:
    """Refuse a promise of more points than the bytes can hold, or than the limit.

    Args:
        count: points that the header promises.
        room: bytes that there are for them.
        size: bytes that a point takes at least.
        form: the kind of file, for the message.

    Raises:
        SampleError: there are none, or too many.
    """
    if count <= 0:
        raise SampleError(f"The {form} file holds no points: its header says {count}. Choose another file.")
    if count * size > room:
        raise SampleError(
            f"The {form} file is cut short or its header is wrong: it promises {count:,} points, and there are bytes "
            f"for {int(room / size):,} at most. Copy or save it again."
        )
    if count > LIMIT_POINTS:
        raise SampleError(
            f"A cloud may have {LIMIT_POINTS / 1e6:g} million points; this one has {count / 1e6:.1f} million. Thin it "
            "first, for example to one point in each cubic centimetre."
        )


def surplus(data: bytes, end: int, count: int, size: int = 0) -> list[str]:
    """A note where bytes follow the points of the header.

    Args:
        data: The file.
        end: Where the points end.
        count: How many there are.
        size: Bytes of a point, where further ones would follow as they are.
    """
    more = len(data) - end
    if more <= 0:
        return []
    room = f", room for {more // size:,} more," if size and more >= size else ""
    several = "bytes follow" if more > 1 else "byte follows"
    return [
        f"The header says {count:,} points; {more:,} {several} them{room} and {'were' if more > 1 else 'was'} not read."
    ]


def role(name: str) -> str | None:
    """What a column of that name holds: x, y, z, red, green, blue, rgb, rgba, segment; None for anything else."""
    plain = re.sub(r"\[.*?\]|\(.*?\)|[\s_.\"-]", "", name.strip().lower().lstrip("#/%")).removeprefix("scalar")
    plain = re.sub(r"^(vertex|point)(?=[xyz]$)", "", plain)
    return _ROLES.get(plain) or _ROLES.get(plain.replace(":", "")) or None


def _wave(name: str) -> str | None:
    """The channel of which a column holds the constant part, as Gaussian splats have it."""
    return _WAVES.get(name.strip().lower().replace("_", ""))


def from_columns(columns: Sequence[tuple[str, NDArray]], form: str) -> RawCloud:
    """A cloud of named columns, (points,) each; names are taken in any case, and of the same names the first.

    Args:
        columns: name and values, in the order of the file.
        form: the kind of file, for messages.

    Raises:
        SampleError: x, y or z is missing, or places are degrees.
    """
    known: dict[str, NDArray] = {}
    waves: dict[str, NDArray] = {}
    unused, notes = [], []
    for name, values in columns:
        is_a, wave = role(name), _wave(name)
        if is_a and is_a not in known:
            known[is_a] = values
        elif wave:
            waves[wave] = values
        elif name not in unused and name.strip().lower() not in _SAY_NOTHING:
            unused.append(name)
    names = [name.strip().lower() for name, _ in columns]
    if twice := sorted({name for name, _ in columns if names.count(name.strip().lower()) > 1}):
        notes.append(f"{_some(twice)} stands in the {form} file more than once; only the first of a name is used.")
    if missing := [axis for axis in "xyz" if axis not in known]:
        degrees = {"lat", "latitude", "lon", "lng", "longitude"} & set(names)
        degrees_hint = "Degrees of longitude and latitude are no places in a room: convert them to metres first. "
        raise SampleError(
            f"A cloud needs x, y and z; the {form} file has {_some([name for name, _ in columns]) or 'no columns'}. "
            + (degrees_hint if degrees else f"It lacks {', '.join(missing)}: name the columns so.")
        )
    kind = np.float32 if all(known[axis].dtype == np.float32 for axis in "xyz") else np.float64
    rgb = _three(known)
    packed = known.get("rgb", known.get("rgba"))
    if rgb is None and packed is not None:
        rgb = unpacked(packed)
    if rgb is None and (waved := _three(waves)) is not None:
        with np.errstate(invalid="ignore", over="ignore"):
            rgb = (0.5 + SPLAT * waved.astype(np.float32)).clip(0, 1)
        notes.append(
            "Colours are those of Gaussian splats seen from everywhere (f_dc); shape and opacity are not used."
        )
        unused = [name for name in unused if not re.match(r"f_rest|scale_|rot_|opacity", name)]
    elif rgb is None and any(name in known for name in ("red", "green", "blue")):
        notes.append("Not all of red, green and blue are there: read without colours.")
    if unused:
        notes.append(f"Not used: {_some(unused)}.")
    raw = RawCloud(np.stack([known[axis].astype(kind) for axis in "xyz"], 1), rgb, known.get("segment"), notes)
    raw.unit = _unit(names)
    return raw


def _three(channels: dict[str, NDArray]) -> NDArray | None:
    """(points, 3) red, green and blue; None where one is missing."""
    colours = [channels[name] for name in ("red", "green", "blue") if name in channels]
    return np.stack(colours, 1) if len(colours) == 3 else None


def _some(names: Sequence[str]) -> str:
    """A list of names in words, cut where it is long."""
    listed = ", ".join(f"{name:.40}" for name in names[:_NAMED_MOST])
    return listed + (f" and {len(names) - _NAMED_MOST} more" if len(names) > _NAMED_MOST else "")


def _unit(names: Sequence[str]) -> str | None:
    """The unit that all three names of places carry in brackets, such as “x [mm]”."""
    brackets = [re.search(r"[\[(](\w+)[\])]", name) for name in names if role(name) in tuple("xyz")]
    units = {_UNITS.get(unit[1].removesuffix("s"), unit[1]) for unit in brackets if unit}
    return next(iter(units)) if units in ({"m"}, {"cm"}, {"mm"}, {"ft"}, {"in"}) else None


def unpacked(packed: NDArray) -> NDArray:
    """Colours that are the bytes of one number, as PCL keeps them, (points, 3) red, green, blue; NaN where none is.

    A float holds them as its bits; one whose value is a large whole number was written as that number instead. A text
    that says “nan” has lost them.
    """
    if packed.dtype.kind == "f":
        finite = packed[np.isfinite(packed)]
        if len(finite) and finite.min() >= 0 and finite.max() > 1 and (finite == np.round(finite)).all():
            packed = np.nan_to_num(packed.astype(np.float64)).clip(0, 2**32 - 1).astype(np.uint32)
    if packed.dtype.itemsize != 4:
        with np.errstate(over="ignore", invalid="ignore"):
            packed = packed.astype(np.float32 if packed.dtype.kind == "f" else np.uint32)
    whole = np.ascontiguousarray(packed).astype(packed.dtype.newbyteorder("<")).view("<u4")
    colours = np.stack([(whole >> shift) & 255 for shift in (16, 8, 0)], 1).astype(np.uint8)
    lost = (whole == _NAN) & (packed.dtype.kind == "f")
    return np.where(lost[:, None], np.float32(np.nan), colours) if lost.any() else colours
