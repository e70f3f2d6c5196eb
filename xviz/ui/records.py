"""The two records that the parts of a page hand to each other: the opened sample, and what is looked at in it."""

from __future__ import annotations

from dataclasses import dataclass

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.sample import Sample
from xviz.models.card import ModelCard
from xviz.ui.state import Choices, Selection


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """A sample on a page, as the model was run on it; a page's own record adds what only that page has."""

    card: ModelCard
    choices: Choices
    sample: Sample
    run: Run  #: without what the visitor hides
    output: str  #: the output that is explained

    @property
    def place(self) -> str:
        """What the page's drawings are called: another sample makes others, which start afresh."""
        return f"{self.card.key} {self.run.provenance.sample_digest[:16]}"

    def target(self, selection: Selection | None = None) -> Target:
        """What is explained: the output, on pages that have it also as the selected token sees it."""
        return Target(self.output)


@dataclass(frozen=True, eq=False, kw_only=True)
class Looked:
    """What a page's explorer shows."""

    selection: Selection | None  #: the token whose attention is shown; None for all, or for the class token
    call: str | None  #: name of the attention call; None where several are averaged
    head: int | None  #: counted from 0; None is the mean over heads
    explanations: tuple[Explanation, ...]  #: those on the screen, in their order
