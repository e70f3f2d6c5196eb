"""Whether explanations depend on what was learned: weights randomised from the last layer down, and rank correlations.

Source: Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, section 3.1 (cascading randomisation).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from scipy.stats import spearmanr

from xviz import engine
from xviz.core.explanation import Explanation
from xviz.core.run import Target
from xviz.engine import Loaded, Session
from xviz.explain.ask import Question
from xviz.plates.any import asking
from xviz.plates.plate import asker

STAGES = 8  #: at most; more layers are randomised together


def layers(loaded: Loaded) -> list[tuple[str, list[str]]]:
    """The layers from the last down, each with the names of its parameters; small ones together, at most ``STAGES``.

    Layers are in the order in which the module defines them.
    """
    groups: dict[str, list[str]] = {}
    for name, parameter in loaded.module.named_parameters():
        if parameter.is_floating_point() and parameter.numel() > 1:
            parts = name.split(".")
            numbers = [i for i, part in enumerate(parts) if part.isdecimal()]
            groups.setdefault(".".join(parts[: numbers[0] + 1] if numbers else parts[:1]), []).append(name)
    ordered = list(groups.items())[::-1]
    if len(ordered) <= STAGES:
        return ordered
    cuts = np.linspace(0, len(ordered), STAGES + 1).round().astype(int)
    merged = []
    for low, high in pairwise(cuts):
        some = ordered[low:high]
        merged.append(
            (some[0][0] if len(some) == 1 else f"{some[-1][0]}…{some[0][0]}", [n for _, own in some for n in own])
        )
    return merged


def randomised(loaded: Loaded, seed: int = 0) -> list[tuple[str, Loaded]]:
    """The model with its last layer randomised, its last two, and so on to all; each tensor keeps mean and spread.

    Args:
        loaded: The model, which stays as it is.
        seed: Of the random weights.
    """
    generator, models = torch.Generator().manual_seed(seed), []
    module = copy.deepcopy(loaded.module)
    for name, names in layers(loaded):
        with torch.no_grad():
            own = dict(module.named_parameters())
            for parameter in (own[tensor] for tensor in names):
                noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32).to(parameter.dtype)
                parameter.copy_(parameter.mean() + noise * parameter.std())
        models.append(
            (name, replace(loaded, module=copy.deepcopy(module), checkpoint="randomised", sha256=f"seed {seed}"))
        )
    return models


def sanity(
    session: Session, target: str, explanations: Mapping[str, Explanation], stages: Sequence[tuple[str, Loaded]]
) -> dict[str, float | None]:
    """``sanity.METHOD.NUMBER LAYER`` → Spearman's correlation of all scores with those of the randomised model.

    NUMBER counts layers from the last, 1; a method that keeps its scores when everything is random has not looked at
    what was learned. None where scores do not vary.
    """
    correlations: dict[str, float | None] = {}
    for number, (name, loaded) in enumerate(stages, 1):
        run = engine.run_inputs(loaded, session.run.inputs, session.sample, target)
        ask = asker(Session(loaded, session.sample, run))
        for method, before in explanations.items():
            focus = Target(target, *before.focus) if before.focus else asking(session, method, target, None)
            after = ask(Question(method, focus))
            pairs = [(before.scores[s], after.scores[s]) for s in before.scores if s in after.scores]
            scores, scores_after = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
            varies = np.ptp(scores) > 0 and np.ptp(scores_after) > 0
            correlations[f"sanity.{method}.{number} {name}"] = (
                float(spearmanr(scores, scores_after).statistic) if varies else None
            )
    return correlations
