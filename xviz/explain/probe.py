"""A run as a function of its tokens: what perturbation and gradient methods call, again and again.

The function is f = output(x), or with focus tokens F it is f(x) = output(x) − output(x without F): what the model owes
to them. What a method then finds for another token is a second-order interaction of it with F.

A token that is absent takes no part at all; nothing stands in its place. Only a space in which no token is present
cannot be run; it is shown as uninformative tokens, those of the module's ``baseline()``, at all its places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from xviz import engine
from xviz.core.run import Inputs, Target
from xviz.core.spec import Presence, Tokens
from xviz.engine import Loaded
from xviz.explain.method import Progress
from xviz.explain.question import tell

BATCH = 64  #: samples in one forward pass; bounds the memory

Probe = Callable[[Tokens, Presence], Tensor]  #: → (b,)


def probe(loaded: Loaded, inputs: Inputs, target: Target, *, batch: int = BATCH) -> Probe:
    """The target as a function of tokens and their presence; differentiable where gradients are enabled.

    Args:
        loaded: The model.
        inputs: Where context and spaces come from.
        target: The output, and the focus if there is one.
        batch: Most samples in one forward pass; a focus needs two for each value.
    """
    stand_in = engine.baseline(loaded, inputs)

    def output(tokens: Tokens, present: Presence) -> Tensor:
        tokens, present = _filled(inputs, stand_in, tokens, present)
        tokens, present = engine.filled(loaded, inputs, tokens, present)
        count = len(next(iter(tokens.values())))
        context = {name: value.expand(count, *value.shape) for name, value in inputs.context.items()}
        return engine.value(loaded, tokens, present, context, target.output)

    def owed(tokens: Tokens, present: Presence) -> Tensor:
        if target.space is None:
            return output(tokens, present)
        gone = present[target.space].clone()
        gone[:, list(target.tokens)] = False
        twice = {name: torch.cat([value, value]) for name, value in tokens.items()}
        presence = {
            name: torch.cat([value, gone if name == target.space else value]) for name, value in present.items()
        }
        whole, without = output(twice, presence).chunk(2)
        return whole - without

    def value(tokens: Tokens, present: Presence) -> Tensor:
        count = len(next(iter(tokens.values())))
        step = max(1, batch if target.space is None else batch // 2)
        parts = [slice(start, start + step) for start in range(0, count, step)]
        return torch.cat(
            [owed({n: t[part] for n, t in tokens.items()}, {n: p[part] for n, p in present.items()}) for part in parts]
        )

    return value


def repeated(tensors: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """The tensors of one sample as a batch of so many, without copying."""
    return {name: tensor.expand(count, *tensor.shape) for name, tensor in tensors.items()}


def players(inputs: Inputs) -> list[tuple[str, int]]:
    """Space and index of every token that takes part, in the order of the spaces."""
    return [(name, int(i)) for name, mask in inputs.present.items() for i in mask.nonzero().flatten()]


def shown(inputs: Inputs, coalitions: Tensor) -> dict[str, Tensor]:
    """Which ``players`` are present, (b, players) → space name → (b, n) bool."""
    present = {name: torch.zeros(len(coalitions), len(mask), dtype=torch.bool) for name, mask in inputs.present.items()}
    start = 0
    for name, mask in inputs.present.items():
        count = int(mask.sum())
        present[name][:, mask] = coalitions[:, start : start + count].bool()
        start += count
    return present


def per_space(inputs: Inputs, values: Tensor) -> dict[str, Tensor]:
    """(players,) values as (n,) values of every space; zero for tokens that take no part."""
    scores, start = {}, 0
    for name, mask in inputs.present.items():
        count = int(mask.sum())
        scores[name] = torch.zeros(len(mask), dtype=torch.float64)
        scores[name][mask] = values[start : start + count].double()
        start += count
    return scores


def counted(value: Callable[..., Tensor], total: int, progress: Progress | None, words: str) -> Callable[..., Tensor]:
    """The function, telling after each call how many of ``total`` values are known."""
    done = 0

    def evaluate(*args: object) -> Tensor:
        nonlocal done
        tell(progress, done / total, words)
        values = value(*args)
        done += len(values)
        return values

    return evaluate


def _filled(inputs: Inputs, stand_in: Tokens, tokens: Tokens, present: Presence) -> tuple[Tokens, Presence]:
    """The same, with uninformative tokens wherever a space of a sample has none at all."""
    tokens, present = dict(tokens), dict(present)
    for name, mask in present.items():
        empty = ~mask.any(1)
        if empty.any():
            tokens[name] = torch.where(empty[:, None, None], stand_in[name], tokens[name])
            present[name] = torch.where(empty[:, None], inputs.present[name], mask)
    return tokens, present
