"""Clouds as NumPy arrays: an NPY of (points, columns), an NPZ or a zip of NPYs with names; nothing is unpickled.

Pointcept keeps a scene as coord.npy and color.npy; zipped they are a cloud. Its segment.npy holds classes, no
supervoxels, and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count, from_columns
from xviz.data.cloud.text import MOST_COLUMNS, unnamed
from xviz.data.files import NUMBERS, open_zip, read_npy

PLACES = ("xyz", "coord", "coords", "points", "point", "pos", "positions", "vertices", "coordinates")
COLOURS = ("rgb", "color", "colors", "colour", "colours")
SEGMENTS = ("supervoxel", "supervoxels", "superpoint", "superpoints", "segindices")


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
    wanted = [stem for stem in stems if stem in PLACES + COLOURS + SEGMENTS] or list(stems)[:1]
    raw = _cloud({stem: _npy(lambda stem=stem: archive.read(stems[stem]), stems[stem]) for stem in wanted})
    if "segment" in stems:
        raw.notes.append("“segment” is taken for classes, as Pointcept has it, and was not read.")
    return raw


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
    place = next((arrays[name] for name in PLACES if name in arrays), None)
    if place is None:
        place = next(iter(arrays.values()))
    if place.ndim == 1 and place.dtype.names:
        check_count(len(place), place.nbytes, 1, "NPY")
        return from_columns({name: place[name] for name in place.dtype.names if place[name].ndim == 1}, "NPY")
    if place.ndim != 2 or place.dtype.kind not in "fiu" or not 3 <= place.shape[1] <= MOST_COLUMNS:
        raise SampleError(
            f"A cloud as an array is (points, 3) or more columns, x, y, z, red, green, blue; this one is {place.shape} "
            f"of {place.dtype}. Save it so."
        )
    check_count(len(place), max(place.nbytes, 1), 1, "NPY")
    colours = next((arrays[name] for name in COLOURS if name in arrays), None)
    segment = next((arrays[name].reshape(-1) for name in SEGMENTS if name in arrays), None)
    raw = unnamed(place) if colours is None and place.shape[1] > 3 else RawCloud(_floats(place[:, :3]))
    if colours is not None:
        if colours.shape != (len(place), 3) or colours.dtype.kind not in "fiu":
            raise SampleError(
                f"{len(place):,} points need colours of shape ({len(place)}, 3); these are {colours.shape}."
            )
        raw.rgb = colours
    if segment is not None:
        if len(segment) != len(place):
            raise SampleError(f"{len(place):,} points need as many supervoxels; there are {len(segment):,}.")
        raw.segment = segment
    return raw


def _floats(values: NDArray) -> NDArray[np.floating]:
    """Places as 32 or 64 bits."""
    return values.astype(np.float32 if values.dtype in (np.float16, np.float32) else np.float64)
