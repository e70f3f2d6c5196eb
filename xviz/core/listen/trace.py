"""What is known of a tensor on its way from q · kᵀ to the weights and on to the values: its product, layout and terms.

A trace writes a tensor as scale · q · kᵀ + terms, in any layout: its axes are leads (samples, heads, …), one of queries
and one of keys. Each step of a model's own arithmetic gives the next trace, or None where the step cannot be followed.
Nothing is computed in the size of the tensor, only its parts are reshaped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor

from xviz.core.attention import logits


@dataclass(frozen=True, eq=False)
class Trace:
    """One tensor as scale · q · kᵀ + terms."""

    q: Tensor  #: (*leads, q, d)
    k: Tensor  #: (*leads, k, d)
    row: int  #: the axis of queries in the tensor
    column: int  #: the axis of keys
    scale: float = 1.0
    terms: tuple[Tensor, ...] = ()  #: (*leads|1, q|1, k|1); True keys alone take part in a bool one, others are added
    stage: str = "logits"  #: "logits", "exp" of them, its "sum" over keys, or the "weights"
    note: str = ""

    @property
    def leads(self) -> tuple[int, ...]:
        """Sizes of the other axes, in the order in which the tensor has them."""
        return tuple(self.q.shape[:-2])

    @property
    def ndim(self) -> int:
        """Number of axes of the tensor."""
        return self.q.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        sizes = iter(self.leads)
        own = {self.row: self.q.shape[-2], self.column: self.k.shape[-2]}
        return tuple(own[axis] if axis in own else next(sizes) for axis in range(self.ndim))

    def canonical(self, tensor: Tensor) -> Tensor:
        """Something that has the tensor's layout, or broadcasts to it, as (*leads|1, q|1, k|1)."""
        tensor = tensor.reshape((1,) * (self.ndim - tensor.ndim) + tuple(tensor.shape))
        return tensor.permute(*self._others(), self.row, self.column)

    def laid_out(self, tensor: Tensor) -> Tensor:
        """(*leads, q, k) in the tensor's layout."""
        order = (*self._others(), self.row, self.column)
        return tensor.permute(*(order.index(axis) for axis in range(self.ndim)))

    def _others(self) -> list[int]:
        return [axis for axis in range(self.ndim) if axis not in (self.row, self.column)]

    def swapped(self) -> Trace:
        """Queries and keys in each other's place: the softmax runs over what was taken for queries."""
        return replace(
            self, q=self.k, k=self.q, row=self.column, column=self.row, terms=tuple(term.mT for term in self.terms)
        )

    def grown(self, shape: tuple[int, ...]) -> Trace | None:
        """Broadcast to a shape."""
        if tuple(shape) == self.shape:
            return self
        more = len(shape) - self.ndim
        row, column = self.row + more, self.column + more
        if more < 0 or shape[row] != self.q.shape[-2] or shape[column] != self.k.shape[-2]:
            return None
        leads = [size for axis, size in enumerate(shape) if axis not in (row, column)]
        ones = (1,) * more
        q, k = (part.reshape(ones + tuple(part.shape)).expand(*leads, -1, -1) for part in (self.q, self.k))
        terms = tuple(term.reshape(ones + tuple(term.shape)) for term in self.terms)
        return replace(self, q=q, k=k, row=row, column=column, terms=terms)

    def plus(self, other: Tensor | float, shape: tuple[int, ...]) -> Trace | None:
        """Something was added; the sum has this shape."""
        if not isinstance(other, Tensor):
            return self  # the same to all keys
        grown = self.grown(shape)
        return grown and replace(grown, terms=(*grown.terms, grown.canonical(other.detach())))

    def times(self, other: Tensor | float, shape: tuple[int, ...]) -> Trace | None:
        """Everything was multiplied; a factor may differ between queries or between keys, not between pairs."""
        if isinstance(other, Tensor) and other.numel() == 1:
            other = other.item()
        if not isinstance(other, Tensor):
            terms = tuple(term if term.dtype == torch.bool else term * other for term in self.terms)
            return replace(self, scale=self.scale * other, terms=terms)
        grown = self.grown(shape)
        if grown is None:
            return None
        factor = grown.canonical(other.detach())
        terms = tuple(term if term.dtype == torch.bool else term * factor for term in grown.terms)
        if factor.shape[-1] == 1:
            return replace(grown, q=grown.q * factor, terms=terms)
        return replace(grown, k=grown.k * factor.mT, terms=terms) if factor.shape[-2] == 1 else None

    def masked(self, gone: Tensor, shape: tuple[int, ...]) -> Trace | None:
        """Keys were excluded where ``gone`` is True."""
        return self.plus(~gone, shape)

    def permuted(self, order: tuple[int, ...]) -> Trace:
        """The axes in another order."""
        order = tuple(axis % self.ndim for axis in order)
        others = self._others()
        leads = [others.index(axis) for axis in order if axis in others]
        q, k, *terms = (part.permute(*leads, -2, -1) for part in (self.q, self.k, *self.terms))
        return replace(self, q=q, k=k, row=order.index(self.row), column=order.index(self.column), terms=tuple(terms))

    def reshaped(self, shape: tuple[int, ...]) -> Trace | None:
        """Another shape of the same order, in which queries and keys are axes as before."""
        shape, was = tuple(shape), self.shape
        places = sorted((self.row, self.column))
        parts = _cut(was, *places)
        fits = [
            (i, j)
            for i in range(len(shape))
            for j in range(i + 1, len(shape))
            if (shape[i], shape[j]) == (was[places[0]], was[places[1]]) and _cut(shape, i, j) == parts
        ]
        if not fits:
            return None
        i, j = min(fits, key=lambda fit: abs((len(shape) - fit[1]) - (self.ndim - places[1])))
        leads = tuple(size for axis, size in enumerate(shape) if axis not in (i, j))
        row, column = (i, j) if self.row < self.column else (j, i)
        q, k = (part.reshape(*leads, *part.shape[-2:]) for part in (self.q, self.k))
        return replace(self, q=q, k=k, row=row, column=column, terms=tuple(self._shaped(t, leads) for t in self.terms))

    def _shaped(self, term: Tensor, leads: tuple[int, ...]) -> Tensor:
        """A term whose leads, perhaps broadcast, are cut otherwise."""
        if prod(term.shape[:-2]) == 1:
            return term.reshape((1,) * len(leads) + tuple(term.shape[-2:]))
        return term.expand(*self.leads, -1, -1).reshape(*leads, *term.shape[-2:])

    def part(self, index: Any, shape: tuple[int, ...]) -> Trace | None:
        """Slices of the axes; new axes may be put in."""
        index = index if isinstance(index, tuple) else (index,)
        if not all(i is None or i is Ellipsis or isinstance(i, slice) for i in index):
            return None
        picks = [i for i in index if i is not None]
        if Ellipsis in picks:
            gap = picks.index(Ellipsis)
            picks[gap : gap + 1] = [slice(None)] * (self.ndim - len(picks) + 1)
        picks += [slice(None)] * (self.ndim - len(picks))
        leads, rows, columns = tuple(picks[axis] for axis in self._others()), picks[self.row], picks[self.column]
        terms = tuple(
            term[tuple(i if n > 1 else slice(None) for i, n in zip((*leads, rows, columns), term.shape, strict=True))]
            for term in self.terms
        )
        cut = replace(self, q=self.q[(*leads, rows)], k=self.k[(*leads, columns)], terms=terms)
        return cut.reshaped(shape)

    def remarked(self, note: str) -> Trace:
        """The same with a note."""
        return replace(self, note=note)

    def explains(self, weights: Tensor, count: int = 8) -> bool:
        """Whether the softmax of these logits is what the model computed, in queries spread over all."""
        canonical = self.canonical(weights.detach())
        for term in self.terms:
            if term.dtype == torch.bool and not term.any(-1).all() and not canonical.isnan().any():
                return False  # a query without keys; what the model made of it is not −∞ in every key
        index = torch.linspace(
            0, canonical.shape[-2] - 1, min(count, canonical.shape[-2]), device=canonical.device
        ).long()
        want = logits(self.q, self.k, self.scale, self.terms, index=index).softmax(-1)
        near = {torch.float64: 1e-9, torch.float32: 1e-4}.get(min(weights.dtype, self.q.dtype, key=_digits), 2e-2)
        return bool(torch.allclose(want, canonical[..., index, :].to(want.dtype), rtol=near, atol=near, equal_nan=True))


def _digits(dtype: torch.dtype) -> float:
    return -torch.finfo(dtype).eps


def _cut(shape: tuple[int, ...], i: int, j: int) -> tuple[int, int, int]:
    """Number of elements before, between and after two axes."""
    return prod(shape[:i]), prod(shape[i + 1 : j]), prod(shape[j + 1 :])


def given(scores: Tensor, column: int) -> Trace:
    """A trace of scores of unknown origin: they are their own only term, and q and k have no features."""
    row = column - 1 if column == scores.ndim - 1 else scores.ndim - 1
    term = Trace(scores, scores, row, column).canonical(scores.detach())
    q, k = (term.new_empty(*term.shape[:-2], n, 0) for n in term.shape[-2:])
    return Trace(q, k, row, column, terms=(term,), note=UNKNOWN)


UNKNOWN = "Its scores are no product of queries and keys that could be followed, so the scores themselves are kept."
