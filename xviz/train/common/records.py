"""What measurements and comparisons share: cross-attention switched off, and the record's file."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from xviz.models.mmvit import MMViT


def switched(model: MMViT, score: Callable[..., float]) -> dict[str, float]:
    """A score with the cross-attention as it is, with that of one stage off, and of all.

    Args:
        model: Has the stages.
        score: Takes ``cross_1=0.0`` and so on.
    """
    stages = [f"cross_{number + 1}" for number, letters in enumerate(model.settings.stages) if "C" in letters]
    scores = {"as it is": score()} | {f"without {stage}": score(**{stage: 0.0}) for stage in stages}
    return scores | {"without any": score(**dict.fromkeys(stages, 0.0))}


def logged(settings: Any) -> dict[str, Any]:
    """A card's settings for the log of a training; the names of its classes are the card's."""
    return {name: value for name, value in asdict(settings).items() if name != "classes"}


def read(out: Path) -> dict[str, Any]:
    """A record; empty where there is none."""
    return json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}


def kept(out: Path) -> dict[str, Any]:
    """What a record has from comparisons of trainings, which measuring again leaves as it is."""
    record = read(out)
    return {name: record[name] for name in ("trainings",) if name in record}


def compared(
    out: Path, recipe: Mapping[str, Any], same: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = operator.eq
) -> dict[str, Any]:
    """A record, and under “trainings” the runs of one recipe; those of another one are dropped.

    To be called again before a run is added, so that two comparisons can share the work.
    """
    record = read(out)
    if "trainings" not in record or not same(record["trainings"]["recipe"], recipe):
        record["trainings"] = {"recipe": dict(recipe), "runs": []}
    return record


def write(record: dict[str, Any], out: Path) -> dict[str, Any]:
    """Write a record."""
    out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return record
