"""Points and pixels, there and back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from xviz.geometry import pinhole

INTRINSICS = np.array([[300.0, 0, 160], [0, 290.0, 120], [0, 0, 1]])
SIZE = (240, 320)
UNKNOWN = np.full((4, 4), np.nan)


def pose(seed: int = 0) -> np.ndarray:
    """A camera somewhere, turned somehow."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.random(rng=seed).as_matrix()
    matrix[:3, 3] = [2, -1, 1.5]
    return matrix


def test_a_point_ahead_falls_into_the_middle() -> None:
    places, depth = pinhole.project([[0, 0, 2], [0.2, -0.1, 2], [0, 0, -1]], np.eye(4), INTRINSICS)
    assert places[0] == pytest.approx([160, 120])
    assert places[1] == pytest.approx([160 + 300 * 0.1, 120 - 290 * 0.05])
    assert np.isnan(places[2]).all()
    assert depth == pytest.approx([2, 2, -1])


@pytest.mark.parametrize("seed", range(3))
def test_pixels_come_back_as_the_points_they_show(seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, depth = rng.random((50, 2)) * [320, 240], rng.random(50) * 4 + 0.5
    xyz = pinhole.back_project(places, depth, pose(seed), INTRINSICS)
    again, ahead = pinhole.project(xyz, pose(seed), INTRINSICS)
    assert again == pytest.approx(places)
    assert ahead == pytest.approx(depth)


def test_an_unknown_or_flat_camera_shows_nothing() -> None:
    flat = np.eye(4)
    flat[0] = 0
    for camera in (UNKNOWN, flat):
        assert np.isnan(pinhole.project([[0, 0, 1]], camera, INTRINSICS)[0]).all()
        assert np.isnan(pinhole.back_project([[5, 5]], [1], camera, INTRINSICS)).all()
        assert not pinhole.visible([[0, 0, 1]], camera, INTRINSICS, SIZE)[0].any()
    assert np.isnan(pinhole.back_project([[5, 5]], [0], np.eye(4), INTRINSICS)).all()


def test_a_wall_hides_what_is_behind_it() -> None:
    u, v = np.meshgrid(np.linspace(-0.4, 0.4, 200), np.linspace(-0.3, 0.3, 150))
    wall = np.column_stack([u.ravel(), v.ravel(), np.ones(u.size)])
    behind, beside, close = [0.1, 0.1, 2.0], [0.9, 0.1, 2.0], [0.1, 0.1, 1.02]
    seen, places = pinhole.visible([*wall, behind, beside, close], np.eye(4), INTRINSICS, SIZE)
    assert seen[:-3].all()
    assert seen[-3:].tolist() == [False, True, True]
    assert places[-3] == pytest.approx([175, 134.5])


def test_a_given_depth_decides() -> None:
    depth = np.full(SIZE, 2.0, np.float32)
    depth[:, 160:] = 0
    xyz = [[-0.1, 0, 2.0], [-0.1, 0, 2.6], [-0.1, 0, 1.0], [0.1, 0, 2.0]]
    seen, _ = pinhole.visible(xyz, np.eye(4), INTRINSICS, SIZE, depth)
    assert seen.tolist() == [True, False, True, False]


def test_intrinsics_follow_the_size_of_the_photo() -> None:
    half = pinhole.scaled(INTRINSICS, SIZE, (120, 160))
    places, _ = pinhole.project([[0.3, 0.2, 2]], np.eye(4), INTRINSICS)
    assert pinhole.project([[0.3, 0.2, 2]], np.eye(4), half)[0] == pytest.approx(places / 2)
    assert pinhole.scaled(np.stack([INTRINSICS] * 2), SIZE, SIZE) == pytest.approx(np.stack([INTRINSICS] * 2))


def test_agreement_is_the_share_of_attention_near_the_truth() -> None:
    middles = np.array([[0, 0, 0], [0.3, 0, 0], [2, 0, 0], [3, 0, 0]])
    share, chance = pinhole.agreement([0.4, 0.2, 0.3, 0.1], middles, [0.1, 0, 0], radius=0.5)
    assert (share, chance) == pytest.approx((0.6, 0.5))
    present = [True, False, True, True]
    share, chance = pinhole.agreement([0.4, 0.2, 0.3, 0.1], middles, [0.1, 0, 0], radius=0.5, present=present)
    assert (share, chance) == pytest.approx((0.5, 1 / 3))
    assert np.isnan(pinhole.agreement([0, 0, 0, 0], middles, [0, 0, 0], radius=1)).all()
    assert np.isnan(pinhole.agreement([1, 1, 1, 1], middles, [np.nan] * 3, radius=1)).all()
