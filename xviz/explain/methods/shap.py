"""KernelSHAP over all tokens of all spaces, through Captum: the mean effect of a token over the company it may keep.

A coalition is a set of tokens that are present; the others are absent (``probe``). The scores sum to
f(all) − f(none), where "none" is the uninformative tokens of every space. They are estimates: with more ``n_samples``
they scatter less around the Shapley values.

Differs from Captum in what it leaves to the global random numbers: coalitions are drawn from a generator of their own,
and the regression is solved in float64 without a shuffling loader, so that threads cannot disturb each other.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from captum.attr import KernelShap
from torch import Tensor
from torch.utils.data import DataLoader

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, per_space, players, probe, repeated, shown
from xviz.explain.question import answer, check, whole


def explain(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
    n_samples: int = 1024,
    seed: int = 0,
) -> Explanation:
    """Estimated Shapley values of the tokens; see ``method.Explain``.

    Raises:
        ModelError: fewer samples than tokens, fewer than two tokens, or the question does not fit.
    """
    whole(METHOD, call, head)
    target, inputs = check(loaded, run, target), run.inputs
    count = len(players(inputs))
    if count < 2 or n_samples < count + 2:
        raise ModelError(
            f"KernelSHAP needs two tokens or more, and more samples than tokens: here {count} tokens and {n_samples} "
            f"samples. Ask for at least {max(count, 2) + 2} samples."
        )
    value = probe(loaded, inputs, target)

    def values(coalitions: Tensor) -> Tensor:
        return value(repeated(inputs.tokens, len(coalitions)), shown(inputs, coalitions))

    told = counted(values, n_samples, progress, "sampling coalitions")
    with torch.no_grad():
        shares = _SeededShap(told, seed).attribute(
            torch.ones(1, count, dtype=torch.float64), n_samples=n_samples, perturbations_per_eval=BATCH
        )
    return answer(METHOD, run, target, per_space(inputs, shares[0]), n_samples=n_samples, seed=seed)


def coalitions(count: int, seed: int) -> Iterator[Tensor]:
    """All players, none, then coalitions without end, (1, count) long; sizes as the Shapley kernel weighs them."""
    generator = torch.Generator().manual_seed(seed)
    yield torch.ones(1, count, dtype=torch.long)
    yield torch.zeros(1, count, dtype=torch.long)
    sizes = torch.arange(1, count, dtype=torch.float64)
    chances = 1 / (sizes * (count - sizes))
    while True:
        size = 1 + int(torch.multinomial(chances, 1, generator=generator))
        chosen = torch.zeros(1, count, dtype=torch.long)
        chosen[0, torch.randperm(count, generator=generator)[:size]] = 1
        yield chosen


class _SeededShap(KernelShap):
    """Captum's KernelSHAP that draws from its own generator."""

    def __init__(self, value: object, seed: int) -> None:
        super().__init__(value)
        self.seed, self.interpretable_model = seed, _Regression()

    def kernel_shap_perturb_generator(self, original_inp: Tensor, **kwargs: int) -> Iterator[Tensor]:
        """The coalitions, from the seed; the name is Captum's."""
        yield from coalitions(kwargs["num_interp_features"], self.seed)


class _Regression:
    """Weighted least squares in the form that Captum asks for."""

    def fit(self, data: DataLoader) -> None:
        """Fit to coalitions (m, players), values (m,) and weights (m,)."""
        x, y, weights = (tensor.double().numpy() for tensor in data.dataset.tensors)
        root = np.sqrt(weights)[:, None]
        equations = np.hstack([x, np.ones((len(x), 1))])
        self.coefficients = np.linalg.lstsq(root * equations, root[:, 0] * y, rcond=None)[0][:-1]

    def representation(self) -> Tensor:
        """The coefficients, (1, players)."""
        return torch.from_numpy(self.coefficients)[None]


METHOD = Method(
    key="shap",
    title="KernelSHAP",
    explain=explain,
    kind="perturbation",
    signed=True,
    unit="share of the score",
    words="The mean effect of adding a token to random sets of others, estimated from samples. It shares redundant "
    "evidence fairly, but runs the model on inputs with many tokens missing.",
    source="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions, NeurIPS 2017; Captum",
)
