"""Divide the cut-outs so that nothing seen in training, nor anything called much the same, is tested as new.

The division hangs on names alone, not on the seed of a run: two runs with different seeds can be used together.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xviz.train.mmca.cutouts import Cutout
from xviz.train.mmca.words import nouns

#: share of all concepts kept out of training
UNSEEN = 0.12
#: photographs with captions kept for the ``photos`` split, at least, when there are enough
PHOTOS = 165
#: largest family of concepts that may be held out whole
LARGEST = 14


@dataclass(frozen=True)
class Pools:
    """Which cut-outs each split may show."""

    #: split name to cut-outs
    cutouts: Mapping[str, tuple[Cutout, ...]]
    #: concept to the number of its family; members of one family share a noun
    families: Mapping[str, int]
    seen: tuple[str, ...]
    unseen: tuple[str, ...]


def families(concepts: Iterable[str]) -> dict[str, int]:
    """Return a family number for each concept; concepts that share a noun, or end in one, are of one family."""
    concepts = sorted(set(concepts))
    parent = list(range(len(concepts)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, concept in enumerate(concepts):
        for noun in sorted(nouns(concept)):
            parent[root(i)] = root(first.setdefault(noun, i))
    known = set(first)
    for noun in sorted(first):
        for start in range(1, len(noun) - 3):
            if noun[start:] in known:
                parent[root(first[noun])] = root(first[noun[start:]])
    return {concept: root(i) for i, concept in enumerate(concepts)}


def divide(cutouts: Sequence[Cutout]) -> Pools:
    """Return the pools of ``train``, ``val``, ``singles``, ``test``, ``unseen``, ``photos``, ``known`` and ``samples``.

    ``train``, ``val`` and ``singles`` share pictures; ``test`` adds furniture models and views kept from them;
    ``unseen`` and ``photos`` show held-out concepts only; ``known`` are photographs of seen ones, to choose settings
    on that those two must not choose; ``samples`` are freely licensed, pleasant pictures of
    ``test``.
    """
    family = families(c.concept for c in cutouts)
    held_out = _held_out(cutouts, family)
    trained_on = [c for c in cutouts if family[c.concept] not in held_out]
    unseen = [c for c in cutouts if family[c.concept] in held_out]
    fresh = _fresh(trained_on)
    photos = {c.caption: c for c in unseen if c.caption}
    train = tuple(c for c in trained_on if c.id not in fresh)
    test = tuple(c for c in trained_on if c.source != "furniture" or c.id in fresh)
    pools = {
        "train": train,
        "val": train,
        "singles": train,
        "test": test,
        "unseen": tuple(unseen),
        "photos": tuple(photos.values()),
        "known": tuple({c.caption: c for c in trained_on if c.caption}.values()),
        "samples": tuple(c for c in test if c.source == "emoji" or (c.source == "furniture" and _pleasant(c))),
    }
    return Pools(pools, family, _concepts(trained_on), _concepts(unseen))


def _held_out(cutouts: Sequence[Cutout], family: Mapping[str, int]) -> frozenset[int]:
    """Return the families kept out of training: enough photographs, then enough concepts of each source.

    Families that are mostly photographs go first, so that the emoji and furniture of training lose little.
    """
    members: dict[int, list[Cutout]] = defaultdict(list)
    for cutout in cutouts:
        members[family[cutout.concept]].append(cutout)
    order = sorted(
        (number for number in members if len({c.concept for c in members[number]}) <= LARGEST),
        key=lambda number: _chance(min(c.concept for c in members[number])),
    )
    families_: set[int] = set()
    photographs = {c.caption for c in cutouts if c.caption}
    lonely = sorted(order, key=lambda number: len({c.concept for c in members[number] if not c.caption}) > 1)
    _take(families_, lonely, members, lambda c: c.caption, min(PHOTOS, 0.6 * len(photographs)))
    for source in sorted({c.source for c in cutouts}):
        wanted = UNSEEN * len({c.concept for c in cutouts if c.source == source})
        _take(families_, order, members, lambda c, source=source: c.concept if c.source == source else None, wanted)
    return frozenset(families_)


def _take(families_, order, members, key, wanted: float) -> None:
    """Add families in turn until they hold ``wanted`` different keys."""
    for number in order:
        have = {key(c) for h in families_ for c in members[h]} - {None}
        if len(have) >= wanted:
            return
        if any(key(c) for c in members[number]):
            families_.add(number)


def _fresh(trained_on: Sequence[Cutout]) -> frozenset[str]:
    """Return ids of furniture pictures kept from training: one model in five, and else one view of three."""
    models: dict[str, set[str]] = defaultdict(set)
    views: dict[str, list[str]] = defaultdict(list)
    for cutout in trained_on:
        if cutout.source == "furniture":
            models[cutout.concept].add(cutout.model)
            views[cutout.model].append(cutout.id)
    fresh: set[str] = set()
    for same in models.values():
        ordered = sorted(same, key=_chance)
        whole = ordered[: len(ordered) // 5 + (len(ordered) in (3, 4))]
        for model in ordered:
            ids = sorted(views[model])
            fresh |= set(ids if model in whole else ids[-1:] if len(ids) > 1 else ())
    return frozenset(fresh)


def _chance(text: str) -> str:
    return hashlib.sha256(f"xviz scenes {text}".encode()).hexdigest()


def _pleasant(cutout: Cutout) -> bool:
    """Return whether a rendered model is neither a figure nor all grey."""
    return cutout.colour not in ("grey", "black", "white") and "characters" not in cutout.keywords


def _concepts(cutouts: Iterable[Cutout]) -> tuple[str, ...]:
    return tuple(sorted({c.concept for c in cutouts}))
