"""What a session and its explanations leave in a folder, and how they are told to programs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xviz.core.errors import XvizError
from xviz.core.explanation import Explanation
from xviz.engine import Session
from xviz.explain.ask import Question
from xviz.export import safe_name
from xviz.export import table as scores_table
from xviz.illustrate import numbers
from xviz.writing import put

SCHEMA = 1  #: of manifest.json
STRONGEST = 10  #: tokens of each explanation that are told


def outputs(session: Session) -> dict[str, Any]:
    """Outputs, notes and warnings, and where they come from."""
    spec = session.model.spec
    return {
        "outputs": {name: float(value) for name, value in session.outputs.items()},
        "meaning": dict(spec.outputs),
        "notes": list(session.notes),
        "warnings": list(dict.fromkeys(session.warnings)),
        "provenance": session.run.provenance.record(),
    }


def table(session: Session, explanation: Explanation) -> dict[str, Any]:
    """An explanation with its strongest tokens, tokens counted from 1."""
    spaces = session.run.spaces
    every = [
        {"space": name, "token": i + 1, "label": spaces[name].label(i), "score": float(score)}
        for name, scores in explanation.scores.items()
        for i, score in enumerate(scores)
    ]
    ranked = sorted(every, key=lambda row: -abs(float(str(row["score"])))) if explanation.facts.ranked else []
    return {
        "method": explanation.method,
        "unit": explanation.unit,
        "question": Question.behind(explanation).record(),
        "facts": explanation.facts.record(),
        "strongest": ranked[:STRONGEST],
    }


def manifest(session: Session, explanations: Sequence[Explanation]) -> dict[str, Any]:
    """Everything by which the results are made again."""
    return {
        "xviz_results": SCHEMA,
        "provenance": session.run.provenance.record(),
        "source": session.model.source,
        "outputs": {name: float(value) for name, value in session.outputs.items()},
        "questions": [Question.behind(explanation).record() for explanation in explanations],
        "scores": [numbers(explanation) for explanation in explanations],
    }


def write(session: Session, explanations: Sequence[Explanation], folder: Path) -> Mapping[str, Path]:
    """Write outputs, scores and the manifest into a folder; name → file. Older files of the same names are replaced.

    Raises:
        XvizError: the folder cannot be written to.
    """
    contents: dict[str, bytes] = {"outputs.json": _json(outputs(session))}
    arrays: dict[str, Any] = {}
    for number, explanation in enumerate(explanations, 1):
        name = (
            explanation.method
            if sum(o.method == explanation.method for o in explanations) == 1
            else f"{number:02d}-{explanation.method}"
        )
        contents[f"{safe_name(name)}.csv"] = scores_table(explanation).encode()
        arrays |= {f"{name}_{space}": scores for space, scores in explanation.scores.items()}
    contents["manifest.json"] = _json(manifest(session, explanations))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            put(folder / name, content)
        draft = folder / ".scores.draft.npz"
        np.savez(draft, **arrays)
        draft.replace(folder / "scores.npz")
    except OSError as error:
        raise XvizError(
            f"{folder} cannot be written to ({os.strerror(error.errno or 0)}). Name another --out."
        ) from error
    return {name: folder / name for name in (*contents, "scores.npz")}


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n").encode()
