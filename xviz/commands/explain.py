"""Explain one sample: outputs, and one number for every token by one method or several.

  xviz explain MODEL --part picture=cat.jpg --part text="a cat on a sofa" --method look --picked cat --out results
  xviz explain MODEL seven.flac --method relevance --method integrated --target seven --out results
  xviz explain examples/captioner.py:SPEC photo.png --method occlusion

Without --out the strongest tokens are printed. With it, the folder gets outputs.json, METHOD.csv for each method,
scores.npz with all of them, and manifest.json, which “xviz reproduce” and “xviz open” read.
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "explain one sample: scores as NPZ and CSV, outputs as JSON"
DEFAULT = "received"  #: the method that is asked where none is named


def arguments(parser: argparse.ArgumentParser) -> None:
    """Sample, question, and where results go."""
    from xviz.asking import arguments as asked

    asked(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the results; made where it is missing")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(given: argparse.Namespace) -> None:
    """Run, explain, write."""
    from xviz import asking, telling
    from xviz.explain import EVERY
    from xviz.plates.plate import asker
    from xviz.results import outputs, table, write

    with telling.bar() as bar:
        bar(0.0, "running the model")
        session = asking.session(given)
        questions = asking.questions(session, given, given.method or [DEFAULT])
        shares = [0.0, *((i + 1) / len(questions) for i in range(len(questions)))]
        explanations = []
        for number, question in enumerate(questions):
            begin, title = shares[number], EVERY[question.method].title

            def move(share: float, words: str, begin: float = begin, title: str = title) -> None:
                bar(begin + share / len(questions), f"{title}: {words}" if words else title)

            explanations.append(asker(session, move)(question))
    files = {} if given.out is None else write(session, explanations, given.out)
    if given.json:
        tables = [table(session, explanation) for explanation in explanations]
        paths = {name: str(path) for name, path in files.items()}
        print(asking.plain({**outputs(session), "explanations": tables, "files": paths}))
        return
    print("\n".join(f"{name:24} {value:.6g}" for name, value in session.outputs.items()))
    for note in session.notes:
        print(f"note: {note}")
    for explanation in explanations:
        print(f"\n{EVERY[explanation.method].title} ({explanation.unit}), for {explanation.target}")
        for sentence in explanation.facts.sentences:
            print(f"note: {sentence}")
        for row in table(session, explanation)["strongest"]:
            print(f"  {row['space']:16} {row['token']:>5} {row['label']:32.32} {row['score']:.6g}")
    for path in files.values():
        print(path)
