"""What the rest of xviz knows about a method: one frozen record, and the one signature that all methods have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.engine import Loaded

Progress = Callable[[float, str], None]  #: share that is done, 0–1, and what is going on; raises to cancel
Kind = Literal["attention", "gradient", "perturbation"]


class Explain(Protocol):
    """How every method is called."""

    def __call__(
        self,
        loaded: Loaded,
        run: Run,
        target: Target,
        *,
        call: str | None = None,
        head: int | None = None,
        progress: Progress | None = None,
    ) -> Explanation:
        """One number for every token that the method can judge.

        Args:
            loaded: The model.
            run: A run of it.
            target: The output that is explained, and whose view is taken. With focus tokens, methods of attention
                answer with the mean of their rows; methods of gradient and perturbation explain what the model owes
                to them, output(all) − output(without them): a second-order interaction.
            call: Name of one attention call; None for all that matter. Only for methods of attention.
            head: Number of one head; None for the mean over heads. Only for methods of attention.
            progress: Told how far the work is; what it raises passes through.

        Raises:
            ModelError: the question does not fit the model or the method.
        """


@dataclass(frozen=True)
class Method:
    """One way to explain a run."""

    key: str  #: how code and URLs name it
    title: str  #: how people name it
    explain: Explain
    kind: Kind
    signed: bool  #: True where scores below zero mean something
    unit: str  #: what a score measures
    words: str  #: what it shows and what it does not, in one sentence
    source: str  #: reference
    needs_convolution: bool = False  #: True where only models with convolutions over tokens can be explained
    needs_focus: bool = False  #: True where a token must be picked first
