"""Write true sentences about a scene: lists, relations, colours, counts, human captions; every mention is placed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xviz.train.mmca import layout
from xviz.train.mmca.phrases import Phrase, Plan, Relation, Written, write
from xviz.train.mmca.words import kind

_ONE = ("{a0}.", "A picture of {a0}.", "There {be0} {a0}.", "There {be0} {a0} in the picture.", "You can see {a0}.",
        "This picture shows {a0}.")  # fmt: skip
_LISTS = {
    2: ("{a0} and {a1}.", "A picture of {a0} and {a1}.", "There {be0} {a0} and {a1}.", "{a0} with {a1}.",
        "{a0} together with {a1}.", "You can see {a0} and {a1}.", "The picture shows {a0} and {a1}."),
    3: ("{a0}, {a1} and {a2}.", "A picture of {a0}, {a1} and {a2}.", "There {be0} {a0}, {a1} and {a2}.",
        "{a0} with {a1} and {a2}.", "A scene with {a0}, {a1} and {a2}.", "Here {be0} {a0}, {a1}, and also {a2}."),
    4: ("{a0}, {a1}, {a2} and {a3}.", "A picture of {a0}, {a1}, {a2} and {a3}.",
        "You can see {a0}, {a1}, {a2} and {a3}.", "A scene with {a0}, {a1}, {a2} and {a3}."),
}  # fmt: skip
_PAIR = ("{a0} {rel0} {a1}.", "{a0} {be0} {rel0} {a1}.", "The picture shows {a0} {rel0} {a1}.",
         "{t0} {be0} {rel0} {t1}.", "There {be0} {a0} {rel0} {a1}.", "{a0} can be seen {rel0} {a1}.",
         "You can see {a0} {rel0} {a1}.")  # fmt: skip
_FRONTED = ("{rel0} {a1} there {be0} {a0}.", "{rel0} {t1} you can see {a0}.")
_CHAIN = (
    "{a0} {rel0} {a1}, {rel1} {a2}.",
    "{a0} {be0} {rel0} {a1} and {rel1} {a2}.",
    "{t0} {be0} {rel0} {t1} and {rel1} {t2}.",
)
_WITH = (
    "{a0} {rel0} {a1}, with {a2} in the picture too.",
    "{a0} {rel0} {a1}, and also {a2}.",
    "{a2}, and {a0} {rel0} {a1}.",
)
_TWO = ("{a0} {rel0} {a1} and {a2} {rel1} {a3}.", "{a0} {be0} {rel0} {a1}, and {a2} {be2} {rel1} {a3}.")
_BETWEEN = (
    "{a0} between {a1} and {a2}.",
    "There {be0} {a0} between {a1} and {a2}.",
    "{t0} {be0} between {t1} and {t2}.",
)
_SIDES = (
    "{a0} {rel0} and {a1} {rel1}.",
    "There {be0} {a0} {rel0} and {a1} {rel1}.",
    "{t0} {be0} {rel0}, {t1} {be1} {rel1}.",
)
_SAID = ("There {be0} {said0}, {rel0} {a1}.", "{said0}, {rel0} {a1}.", "{said0}, together with {a1}.",
         "{a1} and {said0}.", "{said0}.")  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """What sentences need to know of one object."""

    concept: str
    name: str
    #: colour name or "none"
    colour: str
    caption: str | None = None


@dataclass(frozen=True)
class Facts:
    """Everything a sentence may claim about a scene."""

    #: plain phrase for each thing spoken of; several like objects are one phrase
    phrases: tuple[Phrase, ...]
    #: colour that may be said for each phrase, "none" when not clear
    colours: tuple[str, ...]
    relations: tuple[tuple[str, int, int], ...]
    between: tuple[tuple[int, int, int], ...]
    sides: tuple[tuple[str, int], ...]


def facts(things: Sequence[Thing], boxes: np.ndarray, size: tuple[int, int]) -> Facts:
    """Return what is true of a scene.

    Args:
        things: One for each object.
        boxes: (objects, 4), x0 y0 x1 y1 in pixels.
        size: Canvas width and height, pixels.
    """
    phrases, colours = [], []
    for group in _groups(things):
        thing = things[group[0]]
        colour = thing.colour if len({things[i].colour for i in group}) == 1 else "none"
        alone = len(group) == sum(t.concept == thing.concept for t in things)
        description = _noun_phrase(thing) if len(group) == 1 and alone else None
        phrases.append(Phrase(group, thing.name, None if alone else colour, len(group), description))
        colours.append("none" if colour in re.split(r"\W", thing.name.lower()) else colour)
    groups = [phrase.objects for phrase in phrases]
    return Facts(
        tuple(phrases),
        tuple(colours),
        tuple(layout.relations(boxes, groups, size)),
        tuple(layout.between(boxes, groups, size)),
        tuple(layout.sides(boxes, groups, size)),
    )


def sentences(known: Facts, rng: np.random.Generator, *, count: int = 6) -> list[tuple[Plan, Written]]:
    """Return up to ``count`` different true sentences, the first three naming two objects or more.

    Args:
        known: Facts of the scene, with at least two objects.
        rng: Source of chance.
        count: Sentences wanted.
    """
    out: list[tuple[Plan, Written]] = []
    for attempt in range(40 * count):
        if len(out) == count:
            break
        broad = len(out) < 3
        names = tuple(_RECIPES) if attempt % 2 else ("relation", "relation", "list", "chain", "two", "with", "between")
        plan = _RECIPES[names[int(rng.integers(len(names)))]](known, rng)
        if plan is None:
            continue
        plan = _coloured(plan, known, rng)
        sentence = write(plan)
        named = {i for mention in sentence.mentions for i in mention["objects"]}
        if (len(named) >= 2 or not broad) and _differs(sentence.text, plan, out):
            out.append((plan, sentence))
    return out


def alone(known: Facts, rng: np.random.Generator, *, count: int = 3) -> list[tuple[Plan, Written]]:
    """Return up to ``count`` different true sentences about one of the things and nothing else."""
    out: list[tuple[Plan, Written]] = []
    for _ in range(20 * count):
        plan = _coloured(Plan(_pick(_ONE, rng), _take(known, int(rng.integers(len(known.phrases))))), known, rng)
        sentence = write(plan)
        if len(out) < count and all(plan.template != other.template for other, _ in out):
            out.append((plan, sentence))
    return out


def _differs(text: str, plan: Plan, out: list[tuple[Plan, Written]]) -> bool:
    same = sum(other.template == plan.template for other, _ in out)
    return same < 1 + len(out) // 5 and all(text.lower() != written.text.lower() for _, written in out)


def _groups(things: Sequence[Thing]) -> list[tuple[int, ...]]:
    """Return the objects to speak of together: those of one concept, unless each has a clear colour of its own."""
    by_concept: dict[str, list[int]] = {}
    for i, thing in enumerate(things):
        by_concept.setdefault(thing.concept, []).append(i)
    groups = []
    for members in by_concept.values():
        colours = [things[i].colour for i in members]
        apart = len(set(colours)) == len(members) and "none" not in colours
        groups += [(i,) for i in members] if apart else [tuple(members)]
    return groups


def _noun_phrase(thing: Thing) -> str | None:
    """Return the human caption as a phrase for the middle of a sentence, when it is one."""
    caption = (thing.caption or "").strip()
    match = re.fullmatch(r"(An?|The|Some) ([^.!?—]{3,60})\.?", caption)
    if match is None or thing.name.lower() not in caption.lower() or kind(thing.name) == "pair":
        return None
    return f"{match[1].lower()} {match[2]}"


def _coloured(plan: Plan, known: Facts, rng: np.random.Generator) -> Plan:
    """Return the plan with colours said for some of the phrases whose colour is clear."""
    clear = dict(zip((phrase.objects for phrase in known.phrases), known.colours, strict=True))
    phrases = [
        replace(phrase, colour=clear[phrase.objects])
        if phrase.colour is None and clear[phrase.objects] != "none" and rng.random() < 0.55
        else phrase
        for phrase in plan.phrases
    ]
    return replace(plan, phrases=tuple(phrases))


def _pick(options: Sequence, rng: np.random.Generator):
    return options[int(rng.integers(len(options)))]


def _say(key: str, rng: np.random.Generator) -> Relation:
    return Relation(key, _pick(layout.WORDS[key], rng))


def _take(known: Facts, *numbers: int) -> tuple[Phrase, ...]:
    return tuple(known.phrases[i] for i in numbers)


def _list(known: Facts, rng: np.random.Generator) -> Plan | None:
    limit = min(len(known.phrases), 4)
    number = int(rng.integers(1, limit + 1)) if rng.random() < 0.3 else int(rng.integers(2, limit + 1))
    chosen = rng.permutation(len(known.phrases))[:number]
    templates = _ONE if number == 1 else _LISTS[number]
    return Plan(_pick(templates, rng), _take(known, *chosen))


def _relation(known: Facts, rng: np.random.Generator) -> Plan | None:
    if not known.relations:
        return None
    key, i, j = _pick(known.relations, rng)
    relation = _say(key, rng)
    fronted = rng.random() < 0.2 and not relation.words.endswith("than")
    return Plan(_pick(_FRONTED if fronted else _PAIR, rng), _take(known, i, j), (relation,))


def _chain(known: Facts, rng: np.random.Generator) -> Plan | None:
    options = [(f, g) for f in known.relations for g in known.relations if f[1] == g[1] and f[2] != g[2]]
    if not options:
        return None
    (first, i, j), (second, _, k) = _pick(options, rng)
    return Plan(_pick(_CHAIN, rng), _take(known, i, j, k), (_say(first, rng), _say(second, rng)))


def _with(known: Facts, rng: np.random.Generator) -> Plan | None:
    if not known.relations or len(known.phrases) < 3:
        return None
    key, i, j = _pick(known.relations, rng)
    other = _pick([k for k in range(len(known.phrases)) if k not in (i, j)], rng)
    return Plan(_pick(_WITH, rng), _take(known, i, j, other), (_say(key, rng),))


def _two(known: Facts, rng: np.random.Generator) -> Plan | None:
    options = [(f, g) for f in known.relations for g in known.relations if not {f[1], f[2]} & {g[1], g[2]}]
    if not options:
        return None
    (first, i, j), (second, k, m) = _pick(options, rng)
    return Plan(_pick(_TWO, rng), _take(known, i, j, k, m), (_say(first, rng), _say(second, rng)))


def _between(known: Facts, rng: np.random.Generator) -> Plan | None:
    if not known.between:
        return None
    i, j, k = _pick(known.between, rng)
    return Plan(_pick(_BETWEEN, rng), _take(known, i, *((j, k) if rng.random() < 0.5 else (k, j))))


def _sides(known: Facts, rng: np.random.Generator) -> Plan | None:
    options = [(f, g) for f in known.sides for g in known.sides if layout.OPPOSITE[f[0]] == g[0] and f[1] != g[1]]
    if not options:
        return None
    (first, i), (second, j) = _pick(options, rng)
    return Plan(_pick(_SIDES, rng), _take(known, i, j), (_say(first, rng), _say(second, rng)))


def _said(known: Facts, rng: np.random.Generator) -> Plan | None:
    spoken = [i for i, phrase in enumerate(known.phrases) if phrase.said]
    if not spoken:
        return None
    i = _pick(spoken, rng)
    template = _pick(_SAID, rng)
    if "{rel0}" in template:
        options = [fact for fact in known.relations if fact[1] == i]
        if not options:
            return None
        key, _, j = _pick(options, rng)
        plain = (
            template if "," in (known.phrases[i].said or "") else template.replace("{said0}, {rel0}", "{said0} {rel0}")
        )
        return Plan(plain, _take(known, i, j), (_say(key, rng),))
    others = [k for k in range(len(known.phrases)) if k != i]
    return Plan(template, _take(known, i, _pick(others, rng)) if others else _take(known, i))


_RECIPES: Mapping[str, Callable[[Facts, np.random.Generator], Plan | None]] = {
    "list": _list, "relation": _relation, "chain": _chain, "with": _with, "two": _two, "between": _between,
    "sides": _sides, "said": _said,
}  # fmt: skip
