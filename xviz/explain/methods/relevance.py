"""Gradient ⊙ attention through the layers (Chefer et al.), streamed for one query.

With Ā = mean over heads of (∇A ⊙ A)⁺ (eq. 5), relevance R begins as the identity and grows with every call. For
self-attention over a space s, joined ones too (eq. 6, 7), and for s asking q (eq. 8–11):

    self    R^{sx} += Ā R^{sx}                         for every space x
    cross   R^{sq} += (R̄^{ss})ᵀ Ā R̄^{qq}               with R̄ = rows of R − I divided by their sums, + I
            R^{sx} += Ā R^{qx}                         for every other x, s among them

A row of R − I that is zero, as before any self-attention, stays zero. Calls that share a leaf space between queries
and keys follow the self rule over the joint sequence, all others the cross rule. Calls of one step (``question.path``)
all read the R before the step. A call on which the output does not depend adds nothing.

Where queries or keys are pooled, R is not square and R̄ says nothing: such calls follow the self rule,
R^{sx} += Ā R^{qx} for every x. A pooled space p of s begins with R^{px} = P R^{sx}; P holds the equal shares of what a
token covers.

Only products of R with single rows and columns are formed: R is never held, Ā only where it is small, and memory is
linear in the number of tokens. The rows of A are made in chunks. Time is linear in the number of self-attention calls;
each cross-attention needs the products of those before it once more.

Scores are the row of R − I of the focus tokens (their mean), or the sum of the rows of all present tokens that ask on
the path, as for an output pooled over tokens. The identity says only that a token is itself, and is left out. The
gradients are those of the output itself, with a focus too: R is the paper's, and the focus picks its row.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xviz import engine
from xviz.core.attention import AttentionCall
from xviz.core.cells import pooled_leaves
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import leaves
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.question import Rows, add, answer, born, check, gather, ground, names, of_heads, path, sources, tell

CHUNK = 1024  #: rows of attention held at once
HELD = 2**21  #: numbers in the Ā of a call up to which it is kept, 16 MB


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Rows of the relevance R − I; see ``method.Explain``.

    ``call`` applies the rules to that call alone; ``head`` takes Ā from that head alone. Runs again where the run
    carries the gradients of another output.
    """
    target = check(loaded, run, target, attention=True)
    tell(progress, 0.0, "gradients")
    run = engine.regrad(loaded, run, target.output)
    steps = path(loaded, run, target.output, call)
    rows = sources(run, target, steps, loaded.card.reads)
    if target.space is not None:
        rows = {name: row / len(target.tokens) for name, row in rows.items()}
    flow, scores = _Flow(run, steps, head, pools=call is None), {}
    found = {space.name for step in flow.born for space in step}  # their relevance goes to what they were pooled from
    for number, leaf in enumerate(name for name in rows if name not in found):
        tell(progress, (number + 1) / (len(rows) + 1), leaf)
        scores[leaf] = (flow.row(len(steps), rows, leaf) - rows[leaf]).clamp_min(0.0)  # rounding only
    return answer(METHOD, run, target, scores, call=call, head=head)


class _Flow:
    """Products of R after the first t steps with rows and columns; R^{xy} has a row for each x, a column for each y."""

    def __init__(
        self, run: Run, steps: tuple[tuple[AttentionCall, ...], ...], head: int | None, *, pools: bool = True
    ) -> None:
        self.born = born(run, steps) if pools else [[] for _ in steps]
        self.run, self.spaces, self.head, self.sums = run, run.spaces, head, {}
        self.held: dict[tuple[str, int], Tensor] = {}  # Ā of small calls
        self.steps = tuple(tuple(call for call in step if call.grad_out is not None) for step in steps)
        every = {space for step in steps for call in step for space in (call.queries, call.keys)}
        self.sizes = {leaf.name: len(leaf) for space in sorted(every) for leaf in leaves(self.spaces[space])}

    def row(self, t: int, rows: Rows, y: str) -> Tensor:
        """Σ_x rows[x] R^{xy} after t steps, (tokens of y,)."""
        rows, extra = dict(rows), torch.zeros(self.sizes[y], dtype=torch.float64)
        for i in reversed(range(t)):
            after = dict(rows)
            for call in self.steps[i]:
                asking, answering = self.spaces[call.queries], self.spaces[call.keys]
                asked = gather(after, asking)
                if self._crosses(call) and y in names(answering):
                    heard = self._weigh(call, self._even_column(i, call.queries, asked), left=True)
                    scaled = self._divide(i, call.keys, heard)
                    add(rows, answering, scaled)
                    extra = extra + self._leaf(call.keys, heard - scaled, y)
                else:
                    add(rows, answering, self._weigh(call, asked, left=True))
            rows = ground(self.run, rows, self.born[i])
        return rows[y] + extra

    def column(self, t: int, y: str, column: Tensor) -> Rows:
        """R^{xy} · column after t steps, for every x."""
        columns = {x: torch.zeros(size, dtype=torch.float64) for x, size in self.sizes.items()} | {y: column}
        for i in range(t):
            before = dict(columns)
            for call in self.steps[i]:
                asking, answering = self.spaces[call.queries], self.spaces[call.keys]
                heard = gather(before, answering)
                if self._crosses(call) and y in names(answering):
                    own = self._spread(call.keys, y, column)
                    heard = self._divide(i, call.keys, heard - own) + own
                    heard = self._even_row(i, call.queries, self._weigh(call, heard))
                else:
                    heard = self._weigh(call, heard)
                add(columns, asking, heard)
        return columns

    def _even_column(self, i: int, space: str, column: Tensor) -> Tensor:
        """R̄ · column over one space, before step i."""
        product = torch.zeros_like(column)
        for y in names(self.spaces[space]):
            product = product + gather(self.column(i, y, self._leaf(space, column, y)), self.spaces[space])
        return self._divide(i, space, product - column) + column

    def _even_row(self, i: int, space: str, row: Tensor) -> Tensor:
        """Row · R̄ over one space, before step i."""
        scaled = self._divide(i, space, row)
        parts = {x: self._leaf(space, scaled, x) for x in names(self.spaces[space])}
        rows = {x: torch.zeros(size, dtype=torch.float64) for x, size in self.sizes.items()} | parts
        return torch.cat([self.row(i, rows, y) for y in parts]) - scaled + row

    def _divide(self, i: int, space: str, values: Tensor) -> Tensor:
        """Values of a space over the row sums of its R − I before step i; zero where the sum is zero."""
        if (i, space) not in self.sums:
            ones, total = torch.ones_like(values), -torch.ones_like(values)
            for y in names(self.spaces[space]):
                total = total + gather(self.column(i, y, self._leaf(space, ones, y)), self.spaces[space])
            self.sums[i, space] = total
        total = self.sums[i, space]
        return torch.where(total > 0, values / total.where(total > 0, 1.0), 0.0)

    def _weigh(self, call: AttentionCall, values: Tensor, *, left: bool = False) -> Tensor:
        """Ā · values (q,), or values · Ā (k,) from the left, in chunks of rows."""
        parts = []
        for part in call.slices(CHUNK):
            relevance = self._relevance(call, part)
            parts.append(values[part] @ relevance if left else relevance @ values)
        return torch.stack(parts).sum(0) if left else torch.cat(parts)

    def _relevance(self, call: AttentionCall, part: slice) -> Tensor:
        """Rows of Ā, (len(part), k); of a small call they are kept, since cross-attention asks for them often."""
        key = call.name, part.start
        if key in self.held:
            return self.held[key]
        made = of_heads(call, (call.grad_rows(part) * call.rows(part)).clamp_min(0.0), self.head)
        if call.q.shape[1] * call.k.shape[1] <= HELD:
            self.held[key] = made
        return made

    def _crosses(self, call: AttentionCall) -> bool:
        """Whether queries and keys have no leaf space in common, and none of them is pooled."""
        asking, answering = leaves(self.spaces[call.queries]), leaves(self.spaces[call.keys])
        return not pooled_leaves([*asking, *answering]) and not {a.name for a in asking} & {a.name for a in answering}

    def _leaf(self, space: str, values: Tensor, leaf: str) -> Tensor:
        """The part of a space's values that belongs to one leaf."""
        sizes = [self.sizes[name] for name in names(self.spaces[space])]
        return dict(zip(names(self.spaces[space]), values.split(sizes), strict=True))[leaf]

    def _spread(self, space: str, leaf: str, values: Tensor) -> Tensor:
        """Values of one leaf as values of the space, zero elsewhere."""
        zero = {name: torch.zeros(self.sizes[name], dtype=torch.float64) for name in names(self.spaces[space])}
        return gather(zero | {leaf: values}, self.spaces[space])


METHOD = Method(
    key="relevance",
    title="Gradient-weighted attention",
    explain=explain,
    kind="attention",
    signed=False,
    unit="relevance",
    words="Attention weighted by its gradient and followed through the layers. It is specific to the output, keeps "
    "only evidence for it, and does not see feed-forward layers.",
    source="Chefer et al., Generic Attention-model Explainability, ICCV 2021, eq. 5–11",
)
