"""What a reviewer would send figures back for: ``python benchmarks/figures.py [--models mmca] [--out FOLDER]``.

Draws every kind of figure of every model that has weights, of the shipped samples and of hard ones (long names, many
words, channels, views and classes, other scripts), for every venue, and looks at each with ``xviz.figures.check``: the
smallest text, texts that overlap or are cut, what leaves the page, missing glyphs, Type 3 fonts. Prints one JSON
object: findings by kind of figure. With ``--out``, each figure is left there as a PNG of 150 dpi.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def shipped(model: str, most: int) -> Iterator[tuple[str, object]]:
    """Name → session of the shipped samples of a model."""
    import xviz
    from xviz.data.shipped import samples

    loaded = xviz.load(model)
    for example in samples(model)[:most]:
        sample = example.load()
        output = next(iter(example.truth.places or example.truth.masks), None)
        yield example.name, xviz.run(loaded, sample, output=output)


def drawn(session, venues: list[str], left: set[str]) -> Iterator[tuple[str, str, object]]:
    """Kind, venue and figure: every kind that a session has, as ``xviz figure`` draws it without options.

    Kinds that cannot be drawn without options, such as two samples beside each other, are added to ``left``.
    """
    from xviz.core.errors import ModelError
    from xviz.figures.style import PRESETS
    from xviz.illustrate import draw, kinds
    from xviz.plates.plate import asker

    ask, output = asker(session), str(session.run.provenance.options["target"])
    for key, plate in kinds(session.run, session.model.ours).items():
        questions = list(plate.ask(session, output))
        options = dict(plate.fill(session, output, questions)) if plate.fill else {}
        explanations = [] if plate.own or options else [ask(question) for question in questions]
        for venue in venues:
            preset, credit = PRESETS[venue], session.sample.source
            try:
                figure = draw(session, explanations, preset, credit, kind=key, options=options, ask=ask)
            except ModelError as error:
                left.add(f"{key}: {error}")
                break
            yield key, venue, figure


def look(figure, name: str, counts: Counter, worst: list[str]) -> None:
    """Counts the findings of a figure, and keeps what they are."""
    from xviz.figures.check import check

    found = check(figure, figure.to_bytes("pdf"))
    counts.update(
        figures=1, overlaps=len(found.overlaps), cut_titles=sum(mark.title for mark in found.cut),
        cut_labels=sum(not mark.title for mark in found.cut), outside=len(found.outside),
        missing_glyphs=len(found.missing), type3=len(found.type3), under_5_pt=int(0 < found.smallest_pt < 5),
        with_findings=int(not found.fine),
    )  # fmt: skip
    counts["smallest_pt"] = min(counts["smallest_pt"] or 99, found.smallest_pt)
    if not found.fine:
        worst.append(f"{name}: {' '.join(found.sentences()[1:])}")


def main() -> None:
    """Draws, looks, prints."""
    from tests.figures.hard import hard
    from xviz.figures.style import PRESETS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    models = ("mmvit", "mmvit-instruments", "mmvit-objects", "mit", "mmca", "mca")
    parser.add_argument("--models", nargs="*", default=models, help="whose shipped samples; none for hard ones alone")
    parser.add_argument("--venues", nargs="*", default=list(PRESETS), choices=list(PRESETS), metavar="VENUE")
    parser.add_argument("--samples", type=int, default=99, help="of each model, at most")
    parser.add_argument("--no-hard", action="store_true", help="shipped samples alone")
    parser.add_argument("--out", type=Path, help="folder for a PNG of each figure")
    given = parser.parse_args()
    counts: dict[str, Counter] = defaultdict(Counter)
    worst, left = list[str](), set[str]()
    every = (
        (f"{model} {kind}", f"{model}.{name}.{kind}.{venue}", figure)
        for model in given.models
        for name, session in shipped(model, given.samples)
        for kind, venue, figure in drawn(session, given.venues, left)
    )
    harder = (
        (f"hard {kind}", f"hard.{name}.{kind}.{venue}", figure)
        for venue in given.venues * (not given.no_hard)
        for name, kind, figure in hard(PRESETS[venue])
    )
    for group in (every, harder):
        for kind, name, figure in group:
            look(figure, name, counts[kind], worst)
            print(name, file=sys.stderr)
            if given.out is not None:
                given.out.mkdir(parents=True, exist_ok=True)
                (given.out / f"{name}.png").write_bytes(figure.to_bytes("png", 150))
    print(json.dumps({"kinds": counts, "findings": worst, "not drawn": sorted(left)}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
