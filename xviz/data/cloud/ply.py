"""PLY: ASCII and binary, meshes and clouds; only the vertices are read.

Source: Turk 1994, the PLY polygon file format. ScanNet's meshes are binary with x, y, z, red, green, blue, alpha.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count, from_columns
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
_DIGITS = b"0123456789+-.eE \t\r\nnaif"


@dataclass(eq=False)
class Element:
    """One kind of thing in a PLY file."""

    name: str
    count: int
    types: dict[str, str] = field(default_factory=dict)  #: property → numpy type; "" for a list


def read_ply(data: bytes) -> RawCloud:
    """The vertices of a PLY file.

    Raises:
        SampleError: it holds none, is cut short, or its content is not as its header says.
    """
    order, elements, start = _header(data)
    at = next((i for i, one in enumerate(elements) if one.name == "vertex"), None)
    if at is None or elements[at].count < 1:
        others = ", ".join(f"{one.count:,} {one.name}" for one in elements if one.count) or "nothing"
        raise SampleError(f"The PLY file holds no vertices, only {others}. Save it with its points.")
    vertex = elements[at]
    if any(not kind for kind in vertex.types.values()):
        raise SampleError(
            "The vertices of this PLY file hold lists, which clouds do not have. Save it as a plain cloud."
        )
    if order:
        columns = _binary(data, start, elements[:at], vertex, order)
    else:
        columns, told = _ascii(data, start, elements[:at], vertex)
    raw = from_columns(columns, "PLY")
    if not order:
        raw.notes += told
    return raw


def _header(data: bytes) -> tuple[str, list[Element], int]:
    """Byte order, what the file holds, and where its content begins.

    Raises:
        SampleError: the header is none.
    """
    end = data.find(b"end_header", 0, LONGEST)
    line_end = data.find(b"\n", end)
    if end < 0 or line_end < 0:
        raise SampleError("The header of the PLY file does not end: it is damaged or cut short. Save it again.")
    order, elements = "", []
    try:
        for line in data[:end].decode("latin-1").splitlines()[1:]:
            words = line.split()
            if not words or words[0] in ("comment", "obj_info"):
                continue
            if words[0] == "format":
                order = ORDERS[words[1]]
            elif words[0] == "element":
                elements.append(Element(words[1], int(words[2])))
            elif words[0] == "property":
                elements[-1].types[words[-1]] = "" if words[1] == "list" else TYPES[words[1]]
            else:
                raise ValueError(words[0])
    except (KeyError, IndexError, ValueError) as error:
        raise SampleError(
            f"The header of the PLY file has a line that PLY does not know ({error}). Save it again."
        ) from error
    return order, elements, line_end + 1


def _binary(data: bytes, start: int, before: list[Element], vertex: Element, order: str) -> dict[str, np.ndarray]:
    """The vertices' columns, as views of the bytes."""
    for one in before:
        if one.count and any(not kind for kind in one.types.values()):
            raise SampleError("This PLY file has lists before its vertices. Save it with the vertices first.")
        start += max(0, one.count) * sum(np.dtype(kind).itemsize for kind in one.types.values())
    kind = np.dtype([(name, order + this) for name, this in vertex.types.items()])
    some = data[start : start + 256]
    if some and not some.translate(None, _DIGITS):
        raise SampleError(
            "The header of the PLY file says binary, its content is text. Correct the header, or save it again."
        )
    check_count(vertex.count, len(data) - start, max(kind.itemsize, 1), "PLY")
    points = np.frombuffer(data, kind, vertex.count, start)
    return {name: points[name].astype(points[name].dtype.newbyteorder("=")) for name in kind.names or ()}


def _ascii(data: bytes, start: int, before: list[Element], vertex: Element) -> tuple[dict[str, np.ndarray], list[str]]:
    """The vertices' columns, and what was wrong with them."""
    if some := data[start : start + 256].translate(None, _DIGITS):
        raise SampleError(
            f"The header of the PLY file says ASCII, its content is not ({some[:8]!r}). Correct it, or save anew."
        )
    columns = len(vertex.types)
    check_count(vertex.count, len(data) - start + 1, max(2 * columns, 1), "PLY")
    file = BytesIO(data)
    file.seek(start)
    for _ in range(sum(min(one.count, len(data)) for one in before)):
        file.readline()
    table = read_table(file, columns, rows=vertex.count)
    whole = len(table.values) + table.bad
    if whole < vertex.count:
        raise SampleError(
            f"The PLY file is cut short: it promises {vertex.count:,} points and holds {whole:,}. Copy it again."
        )
    told = [f"{table.bad:,} lines are not as the header says and were left out."] if table.bad else []
    held = {}
    for i, (name, kind) in enumerate(vertex.types.items()):
        column = table.values[:, i]
        whole_numbers = kind[0] in "iu" and np.isfinite(column).all()
        held[name] = column.clip(0, 255).astype(np.uint8) if whole_numbers and kind == "u1" else column
    return held, told
