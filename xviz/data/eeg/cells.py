"""The numbers and words of a table, whatever separates them and whatever stands above them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg.names import parts

#: a cell of a line of units
UNIT = re.compile(r"[(\[]?\s*(?:s|secs?|ms|[uµμ]s|[uµμnm]?V|Hz|°?C|%|g|-|n/a|)\s*[)\]]?", re.I)
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
    first = _first(lines)
    if first is None:
        if match := re.search(r"\d,\d{3}\.\d+|\d\.\d{3},\d+", text[:10_000]):
            raise SampleError(
                f"A CSV needs numbers without marks between thousands; this one has “{match[0]}”. Export it without."
            )
        raise SampleError(
            "A CSV needs a first line of channel names and then numbers, separated by commas, semicolons, tabs or "
            f"spaces; this file begins with “{lines[0][:60] if lines else ''}”."
        )
    mark = _mark(lines[first : first + 20])
    comments, body = lines[:first], _unended(lines[first - 1] if first else "", lines[first:], mark)
    width = len(_cells(body[0], mark))
    names = _named(comments, mark, width)
    if names is None:
        above = len(_cells(lines[first - 1], mark)) if first else 0
        if not above and width > len(lines) and parts(_cells(body[0], mark)[0])[0]:
            raise SampleError(
                "A CSV needs a line for each sample; in this one each line is a channel. Turn it round: one column "
                "for each channel, with its name in the first line."
            )
        raise SampleError(
            f"A CSV needs a first line of channel names and then numbers: it has {width} columns and "
            + (f"names {above}. Give one name for each." if above else "no names. Write the names into a first line.")
        )
    return _columns(body, names, mark, comments)


def _first(lines: Sequence[str]) -> int | None:
    """The first line of numbers, as wide as most at the end are: settings above ("Rate;250") look like numbers too."""
    widths = Counter(len(_cells(line, _mark([line]))) for line in lines[-50:] if line.strip())
    usual = widths.most_common(1)[0][0] if widths else 0
    good = [i for i, line in enumerate(lines[:1000]) if _numbers(line)]
    wide = (i for i in good if len(_cells(lines[i], _mark([lines[i]]))) == usual)
    return next(wide, good[0] if good else None)


def _unended(above: str, lines: Sequence[str], mark: str) -> list[str]:
    """The lines without a mark that ends each of them and separates nothing, as the line of names above shows."""
    filled = [line.rstrip("\r\n ") for line in lines if line.strip()]
    if mark == " " or not all(line.endswith(mark) for line in filled):
        return filled
    named, width = len(_cells(above.strip(" "), mark)), len(_cells(filled[0], mark))
    ended = above.rstrip("\r\n ").endswith(mark)
    return [line[: -len(mark)] for line in filled] if ended or named == width - 1 else filled


def _named(above: Sequence[str], mark: str, width: int) -> list[str] | None:
    """The names of the columns out of the lines above them, with units where a line of these stands below the names."""
    units: list[str] = []
    for line in reversed(above):
        cells = [cell.strip() for cell in _cells(line.lstrip("%#").strip(), mark)]
        if len(cells) == width + 1 and not cells[-1]:
            cells = cells[:-1]
        if (len(cells) in (width, width - 1) and not line.startswith("%")) or (len(cells) == width and width > 2):
            cells = cells if len(cells) == width else ["", *cells]
            if not units and any(cells) and all(UNIT.fullmatch(cell) for cell in cells):
                units = [cell.strip("()[] ") for cell in cells]
                continue
            return [
                f"{name} ({unit})" if unit else name for name, unit in zip(cells, units or [""] * width, strict=True)
            ]
    match = re.search(r"labels:([^,]*)", " ".join(above))
    names = match[1].split() if match else _openbci(above)
    return [*names, *(f"other {i + 1}" for i in range(len(names), width))][:width] if names else None


def _openbci(above: Sequence[str]) -> list[str]:
    """The columns of an OpenBCI file of before 2020, which says how many channels it has and names none."""
    match = re.search(r"number of channels\s*=\s*(\d+)", " ".join(above), re.I)
    if match is None or "openbci" not in " ".join(above).lower():
        return []
    return ["Sample Index", *(f"EXG Channel {i}" for i in range(int(match[1])))]


def _columns(lines: Sequence[str], names: list[str], mark: str, comments: list[str]) -> Table:
    """Columns of numbers, date stamps as seconds, and words.

    Raises:
        SampleError: lines are of unequal length.
    """
    cells_ = [cell for line in lines[:50] for cell in _cells(line, mark)]
    comma = mark != "," and sum(bool(COMMA.fullmatch(cell.strip())) for cell in cells_) > sum(
        bool(re.fullmatch(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?", cell.strip())) for cell in cells_
    )
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


COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")  #: a number with a decimal comma
NAMED_TIME = re.compile(r"time|date|stamp|zeit|clock|uhr|datum", re.I)


def _numeric(cells: Sequence[str]) -> tuple[NDArray[np.float64], list[str] | None]:
    """Cells as numbers, NaN where empty; and as words where they are no numbers."""
    numbers, odd = np.full(len(cells), np.nan), 0
    quoted = any(COMMA.fullmatch(cell) and not re.fullmatch(r"[-+]?\d{1,3},\d{3}", cell) for cell in cells[:1000])
    if quoted:  # in quotes, where commas separate columns too
        cells = [cell.replace(",", ".") if COMMA.fullmatch(cell) else cell for cell in cells]
    for i, cell in enumerate(cells):
        try:
            numbers[i] = float(cell)
        except ValueError:
            odd += cell.lower() not in EMPTY
    return numbers, list(cells) if odd else None


STAMP = re.compile(
    r"(?:(?P<day>\d{1,4}[-/.]\d\d?[-/.]\d{1,4})[T ]\s*)?(?P<hour>\d\d?):(?P<minute>\d\d)(?P<second>[:.,]\d[\d.,:]*)?"
    r"(?:\s*(?P<half>[AP])\.?M\.?)?\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)?",
    re.I,
)


def _dates(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """Date stamps, or times of day, as seconds; None where they are neither.

    Times without a day go on after midnight, and those of minutes and seconds ("59:59.9", as Excel writes them) after
    the full hour.
    """
    seconds, round_of = np.full(len(cells), np.nan), 0.0
    for i, cell in enumerate(cells):
        if match := STAMP.fullmatch(cell.strip()):
            hour, minute, second = int(match["hour"]), int(match["minute"]), match["second"] or ":0"
            if match["half"]:
                hour = hour % 12 + 12 * (match["half"].upper() == "P")
            day = _day(match["day"]) if match["day"] else 0.0
            if day is None:
                return None
            if second[0] == ":":
                seconds[i] = day + hour * 3600 + minute * 60 + float(re.sub("[,:]", ".", second[1:]))
                round_of = 0.0 if match["day"] else 86400.0
            else:
                seconds[i], round_of = hour * 60 + minute + float(f"0.{second[1:]}"), 3600.0
        elif cell.lower() not in EMPTY:
            return None
    known = np.flatnonzero(np.isfinite(seconds))
    if round_of and len(known):
        seconds[known] += round_of * np.concatenate([[0], np.cumsum(np.diff(seconds[known]) < -round_of / 2)])
    return seconds if len(known) else None


def _day(text: str) -> float | None:
    """A day as s since 1970: year first, day first with points, month first with strokes; None where it is none."""
    first, middle, last = (int(number) for number in re.split(r"[-/.]", text))
    if first > 31:
        year, month, day = first, middle, last
    else:
        year, month, day = (last, middle, first) if "." in text or first > 12 else (last, first, middle)
    try:
        return float(np.datetime64(f"{year + 2000 * (year < 100):04d}-{month:02d}-{day:02d}").astype("int64")) * 86400
    except ValueError:
        return None


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
    if len(data) > 64 and not any(data[1:64:2]):  # UTF-16 without its mark
        data = data.decode("utf-16-le", "replace").encode()
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
