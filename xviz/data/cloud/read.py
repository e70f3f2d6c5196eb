"""Uploaded clouds as a part: ``read_cloud`` knows a format by its content, whatever the file is called.

The bytes are not trusted: how many points a header promises is held against the bytes there are and against
``LIMIT_POINTS`` before room is made for them. Unit and axis up are judged, said where they are not metres and z, and a
person can choose others. PLY and PCD are read by code of our own: trimesh refuses meshes with faces of several kinds
and makes an array of each line of ASCII, plyfile is GPL, pypcd4 makes room for what a header promises.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.arrays import read_array, read_arrays, read_floats
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud
from xviz.data.cloud.e57 import read_e57
from xviz.data.cloud.frame import UNITS, UPS, Frame, placed
from xviz.data.cloud.las import read_las
from xviz.data.cloud.mesh import MESHES, Beside, looks_like_obj, looks_like_stl, read_mesh
from xviz.data.cloud.pcd import read_pcd
from xviz.data.cloud.ply import read_ply
from xviz.data.cloud.scanner import looks_like_ptx, read_ptx
from xviz.data.cloud.sparse import looks_like_points3d, read_points3d, read_points3d_text, says_points3d
from xviz.data.cloud.text import looks_like_text, read_text
from xviz.data.files import FREE, RATIO, File, read_bytes

__all__ = ["LIMIT_BYTES", "LIMIT_POINTS", "SUFFIXES", "UNITS", "UPS", "read_cloud", "read_placed"]

LIMIT_BYTES = 2**30
#: kind → endings of names that fit
_NAMED = {
    "PLY": (".ply",),
    "PCD": (".pcd",),
    "LAS": (".las", ".laz"),
    "E57": (".e57",),
    "NPY": (".npy",),
    "NPZ": (".npz", ".zip"),
    "PTX": (".ptx",),
    "glTF": (".glb", ".gltf"),
    "OBJ": (".obj",),
    "STL": (".stl",),
    "a COLMAP model": (".bin", ".txt"),
    "floats": (".bin",),
    "text": (".xyz", ".txt", ".csv", ".pts", ".asc", ".npts", ".xyzrgb", ".xyzn", ".tsv", ".dat"),
}
#: how names of clouds end
SUFFIXES = tuple(dict.fromkeys(ending for endings in _NAMED.values() for ending in endings if ending != ".zip"))
_READ = "A cloud is a PLY, PCD, LAS, LAZ, E57, OBJ, GLB, STL, PTX, text, NPY or NPZ file"
#: how files begin that people might try
_OTHERS = {
    b"Kaydara FBX": "an FBX file", b"%PDF": "a PDF file", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"\x89HDF": "an HDF5 file", b"\x80\x02": "a Python pickle or a PyTorch file", b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle", b"\x80\x03": "a Python pickle", b"# vtk": "a VTK file",
    b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive", b"\x1f\x8b": "a gzip file inside another",
    b"BZh": "a bzip2 file", b"\xfd7zXZ": "an xz file",
    b"#VRML": "a VRML file", b"DRACO": "a Draco file", b"#usda": "a USD file", b"PXR-USDC": "a USD file",
    b"SQLite format": "a database", b"version https://git-lfs": "a Git LFS pointer, not the file itself",
    b"NGSP": "a file of compressed splats", b"<?xml": "an XML file", b"<!DOCTYPE": "a web page", b"<html": "a web page",
}  # fmt: skip


def read_cloud(file: File, *, name: str = "", unit: str | None = None, up: str | None = None) -> PointCloud:
    """A cloud of points in metres, z up, with its colours where it has any.

    Args:
        file: its bytes, an open file, or where it lies.
        name: how messages call it; the name of the path where there is one.
        unit: of the numbers, a key of ``UNITS``; None takes what they look like for a room.
        up: the axis that points up in the file, one of ``UPS``; None judges it.

    Raises:
        SampleError: it is no cloud that can be read, is damaged, or out of limits.
    """
    return read_placed(file, name=name, unit=unit, up=up)[0]


def read_placed(
    file: File,
    *,
    name: str = "",
    unit: str | None = None,
    up: str | None = None,
    hint: str | None = None,
    ahead: NDArray[np.float64] | None = None,
    beside: Beside = lambda name: None,
) -> tuple[PointCloud, Frame]:
    """As ``read_cloud``, and how coordinates of the file became those of the cloud.

    Args:
        file: see ``read_cloud``.
        name: see ``read_cloud``.
        unit: see ``read_cloud``.
        up: see ``read_cloud``.
        hint: the axis up that files of the layout around it have, mostly.
        ahead: (photos, 3) directions that are up in the photos, in the file's axes.
        beside: gives files that the cloud's names, such as pictures of a mesh.

    Raises:
        SampleError: it is no cloud that can be read, is damaged, or out of limits.
    """
    name = name or (file.name if isinstance(file, Path) else "")
    if (unit is not None and unit not in UNITS) or (up is not None and up not in UPS):
        raise SampleError(
            f"A unit is one of {', '.join(UNITS)}, the axis up one of {', '.join(UPS)}; got {unit}, {up}."
        )
    try:
        data = _opened(read_bytes(file, LIMIT_BYTES))
        kind, reader = _kind(data, name.lower().removesuffix(".gz"), beside)
        raw = reader(data)
        suffix = Path(name.lower().removesuffix(".gz")).suffix
        if suffix in SUFFIXES and suffix not in _NAMED[kind]:
            raw.notes.append(f"The name ends in {suffix}, the content is {kind}; it was read as {kind}.")
        del data
        return placed(raw, unit, up, hint, ahead)
    except SampleError as error:
        raise SampleError(f"{name}: {error}" if name else str(error)) from error
    except MemoryError as error:
        raise SampleError(f"{name or 'The cloud'} needs more memory than there is. Thin it first.") from error


def _opened(data: bytes) -> bytes:
    """The file, unpacked where it is packed with gzip.

    Raises:
        SampleError: it is damaged, or unpacks to too much.
    """
    if data[:3] != b"\x1f\x8b\x08":
        return data
    limit = min(LIMIT_BYTES, max(FREE, RATIO * len(data)))
    try:
        with gzip.open(BytesIO(data)) as opened:
            inner = opened.read(limit + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise SampleError(f"The gzip file is damaged or cut short ({error}). Copy or pack it again.") from error
    if len(inner) > limit:
        raise SampleError(
            f"The gzip file unpacks to more than {limit >> 20:,} MB and was refused. Thin the cloud first."
        )
    if inner[257:262] == b"ustar":
        raise SampleError("This is a tar archive of files. Bring the files themselves, or zip them.")
    return inner


def _kind(data: bytes, name: str, beside: Beside) -> tuple[str, Callable[[bytes], RawCloud]]:
    """What the file is by its content, and what reads it; the name is asked where content cannot tell."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    for begun, format_name in _OTHERS.items():
        if start.startswith(begun):
            raise SampleError(f"{_READ}; this is {format_name}. Save the points as PLY.")
    if start[:3].lower() == b"ply" and start[3:4] in b"\r\n ":
        return "PLY", read_ply
    if start[:4] == b"LASF":
        return "LAS", read_las
    if start[:8] == b"ASTM-E57":
        return "E57", read_e57
    if start[:6] == b"\x93NUMPY":
        return "NPY", read_array
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return "NPZ", read_arrays
    if (b"FIELDS" in start and b"POINTS" in data[:8192] and b"VERSION" in start) or start.startswith(b"# .PCD"):
        return "PCD", read_pcd
    for kind, looks in MESHES.items():
        if looks(start, len(data)):
            return kind, partial(read_mesh, kind=kind, beside=beside)
    if looks_like_ptx(start):
        return "PTX", read_ptx
    if says_points3d(start, name):
        return "a COLMAP model", read_points3d_text
    if looks_like_obj(start) or (name.endswith(".obj") and looks_like_text(start)):
        return "OBJ", partial(read_mesh, kind="OBJ", beside=beside)
    if looks_like_text(start):
        return "text", read_text
    if looks_like_points3d(data):
        return "a COLMAP model", read_points3d
    if name.endswith(".stl") or looks_like_stl(start, len(data)):
        return "STL", partial(read_mesh, kind="STL", beside=beside)
    if name.endswith(".bin"):
        return "floats", read_floats
    raise SampleError(f"{_READ}; this is none of these, or damaged at its start. Save the points as PLY.")
