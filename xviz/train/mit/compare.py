"""The rooms recipe with one thing changed, on fewer rooms and epochs, the same for all forms.

``xviz compare mit --data DIR`` trains each form with each seed and adds its scores on the test rooms to
the record of the checkpoint under “trained otherwise”. What stands there already is not repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from xviz.checkpoints import FOLDER
from xviz.models.clouds import network
from xviz.models.mit import MIT
from xviz.models.mit_cards import SHIPPED
from xviz.models.mit_settings import Settings
from xviz.train.common.records import read, write
from xviz.train.mit.features import Room, rooms
from xviz.train.mit.measure import found_classes
from xviz.train.mit.recipe import first_stage
from xviz.train.mit.second import first_map, second_map, second_stage
from xviz.train.mit.steps import Recipe, scores

#: form → what differs in the card's settings, what differs in the recipe; "true labels" is told apart below
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "interlaced": ({}, {}),
    "one way: points ask photos": ({"fusion": "one-way"}, {}),
    "without photos": ({"fusion": "none"}, {}),
    "without the contrastive loss": ({}, {"contrastive": 0.0}),
    "one token a photo": ({"tokens_2d": "view"}, {}),
    "photos ask first": ({"first": "views"}, {}),
    "without what list and place say of every supervoxel": ({}, {"listed": 0.0}),
    "without the loss of links": ({}, {"links": 0.0}),
    "the paper's losses alone": ({}, {"listed": 0.0, "links": 0.0, "gravity": 0.0, "pool": "mean"}),
    "true labels of all points": ({}, {}),
}
BOUND = "true labels of all points"
PLAIN = replace(
    SHIPPED, colours=False, photos_say=0.0, neighbours_say=0.0
)  #: the forms are compared without; the first stage is the same
SHORT = Recipe(epochs=6, second_epochs=6, rooms=160)
RECORD = FOLDER / "mit.json"


def compare(data: Path, forms: Sequence[str], seeds: Sequence[int], recipe: Recipe) -> None:
    """Train the forms and put their scores into the record, one after another.

    The record is read again before it is written, so that two such commands can share the work.
    """
    torch.set_num_threads(1)
    fit, test = rooms(data, "train", PLAIN, limit=recipe.rooms), rooms(data, "test", PLAIN)
    for seed in seeds:
        for name in forms:
            if str(seed) in _kept(recipe)[1].get(name, {}):
                continue
            settings, numbers = FORMS[name]
            changed = replace(recipe, **numbers, seed=seed)
            form_settings = replace(PLAIN, **settings)
            scored = bound(fit, test, changed) if name == BOUND else form(fit, test, changed, form_settings)
            record, measured = _kept(recipe)
            measured.setdefault(name, {})[str(seed)] = scored
            write(record, RECORD)


def _kept(recipe: Recipe) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The record, and in it the forms that were trained on this schedule; no two schedules are mixed."""
    record = read(RECORD)
    schedules = record.setdefault("trained otherwise", [])
    own = [schedule for schedule in schedules if Recipe(**schedule["recipe"]) == recipe]  # it may know fewer numbers
    if not own:
        own = [{"recipe": asdict(recipe), "forms": {}}]
        schedules += own
    return record, own[0]["forms"]


def kept(path: Path, name: str, recipe: Recipe) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record, and under a name in it the forms of this schedule; those of another schedule are left out."""
    record = read(path)
    own = record.get(name, {})
    if not own or Recipe(**own["recipe"]) != recipe:
        own = {"recipe": asdict(recipe), "forms": {}}
    record[name] = own
    return record, own["forms"]


def form(fit: Sequence[Room], test: Sequence[Room], recipe: Recipe, settings: Settings) -> dict[str, float]:
    """The first stage of one form on the test rooms, per cent: mIoU of its class map, mAP of the classes it finds."""
    torch.manual_seed(recipe.seed)
    model = MIT(replace(settings, second=()))
    first_stage(model, fit, (), recipe)
    segmentation = scores((first_map(model, room).argmax(1)[room.cut.supervoxel], room) for room in test)
    return {"mIoU": segmentation["mIoU"], "mAP": found_classes(model, test)["mAP"]}


def bound(fit: Sequence[Room], test: Sequence[Room], recipe: Recipe) -> dict[str, float]:
    """The 3D network alone on the true class of every small voxel: mIoU on the test rooms, in per cent."""
    torch.manual_seed(recipe.seed)
    net, classify = (
        network(replace(SHIPPED, planes=SHIPPED.second)),
        nn.Linear(SHIPPED.width, len(SHIPPED.classes)),
    )
    second_stage(net, classify, fit, [room.truth for room in fit], (), recipe, PLAIN)
    maps = ((second_map(net.eval(), classify, room, PLAIN), room) for room in test)
    return {
        "mIoU": scores((np.asarray(class_map).argmax(1)[room.cut.supervoxel], room) for class_map, room in maps)["mIoU"]
    }
