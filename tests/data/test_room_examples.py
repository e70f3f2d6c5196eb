"""The shipped rooms are what samples.json says, and photos and clouds meet in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clouds import ply, room

from xviz.core.errors import SampleError
from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud.scene import read_scene
from xviz.data.shipped import FOLDER, ShippedSample, Truth, load_sample, read, samples
from xviz.geometry import pinhole
from xviz.train.mit.kinect import SIZE, Frame, edges, jumps, overlay
from xviz.train.mit.kinect import room as kinect_room
from xviz.train.mit.packing import ship


@pytest.mark.parametrize("example", samples("mit"), ids=lambda shipped: shipped.name)
def test_every_shipped_room_opens_and_its_photos_show_its_points(example: ShippedSample) -> None:
    sample = example.load()
    cloud, views = sample.parts["points"], sample.parts["views"]
    assert isinstance(cloud, PointCloud)
    assert isinstance(views, Photos)
    assert cloud.rgb is not None
    assert example.path("room").stat().st_size < 2 * 2**20
    assert len(cloud.xyz) <= 60_000 or example.kind == "composed"
    assert views.poses is not None
    assert views.intrinsics is not None
    off = []
    for photo, pose, camera in zip(views.images, views.poses, views.intrinsics, strict=True):
        seen, places = pinhole.visible(cloud.xyz, pose, camera, photo.shape[:2])
        assert seen.mean() > 0.02
        column, row = places[seen].astype(int).T
        off.append(np.abs(photo[row, column].astype(int) - cloud.rgb[seen]).mean())
    assert np.mean(off) < 40  # colours of points and of the pixels that show them agree
    assert sample.shipped


def test_the_real_room_says_whose_it_is_and_what_is_nominal() -> None:
    real = next(shipped for shipped in samples("mit") if shipped.name == "kinect")
    assert real.kind == "real"
    assert "BSD-3-Clause" in real.credit
    assert "nominal" in real.credit
    assert "Redistribution and use" in (FOLDER / "mit" / "kinect-licence.txt").read_text(encoding="utf-8")
    cloud = load_sample("kinect").parts["points"]
    assert isinstance(cloud, PointCloud)
    assert 1.5 < np.median(cloud.xyz[:, 1]) < 2.6  # metres ahead of the camera
    with pytest.raises(SampleError, match="There is no shipped sample"):
        load_sample("nowhere")


def test_the_fit_finds_how_depths_lie_over_a_photo() -> None:
    depth, photo = np.full(SIZE, 2.5), np.full((*SIZE, 3), 60, np.uint8)
    for x, y in ((80, 60), (300, 90), (480, 250), (120, 300), (330, 330)):
        depth[y : y + 90, x : x + 100] = 1.8
        (x0, x1), (y0, y1) = (np.array([x, x + 100]) - 320) * 0.98 + 323, (np.array([y, y + 90]) - 240) * 0.99 + 239
        photo[round(y0) : round(y1), round(x0) : round(x1)] = 220
    fit, before, after = overlay(Frame(depth, photo))
    assert fit[:2] == pytest.approx([0.98, 0.99], abs=0.01)
    assert fit[2:] == pytest.approx([3, -1], abs=1.5)
    assert after > 1.2 * before > edges(photo).mean()
    assert len(jumps(depth)) > 1500
    scene = read_scene(list(kinect_room(Frame(depth, photo), fit).items()))
    assert isinstance(scene["points"], PointCloud)
    assert 30_000 < len(scene["points"].xyz) <= 60_000


def test_shipping_replaces_an_entry_and_repeats_its_bytes(tmp_path: Path) -> None:
    xyz, rgb = room()
    example = ShippedSample(
        tmp_path.name, "mine", "Mine", "composed", "nobody", {"room": "mine.zip"}, truth=Truth(classes=("wall",))
    )
    first = ship(example, {"a.ply": ply(xyz, rgb)}, tmp_path).read_bytes()
    assert ship(example, {"a.ply": ply(xyz, rgb)}, tmp_path).read_bytes() == first
    assert list(read(tmp_path / "samples.json")) == [example]
    assert isinstance(read_scene(tmp_path / "mine.zip")["points"], PointCloud)
