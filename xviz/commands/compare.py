"""Train a recipe with one thing changed at a time, and add the results to the record of the checkpoint."""

from __future__ import annotations

import argparse

from xviz.train.tasks import offer

HELP = "train a recipe with one thing changed at a time"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the packages of ``xviz.train`` offer under this name."""
    offer(parser, "compare", "MODEL")
