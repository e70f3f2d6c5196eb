"""``xviz.explain``: a method asked by its name, and tokens picked as people call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.run import Run, Target
from xviz.core.tokens import Joined, Pieces, TokenSpace
from xviz.engine import Session
from xviz.explain.method import Method

Picked = str | tuple[str, int | str | Sequence[int]]  #: a token's name, or its space and its name or number


@dataclass(frozen=True)
class Question:
    """What is asked of a run."""

    method: str
    target: Target
    call: str | None = None  #: name of an attention call; None is the mean over those that fit
    head: int | None = None  #: None is the mean over heads
    coalitions: int | None = None  #: of KernelSHAP, where their number is not left to it

    def record(self) -> dict[str, Any]:
        """A plain dict for JSON, without what is left open."""
        focus = {} if self.target.space is None else {"space": self.target.space, "tokens": list(self.target.tokens)}
        options = {"call": self.call, "head": self.head, "coalitions": self.coalitions}
        return {
            "method": self.method,
            "output": self.target.output,
            **focus,
            **{name: value for name, value in options.items() if value is not None},
        }

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Question:
        """The question of a record.

        Raises:
            ModelError: it is none.
        """
        try:
            target = Target(record["output"], record.get("space"), tuple(int(t) for t in record.get("tokens", ())))
            return cls(record["method"], target, record.get("call"), record.get("head"), record.get("coalitions"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"A question to a model was expected, with a method and an output; got {record}."
            ) from error

    @classmethod
    def behind(cls, explanation: Explanation) -> Question:
        """The question that an explanation answers."""
        options = explanation.provenance.options
        space, tokens = explanation.focus or (None, ())
        target = Target(str(options.get("target", explanation.target)), space, tokens)
        call, head, coalitions = (options.get(name) for name in ("call", "head", "n_samples"))
        return cls(
            explanation.method,
            target,
            None if call is None else str(call),
            None if head is None else int(head),
            None if coalitions is None else int(coalitions),
        )


def ask(
    methods: Mapping[str, Method],
    session: Session,
    method: str,
    picked: Picked | None,
    output: str | None,
    **options: Any,
) -> Explanation:
    """The answer of one of the methods; see ``xviz.explain``."""
    if method not in methods:
        raise ModelError(f"There is no method “{method}”; there are {', '.join(methods)}.")
    space, tokens = (None, ()) if picked is None else find(session.run, picked)
    target = Target(output or session.model.spec.target, space, tokens)
    return methods[method].explain(session.model, session.run, target, **options)


def find(run: Run, picked: Picked) -> tuple[str, tuple[int, ...]]:
    """The space and the numbers of picked tokens.

    Args:
        run: Of the sample.
        picked: A word, an electrode, a class, or any other name of a token; or a space with a name or numbers in it.

    Raises:
        ModelError: no token or several spaces have that name, or there is no such space.
    """
    if not isinstance(picked, str):
        name, which = picked
        if name not in run.spaces:
            raise ModelError(f"There are no tokens “{name}” to pick from; there are {', '.join(run.spaces)}.")
        if not isinstance(which, str):
            return name, (which,) if isinstance(which, int) else tuple(which)
        if tokens := _named(run.spaces[name], which):
            return name, tokens
        raise ModelError(f"No token of “{name}” is called “{which}”; there are {_some(run.spaces[name])}.")
    leaf = {name: space for name, space in run.spaces.items() if not isinstance(space, Joined)}
    found_in = {name: tokens for name, space in leaf.items() if (tokens := _named(space, picked))}
    fed = {name: tokens for name, tokens in found_in.items() if name in run.inputs.tokens} or found_in
    if len(fed) == 1:
        return next(iter(fed.items()))
    if fed:
        first = next(iter(fed))
        raise ModelError(f"“{picked}” is in {' and in '.join(fed)}. Pick it with its space: ({first!r}, {picked!r}).")
    spaces = "; ".join(f"{name}: {_some(run.spaces[name])}" for name in run.inputs.tokens)
    raise ModelError(f"No token is called “{picked}”. There are {spaces}.")


def _named(space: TokenSpace, name: str) -> tuple[int, ...]:
    """The tokens of that name; the pieces of a word, of its first mention."""
    wanted = name.casefold()
    if isinstance(space, Pieces):
        return next((space.of(i) for i, word in enumerate(space.words) if word.casefold() == wanted), ())
    return tuple(i for i in range(len(space)) if space.label(i).casefold() == wanted)[:1]


def _some(space: TokenSpace) -> str:
    """A few names of tokens."""
    names = list(space.words) if isinstance(space, Pieces) else [space.label(i) for i in range(min(4, len(space)))]
    return ", ".join(names[:12]) + (", …" if len(names) < len(space) and not isinstance(space, Pieces) else "")
