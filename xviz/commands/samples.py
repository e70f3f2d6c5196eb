"""Make the samples that come with xviz."""

from __future__ import annotations

import argparse

from xviz.train.tasks import offer

HELP = "make the shipped samples"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the packages of ``xviz.train`` offer under this name."""
    offer(parser, "samples", "MODEL")
