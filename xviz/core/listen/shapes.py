"""Leading axes as samples and heads."""

from __future__ import annotations

from math import prod

from torch import Tensor

from xviz.core.listen.names import Place

#: where modules keep their number of heads
HEADS = ("num_heads", "num_attention_heads", "n_heads", "n_head", "nhead", "heads")


def split(leads: tuple[int, ...], batch: int | None, place: Place | None) -> tuple[int, int]:
    """Samples and heads of leading axes; a single axis may hold both, samples first.

    Args:
        leads: Sizes of the axes before queries and features.
        batch: Number of samples, where it is known.
        place: Where attention is computed: a running module may know its number of heads.
    """
    if len(leads) > 1:
        return (1, prod(leads[:-1])) if leads[-1] == batch == 1 else (prod(leads[:-1]), leads[-1])
    count = prod(leads)
    if batch and count % batch == 0:
        return batch, count // batch
    for module in reversed(place.running[-2:] if place else ()):
        heads = next((n for name in HEADS if isinstance(n := getattr(module, name, None), int) and n > 0), None)
        if heads and count % heads == 0:
            return count // heads, heads
    samples = place and place.samples
    return (samples, count // samples) if samples and count % samples == 0 else (count, 1)


def four(tensor: Tensor, b: int, h: int) -> Tensor:
    """(*leads, n, d) as (b, h|g, n, d)."""
    leads = tensor.shape[:-2]
    if len(leads) > 1:
        tensor = tensor.reshape(-1, leads[-1], *tensor.shape[-2:])
        return tensor.expand(b, -1, -1, -1) if len(tensor) == 1 else tensor if len(tensor) == b else tensor.reshape(
            b, -1, *tensor.shape[-2:])  # fmt: skip
    return tensor.expand(*leads, -1, -1).reshape(b, -1, *tensor.shape[-2:]) if prod(leads) == b * h else tensor.reshape(
        1, 1, *tensor.shape[-2:]).expand(b, -1, -1, -1)  # fmt: skip


def spread(term: Tensor, leads: tuple[int, ...], b: int, h: int) -> Tensor:
    """Something that broadcasts to (*leads, q, k) as (b|1, h|1, q|1, k|1)."""
    term = term.reshape((1,) * (len(leads) + 2 - term.ndim) + tuple(term.shape))
    if prod(term.shape[:-2]) == 1:
        return term.reshape(1, 1, *term.shape[-2:])
    return term if leads == (b, h) else term.expand(*leads, -1, -1).reshape(b, h, *term.shape[-2:])


def repeated(tensor: Tensor, heads: int) -> Tensor:
    """(b, h|g, n, d) with an entry for each head."""
    return tensor.repeat_interleave(heads // tensor.shape[1], 1) if tensor.shape[1] != heads else tensor


def packs(before: object, after: Tensor) -> bool:
    """Whether heads of a single query, (b, h, 1, d), are laid out as the queries of fewer heads, (b, g, h / g, d).

    So transformers asks groups of heads that share keys; what looks like several queries is one.
    """
    return (
        isinstance(before, Tensor)
        and before.ndim == after.ndim == 4
        and before.shape[2] == 1 < after.shape[2]
        and (before.shape[0], before.shape[3]) == (after.shape[0], after.shape[3])
    )


def unpacked(mask: Tensor | None, query: Tensor) -> Tensor | None:
    """A mask (b, g, h / g, k) of packed heads as (b, h, 1, k); one that all of them share stays as it is."""
    if mask is None or mask.ndim < 4 or mask.shape[-2] == 1:
        return mask
    return mask.reshape(len(mask), query.shape[1] * query.shape[2], 1, mask.shape[-1])
