"""The recipe of the rooms checkpoint on tiny rooms: losses, pseudo labels, and that it learns from lists alone."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.models.rooms import COLOURS, TINY, cloud, photos
from xviz import engine
from xviz.core.attention import Attend, Heard
from xviz.core.errors import ModelError
from xviz.core.sample import Sample
from xviz.models.clouds import Cut, laid
from xviz.models.mit import MIT, Fused
from xviz.models.mit_cards import card
from xviz.train.mit.features import Room, load, make_room, save, some_photos, turned
from xviz.train.mit.labelling import pseudo_labels
from xviz.train.mit.losses import consistency, links, listed, losses, pooled_map, shares
from xviz.train.mit.recipe import SECOND, first_stage, fitted, step
from xviz.train.mit.second import class_weights, first_map, shape_of
from xviz.train.mit.shell import IGNORED, amid, openings, possible, possible_in_photos, shell
from xviz.train.mit.steps import Recipe, scores

CHOICES = (("red",), ("green",), ("blue",), ("red", "green"), ("red", "blue"), ("green", "blue"))


@cache
def room_of(number: int) -> Room:
    boxes = CHOICES[number % len(CHOICES)]
    points, label = cloud(boxes, seed=number, count=400)
    tags = np.array([1.0, *(name in boxes for name in COLOURS)], np.float32)
    return make_room(f"room {number}", points, photos(boxes, seed=number), tags, label, TINY)


def fused(scenes: int = 2, tokens: int = 5, classes: int = 4, seed: int = 0) -> Fused:
    rng = torch.Generator().manual_seed(seed)
    random = lambda *shape: torch.randn(*shape, generator=rng, dtype=torch.float64)  # noqa: E731
    return Fused(
        random(scenes, classes), random(scenes, classes), random(scenes, classes),
        random(scenes, tokens, classes), random(scenes, 3, classes), random(2, scenes, classes, classes),
    )  # fmt: skip


def test_the_losses_are_those_of_the_notes_written_again() -> None:
    outputs = fused()
    tags = torch.tensor([[1.0, 0, 1, 0], [1, 1, 0, 0]], dtype=torch.float64)
    present = {"supervoxels": torch.ones(2, 5).bool(), "patches": torch.ones(2, 3).bool()}
    present["supervoxels"][0, 4] = False
    parts = losses(outputs, tags, present, "patches")

    def margin(x: torch.Tensor) -> float:  # mean of binary cross-entropies of logits
        y, p = tags.numpy(), 1 / (1 + np.exp(-x.numpy()))
        return float(-(y * np.log(p) + (1 - y) * np.log(1 - p)).mean())

    assert parts["points"].item() == pytest.approx(margin(outputs.own_points))
    assert parts["photos"].item() == pytest.approx(margin(outputs.own_views))
    assert parts["both"].item() == pytest.approx(margin(outputs.joint))
    assert parts["map of photos"].item() == pytest.approx(margin(outputs.map_views.mean(1)))
    share = np.exp(outputs.map_points.numpy())
    share /= share.sum(-1, keepdims=True)
    mean = np.stack([share[0, :4].mean(0), share[1].mean(0)])
    y = tags.numpy()
    want = -(y * np.log(mean) + (1 - y) * np.log(1 - mean)).mean()
    assert parts["map of points"].item() == pytest.approx(want)
    wanted = []
    for scores_ in outputs.affinities.numpy().reshape(-1, 4, 4):
        for matrix in (scores_, scores_.T):
            wanted.append(np.mean([np.log(np.exp(row).sum()) - row[i] for i, row in enumerate(matrix)]))
    assert parts["contrastive"].item() == pytest.approx(np.mean(wanted))


def test_maps_are_pooled_over_what_is_there() -> None:
    values = torch.tensor([[[0.2], [0.8], [0.9]]])
    here = torch.tensor([[True, True, False]])
    assert pooled_map(values, here, "mean").item() == pytest.approx(0.5)
    assert pooled_map(values, here, "max").item() == pytest.approx(0.8)
    assert pooled_map(values, here, "mix").item() == pytest.approx(0.65)
    with pytest.raises(ModelError, match="median"):
        pooled_map(values, here, "median")


def test_consistency_is_zero_only_where_voxels_are_alike() -> None:
    pairs = torch.tensor([[0, 1, 2], [0, 0, 1]])
    alike = torch.tensor([[1.0], [1.0], [5.0]])
    assert consistency(alike, pairs, torch.tensor([[1.0], [5.0]])) == 0
    assert consistency(torch.tensor([[0.0], [2.0], [5.0]]), pairs, torch.tensor([[1.0], [5.0]])) == pytest.approx(2 / 3)


def test_pseudo_labels_name_only_classes_of_that_room_and_each_at_least_once() -> None:
    room = replace(room_of(0), tags=np.array([1, 1, 0, 1], np.float32))
    class_map = np.full((6, 4), 0.05)
    class_map[np.arange(5), [0, 0, 1, 2, 2]] = 0.85
    class_map[5] = [0.4, 0.1, 0.1, 0.4]  # not sure, but the surest of the last class
    label = pseudo_labels(class_map, room, 0.5)
    assert label.tolist() == [0, 0, 1, IGNORED, IGNORED, 3]


def test_gravity_knows_floor_and_walls_without_labels() -> None:
    for number in range(3):
        room = room_of(number)
        truth = np.bincount(room.cut.supervoxel, room.truth == 0) / np.bincount(room.cut.supervoxel)
        named = shell(room.cut, TINY.classes, room.tags)
        assert (named == 0).any()
        assert truth[named == 0].mean() > 0.8  # the undersides of boxes lie there too
    places = np.array([[0, 0, 0], [1, 0, 2.3], [2, 0, 2.3], [3, 0, 1]], np.float32)
    cut_cloud, classes = pieces(places, [1, 0, 1, 0]), ("wall", "floor")
    assert shell(cut_cloud, classes, np.array([1, 1])).tolist() == [1, 0, IGNORED, IGNORED]
    assert shell(cut_cloud, classes, np.array([1, 0])).tolist() == [
        IGNORED,
        0,
        IGNORED,
        IGNORED,
    ]  # the upper half alone


def pieces(places: np.ndarray, upright: list[float]) -> Cut:
    """Small voxels, each a supervoxel of its own."""
    count = np.arange(len(places))
    return replace(room_of(0).cut, places=places, upright=np.array(upright, np.float32), supervoxel=count)


def test_places_rule_out_walls_amid_the_room_and_floors_in_the_air() -> None:
    classes, tags = ("wall", "floor", "door", "chair", "lamp"), np.array([1, 1, 1, 1, 0])
    wall, low, middle, seat, ground = [0, 0, 2.3], [0, 0.04, 1.0], [2, 2, 1.0], [0, 0, 0.5], [2, 2, 0.0]
    cut_cloud = pieces(np.array([wall, low, middle, seat, ground], np.float32), [0, 0, 0, 1, 1])
    may = possible(cut_cloud, classes, tags)
    named = [{name for name, yes in zip(classes, row, strict=True) if yes} for row in may]
    assert named == [{"wall", "door", "chair"}, {"wall", "door", "chair"}, {"chair"}, {"chair"}, {"floor", "chair"}]
    standing = [set(np.array(classes)[row]) for row in amid(may, classes)]
    assert standing == [set(), set(), {"chair"}, {"chair"}, {"chair"}]
    opened = [set(np.array(classes)[row]) for row in openings(may, classes)]
    assert opened == [{"door"}, {"door"}, set(), set(), set()]
    part = pieces(np.array([low, middle], np.float32), [0, 0])  # nothing high was scanned: walls may be anywhere
    assert possible(part, classes, tags)[:, 0].all()
    bare = possible(cut_cloud, classes, np.array([1, 1, 0, 0, 0]))
    assert bare[2].tolist() == [True, True, False, False, False]  # the list wins where a place rules out everything


def test_no_floor_high_up_in_a_photo() -> None:
    may = possible_in_photos(2, (5, 3), ("wall", "floor", "bed"), np.array([1, 1, 0])).reshape(2, 5, 3, 3)
    assert may[..., 0].all()
    assert not may[..., 2].any()
    assert not may[:, :2, :, 1].any()
    assert may[:, 2:, :, 1].all()


def test_what_list_and_place_rule_out_costs_and_a_class_without_a_share_too() -> None:
    may = torch.tensor([[True, True, False], [False, True, False]])
    scores = torch.log(torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]))
    assert listed(scores, may).item() == pytest.approx(-(np.log(0.5) + np.log(0.3)) / 2)
    assert shares(scores, may).item() == pytest.approx(-(np.log(0.2) + np.log(0.3)) / 2)
    assert shares(scores, may, 0.25).item() == pytest.approx(-np.log(0.8) / 2)  # 0.3 is enough
    assert shares(scores, torch.zeros_like(may)).item() == 0


def test_links_cost_nothing_only_where_tokens_ask_for_their_own_class() -> None:
    tags = torch.tensor([[1.0, 1.0, 0.0]])
    sure = 50 * torch.eye(3)[None, :2]  # a token of each class on both sides
    maps = {"a": sure, "b": sure[:, [1, 0]]}
    classes = torch.eye(3)
    keys = torch.cat([classes, torch.eye(3)[[1, 0]]])[None, None]

    def call(asking: torch.Tensor) -> Heard:
        q = torch.cat([classes, asking])[None, None] * 50
        return Heard(Attend("a", "b"), q, keys, keys, q, 1.0, None, 3)

    assert links([call(torch.eye(3)[:2])], maps, tags).item() == pytest.approx(0, abs=1e-3)
    assert links([call(torch.eye(3)[[1, 0]])], maps, tags).item() > 5
    assert links([call(torch.zeros(2, 3))], maps, tags).item() == pytest.approx(np.log(2) / 2, abs=1e-3)


def test_a_scan_without_floor_or_wall_has_a_finite_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "xviz.train.mit.recipe.shell", lambda cut_cloud, classes, tags: np.full(cut_cloud.supervoxels, IGNORED)
    )
    parts = step(MIT(TINY), [room_of(0)], Recipe(), np.random.default_rng(0))
    assert "gravity" not in parts
    assert all(torch.isfinite(part) for part in parts.values())


def test_rare_classes_weigh_more_and_all_together_one() -> None:
    weights = class_weights([np.array([0] * 9 + [IGNORED] * 5), np.array([2])], 4, 0.5)
    assert weights[2] / weights[0] == pytest.approx(3)
    assert 0.9 * weights[0] + 0.1 * weights[2] == pytest.approx(1)
    assert weights[1] == weights[3] == 0


def test_a_room_is_kept_and_read_again(tmp_path: Path) -> None:
    room = room_of(3)
    save(room, tmp_path / "kept" / "room 3.npz")
    again = load(tmp_path / "kept" / "room 3.npz")
    assert again.name == room.name
    assert torch.equal(again.features, room.features)
    for name in ("places", "supervoxel", "small_voxel", "of_point"):
        np.testing.assert_array_equal(getattr(again.cut, name), getattr(room.cut, name))
    np.testing.assert_array_equal(again.labels, room.labels)


def test_turning_keeps_distances_up_to_scale() -> None:
    room = room_of(4)
    other = turned(room.cut, np.random.default_rng(0))
    a, b = (np.linalg.norm(cut_cloud.places[1:] - cut_cloud.places[:-1], axis=1) for cut_cloud in (room.cut, other))
    assert np.ptp(b / a) < 1e-3
    assert 0.89 < (b / a).mean() < 1.11
    assert np.abs(other.colours).max() <= 1


def test_photos_are_drawn_in_order_one_of_each_run() -> None:
    room = replace(room_of(0), features=torch.arange(8.0)[:, None, None].half(), here=torch.ones(8, 1).bool())
    for seed in range(5):
        drawn = some_photos(room, 4, np.random.default_rng(seed))[0].flatten()
        assert all(2 * i <= value <= 2 * i + 1 for i, value in enumerate(drawn.tolist()))


def test_scores_are_those_of_a_table_by_hand() -> None:
    room = replace(room_of(0), labels=np.array([[3, 1, 0, 0], [0, 4, 0, 0], [0, 0, 2, 0]]))
    table = scores([(np.array([0, 1, 1]), room)])
    assert table["IoU"] == {0: 75.0, 1: 57.1, 2: 0.0}  # 3 of 4; 4 of 7; 0 of 2
    assert table["mIoU"] == pytest.approx(44.0)
    some = scores([(np.array([0, IGNORED, 1]), room)], labelled=True)
    assert some["labelled"] == 60.0


def test_the_first_stage_trains_every_number_but_those_of_the_second() -> None:
    torch.manual_seed(0)
    model = MIT(replace(TINY, drop_path=0.0))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    first_stage(model, [room_of(0), room_of(3)], (), Recipe(epochs=3))
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {name for name in before if not name.startswith(SECOND)}


@pytest.mark.parametrize("form", [{}, {"tokens_2d": "view"}, {"fusion": "one-way"}, {"fusion": "none"}])
def test_one_step_moves_every_part_of_the_model(form: dict[str, str]) -> None:
    torch.manual_seed(0)
    model = MIT(replace(TINY, **form, drop_path=0.0))
    parts = step(model, [room_of(0), room_of(3)], Recipe(), np.random.default_rng(0))
    sum(parts.values()).backward()
    still = [
        name
        for name, p in model.named_parameters()
        if not name.startswith(SECOND) and (p.grad is None or not p.grad.abs().max() > 0)
    ]
    # keys of the last layer's class tokens alone reach the contrastive loss; nothing stands still
    assert not still
    assert len(parts) == (7 if form.get("fusion") == "none" else 14)


@cache
def trained() -> tuple[MIT, dict]:
    fit, judge = [room_of(number) for number in range(18)], [room_of(number) for number in range(30, 36)]
    recipe = Recipe(epochs=9, second_epochs=12, batch=4, rate=5e-3, photos=2)
    return fitted(fit, judge, recipe, replace(TINY, drop_path=0.0))


def test_lists_of_classes_teach_where_things_are() -> None:
    model, log = trained()
    idle = MIT(TINY).eval()
    fresh = scores(
        (first_map(idle, room_of(n)).argmax(1)[room_of(n).cut.supervoxel], room_of(n)) for n in range(30, 36)
    )
    assert log["first"][-1]["mIoU"] > fresh["mIoU"] + 20
    assert log["second"][-1]["mIoU"] > 60
    assert log["first"][-1]["both"] < log["first"][0]["both"]
    assert model.mean_supervoxels.abs().max() > 0


def test_training_and_the_engine_make_the_same_tokens() -> None:
    model, _ = trained()
    room = room_of(31)
    points, _ = cloud(CHOICES[31 % 6], seed=31, count=400)
    sample = Sample("again", {"points": points, "views": photos(CHOICES[31 % 6], seed=31)})
    loaded = replace(
        engine.untrained(card("tiny", "tiny", settings=TINY, checkpoint=None)), module=engine.freeze(model)
    )
    inputs = engine.prepare(loaded, sample)
    torch.testing.assert_close(inputs.tokens["supervoxels"], shape_of(model.unet, room, TINY), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(inputs.tokens["patches"], room.features.flatten(0, 1).float(), rtol=1e-2, atol=1e-2)
    assert len(laid(room.cut, TINY)["places"]) == len(inputs.tokens["supervoxels"])
