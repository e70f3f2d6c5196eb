"""Commands of object pictures: ``xviz make renders``, ``xviz train|measure|compare|samples mmvit-objects``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

NAME = "mmvit-objects"
SET = "folder that “xviz make renders” wrote"


def renders(parser: ArgumentParser) -> None:
    """Arguments of the training set."""
    tasks.out(parser, help_text="folder for the set")
    tasks.cache(parser, "OUT")


def make(options: Namespace) -> None:
    """Make the training set."""
    from xviz.train.mmvit.objects.renders import build

    build(options.out, (options.cache or options.out / "cache").resolve())


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
    tasks.cache(parser, "DATA")


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.train.mmvit.samples import objects

    objects(options.data, options.cache or options.data / "cache")


TASKS = (
    Task("make", "renders", "render cut-outs of furniture, for mmvit-objects", renders, make),
    tasks.training(NAME, "object pictures", SET, __package__, NAME),
    tasks.measuring(
        NAME,
        "object pictures",
        SET,
        __package__,
        ("clips", 40, "pictures for the table of places"),
    ),
    Task("compare", NAME, "object pictures", comparison, compare),
    Task("samples", NAME, "object pictures", shipped, samples),
)
