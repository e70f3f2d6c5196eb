"""Commands of instruments: ``xviz make notes``, ``xviz train|measure|compare|samples mmvit-instruments``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

NAME = "mmvit-instruments"
SET = "folder that “xviz make notes” wrote"


def notes(parser: ArgumentParser) -> None:
    """Arguments of the training set."""
    tasks.out(parser, help_text="folder for the set")


def make(options: Namespace) -> None:
    """Make the training set."""
    from xviz.train.mmvit.instruments.notes import build

    build(options.out)


def comparison(parser: ArgumentParser) -> None:
    """Arguments of the comparison."""
    from xviz.train.mmvit.compare import FORMS, SEEDS

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / f"{NAME}.json", "record to add to")
    parser.add_argument(
        "--form", action="append", choices=list(FORMS[NAME]), help="one form (default all); may be repeated"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, metavar="N", help=f"seeds (default {SEEDS})")


def compare(options: Namespace) -> None:
    """Train every form and seed that the record lacks, and add their scores to it."""
    from xviz.train.mmvit.compare import FORMS, compare

    compare(NAME, options.data, options.form or list(FORMS[NAME]), options.seeds, options.out)


def shipped(parser: ArgumentParser) -> None:
    """Arguments of the samples."""
    tasks.data(parser, SET)


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.train.mmvit.samples import instruments

    instruments(options.data)


TASKS = (
    Task("make", "notes", "render notes of instruments from soundfonts, for mmvit-instruments", notes, make),
    tasks.training(NAME, "instruments", SET, __package__, NAME),
    tasks.measuring(NAME, "instruments", SET, __package__, ("clips", 40, "clips for the table of places")),
    Task("compare", NAME, "instruments", comparison, compare),
    Task("samples", NAME, "instruments", shipped, samples),
)
