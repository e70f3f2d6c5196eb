"""Write long lists of words as text: one comma-separated block instead of a hundred quoted strings."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """Return the entries of a comma-separated list, which may run over lines."""
    return tuple(" ".join(text.split()).split(", "))


def paired(text: str) -> tuple[tuple[str, str], ...]:
    """Return the two sides of every ``left=right`` of a comma-separated list, in order."""
    return tuple((left, right) for left, _, right in (entry.partition("=") for entry in listed(text)))
