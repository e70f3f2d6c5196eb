"""How much of each method's relevance lies where the thing that is asked for is known to be."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz import engine
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.explain import METHODS, planted

PLACED = ("look", "received", "rollout", "relevance", "gradcam", "gradient", "integrated", "occlusion")
Case = tuple[Sample, str, ArrayLike]  #: what is asked, for which class, its place on the plane as ``planted`` has it


def placed(loaded: engine.Loaded, cases: Iterable[Case], methods: Sequence[str] = PLACED) -> dict[str, object]:
    """Share of relevance inside and hit rate of each method, in per cent, beside chance and an untrained model."""
    control = engine.untrained(loaded.card)
    fits: dict[str, list[planted.Inside]] = {}
    seconds, chance = dict.fromkeys(methods, 0.0), []
    for sample, name, truth in cases:
        run = engine.run(loaded, sample, name)
        idle = engine.run_inputs(control, run.inputs, sample, name)
        flat = {view: np.ones(len(run.spaces[view])) for view in run.inputs.tokens}
        chance.append(planted.inside(run.spaces, flat, truth).chance)
        for method in methods:
            begun = time.monotonic()
            explanation = ask(method, loaded, run, name)
            seconds[method] += time.monotonic() - begun
            fits.setdefault(method, []).append(planted.inside(run.spaces, explanation.scores, truth))
            of_control = ask(method, control, idle, name)
            fits.setdefault(f"{method}, untrained", []).append(planted.inside(run.spaces, of_control.scores, truth))
    return {
        "cases": len(chance),
        "chance": {"share": percent(np.mean(chance))},
        "methods": {
            name: {part: percent(np.mean([getattr(fit, part) for fit in group])) for part in ("share", "hit")}
            for name, group in fits.items()
        },
        "milliseconds": {name: round(1000 * total / len(chance)) for name, total in seconds.items()},
    }


def ask(method: str, loaded: engine.Loaded, run: Run, output: str) -> Explanation:
    """A method's answer for an output; the attention row is that of the class token."""
    target = Target(output, "class", (0,)) if METHODS[method].needs_focus else Target(output)
    return METHODS[method].explain(loaded, run, target)


def several(scores: NDArray[np.floating], true: NDArray[np.bool_]) -> dict[str, float]:
    """Of cases with several classes: how often exactly these are answered (log-odds above 0), and mean precision.

    Args:
        scores: (n, classes) log-odds.
        true: (n, classes).
    """
    classes = np.flatnonzero(true.any(0))
    precision = [average_precision(scores[:, index], true[:, index]) for index in classes]
    exact = ((scores > 0) == true).all(1).mean()
    return {"cases": len(true), "exact": percent(exact), "mAP": percent(np.mean(precision))}


def average_precision(scores: NDArray[np.floating], true: NDArray[np.bool_]) -> float:
    """The mean precision at each true one, highest score first."""
    order = true[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(order) / np.arange(1, len(order) + 1))[order].mean())


def percent(share: float | np.floating) -> float:
    """A share in per cent, to one decimal."""
    return round(100 * float(share), 1)
