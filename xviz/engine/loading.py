"""From a card, or from a module and its spec, to a loaded model."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xviz import checkpoints
from xviz.checkpoints import Checkpoint
from xviz.core import features
from xviz.core.errors import ModelError
from xviz.core.foreign import foreign
from xviz.core.provenance import digest
from xviz.core.spec import Spec
from xviz.models.card import ModelCard

M = TypeVar("M", bound=nn.Module)

_building = Lock()  # initial weights are drawn from random numbers that all threads share


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model ready to run: in evaluation mode, its parameters frozen, shared by all threads."""

    spec: Spec
    module: nn.Module
    checkpoint: str  #: name of the checkpoint, "untrained" where there is none
    sha256: str
    ours: bool = True  #: False for a module that nobody here wrote, whose attention is heard from outside
    notes: tuple[str, ...] = ()  #: what a reader must know of its numbers
    source: str = ""  #: ``file.py:SPEC`` where it was opened by that name; "" for cards and modules that were given

    @property
    def card(self) -> ModelCard[Any]:
        """The card of a model that ships with xviz.

        Raises:
            ModelError: the model is somebody else's.
        """
        if not isinstance(self.spec, ModelCard):
            raise ModelError(f"{self.spec.title} is no model of xviz; it has a spec, no card.")
        return self.spec

    def model(self, kind: type[M]) -> M:
        """The module, which must be of that class.

        Raises:
            ModelError: it is of another one.
        """
        if not isinstance(self.module, kind):
            raise ModelError(
                f"This needs a {kind.__name__}; the module of “{self.spec.title}” is a {type(self.module).__name__}."
            )
        return self.module


def load(card: ModelCard[Any], weights: Checkpoint | None = None) -> Loaded:
    """The model of a card with its verified weights.

    Args:
        card: The model.
        weights: Others than those that are shown of it.

    Raises:
        CheckpointError: the weights are missing, altered, or do not fit.
        ModelError: the card ships no weights.
    """
    if card.formula:
        return Loaded(card, freeze(_built(card, seed=0)), "none: a formula without weights", "none")
    if card.checkpoint is None:
        raise ModelError(f"“{card.title}” ships without weights. Choose a card that has a checkpoint, or train it.")
    checkpoint = checkpoints.find(card.checkpoint) if weights is None else checkpoints.verified(weights)
    module = _built(card, seed=0)
    checkpoints.load_into(module, checkpoint)
    return Loaded(card, freeze(module), checkpoint.name, checkpoint.sha256)


def untrained(card: ModelCard[Any], seed: int = 0) -> Loaded:
    """The model of a card with random weights: the control beside which explanations are judged, never a result."""
    return Loaded(card, freeze(_built(card, seed)), "untrained", f"seed {seed}")


def wrap(module: nn.Module, spec: Spec, *, name: str = "as given") -> Loaded:
    """A module that is not ours, unchanged, as a model that every method takes.

    Args:
        module: In evaluation mode, on the CPU.
        spec: How it is called and what its tokens are.
        name: What its weights are called in provenance.

    >>> import xviz
    >>> from torch import nn
    >>> spec = xviz.Spec(title="Two streams", outputs={"yes": "log-odds of yes"})
    >>> xviz.wrap(nn.MultiheadAttention(8, 2).eval(), spec).spec.key
    'two-streams'

    Raises:
        ModelError: it is in training mode or on another device, or the spec names modules that it has not.
    """
    if module.training:
        raise ModelError(
            f"{spec.title} is in training mode, in which dropout makes every run another. Call module.eval() first."
        )
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    if away := {str(tensor.device) for tensor in tensors.values()} - {"cpu"}:
        raise ModelError(f"{spec.title} is on {', '.join(sorted(away))}; xviz computes on the CPU. Call module.cpu().")
    half = {str(t.dtype).removeprefix("torch.") for t in tensors.values() if t.dtype in (torch.float16, torch.bfloat16)}
    notes = tuple(
        f"The model computes in {kind}: attention is computed again in float32 from its queries and keys; gradients "
        "and differences of outputs have about three digits."
        for kind in sorted(half)
    )
    weights = digest(*(part for key, tensor in sorted(tensors.items()) for part in (key, _bytes(tensor))))
    ready = features.open_features(module, spec.features) if spec.features else module
    return Loaded(spec, ready, name, weights, ours=False, notes=notes)


def built(spec: Spec) -> Loaded:
    """The model that a spec builds, ready to run.

    Raises:
        ModelError: the spec does not say how its model is made, or makes none.
        ForeignError: its function failed.
    """
    if spec.build is None:
        raise ModelError(f"“{spec.title}” does not say how its model is made. Give build=, a function that returns it.")
    with _building, foreign(f"build= of {spec.title}"):
        module = spec.build()
    if not isinstance(module, nn.Module):
        raise ModelError(f"build= of {spec.title} gave {type(module).__name__}; it must give a torch.nn.Module.")
    return wrap(module, spec, name=spec.weights or "as built")


def _bytes(tensor: Tensor) -> bytes:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""


def _built(card: ModelCard[Any], seed: int) -> nn.Module:
    """The module of a card with random weights; the global random numbers are as before, and one thread's at a time."""
    with _building, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return card.build(card.settings)


def freeze(module: nn.Module) -> nn.Module:
    """The module in evaluation mode, asking for no parameter gradients."""
    return module.eval().requires_grad_(False)
