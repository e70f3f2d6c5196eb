"""Make a training set: from packages, by rendering, or by simulation."""

from __future__ import annotations

import argparse

from xviz.train.tasks import offer

HELP = "make a training set"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the packages of ``xviz.train`` offer under this name."""
    offer(parser, "make", "SET")
