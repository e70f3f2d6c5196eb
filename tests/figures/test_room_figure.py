"""The figure of a room: the cloud where the camera sees it, links that end where they should, exact sizes."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from cats import SOME, boxes_of
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.patches import ConnectionPatch, Polygon, Rectangle
from pypdf import PdfReader

from tests.room import room
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.tokens import PatchGrid, Segments
from xviz.draw.scale import diverging
from xviz.explain.links import strongest
from xviz.figures.cloud import Camera, still
from xviz.figures.figure import read_record
from xviz.figures.joined import ranked
from xviz.figures.raster import heat_of_cells
from xviz.figures.room import Overlay, Room, room_figure
from xviz.figures.style import PRESETS

ORIGIN = Provenance("mit", "mit", "a" * 64, "room", "b" * 64, {"method": "look"})


@pytest.fixture(scope="module")
def shown() -> Room:
    bare = room(8000)
    names = tuple(f"frame-{i}.jpg" for i in range(5))
    return Room(
        bare.xyz, bare.rgb, Segments("supervoxels", bare.segments, bare.middles.astype(np.float32)), bare.images,
        PatchGrid("patches", names, (6, 8)), np.tile([0.0, 0, 160, 120], (5, 1)), "made here (CC0)",
    )  # fmt: skip


def asked_by_patch(shown: Room, signed: bool = False) -> Explanation:
    scores = np.arange(len(shown.segments)) / len(shown.segments) - 0.3 * signed
    return Explanation({"supervoxels": scores}, "look", "chair", "weight", signed, ORIGIN, ("patches", (48 * 2 + 27,)))


def asked_by_piece(shown: Room) -> Explanation:
    scores = np.random.default_rng(0).random(240) ** 6
    return Explanation({"patches": scores}, "look", "chair", "weight", False, ORIGIN, ("supervoxels", (60,)))


def figure(shown: Room, explanation: Explanation, preset: str = "nature-double", **over):
    overlay = Overlay(strongest(explanation, 4), **over)
    return room_figure(shown, explanation, titles=("Cloud", "Photos"), overlay=overlay, preset=PRESETS[preset])


@pytest.mark.parametrize("preset", SOME)
def test_every_venue_has_its_width_and_its_height_is_kept(shown: Room, preset: str) -> None:
    drawn = figure(shown, asked_by_patch(shown), preset)
    assert drawn.size_mm[0] == pytest.approx(PRESETS[preset].width_mm, abs=1e-6)
    assert drawn.size_mm[1] <= (PRESETS[preset].max_height_mm or 1e3)
    for words in ("8000 points", "colour:", "CC0", "dashed: the picked patch", "the 4 strongest links"):
        assert words in drawn.caption
    assert read_record(drawn.to_bytes("svg"))["provenance"]["options"]["camera"].startswith("from (")


def test_text_is_text_and_the_file_is_the_same_each_time(shown: Room) -> None:
    files = [figure(shown, asked_by_piece(shown), totals=np.arange(5)).to_bytes("pdf") for _ in range(2)]
    assert files[0] == files[1]
    text = PdfReader(io.BytesIO(files[0])).pages[0].extract_text()
    for words in ("Cloud", "Photos", "Photo 5", "weight"):
        assert words in text


def test_a_still_shows_each_point_where_the_camera_projects_it(shown: Room) -> None:
    camera = Camera.whole(shown.xyz, 1.4)
    for index in (np.argmax(shown.xyz[:, 2]), np.argmax(shown.xyz[:, 0] - shown.xyz[:, 1]), np.argmax(shown.xyz[:, 1])):
        colours = np.full((len(shown.xyz), 3), 200, np.uint8)
        colours[index] = 255, 0, 0
        painted = still(shown.xyz, colours, camera, 900)
        assert painted.shape == (643, 900, 3)
        red = np.argwhere((painted[..., 0] > 230) & (painted[..., 1] < 60))
        (expected,), _ = camera.project(shown.xyz[index])
        np.testing.assert_allclose(red.mean(0)[::-1] / [900, 643], expected, atol=0.006)


def test_the_whole_view_holds_every_point_with_room_to_spare(shown: Room) -> None:
    for aspect in (0.7, 1.0, 2.0):
        places, depth = Camera.whole(shown.xyz, aspect).project(shown.xyz)
        assert (depth > 0).all()
        assert places.min() > 0
        assert places.max() < 1


@pytest.mark.parametrize(
    "record",
    [None, {}, {"eye": [1, 2], "focus": [0, 0, 0], "up": [0, 0, 1], "aspect": 1}, {"eye": "x"},
     {"eye": [0, 0, 1], "focus": [0, 0, 0], "up": [0, 0, 1], "aspect": 1},
     {"eye": [1, 1, 1], "focus": [0, 0, 0], "up": [0, 0, 1], "aspect": float("nan")}],
)  # fmt: skip
def test_a_camera_that_cannot_be_is_not_taken(shown: Room, record) -> None:
    assert Camera.told(record, shown.xyz) == Camera.whole(shown.xyz)


def test_the_live_camera_is_taken(shown: Room) -> None:
    camera = Camera.told({"eye": [9, 1, 4], "focus": [1, 1, 1], "up": [0, 0, 1], "aspect": 1.6}, shown.xyz)
    assert camera.eye == (9, 1, 4)
    drawn = figure(shown, asked_by_patch(shown), camera=camera)
    assert "from (9.000, 1.000, 4.000)" in drawn.caption


def test_links_run_from_the_supervoxel_to_the_patch(shown: Room) -> None:
    explanation = asked_by_piece(shown)
    camera = Camera.whole(shown.xyz)
    drawn = figure(shown, explanation, totals=explanation.scores["patches"].reshape(5, -1).sum(1), camera=camera)
    drawn.drawing.canvas.draw()
    lines = [artist for artist in drawn.drawing.artists if isinstance(artist, ConnectionPatch)]
    assert len(lines) == 4
    clouds = next(axes for axes in drawn.drawing.axes if axes.images)
    (seen,), _ = camera.project(shown.segments.middles[60])
    for line, link in zip(lines, strongest(explanation, 4), strict=True):
        width, height = clouds.get_xlim()[1], clouds.get_ylim()[0]
        first, last = camera.band(shown.xyz)
        expected = [seen[0] * width, (seen[1] - first) / (last - first) * height]
        np.testing.assert_allclose(line.xy1, expected, atol=1e-6)
        _, row, column = shown.patches.place(link.patch)
        axes = next(a for a in drawn.drawing.axes if a.transData is line.coords2)
        share = np.array(line.xy2) / [axes.get_xlim()[1], axes.get_ylim()[0]]
        np.testing.assert_allclose(share, [(column + 0.5) / 8, (row + 0.5) / 6], atol=1e-6)


def test_photos_stand_by_their_totals(shown: Room) -> None:
    drawn = figure(shown, asked_by_piece(shown), totals=[0.1, 0.5, 0.2, 0.15, 0.05])
    drawn_texts = [text.get_text() for axes in drawn.drawing.axes for text in axes.texts]
    names = [text for text in drawn_texts if text.startswith("Photo ")]
    assert names == ["Photo 2", "Photo 4", "Photo 1", "Photo 5"], "those of links; files have no names in a paper"
    assert "0.5" in drawn_texts


@pytest.mark.parametrize("preset", ["springer-single", "pnas-middle", "lncs", "nature-double"])
def test_the_number_of_a_photo_is_never_cut(shown: Room, preset: str) -> None:
    drawn = figure(shown, asked_by_piece(shown), preset, totals=[1.23e-05, 0.5, 0.000212, 0.000961, 0.05])
    names = [text.get_text() for axes in drawn.drawing.axes for text in axes.texts if text.get_text()[:3] == "Pho"]
    assert len(names) > 3
    assert all(name[:6] == "Photo " and name[6:].isdigit() for name in names[1:] if name != "Photos"), names


def test_no_text_leaves_the_page(shown: Room) -> None:
    for preset in ("nature-single", "lncs", "ieee-double"):
        drawing = figure(shown, asked_by_patch(shown, signed=True), preset).drawing
        for text, box in boxes_of(drawing):
            assert box.x0 >= -0.5, text
            assert box.x1 <= drawing.bbox.x1 + 0.5, text


def test_a_cloud_without_colours_and_a_class_over_both_sides(shown: Room) -> None:
    both = {**asked_by_patch(shown).scores, **asked_by_piece(shown).scores}
    explanation = Explanation(both, "relevance", "chair", "relevance", False, ORIGIN)
    bare = Room(shown.xyz, None, shown.segments, shown.images, shown.patches, shown.frames)
    drawn = room_figure(
        bare, explanation, titles=("Cloud", "Photos"), overlay=Overlay(totals=np.arange(5)), shared=True
    )
    limits = re.findall(r"colour: 0 … (\S+)", drawn.caption)
    assert len(limits) == 2
    assert limits[0] == limits[1]  # the same limits on both sides
    own = room_figure(bare, explanation, titles=("Cloud", "Photos"), overlay=Overlay(totals=np.arange(5)))
    assert len(set(re.findall(r"colour: 0 … (\S+)", own.caption))) == 2


@pytest.mark.parametrize("preset", ["nature-single", "ieee-single"])
def test_lines_pass_below_every_word_that_they_cross(shown: Room, preset: str) -> None:
    explanation = asked_by_patch(shown)
    drawing = figure(shown, explanation, preset, crosses=[(2, 10, 10)]).drawing
    lines = [artist for artist in drawing.artists if isinstance(artist, ConnectionPatch)]
    words = [axes for axes in drawing.axes if any(t.get_text() in ("Photos", "weight", "Photo 3") for t in axes.texts)]
    assert len(words) == 3
    assert all(axes.get_zorder() > line.get_zorder() for axes in words for line in lines)
    for text, box in boxes_of(drawing):
        if text.axes in words:
            patches = [patch for patch in text.axes.patches if patch.get_facecolor() == (1, 1, 1, 1)]
            grounds = [patch.get_window_extent() for patch in patches]
            assert any(g.x0 <= box.x0 + 1 and g.x1 >= box.x1 - 1 for g in grounds), text


def fine(shown: Room, **more) -> Room:
    """The room in voxels and pixels, photos 3 and 4 without scores."""
    return Room(
        shown.xyz, shown.rgb, Segments("voxels", shown.segments.of_point, shown.segments.middles), shown.images,
        PatchGrid("pixels", shown.patches.photos, (96, 128)), shown.frames, fine=True, bare=(3, 4), **more,
    )  # fmt: skip


def test_voxels_and_pixels_have_limits_that_some_lie_beyond_and_are_not_named(shown: Room) -> None:
    rng = np.random.default_rng(0)
    scores = {"voxels": rng.normal(size=len(shown.segments)), "pixels": rng.normal(size=5 * 96 * 128)}
    explanation = Explanation(scores, "integrated", "chair", "share", True, ORIGIN)
    drawn = room_figure(fine(shown), explanation, titles=("Cloud", "Photos"), limits={"voxels": 2.0, "pixels": 2.5})
    assert "photos of 96 × 128 pixels" in drawn.caption
    assert "1 without scores" in drawn.caption, "of the four that are shown"
    assert "colour: −2 … 2 per voxel: share" in drawn.caption
    assert re.search(r"colour: −2.5 … 2.5 per pixel: share; \d+ scores lie beyond", drawn.caption)
    assert "strongest" not in drawn.caption


def test_a_cell_is_painted_where_it_lies_on_its_photo() -> None:
    picture, scores = np.full((60, 80, 3), 128, np.uint8), np.full((4, 4), np.nan)
    scores[1, 2] = 1.0
    painted = heat_of_cells(picture, (0, -10, 80, 70), scores, diverging([1.0]))  # taller than the picture
    coloured = np.argwhere((painted != painted[0, 0]).any(2))
    assert coloured.min(0).tolist() == [10, 40]
    assert coloured.max(0).tolist() == [29, 59]
    scores[:] = 0.5
    assert (heat_of_cells(picture, (20, 0, 60, 60), scores, diverging([1.0]))[:, :20] == painted[0, 0]).all()


def test_links_name_the_strongest_that_answer(shown: Room) -> None:
    links = strongest(asked_by_patch(shown), 3)
    last = len(shown.segments) - 1
    assert [(link.patch, link.supervoxel) for link in links] == [(123, last), (123, last - 1), (123, last - 2)]
    assert strongest(Explanation({}, "rollout", "chair", "weight", False, ORIGIN), 3) == ()


def test_numbers_stand_at_their_own_outline_and_in_no_earlier_one() -> None:
    """Corners of the box around an outline may lie in another one: two long slanted outlines beside each other."""
    axes = MatplotlibFigure().add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 300), ylim=(300, 0))
    first = np.array([(100, 100), (200, 180), (195, 190), (95, 110)], float)
    second = first + np.array((-40.0, 45.0))
    taken: list[np.ndarray] = []
    for number, spots in enumerate((first, second)):
        ranked(axes, spots, str(number), 6.0, taken, np.array([255, 0, 0], np.uint8))
    outlines = [patch.get_path() for patch in axes.patches if isinstance(patch, Polygon)]
    for spots, tag in zip(
        (first, second), (patch for patch in axes.patches if isinstance(patch, Rectangle)), strict=True
    ):
        middle = np.add(tag.get_xy(), (tag.get_width() / 2, tag.get_height() / 2))
        assert np.hypot(*(spots - middle).T).min() < tag.get_width() + tag.get_height()
        assert not any(path.contains_point(middle) for path in outlines)
