"""Thinned clouds: small enough, every segment there, the way back right."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.geometry.thinning import evenly, thin


def room(count: int) -> np.ndarray:
    """Points on the floor and two walls of a room, metres."""
    rng = np.random.default_rng(0)
    xyz = (rng.random((count, 3)) * [6, 5, 3]).astype(np.float32)
    xyz[np.arange(count), rng.integers(0, 3, count)] = 0
    return xyz


def test_a_small_cloud_stays_as_it_is() -> None:
    kept = thin(room(500), 500)
    assert (kept.kept == np.arange(500)).all()
    assert (kept.stands == kept.kept).all()
    assert kept.note() == ""


@pytest.mark.parametrize("segmented", [False, True])
@pytest.mark.parametrize("count", [20_000, 100_000])
def test_what_is_kept_fills_the_limit_and_stands_near_all(count: int, segmented: bool) -> None:
    xyz = room(count)
    segments = (xyz[:, 0] * 2).astype(int) * 12 + (xyz[:, 1] * 2).astype(int) if segmented else None
    kept = thin(xyz, 5000, segments)
    assert 0.8 * 5000 <= len(kept) <= 5000
    away = np.abs(xyz - xyz[kept.kept[kept.stands]])
    assert away.max() <= kept.side * 1.001
    assert (kept.stands[kept.kept] == np.arange(len(kept))).all()
    if segmented:
        assert (segments == segments[kept.kept[kept.stands]]).all()
    assert f"{len(kept):,} of {count:,}" in kept.note()


def test_every_segment_is_kept_even_inside_another() -> None:
    xyz = room(50_000)
    segments = np.zeros(50_000, np.int64)
    segments[np.arange(0, 50_000, 500)] = np.arange(1, 101)
    segments[7] = -1
    kept = thin(xyz, 4000, segments)
    assert set(segments[kept.kept]) == set(range(-1, 101))


@pytest.mark.parametrize(
    "xyz", [np.zeros((300, 3)), np.repeat(np.eye(3) * 1e6, 100, 0)], ids=["one place", "far apart"]
)
def test_points_in_the_same_place_are_one(xyz: np.ndarray) -> None:
    kept = thin(xyz, 100)
    assert len(kept) == len(np.unique(xyz, axis=0))


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 4097])
def test_an_even_order_has_every_point_once(count: int) -> None:
    cells = np.random.default_rng(0).integers(0, 1 << 16, (count, 3)).astype(np.uint16)
    order = evenly(cells)
    assert (np.sort(order) == np.arange(count)).all()
    assert (evenly(cells) == order).all()
    assert (np.sort(evenly(np.zeros_like(cells))) == np.arange(count)).all()


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_coarse_cells_come_before_finer_ones(level: int) -> None:
    cells = (room(20_000) / 6 * 65_535).astype(np.uint16)
    codes = (cells >> (16 - level)) @ np.int64([1, 1 << 16, 1 << 32])
    occupied = len(np.unique(codes))
    assert len(np.unique(codes[evenly(cells)][:occupied])) == occupied  # each cell of the level once, before any twice
