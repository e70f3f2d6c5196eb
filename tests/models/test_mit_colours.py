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
from xviz.models.mit_agreement import agreement
from xviz.models.mit_cards import card
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


def test_what_is_agreed_is_what_colours_and_neighbours_say() -> None:
    """Two red things: one beside the green floor that the patch's neighbours show, one far away."""
    red, green = [0.9, -0.9, -0.9], [-0.9, 0.9, -0.9]
    cloud = torch.tensor([[red, red, green, green]])
    places = torch.tensor([[[0.0, 0, 0], [9, 0, 0], [0.4, 0, 0], [0.4, 0.4, 0]]])
    patches = torch.tensor([[green, red, green, green]])
    here = torch.ones(1, 8, dtype=torch.bool)
    shares = agreement(patches, cloud, places, here, (2, 2))[0].softmax(-1)
    assert shares[1, 0] > 0.99  # the red one beside the green
    assert shares[0, 2:].sum() > 0.99
    without = here.clone()
    without[0, 4] = False
    assert agreement(patches, cloud, places, without, (2, 2))[0, 1, 1:].argmax() == 0  # then the other
    alone = agreement(patches[:, 1:2], cloud, places, here[:, 3:], (1, 1))[0].softmax(-1)
    torch.testing.assert_close(alone[0, 0], alone[0, 1], rtol=0.02, atol=0)


def test_a_cloud_of_one_colour_says_nothing() -> None:
    said = agreement(torch.rand(1, 6, 3), torch.zeros(1, 5, 3), torch.rand(1, 5, 3), torch.ones(1, 11).bool(), (2, 3))
    assert said.shape == (1, 6, 5)
    assert not said.any()


def test_scenes_of_a_batch_do_not_meet() -> None:
    patches, cloud, places = torch.rand(2, 6, 3), torch.rand(2, 5, 3), torch.rand(2, 5, 3)
    here = torch.ones(2, 11).bool()
    here[1, [2, 8]] = False
    both = agreement(patches, cloud, places, here, (2, 3))
    for i in range(2):
        torch.testing.assert_close(
            both[i : i + 1], agreement(*(t[i : i + 1] for t in (patches, cloud, places, here)), (2, 3))
        )


@torch.no_grad()
def test_attention_is_that_of_products_and_what_is_agreed() -> None:
    loaded = engine.untrained(card("tiny", "tiny", settings=COLOURED, checkpoint=None))
    run = engine.run(loaded, room(("red", "blue")))
    (cloud, patches), places = (
        (run.inputs.tokens[n] for n in ("supervoxels", "patches")),
        run.inputs.context["places"],
    )
    here = torch.cat([run.inputs.present[n] for n in ("patches", "supervoxels")])[None]
    agreed = agreement(patches[None, :, -3:], cloud[None, :, -3:], places[None], here, COLOURED.grid)[0]
    assert agreed.std() > 1
    shown = run.inputs.present["patches"]
    for call in (call for call in run.calls if call.name.endswith(".cross")):
        products = call.scale * call.q[:, 4:] @ call.k[:, 4:].mT
        if call.queries.endswith("patches"):
            want = (products + agreed).softmax(-1)[:, shown]
            got = call.rows(range(4, 4 + len(patches)))[:, shown, 4:]
        else:
            want = (products + agreed.mT).masked_fill(~shown, -torch.inf).softmax(-1)
            got = call.rows(range(4, 4 + len(cloud)))[..., 4:]
        torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


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
