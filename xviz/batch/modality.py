"""What each modality adds to an output: Shapley values over modalities, and each swapped for another sample's."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import torch

from xviz import engine
from xviz.core.run import Inputs, Target
from xviz.core.sample import Sample
from xviz.engine import Loaded, Session
from xviz.explain.probe import probe, repeated

MOST = 10  #: modalities for exact Shapley values; there are two to the power of them to run


def shapley(session: Session, target: str) -> dict[str, float]:
    """``shapley.SPACE`` → the exact Shapley value of each space of tokens; they sum to f(all) − f(none).

    A space that is absent is shown as uninformative tokens (``explain.probe``). None where there is one space alone.

    Source: Shapley 1953; over modalities as in Hu, Li & Zhou, SHAPE, IJCAI 2022, section 3.
    """
    inputs = session.run.inputs
    names = [name for name in inputs.tokens if name in inputs.present]
    if not 2 <= len(names) <= MOST:
        return {}
    value = probe(session.model, inputs, Target(target))
    sets = [frozenset(some) for size in range(len(names) + 1) for some in combinations(names, size)]
    present = {
        name: torch.stack(
            [inputs.present[name] if name in some else torch.zeros_like(inputs.present[name]) for some in sets]
        )
        for name in names
    }
    with torch.no_grad():
        presence = {name: mask[None].expand(len(sets), -1) for name, mask in inputs.present.items()}
        values = value(repeated(inputs.tokens, len(sets)), {**presence, **present}).double().tolist()
    worth, count = dict(zip(sets, values, strict=True)), len(names)
    shapley_values = {}
    for name in names:
        others = [some for some in sets if name not in some]
        weights = [factorial(len(some)) * factorial(count - len(some) - 1) / factorial(count) for some in others]
        shapley_values[f"shapley.{name}"] = sum(
            weight * (worth[some | {name}] - worth[some]) for some, weight in zip(others, weights, strict=True)
        )
    return shapley_values


def swapped(session: Session, other: Sample, target: str) -> dict[str, float]:
    """``swap.NAME`` → how far the target falls when one modality is that of another sample.

    Parts of the sample are exchanged where it has several, such as the picture of a pair; else tokens of a space, where
    both samples have as many. What cannot be exchanged is left out.
    """
    loaded, own = session.model, session.sample
    before, falls = session.outputs[target], {}
    parts = [name for name in own.parts if name in other.parts and name != "regions"]
    if len(parts) > 1:
        for name in parts:
            swapped_parts = {name: other.parts[name]}
            if name == "picture" and "regions" in own.parts:
                swapped_parts |= {"regions": other.parts["regions"]} if "regions" in other.parts else {}
            others = {k: v for k, v in own.parts.items() if not (name == "picture" and k == "regions")}
            inputs = engine.prepare(loaded, Sample("swapped", {**others, **swapped_parts}))
            falls[f"swap.{name}"] = before - _value(loaded, inputs, session, target)
        return falls
    theirs = engine.prepare(loaded, other)
    for name, tokens in session.run.inputs.tokens.items():
        if len(session.run.inputs.tokens) > 1 and name in theirs.tokens and theirs.tokens[name].shape == tokens.shape:
            mine = session.run.inputs
            inputs = Inputs(
                {**mine.tokens, name: theirs.tokens[name]}, {**mine.present, name: theirs.present[name]}, mine.spaces,
                mine.context,
            )  # fmt: skip
            falls[f"swap.{name}"] = before - _value(loaded, inputs, session, target)
    return falls


def _value(loaded: Loaded, inputs: Inputs, session: Session, target: str) -> float:
    """The target of some inputs, with the numbers of the context that the run had."""
    numbers = {name: float(v) for name, v in session.run.inputs.context.items() if v.ndim == 0}
    return engine.outputs(loaded, engine.adjust(inputs, **numbers))[target]
