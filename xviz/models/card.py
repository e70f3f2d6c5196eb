"""What the rest of xviz knows about a model: one frozen card, no class hierarchy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from xviz.core.run import Inputs
from xviz.core.sample import Sample


@dataclass(frozen=True)
class CallTitle:
    """What one attention call is to people, and where it stands in the model; so nobody takes its name apart."""

    title: str  #: the whole: "Stage 2, block 1: view 1 to view 2"
    layer: str  #: its place among those of its kind: "layer 1", "stage 2, block 1"
    part: str  #: the part of the model that it belongs to: "joint", "decoder"; calls of a part stand in order
    direction: str  #: from queries to keys: "DE to PSD"; "" where a modality attends to itself
    gate: str = ""  #: the context value that switches what the call adds off at zero; "" where nothing does


@dataclass(frozen=True)
class ModelCard:
    """One model at one size.

    The module that ``build`` makes is called as ``module(tokens, present, context)``: tokens map space names to
    (b, n, d) tensors, present to (b, n) booleans, context to (b, …) tensors; it answers with a mapping from output
    names to (b,) tensors.
    """

    key: str  #: how code and URLs name it
    title: str  #: how people name it
    short: str  #: the same in a menu
    icon: str  #: of the menu, a Material symbol
    story: str  #: what it does and what its page shows, in two sentences
    paper: str  #: reference
    wants: Mapping[str, str]  #: part name → what it is, for people
    outputs: Mapping[str, str]  #: output name → what it is; the first is explained by default
    settings: Mapping[str, Any]  #: every number of the architecture
    build: Callable[[Mapping[str, Any]], nn.Module]
    prepare: Callable[[Sample, Mapping[str, Any]], Inputs]
    checkpoint: str | None  #: name in checkpoints/manifest.toml; None where no weights are shipped
    convolutions: Mapping[str, str] = field(default_factory=dict)  #: dotted layer → space of its (b, channels, n)
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: output → its calls; "a + b" side by side
    calls: Mapping[str, CallTitle] = field(default_factory=dict)  #: attention call → what it is for people
    page: str = ""  #: the page that shows it; "" for the one of its own key
    #: what trained networks make of the prepared parts before tokens exist; None where ``prepare`` gives the tokens
    encode: Callable[[nn.Module, Inputs], Inputs] | None = None
    reads: tuple[str, ...] = ()  #: leaf spaces that the outputs are read from; empty: all that ask on the path

    @property
    def target(self) -> str:
        """The output that is explained by default."""
        return next(iter(self.outputs))
