"""Uploaded clouds as a part: ``read_cloud`` knows PLY, PCD, LAS, LAZ, text tables, NPY and NPZ by their content.

The bytes are not trusted: how many points a header promises is held against the bytes there are and against
``LIMIT_POINTS`` before room is made for them. Lengths are what the numbers look like for a room, said where they are
not metres, and a person can choose another unit. PLY and PCD are read by code of our own: trimesh refuses meshes with
faces of several kinds and makes an array of each line of ASCII, plyfile is GPL, pypcd4 makes room for what a header
promises.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.arrays import read_array, read_arrays
from xviz.data.cloud.columns import LIMIT_POINTS, UNITS, UPS, RawCloud, made
from xviz.data.cloud.las import read_las
from xviz.data.cloud.pcd import read_pcd
from xviz.data.cloud.ply import read_ply
from xviz.data.cloud.text import looks_like_text, read_text
from xviz.data.files import File, read_bytes

__all__ = ["LIMIT_BYTES", "LIMIT_POINTS", "SUFFIXES", "UNITS", "UPS", "read_cloud"]

LIMIT_BYTES = 2**30
#: how names of clouds end
SUFFIXES = (".ply", ".pcd", ".las", ".laz", ".xyz", ".txt", ".csv", ".pts", ".asc", ".npy", ".npz")
#: how files begin that people might try
_OTHERS = {
    b"ASTM-E57": "an E57 file", b"glTF": "a glTF file", b"solid ": "an STL file", b"\x1f\x8b": "a gzip file",
    b"Kaydara FBX": "an FBX file", b"%PDF": "a PDF file", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
    b"\x89HDF": "an HDF5 file", b"\x80\x02": "a Python pickle or a PyTorch file", b"\x80\x04": "a Python pickle",
}  # fmt: skip


def read_cloud(file: File, *, name: str = "", unit: str | None = None, up: str = "z") -> PointCloud:
    """A cloud of points in metres, z up, with its colours where it has any.

    Args:
        file: its bytes, an open file, or where it lies.
        name: how messages call it; the name of the path where there is one.
        unit: of the numbers, a key of ``UNITS``; None takes what they look like for a room.
        up: the axis that points up in the file, one of ``UPS``.

    Raises:
        SampleError: it is no cloud that can be read, is damaged, or out of limits.
    """
    name = name or (file.name if isinstance(file, Path) else "")
    if (unit is not None and unit not in UNITS) or up not in UPS:
        raise SampleError(
            f"A unit is one of {', '.join(UNITS)}, the axis up one of {', '.join(UPS)}; got {unit}, {up}."
        )
    try:
        data = read_bytes(file, LIMIT_BYTES)
        kind, reader = _kind(data)
        raw = reader(data)
        suffix = Path(name).suffix.lower()
        if suffix in SUFFIXES and suffix not in _NAMED[kind]:
            raw.notes.append(f"The name ends in {suffix}, the content is {kind}; it was read as {kind}.")
        del data
        return made(raw, unit, up)
    except SampleError as error:
        raise SampleError(f"{name}: {error}" if name else str(error)) from error
    except MemoryError as error:
        raise SampleError(f"{name or 'The cloud'} needs more memory than there is. Thin it first.") from error


#: kind → endings of names that fit
_NAMED = {
    "PLY": (".ply",),
    "PCD": (".pcd",),
    "LAS": (".las", ".laz"),
    "NPY": (".npy",),
    "NPZ": (".npz",),
    "text": (".xyz", ".txt", ".csv", ".pts", ".asc"),
}


def _kind(data: bytes) -> tuple[str, Callable[[bytes], RawCloud]]:
    """What the file is by its content, and what reads it."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf")
    for begun, what in _OTHERS.items():
        if start.startswith(begun):
            raise SampleError(
                f"A cloud is a PLY, PCD, LAS, LAZ, text, NPY or NPZ file; this is {what}. Save the points as PLY."
            )
    if start[:3] == b"ply" and start[3:4] in b"\r\n ":
        return "PLY", read_ply
    if start[:4] == b"LASF":
        return "LAS", read_las
    if start[:6] == b"\x93NUMPY":
        return "NPY", read_array
    if start[:4] == b"PK\x03\x04" or start[:4] == b"PK\x05\x06":
        return "NPZ", read_arrays
    if (b"FIELDS" in start and b"POINTS" in data[:8192] and b"VERSION" in start) or start.startswith(b"# .PCD"):
        return "PCD", read_pcd
    if looks_like_text(start):
        return "text", read_text
    raise SampleError(
        "A cloud is a PLY, PCD, LAS, LAZ, text, NPY or NPZ file; this is none of these, or damaged at its start. "
        "Save the points as PLY."
    )
