"""A batch from its plan to its table: in this process, or by workers that Ray has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xviz import opening
from xviz.batch.listing import Item, fingerprint
from xviz.batch.measure import LABEL, PREDICTED, Arrays, Row, Wanted, known, measure
from xviz.batch.store import Store
from xviz.core.errors import ModelError
from xviz.engine import Loaded
from xviz.explain import EVERY

Tell = Callable[[float, str], None]
Done = tuple[list[Row], Arrays]
Way = Callable[[Wanted, Sequence[Item]], Iterator[Done]]


@dataclass(frozen=True)
class Outcome:
    """How a batch ended."""

    table: Path
    samples: int  #: of the plan
    measured: int  #: in this start
    failed: int  #: of all that are in the table


def plan(loaded: Loaded, wanted: Wanted, items: Sequence[Item], data: Path) -> dict[str, Any]:
    """What a batch is, as plain JSON.

    Raises:
        ModelError: there is no such method or output, or labels that are no outputs.
    """
    for method in wanted.methods:
        if method not in EVERY:
            raise ModelError(f"There is no method “{method}”; there are {', '.join(EVERY)}.")
    outputs = loaded.spec.outputs
    for target in wanted.targets:
        if target not in (*outputs, PREDICTED, LABEL):
            have = ", ".join([*outputs, PREDICTED, LABEL])
            raise ModelError(f"{loaded.spec.title} has no output “{target}”; targets are {have}.")
    labels = {item.label for item in items if item.label is not None}
    if LABEL in wanted.targets and (strange := [label for label in sorted(labels) if known(loaded, label) is None]):
        raise ModelError(f"The label “{strange[0]}” is no output of {loaded.spec.title}; it has {', '.join(outputs)}.")
    question = {**asdict(wanted), "methods": list(wanted.methods), "targets": list(wanted.targets)}
    return {
        **question,
        "weights": loaded.sha256,
        "title": loaded.spec.title,
        "samples": fingerprint(items),
        "count": len(items),
        "data": data.name,
        "items": [{"name": item.name, "label": item.label, "origin": dict(item.origin)} for item in items],
    }


def chosen(items: Sequence[Item], limit: int | None, seed: int | None) -> list[Item]:
    """The samples that are measured: the first, or with a seed some at random, in their order."""
    if limit is None or limit >= len(items):
        return list(items)
    if seed is None:
        return list(items[:limit])
    picked = np.random.default_rng(seed).permutation(len(items))[:limit]
    return [items[i] for i in sorted(picked)]


def paired(items: Sequence[Item], seed: int) -> list[Item]:
    """The samples, each with another one; the same pairs for the same seed and list."""
    if len(items) < 2:
        return list(items)
    away = 1 + int(np.random.default_rng(seed).integers(len(items) - 1))
    return [replace(item, partner=items[(i + away) % len(items)].origin) for i, item in enumerate(items)]


def run(
    loaded: Loaded,
    wanted: Wanted,
    items: Sequence[Item],
    folder: Path,
    *,
    data: Path,
    limit: int | None = None,
    draw: int | None = None,
    only_failed: bool = False,
    way: Way | None = None,
    tell: Tell = lambda share, words: None,
) -> Outcome:
    """Measure what is not measured yet, and write the table.

    Args:
        loaded: The model.
        wanted: What is asked of every sample.
        items: All samples.
        folder: Of the batch.
        data: Where the samples come from, for the plan.
        limit: How many samples at most.
        draw: Seed by which these are drawn; the first where None.
        only_failed: Measure again what failed, and nothing else.
        way: From what is wanted and samples to rows as they come; in this process where None.
        tell: Told how far the work is.

    Raises:
        XvizError: the plan or the folder cannot be used, or the disk is full.
    """
    store = Store(folder, plan(loaded, wanted, items, data))
    try:
        some = chosen(paired(items, wanted.seed) if wanted.modalities else items, limit, draw)
        if only_failed:
            left = [item for item in some if store.done.get(item.index) is False]
        else:
            left = [item for item in some if item.index not in store.done]
        count = 0
        try:
            for rows, arrays in (way or here(loaded))(wanted, left) if left else ():
                store.add(rows, arrays)
                count += 1
                tell((len(some) - len(left) + count) / len(some), f"{count} of {len(left)}: {rows[0]['sample']}")
        finally:
            table = store.finish()
        failed = sum(not well for well in store.done.values())
        return Outcome(table, len(some), count, failed)
    finally:
        store.close()


def here(loaded: Loaded) -> Way:
    """One sample after the other in this process."""

    def each(wanted: Wanted, items: Iterable[Item]) -> Iterator[Done]:
        for item in items:
            yield measure(loaded, item, wanted)

    return each


def opened(wanted: Wanted) -> Loaded:
    """The model of a batch."""
    return opening.model(wanted.model)
