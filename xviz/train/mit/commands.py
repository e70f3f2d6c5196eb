"""Commands of points and photos: ``xviz make rooms``, ``xviz train|measure|compare|samples mit``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path

from xviz.train import tasks
from xviz.train.tasks import Task

SET = "folder that “xviz make rooms” wrote"


def rooms(parser: ArgumentParser) -> None:
    """Arguments of the training set."""
    from xviz.train.mit.kinds import PARTS

    tasks.out(parser, help_text="folder for the set")
    tasks.number(parser, "rooms", 420, "rooms in all, or of the one part")
    tasks.number(parser, "seed", 0, "seed of every room")
    parser.add_argument("--part", choices=PARTS, help="make only this part")
    tasks.cache(parser, "OUT")


def make(options: Namespace) -> None:
    """Make the training set."""
    from xviz.train.common.sources import fetch
    from xviz.train.mit.kinds import PARTS
    from xviz.train.mit.rooms import build

    folder = fetch(options.cache or options.out / "cache", keys=("furniture",))["furniture"]
    build(options.out, folder, options.rooms, options.seed, (options.part,) if options.part else PARTS)


def comparison(parser: ArgumentParser) -> None:
    """Arguments of the comparison."""
    from xviz.train.mit.compare import FORMS, SHORT

    tasks.data(parser, SET)
    parser.add_argument("--form", action="append", choices=list(FORMS), help="one form (default all); may be repeated")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N", help="seeds (default 0)")
    tasks.number(parser, "epochs", SHORT.epochs, "epochs of both stages")
    tasks.number(parser, "rooms", SHORT.rooms, "rooms trained on")


def compare(options: Namespace) -> None:
    """Train the forms of the model briefly, on few rooms, and write their scores beside one another."""
    from xviz.train.mit.compare import FORMS, SHORT, compare

    short = replace(SHORT, epochs=options.epochs, second_epochs=options.epochs, rooms=options.rooms)
    compare(options.data, options.form or list(FORMS), options.seeds, short)


def shipped(parser: ArgumentParser) -> None:
    """Arguments of the samples."""
    from xviz.places import SAMPLES

    tasks.data(parser, SET)
    parser.add_argument("--rooms", nargs="+", required=True, metavar="NAME", help="test scenes, such as scene7003_00")
    tasks.out(parser, SAMPLES / "mit", "folder of the samples")


def samples(options: Namespace) -> None:
    """Make the samples."""
    from xviz.train.mit.samples import make

    make(options.data, options.rooms, options.out)


def frame(parser: ArgumentParser) -> None:
    """Arguments of the real sample."""
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR", help="folder of fetched packages")


def kinect(options: Namespace) -> None:
    """Make the real sample."""
    from xviz.train.mit.kinect import make

    make(options.cache)


def later(parser: ArgumentParser) -> None:
    """Arguments of a stage that goes on from weights."""
    from xviz.places import RESULTS
    from xviz.train.mit.steps import Recipe

    tasks.data(parser, SET)
    tasks.out(parser, RESULTS / "mit.safetensors", "weights to write")
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to go on from (default the shipped ones)")
    tasks.numbers(parser, Recipe)


def link(options: Namespace) -> None:
    """Train the stage of links from the shipped weights."""
    from xviz.models.mit_cards import SHIPPED
    from xviz.train.mit.linking import train_links
    from xviz.train.mit.steps import Recipe

    settings = tasks.changed(options, SHIPPED)
    train_links(options.data, options.out, tasks.recipe_of(options, Recipe), settings, options.start)


def second(options: Namespace) -> None:
    """Train the second stage anew from the shipped weights."""
    from xviz.models.mit_cards import SHIPPED
    from xviz.train.mit.finishing import train_second
    from xviz.train.mit.steps import Recipe

    settings = tasks.changed(options, SHIPPED)
    train_second(options.data, options.out, tasks.recipe_of(options, Recipe), settings, options.start)


def compared_links(parser: ArgumentParser) -> None:
    """Arguments of the comparison of links."""
    from xviz.train.mit.compare_links import FORMS, SHORT

    tasks.data(parser, SET)
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to go on from (default the shipped ones)")
    parser.add_argument("--form", action="append", choices=list(FORMS), help="one form (default all); may be repeated")
    tasks.number(parser, "epochs", SHORT.link_epochs, "epochs")
    tasks.number(parser, "rooms", SHORT.rooms, "rooms trained on")
    tasks.number(parser, "scenes", 4, "test rooms for links")


def compare_links(options: Namespace) -> None:
    """Train the forms of the stage of links, and write how right their links are beside one another."""
    from xviz.train.mit.compare_links import FORMS, SHORT, compare

    short = replace(SHORT, link_epochs=options.epochs, rooms=options.rooms)
    compare(options.data, options.start, options.form or list(FORMS), short, options.scenes)


def compared_second(parser: ArgumentParser) -> None:
    """Arguments of the comparison of the second stage."""
    from xviz.train.mit.compare_second import SHORT

    tasks.data(parser, SET)
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to go on from (default the shipped ones)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="seeds (default 0 1 2)")
    tasks.number(parser, "epochs", SHORT.second_epochs, "epochs")
    tasks.number(parser, "rooms", SHORT.rooms, "rooms trained on")


def compare_second(options: Namespace) -> None:
    """Train the second stage with and without photos, and write its scores beside one another."""
    from xviz.train.mit.compare_second import SHORT, compare

    short = replace(SHORT, second_epochs=options.epochs, rooms=options.rooms)
    compare(options.data, options.start, options.seeds, short)


TASKS = (
    Task("make", "rooms", "furnish, scan and photograph rooms, for mit", rooms, make),
    tasks.training("mit", "points and photos", SET, __package__, "mit"),
    Task("train", "mit-links", "points and photos: attention alone, from the shipped weights", later, link),
    Task("train", "mit-second", "points and photos: the second stage alone, from the shipped weights", later, second),
    tasks.measuring(
        "mit",
        "points and photos",
        SET,
        __package__,
        ("scenes", 10, "test rooms for the tables of links and places"),
    ),
    Task("compare", "mit", "points and photos", comparison, compare),
    Task("compare", "mit-links", "points and photos: links", compared_links, compare_links),
    Task("compare", "mit-second", "points and photos: the second stage", compared_second, compare_second),
    Task("samples", "mit", "composed rooms", shipped, samples),
    Task("samples", "mit-kinect", "the real frame of a depth camera", frame, kinect),
)
