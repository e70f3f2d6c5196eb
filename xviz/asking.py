"""What a command asks: its arguments, and from them to a session and the questions to it.

Numbers of tokens, layers and heads are counted from 1, as pages and permalinks count them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xviz.core.errors import ModelError, XvizError

if TYPE_CHECKING:
    from xviz.core.run import Run
    from xviz.engine import Loaded, Session
    from xviz.explain.ask import Question

ROWS = ("look", "received", "asked")  #: methods that read one attention call


def arguments(parser: argparse.ArgumentParser) -> None:
    """Model, sample and question."""
    parser.add_argument("model", metavar="MODEL", help="a key of the README's table, or file.py:SPEC")
    parser.add_argument(
        "samples", nargs="*", metavar="SAMPLE", help="files of one sample, or the name of one that comes with the model"
    )
    sample = parser.add_argument_group("sample")
    sample.add_argument(
        "--part", action="append", default=[], metavar="NAME=VALUE", help="a part: picture=a.jpg, text=“a sentence”"
    )
    sample.add_argument("--kind", help="picture, sound, eeg, room, …, where the ending does not tell")
    sample.add_argument(
        "--read", action="append", default=[], metavar="NAME=VALUE", help="an option of the reader, such as start=12.5"
    )
    question = parser.add_argument_group("question")
    question.add_argument(
        "--method", action="append", default=[], help="a method; may be repeated. docs/methods.md has them all"
    )
    question.add_argument(
        "--target", metavar="OUTPUT",
        help="the output that is explained; left out, the model's first; of a room, the likeliest but wall and floor",
    )  # fmt: skip
    question.add_argument(
        "--picked", metavar="TOKEN", help="whose view is taken: a word, an electrode, or SPACE:NAME or SPACE:NUMBER"
    )
    question.add_argument("--layer", help="the attention that look and received read: its name or number")
    question.add_argument("--head", type=int, help="its head; the mean over heads if left out")
    question.add_argument(
        "--set", action="append", default=[], metavar="NAME=NUMBER", dest="context",
        help="a number that replaces the model's own, such as alpha=0",
    )  # fmt: skip
    question.add_argument(
        "--without", action="append", default=[], metavar="SPACE:NUMBERS",
        help="tokens that the model is not shown: regions:3,5-8",
    )  # fmt: skip


def session(given: argparse.Namespace, weights: str = "") -> Session:
    """The model run on the sample.

    Args:
        given: Words of the command.
        weights: One of ``custom_weights.choices``; those that are shown of the model where "".

    Raises:
        XvizError: something does not fit.
    """
    from xviz import opening
    from xviz.session import run

    loaded = opening.model(given.model, weights)
    origin = opening.origin(loaded, given.samples, given.part, kind=given.kind, options=pairs(given.read, "--read"))
    sample = opening.sample(loaded, origin)
    without: dict[str, list[int]] = {}
    for text in given.without:
        space, numbers = numbered(text)
        without.setdefault(space, []).extend(numbers)
    return run(loaded, sample, output=given.target, without=without, **context(given.context))


def context(given: Sequence[str]) -> dict[str, float]:
    """``NAME=NUMBER`` as numbers by name.

    Raises:
        XvizError: it is no number.
    """
    numbers = {}
    for name, value in pairs(given, "--set").items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise XvizError(f"Expected --set NAME=NUMBER; “{value}” is no number.")
        numbers[name] = float(value)
    return numbers


def pairs(given: Sequence[str], option: str) -> dict[str, Any]:
    """``NAME=VALUE`` by name; values that are JSON as what they say.

    Raises:
        XvizError: one has no name.
    """
    values = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise XvizError(f"Expected {option} NAME=VALUE; got “{text}”.")
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def numbered(text: str) -> tuple[str, list[int]]:
    """``regions:3,5-8`` as space and numbers counted from 0.

    Raises:
        XvizError: it is written otherwise.
    """
    space, _, numbers = text.rpartition(":")
    try:
        tokens: list[int] = []
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            tokens += range(int(first) - 1, int(last or first))
        if not space or not tokens or min(tokens) < 0:
            raise ValueError
    except ValueError as error:
        raise XvizError(f"Expected SPACE:NUMBERS counted from 1, such as regions:3,5-8; got “{text}”.") from error
    return space, tokens


def picked(run: Run, text: str | None) -> tuple[str, tuple[int, ...]] | None:
    """The space and numbers of a token as people name it.

    Raises:
        ModelError: there is no such token.
    """
    from xviz.explain.ask import find

    if text is None:
        return None
    space, separator, name = text.rpartition(":")
    if not separator or space not in run.spaces:
        return find(run, text)
    if not name.replace(",", "").isdecimal():
        return find(run, (space, name))
    count, numbers = len(run.spaces[space]), [int(number) for number in name.split(",") if number]
    if wrong := [number for number in numbers if not 1 <= number <= count]:
        raise ModelError(f"There are {count} tokens “{space}”, counted from 1; there is no {wrong[0]}.")
    return space, tuple(number - 1 for number in numbers)


def layer(loaded: Loaded, run: Run, text: str | None) -> str | None:
    """The name of an attention call, by its name, its number counted from 1, or its title.

    Raises:
        ModelError: there is no such call.
    """
    if text is None:
        return None
    names = [call.name for call in run.calls]
    if text in names:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    titles = {title.title: name for name, title in getattr(loaded.spec, "calls", {}).items()}
    if text in titles:
        return titles[text]
    raise ModelError(
        f"There is no attention “{text}”; there are {', '.join(f'{i} {n}' for i, n in enumerate(names, 1))}."
    )


def head(run: Run, call: str | None, given: int | None) -> int | None:
    """The number of a head counted from 0, from one counted from 1.

    Raises:
        ModelError: there is no such head.
    """
    if given is None:
        return None
    heads = run.call(call).heads if call else max(call_.heads for call_ in run.calls)
    if not 1 <= given <= heads:
        raise ModelError(f"There are {heads} heads, counted from 1; there is no head {given}.")
    return given - 1


def questions(session: Session, given: argparse.Namespace, methods: Sequence[str]) -> list[Question]:
    """One question for each method; layer and head only for those that read them.

    Raises:
        ModelError: there is no such method, token, layer or head.
    """
    from xviz.explain import EVERY, METHODS
    from xviz.explain.ask import Question
    from xviz.plates.any import asking

    loaded, run = session.model, session.run
    focus, call = picked(run, given.picked), layer(loaded, run, given.layer)
    number, asked = head(run, call, given.head), []
    for method in methods:
        if method not in EVERY:
            raise ModelError(f"There is no method “{method}”; there are {', '.join(METHODS)}.")
        attends = EVERY[method].kind == "attention"
        target = asking(session, method, given.target or run.target or loaded.spec.target, focus)
        asked.append(Question(method, target, call if method in ROWS else None, number if attends else None))
    return asked


def plain(value: Mapping[str, Any]) -> str:
    """JSON for programs."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
