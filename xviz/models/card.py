"""What a page says of a model that ships with xviz, and where its weights are: a `Spec` with words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from xviz.core.run import Inputs
from xviz.core.sample import Sample
from xviz.core.spec import Spec


@dataclass(frozen=True, kw_only=True)
class ModelCard(Spec):
    """One model at one size.

    The module that ``build`` makes is called as ``module(tokens, present, context)``: tokens map space names to
    (b, n, d) tensors, present to (b, n) booleans, context to (b, …) tensors; it answers with a mapping from output
    names to (b,) tensors.
    """

    short: str  #: the title in a menu
    icon: str  #: of the menu, a Material symbol
    story: str  #: what it does and what its page shows, in two sentences
    paper: str  #: reference
    settings: Mapping[str, Any]  #: every number of the architecture
    build: Callable[[Mapping[str, Any]], nn.Module]
    prepare: Callable[[Sample, Mapping[str, Any]], Inputs]
    checkpoint: str | None  #: name in checkpoints/manifest.toml; None where no weights are shipped
    page: str = ""  #: the page that shows it; "" for the one of its own key
    masks: bool = True
    residual: bool | None = True

    def inputs(self, sample: Sample) -> Inputs:
        """What the model is fed for a sample."""
        return self.prepare(sample, self.settings)
