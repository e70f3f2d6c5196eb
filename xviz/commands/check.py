"""Try a model that is not ours: is its attention heard, exactly, and what can be asked of it?

Give ``package.module:SPEC`` or ``path/to/file.py:SPEC``. The exit status is 1 where something failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

HELP = "try a model of your own: what is heard, whether it is exact, which methods it offers"


def arguments(parser: argparse.ArgumentParser) -> None:
    """The specs."""
    parser.add_argument("specs", nargs="+", metavar="SPEC", help="package.module:SPEC or path/to/file.py:SPEC")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(options: argparse.Namespace) -> None:
    """Print a table for each spec."""
    from xviz.checking import check
    from xviz.core.errors import ForeignError
    from xviz.finding import spec

    tables = {}
    for name in options.specs:
        try:
            tables[name] = check(spec(name))
        except ForeignError as error:
            print(error.trace, file=sys.stderr)
            raise
    if options.json:
        print(json.dumps({name: [asdict(finding) for finding in table] for name, table in tables.items()}, indent=1))
    else:
        for name, table in tables.items():
            print(name, *(finding.line() for finding in table), "", sep="\n")
    sys.exit(any(finding.good is False for table in tables.values() for finding in table))
