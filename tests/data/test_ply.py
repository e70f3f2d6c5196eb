"""Clouds as PLY: what is written is read back, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.data.cloud.ply import write_ply
from xviz.data.cloud.read import read_cloud

RNG = np.random.default_rng(0)
XYZ = RNG.random((50, 3)) * 4
RGB = RNG.integers(0, 256, (50, 3), np.uint8)


def read_back(content: bytes) -> np.ndarray:
    """The vertices, by a reader that knows nothing of the writer."""
    head, _, body = content.partition(b"end_header\n")
    kinds = {"double": "<f8", "float": "<f4", "int": "<i4", "uchar": "u1"}
    fields = [line.split() for line in head.decode().splitlines() if line.startswith("property")]
    return np.frombuffer(body, [(name, kinds[kind]) for _, kind, name in fields])


def test_points_colours_and_scalars_come_back() -> None:
    score = RNG.random(50).astype(np.float32)
    score[3] = np.nan
    content = write_ply(XYZ, RGB, {"score": score, "supervoxel": np.arange(50)}, ["attention — weight\nline two"])
    columns = read_back(content)
    np.testing.assert_array_equal(np.column_stack([columns["x"], columns["y"], columns["z"]]), XYZ)
    np.testing.assert_array_equal(np.column_stack([columns["red"], columns["green"], columns["blue"]]), RGB)
    np.testing.assert_array_equal(columns["score"], score)
    assert columns["supervoxel"].tolist() == list(range(50))
    assert b"comment attention ? weight line two\n" in content
    assert content.startswith(b"ply\nformat binary_little_endian 1.0\n")


def test_our_own_reader_reads_it() -> None:
    cloud = read_cloud(write_ply(XYZ, RGB, {"score": np.zeros(50)}), name="room.ply")
    np.testing.assert_allclose(cloud.xyz, XYZ, atol=1e-6)
    np.testing.assert_array_equal(cloud.rgb, RGB)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="as many"):
        write_ply(XYZ, RGB[:3])
    with pytest.raises(ValueError, match="no name"):
        write_ply(XYZ, scalars={"my score": np.zeros(50)})
