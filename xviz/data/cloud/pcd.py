"""PCD, the files of the Point Cloud Library: ASCII, binary and binary_compressed.

Source: the PCD file format, Point Cloud Library. Compression is LZF, one field after the other.
"""

from __future__ import annotations

import re
import struct
from io import BytesIO

import lzf
import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count, from_columns, surplus
from xviz.data.cloud.dialect import MOST_COLUMNS
from xviz.data.cloud.text import read_table

LONGEST = 1 << 14  #: bytes of a header
RATIO = 264  #: bytes that a byte of LZF can become, at most
WIDEST = 4096  #: bytes of a point

Columns = list[tuple[str, np.ndarray]]


def read_pcd(data: bytes) -> RawCloud:
    """The points of a PCD file.

    Raises:
        SampleError: it is cut short, or its content is not as its header says.
    """
    header, kind, start = _header(data)
    try:
        fields, sizes, letters = (
            header["FIELDS"],
            [int(v) for v in header["SIZE"]],
            [letter.upper() for letter in header["TYPE"]],
        )
        counts = [int(v) for v in header.get("COUNT", ["1"] * len(fields))]
        count = int(header["POINTS"][0])
        if any(letter not in ("I", "U", "F") for letter in letters) or any(not 0 < width <= WIDEST for width in counts):
            raise ValueError("a field of no known type")
        types = [
            (f"{i} {name}", np.dtype(f"<{letter.lower()}{size}"), (width,))
            for i, (name, letter, size, width) in enumerate(zip(fields, letters, sizes, counts, strict=True))
        ]
        point = np.dtype(types)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise SampleError(f"The header of the PCD file is damaged or lacks a line ({error}). Save it again.") from error
    if point.itemsize > WIDEST or len(types) > MOST_COLUMNS:
        raise SampleError(f"A point of this PCD file has {point.itemsize} bytes, more than clouds have. Save it again.")
    notes = _viewpoint(header.get("VIEWPOINT", []))
    if kind == "ascii":
        columns, told = _ascii(data, start, fields, counts, letters, count)
        notes = [*told, *notes]
    elif kind == "binary":
        check_count(count, len(data) - start, point.itemsize, "PCD")
        points = np.frombuffer(data, point, count, start)
        columns = [(fields[i], points[name][:, 0]) for i, name in enumerate(point.names)]
        notes += surplus(data, start + count * point.itemsize, count, point.itemsize)
    else:
        columns, end = _compressed(data, start, fields, point, count)
        notes += surplus(data, end, count)
    columns = [(name, values) for name, values in columns if name != "_"]  # padding
    raw = from_columns(columns, "PCD")
    raw.notes += notes
    return raw


def _header(data: bytes) -> tuple[dict[str, list[str]], str, int]:
    """Key → words, the kind of content, and where it begins."""
    match = re.search(rb"^DATA[ \t]+(ascii|binary_compressed|binary)[ \t]*\r?\n", data[:LONGEST], re.MULTILINE)
    if not match:
        raise SampleError(
            "The header of the PCD file does not end with DATA: it is damaged or cut short. Save it again."
        )
    lines = (line.split() for line in data[: match.start()].decode("latin-1").splitlines() if not line.startswith("#"))
    return {words[0].upper(): words[1:] for words in lines if words}, match[1].decode(), match.end()


def _viewpoint(words: list[str]) -> list[str]:
    """A note where the sensor did not stand at the origin: PCL and Open3D leave points as the file has them."""
    try:
        still = not words or [float(word) for word in words] == [0, 0, 0, 1, 0, 0, 0]
    except ValueError:
        still = False
    if still:
        return []
    where = " ".join(words)
    return [
        f"Its VIEWPOINT ({where:.80}) was not applied: points were left as the file has them, which may be the "
        "sensor's own coordinates."
    ]


def _ascii(
    data: bytes, start: int, fields: list[str], counts: list[int], letters: list[str], count: int
) -> tuple[Columns, list[str]]:
    """Columns of a PCD file as text, and what was wrong with them; a field of several numbers gives its first."""
    check_count(count, len(data) - start + 1, 2 * sum(counts), "PCD")
    some = data[start : start + 4096]
    if some.find(b"\0") >= 0:
        raise SampleError(
            "The header of the PCD file says ASCII, its content is binary. Correct the header, or save it again."
        )
    if sum(counts) > MOST_COLUMNS:
        raise SampleError(f"A point of this PCD file has {sum(counts)} numbers, more than clouds have. Save it again.")
    file = BytesIO(data)
    file.seek(start)
    notes, decimal = [], "," if b"," in some and b"." not in some else "."
    if decimal == ",":
        notes.append("Decimal commas, which PCD does not have, were read as decimal points.")
    table = read_table(file, sum(counts), decimal=decimal, line=data.count(b"\n", 0, start) + 1)
    whole = len(table.values) + table.bad
    if whole < count:
        raise SampleError(
            f"The PCD file is cut short: it promises {count:,} points and holds {whole:,}. Save it again."
        )
    notes += table.notes()
    if whole > count:
        notes.append(f"The header says {count:,} points; the file holds {whole:,}, and all were read.")
    columns = []
    for name, letter, index in zip(fields, letters, np.cumsum([0, *counts]), strict=False):
        column = table.values[:, index]
        if name.lower() in ("rgb", "rgba"):
            column = _colour(column, letter)
        columns.append((name, column))
    return columns, notes


def _colour(column: np.ndarray, letter: str) -> np.ndarray:
    """Packed colours of a text: whole numbers whatever the header says of them, or floats that hold them as bits."""
    whole = np.nan_to_num(column)
    with np.errstate(invalid="ignore", over="ignore"):
        if letter.upper() != "F" or ((whole == np.round(whole)).all() and whole.min() >= 0 and whole.max() > 1):
            return whole.clip(0, 2**32 - 1).astype(np.uint32)
        return column.astype(np.float32)


def _compressed(data: bytes, start: int, fields: list[str], point: np.dtype, count: int) -> tuple[Columns, int]:
    """Columns of a compressed PCD file, which lie one after the other, and where they end."""
    if len(data) - start < 8:
        raise SampleError("The PCD file is cut short: it holds no points. Copy or save it again.")
    packed, whole = struct.unpack_from("<II", data, start)
    check_count(count, RATIO * (len(data) - start), point.itemsize, "PCD")
    if whole != count * point.itemsize or packed > len(data) - start - 8 or whole > LIMIT_POINTS * WIDEST:
        raise SampleError(
            f"The PCD file is cut short or its header wrong: {count:,} points need {count * point.itemsize:,} bytes, "
            f"its content says {whole:,}, packed into {packed:,} of which {len(data) - start - 8:,} are there."
        )
    try:
        content = lzf.decompress(data[start + 8 : start + 8 + packed], whole)
    except (ValueError, OSError) as error:
        raise SampleError(f"The PCD file is damaged ({error}). Copy or save it again.") from error
    if content is None or len(content) != whole:
        raise SampleError(
            "The PCD file is damaged: its content does not unpack to what it says. Copy or save it again."
        )
    columns: Columns = []
    offset = 0
    for name, key in zip(fields, point.names, strict=True):
        kind = point[key]
        values = np.frombuffer(content, kind.base, count * kind.shape[0], offset).reshape(count, -1)[:, 0]
        columns.append((name, values))
        offset += count * kind.itemsize
    return columns, start + 8 + packed
