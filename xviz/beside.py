"""The second side of a comparison, by its record: which model, weights, sample and question it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xviz import opening
from xviz.core.explanation import Explanation
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.plates.plate import asker
from xviz.session import again


def record(session: Session, explanation: Explanation, weights: str = "") -> dict[str, Any]:
    """A side as plain JSON.

    Args:
        session: Its model, sample and run.
        explanation: What it shows.
        weights: By what name they were chosen; see ``custom_weights``.
    """
    origin = session.run.provenance
    return {
        "model": session.model.source or origin.model,
        "weights": weights,
        "sample": origin.sample,
        "origin": dict(origin.origin),
        "told": dict(origin.options),
        "question": Question.behind(explanation).record(),
        "digest": origin.sample_digest,
        "sha256": origin.checkpoint_sha256,
    }


def opened(record: Mapping[str, Any], find: opening.Find = Path, model: str = "") -> tuple[Session, Explanation]:
    """A side by its record.

    Args:
        record: Of ``record``.
        find: Where a file of its sample lies.
        model: ``file.py:SPEC``, where that is elsewhere.

    Raises:
        XvizError: model, weights or sample are not there.
    """
    loaded = opening.model(model or str(record["model"]), str(record.get("weights", "")))
    sample = opening.sample(loaded, record["origin"], find)
    session = again(loaded, replace(sample, name=record["sample"], origin=record["origin"]), record["told"])
    return session, asker(session)(Question.parse(record["question"]))
