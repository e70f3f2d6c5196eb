"""Statistics over a batch: which heads carry mass between modalities, which methods are faithful, what modalities add.

  xviz statistics results
  xviz statistics results --json

Every mean stands with the interval in which 95 % of bootstrap samples have it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "statistics over a batch, with bootstrap intervals"
MOST = 20  #: rows of a table that are printed


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which batch."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="the folder of a batch, finished or running")
    parser.add_argument("--json", action="store_true", help="print JSON for programs, all rows")


def run(given: argparse.Namespace) -> None:
    """Print tables."""
    from xviz import asking
    from xviz.batch.opened import open_folder
    from xviz.batch.statistics import Mean, plain, statistics

    tables = statistics(open_folder(given.folder).table)
    if given.json:
        print(asking.plain(plain(tables)))
        return
    for title, rows in tables.items():
        columns = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_text(row.get(name), Mean) for name in columns] for row in rows[:MOST]]
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        print(f"\n{title}")
        for line in (columns, *cells):
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if len(rows) > MOST:
            print(f"  and {len(rows) - MOST} more")


def _text(value: object, kind: type) -> str:
    if value is None:
        return ""
    if isinstance(value, kind):
        return value.text()  # type: ignore[attr-defined]
    return f"{value:.3g}" if isinstance(value, float) else str(value)
