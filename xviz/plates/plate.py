"""What the rest of xviz knows of a figure: one frozen record, what it is drawn of, and how questions are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run
from xviz.core.spec import Spec
from xviz.engine import Session
from xviz.explain import EVERY, METHODS, columns
from xviz.explain.ask import Question
from xviz.explain.method import Progress
from xviz.figures.figure import Figure
from xviz.figures.names import picked
from xviz.figures.style import Preset
from xviz.models.card import CallTitle, ModelCard

Ask = Callable[[Question], Explanation]


def asker(session: Session, progress: Progress | None = None) -> Ask:
    """A function from a question to its answer, which answers each question once."""
    known: dict[Question, Explanation] = {}

    def ask(question: Question) -> Explanation:
        if question.method not in EVERY:
            raise ModelError(f"There is no method “{question.method}”; there are {', '.join(METHODS)}.")
        if question not in known:
            options = {} if question.coalitions is None else {"n_samples": question.coalitions}
            known[question] = EVERY[question.method].explain(
                session.model, session.run, question.target, call=question.call, head=question.head,
                progress=progress, **options,
            )  # fmt: skip
        return known[question]

    return ask


@dataclass(frozen=True, eq=False)
class Shown:
    """What a figure is drawn of."""

    session: Session
    explanations: tuple[Explanation, ...]
    preset: Preset
    credit: str
    ask: Ask
    options: Mapping[str, Any] = field(default_factory=dict)  #: of the figure, plain JSON
    known: dict[str, Any] = field(default_factory=dict)  #: what options name and was computed before; grows

    @property
    def run(self) -> Run:
        """The run that is shown."""
        return self.session.run

    @property
    def titles(self) -> list[str]:
        """What the methods are called; an attention with the token that it is of."""
        return [self.title(explanation) for explanation in self.explanations]

    def title(self, explanation: Explanation) -> str:
        """What a figure calls an explanation: "Attention from “cat”", "Attention rollout"."""
        preposition = {"look": "from", columns.METHOD.key: "to"}.get(explanation.method)
        if preposition is None or explanation.focus is None:
            return EVERY[explanation.method].title
        name, tokens = explanation.focus
        return f"Attention {preposition} {picked(self.run.leaves[name], tokens)}"

    def one(self) -> Explanation:
        """The only explanation.

        Raises:
            ModelError: there are more.
        """
        if len(self.explanations) > 1:
            raise ModelError(f"This figure shows one explanation; got {len(self.explanations)}. Draw one for each.")
        return self.explanations[0]

    def call(self, fits: Callable[[AttentionCall], bool] = lambda call: True) -> tuple[AttentionCall, int | None]:
        """The call and the head that options or the first explanation name, if it fits; else the last that does.

        Raises:
            ModelError: there is no such call or head, or none that fits.
        """
        options = self.explanations[0].provenance.options if self.explanations else {}
        name, head = self.options.get("call", options.get("call")), self.options.get("head", options.get("head"))
        fitting = [call for call in self.run.calls if fits(call)]
        if not fitting:
            raise ModelError(f"No attention of {self.session.model.spec.title} can be drawn in this figure.")
        named = [call for call in fitting if call.name == name]
        if self.options.get("call") is not None and not named:
            have = ", ".join(call.name for call in fitting)
            raise ModelError(f"This figure can show the attention of {have}; “{name}” is none of these.")
        call = named[0] if named else fitting[-1]
        if head is not None and not 0 <= int(head) < call.heads:
            raise ModelError(f"“{call.name}” has {call.heads} heads; there is no head {int(head) + 1}.")
        return call, None if head is None else int(head)

    def title_of(self, call: AttentionCall) -> CallTitle:
        """What a call is to people; of a model that is not ours, its name and spaces."""
        return call_title(self.session.model.spec, call)


def call_title(spec: Spec, call: AttentionCall) -> CallTitle:
    """What a call of a model is to people; of one that is not ours, its name and spaces."""
    if isinstance(spec, ModelCard) and call.name in spec.calls:
        return spec.calls[call.name]
    across = f"{call.queries} to {call.keys}" if call.queries != call.keys else f"among {call.queries}"
    return CallTitle(f"{call.name}: {across}", call.name, "", across)


@dataclass(frozen=True)
class Plate:
    """One kind of figure."""

    key: str
    title: str  #: what people call it
    draw: Callable[[Shown], Figure]
    ask: Callable[[Session, str], Sequence[Question]]  #: from a session and an output to what is shown by default
    own: bool = False  #: whether it draws whole attention alone, so that no method is asked
    #: from a session, an output and questions to options that say the same; its questions are then not asked
    fill: Callable[[Session, str, Sequence[Question]], Mapping[str, Any]] | None = None


def weigh(call: AttentionCall, head: int | None) -> NDArray[np.float64]:
    """The weights of one head, or the mean over heads, (q, k)."""
    rows = call.rows().double()
    return (rows.mean(0) if head is None else rows[head]).numpy()


def heads_of(call: AttentionCall, head: int | None) -> str:
    """Which heads, in words."""
    return f"mean of {call.heads} heads" if head is None else f"head {head + 1} of {call.heads}"
