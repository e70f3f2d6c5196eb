"""PTX, the text that laser scanners export: scans one after the other, each with its size, its place and its turn.

Each scan is a grid of columns × rows points, of which those that gave no echo are all zero, and a 4 × 4 matrix that
brings it to where the others are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count
from xviz.data.cloud.dialect import COMMENT, plain_text
from xviz.data.cloud.table import Table, summed
from xviz.data.cloud.text import read_table

_MOST_SCANS = 10_000
_NUMBER = rb"[ \t]*[-+]?[\d.]+(?:[eE][-+]?\d+)?"
_END = rb"[ \t]*\r?\n"
_ROW3, _ROW4 = (rb"(?:" + _NUMBER * many + _END + rb"){4}" for many in (3, 4))
_DONE, _REMARK = re.compile(rb"\s*\Z"), re.compile(COMMENT.pattern.encode())
_HEAD = re.compile(rb"(?:\s*\d{1,9}" + _END + rb"){2}" + _ROW3 + _ROW4)


def looks_like_ptx(start: bytes) -> bool:
    """True for the head of a scan: two whole numbers, four lines of three, four lines of four."""
    return bool(_HEAD.match(start.removeprefix(b"\xef\xbb\xbf")))


def read_ptx(data: bytes) -> RawCloud:
    """All scans of a PTX file as one cloud.

    Raises:
        SampleError: it is cut short, a scan is not as its head says, or too many lines hold something else.
    """
    data = plain_text(data)
    places, colours, tables, dark, at, line = [], [], [], 0, 0, 1
    while head := _head(data, at):
        if len(places) >= _MOST_SCANS:
            raise SampleError(f"A PTX file may hold {_MOST_SCANS:,} scans; this one holds more. Save some of them.")
        count, matrix, begin = head
        line += data.count(b"\n", at, begin)
        at = begin
        if not count:
            continue
        check_count(count, len(data) - begin + 1, 6, "PTX")
        check_count(sum(map(len, places)) + count, LIMIT_POINTS * 100, 1, "PTX")
        table, at = _points(data, begin, count, line)
        line += data.count(b"\n", begin, at)
        echoed = (table.values[:, :3] != 0).any(1)
        dark += int((~echoed).sum())
        places.append(table.values[echoed, :3] @ matrix[:3, :3] + matrix[3, :3])
        colours.append(table.values[echoed, -3:] if table.values.shape[1] >= 6 else None)
        tables.append(replace(table, values=np.empty((0, 0))))
    if not places:
        raise SampleError("The PTX file holds no scan. Save it again.")
    of_file = summed(tables)
    of_file.check()
    grey = sum(part is None for part in colours)
    whole = None
    if grey < len(colours):
        none = (np.full((len(points), 3), np.nan) for points in places)
        pairs = zip(colours, none, strict=True)
        whole = np.concatenate([empty if part is None else part for part, empty in pairs])
    several = f"{len(places)} scans, each at its place" if len(places) > 1 else "One scan"
    notes = [f"{several}; {dark:,} directions gave no echo and are no points.", *of_file.notes()]
    if of_file.empty:
        lines = "1 line" if of_file.empty == 1 else f"{of_file.empty:,} lines"
        notes.append(f"{lines} without a number among the points left out.")
    if whole is None:
        notes.append("Intensities are no colours: read without colours.")
    raw = RawCloud(np.concatenate(places), whole, notes=notes, up="z")
    if whole is not None and grey:
        raw.warnings.append(f"{grey} of {len(colours)} scans have no colours; their points are grey.")
    return raw


def _points(data: bytes, begin: int, count: int, line: int) -> tuple[Table, int]:
    """The points of a scan, and where its last line ends; empty lines and comments may stand for points or among them.

    Args:
        data: The file.
        begin: Where the points begin.
        count: How many there are.
        line: Number of their first line in the file.

    Raises:
        SampleError: they are cut short, or something else stands there.
    """
    file = BytesIO(data)
    file.seek(begin)
    columns = len(file.readline().split())
    if columns not in (3, 4, 6, 7):
        raise SampleError(f"A PTX file has x y z, intensity, and r g b in each line; line {line:,} has {columns}.")
    file.seek(begin)
    rows = sum(1 for _ in islice(file, count))
    end = file.tell()
    table = read_table(BytesIO(data[begin:end]), columns, rows=count, line=line)
    if rows < count:
        raise SampleError(f"The PTX file is cut short: a scan promises {count:,} points and holds {rows:,}.")
    missing = table.empty + table.remarks
    if missing and not _DONE.match(data, end) and not _HEAD.match(data, end):  # the count leaves them out
        while missing and (text := file.readline()):
            missing -= bool(text.strip()) and not _REMARK.match(text)
            rows += 1
        end = file.tell()
        table = read_table(BytesIO(data[begin:end]), columns, rows=rows, line=line)
    return table, end


def _head(data: bytes, at: int) -> tuple[int, NDArray[np.float64], int] | None:
    """How many points a scan has, its matrix, for rows times matrix, and where its points begin; None at the end.

    Raises:
        SampleError: something else stands there.
    """
    file, lines = BytesIO(data), []
    file.seek(at)
    while len(lines) < 10 and (line := file.readline()):
        if line.strip():
            lines.append(line.split())
    if not lines:
        return None
    try:
        count = int(lines[0][0]) * int(lines[1][0])
        matrix = np.array(lines[6:10], np.float64)
    except (ValueError, IndexError) as error:
        raise SampleError(f"A scan of the PTX file has no head ({error!s:.80}). Save it again.") from error
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise SampleError("A scan of the PTX file has no matrix of 4 × 4 numbers. Save it again.")
    return count, matrix, file.tell()
