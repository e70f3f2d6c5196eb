"""Run a figure again: a PDF, SVG, PNG or bundle that xviz wrote says all that is needed, but the sample's own files.

  xviz reproduce figure.pdf
  xviz reproduce bundle.zip --sample cat.jpg --out again.zip

Says whether sample, weights, versions and every number are the same, and writes the figure again: byte-identical where
versions are. The exit status is 1 where something is not the same.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

HELP = "run a figure or bundle again, compare every number, write it again"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What, with which sample, where to."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a figure, a bundle, or the manifest of results")
    parser.add_argument(
        "--sample", type=Path, action="append", default=[], metavar="FILE",
        help="a file of the sample, where it is not beside the figure; may be repeated",
    )  # fmt: skip
    parser.add_argument("--model", default="", metavar="FILE:SPEC", help="a model of your own, where it is elsewhere")
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="weights that were used in place of shipped ones",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the figure as it is now (default: NAME-again beside it)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(given: argparse.Namespace) -> None:
    """Compare, write, tell."""
    from xviz import asking, custom_weights, request, telling
    from xviz.core.errors import XvizError
    from xviz.reproducing import repeat
    from xviz.rewriting import rewrite
    from xviz.writing import put

    for weights in given.weights:
        custom_weights.use(weights)
    file = request.read(given.file)
    with telling.bar() as bar:
        repeated = [
            repeat(file, entry, samples=tuple(given.sample), model=given.model, progress=bar) for entry in file.requests
        ]
        findings = list(dict.fromkeys(finding for again in repeated for finding in again.findings))
        out = None
        if repeated and repeated[0].figure is not None:
            content, sameness = rewrite(file, repeated)
            findings += sameness
            out = given.out or given.file.with_name(f"{given.file.stem}-again{given.file.suffix}")
            try:
                put(out, content)
            except OSError as error:
                raise XvizError(f"{out} cannot be written ({error.strerror}). Name another --out.") from error
    same = all(finding.same for finding in findings)
    if given.json:
        print(asking.plain({"same": same, "findings": [asdict(entry) for entry in findings], "file": out and str(out)}))
    else:
        print(*(finding.line() for finding in findings), sep="\n")
        if out is not None:
            print(out)
    sys.exit(not same)
