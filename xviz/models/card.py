"""What the rest of xviz knows about a model: one frozen card, no class hierarchy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from xviz.core.run import Inputs
from xviz.core.sample import Sample


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
    page: str = ""  #: the page that shows it; "" for the one of its own key
    #: what trained networks make of the prepared parts before tokens exist; None where ``prepare`` gives the tokens
    encode: Callable[[Any, Inputs], Inputs] | None = None
    reads: tuple[str, ...] = ()  #: leaf spaces that the outputs are read from; empty: all that ask on the path

    @property
    def target(self) -> str:
        """The output that is explained by default."""
        return next(iter(self.outputs))
