"""Coloured clouds as binary PLY, with scores as scalar properties that CloudCompare, MeshLab and Blender read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def ply(
    xyz: NDArray[np.floating],
    rgb: NDArray[np.uint8] | None = None,
    scalars: Mapping[str, NDArray] | None = None,
    comments: Sequence[str] = (),
) -> bytes:
    """A PLY file, binary and little-endian: x, y, z as doubles, red, green and blue, then each scalar.

    Args:
        xyz: (n, 3) metres.
        rgb: (n, 3) 0–255; None leaves the colours away.
        scalars: Name → (n,), whole numbers as int, all others as float; NaN where a point has none. Names are letters,
            digits and underlines.
        comments: Lines for the header, in ASCII, other characters as “?”.

    Raises:
        ValueError: an array of another length, or a name that is none.
    """
    columns: list[tuple[str, str, NDArray]] = [(name, "double", xyz[:, k]) for k, name in enumerate("xyz")]
    if rgb is not None:
        columns += [(name, "uchar", rgb[:, k]) for k, name in enumerate(("red", "green", "blue"))]
    for name, values in (scalars or {}).items():
        if not name.isidentifier() or not name.isascii():
            raise ValueError(f"“{name}” is no name of a property; use letters, digits and underlines.")
        columns.append((name, "int" if np.issubdtype(values.dtype, np.integer) else "float", values))
    if any(len(values) != len(xyz) for _, _, values in columns):
        raise ValueError(f"A cloud of {len(xyz)} points needs as many of everything.")
    types = {"double": "<f8", "uchar": "u1", "int": "<i4", "float": "<f4"}
    table = np.empty(len(xyz), [(name, types[kind]) for name, kind, _ in columns])
    for name, _, values in columns:
        table[name] = values
    plain = [" ".join(line.encode("ascii", "replace").decode().split()) for line in comments]
    head = ["ply", "format binary_little_endian 1.0", *(f"comment {line}" for line in plain if line)]
    head += [f"element vertex {len(xyz)}", *(f"property {kind} {name}" for name, kind, _ in columns), "end_header", ""]
    return "\n".join(head).encode("ascii") + table.tobytes()
