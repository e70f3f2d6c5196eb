"""The stage of links with one thing changed: how right links are then.

``xviz compare mit-links --data DIR --start FILE`` trains each form from the same weights and adds the share of its
attention that is right to the record of the checkpoint, under “linked otherwise”. What stands there already is not
repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from xviz import checkpoints, engine
from xviz.models.mit_cards import MIT_CARD, SHIPPED, card
from xviz.train.common.records import write
from xviz.train.mit.compare import RECORD, kept
from xviz.train.mit.features import rooms
from xviz.train.mit.linking import link_stage, started
from xviz.train.mit.measure import found_classes
from xviz.train.mit.steps import Recipe
from xviz.train.mit.truth import links

#: form → what differs in the card's settings, what differs in the recipe
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as shipped": ({}, {}),
    "what is agreed alone, no products": ({}, {"link_start": 0.0, "link_epochs": 0}),
    "nothing learnt in this stage": ({}, {"link_epochs": 0}),
    "the loss of links in place of the own room": ({}, {"link_own_room": 0.0, "link_classes": 0.5}),
    "without what is agreed": ({"colours": False, "photos_say": 0.0}, {}),
}
SHORT = Recipe(rooms=120, link_epochs=3)


def compare(data: Path, start: Path | None, forms: Sequence[str], recipe: Recipe, scenes: int) -> None:
    """Train the forms and put their scores into the record, one after another."""
    torch.set_num_threads(1)
    weights = checkpoints.read(start or checkpoints.find("mit").path)
    for name in forms:
        if name in kept(RECORD, "linked otherwise", recipe)[1]:
            continue
        settings, numbers = FORMS[name]
        form_settings, changed = replace(SHIPPED, **settings), replace(recipe, **numbers)
        torch.manual_seed(recipe.seed)
        model = started(weights, form_settings, changed)
        if changed.link_epochs:
            link_stage(model, rooms(data, "train", form_settings, limit=recipe.rooms), changed)
        test = rooms(data, "test", form_settings)
        form_card = card(MIT_CARD.key, MIT_CARD.title, settings=form_settings, checkpoint=None)
        loaded = replace(engine.untrained(form_card), module=engine.freeze(model))
        scores = links(loaded, data / "test", test[:scenes])
        record, measured = kept(RECORD, "linked otherwise", recipe)
        measured[name] = {
            "near": {key: value for key, value in scores["layers"].items() if "untrained" not in key},
            "same class": {key: scores["same class"][key] for key in scores["layers"] if "untrained" not in key},
            "mAP": found_classes(model, test)["mAP"],
        }
        write(record, RECORD)
