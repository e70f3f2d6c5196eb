"""What the library must know of a model, ours or anybody's: a `Spec`. What a page says of it stands elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor, nn

from xviz.core.errors import ModelError
from xviz.core.run import Inputs
from xviz.core.sample import Sample

Tokens = Mapping[str, Tensor]  #: space name → (b, n, d)
Presence = Mapping[str, Tensor]  #: space name → (b, n) bool
Context = Mapping[str, Tensor]  #: name → (b, …)
Call = Callable[[Any, Tokens, Presence, Context], Mapping[str, Tensor]]
Baseline = Literal["mean", "zero"] | Callable[[nn.Module], Mapping[str, Tensor]]


def directly(module: nn.Module, tokens: Tokens, present: Presence, context: Context) -> Mapping[str, Tensor]:
    """The module itself is called with tokens, presence and context."""
    return module(tokens, present, context)


@dataclass(frozen=True, kw_only=True)
class Spec:
    """How a model is called, which tokens it has, and what its outputs mean; only the first three must be said.

    What is left out narrows the methods (``xviz.explain.available`` says which, and why): attention can be shown of
    any model, gradients need features of tokens, perturbation needs features and a way to leave tokens out.
    """

    title: str  #: how people name it
    outputs: Mapping[str, str]  #: output name → what it is; the first is explained by default
    #: from a sample to what the model is fed: ``context`` holds its tensors without batch axis, ``spaces`` its tokens
    read: Callable[[Sample], Inputs] | None = None
    #: from the module and batched tensors to (b,) values of every output; ``context`` as ``read`` gave it
    call: Call = directly
    key: str = ""  #: how code and URLs name it; made of the title where empty
    build: Callable[..., nn.Module] | None = None  #: makes the module with its weights, for the app and ``xviz check``
    #: pattern of names of calls → spaces of queries and keys: ``{"decoder.*.multihead_attn": ("words", "patches")}``
    attention: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    #: space → dotted module whose output are the features of its tokens; ``#2`` means its second call
    features: Mapping[str, str] = field(default_factory=dict)
    masks: bool = False  #: True where ``call`` heeds presence, so that an absent token takes no part
    #: what stands for a token that says nothing: the mean or zero of the sample's tokens, or the model's own
    baseline: Baseline = "mean"
    #: whether a residual connection goes around every attention; None where nobody said
    residual: bool | None = None
    convolutions: Mapping[str, str] = field(default_factory=dict)  #: dotted layer → space of its (b, channels, n)
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: output → its calls; "a + b" side by side
    reads: tuple[str, ...] = ()  #: leaf spaces that the outputs are read from; empty: all that ask on the path
    #: what trained networks make of what was read before tokens exist; None where reading gives the tokens
    encode: Callable[[Any, Inputs], Inputs] | None = None
    weights: str = ""  #: what the weights are, for people: "trained on …", "random: nothing here is a result"
    samples: Callable[[], Mapping[str, Sample]] | None = None  #: samples to begin with, by title
    wants: Mapping[str, str] = field(default_factory=dict)  #: part name → what it is, for people

    def __post_init__(self) -> None:
        """Make the key of the title.

        Raises:
            ModelError: there is no output.
        """
        if not self.outputs:
            raise ModelError(f"“{self.title}” names no output. Name at least one number that it gives, in outputs=.")
        if not self.key:
            object.__setattr__(self, "key", re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "model")

    @property
    def target(self) -> str:
        """The output that is explained by default."""
        return next(iter(self.outputs))

    def inputs(self, sample: Sample) -> Inputs:
        """What the model is fed for a sample.

        Raises:
            ModelError: nothing says how a sample is read.
            SampleError: the sample does not fit the model.
        """
        if self.read is None:
            raise ModelError(f"“{self.title}” does not say how a sample is read. Give read=, from a Sample to Inputs.")
        return self.read(sample)
