"""PLY: ASCII and binary, meshes, clouds and Gaussian splats; only the vertices are read and written.

Source: Turk 1994, the PLY polygon file format. ScanNet's meshes are binary with x, y, z, red, green, blue, alpha.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count, from_columns, surplus
from xviz.data.cloud.text import read_table

LONGEST = 1 << 16  #: bytes of a header
TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"), **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"), **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"), **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"), **dict.fromkeys(("double", "float64"), "f8"),
    "int64": "i8", "uint64": "u8", "float16": "f2",
}  # fmt: skip
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
WRITTEN = "binary_little_endian"  #: what is written
_DIGITS = b"0123456789+-.,eE \t\r\nnaifNAIF"
_VERTICES = ("vertex", "vertices", "point", "points")
_MOST_LISTS = 5_000_000  #: faces before the vertices that are stepped over one by one

Columns = list[tuple[str, np.ndarray]]


@dataclass(eq=False)
class Element:
    """One kind of thing in a PLY file."""

    name: str
    count: int
    #: name, numpy type, and the type of the count where the property is a list, empty where not
    properties: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def lists(self) -> bool:
        """Whether its size differs from one to the next."""
        return any(counted for _, _, counted in self.properties)

    def dtype(self, order: str) -> np.dtype:
        """One without lists as bytes; names are numbered, so that two of one name stay two."""
        return np.dtype([(f"{i} {name}", order + kind) for i, (name, kind, _) in enumerate(self.properties)])


def read_ply(data: bytes) -> RawCloud:
    """The vertices of a PLY file.

    Raises:
        SampleError: it holds none, is cut short, or its content is not as its header says.
    """
    order, elements, start = _header(data)
    index = next((i for i, element in enumerate(elements) if element.name in _VERTICES), None)
    if index is None or elements[index].count < 1:
        others = ", ".join(f"{element.count:,} {element.name}" for element in elements if element.count) or "nothing"
        raise SampleError(f"The PLY file holds no vertices, only {others}. Save it with its points.")
    vertex = elements[index]
    if vertex.lists:
        raise SampleError(
            "The vertices of this PLY file hold lists, which clouds do not have. Save it as a plain cloud."
        )
    if any(name == "packed_position" for name, _, _ in vertex.properties):
        raise SampleError(
            "This PLY file holds compressed Gaussian splats, whose places are packed. Save them as an uncompressed PLY."
        )
    if order:
        columns, end = _binary(data, start, elements[:index], vertex, order)
        notes = [] if index + 1 < len(elements) else surplus(data, end, vertex.count, vertex.dtype(order).itemsize)
    else:
        columns, notes = _ascii(data, start, elements[:index], vertex)
    raw = from_columns(columns, "PLY")
    raw.notes += notes
    return raw


def write_ply(
    xyz: NDArray[np.floating],
    rgb: NDArray[np.uint8] | None = None,
    scalars: Mapping[str, NDArray] | None = None,
    comments: Sequence[str] = (),
) -> bytes:
    """A PLY file, binary and little-endian: x, y, z as doubles, red, green and blue, then each scalar.

    CloudCompare, MeshLab and Blender read it, scalars among it.

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
    table = np.empty(len(xyz), [(name, ORDERS[WRITTEN] + TYPES[kind]) for name, kind, _ in columns])
    for name, _, values in columns:
        table[name] = values
    plain = [" ".join(line.encode("ascii", "replace").decode().split()) for line in comments]
    head = ["ply", f"format {WRITTEN} 1.0", *(f"comment {line}" for line in plain if line)]
    head += [f"element vertex {len(xyz)}", *(f"property {kind} {name}" for name, kind, _ in columns), "end_header", ""]
    return "\n".join(head).encode("ascii") + table.tobytes()


def _header(data: bytes) -> tuple[str, list[Element], int]:
    """Byte order, what the file holds, and where its content begins.

    Raises:
        SampleError: the header is none.
    """
    ended = re.search(rb"(?<=[\r\n])end_header(?=[ \t]*[\r\n])", data[:LONGEST])
    end = ended.start() if ended else -1
    if end < 0:
        raise SampleError("The header of the PLY file does not end: it is damaged or cut short. Save it again.")
    feed = b"\n" if b"\n" in data[:end] else b"\r"
    line_end = data.find(feed, end)
    if line_end < 0:
        raise SampleError("The header of the PLY file does not end: it is damaged or cut short. Save it again.")
    order, elements = None, []
    try:
        for line in data[:end].decode("latin-1").splitlines()[1:]:
            words = line.split()
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                order = ORDERS[words[1]]
            elif words[0] == "element":
                elements.append(Element(words[1], int(words[2])))
            elif words[0] == "property" and words[1] == "list":
                elements[-1].properties.append((words[-1], TYPES[words[3]], TYPES[words[2]]))
            elif words[0] == "property":
                elements[-1].properties.append((" ".join(words[2:]), TYPES[words[1]], ""))
            else:
                raise ValueError(words[0])
        if order is None:
            raise ValueError("no line “format”")
    except (KeyError, IndexError, ValueError) as error:
        raise SampleError(
            f"The header of the PLY file has a line that PLY does not know ({error}). Save it again."
        ) from error
    return order, elements, line_end + 1


def _binary(data: bytes, start: int, before: list[Element], vertex: Element, order: str) -> tuple[Columns, int]:
    """The vertices' columns, as views of the bytes, and where they end."""
    kind = vertex.dtype(order)
    some = data[start : start + 256]
    if some and not some.translate(None, _DIGITS):
        raise SampleError(
            "The header of the PLY file says binary, its content is text. Correct the header, or save it again."
        )
    for element in before:
        start = _after(data, start, element, order)
    check_count(vertex.count, len(data) - start, max(kind.itemsize, 1), "PLY")
    points = np.frombuffer(data, kind, vertex.count, start)
    columns = [
        (name, points[key].astype(points[key].dtype.newbyteorder("=")))
        for (name, _, _), key in zip(vertex.properties, kind.names or (), strict=True)
    ]
    return columns, start + points.nbytes


def _after(data: bytes, start: int, element: Element, order: str) -> int:
    """Where what comes after an element begins.

    Raises:
        SampleError: it is cut short, or too much to step over.
    """
    count = max(0, element.count)
    if not element.lists:
        return start + count * element.dtype(order).itemsize
    if count > _MOST_LISTS:
        raise SampleError("This PLY file has millions of faces before its vertices. Save it with the vertices first.")
    steps = [
        (struct.Struct(order + np.dtype(counted).char), np.dtype(kind).itemsize) if counted else np.dtype(kind).itemsize
        for _, kind, counted in element.properties
    ]
    try:
        for _ in range(count):
            for step in steps:
                if isinstance(step, int):
                    start += step
                else:
                    length = int(step[0].unpack_from(data, start)[0])
                    start += step[0].size + max(0, length) * step[1]
    except (struct.error, OverflowError) as error:
        raise SampleError("The PLY file is cut short before its vertices. Copy or save it again.") from error
    return start


def _ascii(data: bytes, start: int, before: list[Element], vertex: Element) -> tuple[Columns, list[str]]:
    """The vertices' columns, and what was wrong with them."""
    some = data[start : start + 4096]
    if odd := some[:256].translate(None, _DIGITS + b";"):
        raise SampleError(
            f"The header of the PLY file says ASCII, its content is not ({odd[:8]!r}). Correct it, or save anew."
        )
    columns = len(vertex.properties)
    check_count(vertex.count, len(data) - start + 1, max(2 * columns, 1), "PLY")
    file = BytesIO(data)
    file.seek(start)
    for _ in islice(file, sum(max(0, min(element.count, len(data))) for element in before)):
        pass
    notes = []
    decimal = "," if b"," in some and b"." not in some else "."
    if decimal == ",":
        notes.append("Decimal commas, which PLY does not have, were read as decimal points.")
    line = data.count(b"\n", 0, file.tell()) + 1
    begin = file.tell()
    table = read_table(file, columns, decimal=decimal, rows=vertex.count, line=line, strict=False)
    if other := table.empty + table.remarks:  # empty lines and comments are none of those that the header counts
        file.seek(begin)
        rows = vertex.count + other
        table = read_table(file, columns, decimal=decimal, rows=rows, line=line, strict=False)
    whole = len(table.values) + table.bad
    if whole < vertex.count:
        raise SampleError(
            f"The PLY file is cut short: it promises {vertex.count:,} points and holds {whole:,}. Copy it again."
        )
    if table.bad > 0.02 * vertex.count or not len(table.values):
        raise SampleError(
            f"The header of the PLY file says {columns} numbers for each of {vertex.count:,} points; {table.bad:,} "
            f"lines are not so, the first in line {table.first:,}. Save it again."
        )
    notes += table.notes()
    named = []
    for i, (name, kind, _) in enumerate(vertex.properties):
        column = table.values[:, i]
        bytes_ = kind == "u1" and ((column >= 0) & (column <= 255) & (column == np.round(column))).all()
        named.append((name, column.astype(np.uint8) if bytes_ else column))
    return named, notes
