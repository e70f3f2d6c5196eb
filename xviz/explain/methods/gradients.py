"""Gradients of the target with respect to the tokens, from the model's uninformative tokens: two methods of Captum.

Both measure every token from the module's ``baseline()``, the token that says nothing, and sum over its features.
Integrated gradients go along the straight line from there; their sum is f(tokens) − f(baseline), and how far it misses
is recorded as ``delta``. Gradient × input takes the gradient at the tokens themselves times the way from the baseline.
With focus tokens f is what the model owes to them (``probe``).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from captum.attr import InputXGradient, IntegratedGradients
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Inputs, Run, Target
from xviz.engine import Loaded, baseline
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, probe, repeated
from xviz.explain.question import answer, check, whole


def integrated(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
    n_steps: int = 64,
) -> Explanation:
    """Integrated gradients, Gauss–Legendre with ``n_steps`` points; see ``method.Explain``.

    Raises:
        ModelError: fewer than one step, or the question does not fit.
    """
    whole(INTEGRATED, call, head)
    target = check(loaded, run, target)
    parts, delta = integrate(loaded, run, target, n_steps=n_steps, progress=progress)
    return answer(INTEGRATED, run, target, _sums(run.inputs, parts), n_steps=n_steps, delta=delta)


def integrate(
    loaded: Loaded, run: Run, target: Target, *, n_steps: int, progress: Progress | None
) -> tuple[tuple[Tensor, ...], float]:
    """Integrated gradients of every feature, (1, n, d) for each space, and how far their sum misses.

    Raises:
        ModelError: fewer than one step.
    """
    if n_steps < 1:
        raise ModelError(f"Integrated gradients need at least one step; got {n_steps}.")
    inputs, plain = run.inputs, baseline(loaded, run.inputs)
    value = counted(_of_tokens(loaded, inputs, target), n_steps + 2, progress, "integrating gradients")
    with torch.enable_grad():
        parts, delta = IntegratedGradients(value).attribute(
            tuple(tokens[None].detach().clone().requires_grad_() for tokens in inputs.tokens.values()),
            baselines=tuple(plain[name][None].contiguous() for name in inputs.tokens),
            n_steps=n_steps,
            internal_batch_size=BATCH // 2,
            return_convergence_delta=True,
        )
    return parts, float(delta[0])


def times_input(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Gradient times the way from the baseline; see ``method.Explain``."""
    whole(TIMES_INPUT, call, head)
    target, inputs = check(loaded, run, target), run.inputs
    plain = baseline(loaded, inputs)
    value = counted(_of_tokens(loaded, inputs, target), 1, progress, "gradients")

    def from_baseline(*ways: Tensor) -> Tensor:
        return value(*(plain[name] + way for name, way in zip(inputs.tokens, ways, strict=True)))

    ways = tuple((tokens - plain[name])[None].detach().requires_grad_() for name, tokens in inputs.tokens.items())
    with torch.enable_grad():
        parts = InputXGradient(from_baseline).attribute(ways)
    return answer(TIMES_INPUT, run, target, _sums(inputs, parts))


def _of_tokens(loaded: Loaded, inputs: Inputs, target: Target) -> Callable[..., Tensor]:
    """The target as a function of the token tensors alone, (b, n, d) each."""
    value = probe(loaded, inputs, target)

    def of(*tokens: Tensor) -> Tensor:
        found = value(dict(zip(inputs.tokens, tokens, strict=True)), repeated(inputs.present, len(tokens[0])))
        return found + 0.0 * sum(token.sum() for token in tokens)  # a space that the target ignores has gradient zero

    return of


def _sums(inputs: Inputs, parts: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """(1, n, d) attributions of each space → (n,) sums over features."""
    return {name: part.detach()[0].double().sum(-1) for name, part in zip(inputs.tokens, parts, strict=True)}


INTEGRATED = Method(
    key="integrated",
    title="Integrated gradients",
    explain=integrated,
    kind="gradient",
    signed=True,
    unit="share of the score",
    words="How the difference between this score and that of uninformative tokens is shared out among the tokens; the "
    "shares depend on what counts as uninformative, here the mean token of the training set.",
    source="Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017; Captum",
)
TIMES_INPUT = Method(
    key="gradient",
    title="Gradient × input",
    explain=times_input,
    kind="gradient",
    signed=True,
    unit="score difference, to first order",
    words="How the output would change, to first order, if a token moved to the uninformative one; far from linear "
    "models this can have the wrong size and even the wrong sign.",
    source="Shrikumar et al., Not Just a Black Box, arXiv:1605.01713; Captum",
)
