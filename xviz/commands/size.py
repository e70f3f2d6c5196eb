"""Count parameters and multiply-adds of mmvit and mit at the papers' scale."""

from __future__ import annotations

import argparse

HELP = "parameters and multiply-adds at the papers' scale"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(given: argparse.Namespace) -> None:
    """Print two tables."""
    from xviz.models.counts import parts, sizes

    print(f"{'':30} million parameters (estimate)   billion multiply-adds (estimate)")
    for row in sizes():
        print(
            f"{row['form']:30} {row['millions']:9.2f} ({row['estimate']}) {row['billions']:20.2f} ({row['estimated']})"
        )
    print(f"{'':80} parameters (in the notes)")
    for name, (count, notes) in parts().items():
        print(f"{name:80} {count:10,} ({notes:,})")
