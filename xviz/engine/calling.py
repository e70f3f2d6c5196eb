"""One forward pass of a loaded model, ours or not: what it is fed, who listens, and what it must give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from xviz.core import features
from xviz.core.attention import Replace, Tape, listening, replaced
from xviz.core.errors import ModelError
from xviz.core.foreign import foreign
from xviz.core.listen import hearing, replacing
from xviz.core.run import Inputs
from xviz.core.spec import Context, Presence, Spec, Tokens
from xviz.engine.loading import Loaded


@contextmanager
def listened(loaded: Loaded) -> Iterator[Tape]:
    """A tape that hears the model: ours by its ``Attend`` modules, any other from outside."""
    with listening() if loaded.ours else hearing(loaded.module, batch=1) as tape:
        yield tape


@contextmanager
def changed(loaded: Loaded, weights: Replace) -> Iterator[None]:
    """Other attention weights in the place of the model's own; see ``core.attention.replaced``."""
    with replaced(weights) if loaded.ours else replacing(loaded.module, weights, batch=1):
        yield


@torch.inference_mode()
def outputs(loaded: Loaded, inputs: Inputs) -> dict[str, float]:
    """The scalar outputs alone, with nothing on record."""
    fed = filled(loaded, inputs, batched(inputs.tokens), batched(inputs.present))
    return {name: float(value[0]) for name, value in forward(loaded, *fed, batched(inputs.context)).items()}


def filled(loaded: Loaded, inputs: Inputs, tokens: Tokens, present: Presence) -> tuple[Tokens, Presence]:
    """What a model is fed where tokens are absent: presence for one that heeds it, else tokens that say nothing."""
    if loaded.spec.masks or all(bool(mask.all()) for mask in present.values()):
        return tokens, present
    stand_in = baseline(loaded, inputs)
    fed = {
        name: torch.where(present[name][..., None], value, stand_in[name]) if name in present else value
        for name, value in tokens.items()
    }
    return fed, {name: torch.ones_like(mask) for name, mask in present.items()}


def baseline(loaded: Loaded, inputs: Inputs) -> dict[str, Tensor]:
    """The uninformative tokens of a model in the place of the inputs' own, space name → (n, d).

    Those of the spec's function or of the module's ``baseline()``; where there is none, the mean or the zero of the
    sample's tokens, as the spec says.

    Raises:
        ModelError: a space has none.
    """
    rule, own = loaded.spec.baseline, getattr(loaded.module, "baseline", None)
    make = partial(rule, loaded.module) if callable(rule) else own if callable(own) else None
    if loaded.ours and make is None:
        raise ModelError(f"{loaded.spec.title} has no baseline(), the uninformative token of each space; add it.")
    if make is None:
        uninformative = {
            name: t.mean(0, keepdim=True) if rule == "mean" else t[:1] * 0.0 for name, t in inputs.tokens.items()
        }
    else:
        with theirs(loaded, "baseline"):
            uninformative = dict(make())
    if missing := set(inputs.tokens) - set(uninformative):
        raise ModelError(f"The baseline() of {loaded.spec.title} lacks {sorted(missing)}; add a token for each.")
    return {name: uninformative[name].to(tokens.dtype).expand(tokens.shape) for name, tokens in inputs.tokens.items()}


def forward(loaded: Loaded, tokens: Tokens, present: Presence, context: Context) -> Mapping[str, Tensor]:
    """Batched tensors through the module; output name → (b,).

    Raises:
        ModelError: the module is in training mode, in which dropout would make every run another, or does not give
            what its spec says.
        ForeignError: the code of a model that is not ours failed.
    """
    if loaded.module.training:
        raise ModelError(f"{loaded.spec.title} is in training mode; call engine.freeze on it before it runs.")
    with features.features({name: tokens[name] for name in loaded.spec.features}):
        return called(loaded, tokens, present, context)


def value(loaded: Loaded, tokens: Tokens, present: Presence, context: Context, output: str) -> Tensor:
    """One output of ``forward`` alone, (b,); by the module's ``one(output, …)`` where it has one, which saves work.

    Raises:
        ModelError, ForeignError: as ``forward``.
    """
    one_output = getattr(loaded.module, "one", None) if loaded.ours else None
    if not callable(one_output) or loaded.module.training:
        return forward(loaded, tokens, present, context)[output]
    return one_output(output, tokens, present, context)


def called(loaded: Loaded, tokens: Tokens, present: Presence, context: Context) -> Mapping[str, Tensor]:
    """The spec's call; a model that is not ours is given copies, since it may change them in place."""
    if loaded.ours:
        return loaded.spec.call(loaded.module, tokens, present, context)
    copies = ({name: value.clone() for name, value in part.items()} for part in (tokens, present, context))
    with theirs(loaded, "forward"):
        results = loaded.spec.call(loaded.module, *copies)
    return _checked(loaded.spec, results)


def _checked(spec: Spec, results: object) -> Mapping[str, Tensor]:
    """The outputs, if they are what the spec says.

    Raises:
        ModelError: one is missing, or is no number a sample.
    """
    if not isinstance(results, Mapping):
        raise ModelError(
            f"call= of {spec.title} gave {type(results).__name__}; it must give a mapping from "
            f"{', '.join(spec.outputs)} to tensors of one number a sample."
        )
    if missing := [name for name in spec.outputs if name not in results]:
        raise ModelError(f"call= of {spec.title} gave no {', '.join(missing)}; it gave {', '.join(map(str, results))}.")
    for name in spec.outputs:
        if not isinstance(results[name], Tensor) or results[name].ndim != 1:
            shape = tuple(results[name].shape) if isinstance(results[name], Tensor) else type(results[name]).__name__
            raise ModelError(f"Output “{name}” of {spec.title} is {shape}; it must be (batch,): one number a sample.")
    return {name: results[name] for name in spec.outputs}


@contextmanager
def theirs(loaded: Loaded, what: str) -> Iterator[None]:
    """Errors in this block are told as the model's own, if it is not ours."""
    if loaded.ours:
        yield
        return
    with foreign(f"{what} of {loaded.spec.title}"):
        yield


def batched(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with a batch axis of one sample in front."""
    return {name: tensor[None] for name, tensor in tensors.items()}
