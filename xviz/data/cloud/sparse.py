"""The points of COLMAP's sparse models, as text and binary.

Source: COLMAP documentation, output format. A point has an id, a place, a colour, an error, and a track of as many
pairs as photos show it, so that lines differ in length.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO

import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count
from xviz.data.cloud.dialect import plain_text
from xviz.data.cloud.text import read_table

_POINT = struct.Struct("<Q3d3BdQ")
_FEWEST = 43 + 8  #: bytes of a point as binary


def says_points3d(start: bytes, name: str) -> bool:
    """True for the head that COLMAP writes above points, or lines of its kind in a file of its name."""
    if b"POINT3D_ID, X, Y, Z, R, G, B" in start or b"3D point list with one line of data per point" in start:
        return True
    if not re.search(r"points3d[^/]*\.txt$", name):
        return False
    lines = [line.split() for line in start.decode("latin-1").split("\n")[:-1] if line and not line.startswith("#")]
    return bool(lines) and all(len(cells) >= 8 and len(cells) % 2 == 0 for cells in lines)


def read_points3d_text(data: bytes) -> RawCloud:
    """The points of ``points3D.txt``.

    Raises:
        SampleError: its lines are not as COLMAP writes them.
    """
    data = plain_text(data)
    offset, head = 0, 0
    while data[offset : offset + 1] in (b"#", b"\n", b"\r") and (end := data.find(b"\n", offset)) >= 0:
        offset, head = end + 1, head + 1
    file = BytesIO(data)
    file.seek(offset)
    table = read_table(file, 8, line=head + 1, open_end=True)
    raw = _raw(table.values[:, 1:4], table.values[:, 4:7])
    raw.notes += table.notes()
    if match := re.search(rb"# Number of points: (\d+)", data[:offset]):
        declared, count = int(match[1]), len(table.values)
        if declared > count + table.bad:
            raw.warnings.append(
                f"The file says that it has {declared:,} points and holds {count:,}: it may be cut short."
            )
    return raw


def looks_like_points3d(data: bytes) -> bool:
    """True for ``points3D.bin``: a count, then points of which the first have places and errors that can be."""
    if len(data) < 8 + _FEWEST:
        return False
    count, offset = struct.unpack_from("<Q", data)[0], 8
    if not 0 < count <= len(data) // _FEWEST:
        return False
    for _ in range(min(count, 20)):
        if offset + _FEWEST > len(data):
            return False
        _, x, y, z, *_, error, track = _POINT.unpack_from(data, offset)
        if not (np.isfinite([x, y, z]).all() and max(abs(x), abs(y), abs(z)) < 1e9) or not -1.5 <= error < 1e6:
            return False
        offset += _FEWEST + 8 * track
    return offset <= len(data)


def read_points3d(data: bytes) -> RawCloud:
    """The points of ``points3D.bin``.

    Raises:
        SampleError: it is cut short.
    """
    count, offset = struct.unpack_from("<Q", data)[0], 8
    check_count(count, len(data) - 8, _FEWEST, "COLMAP")
    xyz, rgb = np.empty((count, 3)), np.empty((count, 3), np.uint8)
    for i in range(count):
        if offset + _FEWEST > len(data):
            raise SampleError(
                f"The COLMAP model is cut short: it promises {count:,} points and holds {i:,}. Copy it again."
            )
        _, xyz[i, 0], xyz[i, 1], xyz[i, 2], rgb[i, 0], rgb[i, 1], rgb[i, 2], _, track = _POINT.unpack_from(data, offset)
        offset += _FEWEST + 8 * track
    return _raw(xyz, rgb)


def _raw(xyz: np.ndarray, rgb: np.ndarray) -> RawCloud:
    """The points of a model, whose lengths have no unit and whose axes are those of the first photo."""
    note = "A sparse model of COLMAP: the first column is the point's id; error and track were not used."
    return RawCloud(xyz, rgb, notes=[note], scaleless=True)
