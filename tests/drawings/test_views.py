"""What each view sends: checked on headers and arrays, not on pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from xviz.draw.blocks import masses
from xviz.draw.scale import diverging, number, sequential
from xviz.drawings import image, matrix, points, words
from xviz.drawings.drawing import Drawing, Finer, Surround
from xviz.drawings.payload import unpack


def heatmap(weights, **options) -> Drawing:
    rows, columns = weights.shape
    labels = {"row_labels": [f"r{i}" for i in range(rows)], "column_labels": [f"c{i}" for i in range(columns)]}
    return matrix.matrix(weights, **labels, scale=options.pop("scale", sequential(weights)), **options)


# ---- matrix


def test_matrix_sends_levels_and_exact_values():
    weights = np.float32([[0, 0.5, 1], [np.nan, 0.25, 0.125]])
    header, arrays = unpack(heatmap(weights, selected=(1, 2)).payload)
    assert (header["rows"], header["columns"], header["selected"]) == (2, 3, [1, 2])
    assert arrays["level"].tolist() == [1, 128, 255, 0, 65, 33]
    np.testing.assert_array_equal(arrays["value"], weights.ravel())
    assert arrays["lut"].size == 1024


def test_matrix_names_its_strongest_cell():
    view = heatmap(np.float32([[0, -2], [1, 0]]), scale=diverging([2]), surround=Surround("Map"))
    assert "Strongest: r0, c1: −2" in view.alt
    assert view.table[0] == ("row", "column", "score")
    assert view.table[1] == ("r0", "c1", -2.0)


def test_quadrants_are_named_with_their_masses():
    weights = np.full((4, 4), 0.25, np.float32)
    view = heatmap(weights, blocks=matrix.Blocks(((1,), (1,)), (("a", "b"), ("c", "d"))))
    blocks = unpack(view.payload)[0]["blocks"]
    assert blocks[1] == [{"label": "c", "mass": "0.25"}, {"label": "d", "mass": "0.75"}]
    with pytest.raises(ValueError, match="names of blocks"):
        heatmap(weights, blocks=matrix.Blocks(((1,), (1,)), (("a", "b"),)))


def test_a_block_that_would_be_dark_has_limits_of_its_own_and_the_note_says_them():
    weights = np.float32([[0.8, 0.19, 0.01], [0.1, 0.88, 0.02], [0.4, 0.56, 0.04]])
    names = (("a", "b"), ("c", "d"))
    header, arrays = unpack(heatmap(weights, blocks=matrix.Blocks(((2,), (2,)), names)).payload)
    levels = arrays["level"].reshape(3, 3)
    assert levels[1, 1] == levels[1, 2] == levels[2, 1] == levels[2, 2] == 255, "the greatest of each block"
    assert levels[0, 2] == 1 + round(254 * 0.01 / 0.02)
    assert header["scale"]["highText"] == "greatest of its block"
    assert header["note"] == "Each block on its own limits: a 0 … 0.88; b 0 … 0.02; c 0 … 0.56; d 0 … 0.04."
    np.testing.assert_array_equal(arrays["value"], weights.ravel())
    whole, _ = unpack(heatmap(weights).payload)
    assert whole["scale"]["highText"] == "0.88"
    assert whole["note"] == ""


def test_a_large_matrix_is_pooled_to_its_strongest_and_says_so():
    weights = np.zeros((2050, 3), np.float32)
    weights[1234, 1], weights[1235, 1] = -5, 2
    view = heatmap(weights, scale=diverging(weights), selected=(1235, 1))
    header, arrays = unpack(view.payload)
    assert "strongest of 3 × 1" in header["note"]
    assert not header["parts"], "nobody answers for exact parts of a drawing alone"
    assert header["selected"] == [1235, 1]
    assert list(arrays) == ["lut"], "cells are sent once, beside it"
    still, cells = unpack(view.still)
    assert still["id"] == header["still"]
    assert (still["rows"], still["columns"], still["tall"], still["wide"]) == (2050, 3, 3, 1)
    assert cells["value"].reshape(684, 3)[1234 // 3, 1] == -5
    assert cells["which"].reshape(684, 3)[1234 // 3, 1] == 1234 % 3
    assert still["rowLabels"][-1] == "r2049"
    assert view.shape == (2050, 3)
    assert view.resolve([1234, 1]) == (1234, 1)
    assert "Strongest: r1234, c1: −5" in view.alt
    assert view.table[1:3] == (("r1234", "c1", -5.0), ("r1235", "c1", 2.0))


def test_masses_of_a_pooled_matrix_are_those_of_all_its_cells():
    weights = np.random.default_rng(0).dirichlet(np.ones(1300), 1300).astype(np.float32)
    cuts, names = ((400,), (100,)), (("a", "b"), ("c", "d"))
    blocks = unpack(heatmap(weights, blocks=matrix.Blocks(cuts, names)).payload)[0]["blocks"]
    table = masses(weights, cuts)
    assert [[each["mass"] for each in line] for line in blocks] == [[number(value) for value in line] for line in table]


def test_labels_must_match():
    with pytest.raises(ValueError, match="row labels: 2 expected"):
        matrix.matrix(np.zeros((2, 2)), row_labels=["a"], column_labels=["a", "b"], scale=sequential([]))


# ---- picking


@pytest.mark.parametrize("pick", [None, [0], [2, 0], [0, 3], [-1, 0], "x", {"a": 1}, 1])
def test_a_pick_that_names_no_cell_is_none(pick):
    assert heatmap(np.zeros((2, 3), np.float32)).resolve(pick) is None


def test_picks_become_tokens():
    assert heatmap(np.zeros((2, 3), np.float32)).resolve([1, 2]) == (1, 2)
    assert words.words(["a", "b"]).resolve(1) == 1
    assert words.words(["a", "b"]).resolve(2) is None


# ---- picture


def regions(**options) -> Drawing:
    pixels = options.pop("pixels", np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
    boxes = [[0, 0, 3, 3], [1, 1, 2, 2], [0, 0, 6, 4]]
    return image.regions(pixels, boxes, options.pop("scores", None), labels=["a", "b", "c"], **options)


def test_a_small_picture_travels_unchanged():
    view = regions()
    header, arrays = unpack(view.still)
    assert header["type"] == "image/png"
    decoded = np.asarray(Image.open(io.BytesIO(arrays["file"].tobytes())))
    np.testing.assert_array_equal(decoded, np.arange(72, dtype=np.uint8).reshape(4, 6, 3))
    assert unpack(view.payload)[0]["still"] == header["id"]


def test_a_large_picture_travels_as_jpeg():
    assert unpack(regions(pixels=np.zeros((300, 300, 3), np.uint8)).still)[0]["type"] == "image/jpeg"


def test_the_picture_stays_the_same_message_when_scores_change():
    scale = sequential([1])
    first, second = (regions(scores=[s, 0, 0], scale=scale) for s in (0.1, 0.2))
    assert first.still == second.still
    assert first.payload != second.payload


def test_regions_are_ranked_by_magnitude_with_nan_last():
    scores = [0.1, np.nan, -0.5]
    view = regions(scores=scores, scale=diverging(scores), marks=image.Marks(masked=[1], crosses=[[1, 2]]))
    header, arrays = unpack(view.payload)
    assert arrays["ranked"].tolist() == [2, 0, 1]
    assert arrays["level"][1] == 0
    assert arrays["crosses"].tolist() == [1, 2]
    assert header["masked"] == [1]
    assert [row[0] for row in view.table] == ["region", "c", "a", "b"]
    assert "Strongest: c −0.5, a 0.1." in view.alt


def test_scores_need_a_scale_and_pictures_their_shape():
    with pytest.raises(ValueError, match="need a scale"):
        regions(scores=[1, 2, 3])
    with pytest.raises(ValueError, match="uint8"):
        regions(pixels=np.zeros((4, 6, 3)))


# ---- words


def test_words_keep_their_text_and_repeated_words_their_places():
    view = words.words(["the", "<b>", "the"], [0.1, 0.2, np.nan], scale=sequential([1]), groups=["q", "q", "a"])
    header, arrays = unpack(view.payload)
    assert header["words"] == ["the", "<b>", "the"]
    assert header["selected"] is None
    assert arrays["level"][2] == 0
    assert view.table[1] == (2, "<b>", pytest.approx(0.2))


def test_words_without_scores():
    header, arrays = unpack(words.words(["a"], selected=[0]).payload)
    assert header["scale"] is None
    assert header["selected"] == [0]
    assert not arrays


@pytest.mark.parametrize("options", [{"scores": [1.0], "scale": sequential([1])}, {"groups": ["a"]}])
def test_words_must_match(options):
    with pytest.raises(ValueError, match="2 expected"):
        words.words(["a", "b"], **options)


# ---- points

XYZ = np.float64([[4e5, 0, 0], [4e5 + 1, 2, 0], [4e5, 0, 3]])


def places(cloud: points.Geometry) -> np.ndarray:
    """Where the drawing has its points, metres."""
    header, arrays = unpack(cloud.still)
    sent = arrays["position"] if cloud.rest is None else [*arrays["position"], *unpack(cloud.rest)[1]["position"]]
    return np.reshape(sent, (-1, 3)) * header["step"] + header["origin"] + header["centre"]


def test_positions_keep_their_digits_far_from_the_origin():
    cloud = points.geometry(XYZ)
    header, arrays = unpack(points.points(cloud).still)
    assert arrays["position"].dtype == np.uint16
    assert header["step"] == 3 / 65_535
    np.testing.assert_allclose(places(cloud), XYZ[cloud.kept], atol=header["step"] / 2 + 1e-9)
    assert header["extent"] == [1, 2, 3]
    assert sorted(arrays["token"]) == [0, 1, 2]
    np.testing.assert_array_equal(arrays["token"], cloud.kept)


def test_positions_are_sent_as_they_are_where_steps_would_merge_points():
    room = np.random.default_rng(0).random((20_000, 3)) * [4, 5, 0]
    far = np.vstack([room, [[5e3, 0, 0]]])  # a stray point: steps of 8 cm
    cloud = points.geometry(far)
    header, arrays = unpack(cloud.still)
    assert arrays["position"].dtype == np.float32
    np.testing.assert_allclose(places(cloud), far[cloud.kept], atol=3e-4)
    landscape = points.geometry(np.random.default_rng(2).random((20_000, 3)) * [2e4, 2e4, 50])
    header, arrays = unpack(landscape.still)
    assert arrays["position"].dtype == np.uint16  # steps of 31 cm among points 140 m apart
    assert header["step"] == pytest.approx(0.305, abs=0.001)


def test_a_large_cloud_is_sent_in_two_parts_whose_first_is_an_even_sample():
    rng = np.random.default_rng(0)
    xyz = rng.random((400_000, 3)) * [6, 5, 0.001]
    xyz[:300_000] *= [0.1, 0.1, 1]  # three quarters of the points stand in a hundredth of the floor
    segments = np.arange(400_000) % 1000
    segments[399_999] = 1000  # one of a single point
    colours = rng.integers(0, 256, (400_000, 3)).astype(np.uint8)
    cloud = points.geometry(xyz, colours=colours, segments=segments)
    (header, first), (_, rest) = unpack(cloud.still), unpack(cloud.rest)
    assert len(first["token"]) == points.FIRST
    assert header["drawn"] == len(first["token"]) + len(rest["token"]) == 400_000
    assert sorted(cloud.kept) == list(range(400_000))
    for name, true in (("token", segments), ("rgb", colours)):
        np.testing.assert_array_equal([*first[name], *rest[name]], true[cloud.kept].reshape(-1))
    assert first["token"].dtype == np.uint16
    assert set(first["token"]) == set(range(1001))
    np.testing.assert_allclose(places(cloud), xyz[cloud.kept], atol=header["step"] / 2 + 1e-9)
    assert cloud.note == ""
    middles = np.stack([np.bincount(segments, xyz[:, k]) / np.bincount(segments) for k in range(3)], 1)
    np.testing.assert_allclose(first["middles"].reshape(-1, 3) + cloud.centre, middles, atol=1e-5)

    def tiles(number: int) -> int:  # of 10 × 10 cm, of 3,000
        return len({*map(tuple, (xyz[cloud.kept[:number], :2] // 0.1).astype(int))})

    assert tiles(20_000) > 2_900  # at random 20,000 points would fill about 2,400
    assert tiles(points.FIRST) == tiles(400_000)


def test_a_page_without_a_server_has_the_first_points_and_says_so():
    xyz = np.random.default_rng(0).random((200_000, 3))
    cell = (xyz[:, 0] * 300).astype(int)
    scores = np.arange(300) / 300
    finer = Finer("voxel", scores, of_point=cell)
    view = points.points(points.geometry(xyz, segments=cell), scores, scale=sequential(scores), finer=finer)
    small = points.beginning(view)
    header, arrays = unpack(small.payload)
    once, first = unpack(small.still)
    assert small.rest is None
    assert (once["rest"], once["drawn"], header["still"]) == (None, points.FIRST, once["id"])
    assert header["note"] == "147,456 of 200,000 points drawn, an even sample."
    assert len(first["token"]) == len(arrays["fineCell"]) == points.FIRST
    np.testing.assert_array_equal(arrays["fineCell"], first["token"])
    assert points.beginning(small) is small


def test_a_segment_is_one_token():
    view = points.points(
        points.geometry(XYZ, segments=[1, -1, 0], labels=["a", "b"]), [0.1, 0.9], scale=sequential([1])
    )
    header, arrays = unpack(view.payload)
    assert view.shape == (2,)
    assert header["tokens"] == 2
    assert arrays["value"].tolist() == pytest.approx([0.1, 0.9])
    assert sorted(unpack(view.still)[1]["token"]) == [0, 1, 0xFF]  # the last for a point of none
    assert view.table[1] == ("b", pytest.approx(0.9))


def test_too_many_points_are_thinned_and_keep_their_numbers(monkeypatch):
    monkeypatch.setattr(points, "MOST", 180_000)
    xyz = np.random.default_rng(0).random((450_000, 3))
    cloud = points.geometry(xyz)
    view = points.points(cloud, np.zeros(len(xyz)), scale=sequential([]))
    tokens = np.concatenate([unpack(part)[1]["token"] for part in (view.still, view.rest)])
    assert f"{len(tokens):,} of 450,000 points drawn" in unpack(view.payload)[0]["note"]
    assert 150_000 < len(tokens) <= 180_000
    np.testing.assert_array_equal(tokens, cloud.kept)
    np.testing.assert_allclose(places(cloud), xyz[tokens], atol=unpack(view.still)[0]["step"] / 2 + 1e-9)
    assert view.shape == (450_000,)


def test_a_million_points_are_drawn_and_not_thinned():
    cloud = points.geometry(np.random.default_rng(0).random((points.MOST, 3), np.float32))
    assert points.MOST == 1_000_000
    assert (len(cloud.kept), unpack(cloud.still)[0]["drawn"], cloud.note) == (points.MOST, points.MOST, "")
    assert len(cloud.still) + len(cloud.rest) < 10.1e6  # bytes: six of a place, four of a token


def test_links_are_moved_with_the_points():
    view = points.points(points.geometry(XYZ), marks=points.Marks([[XYZ[0], XYZ[1]]]))
    np.testing.assert_allclose(unpack(view.payload)[1]["ends"], [-0.5, -1, -1.5, 0.5, 1, -1.5])


def test_an_empty_cloud_is_a_cloud():
    view = points.points(points.geometry(np.zeros((0, 3))), [], scale=sequential([]))
    assert view.shape == (0,)


def test_points_without_a_position_are_refused():
    with pytest.raises(ValueError, match="must be finite"):
        points.geometry([[0, 0, np.nan]])
