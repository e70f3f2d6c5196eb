"""Products of Chefer's relevance R with single rows and columns; R itself is never held.

R^{xy} after t steps has a row for each token of x and a column for each token of y. A cross-attention adds
(R̄^{ss})ᵀ Ā R̄^{qq}, so that a row times R asks there for a column times an earlier R, and the other way round. The
products therefore grow faster than the layers; ``relevance`` says how fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from xviz.core.attention import AttentionCall
from xviz.explain.flow import Flow, Report, over
from xviz.explain.question import add, gather, ground, names, shares

Panel = dict[str, Tensor]  #: leaf → (b, n), b rows or columns at once


class Streamed:
    """Products of R with single rows and columns, some at once as a panel; memory is linear in the tokens.

    Row j of a panel of rows is wanted at the leaves of kind j alone, column j of a panel of columns is zero elsewhere.
    What cannot reach these is not computed. The sums of the rows of R − I ride along with the first columns.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow, self.spaces, self.times = flow, flow.spaces, flow.weights.times
        self.sums: dict[tuple[int, str], Tensor] = {}
        self.begun = False
        self.reached = list(self._reached())

    def _reached(self) -> Iterator[list[set[str]]]:
        """Before each step: for every kind y the leaves x for which R^{xy} may differ from zero."""
        reached = [{leaf for leaf, own in self.flow.kind.items() if own == kind} for kind in self.flow.kinds]
        for step, pooled in zip(self.flow.steps, self.flow.born, strict=True):
            yield [set(leaves) for leaves in reached]
            for leaves in reached:
                leaves |= {leaf.name for leaf in reversed(pooled) if leaf.source.name in leaves}
            before = [set(leaves) for leaves in reached]
            for call in step:
                for leaves, known in zip(reached, before, strict=True):
                    if known & set(names(self.spaces[call.keys])):
                        leaves |= set(names(self.spaces[call.queries]))

    def row(self, t: int, rows: Panel, kinds: Sequence[int], report: Report | None = None) -> Panel:
        """Σ_x rows[x] R^{xy} after t steps, y → (b, tokens of y)."""
        zero = {y: torch.zeros(len(kinds), size, dtype=torch.float64) for y, size in self.flow.sizes.items()}
        rows, extra = zero | rows, dict(zero)
        for i in reversed(range(t)):
            if report is not None:
                report(t - 1 - i)
            after = dict(rows)
            for call in self.flow.steps[i]:
                mass, cross = gather(after, self.spaces[call.queries]), self._cross(call, kinds)
                if cross.any():
                    mass = mass.clone()
                    mass[cross] = self._even_column(i, call.queries, mass[cross])
                heard = self.times(call, mass, left=True)
                if cross.any():
                    scaled = heard.clone()
                    scaled[cross] = self._divide(i, call.keys, heard[cross])
                    add(extra, self.spaces[call.keys], heard - scaled)
                    heard = scaled
                add(rows, self.spaces[call.keys], heard)
            rows = ground(self.flow.run, rows, self.flow.born[i])
            for x, row in rows.items():
                rows[x] = row * torch.tensor([[float(x in self.reached[i][kind])] for kind in kinds])
        return {y: rows.get(y, zero[y]) + extra[y] for y in zero}

    def column(self, t: int, columns: Panel, kinds: Sequence[int], wanted: str) -> Panel:
        """R^{xy} · columns[y] after t steps, x → (b, tokens of x), for the leaves x of the space that is wanted."""
        sizes, rides = self.flow.sizes, not self.begun
        self.begun = True
        if rides:
            ones = {y: torch.zeros(len(self.flow.kinds), size, dtype=torch.float64) for y, size in sizes.items()}
            for y, values in ones.items():
                values[self.flow.kind[y]] = 1.0
            columns = {y: torch.cat([columns[y], ones[y]]) if y in columns else _under(ones[y], kinds) for y in ones}
            kinds = [*kinds, *self.flow.kinds]
        zero = {x: torch.zeros(len(kinds), size, dtype=torch.float64) for x, size in sizes.items()}
        own, state, needed = zero | columns, zero | columns, self._needed(t, wanted, rides=rides)
        for i in range(t):
            for leaf in reversed(self.flow.born[i]):
                state[leaf.name] = state[leaf.source.name] @ shares(self.flow.run, leaf).mT
            if rides:
                self._remember(i, state)
            before = dict(state)
            for call, by in needed[i]:
                live = torch.tensor([kind in by for kind in kinds])
                heard = gather(before, self.spaces[call.keys]) * live[:, None]
                cross = self._cross(call, kinds) & live
                if cross.any():
                    same = gather(own, self.spaces[call.keys])[cross]
                    heard[cross] = self._divide(i, call.keys, heard[cross] - same) + same
                heard = self.times(call, heard)
                if cross.any():
                    heard[cross] = self._even_row(i, call.queries, heard[cross])
                add(state, self.spaces[call.queries], heard)
        if rides:
            self._remember(t, state)
            state = {x: values[: -len(self.flow.kinds)] for x, values in state.items()}
        return state

    def _needed(self, t: int, wanted: str, *, rides: bool) -> list[list[tuple[AttentionCall, set[int]]]]:
        """The calls of each step before t on which the leaves of a space depend, and for columns of which kinds.

        Columns whose sums ride along are needed wherever their space is evened.
        """
        needed: dict[int, set[str]] = {kind: set() for kind in self.flow.kinds}

        def need(space: str) -> None:
            for kind in self.flow.kinds_of(space):
                needed[kind] |= set(names(self.spaces[space]))

        need(wanted)
        calls: list[list[tuple[AttentionCall, set[int]]]] = []
        for i in reversed(range(t + 1)):
            if i < t:
                calls.append([])
                for call in self.flow.steps[i]:
                    asking = set(names(self.spaces[call.queries]))
                    calls[-1].append((call, {kind for kind, leaves in needed.items() if leaves & asking}))
                for call, by in calls[-1]:
                    for kind in by:
                        needed[kind] |= set(names(self.spaces[call.keys]))
                for leaves in needed.values():
                    leaves |= {leaf.source.name for leaf in self.flow.born[i] if leaf.name in leaves}
            for space in self._evened(i) if rides else ():
                need(space)
        return calls[::-1]

    def _even_column(self, i: int, space: str, columns: Tensor) -> Tensor:
        """R̄ · columns (b, n) over one space, before step i."""
        panel, kinds = self._by_kind(space, columns)
        product = gather(self.column(i, panel, kinds, space), self.spaces[space])
        product = product.unflatten(0, (-1, len(columns))).sum(0)
        return self._divide(i, space, product - columns) + columns

    def _even_row(self, i: int, space: str, rows: Tensor) -> Tensor:
        """Rows (b, n) · R̄ over one space, before step i."""
        scaled, kinds = self._divide(i, space, rows), self.flow.kinds_of(space)
        panel: Panel = {}
        add(panel, self.spaces[space], scaled.repeat(len(kinds), 1))
        product = self.row(i, panel, [kind for kind in kinds for _ in rows])
        parts = {
            y: product[y].unflatten(0, (len(kinds), -1))[kinds.index(self.flow.kind[y])]
            for y in names(self.spaces[space])
        }
        return gather(parts, self.spaces[space]) - scaled + rows

    def _by_kind(self, space: str, columns: Tensor) -> tuple[Panel, list[int]]:
        """Columns (b, n) of a space as a panel, those of each kind by themselves."""
        kinds = self.flow.kinds_of(space)
        parts: Panel = {}
        add(parts, self.spaces[space], columns)
        panel = {
            y: torch.cat([part if self.flow.kind[y] == kind else torch.zeros_like(part) for kind in kinds])
            for y, part in parts.items()
        }
        return panel, [kind for kind in kinds for _ in columns]

    def _remember(self, i: int, state: Panel) -> None:
        """Keep the row sums of R − I before step i of the spaces that are evened there."""
        for space in self._evened(i):
            kinds = [kind - len(self.flow.kinds) for kind in self.flow.kinds_of(space)]
            self.sums[i, space] = gather(state, self.spaces[space])[kinds].sum(0) - 1.0

    def _evened(self, i: int) -> list[str]:
        return [s for call in self.flow.steps[i] if self.flow.crosses(call) for s in (call.queries, call.keys)]

    def _divide(self, i: int, space: str, values: Tensor) -> Tensor:
        """Values (b, n) of a space over the row sums of its R − I before step i; zero where the sum is zero."""
        return over(values, self.sums[i, space])

    def _cross(self, call: AttentionCall, kinds: Sequence[int]) -> Tensor:
        """(b,) bool: whether the call follows the cross rule for each row or column of a panel."""
        answering = self.flow.kinds_of(call.keys) if self.flow.crosses(call) else ()
        return torch.tensor([kind in answering for kind in kinds])


def _under(ones: Tensor, kinds: Sequence[int]) -> Tensor:
    """A panel with so many rows of zeros before it."""
    return torch.cat([ones.new_zeros(len(kinds), ones.shape[1]), ones])
