"""Noun phrases and sentence plans, and how they are put into words with the place of every mention.

A plan is a template with phrases and relations to fill in. Changing one phrase or relation and writing the plan again
gives the same sentence with one change, articles, plurals and verbs following along: that is how foils are made.

Tokens of a template: ``{a0}`` phrase 0 with "a", "some" or its number; ``{t0}`` with "the"; ``{be0}`` "is" or "are" for
phrase 0; ``{rel0}`` relation 0; ``{said0}`` the human caption of phrase 0 where it has one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xviz.train.mmca.words import NUMBERS, a, kind, plural


@dataclass(frozen=True)
class Phrase:
    """One noun phrase and the objects it stands for."""

    #: indices of the objects in the scene; empty in a foil that names something absent
    objects: tuple[int, ...]
    #: noun without colour, singular where it has one
    name: str
    #: colour said before the noun, or None
    colour: str | None = None
    #: how many are claimed
    count: int = 1
    #: whole human noun phrase with its article, or None
    said: str | None = None


@dataclass(frozen=True)
class Relation:
    """A place relation and the words chosen for it."""

    #: "left", "right", "above", "below", "near", "frame-left", ...
    key: str
    words: str


@dataclass(frozen=True)
class Plan:
    """A sentence before it is written."""

    template: str
    phrases: tuple[Phrase, ...]
    relations: tuple[Relation, ...] = ()


@dataclass(frozen=True)
class Written:
    """A sentence with the places of its mentions."""

    text: str
    #: one ``{"span": [start, end], "head": [start, end], "objects": [...]}`` a mention; ends are exclusive
    mentions: tuple[Mapping[str, list[int]], ...]


def write(plan: Plan) -> Written:
    """Return the sentence of a plan; the first letter is a capital."""
    text, mentions = "", []
    for part in re.split(r"(\{\w+\})", plan.template):
        token = re.fullmatch(r"\{(a|t|be|rel|said)(\d)\}", part)
        if token is None:
            text += part
            continue
        marker, number = token[1], int(token[2])
        if marker == "be":
            text += "are" if _many(plan.phrases[number], f"{{t{number}}}" in plan.template) else "is"
        elif marker == "rel":
            text += plan.relations[number].words
        else:
            phrase = plan.phrases[number]
            words, span, head = _caption(phrase) if marker == "said" and phrase.said else _plain(phrase, marker == "t")
            start = len(text)
            mentions.append(
                {"span": [start + v for v in span], "head": [start + v for v in head], "objects": list(phrase.objects)}
            )
            text += words
    return Written(text[0].upper() + text[1:], tuple(mentions))


def _many(phrase: Phrase, definite: bool) -> bool:
    """Return whether the verb is plural: "the scissors are", but "a pair of scissors is"."""
    how = kind(phrase.name)
    return phrase.count > 1 or how == "plural" or (how == "pair" and definite)


def _plain(phrase: Phrase, definite: bool) -> tuple[str, tuple[int, int], tuple[int, int]]:
    """Return the words of a phrase, and where the coloured noun and the bare noun lie in them."""
    how = kind(phrase.name)
    noun = plural(phrase.name) if phrase.count > 1 and how == "one" else phrase.name
    core = f"{phrase.colour} {noun}" if phrase.colour else noun
    if phrase.count > 1:
        before = f"{NUMBERS[phrase.count]} {'pairs of ' if how == 'pair' else ''}"
        before = f"the {before}" if definite else before
    elif definite:
        before = "the "
    else:
        before = {"one": f"{a(core)} ", "pair": "a pair of ", "plural": "some ", "stuff": "some "}[how]
    start, end = len(before), len(before) + len(core)
    return before + core, (start, end), (end - len(noun), end)


def _caption(phrase: Phrase) -> tuple[str, tuple[int, int], tuple[int, int]]:
    words = phrase.said or ""
    match = re.search(re.escape(phrase.name), words, flags=re.I)
    if match is None:
        return _plain(phrase, False)
    start, end = match.span()
    coloured = words[:start].rstrip().rsplit(" ", 1)[-1] == phrase.colour
    begin = start - len(phrase.colour) - 1 if coloured and phrase.colour else start
    return words, (begin, end), (start, end)
