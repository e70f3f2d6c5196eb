"""KernelSHAP over all tokens of all spaces: the mean effect of a token over the company it may keep.

A coalition is a set of players that are present; the others are absent (``probe``). A player is a token, or all pieces
of a word, which share its value evenly. The values sum to f(all) − f(none), where "none" is the uninformative tokens
of every space. With few players every coalition is asked, and the values are exact. Else they are estimates by weighted
least squares under that constraint: coalitions of one player, and of all but one, are all asked; the others are drawn
by the Shapley kernel's chances of their sizes, each with its complement, which cancels the part of the error that is
even. Two seeds draw by turns, until the order of the values from one agrees with that from the other or a budget ends;
what is given comes from both together. Where the two orders do not agree, the answer says that it ranks nothing.

Differs from Captum's KernelSHAP in: pairs, the enumerated sizes, the exact constraint, and the two seeds.

Source: Lundberg & Lee, NeurIPS 2017, theorem 2; Covert & Lee, Improving KernelSHAP, AISTATS 2021 (pairs, convergence).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import comb
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation, Facts
from xviz.core.run import Inputs, Run, Target
from xviz.core.tokens import Pieces
from xviz.draw.scale import number
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, probe, repeated
from xviz.explain.question import answer, check, tell, whole

EXACT = 4096  #: coalitions that are asked one and all, where there are no more of them
FIRST, BUDGET = 2048, 32768  #: coalitions before the seeds are first compared, and at most; doubled in between
SECONDS = 120.0  #: after which no more are begun, for models of which one coalition takes long
CHUNK = 32  #: pairs that are drawn at once, so that as many coalitions are the same ones however they were reached
SETTLED = 0.9  #: rank correlation between the seeds from which the values are ranked

Array = NDArray[np.float64]
Coalitions = NDArray[np.bool_]  #: (m, players)
Game = Callable[[Coalitions], Array]  #: → (m,) values


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
    n_samples: int | None = None,
    seed: int = 0,
) -> Explanation:
    """Shapley values of the tokens, exact where there are few; see ``method.Explain``.

    ``n_samples`` is how many coalitions are asked; None asks until two seeds agree (``SETTLED``) or the budget ends
    (``BUDGET``, ``SECONDS``). The number that was asked is kept in the provenance, and gives the same values again.

    Raises:
        ModelError: too few samples, or the question does not fit.
    """
    whole(METHOD, call, head)
    target, inputs = check(loaded, run, target), run.inputs
    groups = players(inputs)
    count, least = len(groups), min(2 ** len(groups), 2 * len(groups) + 6)
    if n_samples is not None and n_samples < least:
        raise ModelError(f"KernelSHAP of {count} tokens or words needs at least {least} samples; got {n_samples}.")
    ask = game(loaded, inputs, target, groups)
    if 2**count <= (EXACT if n_samples is None else n_samples):
        values, facts = exact(ask, count, progress)
    else:
        first, budget = (FIRST, max(BUDGET, least)) if n_samples is None else (n_samples, n_samples)
        values, facts = estimate(ask, count, first=first, most=budget, seed=seed, progress=progress)
    scores = {name: np.zeros(len(mask)) for name, mask in inputs.present.items()}
    for group, value in zip(groups, values, strict=True):
        for name, token in group:
            scores[name][token] = value / len(group)
    return answer(METHOD, run, target, scores, facts, n_samples=facts.numbers["samples"], seed=seed)


def players(inputs: Inputs) -> list[list[tuple[str, int]]]:
    """Space and index of the tokens of every player that takes part: the pieces of a word, or a single token."""
    groups: list[list[tuple[str, int]]] = []
    for name, mask in inputs.present.items():
        tokens, space = [int(i) for i in mask.nonzero().flatten()], inputs.spaces[name]
        if isinstance(space, Pieces):
            words = dict.fromkeys(int(space.of_word[i]) for i in tokens)
            groups += [[(name, i) for i in tokens if space.of_word[i] == word] for word in words]
        else:
            groups += [[(name, i)] for i in tokens]
    return groups


def game(loaded: Loaded, inputs: Inputs, target: Target, groups: Sequence[Sequence[tuple[str, int]]]) -> Game:
    """The target as a function of which players are present."""
    value = probe(loaded, inputs, target)
    member = {name: torch.zeros(len(groups), len(mask), dtype=torch.bool) for name, mask in inputs.present.items()}
    for player, group in enumerate(groups):
        for name, token in group:
            member[name][player, token] = True
    asking = None if target.space is None else member[target.space][:, list(target.tokens)].any(1).numpy()

    def ask(coalitions: Coalitions) -> Array:
        values = np.zeros(len(coalitions))
        # without any focus token nothing is owed to them
        live = np.ones(len(coalitions), bool) if asking is None else coalitions[:, asking].any(1)
        live_players = torch.from_numpy(coalitions[live]).double()
        if len(live_players):
            present = {name: (live_players @ members.double()) > 0 for name, members in member.items()}
            with torch.no_grad():
                values[live] = value(repeated(inputs.tokens, len(live_players)), present).double().numpy()
        return values

    return ask


def exact(ask: Game, count: int, progress: Progress | None = None) -> tuple[Array, Facts]:
    """The Shapley values of a game, (players,), from all coalitions.

    Args:
        ask: The game.
        count: Players.
        progress: Told how far the work is; what it raises passes through.
    """
    every = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
    worth = _asked(ask, every, progress, 0, len(every))
    size = every.sum(1)
    values = np.zeros(count)
    for player in range(count):
        without = np.flatnonzero(~every[:, player])
        weights = np.array([1 / (count * comb(count - 1, int(s))) for s in size[without]])
        values[player] = weights @ (worth[without + 2**player] - worth[without])
    numbers = {"samples": len(every), "exact": True, "value": float(worth[-1]), "value_of_none": float(worth[0])}
    return values, Facts(numbers, (f"Exact, over all {len(every)} coalitions of {count} tokens or words.",))


def estimate(
    ask: Game, count: int, *, first: int, most: int, seed: int, progress: Progress | None = None
) -> tuple[Array, Facts]:
    """Estimated Shapley values of a game, (players,), and how far two seeds agree.

    Args:
        ask: The game.
        count: Players, four or more.
        first: Coalitions before the seeds are first compared; the number is doubled until they agree.
        most: Coalitions at most.
        seed: Of the random numbers; each has two streams of its own.
        progress: Told how far the work is; what it raises passes through.
    """
    ends = ask(np.array([[False] * count, [True] * count]))
    single = np.concatenate([np.eye(count, dtype=bool), ~np.eye(count, dtype=bool)])
    fixed = _Sums.of(single, _asked(ask, single, progress, 0, most) - ends[0])
    streams = [np.random.default_rng([seed, half]) for half in range(2)]
    halves = [_Sums.none(count), _Sums.none(count)]
    begun = monotonic()
    gap, used = float(ends[1] - ends[0]), len(single) + 2
    wanted = min(max(first, used + 4 * CHUNK), most)
    while True:
        while (pairs := min(CHUNK, (wanted - used) // 4)) and (pairs == CHUNK or wanted == most):
            for half, stream in enumerate(streams):
                drawn = draw(count, pairs, stream)
                halves[half] = halves[half] + _Sums.of(drawn, _asked(ask, drawn, progress, used, most) - ends[0])
                used += len(drawn)
        left, other = (solve(fixed, half, gap) for half in halves)
        slow = 2 * (monotonic() - begun) > SECONDS
        if (agreement := _agreement(left, other)) >= SETTLED or slow or wanted == most:
            break
        wanted = min(2 * wanted, most)
    error = float(np.sqrt(np.mean((left - other) ** 2)) / 2)
    numbers = {
        "samples": used, "exact": False, "rank_correlation_of_two_seeds": agreement, "standard_error": error,
        "value": float(ends[1]), "value_of_none": float(ends[0]),
    }  # fmt: skip
    spread = (
        f"Two seeds of {used // 2:,} coalitions each agree to a rank correlation of {agreement:.2f}; "
        f"standard error {number(error)} (root mean square over {count} tokens or words)."
    )
    warnings: tuple[str, ...] = ()
    if agreement < SETTLED:
        warnings = (
            f"No ranking: the order would be mostly chance. Two seeds agree to a rank correlation of {agreement:.2f}; "
            f"{SETTLED} is needed.",
        )
    return solve(fixed, halves[0] + halves[1], gap), Facts(numbers, (spread,), warnings, ranked=not warnings)


def draw(count: int, pairs: int, rng: np.random.Generator) -> Coalitions:
    """Coalitions of 2 to count − 2 players, (2 · pairs, count), each followed by its complement.

    Sizes come by the Shapley kernel's chances, 1 / (size · (count − size)); players of a size are drawn alike.
    """
    sizes = np.arange(2, count - 1)
    chances = 1 / (sizes * (count - sizes))
    chosen = rng.choice(sizes, pairs, p=chances / chances.sum())
    ranks = rng.random((pairs, count)).argsort(1).argsort(1)
    drawn = ranks < chosen[:, None]
    return np.stack([drawn, ~drawn], 1).reshape(-1, count)


def solve(fixed: _Sums, drawn: _Sums, gap: float) -> Array:
    """The values that fit best under the kernel's weights and sum to ``gap``, (players,).

    Args:
        fixed: Coalitions of one player and of all but one, all of them.
        drawn: Coalitions of the other sizes.
        gap: f(all) − f(none).
    """
    count = len(fixed.right)
    sizes = np.arange(1, count)
    chances = 1 / (sizes * (count - sizes))
    share = (chances[0] + chances[-1]) / chances.sum()  # of the kernel's mass that is enumerated
    weights = share / fixed.count, (1 - share) / drawn.count
    left = weights[0] * fixed.left + weights[1] * drawn.left
    right = weights[0] * fixed.right + weights[1] * drawn.right
    free, slope = np.linalg.solve(left, np.stack([right, np.ones(count)], 1)).T
    return free - slope * (free.sum() - gap) / slope.sum()


class _Sums:
    """The sums of the normal equations over some coalitions, Σ x xᵀ and Σ x y, and their number."""

    def __init__(self, left: Array, right: Array, count: int) -> None:
        self.left, self.right, self.count = left, right, count

    @classmethod
    def none(cls, players: int) -> _Sums:
        """Over no coalition."""
        return cls(np.zeros((players, players)), np.zeros(players), 0)

    @classmethod
    def of(cls, coalitions: Coalitions, values: Array) -> _Sums:
        """Over some coalitions with their values less that of none."""
        x = coalitions.astype(np.float64)
        return cls(x.T @ x, x.T @ values, len(x))

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(self.left + other.left, self.right + other.right, self.count + other.count)


def _asked(ask: Game, coalitions: Coalitions, progress: Progress | None, done: int, budget: int) -> Array:
    """The values of some coalitions, a batch at a time."""
    parts = []
    for start in range(0, len(coalitions), BATCH):
        tell(progress, (done + start) / budget, "running coalitions")
        parts.append(ask(coalitions[start : start + BATCH]))
    return np.concatenate(parts) if parts else np.zeros(0)


def _agreement(left: Array, other: Array) -> float:
    """Spearman's rank correlation; one of two constants is one, of a constant with others zero."""
    flat = [np.ptp(values) < 1e-12 for values in (left, other)]
    return float(all(flat)) if any(flat) else float(spearmanr(left, other).statistic)


METHOD = Method(
    key="shap",
    title="KernelSHAP",
    explain=explain,
    kind="perturbation",
    signed=True,
    unit="share of the score",
    words="The mean effect of adding a token or word to random sets of others, estimated from samples where there are "
    "many. It shares redundant evidence fairly, but runs the model on inputs with many tokens missing.",
    source="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017; "
    "Covert & Lee, AISTATS 2021",
)
