"""Which tokens ask and which answer in an attention that was heard: by name where somebody said, else by size."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from xviz.core.attention import Attend, Heard
from xviz.core.errors import ModelError
from xviz.core.tokens import TokenSpace

Patterns = Mapping[str, tuple[str, str]]  #: pattern of names of calls → spaces of queries and keys


class SpacesOf:
    """Names the spaces of calls, and collects why some could not be named.

    Args:
        spaces: All that attention may name.
        patterns: What was said; the first that fits a name counts. ``*`` stands for anything, ``?`` for one character.
    """

    def __init__(self, spaces: Mapping[str, TokenSpace], patterns: Patterns) -> None:
        self.spaces, self.patterns = spaces, patterns
        self.problems: list[str] = []

    def __call__(self, heard: Heard, name: str) -> tuple[str, str]:
        """The spaces of queries and keys; ("", "") where they could not be told, see ``problems``."""
        if isinstance(heard.module, Attend):
            return heard.module.queries, heard.module.keys
        counts = heard.q.shape[2], heard.k.shape[2]
        for pattern, both in self.patterns.items():
            if fnmatchcase(name, pattern):
                return both if all(map(self._fits, (name, name), both, counts)) else ("", "")
        candidates = [[space for space, tokens in self.spaces.items() if len(tokens) == count] for count in counts]
        if all(len(of_side) == 1 for of_side in candidates):
            return candidates[0][0], candidates[1][0]
        self.problems.append(self._unclear(name, counts, candidates))
        return "", ""

    def check(self) -> None:
        """Refuse a run with calls whose spaces could not be told.

        Raises:
            ModelError: there are some; its text names all of them.
        """
        if self.problems:
            raise ModelError(" ".join(dict.fromkeys(self.problems)))

    def _fits(self, name: str, space: str, count: int) -> bool:
        have = len(self.spaces[space]) if space in self.spaces else None
        if have == count:
            return True
        self.problems.append(
            f"“{name}” is said to be between “{space}” tokens, "
            + (f"but it has {count} and “{space}” has {have}." if have is not None else "but there is no such space.")
        )
        return False

    def _unclear(self, name: str, counts: tuple[int, int], candidates: list[list[str]]) -> str:
        sides = []
        for role, count, spaces in zip(("queries", "keys"), counts, candidates, strict=True):
            which = " and ".join(f"“{space}”" for space in spaces)
            verb = "fits" if len(spaces) == 1 else "fit"
            sides.append(f"{count} {role} (" + (f"{which} {verb})" if spaces else "no space has as many tokens)"))
        sizes = ", ".join(f"“{space}” {len(tokens)}" for space, tokens in self.spaces.items())
        return (
            f"“{name}” has {' and '.join(sides)}; the spaces are {sizes}. "
            f'Say which are meant: attention={{"{name}": ("…", "…")}}.'
        )
