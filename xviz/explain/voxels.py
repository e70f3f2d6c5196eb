"""Attributions finer than tokens: to the voxels and pixels that a room's tokens are made of, in two steps.

First the target is read from the tokens: its gradient at the tokens or, for integrated gradients, the mean gradient on
the straight line to them from the tokens of the baseline (neutral voxels, grey photos).
Then these weights are followed through the networks that make the tokens: weights · tokens is a function of the voxels
alone, and for each photo one of its pixels. For gradient × input that is the chain rule. For integrated gradients each
step is complete by itself, so that all voxels together get what all supervoxels got, and the pixels of each photo what
its patches got; and all of it makes up f(room) − f(baseline). How far sums miss is told. Which voxels are occupied, and
where supervoxels lie, is no number that a network reads here, and gets nothing.

Differs from integrated gradients of both networks and the model in one in its path: the tokens move on a line of their
own. In one, the gradients of the image network jump so much that 32 points missed by up to half.

Source: Sundararajan, Taly & Yan, ICML 2017; Shrikumar et al., arXiv:1605.01713; Captum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.core.explanation import NO_FACTS, Explanation, Facts
from xviz.core.run import Run, Target
from xviz.draw.scale import number
from xviz.engine import Loaded
from xviz.explain.method import Method, Progress
from xviz.explain.methods.gradients import INTEGRATED, TIMES_INPUT, completeness
from xviz.explain.probe import counted, probe, repeated
from xviz.explain.question import answer, check
from xviz.models.mit import MIT
from xviz.models.voxels import VoxelsAndPixels, of_pictures, of_voxels

METHODS: Mapping[str, Method] = MappingProxyType({method.key: method for method in (INTEGRATED, TIMES_INPUT)})
"""The methods that can be asked about voxels and pixels."""
STEPS = {"tokens": 64, "voxels": 8, "photo": 64}  #: points of the quadratures
AT_ONCE = 4  #: pictures, or sets of tokens, in one pass; bounds the memory


@dataclass(frozen=True, eq=False)
class Reading:
    """How the target reads the tokens."""

    method: Method
    target: Target
    weights: Mapping[str, Tensor]  #: space → (n, d) gradient, or its mean on the way from the baseline
    owed: Mapping[str, NDArray[np.float64]]  #: space → (n,) weights · (tokens − those of the baseline)
    value: float  #: f(room)
    plain: float  #: f(baseline)

    @property
    def gap(self) -> float:
        """How far the tokens' sum misses f(room) − f(baseline); integrated gradients promise none."""
        return float(sum(part.sum() for part in self.owed.values())) - (self.value - self.plain)


@dataclass(frozen=True, eq=False)
class Traced:
    """What the voxels or pixels of one side, or of one photo, owe to the target."""

    scores: NDArray[np.float64]  #: (voxels, f), or (height, width) of a photo's frame
    due: float  #: what the tokens that are made of them owe

    @property
    def gap(self) -> float:
        """How far the sum misses what is due; integrated gradients promise none."""
        return float(self.scores.sum()) - self.due


def read(
    loaded: Loaded,
    run: Run,
    fine: VoxelsAndPixels,
    target: Target,
    method: str,
    *,
    n_steps: int = STEPS["tokens"],
    progress: Progress | None = None,
) -> Reading:
    """The first step: from the target to weights of the tokens.

    Args:
        loaded: The model.
        run: A run of it.
        fine: Of the same sample.
        target: What is explained; may have focus tokens.
        method: A key of ``METHODS``.
        n_steps: Points of the Gauss–Legendre quadrature of integrated gradients.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: another sample, another method, or a question that does not fit the model.
    """
    if fine.digest != run.provenance.sample_digest:
        raise ModelError("These voxels and pixels are of another sample than the run; make them of the same one.")
    if method not in METHODS:
        raise ModelError(f"Voxels and pixels are asked by {', '.join(METHODS)}; there is no “{method}” of them.")
    target, inputs = check(loaded, run, target), run.inputs
    plain, value = _plain_tokens(loaded, fine, inputs.tokens), probe(loaded, inputs, target)

    def of(*tokens: Tensor) -> Tensor:
        outputs = value(dict(zip(inputs.tokens, tokens, strict=True)), repeated(inputs.present, len(tokens[0])))
        return outputs + 0.0 * sum(token.sum() for token in tokens)  # a space that the target ignores has gradient zero

    own = tuple(tokens[None].detach() for tokens in inputs.tokens.values())
    base = tuple(plain[name][None] for name in inputs.tokens)
    evaluate = counted(of, (_checked(n_steps) if method == "integrated" else 1) + 2, progress, "reading tokens")
    grads = _gradients(evaluate, own, base, method, n_steps)
    weights = {name: part[0].detach() for name, part in zip(inputs.tokens, grads, strict=True)}
    owed = {name: (weights[name] * (t - plain[name])).double().sum(-1).numpy() for name, t in inputs.tokens.items()}
    with torch.no_grad():
        values = [float(evaluate(*tokens)[0]) for tokens in (own, base)]
    return Reading(METHODS[method], target, MappingProxyType(weights), MappingProxyType(owed), *values)


def trace_voxels(
    loaded: Loaded,
    fine: VoxelsAndPixels,
    reading: Reading,
    *,
    n_steps: int = STEPS["voxels"],
    progress: Progress | None = None,
) -> Traced:
    """The second step, through the 3D network: what each number of each voxel owes, (voxels, f).

    Args:
        loaded: The model.
        fine: What was read.
        reading: Of the tokens.
        n_steps: Points of the quadrature of integrated gradients.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: fewer than one step.
    """
    weights = reading.weights["supervoxels"]

    def explained(
        features: Tensor,
    ) -> Tensor:  # (1, n, f): one after the other, since a network over voxels takes one cloud
        return (weights * of_voxels(loaded.model(MIT), fine, features[0])).sum()[None]

    scores = _followed(
        explained, fine.seen, fine.baseline()[0], reading, n_steps, 1, progress, "through the 3D network"
    )
    return Traced(scores, float(reading.owed["supervoxels"].sum()))


def trace_photo(
    loaded: Loaded,
    fine: VoxelsAndPixels,
    reading: Reading,
    photo: int,
    *,
    n_steps: int = STEPS["photo"],
    progress: Progress | None = None,
) -> Traced:
    """The second step, through the image network: what each pixel of a photo owes, (height, width) of its frame.

    Args:
        loaded: The model.
        fine: What was read.
        reading: Of the tokens.
        photo: Its number.
        n_steps: Points of the quadrature of integrated gradients.
        progress: Told how far the work is; what it raises passes through.

    Raises:
        ModelError: fewer than one step, or no such photo.
    """
    if not 0 <= photo < len(fine.pictures):
        raise ModelError(f"There are {len(fine.pictures)} photos, counted from 0; there is no photo {photo}.")
    space = loaded.model(MIT).sights
    weights = reading.weights[space].unflatten(0, (len(fine.pictures), -1))[photo]
    owed = reading.owed[space].reshape(len(fine.pictures), -1)[photo]
    own, plain = fine.pictures[photo], fine.baseline()[1][photo]
    if not weights.any():  # a photo that is left out
        return Traced(np.zeros(own.shape[1:]), 0.0)

    def of(pictures: Tensor) -> Tensor:
        return (weights * of_pictures(loaded.model(MIT), fine, photo, pictures)).sum((1, 2))

    words = f"through photo {photo + 1}"
    return Traced(_followed(of, own, plain, reading, n_steps, AT_ONCE, progress, words).sum(0), float(owed.sum()))


def collect(
    run: Run, fine: VoxelsAndPixels, reading: Reading, voxels: Traced, photos: Mapping[int, Traced]
) -> tuple[Explanation, Explanation]:
    """The explanation of voxels and pixels, and the same summed over each supervoxel and each patch.

    Pixels of photos that were not traced have zero; the patches of these photos have what they owe themselves.

    Args:
        run: That was explained.
        fine: What was read.
        reading: Of the tokens.
        voxels: What voxels owe.
        photos: Number of a photo → what its pixels owe.
    """
    of_voxel = torch.from_numpy(voxels.scores.sum(1))
    scores, sums = {"voxels": of_voxel.numpy()}, {"supervoxels": fine.by_supervoxel(of_voxel).numpy()}
    if len(fine.pictures):
        pixels = np.zeros((len(fine.pictures), *fine.pixels.grid))
        for number, traced in photos.items():
            pixels[number] = traced.scores
        patches = fine.by_patch(torch.from_numpy(pixels.reshape(-1))).numpy().reshape(len(pixels), -1)
        if "patches" in reading.owed:
            untraced = [number for number in range(len(pixels)) if number not in photos]
            patches[untraced] = reading.owed["patches"].reshape(patches.shape)[untraced]
        scores |= {"pixels": pixels.reshape(-1)}
        sums |= {"patches": patches.reshape(-1)}
    numbers = [int(number) + 1 for number in sorted(photos)]
    more: dict[str, str | float] = {
        "grain": "voxels and pixels", "baseline": "voxels that say nothing, grey photos", "photos": str(numbers),
        "value": reading.value, "value_of_baseline": reading.plain,
    }  # fmt: skip
    facts = NO_FACTS
    if reading.method is INTEGRATED:  # the other promises no sums
        facts = _complete(reading, voxels, photos)
        more |= {
            "delta_of_tokens": reading.gap, "delta_of_voxels": voxels.gap,
            "delta_of_photos": float(sum(photo.gap for photo in photos.values())),
        }  # fmt: skip
    both = tuple(answer(reading.method, run, reading.target, part, facts, **more) for part in (scores, sums))
    return both[0], both[1]


def _complete(reading: Reading, voxels: Traced, photos: Mapping[int, Traced]) -> Facts:
    """How complete the attributions are in both steps."""
    tokens = completeness(reading.value, reading.plain, reading.gap)
    gaps = {"completeness_gap_of_voxels": voxels.gap, "completeness_gap_of_photos": sum(p.gap for p in photos.values())}
    sentence = (
        f"The sum over voxels misses that over supervoxels by {number(abs(voxels.gap))}, the sums over pixels of "
        f"{len(photos)} photos miss those over their patches by {number(sum(abs(p.gap) for p in photos.values()))}."
    )
    return replace(tokens, numbers={**tokens.numbers, **gaps}, notes=(*tokens.notes, sentence))


def by_name(fine: VoxelsAndPixels, voxels: Traced) -> dict[str, NDArray[np.float64]]:
    """What a voxel says (``clouds.SEEN``) → (voxels,) what that owes; together they are all that voxels owe."""
    features = np.array(fine.said)
    return {name: voxels.scores[:, features == name].sum(1) for name in dict.fromkeys(fine.said)}


def _plain_tokens(loaded: Loaded, fine: VoxelsAndPixels, tokens: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Space → (n, d) the tokens that the networks make of the baseline."""
    voxels, pictures = fine.baseline()
    with torch.no_grad():
        features = {"supervoxels": of_voxels(loaded.model(MIT), fine, voxels)}
        if len(tokens) > 1:
            parts = [of_pictures(loaded.model(MIT), fine, i, picture[None])[0] for i, picture in enumerate(pictures)]
            features[loaded.model(MIT).sights] = torch.cat(parts)
    return {name: features[name].to(tokens[name].dtype) for name in tokens}


def _checked(n_steps: int) -> int:
    if n_steps < 1:
        raise ModelError(f"Integrated gradients need at least one step; got {n_steps}.")
    return n_steps


def _gradients(
    function: Callable[..., Tensor],
    own: Sequence[Tensor],
    plain: Sequence[Tensor],
    method: str,
    n_steps: int,
    at_once: int = AT_ONCE,
) -> tuple[Tensor, ...]:
    """The gradients at ``own``, or their means on the line from ``plain``."""
    own = tuple(part.clone().requires_grad_() for part in own)
    with torch.enable_grad():
        if method == "gradient":
            return torch.autograd.grad(function(*own).sum(), own)
        return IntegratedGradients(function, multiply_by_inputs=False).attribute(
            own, baselines=tuple(plain), n_steps=_checked(n_steps), internal_batch_size=at_once
        )


def _followed(
    function: Callable[[Tensor], Tensor], own: Tensor, plain: Tensor, reading: Reading, n_steps: int, at_once: int,
    progress: Progress | None, words: str,
) -> NDArray[np.float64]:  # fmt: skip
    """What each number of ``own`` owes to weights · tokens, of its shape."""
    method = reading.method.key
    evaluate = counted(function, n_steps if method == "integrated" else 1, progress, words)
    (slope,) = _gradients(evaluate, (own[None],), (plain[None],), method, n_steps, at_once)
    return (slope[0].detach() * (own - plain)).double().numpy()
