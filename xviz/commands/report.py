"""Fill the tables of docs/measurements.md from the records of the checkpoints."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from xviz.places import ROOT

HELP = "fill docs/measurements.md from the records"
DOCUMENT = ROOT / "docs" / "measurements.md"
_BLOCK = re.compile(r"(<!-- measured ([\w-]+): begin -->\n).*?(<!-- measured \2: end -->)", re.DOTALL)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which file."""
    parser.add_argument(
        "--out", type=Path, default=DOCUMENT, metavar="FILE", help="file whose marked blocks are filled"
    )


def run(given: argparse.Namespace) -> None:
    """Rewrite the file."""
    from xviz.core.errors import XvizError

    if not given.out.is_file():
        raise XvizError(f"There is no {given.out} to fill. Name a checkout's docs/measurements.md with --out.")
    given.out.write_text(filled(given.out.read_text(encoding="utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """The text with every marked block as the records have it now."""
    return _BLOCK.sub(lambda block: f"{block[1]}{_table(block[2])}\n{block[3]}", text)


def _table(name: str) -> str:
    """The tables of one checkpoint, or of the papers' sizes."""
    from xviz import record
    from xviz.models.counts import sizes

    if name != "sizes":
        return record.as_markdown(record.read(name)).strip()
    rows = [
        f"| {row['form']} | {row['millions']:.1f} ({row['estimate']}) | {row['billions']:.1f} ({row['estimated']}) |"
        for row in sizes()
    ]
    head = "| form | million parameters (estimate of the notes) | billion multiply-adds (estimate) |\n|---|---|---|"
    return "\n".join([head, *rows])
