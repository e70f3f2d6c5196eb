"""Measure a checkpoint and write its record, checkpoints/NAME.json."""

from __future__ import annotations

import argparse

from xviz.train.tasks import offer

HELP = "measure a checkpoint and write its record"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the packages of ``xviz.train`` offer under this name."""
    offer(parser, "measure", "MODEL")
