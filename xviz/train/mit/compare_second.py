"""The second stage with and without photos: in the pseudo labels that it learns from, and in its answer.

``xviz compare mit-second --data DIR --start FILE`` trains it briefly from the same first stage, with several seeds, and
adds its scores on the test rooms to the record of the checkpoint under “photos otherwise”. What stands there already is
not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from xviz import checkpoints
from xviz.models.mit import MIT
from xviz.models.mit_cards import SHIPPED
from xviz.models.mit_encode import with_photos
from xviz.train.common.records import write
from xviz.train.mit.compare import RECORD, kept
from xviz.train.mit.features import Room, rooms
from xviz.train.mit.finishing import finished
from xviz.train.mit.labelling import tokens_of
from xviz.train.mit.second import second_map
from xviz.train.mit.steps import Recipe, scores

#: who names the training rooms → what differs in the recipe
FORMS: dict[str, dict[str, Any]] = {"points alone": {"photos_label": 0.0}, "points and photos": {}}
SHORT = Recipe(rooms=160, second_epochs=6)


def compare(data: Path, start: Path | None, seeds: Sequence[int], recipe: Recipe) -> None:
    """Train the forms and put their scores into the record, one after another."""
    torch.set_num_threads(1)
    weights = checkpoints.read(start or checkpoints.find("mit").path)
    fit, test = rooms(data, "train", SHIPPED, limit=recipe.rooms), rooms(data, "test", SHIPPED)
    for seed in seeds:
        for name, numbers in FORMS.items():
            if str(seed) in kept(RECORD, "photos otherwise", recipe)[1].get(name, {}):
                continue
            torch.manual_seed(seed)
            model = MIT(SHIPPED)
            model.load_state_dict({**model.state_dict(), **weights})
            log = finished(model.eval(), fit, (), replace(recipe, **numbers, seed=seed))
            model.eval()
            record, measured = kept(RECORD, "photos otherwise", recipe)
            measured.setdefault(name, {})[str(seed)] = {
                "pseudo labels": log["pseudo"]["mIoU"],
                "points alone": scores(_answers(model, test, photos=False))["mIoU"],
                "points and photos": scores(_answers(model, test, photos=True))["mIoU"],
            }
            write(record, RECORD)


@torch.no_grad()
def _answers(model: MIT, test: Sequence[Room], *, photos: bool) -> Iterator[tuple[Any, Room]]:
    """The class of every small voxel of some rooms."""
    assert model.second is not None
    assert model.classify_second is not None
    for room in test:
        answer: Tensor = torch.from_numpy(second_map(model.second, model.classify_second, room, model.settings))
        if photos:
            answer = with_photos(model, answer, *tokens_of(model, room))
        yield answer.argmax(1).numpy()[room.cut.supervoxel], room
