"""Train a checkpoint."""

from __future__ import annotations

import argparse

from xviz.train.tasks import offer

HELP = "train a checkpoint"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the packages of ``xviz.train`` offer under this name."""
    offer(parser, "train", "MODEL")
