"""Whether an explanation says what the model does: curves, agreement with another explanation.

None of these numbers means anything alone; each comes with what chance would give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Progress
from xviz.explain.probe import BATCH, counted, probe, repeated
from xviz.explain.question import check

Kind = Literal["deletion", "insertion"]


@dataclass(frozen=True, eq=False)
class Curves:
    """How the target moves while the tokens of one space go, or come, one after another."""

    kind: Kind
    space: str  #: whose tokens; several joined by "+"
    shares: NDArray[np.float64]  #: (s,) share of the space's tokens that are gone, or have come, 0–1
    ranked: NDArray[np.float64]  #: (s,) target, highest score first
    inverse: NDArray[np.float64]  #: (s,) target, lowest score first
    random: NDArray[np.float64]  #: (seeds, s) target, in random orders
    order: NDArray[np.int64]  #: (present tokens,) of the space, or of the joined spaces, highest score first
    provenance: Provenance

    def moved(self, line: Literal["ranked", "inverse"], step: int) -> NDArray[np.int64]:
        """The tokens that are gone, or have come, at a step of a line; counted through the joined spaces."""
        order = self.order if line == "ranked" else self.order[::-1]
        return order[: round(float(self.shares[step]) * len(order))]

    def area(self, values: NDArray[np.float64]) -> NDArray[np.float64] | np.float64:
        """The trapezoid area under (…, s) values over the shares, in units of the target."""
        return np.trapezoid(values, self.shares, axis=-1)

    def band(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(s,) lower and (s,) upper edge of the middle 95 % of the random orders."""
        low, high = np.quantile(self.random, [0.025, 0.975], axis=0)
        return low, high

    def beaten(self) -> float:
        """The share of random orders that the ranked one beats: a smaller area of deletion, a larger of insertion."""
        ranked, random = self.area(self.ranked), self.area(self.random)
        return float(np.mean(ranked < random if self.kind == "deletion" else ranked > random))


def curves(
    loaded: Loaded,
    run: Run,
    target: Target,
    explanation: Explanation,
    space: str,
    *,
    kind: Kind = "deletion",
    steps: int = 32,
    seeds: int = 20,
    progress: Progress | None = None,
) -> Curves:
    """Deletion or insertion of the present tokens of a space, or of several at once, in the order of their scores.

    Both endpoints are included. Tokens are absent, not replaced; where none of the space is left it is shown as
    uninformative tokens (``probe``). Equal scores go in the order of the tokens.

    Args:
        loaded: The model.
        run: The run that was explained.
        target: What is measured; usually the target of the explanation.
        explanation: Gives the order.
        space: Whose tokens go or come; spaces joined by "+" are ranked together.
        kind: "deletion" takes tokens away from all, "insertion" adds them to none.
        steps: Most steps between the endpoints; fewer where there are fewer tokens.
        seeds: Number of random orders.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: the explanation has no scores for the space, or the question does not fit.

    Source: Petsiuk, Das & Saenko, RISE, BMVC 2018, section 4.2.
    """
    target = check(loaded, run, target)
    names = space.split("+")
    for name in names:
        if name not in explanation.scores or name not in run.inputs.tokens:
            raise ModelError(
                f"{explanation.method} scores {', '.join(explanation.scores)}; it has no scores for “{name}”."
            )
    if kind not in ("deletion", "insertion") or seeds < 1 or steps < 1:
        raise ModelError(f"Choose deletion or insertion, one step and one seed or more; got {kind}, {steps}, {seeds}.")
    tokens = torch.cat([run.inputs.present[name] for name in names]).nonzero().flatten().numpy()
    scores = np.concatenate([explanation.scores[name] for name in names])
    best = tokens[np.argsort(-scores[tokens], kind="stable")]
    chance = [np.random.default_rng(seed).permutation(tokens) for seed in range(seeds)]
    counts = np.unique(np.round(np.linspace(0, len(tokens), min(steps, len(tokens)) + 1)).astype(int))
    values = _follow(loaded, run, target, names, [best, best[::-1], *chance], counts, kind, progress)
    return Curves(
        kind=kind,
        space=space,
        shares=counts / len(tokens),
        ranked=values[0],
        inverse=values[1],
        random=values[2:],
        order=best,
        provenance=explanation.provenance.but(curve=kind, curve_space=space, steps=steps, seeds=seeds),
    )


def areas(
    loaded: Loaded,
    run: Run,
    target: Target,
    explanations: Sequence[Explanation],
    spaces: Sequence[str],
    *,
    kind: Kind = "deletion",
    steps: int = 8,
    seeds: Sequence[int] = range(5),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas under the curves of several explanations, and under those of random orders, which all of them share.

    Args:
        loaded: The model.
        run: The run that was explained.
        target: What is measured.
        explanations: Each gives an order.
        spaces: Whose tokens go or come; they are ranked together.
        kind: "deletion" or "insertion".
        steps: Most steps between the endpoints.
        seeds: One for each random order.

    Returns:
        (explanations,) and (seeds,) areas in units of the target.

    Source: as ``curves``.
    """
    target, names = check(loaded, run, target), list(spaces)
    tokens = torch.cat([run.inputs.present[name] for name in names]).nonzero().flatten().numpy()
    ranked = [np.concatenate([explanation.scores[name] for name in names]) for explanation in explanations]
    orders = [tokens[np.argsort(-scores[tokens], kind="stable")] for scores in ranked]
    orders += [np.random.default_rng(seed).permutation(tokens) for seed in seeds]
    counts = np.unique(np.round(np.linspace(0, len(tokens), min(steps, len(tokens)) + 1)).astype(int))
    values = _follow(loaded, run, target, names, orders, counts, kind, None)
    under = np.asarray(np.trapezoid(values, counts / len(tokens), axis=-1))
    return under[: len(ranked)], under[len(ranked) :]


def _follow(
    loaded: Loaded,
    run: Run,
    target: Target,
    names: list[str],
    orders: list[NDArray[np.int64]],
    counts: NDArray[np.int64],
    kind: Kind,
    progress: Progress | None,
) -> NDArray[np.float64]:
    """The target along every order, (orders, counts)."""
    inputs, value = run.inputs, probe(loaded, run.inputs, target)
    whole = torch.cat([inputs.present[name] for name in names])
    moved = torch.zeros(len(orders), len(counts), len(whole), dtype=torch.bool)
    for row, order in enumerate(orders):
        for column, count in enumerate(counts):
            moved[row, column, order[:count].copy()] = True
    present = (moved if kind == "insertion" else whole & ~moved).flatten(0, 1)
    sizes = [len(inputs.present[name]) for name in names]

    def values(part: torch.Tensor) -> torch.Tensor:
        own = dict(zip(names, part.split(sizes, 1), strict=True))
        return value(repeated(inputs.tokens, len(part)), {**repeated(inputs.present, len(part)), **own})

    evaluate = counted(values, len(present), progress, kind)
    with torch.no_grad():
        outputs = torch.cat([evaluate(part) for part in present.split(BATCH)])
    return outputs.double().numpy().reshape(len(orders), len(counts))


@dataclass(frozen=True)
class Agreement:
    """How far two explanations agree on the tokens of one space."""

    spearman: float | None  #: rank correlation, −1 to 1; None where an explanation gives all tokens the same score
    overlap: float  #: share of the k highest tokens that both have in common, 0–1
    chance: float  #: the overlap that random orders have on average, k / n
    k: int
    n: int


def agreement(a: Explanation, b: Explanation, space: str, *, k: int = 5) -> Agreement:
    """Rank correlation and overlap of the highest scores of two explanations of the same tokens.

    Ranks of equal scores are their mean (Spearman); among equal scores the first tokens count as higher (overlap).

    Raises:
        ModelError: the explanations do not score the same tokens.
    """
    if space not in a.scores or space not in b.scores or len(a.scores[space]) != len(b.scores[space]):
        raise ModelError(f"{a.method} and {b.method} do not both score the same tokens of “{space}”.")
    first, second = a.scores[space], b.scores[space]
    k = min(k, len(first))
    if k < 1:
        raise ModelError(
            f"The highest {k} of {len(first)} tokens of “{space}” cannot be compared; compare at least one."
        )
    top = [set(np.argsort(-scores, kind="stable")[:k].tolist()) for scores in (first, second)]
    return Agreement(_spearman(first, second), len(top[0] & top[1]) / k, k / len(first), k, len(first))


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Correlation of the ranks; None where one of them does not vary."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])  # spearmanr alone, whose test takes ten times as long
