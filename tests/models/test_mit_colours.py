"""Tokens that say their colour: where it comes from, and what attention makes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.models.rooms import TINY, room
from xviz import engine
from xviz.core.attention import listening
from xviz.core.errors import ModelError
from xviz.models import photos
from xviz.models.mit import MIT
from xviz.models.mit_cards import card
from xviz.models.mit_layers import AXES, CrossAttention
from xviz.models.voxels import of_pictures, of_voxels, voxels_and_pixels

COLOURED = replace(TINY, colours=True)


def test_a_patch_says_the_colour_of_its_middle() -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[8:24, 8:24] = (255, 0, 51)
    image[32:, :, 1] = 255
    plain, here = photos.look([image], (2, 3))
    features, same = photos.look([image], (2, 3), colours=True)
    assert torch.equal(features[:, : photos.WIDTH], plain)
    assert torch.equal(here, same)
    colours = features[:, photos.WIDTH :]
    torch.testing.assert_close(colours[0], torch.tensor([1.0, -1, -0.6]))
    torch.testing.assert_close(colours[1], torch.tensor([-1.0, -1, -1]))
    torch.testing.assert_close(colours[3:], torch.tensor([[-1.0, 1, -1]]).expand(3, -1))


def test_what_lies_beside_a_photo_is_in_no_colour() -> None:
    white = np.full((40, 96, 3), 255, np.uint8)  # twelve rows of the frame lie above it, twelve below
    features, _ = photos.look([white], (2, 3), colours=True)
    torch.testing.assert_close(features[:, photos.WIDTH :], torch.ones(6, 3))


@torch.no_grad()
def test_products_of_colours_are_squared_distances() -> None:
    torch.manual_seed(0)
    cross = CrossAttention("a", "b", width=8, heads=2, classes=3, colours=True).double()
    cross.closeness.copy_(torch.randn(2, 3).double())
    a, b = torch.rand(1, 4, 3).double(), torch.rand(1, 5, 3).double()
    q, k = cross.of_colours(a, b)
    products = cross.scale * (q @ k.mT)
    assert not products[:, :, :3].any()  # class tokens have none
    apart = (a[0, :, None] - b[0]) @ torch.tensor(AXES).double().mT
    want = -(apart**2 @ cross.closeness.exp().mT).permute(2, 0, 1)
    torch.testing.assert_close(products[0, :, 3:, 3:], want)


def test_attention_goes_to_what_has_the_same_colour() -> None:
    torch.manual_seed(0)
    loaded = replace(engine.untrained(card("tiny", "tiny", settings=COLOURED, checkpoint=None)))
    sample = room(("red", "blue"))
    run = engine.run(loaded, sample)
    cloud, patches = (run.inputs.tokens[name][:, -3:] for name in ("supervoxels", "patches"))
    call = next(call for call in run.calls if call.name.endswith(".cross") and call.queries.endswith("patches"))
    rows = call.rows(range(4, 4 + len(patches))).mean(0)[:, 4:]
    reddest = int((patches[:, 0] - patches[:, 1]).argmax())
    red = cloud[:, 0] - cloud[:, 1] > 0.5
    assert (rows[reddest] * red).sum() > 0.9


def test_a_cloud_without_colours_is_as_near_to_all() -> None:
    cross = CrossAttention("a", "b", width=8, heads=2, classes=3, colours=True)
    q, k = cross.of_colours(torch.rand(1, 4, 3), torch.zeros(1, 5, 3))
    products = (q @ k.mT)[..., 3:]
    torch.testing.assert_close(products, products[..., :1].expand_as(products))


def test_colours_need_colours() -> None:
    with pytest.raises(ModelError, match="add “colour” to sees"):
        MIT(replace(COLOURED, sees=("height", "there")))


@torch.no_grad()
def test_voxels_and_pixels_make_the_same_tokens() -> None:
    loaded = engine.untrained(card("tiny", "tiny", settings=COLOURED, checkpoint=None))
    sample = room(("red", "green"))
    inputs, module = engine.prepare(loaded, sample), loaded.model(MIT)
    fine = voxels_and_pixels(sample, COLOURED)
    torch.testing.assert_close(of_voxels(module, fine, fine.seen), inputs.tokens["supervoxels"])
    made = torch.cat([of_pictures(module, fine, i, fine.pictures[i : i + 1])[0] for i in range(len(fine.pictures))])
    here = inputs.present["patches"]
    torch.testing.assert_close(made[here], inputs.tokens["patches"][here], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_affinities_of_a_run_are_those_of_the_losses() -> None:
    from xviz.models.mit import affinities

    loaded = engine.untrained(card("tiny", "tiny", settings=COLOURED, checkpoint=None))
    run = engine.run(loaded, room(("red", "green")))
    tokens, present, context = (
        {name: value[None] for name, value in part.items() if value.ndim}
        for part in (run.inputs.tokens, run.inputs.present, {"places": run.inputs.context["places"]})
    )
    with listening():
        fused = loaded.model(MIT).fuse(tokens, present, context)
    assert fused.affinities is not None
    torch.testing.assert_close(affinities(run), fused.affinities[:, 0])
