"""The measured record of a checkpoint (``checkpoints/NAME.json``) in words; one file a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

from xviz.checkpoints import FOLDER, OWN, manifest
from xviz.models.card import ModelCard
from xviz.record import digits, eeg, fashion, matching, rooms, sets

#: card, or benchmark without a card → the words of its record
WORDS: Mapping[str, ModuleType] = {
    "mmca": matching,
    "mca": eeg,
    "mmvit": digits,
    "mmvit-instruments": sets,
    "mmvit-objects": sets,
    "mmvit-fashion": fashion,
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


def told(card: ModelCard, method: str, kind: str | None) -> str | None:
    """How far a method is to be trusted on a sample of some kind: what was measured there, or the nearest to it.

    Args:
        card: Of the model.
        method: Its key.
        kind: Of the sample, as shipped samples name it; None for a file of the visitor's own.

    Returns:
        a sentence that names its domain; None where the method was not measured at all.
    """
    measured = read(card.checkpoint or "")
    line = trust(card, method)
    if line is None:
        return None
    words = WORDS[measured["card"]]
    if kind in words.KINDS:
        return line
    subject = "your own file" if kind is None else f"a {_called(kind)}, on which nothing was measured"
    lead = "Nothing was measured on your own file" if kind is None else f"This is {subject}"
    return f"{lead}. The nearest: {words.nearest(measured, method)}"


def domain(card: ModelCard, kind: str | None) -> str | None:
    """What the outputs are worth for a sample of another kind than the training; None where it is of that kind.

    Args:
        card: Of the model.
        kind: Of the sample, as shipped samples name it; None for a file of the visitor's own.
    """
    measured = read(card.checkpoint or "")
    words = WORDS[measured["card"]] if measured else None
    if words is None or kind in words.KINDS:
        return None
    own = (
        "and nothing was measured on your own file"
        if kind is None
        else f"and this is a {_called(kind)}, which it never saw"
    )
    return (
        f"The model was trained on {words.domain(measured)} only, {own}. Its outputs may be wrong; the attention is "
        "exactly what it used."
    )


def absence(card: ModelCard, outputs: Mapping[str, float]) -> tuple[str, str] | None:
    """That nothing the model knows is likely in a sample, and how often that is right.

    Args:
        card: Of the model.
        outputs: Of the run.

    Returns:
        two texts; None where something may be there, or where it was not measured.
    """
    measured = read(card.checkpoint or "")
    unlikely = getattr(WORDS[measured["card"]], "unlikely", None) if measured else None
    return None if unlikely is None else unlikely(measured, max(card.probabilities(outputs).values()))


def _called(kind: str) -> str:
    """A kind of sample for people."""
    return {"real": "real recording or scan"}.get(kind, f"real {kind}" if kind == "photograph" else kind)


def as_markdown(measured: dict[str, Any]) -> str:
    """The whole record as tables."""
    return "\n\n".join(WORDS[measured["card"]].tables(measured)) if measured else "Not measured yet."
