"""Second statements of what the methods compute: whole matrices, plain numpy, nothing streamed.

Pooled tokens depend on the modules that pool them; models that have some are restated in ``dense``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz import engine
from xviz.core.attention import Attend, AttentionCall, replaced
from xviz.core.run import Inputs, Run, Target
from xviz.core.tokens import leaves
from xviz.engine import Loaded

Array = NDArray[np.float64]


def calls_about(run: Run, leaf: str) -> list[AttentionCall]:
    """The calls in which tokens of a leaf space ask."""
    return [call for call in run.calls if leaf in {part.name for part in leaves(run.spaces[call.queries])}]


def attention(run: Run, name: str) -> Array:
    """(h, q, k) weights of a call, by einsum and exp."""
    call = run.call(name)
    logits = call.scale * np.einsum("hqd,hkd->hqk", call.q.numpy(), call.k.numpy())
    if call.bias is not None:
        logits = logits + call.bias.numpy()
    logits[..., : call.first_key] = -np.inf
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def gradients(loaded: Loaded, inputs: Inputs, output: str) -> list[tuple[Array, Array]]:
    """Weights and d output / d weights of every call, each (h, q, k), with weights that are formed and kept."""
    kept: list[Tensor] = []

    def keep(_: Attend, logits: Tensor) -> Tensor:
        kept.append(logits.softmax(-1).requires_grad_())
        return kept[-1]

    tokens = {name: t[None].clone().requires_grad_() for name, t in inputs.tokens.items()}
    with replaced(keep), torch.enable_grad():
        value = engine.forward(loaded, tokens, engine.batched(inputs.present), engine.batched(inputs.context))[output]
    grads = torch.autograd.grad(value.sum(), kept, allow_unused=True)
    zero = [torch.zeros_like(a) if g is None else g for a, g in zip(kept, grads, strict=True)]
    return [(a.detach()[0].numpy(), g[0].numpy()) for a, g in zip(kept, zero, strict=True)]


def layout(run: Run) -> dict[str, Array]:
    """Leaf name → its indices when all leaves stand in one row."""
    seen, start = {}, 0
    for space in run.spaces.values():
        for leaf in leaves(space):
            if leaf.name not in seen:
                seen[leaf.name] = np.arange(start, start + len(leaf))
                start += len(leaf)
    return seen


def where(run: Run, space: str) -> Array:
    """The indices of a space in that row."""
    return np.concatenate([layout(run)[leaf.name] for leaf in leaves(run.spaces[space])])


def rollout(run: Run, steps: list[list[str]], matrices: Mapping[str, Array]) -> Array:
    """(N, N): row i tells how token i at the end is mixed from the tokens at the start."""
    size = sum(map(len, layout(run).values()))
    mixed = np.eye(size)
    for step in steps:
        matrix, asks = np.eye(size), np.zeros(size)
        for name in step:
            asks[where(run, run.call(name).queries)] += 1
        matrix[asks > 0] *= 0.5
        for name in step:
            q, k = where(run, run.call(name).queries), where(run, run.call(name).keys)
            matrix[np.ix_(q, k)] += 0.5 * matrices[name] / asks[q][:, None]
        assert np.allclose(matrix.sum(1), 1)
        mixed = matrix @ mixed
    return mixed


def chefer(run: Run, steps: list[list[str]], matrices: Mapping[str, Array]) -> Array:
    """(N, N): R − I after rules 5–11, written on whole blocks."""
    size = sum(map(len, layout(run).values()))
    relevance = np.eye(size)

    def even(index: Array) -> Array:
        hat = relevance[np.ix_(index, index)] - np.eye(len(index))
        total = hat.sum(1, keepdims=True)
        return np.divide(hat, total, out=np.zeros_like(hat), where=total > 0) + np.eye(len(index))

    for step in steps:
        grown = relevance.copy()
        for name in step:
            s, q = where(run, run.call(name).queries), where(run, run.call(name).keys)
            crosses = not set(s) & set(q)
            other = np.setdiff1d(np.arange(size), q) if crosses else np.arange(size)
            grown[np.ix_(s, other)] += matrices[name] @ relevance[np.ix_(q, other)]
            if crosses:
                grown[np.ix_(s, q)] += even(s).T @ matrices[name] @ even(q)
        relevance = grown
    return relevance - np.eye(size)


def steps_of(loaded: Loaded, run: Run, output: str) -> list[list[str]]:
    """The path of an output as lists of names."""
    listed = loaded.card.paths.get(output)
    return [[c.name] for c in run.calls] if listed is None else [step.split(" + ") for step in listed]


def value(
    loaded: Loaded,
    inputs: Inputs,
    target: Target,
    *,
    tokens: Mapping[str, Tensor] | None = None,
    present: Mapping[str, Tensor] | None = None,
) -> float:
    """The target with other tokens or presence, one sample; a space without any token is shown as the baseline."""

    def value_with(present: Mapping[str, Tensor]) -> float:
        fed, here = dict(tokens or inputs.tokens), dict(present)
        for name in fed:
            if not here[name].any():
                fed[name] = loaded.module.baseline()[name].expand_as(fed[name])
                here[name] = inputs.present[name]
        with torch.no_grad():
            batch = engine.batched(fed), engine.batched(here), engine.batched(inputs.context)
            return float(loaded.module(*batch)[target.output][0])

    present = dict(present or inputs.present)
    whole = value_with(present)
    if target.space is None:
        return whole
    present[target.space] = present[target.space].clone()
    present[target.space][list(target.tokens)] = False
    return whole - value_with(present)
