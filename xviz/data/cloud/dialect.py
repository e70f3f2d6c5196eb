"""How a text of points is written: where its table begins, what is above it, and how its lines are split.

A dialect is judged on lines from several places of the file, since a first line may be a count of points, the place of
the scanner or the names of the columns.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xviz.core.errors import SampleError

MOST_COLUMNS = 64
_LONGEST = 1 << 16  #: bytes of a line
_HEAD = 500  #: lines above the table, at most
_PIECES, _LINES = 8, 60  #: places of a file that are looked at, and lines there
_EXPONENT = r"([eE][+-]?\d+)?"
_NOTHING = r"|[+-]?(nan|inf|infinity)(\(ind\))?|"
_NUMBERS = {
    sign: re.compile(rf"\s*([+-]?(\d+[{sign}]?\d*|[{sign}]\d+){_EXPONENT}{_NOTHING})\s*", re.IGNORECASE)
    for sign in ".,"
}
#: separator, decimal sign; the first that fits most lines is taken
_WAYS = ((";", "."), (";", ","), ("\t", "."), ("\t", ","), ("|", "."), (r"\s+", "."), (",", "."), (r"\s+", ","))
_MIXED = 0.95  #: share of lines that one way of splitting must fit, else marks may be mixed
_BRACKETS = bytes.maketrans(b"()[]{},;|", b" " * 9)
COMMENT = re.compile(r"\s*(#|//|%|!|;|'|\*|--)")


@dataclass(frozen=True)
class Dialect:
    """How the lines of a table are split."""

    start: int  #: byte at which the table begins
    line: int  #: number of the table's first line, counted from one
    separator: str  #: as pandas takes it
    decimal: str
    columns: int
    head: tuple[str, ...] = ()  #: lines above the table
    bare: bool = False  #: brackets and several separators, which become spaces

    def split(self, text: str) -> list[str]:
        """The cells of a line."""
        if self.bare:
            text = text.encode("latin-1", "replace").translate(_BRACKETS).decode("latin-1")
        return _cells(text.strip("\r\n"), self.separator)

    def comments(self) -> list[str]:
        """Lines above the table that are marked as comments, without their marks."""
        return [COMMENT.sub("", line).lstrip("#/%!; ").strip() for line in self.head if COMMENT.match(line)]

    def others(self) -> list[str]:
        """Lines above the table that are neither comments nor empty."""
        return [line.strip() for line in self.head if line.strip() and not COMMENT.match(line)]


def plain_text(data: bytes) -> bytes:
    """The text in one byte a character and with line ends that are line feeds, without a mark of byte order."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode("latin-1", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data[:_LONGEST] and b"\n" not in data[:_LONGEST]:
        data = data.replace(b"\r", b"\n")
    return data


def bare(data: bytes) -> bytes:
    """The text with brackets and separators as spaces."""
    return data.translate(_BRACKETS)


def dialect_of(data: bytes) -> Dialect:
    """How a text that ``plain_text`` gave is written.

    Raises:
        SampleError: it has no table of numbers of three columns or more.
    """
    sample = list(_lines(data))
    marks, columns, fits = _way(sample)
    loose = False
    if fits < _MIXED * len(sample):  # several marks between numbers, of which some stand in some lines only
        other = _way([line.encode("latin-1").translate(_BRACKETS).decode("latin-1") for line in sample])
        if other[0] is not None and other[2] > fits and (marks is None or other[0][1] == "."):
            marks, columns, fits = other
            loose = True
    if marks is None:
        _refuse(sample)
    assert marks is not None
    if not 3 <= columns <= MOST_COLUMNS:
        raise SampleError(
            f"A cloud as text has x, y and z in each line, and colours; this one has {columns} "
            f"column{'s' * (columns != 1)}" + (", as files of labels or counts have." if columns == 1 else ".")
        )
    if marks == (",", ".") and _commas_twice(sample):
        raise SampleError(
            "Commas stand both between the numbers and in them (2,09961,1,45215,…), so that they cannot be told apart. "
            "Save the cloud with decimal points, or with semicolons between the numbers."
        )
    dialect = Dialect(0, 1, *marks, columns, (), loose)
    offset, head = 0, []
    while offset < len(data) and len(head) < _HEAD:
        end = data.find(b"\n", offset)
        end = len(data) if end < 0 else end
        line = _words(data[offset:end])
        cells = dialect.split(line)
        if len(cells) >= columns and _numeric(cells, marks[1]) and not COMMENT.match(line):
            break
        head.append(line)
        offset = end + 1
    else:
        raise SampleError(
            f"A cloud as text has numbers in each line; this one has no line of numbers among its first {len(head):,}."
        )
    return Dialect(offset, len(head) + 1, *marks, columns, tuple(head), loose)


def _words(line: bytes) -> str:
    """A line as people wrote it: in UTF-8, else in Latin-1."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _lines(data: bytes) -> Iterator[str]:
    """Lines from several places of the file, none of them empty, none a part of one."""
    span = _LONGEST * 4
    for piece in range(_PIECES):
        offset = len(data) * piece // _PIECES
        part = data[offset : offset + span].decode("latin-1").split("\n")
        whole = part[1 if piece else 0 : None if offset + span >= len(data) else -1]
        begun = [line for line in whole if line.strip() and len(line) < _LONGEST and not COMMENT.match(line)]
        yield from begun[:_LINES]
        if span >= len(data):
            yield from begun[_LINES : _PIECES * _LINES]
            return


def _way(lines: Sequence[str]) -> tuple[tuple[str, str] | None, int, int]:
    """Separator and decimal sign that make numbers of most lines, how many columns these have, and lines that fit."""
    best, columns, fitting, alike = None, 0, 0, 0
    for separator, sign in _WAYS:
        split = [_cells(line, separator) for line in lines]
        counts = Counter(len(cells) for cells in split if _numeric(cells, sign))
        # a mark between cells that is not there makes one cell of each line
        counts.pop(1, None) if separator != r"\s+" or sign == "," else None
        if counts and (fits := sum(counts.values())) > fitting:
            top = max(counts.values())
            best, columns, fitting = (separator, sign), max(n for n, count in counts.items() if count == top), fits
            alike = top
    return (best, columns, alike) if fitting > len(lines) / 2 else (None, 0, 0)


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line, without an empty one at its end."""
    if separator == r"\s+":
        return line.split()
    cells = line.strip(" \r").split(separator)
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip().strip('"') for cell in cells]


def _numeric(cells: Sequence[str], sign: str) -> bool:
    """True where all cells are numbers or empty, and one is no empty one."""
    return any(cells) and all(_NUMBERS[sign].fullmatch(cell) for cell in cells)


def _commas_twice(lines: Sequence[str]) -> bool:
    """True for whole numbers alone, of which some begin with zeros as decimals do."""
    cells = [cell for line in lines for cell in _cells(line, ",")]
    return all("." not in cell for cell in cells) and any(re.match(r"0\d", cell) for cell in cells)


def _refuse(lines: Sequence[str]) -> None:
    """Say that a text is no table, with the line that shows it.

    Raises:
        SampleError: always.
    """
    wrong = next((line for line in lines if not any(_numeric(_cells(line, s), d) for s, d in _WAYS)), "")
    difference = f"; most lines have something else, such as “{wrong.strip():.60}”" if wrong else "; this one has none"
    raise SampleError(f"A cloud as text has numbers in each line{difference}. Save the points again, as x y z r g b.")
