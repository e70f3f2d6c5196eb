"""What a page says of a model that ships with xviz, and where its weights are: a `Spec` with words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from torch import nn

from xviz.core.run import Inputs
from xviz.core.sample import Sample
from xviz.core.spec import Spec

S = TypeVar("S")


@dataclass(frozen=True)
class CallTitle:
    """What one attention call is to people, and where it stands in the model; so nobody takes its name apart."""

    title: str  #: the whole: "Stage 2, block 1: view 1 to view 2"
    layer: str  #: its place among those of its kind: "layer 1", "stage 2, block 1"
    part: str  #: the part of the model that it belongs to: "joint", "decoder"; calls of a part stand in order
    direction: str  #: from queries to keys: "DE to PSD"; "" where a modality attends to itself
    gate: str = ""  #: the context value that switches what the call adds off at zero; "" where nothing does


@dataclass(frozen=True, kw_only=True)
class ModelCard(Spec, Generic[S]):
    """One model at one size.

    The module that ``build`` makes is called as ``module(tokens, present, context)``: tokens map space names to
    (b, n, d) tensors, present to (b, n) booleans, context to (b, …) tensors; it answers with a mapping from output
    names to (b,) tensors.
    """

    short: str  #: the title in a menu
    icon: str  #: of the menu, a Material symbol
    story: str  #: what it does and what its page shows, in two sentences
    paper: str  #: reference
    settings: S  #: every number of the architecture, a frozen dataclass of the model's own
    build: Callable[[S], nn.Module]
    prepare: Callable[[Sample, S], Inputs]
    checkpoint: str | None  #: name in checkpoints/manifest.toml; None where no weights are shipped
    formula: bool = False  #: whether it has no weights to be loaded, being a formula alone
    one_of: bool = False  #: whether exactly one output is true, so that probabilities sum to one
    everywhere: tuple[str, ...] = ()  #: outputs that are true of nearly every sample, such as a room's floor
    calls: Mapping[str, CallTitle] = field(default_factory=dict)  #: attention call → what it is for people
    page: str = ""  #: the page that shows it; "" for the one of its own key
    masks: bool = True
    residual: bool | None = True

    @property
    def opens(self) -> bool:
        """Whether it has weights to be shown with: shipped ones, or such as its card tells of, random ones too."""
        return bool(self.checkpoint or self.weights)

    def telling(self, outputs: Mapping[str, float]) -> str:
        """The output that says most of a sample: the greatest that is not true of nearly every one."""
        some = [name for name in outputs if name not in self.everywhere] or list(outputs)
        return max(some, key=lambda name: outputs[name])

    def probabilities(self, outputs: Mapping[str, float]) -> dict[str, float]:
        """Class → probability, 0–1: of each by itself, or of one among all where only one is true (``one_of``)."""
        values = np.array(list(outputs.values()))
        if self.one_of:
            raised = np.exp(values - values.max())
            return dict(zip(outputs, (raised / raised.sum()).tolist(), strict=True))
        return dict(zip(outputs, (1 / (1 + np.exp(-values))).tolist(), strict=True))

    def inputs(self, sample: Sample) -> Inputs:
        """What the model is fed for a sample."""
        return self.prepare(sample, self.settings)
