"""Clouds as text: one point a line, with or without names of the columns, split by spaces, commas, semicolons or tabs.

Lines that are not numbers are left out and said, as a few of the S3DIS rooms have them; a file with many is refused.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pandas
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count, from_columns

MOST_COLUMNS = 64
BAD = 0.02  #: share of lines without numbers above which a file is refused
_ROWS = 1 << 19  #: read at once
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.IGNORECASE)
_TEXT = bytes(range(32, 127)) + b"\t\r\n\f"


@dataclass(frozen=True)
class Table:
    """Numbers of a text, and what was wrong with it."""

    values: NDArray[np.float64]  #: (rows, columns) NaN where the text has none
    bad: int  #: rows that were left out because they hold something else than numbers
    first: int  #: the first of them, counted from one; 0 where there is none


def looks_like_text(data: bytes) -> bool:
    """True where nearly all bytes are letters, digits, signs and line ends of ASCII."""
    odd = len(data.translate(None, _TEXT))
    return bool(data) and b"\0" not in data[:1024] and odd <= 0.05 * len(data)


def read_table(
    data: BytesIO, columns: int, separator: str = r"\s+", decimal: str = ".", rows: int | None = None
) -> Table:
    """The rows from where the file stands, in pieces so that no more room is taken than the numbers need.

    Raises:
        SampleError: nothing in it is a number, or too much is none.
    """
    parts, bad, first, count = [], 0, 0, 0
    for frame in _pieces(data, columns, separator, decimal, rows):
        values, wrong = _numbers(frame, columns)
        if wrong.any():
            first = first or count + int(wrong.argmax()) + 1
            bad += int(wrong.sum())
            values = values[~wrong]
        count += len(frame)
        if count > LIMIT_POINTS + bad:
            check_count(count, count, 1, "text")
        parts.append(values)
    if not count or bad > max(BAD * count, 2 if count > 10 else 0):
        raise SampleError(
            f"A cloud as text has numbers in each line; {bad:,} of {count:,} lines have something else"
            + (f", the first in line {first} of the points. " if first else ". ")
            + "Save the points again, as x y z r g b."
        )
    return Table(np.concatenate(parts), bad, first)


def _pieces(data: BytesIO, columns: int, separator: str, decimal: str, rows: int | None) -> Iterator[pandas.DataFrame]:
    """The table in pieces; one column more than there should be shows lines that are too long."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield from pandas.read_csv(
                data, sep=separator, header=None, names=range(columns + 1), index_col=False, decimal=decimal,
                chunksize=_ROWS, nrows=rows, on_bad_lines="skip", encoding="latin-1", engine="c", quoting=3,
                low_memory=False,
            )  # fmt: skip
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise SampleError(f"The text cannot be read as a table ({error}). Save the points as x y z r g b.") from error


def _numbers(frame: pandas.DataFrame, columns: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(rows, columns) numbers, and (rows,) true where a row holds something else, or more or fewer of them."""
    out = np.empty((len(frame), columns))
    wrong = np.array(frame[columns].notna(), bool)
    for column in range(columns):
        held = frame[column]
        numbers = held if held.dtype.kind in "fiu" else pandas.to_numeric(held, errors="coerce")
        out[:, column] = numbers.to_numpy(np.float64, na_value=np.nan)
        if held.dtype.kind not in "fiu":
            wrong |= (held.notna() & numbers.isna()).to_numpy(bool)
    return out, wrong


def read_text(data: bytes) -> RawCloud:
    """A cloud as a text table.

    Without names, three columns are x, y, z; after them come colours where the numbers can be colours.

    Raises:
        SampleError: it is no such table.
    """
    start, names, first = _begin(data)
    if not first:
        raise SampleError("A cloud as text has numbers in each line; this one has no line of numbers at its beginning.")
    separator, decimal, cells = _split(first)
    columns = len(cells)
    if not 3 <= columns <= MOST_COLUMNS:
        raise SampleError(f"A cloud as text has x, y and z in each line, and colours; this one has {columns} columns.")
    table = read_table(_at(data, start), columns, separator, decimal)
    notes = []
    if table.bad:
        notes.append(
            f"{table.bad:,} lines hold something else than numbers and were left out, first point {table.first:,}."
        )
    if len(names) == columns:
        raw = from_columns({name: table.values[:, i] for i, name in enumerate(names)}, "text")
    else:
        raw = unnamed(table.values)
    raw.notes[:0] = notes
    return raw


def unnamed(values: NDArray) -> RawCloud:
    """A cloud of (points, columns) numbers without names: x, y, z and what can be colours after them."""
    columns, some = values.shape[1], values[:: max(1, len(values) // 10_000)]
    at = next((at for at in (3, 4) if columns >= at + 3 and _colour_like(some[:, at : at + 3])), 0)
    used = [f"columns {at + 1}–{at + 3} as colours"] if at else []
    rest = columns - 3 - (3 if at else 0)
    told = f"The columns have no names: the first three were taken as x, y, z{''.join(', ' + one for one in used)}"
    told += f"; {rest} more {'was' if rest == 1 else 'were'} not used." if rest else "."
    kind = values.dtype if values.dtype in (np.float32, np.float64) else np.float64
    return RawCloud(values[:, :3].astype(kind), values[:, at : at + 3] if at else None, None, [told])


def _colour_like(part: NDArray) -> bool:
    """True for numbers that can be colours: none negative, and either whole up to 65535 or shares up to one."""
    part = part[np.isfinite(part).all(1)]
    if not len(part) or part.min() < 0:
        return False
    return bool(part.max() <= 1 or (part.max() <= 65535 and (part == np.round(part)).all()))


def _begin(data: bytes) -> tuple[int, list[str], str]:
    """Where the numbers begin, names of columns above them, and the first line of numbers."""
    at, names = 3 if data.startswith(b"\xef\xbb\xbf") else 0, []
    for _ in range(64):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if end - at > 1 << 16:
            break
        line = data[at:end].decode("latin-1").strip()
        bare = line.lstrip("#/% ")
        cells = [cell for cell in re.split(r"[\s,;]+", bare) if cell]
        if cells and line == bare and all(_NUMBER.fullmatch(cell) for cell in cells):
            if len(cells) > 1:
                return at, names, line
        elif {"x", "y", "z"} <= {cell.lower().strip('"') for cell in cells}:
            names = [cell.strip('"') for cell in cells]
        at = end + 1
        if at >= len(data):
            break
    return at, names, ""


def _split(line: str) -> tuple[str, str, list[str]]:
    """Separator, decimal sign and cells of a line of numbers."""
    if ";" in line:
        cells = line.rstrip("; ").split(";")
        return ";", "," if any("," in cell for cell in cells) else ".", cells
    if "," in line and not re.search(r"\d,\d+\s+[-+]?\d+,\d", line):
        return ",", ".", line.rstrip(", ").split(",")
    return r"\s+", "," if "," in line else ".", line.split()


def _at(data: bytes, start: int) -> BytesIO:
    """The bytes as a file that stands at a place; nothing is copied."""
    file = BytesIO(data)
    file.seek(start)
    return file
