"""Make foils: a true sentence with one change that makes it false for its scene."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xviz.train.mmca.colours import NEAR
from xviz.train.mmca.layout import OPPOSITE, WORDS
from xviz.train.mmca.phrases import Phrase, Plan, Relation, write
from xviz.train.mmca.sentences import Thing
from xviz.train.mmca.words import COLOURS, NUMBERS, a, kind, nouns


@dataclass(frozen=True)
class Noun:
    """A concept that may be put in place of another."""

    concept: str
    name: str
    family: int
    #: its nouns and the words that say what kind of thing it is
    kinds: frozenset[str]
    own: frozenset[str]


def noun(name: str, concept: str, family: int, keywords: Sequence[str]) -> Noun:
    """Return the `Noun` of a concept with keywords like ("animal", "bird")."""
    own = nouns(concept)
    words = {word for keyword in keywords for word in keyword.lower().split()}
    return Noun(concept, name, family, frozenset(own | words), own)


def absent(present: Sequence[Noun], nouns_of_split: Sequence[Noun]) -> list[Noun]:
    """Return the concepts that nothing in the scene could be called: not "bird" where there is a penguin."""
    families = {n.family for n in present}
    own = frozenset().union(*(n.own for n in present))
    kinds = frozenset().union(*(n.kinds for n in present))
    return [n for n in nouns_of_split if n.family not in families and not n.own & kinds and not n.kinds & own]


def foils(
    plan: Plan, things: Sequence[Thing], others: Sequence[Noun], rng: np.random.Generator
) -> list[dict[str, str]]:
    """Return two or three foils of a sentence, ``{"text", "kind"}``, of different kinds where the sentence allows.

    Args:
        plan: The sentence.
        things: The objects of its scene.
        others: Concepts that are not in the scene (`absent`).
        rng: Source of chance.
    """
    used = sorted({int(token[-2]) for token in _tokens(plan.template) if token[1] in "ats"})
    makers = [("noun", i) for i in used * 3] + [("colour", i) for i in used] + [("count", i) for i in used]
    makers += [("relation", i) for i in range(len(plan.relations))] + [("relation", -1)] * ("between" in plan.template)
    texts: dict[str, list[str]] = {"noun": [], "relation": [], "colour": [], "count": []}
    for number in rng.permutation(len(makers)):
        part_changed, i = makers[int(number)]
        changed = _change(plan, part_changed, i, things, others, rng)
        if changed is not None:
            texts[part_changed].append(write(changed).text)
    order = ["noun", *(k for k in rng.permutation(["relation", "colour", "count"]).tolist() if texts[k]), "noun"]
    wanted = 3 if rng.random() < 0.6 else 2
    out: list[dict[str, str]] = []
    for part_changed in [*order, *texts, "noun"]:
        if texts[part_changed] and len(out) < wanted:
            text = texts[part_changed].pop()
            if all(text != foil["text"] for foil in out):
                out.append({"text": text, "kind": part_changed})
    return out


def _tokens(template: str) -> list[str]:
    return [piece.split("}")[0] + "}" for piece in ("{" + part for part in template.split("{")[1:])]


def _change(
    plan: Plan, part_changed: str, i: int, things: Sequence[Thing], others: Sequence[Noun], rng: np.random.Generator
) -> Plan | None:
    """Return the plan with one change of the wanted kind, or None where none is possible."""
    if part_changed == "relation":
        return _moved(plan, i)
    if part_changed == "count" and f"{{said{i}}}" in plan.template:
        return None
    new = {"noun": _renamed, "colour": _recoloured, "count": _recounted}[part_changed](
        plan.phrases[i], things, others, rng
    )
    return new and replace(plan, phrases=(*plan.phrases[:i], new, *plan.phrases[i + 1 :]))


def _moved(plan: Plan, i: int) -> Plan | None:
    if i < 0:
        first, second, *others = plan.phrases
        return replace(plan, phrases=(second, first, *others))
    key = OPPOSITE.get(plan.relations[i].key)
    if key is None:
        return None
    new = Relation(key, WORDS[key][WORDS[plan.relations[i].key].index(plan.relations[i].words)])
    return replace(plan, relations=(*plan.relations[:i], new, *plan.relations[i + 1 :]))


def _renamed(
    phrase: Phrase, things: Sequence[Thing], others: Sequence[Noun], rng: np.random.Generator
) -> Phrase | None:
    for _ in range(20 if others else 0):
        name = others[int(rng.integers(len(others)))].name
        counted = phrase.count == 1 or kind(name) == "one"
        if counted and (phrase.colour is None or phrase.colour not in name.lower().split()):
            return replace(phrase, objects=(), name=name, said=_resaid(phrase, phrase.name, name))
    return None


def _recoloured(phrase: Phrase, things: Sequence[Thing], _: object, rng: np.random.Generator) -> Phrase | None:
    if phrase.colour is None:
        return None
    concept = things[phrase.objects[0]].concept
    present = {thing.colour for thing in things if thing.concept == concept}
    used = present | {near for colour in present for near in NEAR.get(colour, ())}
    free = [colour for colour in COLOURS if colour not in used and colour not in phrase.name.lower().split()]
    if not free or "none" in present or (phrase.said and phrase.colour not in phrase.said.split()):
        return None
    colour = free[int(rng.integers(len(free)))]
    return replace(phrase, colour=colour, said=_resaid(phrase, phrase.colour, colour))


def _recounted(phrase: Phrase, things: Sequence[Thing], _: object, rng: np.random.Generator) -> Phrase | None:
    if kind(phrase.name) != "one" or (phrase.count == 1 and rng.random() < 0.5):
        return None
    concept = things[phrase.objects[0]].concept
    count = sum(thing.concept == concept for thing in things)
    number = count + int(rng.integers(1, 3))
    return replace(phrase, count=number) if number < len(NUMBERS) else None


def _resaid(phrase: Phrase, old: str, new: str) -> str | None:
    """Return the human caption with one word or name changed, and its article with it."""
    if phrase.said is None:
        return None
    _, _, words = phrase.said.partition(" ")
    words = re.sub(re.escape(old), new, words, count=1, flags=re.I)
    return f"{'some' if kind(new) != 'one' else a(words)} {words}"
