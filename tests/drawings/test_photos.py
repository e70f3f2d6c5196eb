"""Photos under patches, and what is drawn over a cloud: right places, honest limits, sent once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.room import room
from xviz.draw.scale import Categories, diverging, sequential
from xviz.drawings import points
from xviz.drawings.drawing import Finer, Surround
from xviz.drawings.payload import unpack
from xviz.drawings.photos import Marks, album, photos

GRID = (3, 4)


@pytest.fixture(scope="module")
def drawn():
    return album(room(4000).images, GRID, names=["a", "b", "c", "d", "e"])


def test_photos_travel_once_and_no_larger_than_needed(drawn) -> None:
    header, arrays = unpack(drawn.still)
    assert header["id"] == drawn.digest
    assert Image.open(io.BytesIO(arrays["file0"].tobytes())).size == (160, 120)
    large = album([np.zeros((900, 1800, 3), np.uint8)], GRID, names=["large"])
    assert Image.open(io.BytesIO(unpack(large.still)[1]["file0"].tobytes())).size == (640, 320)
    assert large.sizes.tolist() == [[1800, 900]]  # places stay in pixels of the photo as it was given
    first, second = (photos(drawn, np.full(60, s), scale=sequential([1])) for s in (0.1, 0.2))
    assert first.still == second.still
    assert first.payload != second.payload


def test_photos_stand_in_the_order_of_their_totals_and_say_them(drawn) -> None:
    scores = np.zeros(60)
    scores[[13, 37, 50]] = 0.2, 0.5, np.nan
    view = photos(drawn, scores, scale=sequential(scores), totals=[0, 0.2, 0, 0.5, np.nan])
    header, arrays = unpack(view.payload)
    assert header["order"] == [3, 1, 0, 2, 4]
    assert header["totals"] == ["0", "0.2", "0", "0.5", "no value"]
    assert arrays["ranked"][:2].tolist() == [37, 13]
    assert 50 not in arrays["ranked"]
    assert arrays["level"][50] == 0
    assert view.table[1] == ("d, row 1, column 2", 0.5)
    assert "First: d with 0.5" in view.alt
    assert drawn.label(13) == "b, row 1, column 2"


def test_a_pick_is_a_patch(drawn) -> None:
    view = photos(drawn)
    assert view.resolve(59) == 59
    assert view.resolve(60) is None


def test_signs_crosses_and_left_out_photos_are_sent(drawn) -> None:
    header, arrays = unpack(
        photos(drawn, marks=Marks(absent=[4], numbers=[("1", 13)], crosses=[(2, 40.5, 60)])).payload
    )
    assert header["numbers"] == [{"text": "1", "patch": 13}]
    assert arrays["crosses"].tolist() == [2, 40.5, 60]
    assert header["absent"] == [4]


def test_a_grid_may_reach_beyond_its_photo_where_a_model_pads() -> None:
    padded = album([np.zeros((60, 160, 3), np.uint8)], GRID, names=["wide"], frames=[[0, -50, 160, 110]])
    assert unpack(photos(padded).payload)[1]["frames"].tolist() == [0, -50, 160, 110]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["one"]}, "names: 5 expected"),
        ({"names": list("abcde"), "frames": [[0, 0, 1, 1]]}, "frames: 5 expected"),
    ],
    ids=["names", "frames"],
)
def test_what_does_not_fit_is_refused(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        album(room(4000).images, GRID, **arguments)


def test_a_photo_must_be_a_picture() -> None:
    with pytest.raises(ValueError, match="uint8"):
        album([np.zeros((4, 4, 3))], GRID, names=["a"])


# ---- clouds


def test_a_thinned_cloud_keeps_a_point_of_every_segment(monkeypatch) -> None:
    monkeypatch.setattr(points, "MOST", 100)
    shown = room(4000)
    thinned = points.geometry(shown.xyz, segments=shown.segments)
    sent = unpack(thinned.still)[1]["token"]
    assert set(sent) == set(range(shown.segments.max() + 1))
    assert len(sent) <= max(100, 2 * thinned.tokens)
    assert thinned.note.startswith(f"{len(sent)} of {len(shown.xyz):,} points drawn")


def test_a_geometry_made_once_gives_the_same_view() -> None:
    shown = room(4000)
    scores = np.arange(shown.segments.max() + 1) / 100
    once = points.geometry(shown.xyz, colours=shown.rgb, segments=shown.segments)
    same = {"scale": sequential(scores), "surround": Surround("Room")}
    again = points.geometry(shown.xyz, colours=shown.rgb, segments=shown.segments)
    afresh = points.points(again, scores, **same)
    kept = points.points(once, scores, **same)
    assert (kept.payload, kept.still, kept.alt, kept.table) == (afresh.payload, afresh.still, afresh.alt, afresh.table)


def test_what_is_drawn_over_a_cloud_is_sent_around_its_middle() -> None:
    pose = np.eye(4)
    pose[:3, 3] = [1, 2, 3]
    marks = points.Marks(
        links=[[[0, 0, 0], [2, 4, 6]]], strengths=[0.5], numbers=[("1", [2, 4, 6])], crosses=[[1, 2, 3]],
        cameras=[("7", pose)],
    )  # fmt: skip
    view = points.points(points.geometry([[0, 0, 0], [2, 4, 6]]), marks=marks)
    header, arrays = unpack(view.payload)
    assert arrays["ends"].tolist() == [-1, -2, -3, 1, 2, 3]
    assert arrays["crosses"].tolist() == [0, 0, 0]
    assert header["numbers"] == [{"text": "1", "place": [1, 2, 3]}]
    corners = np.reshape(header["cameras"][0]["corners"], (5, 3))
    assert corners[0].tolist() == [0, 0, 0]
    assert (corners[1:, 2] > 0).all()  # it looks along its own z
    assert corners[1, 1] < corners[3, 1]  # y points down in the photo


def test_classes_on_a_cloud_have_a_legend_and_no_strongest() -> None:
    classes = Categories(("floor", "wall"), label="predicted class")
    view = points.points(points.geometry([[0, 0, 0], [1, 0, 0], [2, 0, 0]]), [0, 1, np.nan], scale=classes)
    header, arrays = unpack(view.payload)
    assert header["scale"]["counts"] == [1, 1]
    assert arrays["level"].tolist() == [1, 2, 0]
    assert "Strongest" not in view.alt
    assert "a colour for each predicted class" in view.alt


def test_signed_scores_stay_signed_on_photos(drawn) -> None:
    scores = np.linspace(-1, 1, 60)
    scores[30] = 0
    header, arrays = unpack(photos(drawn, scores, scale=diverging(scores)).payload)
    assert header["scale"]["diverging"]
    assert arrays["level"][[0, 30, 59]].tolist() == [1, 128, 255]  # zero in the middle of the scale
    low, middle, high = (arrays["lut"].reshape(256, 4)[level, :3].astype(int) for level in (1, 128, 255))
    assert low[2] > low[0] + 40, "blue below zero"
    assert high[0] > high[2] + 40, "red above zero"
    assert min(middle) > 200
    np.testing.assert_allclose(arrays["value"], scores, rtol=1e-6)


# ---- finer than tokens


def test_pixels_are_sent_as_levels_and_patches_as_sums(drawn) -> None:
    cells = np.random.default_rng(0).normal(size=(5, 6, 8))
    cells[3:] = np.nan
    sums = np.nansum(cells.reshape(5, 3, 2, 4, 2), (2, 4)).reshape(-1)
    bar = diverging(cells, limit=2.0)
    view = photos(drawn, sums, scale=bar, finer=Finer("pixel", cells.reshape(-1), size=(6, 8)))
    header, arrays = unpack(view.payload)
    assert header["fine"] == {"name": "pixel", "size": [6, 8]}
    np.testing.assert_array_equal(arrays["fineLevel"], bar.quantise(cells).reshape(-1))
    assert not arrays["fineLevel"][3 * 48 :].any()
    np.testing.assert_allclose(arrays["value"], sums, rtol=1e-6)
    assert header["scale"]["clipped"] == int((np.abs(cells) > 2).sum())  # of pixels, not of sums
    assert "sum over its pixels" in view.table[0][1]
    with pytest.raises(ValueError, match=r"finer\.scores: 240 expected"):
        photos(drawn, sums, scale=bar, finer=Finer("pixel", cells[0].reshape(-1), size=(6, 8)))


def test_voxels_colour_points_and_picks_stay_supervoxels(monkeypatch) -> None:
    monkeypatch.setattr(points, "MOST", 1000)
    shown = room(4000)
    voxel = np.unique(np.floor(shown.xyz / 0.2).astype(int), axis=0, return_inverse=True)[1].ravel()
    scores = np.random.default_rng(0).normal(size=voxel.max() + 1)
    once = points.geometry(shown.xyz, segments=shown.segments)
    sums, bar = np.zeros(once.tokens), diverging(scores, limit=1.0)
    view = points.points(once, sums, scale=bar, finer=Finer("voxel", scores, of_point=voxel))
    header, arrays = unpack(view.payload)
    np.testing.assert_allclose(arrays["fineValue"], scores, rtol=1e-6)
    np.testing.assert_array_equal(arrays["fineLevel"], bar.quantise(np.float32(scores)))
    np.testing.assert_array_equal(arrays["fineCell"], voxel[once.kept])
    assert len(arrays["fineCell"]) == len(unpack(view.still)[1]["token"])
    assert header["fine"] == "voxel"
    assert header["scale"]["clipped"] == int((np.abs(scores) > 1).sum())
    assert view.resolve(once.tokens - 1) == once.tokens - 1
    assert view.resolve(once.tokens) is None
    assert "of each voxel" in view.alt
    with pytest.raises(ValueError, match=r"finer\.of_point"):
        points.points(once, sums, scale=bar, finer=Finer("voxel", scores, of_point=voxel[:7]))
