"""Command of Fashion-MNIST: ``xviz compare mmvit-fashion``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from xviz.places import RESULTS
from xviz.train import tasks
from xviz.train.tasks import Task

NAME = "mmvit-fashion"
SET = "folder of Fashion-MNIST, /usr/share/datasets/fashion-mnist of the Debian package dataset-fashion-mnist"


def comparison(parser: ArgumentParser) -> None:
    """Arguments of the comparison."""
    from xviz.train.mmvit.fashion.recipe import FORMS, Recipe

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / f"{NAME}.json", "record to add to")
    parser.add_argument("--form", action="append", choices=list(FORMS), help="one form (default all); may be repeated")
    parser.add_argument("--seeds", type=int, nargs="+", default=(0,), metavar="N", help="seeds (default 0)")
    tasks.number(parser, "epochs", Recipe.epochs, "passes over the training set")
    tasks.number(parser, "pictures", Recipe.pictures, "pictures of the training split that are trained on")


def compare(options: Namespace) -> None:
    """Train every form and seed that the record lacks, and add their accuracies to it."""
    from xviz.train.mmvit.fashion.compare import compare
    from xviz.train.mmvit.fashion.recipe import FORMS, Recipe

    recipe = Recipe(epochs=options.epochs, pictures=options.pictures)
    compare(options.data, options.form or list(FORMS), options.seeds, recipe, options.out)


TASKS = (Task("compare", NAME, "Fashion-MNIST, a public benchmark of pictures", comparison, compare),)
