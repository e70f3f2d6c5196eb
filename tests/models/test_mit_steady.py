"""The answer for a room does not hang on how it was scanned: turned, thinner, a half of it."""

from __future__ import annotations

import numpy as np
import pytest

from xviz import engine
from xviz.core.sample import PointCloud
from xviz.data.shipped import load_sample
from xviz.models.clouds import about_vertical
from xviz.models.mit_cards import MIT_CARD
from xviz.train.mit.steady import changes, steadiness


def test_changes_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    cloud = PointCloud(rng.random((1000, 3)).astype(np.float32), rng.integers(0, 255, (1000, 3), dtype=np.uint8))
    found = {name: (changed, kept) for name, changed, kept in changes(cloud, rng)}
    quarter, kept = found["25 % of the points"]
    assert len(quarter.xyz) == 250
    np.testing.assert_array_equal(quarter.xyz, cloud.xyz[kept])
    np.testing.assert_array_equal(quarter.rgb, cloud.rgb[kept])
    half, kept = found["one half of the room"]
    assert half.xyz[:, 0].min() >= np.median(cloud.xyz[:, 0])
    np.testing.assert_allclose(found["turned by 90°"][0].xyz[:, :2], cloud.xyz[:, [1, 0]] * [-1, 1], atol=1e-6)
    np.testing.assert_allclose(about_vertical(about_vertical(cloud.xyz, 37), -37), cloud.xyz, atol=1e-6)


@pytest.mark.parametrize(("sample", "points"), [("kinect", 70), ("bedroom", 80)])
def test_the_answer_stays_when_the_scan_is_turned_or_thinner_or_half(sample: str, points: float) -> None:
    stays = steadiness(engine.load(MIT_CARD), [load_sample(sample)])
    assert len(stays) == 6
    for change, share in stays.items():
        assert share["outputs"] > 85, change
        assert share["points"] > points, change
