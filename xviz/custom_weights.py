"""Weights of one's own in place of the shipped ones, for the whole app: ``xviz app --weights NAME=FILE``.

They must be of the shipped card: another montage, other bands or another width are opened from Python, with a card of
their own. Nothing that was measured of the shipped weights is said of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from xviz import engine
from xviz.checkpoints import OWN, Checkpoint, manifest
from xviz.core.errors import CheckpointError
from xviz.core.provenance import digest_file
from xviz.engine import Loaded
from xviz.models import MODELS
from xviz.models.card import ModelCard

SHIPPED, RANDOM = "shipped weights", "random weights (control)"
NAMED: dict[str, dict[str, Checkpoint]] = {}  #: checkpoint → name of a file of one's own → its weights


def choices(card: ModelCard[Any]) -> list[str]:
    """The weights that a card can be run with: those that are shown of it first."""
    own = list(NAMED.get(card.checkpoint or "", {}))
    return [*reversed(own), SHIPPED, RANDOM]


def load(card: ModelCard[Any], weights: str) -> Loaded:
    """A card with weights by their name.

    Args:
        card: The model.
        weights: One of ``choices``.

    Raises:
        CheckpointError: no file of that name was given, or it does not fit.
    """
    if weights == RANDOM:
        return engine.untrained(card)
    named = NAMED.get(card.checkpoint or "", {})
    if weights == SHIPPED:
        return engine.load(card, manifest(own=False)[str(card.checkpoint)] if card.checkpoint else None)
    if weights not in named:
        raise CheckpointError(
            f"The weights were those of {weights}, which is not here. Give them with --weights "
            f"{card.checkpoint}=path/to/{weights}."
        )
    return engine.load(card, named[weights])


def use(setting: str) -> None:
    """Take weights for a checkpoint, after they have been loaded once to see that they fit.

    Args:
        setting: ``NAME=FILE``: a checkpoint of the manifest, and a safetensors file that ``xviz train NAME`` wrote.
            Where its ``.log.json`` lies beside it, the settings there must be the card's.

    Raises:
        CheckpointError: there is no such checkpoint or file, or the weights or their settings are another card's.
    """
    name, separator, file = setting.partition("=")
    known = manifest()
    if not separator or name not in known:
        raise CheckpointError(f"Expected NAME=FILE with one of {', '.join(known)}; got “{setting}”.")
    path = Path(file).expanduser().resolve()
    if not path.is_file():
        raise CheckpointError(f"There is no file {path.name} to take weights from. Give the one that training wrote.")
    card = MODELS[known[name].card]
    if (log := path.with_suffix(".log.json")).is_file():
        logged = json.loads(log.read_text(encoding="utf-8")).get("settings", {})
        if other := _differing(logged, card.settings):
            raise CheckpointError(
                f"{path.name} was trained with other settings than the app's card “{card.key}” has "
                f"({', '.join(other)}). Open it from Python with a card of its own, or train it with the card's."
            )
    OWN[name] = replace(
        known[name], path=path, sha256=digest_file(path), licence="your own",
        origin=f"your own file {path.name} in place of the shipped one",
    )  # fmt: skip
    try:
        engine.load(card)
    except CheckpointError:
        del OWN[name]
        raise
    NAMED.setdefault(name, {})[path.name] = OWN[name]


def _differing(logged: Mapping[str, Any], settings: Any) -> list[str]:
    """The settings that two descriptions have both, and have differently."""
    own = json.loads(json.dumps(asdict(settings)))
    return [name for name, value in logged.items() if name in own and _differs(value, own[name])]


def _differs(logged: object, own: object) -> bool:
    """Whether a setting differs; where it has parts, such as a plan, those that only one has do not count."""
    if isinstance(logged, dict) and isinstance(own, dict):
        return any(_differs(logged[name], own[name]) for name in logged.keys() & own.keys())
    return logged != own
