"""Commands of image–sentence matching: ``xviz make scenes``, ``xviz train|measure|samples mmca``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

SET = "folder that “xviz make scenes” wrote"
#: split → scenes of it
SCENES = {"train": 10000, "val": 500, "test": 1000, "unseen": 1000, "photos": 1000, "known": 1000}
SCENES |= {"singles": 1500, "samples": 24}


def scenes(parser: ArgumentParser) -> None:
    """Arguments of the training set."""
    tasks.out(parser, help_text="folder for the set")
    tasks.cache(parser, "OUT")
    for split, count in SCENES.items():
        tasks.number(parser, split, count, "scenes of this split")
    tasks.number(parser, "seed", 0, "seed of everything drawn at random")
    tasks.number(parser, "workers", 2, "processes")


def make(options: Namespace) -> None:
    """Make the training set."""
    from xviz.train.mmca import scenes

    wanted = {split: getattr(options, split) for split in SCENES}
    scenes.make(options.out, options.cache or options.out / "cache", wanted, seed=options.seed, workers=options.workers)


def measurement(parser: ArgumentParser) -> None:
    """Arguments of the measurement."""
    from xviz.train.mmca.measure import NAMED, PARTS

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / "mmca.json", "record to write")
    tasks.number(parser, "things", 250, "named things for the table of words and regions")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured; the rest is kept")
    parser.add_argument("--splits", nargs="+", choices=NAMED, default=NAMED, help="of the part “alignment”")


def measured(options: Namespace) -> None:
    """Measure the checkpoint."""
    from xviz.train.mmca.measure import measure

    measure(options.data, options.out, things=options.things, parts=options.parts, named=options.splits)


def shipped(parser: ArgumentParser) -> None:
    """Arguments of the samples."""
    help_ = f"{SET}; without it, only the features of the pictures that ship are made again"
    parser.add_argument("--data", type=Path, metavar="DIR", help=help_)


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.data.shipped import samples as shipped
    from xviz.train.mmca.samples import encode, make

    if options.data is None:
        encode(shipped("mmca"))
    else:
        make(options.data)


TASKS = (
    Task("make", "scenes", "compose scenes with sentences from packages, for mmca", scenes, make),
    tasks.training("mmca", "image–sentence matching", SET, __package__, "mmca"),
    Task("measure", "mmca", "image–sentence matching", measurement, measured),
    Task("samples", "mmca", "pictures and sentences", shipped, samples),
)
