"""Supervoxels of clouds whose surfaces are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from xviz.core.sample import PointCloud
from xviz.models.supervoxels import Cutting, means, supervoxels, voxelise


def corner(count: int = 4000, seed: int = 0) -> tuple[PointCloud, NDArray[np.int64]]:
    """A floor of 2 m, half brown and half grey, and a white wall; and what each point belongs to."""
    rng = np.random.default_rng(seed)
    floor, wall = rng.uniform(0, 2, (2, count, 3))
    floor[:, 2], wall[:, 0] = 0, 0
    which = np.concatenate([(floor[:, 1] > 1).astype(np.int64), np.full(count, 2)])
    rgb = np.array([[140, 90, 40], [120, 120, 120], [240, 240, 240]])[which] + rng.integers(-6, 7, (2 * count, 3))
    xyz = np.concatenate([floor, wall]) + rng.normal(0, 0.004, (2 * count, 3))
    return PointCloud(xyz.astype(np.float32), rgb.astype(np.uint8)), which


def purity(of_point: NDArray[np.int64], which: NDArray[np.int64]) -> float:
    """Share of points that belong to what most of their piece belongs to."""
    table = np.zeros((of_point.max() + 1, which.max() + 1))
    np.add.at(table, (of_point, which), 1)
    return float(table.max(1).sum() / table.sum())


def test_pieces_follow_surfaces_and_colours_and_are_numbered_without_gaps() -> None:
    cloud, which = corner()
    pieces = supervoxels(cloud)
    assert pieces.shape == which.shape
    assert len(np.unique(pieces)) == pieces.max() + 1
    assert purity(pieces, which) > 0.97
    assert 8 <= pieces.max() + 1 <= 80


def test_without_colours_surfaces_alone_part_the_pieces() -> None:
    cloud, which = corner()
    plain = supervoxels(replace(cloud, rgb=None))
    assert purity(plain, (which == 2).astype(np.int64)) > 0.97
    assert purity(plain, which) < purity(supervoxels(cloud), which)


@pytest.mark.parametrize("extent", [0.5, 1.2])
def test_no_piece_is_much_longer_than_allowed(extent: float) -> None:
    cloud, _ = corner()
    cutting = Cutting(extent=extent, small=0)
    pieces = supervoxels(cloud, cutting)
    for piece in np.unique(pieces):
        assert np.ptp(cloud.xyz[pieces == piece], axis=0).max() < extent + 2 * cutting.voxel


def test_the_same_cloud_gives_the_same_pieces() -> None:
    cloud, _ = corner()
    assert (supervoxels(cloud) == supervoxels(cloud)).all()


def test_normals_are_those_of_the_surfaces() -> None:
    cloud, _ = corner()
    voxels = voxelise(cloud)
    inside = (voxels.places > 0.3).sum(1) == 2
    floor, wall = inside & (voxels.places[:, 2] < 0.1), inside & (voxels.places[:, 0] < 0.1)
    assert np.abs(voxels.normals[floor, 2]).min() > 0.97
    assert np.abs(voxels.normals[wall, 0]).min() > 0.97


def test_a_files_own_segments_count_and_the_lost_go_to_the_nearest() -> None:
    xyz = np.array([[0, 0, 0], [0.1, 0, 0], [5, 0, 0], [5.1, 0, 0]], np.float32)
    segment = np.array([7, -1, 3, -1])
    assert supervoxels(PointCloud(xyz, segment=segment)).tolist() == [1, 1, 0, 0]
    assert supervoxels(PointCloud(xyz, segment=np.full(4, -1))).shape == (4,)  # none at all: cut here


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_points_are_a_cloud(count: int) -> None:
    xyz = np.arange(3 * count, dtype=np.float32).reshape(count, 3)
    assert supervoxels(PointCloud(xyz)).tolist() == list(range(count))


def test_a_large_cloud_takes_larger_voxels() -> None:
    cloud, _ = corner()
    assert len(voxelise(cloud, Cutting(voxels=400)).places) <= 400


def test_means_are_means() -> None:
    averages = means(np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([0, 2, 2]), 3, np.array([1.0, 1, 3]))
    np.testing.assert_allclose(averages, [[1, 2], [0, 0], [4.5, 5.5]])
