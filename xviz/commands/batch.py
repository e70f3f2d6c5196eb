r"""Ask the same of a whole data set, and get one table.

  xviz batch MODEL --data recordings --label-pattern "^(\d)_" --methods look relevance gradient --out results
  xviz batch MODEL --data pairs.csv --methods look occlusion --targets score --out results
  xviz batch MODEL --data recordings --methods look --out results --ray local

--data is a folder of files of one kind (NAME.txt beside NAME.jpg is its sentence), or a table (CSV, TSV, Parquet, JSON
lines) with a sample in each row: “file”, or parts by name (picture, text, …), and “label”. The folder of --out gets
table.parquet and scores/. What was killed or stopped goes on when the same command is given again.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "ask the same of a whole data set: one table of outputs, attention and methods"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Model, data, question, and how it is run."""
    parser.add_argument("model", metavar="MODEL", help="a key of the README's table, or file.py:SPEC")
    data = parser.add_argument_group("data")
    data.add_argument("--data", type=Path, required=True, metavar="FOLDER|TABLE", help="the samples")
    data.add_argument("--kind", help="picture, sound, eeg, room, …: which files of a folder are meant")
    data.add_argument("--label", metavar="COLUMN", help="column of the truth; “folder” for the name of a file's folder")
    data.add_argument("--label-pattern", metavar="REGEX", help="its first group is the label in the name of a file")
    data.add_argument("--read", action="append", default=[], metavar="NAME=VALUE", help="an option of the reader")
    data.add_argument(
        "--skip-missing", action="store_true", help="files that a table names and are not there: failed rows"
    )
    question = parser.add_argument_group("question")
    question.add_argument("--methods", nargs="+", default=["look"], metavar="METHOD", help="methods that are asked")
    question.add_argument(
        "--targets", nargs="+", default=[], metavar="OUTPUT",
        help="outputs that are explained, or “predicted”, or “label” (default: the model's first)",
    )  # fmt: skip
    question.add_argument(
        "--steps", type=int, default=8, help="steps of deletion and insertion; 0 for none (default 8)"
    )
    question.add_argument("--orders", type=int, default=5, help="random orders beside them (default 5)")
    question.add_argument("--no-heads", action="store_true", help="no entropy and mass of single heads")
    question.add_argument(
        "--sanity", action="store_true", help="methods again with weights randomised from the last layer"
    )
    question.add_argument("--modalities", action="store_true", help="Shapley values over modalities, and each swapped")
    work = parser.add_argument_group("work")
    work.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the results; a batch there goes on"
    )
    work.add_argument("--limit", type=int, metavar="N", help="at most so many samples")
    work.add_argument(
        "--seed", type=int, metavar="N", help="draw the samples of --limit, and random orders, by this seed"
    )
    work.add_argument("--only-failed", action="store_true", help="measure again what failed")
    work.add_argument("--ray", metavar="local|ADDRESS", help="run on Ray: on this machine, or on a cluster")
    work.add_argument("--workers", type=int, help="how many at once on Ray (default: as many as it has)")
    work.add_argument("--gpus", type=float, default=0.0, help="graphics processors of each worker (default 0)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(given: argparse.Namespace) -> None:
    """List, measure, write."""
    from xviz import asking, telling
    from xviz.batch import listing, work
    from xviz.batch.measure import Wanted
    from xviz.core.errors import XvizError

    for option, least in (("limit", 1), ("orders", 1), ("steps", 0), ("workers", 1)):
        if (value := getattr(given, option)) is not None and value < least:
            raise XvizError(f"--{option} is {least} or more; got {value}.")
    items, notes = listing.listing(
        given.data, kind=given.kind, label=given.label, pattern=given.label_pattern,
        options=asking.pairs(given.read, "--read"), skip_missing=given.skip_missing,
    )  # fmt: skip
    wanted = Wanted(
        given.model, tuple(dict.fromkeys(given.methods)), tuple(dict.fromkeys(given.targets)), given.steps,
        given.orders, given.seed or 0, not given.no_heads, given.sanity, given.modalities,
    )  # fmt: skip
    with telling.bar() as bar:
        bar(0.0, "loading the model")
        loaded = work.opened(wanted)
        runner = None
        if given.ray:
            from xviz.batch.workers import on_ray

            runner = on_ray(given.ray, workers=given.workers, gpus=given.gpus)
        outcome = work.run(
            loaded, wanted, items, given.out, data=given.data, limit=given.limit, draw=given.seed,
            only_failed=given.only_failed, way=runner, tell=bar,
        )  # fmt: skip
    result = {
        "table": str(outcome.table), "samples": outcome.samples, "measured": outcome.measured, "failed": outcome.failed,
        "notes": notes,
    }  # fmt: skip
    if given.json:
        print(asking.plain(result))
        return
    for note in notes:
        print(f"note: {note}")
    print(f"{outcome.samples} samples, {outcome.measured} of them measured now, {outcome.failed} failed")
    print(outcome.table)
