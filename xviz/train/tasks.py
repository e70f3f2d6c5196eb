"""What ``xviz make``, ``train``, ``measure``, ``compare`` and ``samples`` can do.

Every package below ``xviz.train`` with a module ``commands`` takes part: its ``TASKS`` say name and purpose and add
their own arguments. Those modules import nothing slow before a task is used.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, TypeVar

from xviz import train
from xviz.core.errors import ModelError
from xviz.places import RESULTS

Recipe = TypeVar("Recipe")
Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Task:
    """One thing that the command line does for one checkpoint."""

    command: str  #: make, train, measure, compare or samples
    name: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], object]


def tasks() -> tuple[Task, ...]:
    """All of them, by package."""
    modules = [module.name for module in walk_packages(train.__path__, f"{train.__name__}.")]
    return tuple(task for name in modules if name.endswith(".commands") for task in import_module(name).TASKS)


def offer(parser: argparse.ArgumentParser, command: str, noun: str) -> None:
    """Add the tasks of a command.

    Args:
        parser: Of the command; its class takes ``fill`` (``xviz.cli.Parser``).
        command: Its name.
        noun: Whose names they are, for the help.
    """
    listed = parser.add_subparsers(dest="task", required=True, metavar=noun, title=noun.lower() + "s")
    for task in tasks():
        if task.command == command:
            part = listed.add_parser(task.name, help=task.help, description=task.help, fill=task.arguments)
            part.set_defaults(run=task.run)


def training(name: str, title: str, source: str, package: str | None, card: str) -> Task:
    """The training of a package whose ``recipe`` has ``Recipe`` and ``train(data, out, recipe, settings)``.

    Args:
        name: Of the checkpoint.
        title: What it is about.
        source: What its data are.
        package: In which they are.
        card: Key of the card whose settings are trained with.
    """

    def arguments(parser: argparse.ArgumentParser) -> None:
        data(parser, source)
        out(parser, RESULTS / f"{name}.safetensors", "weights to write")
        numbers(parser, import_module(f"{package}.recipe").Recipe)

    def run(options: argparse.Namespace) -> None:
        recipe, settings = import_module(f"{package}.recipe"), import_module("xviz.models").MODELS[card].settings
        recipe.train(options.data, options.out, recipe_of(options, recipe.Recipe), changed(options, settings))

    return Task("train", name, title, arguments, run)


def measuring(name: str, title: str, source: str, package: str | None, count: tuple[str, int, str]) -> Task:
    """The measurement of a package whose module ``measure`` has ``measure(data, out, …)``.

    Args:
        name: Of the checkpoint.
        title: What it is about.
        source: What its data are.
        package: In which it is.
        count: Name, default and meaning of the number that says how much is measured.
    """

    def arguments(parser: argparse.ArgumentParser) -> None:
        data(parser, source)
        out(parser, RESULTS / f"{name}.json", "record to write")
        number(parser, *count)

    def run(options: argparse.Namespace) -> None:
        import_module(f"{package}.measure").measure(options.data, options.out, **{count[0]: getattr(options, count[0])})

    return Task("measure", name, title, arguments, run)


def data(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add ``--data``, the folder that is read."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help=help_text)


def out(parser: argparse.ArgumentParser, default: Path | None = None, help_text: str = "file to write") -> None:
    """Add ``--out``, what is written; required where there is no default."""
    if default is None:
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help=help_text)
    else:
        parser.add_argument(
            "--out", type=Path, default=default, metavar="FILE", help=f"{help_text} (default {default.name})"
        )


def cache(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--cache``, where fetched packages and what was rendered from them are kept."""
    help_ = f"folder that keeps fetched packages (default {default}/cache)"
    parser.add_argument("--cache", type=Path, metavar="DIR", help=help_)


def number(parser: argparse.ArgumentParser, name: str, default: int, help_text: str) -> None:
    """Add a whole number."""
    parser.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{help_text} (default {default})")


def numbers(parser: argparse.ArgumentParser, recipe: type) -> None:
    """Add every number of a recipe, explained by the comment that stands beside it, and ``--set``."""
    notes: dict[str, str] = {}
    for kind in reversed(recipe.__mro__[:-1]):
        notes |= dict(re.findall(r"^    (\w+): .*?#: (.+)$", inspect.getsource(kind), re.MULTILINE))
    group = parser.add_argument_group("numbers of the recipe")
    for this in fields(recipe):
        note = f"{notes[this.name]} " if this.name in notes else ""
        help_ = f"{note}(default {this.default!r})".replace("%", "%%")
        group.add_argument(f"--{this.name.replace('_', '-')}", type=type(this.default), default=this.default,
                           metavar=type(this.default).__name__.upper(), help=help_)  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting of the model"
    )


def recipe_of(options: argparse.Namespace, recipe: type[Recipe]) -> Recipe:
    """The recipe with the numbers that were given."""
    return recipe(**{this.name: getattr(options, this.name) for this in fields(recipe)})


def changed(options: argparse.Namespace, settings: Settings) -> Settings:
    """The settings with the values that ``--set`` names.

    Raises:
        ModelError: the model has no such setting, or the value is of another kind.
    """
    pairs = [pair.partition("=") for pair in options.set]
    if wrong := next((name for name, sign, _ in pairs if not sign), None):
        raise ModelError(f"Expected --set NAME=VALUE; got “{wrong}”.")
    values = {name: _value(name, text, vars(settings)) for name, _, text in pairs}
    return replace(settings, **values)  # type: ignore[type-var]


def _value(name: str, text: str, settings: Mapping[str, Any]) -> Any:
    """A setting given as text, of the kind that the model has."""
    if name not in settings:
        raise ModelError(f"There is no setting “{name}”; the model has {', '.join(settings)}.")
    if isinstance(settings[name], str):
        return text
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise ModelError(f"The setting {name} is like {settings[name]!r}; “{text}” is not.") from None
