"""The command line, ``xviz`` or ``python -m xviz``: every module of ``xviz.commands`` is a command of its name.

Such a module has ``HELP``, one line; ``arguments(parser)``, which is called only when the command is used, so that the
help of all others is at hand at once; and ``run(given)``, unless the arguments set another ``run``. A command with
``PASSES_ON = True`` finds what its parser does not know in ``given.rest``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from xviz import commands
from xviz.core.errors import XvizError


class Parser(argparse.ArgumentParser):
    """A parser that learns its arguments when it is used.

    Args:
        fill: Adds the arguments.
        options: Of ``argparse.ArgumentParser``.
    """

    def __init__(self, *, fill: Callable[[argparse.ArgumentParser], None] | None = None, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self._fill = fill

    def fill(self) -> None:
        """Add the arguments, once."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)

    def choices(self) -> dict[str, Parser]:
        """The parsers of the commands below this one, by name."""
        listed = next((action for action in self._actions if isinstance(action, argparse._SubParsersAction)), None)
        return {} if listed is None else dict(listed.choices)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As in the library, after the arguments were added."""
        self.fill()
        return super().parse_known_args(args, namespace)


def parser() -> Parser:
    """The parser of all commands."""
    whole = Parser(prog="xviz", description="See what multimodal fusion models attend to.")
    listed = whole.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name in sorted(info.name for info in iter_modules(commands.__path__)):
        module = import_module(f"{commands.__name__}.{name}")
        passes_on = getattr(module, "PASSES_ON", False)
        part = listed.add_parser(
            name, help=module.HELP, description=module.__doc__, fill=module.arguments,
            add_help=not passes_on, allow_abbrev=not passes_on,
        )  # fmt: skip
        part.set_defaults(run=getattr(module, "run", None), passes_on=passes_on)
    return whole


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; what the person can put right is told in one line."""
    whole = parser()
    options, unknown = whole.parse_known_args(arguments)
    options.rest, options.commands = unknown, whole.choices()
    if options.rest and not options.passes_on:
        sys.exit(
            f"xviz: unknown arguments: {' '.join(options.rest)}. “xviz {options.command} --help” lists the known ones."
        )
    try:
        options.run(options)
    except XvizError as error:
        sys.exit(f"xviz: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it: ended by the person
    except BrokenPipeError:  # “xviz … | head” has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
