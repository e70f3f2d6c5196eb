"""The command line: make a training set, train a checkpoint, measure it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"


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
    _train_parser(commands)
    measure = commands.add_parser("measure", help="measure a checkpoint and write its record")
    measure.add_argument("model", choices=["mmca"])
    measure.add_argument("--data", type=Path, required=True, help="the folder that “xviz scenes” made")
    measure.add_argument("--out", type=Path, default=CHECKPOINTS / "mmca.json")
    measure.add_argument("--things", type=int, default=250, help="named things for the alignment table")
    measure.set_defaults(run=_measure)
    return parser


def _train_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from xviz.train.mmca import Recipe

    train = commands.add_parser("train", help="train a checkpoint")
    train.add_argument("model", choices=["mmca"])
    train.add_argument("--data", type=Path, required=True, help="the folder that “xviz scenes” made")
    train.add_argument("--out", type=Path, default=CHECKPOINTS / "mmca.safetensors")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the card")
    for this in fields(Recipe):
        train.add_argument(f"--{this.name.replace('_', '-')}", type=type(this.default), default=this.default)
    train.set_defaults(run=_train)


def _app(options: list[str]) -> None:
    from xviz.ui.serve import serve

    serve(options)


def _scenes(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.data.build import scenes

    scenes.main(rest)


def _train(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.models.mmca import SHIPPED
    from xviz.train.mmca import Recipe, train

    changed = dict(pair.split("=", 1) for pair in given.set)
    settings = {**SHIPPED, **{name: _value(name, text, SHIPPED) for name, text in changed.items()}}
    train(given.data, given.out, Recipe(**{this.name: getattr(given, this.name) for this in fields(Recipe)}), settings)


def _measure(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.train.measure_mmca import measure

    measure(given.data, given.out, things=given.things)


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
