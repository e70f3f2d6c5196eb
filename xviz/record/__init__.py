"""The measured record of a checkpoint (``checkpoints/NAME.json``) in words; one file a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from xviz.checkpoints import FOLDER, OWN, manifest
from xviz.models.card import ModelCard
from xviz.record import digits, eeg, matching, rooms, sets

#: card → the words of its record
WORDS: Mapping[str, ModuleType] = {
    "mmca": matching,
    "mca": eeg,
    "mmvit": digits,
    "mmvit-instruments": sets,
    "mmvit-objects": sets,
    "mit": rooms,
}


def read(checkpoint: str) -> dict[str, Any]:
    """The record that ``xviz measure`` wrote; empty where there is none, and for weights of one's own."""
    return {} if checkpoint in OWN else _read(checkpoint)


@cache
def _read(checkpoint: str) -> dict[str, Any]:
    path = FOLDER / f"{checkpoint}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def line(card: ModelCard) -> str:
    """Paper and weights in one line."""
    if card.checkpoint is None:
        return f"{card.paper}. No weights are shipped."
    if card.checkpoint not in manifest():
        return f"{card.paper}. There are no weights yet."
    weights = manifest()[card.checkpoint]
    return f"{card.paper}. Weights: {weights.name}, sha256 {weights.sha256[:12]}…, {weights.origin}"


def trust(card: ModelCard, method: str) -> str | None:
    """How far a method pointed right where the truth is known, and on what that was measured."""
    measured = read(card.checkpoint or "")
    return WORDS[measured["card"]].trust(measured, method) if measured else None


def as_markdown(measured: dict[str, Any]) -> str:
    """The whole record as tables."""
    return "\n\n".join(WORDS[measured["card"]].tables(measured)) if measured else "Not measured yet."
