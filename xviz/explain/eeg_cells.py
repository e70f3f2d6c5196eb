"""Scores finer than tokens: what single features of a token, or groups of them, owe to the target.

A token of MCA is an electrode with five bands of 60 s; people ask which band, and which second. Two answers: integrated
gradients before they are summed over features, and leaving out a group by putting the uninformative token's features
in its place. Both are functions like the methods; they answer with arrays, since no token space paints them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz import engine
from xviz.core.errors import ModelError
from xviz.core.explanation import Facts
from xviz.core.run import Run, Target
from xviz.engine import Loaded, baseline
from xviz.explain.method import Progress
from xviz.explain.methods.gradients import STEPS, completeness, integrate
from xviz.explain.probe import BATCH, counted, probe, repeated
from xviz.explain.question import check


def integrated(
    loaded: Loaded, run: Run, target: Target, *, steps: Sequence[int] = STEPS, progress: Progress | None = None
) -> tuple[dict[str, NDArray[np.float64]], Facts]:
    """Integrated gradients of every feature, (n, d) for each space, and how complete they are.

    Their sum should be f(tokens) − f(uninformative tokens).

    Args:
        loaded: The model.
        run: A run of it.
        target: What is explained; may have focus tokens.
        steps: Points of the Gauss–Legendre quadrature, one number after the other until the completeness gap is small.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: the question does not fit the model, or fewer than one step.

    Source: Sundararajan, Taly & Yan, ICML 2017; Captum.
    """
    whole = integrate(loaded, run, check(loaded, run, target), steps=steps, progress=progress)
    parts = {name: part.detach()[0].double().numpy() for name, part in zip(run.inputs.tokens, whole.parts, strict=True)}
    scores = {name: np.where(run.inputs.present[name].numpy()[:, None], part, 0.0) for name, part in parts.items()}
    return scores, completeness(whole.value, whole.plain, whole.gap, whole.steps)


def leave_out(
    loaded: Loaded,
    run: Run,
    target: Target,
    groups: Mapping[str, NDArray[np.int64]],
    *,
    progress: Progress | None = None,
) -> NDArray[np.float64]:
    """What the target loses when the features of one group become those of the uninformative token: (groups,).

    Args:
        loaded: The model.
        run: A run of it.
        target: What is explained.
        groups: Space name → (n, d) number of the group of each feature, from 0; below zero for none. A group may have
            features in several spaces, as an electrode's alpha band has in DE and in PSD.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: the groups do not fit the tokens.

    Source: Zeiler & Fergus, ECCV 2014, section 4.1.
    """
    target, inputs = check(loaded, run, target), run.inputs
    for name, tokens in inputs.tokens.items():
        if name not in groups or groups[name].shape != tuple(tokens.shape):
            raise ModelError(f"Groups need one number for each feature of “{name}”, of shape {tuple(tokens.shape)}.")
    plain, value = baseline(loaded, inputs), probe(loaded, inputs, target)
    count = 1 + max(int(group.max(initial=-1)) for group in groups.values())
    numbers = {name: torch.from_numpy(groups[name]) for name in inputs.tokens}

    def without(part: Tensor) -> Tensor:
        fewer = {
            name: torch.where(numbers[name] == part[:, None, None], plain[name], tokens)
            for name, tokens in inputs.tokens.items()
        }
        return value(fewer, repeated(inputs.present, len(part)))

    evaluate = counted(without, count + 1, progress, "leaving features out")
    with torch.no_grad():
        values = torch.cat([evaluate(part) for part in torch.arange(-2, count).split(BATCH)])  # −2: nothing is left out
    outputs = values.double().numpy()
    return outputs[0] - outputs[2:]


def bands(run: Run, count: int) -> dict[str, NDArray[np.int64]]:
    """Groups of one electrode and one band for ``leave_out``: number electrode · count + band, in all spaces alike.

    Raises:
        ModelError: the features are no such number of bands.
    """
    groups = {}
    for name, tokens in run.inputs.tokens.items():
        electrodes, width = tokens.shape
        if width % count:
            raise ModelError(f"The {width} features of “{name}” cannot be cut into {count} bands.")
        inside = np.repeat(np.arange(count), width // count)
        groups[name] = np.arange(electrodes)[:, None] * count + inside
    return groups


def over_time(loaded: Loaded, run: Run) -> dict[str, NDArray[np.float64]]:
    """Every output in every window of time, (window,).

    Raises:
        ModelError: the model does not judge windows.
    """
    if not callable(judge := getattr(loaded.module, "over_time", None)):
        raise ModelError(f"{loaded.spec.title} does not judge windows of time.")
    with torch.no_grad():
        windows = judge(*(engine.batched(part) for part in (run.inputs.tokens, run.inputs.present)))
    return {name: values[0].double().numpy() for name, values in windows.items()}


def read(loaded: Loaded, run: Run) -> NDArray[np.float64]:
    """What the model's network reads after its attention, (electrode, band, step), 0–1 at every step.

    Raises:
        ModelError: the model has no such block.
    """
    if not callable(reader := getattr(loaded.module, "read", None)):
        raise ModelError(f"{loaded.spec.title} does not read blocks of electrode, band and time.")
    with torch.no_grad():
        block = reader(*(engine.batched(part) for part in (run.inputs.tokens, run.inputs.present)))
    return block[0].double().numpy()
