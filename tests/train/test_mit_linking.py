"""The stage of links: what it leaves as it is, and what it is for."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from tests.models.rooms import TINY, cloud, photos
from tests.train.test_mit_training import CHOICES
from xviz.models.mit import MIT
from xviz.train.mit.features import Room, in_light, make_room
from xviz.train.mit.linking import KEPT, link_stage, started, turns_of
from xviz.train.mit.second import shape_of
from xviz.train.mit.steps import Recipe

COLOURED = replace(TINY, colours=True, drop_path=0.0)
BRIEF = Recipe(link_epochs=3, link_turns=2, link_classes=1.0, link_batch=2, photos=2)


@cache
def room_of(number: int) -> Room:
    boxes = CHOICES[number % len(CHOICES)]
    points, label = cloud(boxes, seed=number, count=400)
    tags = np.array([1.0, *(name in boxes for name in ("red", "green", "blue"))], np.float32)
    return make_room(f"room {number}", points, photos(boxes, seed=number), tags, label, COLOURED)


def test_only_attention_learns() -> None:
    torch.manual_seed(0)
    model = MIT(COLOURED)
    before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    log = link_stage(model, [room_of(number) for number in range(4)], BRIEF)
    after = model.state_dict()
    kept = {name for name in before if name.startswith(KEPT)}
    assert all(torch.equal(before[name], after[name]) for name in kept)
    moved = {name for name, _ in model.named_parameters() if not torch.equal(before[name], after[name])}
    assert moved == {name for name, _ in model.named_parameters()} - kept
    assert len(log) == 3
    assert {"links", "own room"} <= log[0].keys()
    assert "own room" not in link_stage(model, [room_of(0), room_of(1)], replace(BRIEF, link_own_room=0.0))[0]
    assert model.mean_supervoxels.abs().max() > 0


def test_the_first_turn_is_the_room_as_it_stands() -> None:
    torch.manual_seed(0)
    model, room = MIT(COLOURED).eval(), room_of(2)
    first, second = turns_of(model, room, BRIEF, np.random.default_rng(0))
    torch.testing.assert_close(first.tokens, shape_of(model.unet, room, COLOURED))
    assert first.light is not None
    assert first.light.tolist() == [1, 1, 1]
    assert not torch.equal(first.places, second.places)


def test_it_goes_on_from_weights_that_knew_no_colours() -> None:
    torch.manual_seed(0)
    plain = MIT(replace(COLOURED, colours=False)).state_dict()
    model = started(plain, COLOURED, Recipe(link_start=0.5))
    own = model.state_dict()
    torch.testing.assert_close(own["decoder.0.cross.query.weight"], plain["decoder.0.cross.query.weight"] / 2)
    assert torch.equal(own["map_points.weight"], plain["map_points.weight"])
    assert own["mean_supervoxels"].shape == (COLOURED.width + 3,)


def test_photos_are_seen_in_nearly_the_light_of_the_cloud() -> None:
    features = torch.zeros(4, 6, 10)
    lit = in_light(features, np.array([1.2, 1, 0.8], np.float32), np.random.default_rng(0))
    assert torch.equal(lit[..., :7], features[..., :7])
    gains = lit[..., 7:] + 1
    torch.testing.assert_close(gains, torch.tensor([1.2, 1, 0.8]).expand_as(gains), rtol=0.07, atol=0)
    assert gains[:, 0, 0].unique().numel() == 4  # each photo differs
    assert (gains == gains[:, :1]).all()  # its patches do not
