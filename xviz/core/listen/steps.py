"""Generation: the steps of a decoder that keeps its keys and values become one call.

The first step reads the prompt; each later one asks for the tokens that were added and repeats the keys before them:
keys grow with a cache, or a cache of fixed length is filled and what is not yet filled is masked. The joined call has
one query for each generated token, the one that it was generated from, and no keys that were never filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.core.attention import Heard

LOW = -1e4  #: scores at or under this are excluded
Step = tuple[Heard, Tensor | None]  #: a call, and the gradient of its output, (b, h, q, d)


def share(before: Heard, heard: Heard) -> None:
    """Let a step read its keys from the next one, which repeats them, so that memory grows linearly."""
    if _grows(before, heard) or _asks_again(before, heard) or _fills(before, heard):
        heard.goes_on_from(before)


def joined(steps: Sequence[Step]) -> list[Step]:
    """The same calls, with the steps of each generation as one, in the place of the first.

    Where the prompt has several tokens, its call stays, and the joined one follows it.
    """
    by_name: dict[str, list[int]] = {}
    for index, (heard, _) in enumerate(steps):
        by_name.setdefault(heard.name, []).append(index)
    grown = [chain for places in by_name.values() for chain in _chains(steps, places, _grows)]
    filled = [chain for places in by_name.values() for chain in _chains(steps, places, _fills)]
    counts = {tuple(steps[index][0].q.shape[-2] for index in chain) for chain in (*grown, *filled)}
    again = [
        chain
        for places in by_name.values()
        for chain in _chains(steps, places, _asks_again)
        if tuple(steps[index][0].q.shape[-2] for index in chain) in counts
    ]
    heads = {chain[0]: chain for chain in (*grown, *again, *filled)}
    inside = {index for chain in heads.values() for index in chain}
    calls: list[Step] = []
    for index, step in enumerate(steps):
        if index in heads:
            chain = [steps[i] for i in heads[index]]
            count = _filled(chain) if heads[index] in filled else chain[-1][0].k.shape[-2]
            prompt = [(_cut(step[0], _filled([step])), step[1])] if heads[index] in filled else [step]
            calls += prompt * (step[0].q.shape[-2] > 1) + [_join(chain, count, grows=heads[index] in grown)]
        elif index not in inside:
            calls.append(step)
    return calls


def _chains(steps: Sequence[Step], places: Sequence[int], follows: Callable[[Heard, Heard], bool]) -> list[list[int]]:
    """Runs of two or more calls of one module, each following the one before."""
    chains: list[list[int]] = []
    for index in places:
        if chains and follows(steps[chains[-1][-1]][0], steps[index][0]):
            chains[-1].append(index)
        else:
            chains.append([index])
    return [chain for chain in chains if len(chain) > 1]


def _grows(before: Heard, heard: Heard) -> bool:
    """Whether a call asks for new tokens alone and has the keys before them from a cache."""
    old, new = before.k.shape[-2], heard.k.shape[-2]
    return 0 < old == new - heard.q.shape[-2] and _repeats(before, heard)


def _asks_again(before: Heard, heard: Heard) -> bool:
    """Whether a call asks the same keys for one more token."""
    return heard.q.shape[-2] == 1 and before.k.shape[-2] == heard.k.shape[-2] and _repeats(before, heard)


def _fills(before: Heard, heard: Heard) -> bool:
    """Whether a call asks a cache of fixed length, of which it may read more than the call before did."""
    parts = ((before.k, heard.k), (before.v, heard.v))
    have, count = before.k.shape[-2], heard.k.shape[-2]
    if (
        heard.q.shape[-2] != 1
        or have > count
        or have == count - 1
        or any(a[..., 0, :].shape != b[..., 0, :].shape for a, b in parts)
    ):
        return False
    old, new = F.pad(_read(before), (0, count - have)), _read(heard)
    if int(old.sum()) >= int(new.sum()) or not bool(new[old].all()):
        return False
    return all(torch.equal(a[..., old[:have], :], b[..., old, :]) for a, b in parts)


def _read(heard: Heard) -> Tensor:
    """Which keys any query of a call may read, (k,) bool."""
    count = heard.k.shape[-2]
    if heard.causal is not None:
        return torch.arange(count) <= heard.q.shape[-2] - 1 + heard.causal
    return (_added(heard, count) > LOW).flatten(0, 2).any(0)


def _filled(chain: Sequence[Step]) -> int:
    """How many keys of a cache of fixed length are read in the end."""
    return max(int(_read(heard).nonzero().max()) + 1 for heard, _ in chain)


def _cut(heard: Heard, count: int) -> Heard:
    """The same call without the keys after ``count``, which nobody reads."""

    def cut(term: Tensor) -> Tensor:
        return term[..., :count] if term.shape[-1] > 1 else term

    bias = None if heard.bias is None else cut(heard.bias)
    parts = {"k": heard.k[..., :count, :], "v": heard.v[..., :count, :]}
    return replace(heard, **parts, bias=bias, terms=tuple(map(cut, heard.terms)))


def _repeats(before: Heard, heard: Heard) -> bool:
    old = before.k.shape[-2]
    return all(
        a.shape[:2] == b.shape[:2]
        and a.shape[-1] == b.shape[-1]
        and (_place(a) == _place(b) or torch.equal(a, b[..., :old, :]))
        for a, b in ((before.k, heard.k), (before.v, heard.v))
    )


def _place(tensor: Tensor) -> tuple[object, ...]:
    return tensor.data_ptr(), tensor.dtype, tensor.stride()


def _join(chain: Sequence[Step], count: int, *, grows: bool) -> Step:
    """One call of a chain: the last query of the prompt, and all queries after it, with the first ``count`` keys."""
    first, last = chain[0][0], _cut(chain[-1][0], count)
    parts = [_added(heard, count, 0.0 if grows else -torch.inf) for heard, _ in chain]
    parts[0] = parts[0][..., -1:, :]
    bias = None
    if any(bool(part.count_nonzero()) for part in parts):
        wide = [max(part.shape[axis] for part in parts) for axis in (0, 1)]
        bias = torch.cat([part.expand(*wide, -1, -1) for part in parts], -2)
    grads = [grad for _, grad in chain]
    call = replace(
        last,
        q=torch.cat([first.q[..., -1:, :], *(heard.q for heard, _ in chain[1:])], -2),
        out=None,
        bias=bias,
        terms=(),
        causal=first.k.shape[-2] - 1 if grows else None,
        note=" ".join((f"{len(chain)} steps of generation.", last.note)).strip(),
    )
    known = [grad for grad in grads if grad is not None]
    if len(known) < len(grads):
        return call, None
    return call, torch.cat([known[0][..., -1:, :], *known[1:]], -2)


def _added(heard: Heard, count: int, later: float = 0.0) -> Tensor:
    """Everything that a step added to its scores, (b|1, h|1, q, count), with ``later`` for keys that it had not."""
    kind = torch.float64 if heard.q.dtype == torch.float64 else torch.float32
    total = torch.zeros(1, 1, heard.q.shape[-2], heard.k.shape[-2], dtype=kind, device=heard.q.device)
    for term in heard.terms if heard.bias is None else (heard.bias, *heard.terms):
        total = total.masked_fill(~term, -torch.inf) if term.dtype == torch.bool else total + term
    return F.pad(total, (0, max(0, count - heard.k.shape[-2])), value=later)[..., :count]
