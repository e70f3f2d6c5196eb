"""The light of photos against planted changes of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.room import room
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.models.mit_cards import prepare
from xviz.models.mit_settings import SHIPPED
from xviz.models.photo_light import gains_of, said
from xviz.models.photos import multiplied
from xviz.models.voxels import voxels_and_pixels

ROOM = room()
GRID = SHIPPED.grid


def seen(gain: NDArray[np.float64] | float) -> tuple[NDArray[np.uint8], ...]:
    return tuple(multiplied(image, np.broadcast_to(np.asarray(gain, float), 3)) for image in ROOM.images)


@pytest.mark.parametrize("gain", [0.7, 0.8, 1.2, (1.15, 1.0, 0.85), (0.8, 0.9, 1.1)])
def test_a_planted_change_of_light_is_taken_back(gain: float | tuple[float, ...]) -> None:
    found = gains_of(seen(np.array(gain)), ROOM.rgb, GRID)
    left = np.log(found * np.array(gain))
    assert np.median(np.abs(left)) < 0.06
    assert np.abs(left).max() < 0.2


def test_photos_in_the_light_of_the_cloud_are_left_as_they_are() -> None:
    found = gains_of(ROOM.images, ROOM.rgb, GRID)
    assert (found == 1).all()
    assert said(found) == ()
    assert multiplied(ROOM.images[0], found[0]) is ROOM.images[0]


def test_nothing_is_said_of_light_without_colours() -> None:
    assert (gains_of(seen(0.7), None, GRID) == 1).all()
    assert (gains_of(seen(0.7), np.full_like(ROOM.rgb, 90), GRID) == 1).all()
    assert gains_of((), ROOM.rgb, GRID).shape == (0, 3)
    assert (gains_of((np.zeros((48, 64, 3), np.uint8),), ROOM.rgb, GRID) == 1).all()  # a black photo


def test_the_model_and_the_pixels_see_the_same_light_and_it_is_told() -> None:
    names = tuple(f"photo {n}" for n in range(len(ROOM.images)))
    images = (*ROOM.images[:1], *seen(0.75)[1:])
    cloud = PointCloud(ROOM.xyz.astype(np.float32), ROOM.rgb, segment=ROOM.segments)
    sample = Sample("room", {"points": cloud, "views": Photos(images, names)})
    inputs, fine = prepare(sample, SHIPPED), voxels_and_pixels(sample, SHIPPED)
    assert inputs.warnings[0].startswith("Photos 2, 3, 4 and 5 are in another light than the cloud")
    colours = inputs.tokens["patches"][:, -3:].unflatten(0, (len(images), -1))
    own = prepare(Sample("room", {"points": cloud, "views": Photos(ROOM.images, names)}), SHIPPED)
    there = own.present["patches"].unflatten(0, (len(images), -1))
    apart = (colours - own.tokens["patches"][:, -3:].unflatten(0, (len(images), -1)))[there].abs()
    assert apart.mean() < 0.05
    assert torch.equal(fine.pictures[0], fine.pictures[0].round())
    lit = fine.pictures[1][:, fine.inside[1]].mean() / np.mean(images[1])
    assert lit == pytest.approx(1 / 0.75, rel=0.1)
