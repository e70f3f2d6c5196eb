"""`Asked`, what a manifest, a command or a row of a batch asks of a sample; `Link`, the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from xviz import engine, opening
from xviz.core.provenance import digest
from xviz.core.run import Run
from xviz.core.sample import Sample
from xviz.data.shipped import samples
from xviz.engine import Loaded
from xviz.explain import METHODS
from xviz.explain.ask import Question
from xviz.session import again

Query = dict[str, str | list[str]]
MEAN = "mean"  #: of the heads, as pages call it


@dataclass(frozen=True, eq=False)
class Asked:
    """A sample, and what is asked of it."""

    loaded: Loaded
    origin: Mapping[str, Any]  #: of the sample; see ``opening``
    questions: tuple[Question, ...]
    told: Mapping[str, Any]  #: options of the provenance: target, numbers of the context, without
    options: Mapping[str, Any] = field(default_factory=dict)  #: of the figure; see ``plates``
    find: opening.Find = Path  #: where a file of the sample lies

    @property
    def output(self) -> str:
        """The output that is explained."""
        return str(self.told["target"])

    @property
    def without(self) -> Mapping[str, tuple[int, ...]]:
        """Space → tokens that the model is not shown."""
        return engine.parse_left_out(str(self.told.get("without", "")))

    @property
    def focus(self) -> tuple[str, tuple[int, ...]] | None:
        """The picked token, with its space; None without one."""
        return next(((q.target.space, q.target.tokens) for q in self.questions if q.target.space is not None), None)

    @property
    def call(self) -> str | None:
        """The attention that is looked at."""
        return self.options.get("call") or next((q.call for q in self.questions if q.call is not None), None)

    @property
    def head(self) -> int | None:
        """Its head, counted from 0."""
        own = self.options.get("head")
        return own if own is not None else next((q.head for q in self.questions if q.head is not None), None)

    @property
    def methods(self) -> list[str]:
        """Each method once, in their order."""
        return list(dict.fromkeys(question.method for question in self.questions if question.method in METHODS))

    @cached_property
    def sample(self) -> Sample:
        """The sample itself.

        Raises:
            SampleError: it is not there, or cannot be read.
        """
        return opening.sample(self.loaded, self.origin, self.find)

    @cached_property
    def run(self) -> Run:
        """The sample through the model: what words, patches and layers there are."""
        return again(self.loaded, self.sample, self.told).run

    @property
    def shipped(self) -> str | None:
        """The title of the sample that comes with xviz; None for one of files."""
        name = self.origin.get("shipped")
        return next((sample_.title for sample_ in samples(self.loaded.spec.key) if sample_.name == name), None)

    def files(self) -> list[Path]:
        """The files of the sample, in their order.

        Raises:
            SampleError: one is not there.
        """
        return [self.find(str(name)) for name in opening.files(self.origin)]


@dataclass(frozen=True, eq=False)
class Link:
    """A page of the app in one state."""

    page: str  #: name of the page, as in its address
    query: Query  #: what the address says
    widgets: Mapping[str, Any] = field(default_factory=dict)  #: key → value of what no address restores
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)  #: uploader → files of a sample
    lost: tuple[str, ...] = ()  #: what the page cannot show of it, in words for people

    def address(self, at: str, **more: str) -> str:
        """The whole address; ``more`` joins the query."""
        query = urlencode({**self.query, **more}, doseq=True, quote_via=quote)
        return f"{at.rstrip('/')}/{self.page}{f'?{query}' if query else ''}"


def token(space: str, number: int) -> dict[str, str]:
    """A picked token in an address, counted from 1."""
    return {"token": f"{space}-{number + 1}"}


def listed(numbers: Sequence[int]) -> str:
    """Numbers of tokens in an address, counted from 1."""
    return ",".join(str(number + 1) for number in numbers)


def head(number: int | None) -> str:
    """A head in an address."""
    return MEAN if number is None else str(number + 1)


def two(methods: Sequence[str], first: str, second: str, offered: Sequence[str] = tuple(METHODS)) -> Query:
    """Two methods under the keys of their widgets; the page's own where there are fewer."""
    chosen = [method for method in methods if method in offered]
    return {key: METHODS[method].title for key, method in zip((first, second), chosen, strict=False)}


def shorts(run: Run) -> dict[str, str]:
    """Leaf space → its name in an address."""
    names: dict[str, str] = {}
    for name in run.leaves:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:24]
        plain = plain if plain[:1].isalpha() else f"space_{plain}".rstrip("_")
        names[name] = plain if plain not in names.values() else f"{plain}_{len(names)}"
    return names


def joined(run: Run, gone: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """Tokens that are left out, by space, as numbers counted through all spaces that can be left out."""
    numbers, start = [], 0
    for name in run.inputs.tokens:
        numbers += [start + token for token in gone.get(name, ())]
        start += len(run.spaces[name])
    return tuple(numbers)


def typed_key(page: str, part: str, before: str) -> str:
    """The key of the field in which a sentence is typed in the place of the example's."""
    return f"{page} {part} of {digest(before)[:8]}"
