"""Finding the own room among others: what wins, what does not, and that it teaches attention where things are."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.models.rooms import TINY
from tests.train.test_mit_training import room_of
from xviz.core.attention import listening
from xviz.models.clouds import laid
from xviz.models.mit import MIT
from xviz.models.mit_layers import Decoder, Sequences
from xviz.train.mit.late import REMEMBERED, Unmet, alike, likeness, own_room, unmet
from xviz.train.mit.recipe import order, step
from xviz.train.mit.second import shape_of
from xviz.train.mit.shown import as_tokens
from xviz.train.mit.steps import Recipe, batches

WIDTH = 8


def things(*numbers: int) -> Tensor:
    """(1, n, width) tokens of one head, each of one of eight things."""
    return 4 * torch.eye(WIDTH)[list(numbers)][None]


def a_room(clouds: Tensor, photos: Tensor) -> Unmet:
    return Unmet((clouds,), (photos,))


def test_what_both_sides_show_is_alike() -> None:
    cloud = things(0, 1, 2)
    assert likeness(things(0, 1, 2), cloud) > likeness(things(0, 1, 5), cloud) > likeness(things(5, 6, 7), cloud)


@torch.no_grad()
def test_the_mood_of_a_room_changes_nothing() -> None:
    decoder, count = Decoder({"points": "a", "views": "b"}, TINY), len(TINY.classes)
    room = unmet(decoder, Sequences(*(torch.randn(1, count + n, TINY.width) for n in (5, 3))))
    for side in (*room.points, *room.views):
        torch.testing.assert_close(side.mean(1), torch.zeros(TINY.heads, 6), atol=1e-6, rtol=0)


def test_what_is_agreed_chooses_the_best_and_does_not_count() -> None:
    one, other = torch.tensor([[[1.0]]]), torch.tensor([[[2.0], [5.0]]])
    for agreed, row in (([[0.0, -9.0]], 2.0), ([[-9.0, 0.0]], 5.0)):
        assert likeness(one, other, torch.tensor(agreed)).item() == pytest.approx((row + 3.5) / 2)


def test_likeness_is_that_of_every_pair_by_hand() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 5, 4))
    want = []
    for a, b in zip(one, other, strict=True):
        products = np.array([[x @ y for y in b] for x in a])
        want.append((products.max(1).mean() + products.max(0).mean()) / 2)
    np.testing.assert_allclose(likeness(torch.tensor(one), torch.tensor(other)), want)


def test_the_own_room_is_found_by_what_is_in_it() -> None:
    first, second = a_room(things(0, 1, 2), things(1, 0, 2)), a_room(things(3, 4, 5), things(5, 4, 3))
    assert own_room([first, second]).item() < 0.1
    swapped = [Unmet(first.points, second.views), Unmet(second.points, first.views)]
    assert own_room(swapped).item() > 2
    blind = a_room(torch.zeros(1, 2, WIDTH), torch.zeros(1, 2, WIDTH))
    assert own_room([blind, blind]).item() == pytest.approx(np.log(2))
    assert own_room([blind], [blind, blind]).item() == pytest.approx(np.log(3))


def test_rooms_with_like_lists_share_a_step_and_none_comes_twice() -> None:
    tags = np.repeat(np.eye(4, 6), 2, axis=0)[[0, 2, 4, 6, 1, 3, 5, 7]]
    seen = []
    for some in alike(tags, 2, np.random.default_rng(0)):
        assert (tags[some[0]] == tags[some[1]]).all()
        seen += some.tolist()
    assert sorted(seen) == list(range(8))
    assert [len(some) for some in alike(tags, 3, np.random.default_rng(0))] == [3, 3]


def model_and_tokens(number: int) -> tuple[MIT, dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(0)
    model, room = MIT(TINY).eval(), room_of(number)
    tokens = {"supervoxels": shape_of(model.unet, room, TINY)[None]}
    views, here = as_tokens(room.features.float(), room.here, "patches")
    present = {"supervoxels": torch.ones(1, room.cut.supervoxels, dtype=torch.bool), "patches": here[None].clone()}
    present["patches"][0, 1] = False
    return model, {**tokens, "patches": views[None]}, present, {"places": laid(room.cut, TINY)["places"][None]}


@torch.no_grad()
def test_queries_and_keys_are_the_decoders_own() -> None:
    model, tokens, present, context = model_and_tokens(3)
    with listening() as calls:
        fused = model.fuse(tokens, present, context)
    assert fused.before is not None
    apart = unmet(model.decoder, fused.before)
    cross = [call for call in calls if call.module.queries != call.module.keys]
    here = present["patches"][0]
    first, second = (call.first_key for call in cross[:2])
    # in the first layer both are unmet, in the second only those who ask for the first time
    mine = apart.points[0], apart.views[0], apart.views[1]
    heard = cross[0].q[0, :, first:], cross[0].k[0, :, first:][:, here], cross[1].q[0, :, second:][:, here]
    for side, its, scale in zip(mine, heard, (cross[0].scale, 1, cross[1].scale), strict=True):
        torch.testing.assert_close(side, scale * (its - its.mean(1, keepdim=True)))
    assert len(apart.points) == len(apart.views) == len(model.decoder)


def test_without_its_weight_nothing_changes_by_a_bit() -> None:
    fit = [room_of(0), room_of(3), room_of(1)]
    taken = [list(map(list, order(fit, Recipe(batch=1), np.random.default_rng(4))))]
    taken.append(list(map(list, batches(3, 1, np.random.default_rng(4)))))
    assert taken[0] == taken[1]
    results = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        model, remembered = MIT(TINY), deque[Unmet](maxlen=REMEMBERED)
        parts = step(model, fit[:2], Recipe(own_room=weight), np.random.default_rng(0), remembered)
        results.append({name: part.item() for name, part in parts.items()})
        assert len(remembered) == (2 if weight else 0)
        assert all(not side.requires_grad for room in remembered for side in (*room.points, *room.views))
    added = results[1].pop("own room")
    assert added > 0
    assert results[0] == results[1]


def test_it_teaches_a_patch_where_its_thing_is_from_pairs_alone() -> None:
    """Rooms of five things out of twelve, which the two modalities show by other features."""
    rng, settings = np.random.default_rng(0), replace(TINY, width=16, heads=2, decoder=2)
    torch.manual_seed(0)
    decoder, count = Decoder({"points": "a", "views": "b"}, settings), len(settings.classes)
    looks = torch.randn(2, 12, settings.width)

    def shown() -> Sequences:
        kinds = rng.permutation(12)[:5]
        tokens = (looks[side, kinds] + 0.1 * torch.randn(5, settings.width) for side in range(2))
        return Sequences(*(torch.cat([torch.zeros(count, settings.width), part])[None] for part in tokens))

    @torch.no_grad()
    def right() -> float:
        """The share of patches whose likeliest supervoxel is the same thing, in the first layer."""
        rooms = [unmet(decoder, shown()) for _ in range(50)]
        best = torch.stack([(room.views[0] @ room.points[0].mT).mean(0).argmax(1) for room in rooms])
        return (best == torch.arange(5)).float().mean().item()

    before = right()
    optimizer = torch.optim.Adam(decoder.parameters(), 1e-2)
    for _ in range(100):
        loss = own_room([unmet(decoder, shown()) for _ in range(4)])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert before < 0.3
    assert right() > 0.5
