"""What Chefer's relevance R flows through: Ā of every call, the spaces and their kinds; and R held as one matrix.

The rules are in ``relevance``. R^{xy} has a row for each token of x and a column for each token of y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from xviz.core.attention import AttentionCall
from xviz.core.cells import Cells, pooled_leaves
from xviz.core.run import Run
from xviz.core.tokens import TokenSpace, leaves
from xviz.explain.question import Rows, born, mixed, names, shares

KEPT = 2**24  #: numbers of Ā, of all calls together, that are kept once made; 64 MB in single precision

Steps = tuple[tuple[AttentionCall, ...], ...]
Report = Callable[[int], None]  #: gets the number of each step on the way back
Panel = dict[str, Tensor]  #: leaf → (b, n), b rows or columns at once


class Weights:
    """Ā of calls, made in chunks of rows; rows are kept while there is room, so that time has no step.

    Args:
        head: The head that is meant; None for the mean over all.
        chunk: Rows made at once; None for as many as fit the cache.
    """

    def __init__(self, head: int | None, chunk: int | None = None) -> None:
        self.head, self.chunk, self.room = head, chunk, KEPT
        self.kept: dict[tuple[str, int], Tensor] = {}

    def rows(self, call: AttentionCall) -> Iterator[tuple[slice, Tensor]]:
        """All rows of Ā, (rows, k) float64 at a time."""
        for part in call.slices(self.chunk):
            block = self.kept.get((call.name, part.start))
            if block is None:
                positive = call.rows(part).mul_(call.grad_rows(part)).clamp_min_(0.0)
                block = mixed(call, positive, self.head)
                if block.numel() <= self.room:
                    self.kept[call.name, part.start] = block
                    self.room -= block.numel()
            yield part, block.double()

    def times(self, call: AttentionCall, values: Tensor, *, left: bool = False) -> Tensor:
        """Ā · values, (b, k) → (b, q), or from the left values · Ā, (b, q) → (b, k)."""
        product = values.new_zeros(len(values), (call.k if left else call.q).shape[1])
        live = values.any(1)  # zeros stay zeros, and many are
        if not live.any():
            return product
        if left:
            product[live] = sum(values[live][:, part] @ rows for part, rows in self.rows(call))
        else:
            product[live] = torch.cat([values[live] @ rows.mT for _, rows in self.rows(call)], 1)
        return product


class Flow:
    """R of a run after the steps on its path.

    Args:
        run: With gradients of the output.
        steps: The path, ``question.path``.
        weights: Ā.
        pools: Whether pooled spaces are followed back to what they were pooled from.
    """

    def __init__(self, run: Run, steps: Steps, weights: Weights, *, pools: bool = True) -> None:
        self.run, self.spaces, self.weights = run, run.spaces, weights
        self.born = born(run, steps) if pools else [[] for _ in steps]
        self.steps = tuple(tuple(call for call in step if call.grad_out is not None) for step in steps)
        every = [leaf for step in steps for call in step for leaf in self._leaves(call)]
        self.sizes = {base.name: len(base) for leaf in every for base in (_bases(leaf) if pools else [leaf])}
        crossing = {s for step in self.steps for call in step if self.crosses(call) for s in (call.queries, call.keys)}
        member = {leaf: tuple(sorted(s for s in crossing if leaf in names(self.spaces[s]))) for leaf in self.sizes}
        kinds = sorted(set(member.values()))
        self.kind = {leaf: kinds.index(where) for leaf, where in member.items()}  #: leaves that follow the same rules
        self.kinds = range(len(kinds))

    @property
    def size(self) -> int:
        """The number of all tokens."""
        return sum(self.sizes.values())

    def products(self) -> int:
        """How many products of an Ā with rows or columns ``streamed`` takes, at most."""
        row = column = 0
        for step in self.steps:
            count = sum(map(self.crosses, step))
            row, column = row + len(step) + count * column, column + len(step) + count * row
        return row

    def crosses(self, call: AttentionCall) -> bool:
        """Whether queries and keys have no leaf space in common, and none of them is pooled."""
        asking, answering = names(self.spaces[call.queries]), names(self.spaces[call.keys])
        return not pooled_leaves(self._leaves(call)) and not set(asking) & set(answering)

    def kinds_of(self, space: str) -> tuple[int, ...]:
        """The kinds of the leaves of a space."""
        return tuple(dict.fromkeys(self.kind[leaf] for leaf in names(self.spaces[space])))

    def _leaves(self, call: AttentionCall) -> list[TokenSpace]:
        return [leaf for space in (call.queries, call.keys) for leaf in leaves(self.spaces[space])]


class Held:
    """R as one matrix of all leaves; products of matrices grow linearly with the number of calls."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.index, start = flow, {}, 0
        for leaf, size in flow.sizes.items():
            self.index[leaf] = torch.arange(start, start + size)
            start += size
        self.matrix = torch.eye(start, dtype=torch.float64)

    def rows(self, rows: Rows, report: Report) -> Rows:
        """Σ_x rows[x] R^{xy} after all steps, y → (tokens of y,)."""
        for number, (step, pooled) in enumerate(zip(self.flow.steps, self.flow.born, strict=True)):
            report(number)
            self._step(step, pooled)
        total = torch.zeros(len(self.matrix), dtype=torch.float64)
        for x, row in rows.items():
            total += row @ self.matrix[self.index[x]]
        return {y: total[index] for y, index in self.index.items()}

    def _step(self, step: tuple[AttentionCall, ...], pooled: Sequence[Cells]) -> None:
        for leaf in reversed(pooled):
            self.matrix[self.index[leaf.name]] = shares(self.flow.run, leaf) @ self.matrix[self.index[leaf.source.name]]
        grown = self.matrix.clone()
        for call in step:
            asking, answering = (self._places(space) for space in (call.queries, call.keys))
            weights = torch.cat([rows for _, rows in self.flow.weights.rows(call)])
            heard = weights @ self.matrix[answering]
            if self.flow.crosses(call):
                heard[:, answering] = self._even(asking).mT @ weights @ self._even(answering)
            grown[asking] += heard
        self.matrix = grown

    def _places(self, space: str) -> Tensor:
        return torch.cat([self.index[leaf] for leaf in names(self.flow.spaces[space])])

    def _even(self, places: Tensor) -> Tensor:
        """R̄ of a space."""
        own = torch.eye(len(places), dtype=torch.float64)
        added = self.matrix[places][:, places] - own
        return over(added, added.sum(1, keepdim=True)) + own


def over(values: Tensor, sums: Tensor) -> Tensor:
    """Values over sums; zero where the sum is zero, which rounding may miss by a little."""
    return torch.where(sums > 0, values / sums.where(sums > 0, 1.0), 0.0)


def _bases(leaf: TokenSpace) -> list[TokenSpace]:
    """A leaf and what it was pooled from."""
    source = leaf.of if isinstance(leaf, Cells) else None
    return [leaf] if source is None else [leaf, *_bases(source)]
