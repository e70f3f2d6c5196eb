"""Clouds as text: one point a line, with or without names of the columns; every line is read, or counted and named.

``dialect`` says how lines are split, ``unnamed`` what columns without names are. COLMAP's points, PTX and OBJ have
readers of their own.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from io import BufferedReader, BytesIO, RawIOBase

import numpy as np
import pandas
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count, from_columns, role
from xviz.data.cloud.dialect import COMMENT, Dialect, bare, dialect_of, plain_text
from xviz.data.cloud.table import Table
from xviz.data.cloud.unnamed import unnamed

_ROWS = 1 << 19  #: read at once
_TEXT = bytes(range(32, 127)) + b"\t\r\n\f"


def looks_like_text(data: bytes) -> bool:
    """True where nearly all bytes are letters, digits, signs and line ends of ASCII, or of UTF-16 with its mark."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data[2:].replace(b"\0", b"")
    odd = len(data.translate(None, _TEXT))
    return bool(data) and b"\0" not in data[:1024] and odd <= 0.05 * len(data)


def read_table(
    data: BytesIO,
    columns: int,
    separator: str = r"\s+",
    decimal: str = ".",
    *,
    rows: int | None = None,
    line: int = 1,
    open_end: bool = False,
    strict: bool = True,
) -> Table:
    """The rows from where the file stands, in pieces so that no more room is taken than the numbers need.

    Args:
        data: the file.
        columns: numbers of a row.
        separator: between them, as pandas takes it.
        decimal: the sign before decimals.
        rows: lines to read at most.
        line: number of the first line in the file.
        open_end: whether rows may have more numbers, which are not read.
        strict: whether a table with too many lines of something else is refused.

    Raises:
        SampleError: nothing in it is a number, or too much is none.
    """
    parts, table = [], Table(np.empty((0, columns)))
    for frame in _pieces(data, columns, separator, decimal, rows):
        values, wrong = _numbers(frame, columns, open_end)
        nothing = np.isnan(values).all(1) & ~wrong
        single = ~nothing & ~wrong & (columns > 1) & np.isnan(values[:, 1:]).all(1)
        wrong |= ~nothing & np.isnan(values[:, : min(3, columns)]).any(1) & _short(values)
        remark = _remarks(frame) & (wrong | nothing)
        wrong, nothing, single = wrong & ~remark, nothing & ~remark, single & ~remark
        table.remarks += int(remark.sum())
        begin = line + table.lines
        table.counts += [(begin + int(index), float(values[index, 0])) for index in np.flatnonzero(single)[:10_000]]
        if wrong.any():
            table.first = table.first or begin + int(wrong.argmax())
        table.bad += int(wrong.sum())
        table.empty += int(nothing.sum())
        table.lines += len(frame)
        parts.append(values[~(wrong | nothing | remark)])
        if (count := sum(map(len, parts))) > LIMIT_POINTS:
            check_count(count, count, 1, "text")
    _forgive_counts(table, sum(map(len, parts)), line)
    if strict:
        table.check()
    table.values = np.concatenate(parts) if parts else table.values
    return table


def _remarks(frame: pandas.DataFrame) -> NDArray[np.bool_]:
    """(rows,) true for lines that begin as comments do."""
    first = frame[0]
    if first.dtype.kind in "fiu":
        return np.zeros(len(frame), bool)
    return first.astype(str).str.match(COMMENT.pattern).to_numpy(bool)


def _short(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(rows,) true where numbers end before the last column."""
    return np.isnan(values[:, -1])


def _forgive_counts(table: Table, rows: int, line: int) -> None:
    """Take lines with a single number for counts where as many points follow: several scans in one PTS."""
    if not table.counts:
        return
    ends = [start for start, _ in table.counts[1:]] + [line + table.lines]
    fitting = [
        start
        for (start, declared), end in zip(table.counts, ends, strict=True)
        if declared <= end - start - 1 <= declared + table.empty + 1
    ]
    if len(fitting) == len(table.counts) and rows:
        table.bad -= len(fitting)
        table.first = table.first if table.bad else 0


class _Headed(RawIOBase):
    """A file with a line put before where it stands, which tells pandas how many columns there may be."""

    def __init__(self, head: bytes, file: BytesIO) -> None:
        self._head, self._file = head, file

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes."""
        part, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        part = part or self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _pieces(data: BytesIO, columns: int, separator: str, decimal: str, rows: int | None) -> Iterator[pandas.DataFrame]:
    """The table in pieces, a row for each line; one column more than there should be shows lines that are too long."""
    mark = " " if separator == r"\s+" else separator
    file = BufferedReader(_Headed(mark.join("0" * (columns + 1)).encode() + b"\n", data), 1 << 20)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = pandas.read_csv(
                file, sep=separator, header=None, names=range(columns + 1), usecols=range(columns + 1),
                index_col=False, decimal=decimal, chunksize=_ROWS, nrows=None if rows is None else rows + 1,
                encoding="latin-1", engine="c", quoting=0 if mark != " " else 3, low_memory=False,
                skip_blank_lines=False,
            )  # fmt: skip
            for number, frame in enumerate(frames):
                yield frame if number else frame.iloc[1:]
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError, ValueError, OverflowError) as error:
        raise SampleError(f"The text cannot be read as a table ({error}). Save the points as x y z r g b.") from error


def _numbers(frame: pandas.DataFrame, columns: int, open_end: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(rows, columns) numbers, and (rows,) true where a row holds something else, or more of them."""
    out = np.empty((len(frame), columns))
    wrong = np.zeros(len(frame), bool) if open_end else np.array(frame[columns].notna(), bool)
    for column in range(columns):
        cells = frame[column]
        numbers = cells if cells.dtype.kind in "fiu" else pandas.to_numeric(cells, errors="coerce")
        out[:, column] = numbers.to_numpy(np.float64, na_value=np.nan)
        if cells.dtype.kind not in "fiu":
            filled = cells.notna() & ~cells.astype(str).str.strip().isin(("", "nan(ind)", "-nan(ind)"))
            wrong |= (filled & numbers.isna()).to_numpy(bool)
    return out, wrong


def read_text(data: bytes) -> RawCloud:
    """A cloud as a text table.

    Without names, three columns are x, y, z; after them come colours where the numbers can be colours.

    Raises:
        SampleError: it is no such table.
    """
    data = plain_text(data)
    dialect = dialect_of(data)
    table = read_table(_begin(data, dialect), dialect.columns, dialect.separator, dialect.decimal, line=dialect.line)
    names, notes, alarms = _names(dialect)
    notes_of_head, warned = _head(dialect, table, names)
    _cut_line(data, table, notes)
    if len(names) == dialect.columns:
        raw = from_columns([(name, table.values[:, i]) for i, name in enumerate(names)], "text")
    else:
        raw = unnamed(table.values)
    raw.notes[:0] = [*notes_of_head, *notes, *table.notes()]
    raw.warnings[:0] = [*alarms, *warned]
    return raw


def _begin(data: bytes, dialect: Dialect) -> BytesIO:
    """The text as a file that stands where its table begins."""
    file = BytesIO(bare(data) if dialect.bare else data)
    file.seek(dialect.start)
    return file


def _names(dialect: Dialect) -> tuple[list[str], list[str], list[str]]:
    """Names of the columns where the head has them; notes; warnings where they do not fit the columns.

    Raises:
        SampleError: places are degrees.
    """
    for line in (*reversed(dialect.others()), *reversed(dialect.comments())):
        if {"lat", "latitude"} & (words := set(_loose(line.lower()))) and {"lon", "lng", "long", "longitude"} & words:
            raise SampleError(
                "Degrees of longitude and latitude are no places in a room: convert them to metres first, as x y z."
            )
        for cells in (dialect.split(line), [cell for cell in re.split(r"[\s,;|]+", line) if cell]):
            names = [cell.strip(' "') for cell in cells]
            if {"x", "y", "z"} <= {role(name) for name in names}:
                if len(names) == dialect.columns:
                    return names, [], []
                if cells is not dialect.split(line) and len(names) != dialect.columns:
                    continue
    unknown = next((line for line in reversed(dialect.others()) if _names_columns(dialect, line)), None)
    if unknown is not None:
        note = (
            f"The head “{unknown:.60}” names no x, y and z that are known: columns were taken by their numbers. Name "
            "them x, y, z, r, g, b if the room is wrong."
        )
        return [], [], [note]
    for line in dialect.comments():
        if {"x", "y", "z"} <= {role(cell) for cell in re.split(r"[\s,;|]+", line)}:
            break
    else:
        return [], [], []
    note = f"The head names other columns (“{line:.60}”) than the {dialect.columns} that lines have: taken by place."
    return [], [], [note]


def _names_columns(dialect: Dialect, line: str) -> bool:
    """True for as many words as there are columns, none of them a number."""
    cells = dialect.split(line)
    return len(cells) == dialect.columns and all(re.search(r"[^\W\d_]", cell) for cell in cells)


def _head(dialect: Dialect, table: Table, names: list[str]) -> tuple[list[str], list[str]]:
    """What became of the lines above the table: notes and warnings."""
    notes, alarms = [], []
    others = [line for line in dialect.others() if not {"x", "y", "z"} <= {role(cell) for cell in _loose(line)}]
    counts = [line for line in others if re.fullmatch(r"\d{1,12}", line)]
    rows = len(table.values)
    if counts:
        declared = int(counts[-1])
        others = [line for line in others if line != counts[-1]]
        if declared > rows + table.bad + table.empty and not table.counts:
            alarms.append(f"The file says that it has {declared:,} points and holds {rows:,}: it may be cut short.")
        elif declared != rows and not table.counts:
            notes.append(f"The file says that it has {declared:,} points; it holds {rows:,}, and all were read.")
    if others:
        subject = "A line" if len(others) == 1 else f"{len(others):,} lines"
        notes.append(
            f"{subject} above the points left out: “{others[0]:.60}”" + (" first." if len(others) > 1 else ".")
        )
    return notes, alarms


def _loose(line: str) -> list[str]:
    """The words of a line, whatever is between them."""
    return [cell.strip('"') for cell in re.split(r"[\s,;|]+", line.lstrip("#/%!; ")) if cell]


def _cut_line(data: bytes, table: Table, notes: list[str]) -> None:
    """Leave out a last line that ends within a row."""
    if len(table.values) > 1 and not data.endswith(b"\n") and (np.isnan(table.values[-2:, -1]) == [False, True]).all():
        table.values = table.values[:-1]
        notes.append("The last line ends within a point, as in a file that was cut short, and was left out.")
