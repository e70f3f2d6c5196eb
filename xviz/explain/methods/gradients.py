"""Gradients of the target with respect to the tokens, from the model's uninformative tokens: two methods of Captum.

Both measure every token from the module's ``baseline()``, the token that says nothing, and sum over its features.
Integrated gradients go along the straight line from there; their sum should be f(tokens) − f(baseline), and the
completeness gap is how far it misses. It is closed with more points (``STEPS``) and told as a fact of the explanation
(``completeness``). Gradient × input takes the gradient at the tokens themselves times the way from the baseline.
With focus tokens f is what the model owes to them (``probe``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from captum.attr import InputXGradient, IntegratedGradients
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation, Facts
from xviz.core.run import Inputs, Run, Target
from xviz.draw.scale import number
from xviz.engine import Loaded, baseline
from xviz.explain.method import Method, Progress
from xviz.explain.probe import BATCH, counted, probe, repeated
from xviz.explain.question import answer, check, whole

STEPS = (64, 128, 256, 512)  #: points of the quadrature, one after the other until the gap is small
SMALL = 0.01  #: completeness gap that is small enough, as a share of the difference
LARGE = 0.05  #: and the one that needs a warning


@dataclass(frozen=True, eq=False)
class Integral:
    """Integrated gradients of every feature, and how complete they are."""

    parts: tuple[Tensor, ...]  #: (1, n, d) for each space
    value: float  #: f(tokens)
    plain: float  #: f(baseline)
    gap: float  #: sum of all parts − (value − plain)
    steps: int  #: points of the quadrature

    @property
    def small(self) -> bool:
        """Whether the gap needs no further points."""
        return abs(self.gap) <= max(SMALL * abs(self.value - self.plain), 1e-6)


def integrated(
    loaded: Loaded,
    run: Run,
    target: Target,
    *,
    call: str | None = None,
    head: int | None = None,
    progress: Progress | None = None,
    n_steps: int | None = None,
) -> Explanation:
    """Integrated gradients by Gauss–Legendre quadrature; see ``method.Explain``.

    ``n_steps`` is the number of points; None takes more and more of them (``STEPS``) until the completeness gap is
    1 % of the difference or less.

    Raises:
        ModelError: fewer than one step, or the question does not fit.
    """
    whole(INTEGRATED, call, head)
    target = check(loaded, run, target)
    steps = STEPS if n_steps is None else (n_steps,)
    integral = integrate(loaded, run, target, steps=steps, progress=progress)
    facts = completeness(integral.value, integral.plain, integral.gap, integral.steps)
    scores = _sums(run.inputs, integral.parts)
    return answer(INTEGRATED, run, target, scores, facts, n_steps=integral.steps, delta=integral.gap)


def integrate(
    loaded: Loaded, run: Run, target: Target, *, steps: Sequence[int] = STEPS, progress: Progress | None = None
) -> Integral:
    """Integrated gradients of every feature, with each number of points in turn until the completeness gap is small.

    Of those that were tried the most complete is given.

    Raises:
        ModelError: fewer than one step.
    """
    if min(steps) < 1:
        raise ModelError(f"Integrated gradients need at least one step; got {min(steps)}.")
    inputs = run.inputs
    plain = baseline(loaded, inputs)
    value = counted(_of_tokens(loaded, inputs, target), sum(steps) + 2, progress, "integrating gradients")
    own = tuple(tokens[None].detach() for tokens in inputs.tokens.values())
    base = tuple(plain[name][None].contiguous() for name in inputs.tokens)
    with torch.no_grad():
        ends = [float(value(*tokens)[0]) for tokens in (own, base)]
    tried: list[Integral] = []
    for count in steps:
        with torch.enable_grad():
            parts = IntegratedGradients(value).attribute(
                tuple(tokens.clone().requires_grad_() for tokens in own),
                baselines=base,
                n_steps=count,
                internal_batch_size=BATCH // 2,
            )
        total = sum(float(part.detach().double().sum()) for part in parts)
        tried.append(Integral(parts, ends[0], ends[1], total - (ends[0] - ends[1]), count))
        if tried[-1].small:
            break
    return min(tried, key=lambda attempt: abs(attempt.gap))


def completeness(value: float, plain: float, gap: float, steps: int | None = None) -> Facts:
    """What is to be known of integrated gradients: both ends of the way, and how far the sum misses their difference.

    Args:
        value: f(tokens).
        plain: f(baseline).
        gap: Sum of the attributions − (value − plain).
        steps: Points of the quadrature, to be told.
    """
    difference = value - plain
    share = abs(gap) / abs(difference) if difference else float(gap != 0)
    sentence = (
        f"f(x) = {number(value)} here, f(b) = {number(plain)} at the baseline; completeness gap {number(abs(gap))}, "
        f"{share:.1%} of the difference{'' if steps is None else f', with {steps} steps'}."
    )
    warnings: tuple[str, ...] = ()
    if share > LARGE:
        warnings = (f"The attributions miss the difference that they should sum to by {share:.0%}.",)
    numbers = {"value": value, "value_of_baseline": plain, "completeness_gap": gap, "completeness_gap_share": share}
    return Facts(numbers if steps is None else {**numbers, "steps": steps}, (sentence,), warnings)


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

    def from_baseline(*offsets: Tensor) -> Tensor:
        return value(*(plain[name] + offset for name, offset in zip(inputs.tokens, offsets, strict=True)))

    offsets = tuple((tokens - plain[name])[None].detach().requires_grad_() for name, tokens in inputs.tokens.items())
    with torch.enable_grad():
        parts = InputXGradient(from_baseline).attribute(offsets)
    return answer(TIMES_INPUT, run, target, _sums(inputs, parts))


def _of_tokens(loaded: Loaded, inputs: Inputs, target: Target) -> Callable[..., Tensor]:
    """The target as a function of the token tensors alone, (b, n, d) each."""
    value = probe(loaded, inputs, target)

    def of(*tokens: Tensor) -> Tensor:
        outputs = value(dict(zip(inputs.tokens, tokens, strict=True)), repeated(inputs.present, len(tokens[0])))
        return outputs + 0.0 * sum(token.sum() for token in tokens)  # a space that the target ignores has gradient zero

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
    words="Shares the difference between this output and that of uninformative tokens among the tokens. The scores "
    "depend on what counts as uninformative: mean tokens of the training set, or a word without content.",
    source="Sundararajan, Taly & Yan, Axiomatic Attribution for Deep Networks, ICML 2017; Captum",
)
TIMES_INPUT = Method(
    key="gradient",
    title="Gradient × input",
    explain=times_input,
    kind="gradient",
    signed=True,
    unit="score difference, to first order",
    words="First-order change of the output if a token moved to the uninformative one. Models are not linear, so size"
    " and even sign can be wrong; first-order terms need not add up.",
    source="Shrikumar et al., Not Just a Black Box, arXiv:1605.01713; Captum",
)
