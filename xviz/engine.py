"""From a card to a loaded model, from a sample to a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock
from typing import TypeVar

import torch
from torch import Tensor, nn

from xviz import __version__, checkpoints
from xviz.core.attention import AttentionCall, Heard, listening
from xviz.core.errors import ModelError
from xviz.core.provenance import Provenance
from xviz.core.run import Inputs, Run
from xviz.core.sample import Sample
from xviz.models.card import ModelCard

M = TypeVar("M", bound=nn.Module)

_building = Lock()  # initial weights are drawn from random numbers that all threads share


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to run: in evaluation mode, its parameters frozen, shared by all threads."""

    card: ModelCard
    module: nn.Module
    checkpoint: str  #: name of the checkpoint, "untrained" where there is none
    sha256: str

    def model(self, kind: type[M]) -> M:
        """The module, which must be of that class.

        Raises:
            ModelError: it is another model's.
        """
        if not isinstance(self.module, kind):
            raise ModelError(f"“{self.card.title}” is no {kind.__name__}; choose a model that is one.")
        return self.module


def load(card: ModelCard) -> Loaded:
    """The model of a card with its verified weights.

    Raises:
        CheckpointError: the weights are missing, altered, or do not fit.
        ModelError: the card ships no weights.
    """
    if card.checkpoint is None:
        raise ModelError(f"“{card.title}” ships without weights. Choose a card that has a checkpoint, or train it.")
    checkpoint = checkpoints.find(card.checkpoint)
    module = _built(card, seed=0)
    checkpoints.load_into(module, checkpoint)
    return Loaded(card, freeze(module), checkpoint.name, checkpoint.sha256)


def untrained(card: ModelCard, seed: int = 0) -> Loaded:
    """The model of a card with random weights: the control beside which explanations are judged, never a result."""
    return Loaded(card, freeze(_built(card, seed)), "untrained", f"seed {seed}")


def _built(card: ModelCard, seed: int) -> nn.Module:
    """The module of a card with random weights; the global random numbers are as before, and one thread's at a time."""
    with _building, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return card.build(card.settings)


def freeze(module: nn.Module) -> nn.Module:
    """The module in evaluation mode, asking for no parameter gradients."""
    return module.eval().requires_grad_(False)


def run(loaded: Loaded, sample: Sample, target: str | None = None, **context: float) -> Run:
    """One sample through a model, with every attention call on record.

    Args:
        loaded: The model.
        sample: What the person brought.
        target: Output whose gradients the calls shall carry; the card's first output where None.
        context: Values that replace those of the card in the model's context, such as ``alpha``.

    Raises:
        SampleError: the sample does not fit the model.
        ModelError: there is no such output, or the model is in training mode.
    """
    return run_inputs(loaded, adjust(prepare(loaded, sample), **context), sample, target)


def prepare(loaded: Loaded, sample: Sample) -> Inputs:
    """The tokens of a sample: what the card prepares, and what the model's own networks make of that.

    Raises:
        SampleError: the sample does not fit the model.
    """
    inputs = loaded.card.prepare(sample, loaded.card.settings)
    return inputs if loaded.card.encode is None else loaded.card.encode(loaded.module, inputs)


def adjust(inputs: Inputs, **context: float) -> Inputs:
    """The inputs with some values of the context replaced."""
    fresh = {name: torch.tensor(float(value)) for name, value in context.items()}
    return Inputs(inputs.tokens, inputs.present, inputs.spaces, {**inputs.context, **fresh}, inputs.notes)


def run_inputs(loaded: Loaded, inputs: Inputs, sample: Sample, target: str | None = None) -> Run:
    """Prepared inputs through a model, with every attention call on record; see ``run``."""
    target = target or loaded.card.target
    provenance = Provenance(
        model=loaded.card.key,
        checkpoint=loaded.checkpoint,
        checkpoint_sha256=loaded.sha256,
        sample=sample.name,
        sample_digest=sample.digest,
        options={"target": target, **{k: float(v) for k, v in inputs.context.items() if v.ndim == 0}},
        versions={"xviz": __version__, **{name: version(name) for name in ("torch", "numpy")}},
    )
    return _record(loaded, inputs, target, provenance)


def regrad(loaded: Loaded, run: Run, target: str) -> Run:
    """The same run with the gradients of another output; the run itself where it has them already."""
    if run.target == target:
        return run
    return _record(loaded, run.inputs, target, run.provenance.but(target=target))


def _record(loaded: Loaded, inputs: Inputs, target: str, provenance: Provenance) -> Run:
    """One forward and one backward pass, heard.

    Raises:
        ModelError: there is no such output.
    """
    if target not in loaded.card.outputs:
        raise ModelError(f"{loaded.card.title} has no output “{target}”; it has {', '.join(loaded.card.outputs)}.")
    tokens = {name: t.detach().clone().requires_grad_() for name, t in inputs.tokens.items()}
    with torch.enable_grad(), listening() as tape:
        outputs = forward(loaded, batched(tokens), batched(inputs.present), batched(inputs.context))
        grads = torch.autograd.grad(outputs[target].sum(), [heard.out for heard in tape], allow_unused=True)
    return Run(
        outputs={name: float(value[0].detach()) for name, value in outputs.items()},
        target=target,
        calls=_calls(loaded.module, tape, grads),
        inputs=inputs,
        provenance=provenance,
    )


@torch.inference_mode()
def outputs(loaded: Loaded, inputs: Inputs) -> dict[str, float]:
    """The scalar outputs alone, with nothing on record."""
    made = forward(loaded, batched(inputs.tokens), batched(inputs.present), batched(inputs.context))
    return {name: float(value[0]) for name, value in made.items()}


def forward(
    loaded: Loaded, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], context: Mapping[str, Tensor]
) -> Mapping[str, Tensor]:
    """Batched tensors through the module; output name → (b,).

    Raises:
        ModelError: the module is in training mode, in which dropout would make every run another.
    """
    if loaded.module.training:
        raise ModelError(f"{loaded.card.title} is in training mode; call engine.freeze on it before it runs.")
    return loaded.module(tokens, present, context)


def batched(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with a batch axis of one sample in front."""
    return {name: tensor[None] for name, tensor in tensors.items()}


def _calls(module: nn.Module, tape: list[Heard], grads: tuple[Tensor | None, ...]) -> tuple[AttentionCall, ...]:
    """The tape as records of the first sample, each with the dotted name of its module."""
    names = {id(part): name.removesuffix(".attend") for name, part in module.named_modules()}
    calls, times = [], {}
    for heard, grad in zip(tape, grads, strict=True):
        name = names[id(heard.module)]
        times[name] = times.get(name, 0) + 1
        calls.append(
            AttentionCall(
                name=name if times[name] == 1 else f"{name}#{times[name]}",
                queries=heard.module.queries,
                keys=heard.module.keys,
                q=heard.q[0].detach(),
                k=heard.k[0].detach(),
                v=heard.v[0].detach(),
                scale=heard.scale,
                bias=None if heard.bias is None else heard.bias[0].detach(),
                first_key=heard.first_key,
                grad_out=None if grad is None else grad[0],
            )
        )
    return tuple(calls)
