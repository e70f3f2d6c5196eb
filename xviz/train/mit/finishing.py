"""The last stage, from the weights of the stages before: pseudo labels, and a 3D network that learns from them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from xviz import checkpoints
from xviz.models.mit import MIT
from xviz.models.mit_cards import SHIPPED
from xviz.models.mit_settings import Settings
from xviz.train.common.records import logged
from xviz.train.mit.features import Room, rooms
from xviz.train.mit.labelling import labels_of, remember_usual, said_of
from xviz.train.mit.second import second_stage
from xviz.train.mit.steps import Recipe, scores

SECOND = ("second.", "classify_second.")  #: the parameters of the second stage


def train_second(
    folder: Path, out: Path, recipe: Recipe, settings: Settings = SHIPPED, start: Path | None = None
) -> MIT:
    """Train the second stage anew, from the shipped weights or those of ``start``; write ``out`` and its log."""
    torch.set_num_threads(1)
    start = start or checkpoints.find("mit").path
    torch.manual_seed(recipe.seed)
    model = MIT(settings)
    model.load_state_dict({**model.state_dict(), **checkpoints.read(start)})
    fit, judge = (rooms(folder, split, settings, limit=recipe.rooms) for split in ("train", "val"))
    log = json.loads(start.with_suffix(".log.json").read_text(encoding="utf-8"))
    log |= {"settings": logged(settings), "second recipe": asdict(recipe), "second rooms": len(fit)}
    log |= finished(model.eval(), fit, judge, recipe)
    checkpoints.save(model, out)
    out.with_suffix(".log.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    return model


def finished(model: MIT, fit: Sequence[Room], judge: Sequence[Room], recipe: Recipe) -> dict[str, Any]:
    """Pseudo labels of the rooms that are trained on, and the second stage on them; how both went.

    Args:
        model: After its first stage; its second one begins anew, once its former self has named what the recipe asks.
        fit: Rooms that are trained on.
        judge: Rooms whose points judge; they change nothing, and may be none.
        recipe: The numbers.
    """
    said = [said_of(model, room) for room in fit]
    remember_usual(model, said)
    labels = [labels_of(model, room, recipe, part) for room, part in zip(fit, said, strict=True)]
    named = [label[room.cut.supervoxel] for label, room in zip(labels, fit, strict=True)]
    pseudo = scores(zip(named, fit, strict=True), labelled=True)
    print(json.dumps({"mIoU of the pseudo labels": pseudo["mIoU"]}), flush=True)
    fresh = MIT(model.settings)
    model.second, model.classify_second = fresh.second, fresh.classify_second
    assert model.second is not None
    assert model.classify_second is not None
    second = second_stage(model.second, model.classify_second, fit, named, judge, recipe, model.settings)
    return {"pseudo": pseudo, "second": second}
