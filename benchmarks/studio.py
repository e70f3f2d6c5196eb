"""How long the studio takes to show a change: ``OMP_NUM_THREADS=1 python benchmarks/studio.py``.

For each kind of figure of the first shipped sample of every model: seconds of the processor, the best of three, to draw
it in another look and to make its picture, which is the preview, and to check it, which follows below the preview.
Explanations are known already, as they are in the app. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
MODELS = ("mmca", "mca", "mmvit", "mmvit-instruments", "mmvit-objects", "mit")


def seconds(work: Callable[[], object]) -> float:
    """The best of three, in seconds of the processor."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return round(min(times), 3)


def main() -> None:
    """Draws, measures, prints."""
    from figures import shipped

    from xviz.figures.check import check
    from xviz.figures.look import Look
    from xviz.figures.style import PRESETS
    from xviz.illustrate import draw, kinds
    from xviz.plates.plate import asker

    look, venue, table = Look(sequential="viridis", marks=5, limits="percentile"), PRESETS["nature-double"], {}
    for model in MODELS:
        ((_, session),) = shipped(model, 1)
        ask, output = asker(session), str(session.run.provenance.options["target"])
        for key, plate in kinds(session.run, session.model.ours).items():
            if key == "compare":  # has two sides, which the page of comparisons chooses
                continue
            questions = list(plate.ask(session, output))
            options = dict(plate.fill(session, output, questions)) if plate.fill else {}
            explanations = [] if plate.own or options else [ask(question) for question in questions]

            def drawn():
                return draw(session, explanations, venue, "", kind=key, options=options, ask=ask, look=look)  # noqa: B023

            figure = drawn()
            parts = {
                "draw": seconds(drawn),
                "picture": seconds(lambda: figure.to_bytes("png", 200, fast=True)),  # noqa: B023
                "check": seconds(lambda: check(figure)),  # noqa: B023
            }
            shown = round(parts["draw"] + parts["picture"], 3)
            table[f"{model} {key}"] = {**parts, "preview": shown, "with check": round(shown + parts["check"], 3)}
    most = {name: max(one[name] for one in table.values()) for name in ("preview", "with check")}
    print(json.dumps({"seconds of the processor": table, "most": most}))


if __name__ == "__main__":
    main()
