"""Products of two tensors: scores q · kᵀ where they begin, and the weights times the values where attention ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from xviz.core.listen.trace import Trace

#: products of two tensors by the name of their function, and where their operands stand
PLACES = {"matmul": 0, "__matmul__": 0, "bmm": 0, "mm": 0, "baddbmm": 1, "addmm": 1, "einsum": 1}
EINSUM = "einsum"
FREE = "αβγδεζηθικ"  #: letters of axes that an equation leaves unnamed
LEADS = {*FREE, *"bhgBHG"}  #: letters that people use for samples, heads and groups, never for tokens


@dataclass(frozen=True)
class Feature:
    """The tensor's axis of features that a linear map made: a softmax over it is a gate or a class, no attention."""

    axis: int


@dataclass(frozen=True, eq=False)
class Answer:
    """Weights times values, and how to read the product."""

    weights: Trace  #: broadcast to all leads
    values: Tensor  #: (*leads, k, d)
    order: Callable[[Tensor], Tensor]  #: from the product's layout to (*leads, q, d)


def operands(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Tensor, Tensor] | None:
    """The two factors of a product; None where it has others."""
    both = args[PLACES[name] :]
    if name == EINSUM and len(both) == 1 and isinstance(both[0], (tuple, list)):
        both = tuple(both[0])
    if len(both) < 2:
        both = tuple(kwargs[key] for keys in NAMES for key in keys if key in kwargs) if not both else (
            *both, *(kwargs[key] for key in NAMES[1] if key in kwargs))  # fmt: skip
    if len(both) != 2 or not all(isinstance(factor, Tensor) and factor.is_floating_point() for factor in both):
        return None
    return both


NAMES = (("batch1", "mat1", "input", "self"), ("batch2", "mat2", "other", "tensor2"))


def letters(name: str, args: tuple[Any, ...], left: Tensor, right: Tensor) -> tuple[str, str, str] | None:
    """Every product as letters of its axes: those of both factors and of the result."""
    if name != EINSUM:
        if min(left.ndim, right.ndim) < 2:
            return None
        lead = FREE[: max(left.ndim, right.ndim) - 2]
        return lead[len(lead) - left.ndim + 2 :] + "qd", lead[len(lead) - right.ndim + 2 :] + "dk", lead + "qk"
    equation = args[0].replace(" ", "") if isinstance(args[0], str) else ""
    if "->" not in equation or equation.count(",") != 1:
        return None
    sides = (*equation.split("->")[0].split(","), equation.split("->")[1])
    if "." in equation:
        dots = [left.ndim - len(sides[0].replace("...", "")), right.ndim - len(sides[1].replace("...", ""))]
        dots = [count if "..." in side else 0 for count, side in zip(dots, sides, strict=False)]
        fill = [FREE[max(dots) - count : max(dots)] for count in (*dots, max(dots))]
        sides = tuple(side.replace("...", part) for side, part in zip(sides, fill, strict=True))
    if any(len(set(side)) != len(side) for side in sides) or (len(sides[0]), len(sides[1])) != (left.ndim, right.ndim):
        return None
    return sides


def scores(sides: tuple[str, str, str], left: Tensor, right: Tensor) -> Trace | Feature | None:
    """A product that may be the beginning of scores: one axis is the left factor's own, one the right factor's."""
    a, b, out = sides
    own_a, own_b = [c for c in out if c not in b], [c for c in out if c not in a]
    leads = [c for c in out if c in a and c in b]
    own_a, own_b, leads = _settle(out, own_a, own_b, leads)
    summed = [c for c in a if c in b and c not in out]
    if len(own_b) == 1 and _learned(right):
        return Feature(out.index(own_b[0]))
    if len(own_a) == 1 and _learned(left) and not own_b:
        return Feature(out.index(own_a[0]))
    if len(own_a) != 1 or len(own_b) != 1 or not summed or set(a + b) - set(out) - set(summed):
        return None
    sizes = [max(_size(a, left, c), _size(b, right, c)) for c in leads]
    q = _arranged(a, left, leads, own_a, summed).expand(*sizes, -1, -1)
    k = _arranged(b, right, leads, own_b, summed).expand(*sizes, -1, -1)
    return Trace(q, k, out.index(own_a[0]), out.index(own_b[0]))


def _settle(out: str, own_a: list[str], own_b: list[str], leads: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Leads that only one factor has, told from its axis of tokens."""
    for own in (own_a, own_b):
        for letter in [c for c in own if c in LEADS]:
            if len(own) > 1:
                own.remove(letter)
                leads.append(letter)
    return own_a, own_b, sorted(leads, key=out.index)


def answer(sides: tuple[str, str, str], weights: Trace, w: str, v: str, values: Tensor) -> Answer | None:
    """A product of weights and something: attention, where it sums over the keys and keeps the queries.

    Args:
        sides: Letters of both factors and of the result.
        weights: Trace of the weights.
        w: The letters of the weights' axes.
        v: Those of the values'.
        values: The other factor.
    """
    out = sides[2]
    row, column = w[weights.row], w[weights.column]
    if column not in v or column in out or row in v or row not in out:
        return None
    leads = [c for c in w if c not in (row, column)]
    new = [c for c in out if c not in w]
    extra = [c for c in new if c in LEADS]  # leads that only the values have
    features = [c for c in new if c not in extra]
    if any(c not in out for c in leads) or set(v) - set(leads) - {column} - set(new):
        return None
    sizes = {c: max(weights.shape[i], _size(v, values, c)) for i, c in enumerate(w) if c in leads}
    sizes |= {c: _size(v, values, c) for c in extra}
    shape = [sizes[c] for c in extra] + [sizes.get(c, size) for c, size in zip(w, weights.shape, strict=True)]
    grown = weights.grown(tuple(shape))
    if grown is None:
        return None
    order = [*extra, *leads]
    arranged = _arranged(v, values, order, [column], features).expand(*(sizes[c] for c in order), -1, -1)

    def read(product: Tensor) -> Tensor:
        axes = [out.index(c) for c in (*order, row, *features)]
        return product.permute(axes).reshape(*(sizes[c] for c in order), product.shape[out.index(row)], -1)

    return Answer(grown, arranged, read)


def _size(side: str, tensor: Tensor, letter: str) -> int:
    return tensor.shape[side.index(letter)] if letter in side else 1


def _arranged(side: str, tensor: Tensor, leads: list[str], own: list[str], last: list[str]) -> Tensor:
    """Axes as (*leads, own, last), leads that are not there as ones, several last axes as one."""
    wanted = [c for c in (*leads, *own, *last) if c in side]
    tensor = tensor.permute([side.index(c) for c in wanted])
    sizes = dict(zip(wanted, tensor.shape, strict=True))
    return tensor.reshape(*(sizes.get(c, 1) for c in leads), sizes[own[0]], -1)


def _learned(tensor: Tensor) -> bool:
    """Whether it is a weight matrix rather than tokens."""
    base = tensor if tensor._base is None else tensor._base
    return isinstance(base, nn.Parameter) and base.ndim == 2 and tensor.ndim == 2


def added(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], trace: Trace, shape: Any) -> Trace | None:
    """The trace of beta · input + alpha · product."""
    alpha, beta = kwargs.get("alpha", 1), kwargs.get("beta", 1)
    trace = replace(trace, scale=trace.scale * alpha)
    if not beta:
        return trace
    first = args[0] if args else kwargs.get("input")
    return trace.plus(first if beta == 1 else first * beta, tuple(shape)) if torch.is_tensor(first) else None
