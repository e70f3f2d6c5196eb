"""Tables in Markdown, and a method beside its untrained self: what the records of all models are said with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

IDLE = ", untrained"  #: what ends the name of a method's answer on an untrained model


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table under a line of text; every column has a heading, which screen readers repeat."""
    lines = [[head[0] or "case", *head[1:]], *rows]
    written = ["|" + "|".join(f" {cell} " if cell else " " for cell in line) + "|" for line in lines]
    return "\n".join([title, "", written[0], "|---" * len(head) + "|", *written[1:]])


def beside_untrained(methods: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Key, numbers, and numbers on an untrained model, of every method that was measured."""
    return ((key, own, methods[key + IDLE]) for key, own in methods.items() if not key.endswith(IDLE))
