"""The command line: make a training set, train a checkpoint, measure it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
RECIPES = {
    "mmca": ("xviz.train.mmca", "mmca", "the folder that “xviz scenes” made"),
    "mmvit-digits": ("xviz.train.mmvit", "mmvit", "the folder of the Free Spoken Digit Dataset"),
}  #: checkpoint → module of its recipe, key of its card, what its data are


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
    commands.add_parser("size", help="parameters and multiply-adds of mmvit at the paper's scale").set_defaults(
        run=_size
    )
    _recipe_parsers(commands)
    return parser


def _recipe_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """One command for each recipe, with its own numbers, and one for each measurement."""
    trains = commands.add_parser("train", help="train a checkpoint").add_subparsers(dest="model", required=True)
    measures = commands.add_parser("measure", help="measure a checkpoint and write its record")
    measures = measures.add_subparsers(dest="model", required=True)
    for name, (module, _, data) in RECIPES.items():
        train = trains.add_parser(name)
        train.add_argument("--data", type=Path, required=True, help=data)
        train.add_argument("--out", type=Path, default=CHECKPOINTS / f"{name}.safetensors")
        train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the card")
        for this in fields(import_module(module).Recipe):
            train.add_argument(f"--{this.name.replace('_', '-')}", type=type(this.default), default=this.default)
        train.set_defaults(run=_train)
        measure = measures.add_parser(name)
        measure.add_argument("--data", type=Path, required=True, help=data)
        measure.add_argument("--out", type=Path, default=CHECKPOINTS / f"{name}.json")
        measure.set_defaults(run=_measure)
        if name == "mmca":
            measure.add_argument("--things", type=int, default=40, help="named things for the alignment table")
        if name == "mmvit-digits":
            measure.add_argument("--clips", type=int, default=40, help="clips for the table of places")


def _app(options: list[str]) -> None:
    from xviz.ui.serve import serve

    serve(options)


def _size(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.models.counts import sizes

    print(f"{'':30} million parameters (estimate)   billion multiply-adds (estimate)")
    for row in sizes():
        print(
            f"{row['form']:30} {row['millions']:9.2f} ({row['estimate']}) {row['billions']:20.2f} ({row['estimated']})"
        )


def _scenes(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.data.build import scenes

    scenes.main(rest)


def _train(given: argparse.Namespace, rest: list[str]) -> None:
    module, card, _ = RECIPES[given.model]
    recipe, shipped = import_module(module), import_module("xviz.models").MODELS[card].settings
    changed = dict(pair.split("=", 1) for pair in given.set)
    settings = {**shipped, **{name: _value(name, text, shipped) for name, text in changed.items()}}
    numbers = {this.name: getattr(given, this.name) for this in fields(recipe.Recipe)}
    recipe.train(given.data, given.out, recipe.Recipe(**numbers), settings)


def _measure(given: argparse.Namespace, rest: list[str]) -> None:
    if given.model == "mmca":
        from xviz.train.measure_mmca import measure

        measure(given.data, given.out, things=given.things)
    else:
        from xviz.train.measure_mmvit import measure as measure_digits

        measure_digits(given.data, given.out, clips=given.clips)


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
