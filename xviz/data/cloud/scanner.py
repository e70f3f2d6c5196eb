"""PTX, the text that laser scanners export: scans one after the other, each with its size, its place and its turn.

Each scan is a grid of columns × rows points, of which those that gave no echo are all zero, and a 4 × 4 matrix that
brings it to where the others are.
"""

from __future__ import annotations

import re
from io import BytesIO
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count
from xviz.data.cloud.dialect import plain_text
from xviz.data.cloud.text import read_table

_MOST_SCANS = 10_000
_NUMBER = rb"[ \t]*[-+]?[\d.]+(?:[eE][-+]?\d+)?"
_END = rb"[ \t]*\r?\n"
_ROW3, _ROW4 = (rb"(?:" + _NUMBER * many + _END + rb"){4}" for many in (3, 4))
_HEAD = re.compile(rb"(?:\s*\d{1,9}" + _END + rb"){2}" + _ROW3 + _ROW4)


def looks_like_ptx(start: bytes) -> bool:
    """True for the head of a scan: two whole numbers, four lines of three, four lines of four."""
    return bool(_HEAD.match(start.removeprefix(b"\xef\xbb\xbf")))


def read_ptx(data: bytes) -> RawCloud:
    """All scans of a PTX file as one cloud.

    Raises:
        SampleError: it is cut short, or a scan is not as its head says.
    """
    data = plain_text(data)
    file, places, colours, notes, dark, left, line = BytesIO(data), [], [], [], 0, 0, 1
    while head := _head(file):
        if len(places) >= _MOST_SCANS:
            raise SampleError(f"A PTX file may hold {_MOST_SCANS:,} scans; this one holds more. Save some of them.")
        count, matrix = head
        line += 10
        if not count:
            continue
        check_count(count, len(data) - file.tell() + 1, 6, "PTX")
        check_count(sum(map(len, places)) + count, LIMIT_POINTS * 100, 1, "PTX")
        begin = file.tell()
        columns = len(file.readline().split())
        if columns not in (3, 4, 6, 7):
            raise SampleError(f"A PTX file has x y z, intensity, and r g b in each line; line {line:,} has {columns}.")
        file.seek(begin)
        rows = sum(1 for _ in islice(file, count))
        end = file.tell()
        table = read_table(BytesIO(data[begin:end]), columns, rows=count, line=line)
        if rows < count:
            raise SampleError(f"The PTX file is cut short: a scan promises {count:,} points and holds {rows:,}.")
        xyz = table.values[:, :3]
        echoed = (xyz != 0).any(1)
        dark += int((~echoed).sum())
        left += table.bad
        notes = notes or table.notes()
        places.append(xyz[echoed] @ matrix[:3, :3] + matrix[3, :3])
        colours.append(table.values[echoed, -3:] if columns >= 6 else None)
        line += count
    if not places:
        raise SampleError("The PTX file holds no scan. Save it again.")
    grey = sum(part is None for part in colours)
    whole = None
    if grey < len(colours):
        none = (np.full((len(points), 3), np.nan) for points in places)
        pairs = zip(colours, none, strict=True)
        whole = np.concatenate([empty if part is None else part for part, empty in pairs])
    several = f"{len(places)} scans, each at its place" if len(places) > 1 else "One scan"
    notes.insert(0, f"{several}; {dark:,} directions gave no echo and are no points.")
    if whole is None:
        notes.append("Intensities are no colours: read without colours.")
    raw = RawCloud(np.concatenate(places), whole, notes=notes, up="z")
    if whole is not None and grey:
        raw.warnings.append(f"{grey} of {len(colours)} scans have no colours; their points are grey.")
    return raw


def _head(file: BytesIO) -> tuple[int, NDArray[np.float64]] | None:
    """How many points a scan has and its matrix, for rows times matrix; None at the end of the file.

    Raises:
        SampleError: something else stands there.
    """
    lines = []
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
    return count, matrix
