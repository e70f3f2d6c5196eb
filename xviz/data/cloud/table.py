"""A table of numbers out of a text, and what became of each of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError

BAD = 0.02  #: share of lines without numbers above which a file is refused


@dataclass
class Table:
    """Numbers of a text, and what became of its lines."""

    values: NDArray[np.float64]  #: (rows, columns) NaN where the text has none
    lines: int = 0  #: all lines, empty ones included
    bad: int = 0  #: lines left out because they hold something else than the numbers of a row
    first: int = 0  #: the first of them, as a line of the file; 0 where there is none
    remarks: int = 0  #: lines that are marked as comments
    empty: int = 0  #: lines left out because they hold nothing, or no number at all
    counts: list[tuple[int, float]] = field(default_factory=list)  #: line and value of lines with a single number

    def notes(self) -> list[str]:
        """What was left out, in words."""
        remarks = f"{self.remarks:,} comment{'s' * (self.remarks > 1)}"
        notes = [f"{remarks} among the points left out."] if self.remarks else []
        if not self.bad:
            return notes
        several = "lines hold" if self.bad > 1 else "line holds"
        gone = "were" if self.bad > 1 else "was"
        return [
            *notes,
            f"{self.bad:,} {several} something else than the numbers of a point and {gone} left out, the first in line "
            f"{self.first:,}.",
        ]

    def check(self) -> None:
        """Refuse a table of which too much is no row.

        Raises:
            SampleError: nothing in it is a number, or too many lines hold something else.
        """
        lines = self.lines - self.empty - self.remarks
        if not lines or self.bad > max(BAD * lines, 2 if lines > 10 else 0):
            raise SampleError(
                f"A cloud as text has the same numbers in each line; {self.bad:,} of {lines:,} lines have something "
                "else"
                + (f", the first in line {self.first:,}. " if self.first else ". ")
                + "Save the points again, as x y z r g b."
            )


def summed(tables: Sequence[Table]) -> Table:
    """What became of the lines of all tables of a file; of their numbers it has none."""
    firsts = [table.first for table in tables if table.first]
    return Table(
        np.empty((0, 0)),
        lines=sum(table.lines for table in tables),
        bad=sum(table.bad for table in tables),
        first=min(firsts, default=0),
        remarks=sum(table.remarks for table in tables),
        empty=sum(table.empty for table in tables),
    )
