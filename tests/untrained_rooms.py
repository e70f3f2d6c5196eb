"""The page of rooms before there are weights: a model that was never trained in their place, for tests alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xviz import checkpoints, engine, models, record
from xviz.checkpoints import Checkpoint
from xviz.ui import cache

CARD = models.MODELS["mit"]
SAID = "never trained, for tests"


def trained() -> bool:
    """Whether the card has its weights."""
    return CARD.checkpoint in checkpoints.manifest()


def take_its_place(put) -> None:
    """Let a model that was never trained answer; ``put(where, name, value)`` sets and, in tests, takes back.

    With weights, these are tested, and nothing is put anywhere.
    """
    if trained():
        return
    load, manifest = engine.load, checkpoints.manifest
    name = CARD.checkpoint or "mit"

    def with_rooms(*folder: Path):
        return {**manifest(*folder), name: Checkpoint(name, Path(name), "0" * 64, "mit", SAID, "none")}

    put(engine, "load", lambda card: engine.untrained(card) if card.key == "mit" else load(card))
    put(checkpoints, "manifest", with_rooms)
    put(record, "manifest", with_rooms)
    cards = {**models.MODELS, "mit": replace(CARD, checkpoint=name)}
    put(models, "MODELS", cards)
    put(cache, "MODELS", cards)
