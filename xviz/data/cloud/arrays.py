"""Clouds as NumPy arrays: an NPY of (points, columns), an NPZ or a zip of NPYs, raw floats; nothing is unpickled.

Pointcept keeps a scene as coord.npy and color.npy; zipped they are a cloud. Its segment.npy holds classes, no
supervoxels, and is left alone. mmdetection3d and KITTI keep points as 32-bit floats without a header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count, from_columns
from xviz.data.cloud.dialect import MOST_COLUMNS
from xviz.data.cloud.unnamed import unnamed
from xviz.data.files import NUMBERS, open_zip, read_npy

PLACES = (
    "xyz", "coord", "coords", "points", "point", "pos", "position", "positions", "vertices", "coordinates", "pcd", "pc",
)  # fmt: skip
COLOURS = ("rgb", "color", "colors", "colour", "colours", "rgbs", "vertex_colors", "vertex_colours")
SEGMENTS = ("supervoxel", "supervoxels", "superpoint", "superpoints", "segindices")
_WIDTHS = (3, 4, 5, 6, 7, 8, 9)  #: columns that raw floats may have
_FURTHEST = 1e5  #: of a place in raw floats


def read_array(data: bytes) -> RawCloud:
    """An NPY: (points, 3 or more) numbers, or a structured array with fields x, y, z.

    Raises:
        SampleError: it is neither, or damaged.
    """
    return _cloud({"": _npy(lambda: data, "the array")})


def read_arrays(data: bytes) -> RawCloud:
    """An NPZ, or a zip with NPYs.

    Raises:
        SampleError: no array in it can be a cloud, or it is damaged.
    """
    archive = open_zip(data)
    names = [name for name in archive.members if name.endswith(".npy")]
    if not names:
        raise SampleError(
            "This zip holds no NumPy arrays. A cloud as NPZ has xyz and rgb; a zip of a scene is read as a scene."
        )
    stems = {PurePosixPath(name).stem.lower(): name for name in names}
    if set("xyz") <= set(stems) and not set(PLACES) & set(stems):
        return _apart({stem: _npy(lambda name=name: archive.read(name), name) for stem, name in stems.items()})
    wanted = [stem for stem in stems if stem in PLACES + COLOURS + SEGMENTS]
    known = any(stem in PLACES for stem in wanted)
    arrays, failed = {}, {}
    for stem in wanted if known else stems:
        try:
            arrays[stem] = _npy(lambda stem=stem: archive.read(stems[stem]), stems[stem])
        except SampleError as error:
            if stem in PLACES:
                raise
            failed[stem] = str(error)
    if not arrays:
        raise SampleError(next(iter(failed.values())))
    if not known:
        arrays = {**_likely(arrays), **{stem: arrays[stem] for stem in wanted if stem in arrays}}
    raw = _cloud(arrays)
    raw.warnings += [f"“{stem}” was not read: {why}" for stem, why in failed.items() if stem in wanted]
    if "segment" in stems:
        raw.notes.append("“segment” is taken for classes, as Pointcept has it, and was not read.")
    if other := sorted(set(stems) - set(arrays) - set(failed) - {"segment"}):
        raw.notes.append(f"Not used: {', '.join(other[:8])}.")
    return raw


def _apart(arrays: Mapping[str, NDArray]) -> RawCloud:
    """A cloud whose columns are arrays of their own, x, y, z and what has as many numbers.

    Raises:
        SampleError: x, y and z are not as long as each other.
    """
    count = arrays["x"].size
    if any(arrays[axis].size != count for axis in "xyz"):
        sizes = ", ".join(f"{axis} {arrays[axis].shape}" for axis in "xyz")
        raise SampleError(f"A cloud needs x, y and z of one length; these are {sizes}. Save them so.")
    check_count(count, max(arrays["x"].nbytes, 1), 1, "NPZ")
    return from_columns([(name, values.reshape(-1)) for name, values in arrays.items() if values.size == count], "NPZ")


def read_floats(data: bytes) -> RawCloud:
    """32-bit floats without a header, as mmdetection3d and KITTI keep points: x, y, z and what comes after them.

    How many columns there are is judged: with the right number each column has a range of its own.

    Raises:
        SampleError: no number of columns makes places of them.
    """
    if len(data) % 4 == 0 and len(data) >= 12:
        values = np.frombuffer(data, "<f4")
        some = values[: 7 * 5 * 72 * 4000]
        spread = {}
        for width in _WIDTHS:
            if len(values) % width or len(values) < 10 * width:
                continue
            rows = some[: len(some) // width * width].reshape(-1, width)
            places = rows[:, :3]
            if not np.isfinite(rows).all() or np.abs(places).max() > _FURTHEST or (np.ptp(places, 0) < 1e-6).any():
                continue
            if np.abs(rows[rows != 0]).min(initial=1) < 1e-30:  # whole numbers seen as floats
                continue
            spread[width] = float(rows.astype(np.float64).std(0).mean())
        if spread:
            best = min(spread.values())
            width = min(width for width, by in spread.items() if by <= 1.02 * best)
            check_count(len(values) // width, len(data), 4 * width, "float")
            raw = unnamed(values.reshape(-1, width))
            raw.warnings.append(
                f"The file has no header: read as {width} floats a point. If the cloud looks wrong, save it as PLY."
            )
            return raw
    raise SampleError(
        "A file of this kind has points as 32-bit floats, three to nine for each; this one has something else, "
        "such as labels. Save the points as PLY."
    )


def _likely(arrays: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Of arrays whose names say nothing, the longest that can be a cloud; the first where none can."""
    able = {
        stem: this
        for stem, this in arrays.items()
        if (this.ndim == 1 and this.dtype.names) or (this.ndim == 2 and 3 <= min(this.shape) <= MOST_COLUMNS)
    }
    stem = max(able, key=lambda stem: max(able[stem].shape)) if able else next(iter(arrays))
    return {stem: arrays[stem]}


def _npy(read: Callable[[], bytes], name: str) -> NDArray:
    """One array, structured or not."""
    try:
        return read_npy(BytesIO(read()), name, NUMBERS + "V")
    except SampleError:
        raise
    except Exception as error:  # damaged headers fail in many ways; no code of them is run
        raise SampleError(f"“{name}” is damaged or cut short ({error!s:.200}). Save it with numpy.save.") from error


def _cloud(arrays: Mapping[str, NDArray]) -> RawCloud:
    """A cloud of arrays by name.

    Raises:
        SampleError: they do not fit each other.
    """
    points = next((arrays[name] for name in PLACES if name in arrays), None)
    if points is None:
        points = next(iter(arrays.values()))
    if points.ndim == 1 and points.dtype.names:
        check_count(len(points), points.nbytes, 1, "NPY")
        return from_columns(_fields(points), "NPY")
    points, notes = _turned(points)
    if points.ndim != 2 or points.dtype.kind not in "fiu" or not 3 <= points.shape[1] <= MOST_COLUMNS:
        raise SampleError(
            f"A cloud as an array is (points, 3) or more columns, x, y, z, red, green, blue; this one is "
            f"{points.shape} of {points.dtype}. Save it so."
        )
    check_count(len(points), max(points.nbytes, 1), 1, "NPY")
    colours = next((arrays[name] for name in COLOURS if name in arrays), None)
    segment = next((arrays[name].reshape(-1) for name in SEGMENTS if name in arrays), None)
    raw = unnamed(points) if colours is None and points.shape[1] > 3 else RawCloud(_floats(points[:, :3]))
    raw.notes[:0] = notes
    if colours is not None:
        colours = colours.T if colours.shape == (3, len(points)) != (len(points), 3) else colours
        if colours.ndim != 2 or len(colours) != len(points) or colours.shape[1] not in (3, 4):
            raise SampleError(
                f"{len(points):,} points need colours of shape ({len(points)}, 3); these are {colours.shape}."
            )
        raw.rgb = colours[:, :3]
    if segment is not None:
        if len(segment) != len(points):
            raise SampleError(f"{len(points):,} points need as many supervoxels; there are {len(segment):,}.")
        raw.segment = segment
    return raw


def _fields(table: NDArray) -> list[tuple[str, NDArray]]:
    """The columns of a structured array; a field of three or four numbers that is places or colours is as many."""
    columns: list[tuple[str, NDArray]] = []
    for name in table.dtype.names or ():
        values, low = table[name], name.lower()
        names = "xyz" if low in PLACES else ("red", "green", "blue") if low in COLOURS else ()
        if values.ndim == 1:
            columns.append((name, values))
        elif values.ndim == 2 and names and values.shape[1] in (3, 4):
            columns += [(part, values[:, i]) for i, part in enumerate(names)]
        else:
            columns.append((name, values.reshape(len(values), -1)[:, 0]))
    return columns


def _turned(points: NDArray) -> tuple[NDArray, list[str]]:
    """(points, columns) of an array that lies on its side or is a grid of points, and what was done."""
    if points.ndim == 3 and points.dtype.kind == "f" and 3 <= points.shape[2] <= 9:
        note = f"A grid of {points.shape[0]} × {points.shape[1]} points was read as a list of them."
        return points.reshape(-1, points.shape[2]), [note]
    if points.ndim == 2 and points.dtype.kind in "fiu" and 3 <= len(points) <= 9 and points.shape[1] > MOST_COLUMNS:
        return points.T, [f"The array is {points.shape}: its rows were read as columns."]
    return points, []


def _floats(values: NDArray) -> NDArray[np.floating]:
    """Places as 32 or 64 bits."""
    return values.astype(np.float32 if values.dtype in (np.float16, np.float32) else np.float64)
