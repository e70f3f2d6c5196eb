"""The numbers and words of a table, whatever separates them and whatever stands above them."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg.names import parts

EMPTY = {"", "nan", "na", "null", "none", "-", "inf", "-inf"}


@dataclass
class Table:
    """Columns of a table."""

    names: list[str]
    columns: list[NDArray[np.float64]]
    texts: list[list[str] | None]  #: the words of a column that is no numbers
    comments: list[str] = field(default_factory=list)


def read_table(data: bytes) -> Table:
    """The table in a file.

    Raises:
        SampleError: there is none.
    """
    text = _decoded(data)
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if _numbers(line)), None)
    if first is None:
        raise SampleError(
            "A CSV needs a first line of channel names and then numbers, separated by commas, semicolons, tabs or "
            f"spaces; this file begins with “{lines[0][:60] if lines else ''}”."
        )
    mark = _mark(lines[first : first + 20])
    width = len(_cells(lines[first], mark))
    comments, names = lines[:first], None
    for line in reversed(lines[:first]):
        cells = [cell.strip() for cell in _cells(line.lstrip("%#").strip(), mark)]
        if (len(cells) in (width, width - 1) and not line.startswith("%")) or (len(cells) == width and width > 2):
            names = cells if len(cells) == width else ["", *cells]
            break
    if names is None and (said := re.search(r"labels:([^,]*)", " ".join(comments))):
        names = said[1].split()
        names += [f"column {i + 1}" for i in range(len(names), width)]
        names = names[:width]
    if names is None:
        above = len(_cells(lines[first - 1], mark)) if first else 0
        raise SampleError(
            f"A CSV needs a first line of channel names and then numbers: it has {width} columns and "
            + (f"names {above}. Give one name for each." if above else "no names. Write the names into a first line.")
        )
    return _columns(lines[first:], names, mark, comments)


def _columns(lines: Sequence[str], names: list[str], mark: str, comments: list[str]) -> Table:
    """Columns of numbers, date stamps as seconds, and words.

    Raises:
        SampleError: lines are of unequal length.
    """
    comma = mark != "," and sum("," in line for line in lines[:50]) > sum("." in line for line in lines[:50])
    body = "\n".join(lines)
    if comma:
        body = body.replace(",", ".")
    try:
        whole = np.loadtxt(StringIO(body), delimiter=None if mark == " " else mark, ndmin=2).T
        if len(whole) == len(names):
            return Table(names, list(whole), [None] * len(names), comments)
    except ValueError:
        pass
    rows = [row for line in body.splitlines() if line.strip() for row in [_cells(line, mark)]]
    uneven = next((i for i, row in enumerate(rows) if len(row) != len(names)), None)
    if uneven is not None:
        raise SampleError(
            f"A CSV needs as many numbers in each line as there are names: {len(names)}; row {uneven + 1} of the "
            f"numbers has {len(rows[uneven])}. It may be cut short, or a decimal comma stand where columns are "
            "separated by commas."
        )
    columns, texts = [], []
    for index in range(len(names)):
        cells = [row[index].strip() for row in rows]
        numbers, words = _numeric(cells)
        if words is not None and NAMED_TIME.search(names[index] or "time"):
            seconds = _dates(cells)
            numbers, words = (numbers, words) if seconds is None else (seconds, None)
        columns.append(numbers)
        texts.append(words)
    if all(text is not None for text in texts):
        raise SampleError(
            "A CSV needs a first line of channel names and then numbers; no column of this one is numbers."
        )
    bad = [name for name, text in zip(names, texts, strict=True) if text is not None and parts(name)[0]]
    if bad:
        raise SampleError(
            f"A CSV needs a first line of channel names and then numbers; “{bad[0]}” holds words. Mend it, or take "
            "it out."
        )
    return Table(names, columns, texts, comments)


NAMED_TIME = re.compile(r"time|date|stamp|zeit|clock|uhr|datum", re.I)


def _numeric(cells: Sequence[str]) -> tuple[NDArray[np.float64], list[str] | None]:
    """Cells as numbers, NaN where empty; and as words where they are no numbers."""
    made, odd = np.full(len(cells), np.nan), 0
    for i, cell in enumerate(cells):
        try:
            made[i] = float(cell)
        except ValueError:
            odd += cell.lower() not in EMPTY
    return made, list(cells) if odd else None


def _dates(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Date stamps, or times of day, as seconds; None where they are neither."""
    made = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        found = re.fullmatch(
            r"(?:(\d{4})[-/.](\d\d?)[-/.](\d\d?)[T ])?(\d\d?):(\d\d)(?::(\d\d(?:[.,:]\d+)?))?(?:Z|[+-]\d\d:?\d\d)?",
            cell,
        )
        if found:
            day = 0.0
            if found[1]:
                day = (
                    float(np.datetime64(f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}").astype("int64")) * 86400
                )
            second = (found[6] or "0").replace(",", ".").replace(":", ".")
            made[i] = day + int(found[4]) * 3600 + int(found[5]) * 60 + float(second)
        elif cell.lower() not in EMPTY:
            return None
    return made if np.isfinite(made).any() else None


def _decoded(data: bytes) -> str:
    """Text of a file.

    Raises:
        SampleError: it is no text.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and len(data) % 2 == 0:
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise SampleError(
                f"A CSV needs a first line of channel names and then numbers, as text; {error}."
            ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text[:10_000]:
        raise SampleError("A CSV needs a first line of channel names and then numbers; this file is no text.")
    return text


def _cells(line: str, mark: str) -> list[str]:
    """The cells of a line."""
    if mark == " ":
        return line.split()
    return next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])


def _mark(lines: Sequence[str]) -> str:
    """What separates columns."""
    if any("\t" in line for line in lines):
        return "\t"
    if any(";" in line for line in lines):
        return ";"
    return "," if any("," in line for line in lines) else " "


def _numbers(line: str) -> bool:
    """Whether a line is one of numbers: most of its cells are."""
    if line.startswith(("%", "#")) or not line.strip():
        return False
    cells = [cell.strip() for cell in _cells(line, _mark([line]))]
    good = sum(
        bool(re.fullmatch(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|nan|NaN|-?inf", cell)) for cell in cells
    )
    return good > 0 and good >= 0.5 * len([cell for cell in cells if cell.lower() not in EMPTY])
