"""Attention that can be heard: one computing module, one tape, one exact record.

Axis letters, here and everywhere: b sample in a batch, h head, q query token, k key token, d feature of a head.

``Attend`` computes with the fused kernel, which never forms the (q, k) weights. While a tape is listening it notes
q, k and v; the weights, and the gradients of a target with respect to them, are then computed row by row when somebody
asks. Memory stays linear in the number of tokens, and what is shown is what the model used, not an approximation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.errors import ModelError
from xviz.core.tape import Heard, Missed, Tape, listening, tape_of_thread, unheard

Index = slice | Sequence[int] | Tensor
CHUNK = 2**19  #: weights of all heads formed at once; 2 or 4 MB, which stay in the cache

__all__ = [
    "Attend",
    "AttentionCall",
    "Heard",
    "Missed",
    "Replace",
    "Tape",
    "listening",
    "logits",
    "replaced",
    "tape_of_thread",
    "unheard",
]

Replace = Callable[[nn.Module, Tensor], Tensor]
_replace: ContextVar[Replace | None] = ContextVar("xviz_replace", default=None)


def weights_replaced() -> bool:
    """Whether this thread is in a block of ``replaced``."""
    return _replace.get() is not None


@contextmanager
def replaced(weights: Replace) -> Iterator[None]:
    """Every ``Attend`` of this thread uses other weights until the block ends.

    Args:
        weights: From the module and its logits, scale · q · kᵀ + bias (b, h, q, k) with −inf at the keys that take no
            part, to the weights (b, h, q, k) in the place of their softmax. These are formed in full.
    """
    token = _replace.set(weights)
    try:
        yield
    finally:
        _replace.reset(token)


class Attend(nn.Module):
    """Scaled dot-product attention between two named token spaces; it has no parameters.

    Args:
        queries: Name of the space that asks.
        keys: Name of the space that answers.
        dropout: Share of weights dropped while training; runs are always in evaluation mode.
    """

    def __init__(self, queries: str, keys: str, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.queries, self.keys, self.dropout = queries, keys, dropout

    def forward(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        *,
        scale: float | None = None,
        bias: Tensor | None = None,
        first_key: int = 0,
    ) -> Tensor:
        """The attended values, (b, h, q, d).

        Args:
            q: (b, h, q, d).
            k: (b, h, k, d).
            v: (b, h, k, d).
            scale: Factor on the products; 1/√d where None.
            bias: (b|1, h|1, q|1, k), added to the scaled products; −inf excludes a key.
            first_key: Keys before this one take no part, as class tokens in MIT's decoder.

        Raises:
            ModelError: a tape listens while the weights are replaced; its record would not be what was used.
        """
        scale = q.shape[-1] ** -0.5 if scale is None else scale
        if (replace := _replace.get()) is not None:
            if tape_of_thread() is not None:
                raise ModelError("Attention with replaced weights cannot be recorded; end one of the two blocks first.")
            return replace(self, _logits(q, k, scale, bias, first_key)) @ v
        mask = None if bias is None else bias[..., first_key:]
        out = F.scaled_dot_product_attention(
            q,
            k[..., first_key:, :],
            v[..., first_key:, :],
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            scale=scale,
        )
        if (tape := tape_of_thread()) is not None:
            tape.append(Heard(self, q, k, v, out, scale, bias, first_key))
        return out

    def extra_repr(self) -> str:
        """Who asks whom."""
        return f"{self.queries} ask {self.keys}"


def _logits(q: Tensor, k: Tensor, scale: float, bias: Tensor | None, first_key: int) -> Tensor:
    """What the softmax is taken of, (b, h, q, k), −inf at the keys that take no part."""
    logits = scale * (q @ k.mT)
    if bias is not None:
        logits = logits + bias
    gone = torch.arange(k.shape[-2], device=k.device) < first_key
    return logits.masked_fill(gone, -torch.inf)


@dataclass(frozen=True, eq=False)
class AttentionCall:
    """What one attention saw for one sample.

    The logits are scale · q · kᵀ + bias + terms. Half-precision numbers are computed with as float32. A call whose
    scores are no product that could be followed keeps them as its bias; its q and k then have no features, and ``note``
    says so.
    """

    name: str  #: dotted module name, with ``#2`` where the module was called a second time
    queries: str  #: name of the token space asking
    keys: str  #: name of the token space answering
    q: Tensor  #: (h, q, d)
    k: Tensor  #: (h|g, k, d); g groups of heads share keys
    v: Tensor  #: (h|g, k, d)
    scale: float
    bias: Tensor | None = None  #: (h|1, q|1, k|1)
    first_key: int = 0  #: keys before this one take no part; their weight is zero
    grad_out: Tensor | None = None  #: (h, q, d), d target / d output; None where no target was asked for
    terms: tuple[Tensor, ...] = ()  #: as bias; True keys alone take part in a bool one, others are added
    causal: int | None = None  #: query i asks no key after i + causal
    note: str = ""  #: what a reader must know about the record

    @property
    def heads(self) -> int:
        """Number of heads."""
        return self.q.shape[0]

    def only(self, head: int) -> AttentionCall:
        """The same call with one head alone: its rows are that head's, in a share of the time that all take."""

        def own(tensor: Tensor) -> Tensor:
            """That head's part of what each head, a group of heads or all of them have."""
            if tensor.ndim < 3 or tensor.shape[-3] == 1:
                return tensor
            at = head * tensor.shape[-3] // self.heads
            return tensor[..., at : at + 1, :, :]

        return replace(
            self, q=own(self.q), k=own(self.k), v=own(self.v), terms=tuple(own(term) for term in self.terms),
            bias=None if self.bias is None else own(self.bias),
            grad_out=None if self.grad_out is None else own(self.grad_out),
        )  # fmt: skip

    def rows(self, index: Index = slice(None)) -> Tensor:
        """The weights of some queries, (h, len(index), k); each row sums to one.

        A query to which no key is left has weights of zero, as the fused kernel computes it.
        """
        terms = self.terms if self.bias is None else (self.bias, *self.terms)
        scores = logits(self.q, self.k, self.scale, terms, self.causal, index, self.first_key)
        weights = scores.softmax(-1)
        if not self._each_has_a_key(terms):
            weights = weights.masked_fill(scores.amax(-1, keepdim=True).isneginf(), 0)
        return self._padded(weights)

    def _each_has_a_key(self, terms: Sequence[Tensor]) -> bool:
        """Whether it is known, without the scores, that a key is left to every query: cheap where all share a mask."""
        if self.causal is not None or any(term.shape[-2] != 1 for term in terms):
            return False
        left: Tensor | bool = True
        for term in terms:
            part = term if term.shape[-1] == 1 else term[..., self.first_key :]
            left = left & (part if part.dtype == torch.bool else ~part.isneginf())
        return bool(left) if isinstance(left, bool) else bool(left.any(-1).all())

    def columns(self, index: Index, chunk: int | None = None) -> Tensor:
        """The weights that all queries give to some keys, (h, q, len(index)), in chunks of rows as ``slices`` has."""
        return torch.cat([self.rows(part)[..., index] for part in self.slices(chunk)], 1)

    def grad_rows(self, index: Index = slice(None)) -> Tensor:
        """Gradients d target / d weights for some queries, (h, len(index), k), from grad_out · vᵀ.

        Raises:
            ModelError: the run had no target, so there is no gradient.
        """
        if self.grad_out is None:
            raise ModelError(f"“{self.name}” has no gradients: the run had no target that depends on it. Run with one.")
        return self._padded(_products(self.grad_out[:, index], self.v[:, self.first_key :]))

    def slices(self, chunk: int | None = None) -> Iterator[slice]:
        """The queries in pieces of ``chunk``; where None, of as many as have ``CHUNK`` weights, but at least one."""
        chunk = chunk or max(1, CHUNK // (self.heads * self.k.shape[1]))
        for start in range(0, self.q.shape[1], chunk):
            yield slice(start, min(start + chunk, self.q.shape[1]))

    def received(self, chunk: int | None = None) -> Tensor:
        """Mean weight that each key receives over all queries, (h, k), in linear memory; chunks as in ``slices``."""
        count = self.q.shape[1]
        return self.pull(_full(self.q[0, :, :0]).new_full((count,), 1 / count), chunk)

    def pull(self, weights: Tensor, chunk: int | None = None) -> Tensor:
        """Query weights (q,) times the attention matrix of each head: (h, k), in linear memory."""
        start = self.q.new_zeros(())
        return sum(((weights[None, None, part] @ self.rows(part))[:, 0] for part in self.slices(chunk)), start)

    def _padded(self, values: Tensor) -> Tensor:
        """Values for the keys that take part, with zeros before them for those that do not."""
        return F.pad(values, (self.first_key, 0)) if self.first_key else values


def _full(tensor: Tensor) -> Tensor:
    """Half-precision numbers as float32, others as they are."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def _fits(part: Tensor, whole: Tensor) -> bool:
    """Whether one tensor broadcasts to another's shape."""
    return all(a in (1, b) for a, b in zip(part.shape[::-1], whole.shape[::-1], strict=False))


def _products(q: Tensor, k: Tensor) -> Tensor:
    """Products q · kᵀ of each head, (…, h, q, k), where g groups of heads may share their keys."""
    q, k = _full(q), _full(k)
    if q.ndim < 3 or q.shape[-3] == k.shape[-3]:
        return q @ k.mT
    return (q.unflatten(-3, (k.shape[-3], -1)) @ k.unsqueeze(-3).mT).flatten(-4, -3)


def logits(
    q: Tensor,
    k: Tensor,
    scale: float,
    terms: Sequence[Tensor] = (),
    causal: int | None = None,
    index: Index = slice(None),
    first_key: int = 0,
) -> Tensor:
    """What the softmax of some queries is taken of, (…, h, len(index), k − first_key), −∞ where no key is asked."""
    scores = _products(scale * _full(q[..., index, :]), k[..., first_key:, :])
    for term in terms:
        part = term if term.shape[-2] == 1 else term[..., index, :]
        part = part if part.shape[-1] == 1 else part[..., first_key:]
        if part.dtype == torch.bool:
            scores = scores.masked_fill(~part, -torch.inf)
        else:  # in place where the sum has the scores' own type and shape: they were made here
            same = part.dtype == scores.dtype and part.ndim <= scores.ndim and not scores.requires_grad
            scores = scores.add_(part) if same and _fits(part, scores) else scores + part
    if causal is not None:
        query = torch.arange(q.shape[-2], device=q.device)[index].unsqueeze(-1)
        scores = scores.masked_fill(torch.arange(first_key, k.shape[-2], device=q.device) > query + causal, -torch.inf)
    return scores
