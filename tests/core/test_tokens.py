"""Token spaces: painting loses nothing, joined spaces come apart where they were put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xviz.core.cells import Cells
from xviz.core.errors import ModelError, SampleError
from xviz.core.moments import Frames, Steps
from xviz.core.sample import Sample, Series
from xviz.core.tokens import Boxes, Joined, Named, PatchGrid, Pieces, Segments, TokenSpace, leaves, place

WORDS = Pieces(
    "pieces", ("un", "##believ", "##able", "dog", "Dog"), np.array([0, 0, 0, 1, 2]), ("unbelievable", "dog", "dog", ".")
)
BOXES = Boxes("regions", np.array([[0, 0, 4, 4], [2, 2, 6, 6], [4.4, 0, 5.6, 2]], np.float32), (6, 8))
NAMES = Named("classes", ("yes", "no"))
SUPERVOXELS = Segments("supervoxels", np.array([0, 2, -1, 1, 0]), np.zeros((3, 3), np.float32))
PATCHES = PatchGrid("patches", ("one.jpg", "two.jpg"), (3, 2))
STEPS = Steps("sound", 6, rate=5.0, start=1.0, channels=("loudness", "pitch"))
ALIGNED = Steps("face", 2, spans=np.array([[0.1, 0.4], [0.4, 1.3]]))
FRAMES = Frames("video", 5)
CELLS = Cells.spectrogram("cells", (2, 4), seconds=(0, 2), hertz=(0, 1000, 4000), size=(4, 8))
BOTH = Joined("joint", (BOXES, WORDS))
NESTED = Joined("all", (NAMES, BOTH))

spaces = pytest.mark.parametrize(
    "space", [WORDS, BOXES, NAMES, BOTH, NESTED, SUPERVOXELS, PATCHES, STEPS, ALIGNED, FRAMES, CELLS]
)


@spaces
def test_every_space_is_one(space):
    assert isinstance(space, TokenSpace)
    assert len({space.label(i) for i in range(len(space))}) >= len(space) - 1  # "dog" stands there twice


@spaces
@pytest.mark.parametrize("wrong", [np.zeros(1), np.zeros((5, 5)), np.zeros(99)])
def test_a_wrong_number_of_scores_is_refused(space, wrong):
    with pytest.raises(ModelError, match="tokens and needs as many scores"):
        space.paint(wrong)


def test_boxes_show_every_token_and_the_strongest_where_they_overlap():
    painted = BOXES.paint(np.array([1.0, 3.0, 2.0]))
    assert painted.shape == (6, 8)
    assert painted[0, 0] == 1
    assert painted[2, 2] == painted[3, 3] == painted[5, 5] == 3  # in both of two boxes, and in one
    assert painted[0, 4] == painted[1, 5] == 2  # 4.4 to 5.6 px are columns 4 and 5
    assert np.isnan(painted[0, 7])
    assert np.isnan(painted[0, 6])
    assert set(painted[~np.isnan(painted)]) == {1, 2, 3}


@given(hnp.arrays(np.float64, 3, elements=st.floats(-5, 5), unique=True))
def test_pixels_hold_the_score_of_greatest_magnitude_among_their_boxes(scores):
    painted = BOXES.paint(scores)
    for y in range(6):
        for x in range(8):
            over = [
                s
                for s, (x0, y0, x1, y1) in zip(scores, np.round(BOXES.boxes), strict=True)
                if x0 <= x < x1 and y0 <= y < y1
            ]
            if over:
                assert painted[y, x] in over
                assert abs(painted[y, x]) == max(map(abs, over))
            else:
                assert np.isnan(painted[y, x])


def test_a_box_without_area_is_still_painted_once():
    flat = Boxes("flat", np.array([[3, 3, 3, 3], [-2, -2, 1, 1]], np.float32), (6, 8))
    painted = flat.paint(np.array([7.0, 5.0]))
    assert painted[3, 3] == 7
    assert painted[0, 0] == 5
    assert (~np.isnan(painted)).sum() == 2


def test_areas_are_shares_of_the_picture():
    np.testing.assert_allclose(BOXES.area(), [16 / 48, 16 / 48, 2.4 / 48], rtol=1e-6)


@given(hnp.arrays(np.float64, 5, elements=st.floats(-5, 5)))
def test_words_hold_the_sum_of_their_pieces(scores):
    painted = WORDS.paint(scores)
    np.testing.assert_allclose(painted, [scores[:3].sum(), scores[3], scores[4], 0], atol=1e-12)
    assert painted.sum() == pytest.approx(scores.sum(), abs=1e-12)


def test_a_repeated_word_stays_apart():
    assert WORDS.of(1) == (3,)
    assert WORDS.of(2) == (4,)
    assert WORDS.of(0) == (0, 1, 2)
    assert WORDS.of(3) == ()  # beyond the limit
    assert WORDS.paint(np.array([0, 0, 0, 1, 0])).tolist() == [0, 1, 0, 0]


def test_labels_are_for_people():
    assert WORDS.label(1) == "##believ (in “unbelievable”)"
    assert WORDS.label(3) == "dog"
    assert BOXES.label(1) == "region 2 (2–6, 2–6 px)"
    assert NAMES.label(1) == "no"
    assert BOTH.label(3) == WORDS.label(0)
    assert NESTED.label(2) == BOXES.label(0)
    with pytest.raises(ModelError, match="there is no token 8"):
        BOTH.label(8)


def test_leaves_are_what_joined_spaces_hold():
    assert [leaf.name for leaf in leaves(NESTED)] == ["classes", "regions", "pieces"]
    assert leaves(WORDS) == (WORDS,)
    assert len(NESTED) == 10
    assert BOTH.starts() == {"regions": 0, "pieces": 3}


@spaces
def test_the_places_of_all_leaves_are_the_whole_sequence(space):
    places = [place(space, leaf.name, range(len(leaf))) for leaf in leaves(space)]  # nested ones too
    assert [index for part in places for index in part] == list(range(len(space)))


def test_a_joined_space_splits_into_its_own_parts():
    assert {name: s.tolist() for name, s in BOTH.split(np.arange(8)).items()} == {
        "regions": [0, 1, 2],
        "pieces": [3, 4, 5, 6, 7],
    }
    np.testing.assert_array_equal(BOTH.paint(np.arange(8)), np.arange(8))


def test_tokens_that_are_not_there_are_refused():
    with pytest.raises(ModelError, match="it has no “classes”"):
        place(BOTH, "classes", [0])
    for bad in (-1, 5):
        with pytest.raises(ModelError, match=f"there is no token {bad}"):
            place(BOTH, "pieces", [0, bad])


def test_points_have_the_score_of_their_supervoxel_and_none_where_they_belong_to_none():
    np.testing.assert_array_equal(SUPERVOXELS.paint(np.array([1.0, 2.0, 3.0])), [1, 3, np.nan, 2, 1])
    assert SUPERVOXELS.label(0) == "supervoxel 1 (0.0, 0.0, 0.0 m)"


def test_patches_lie_photo_by_photo_and_row_by_row():
    painted = PATCHES.paint(np.arange(12.0))
    assert painted.shape == (2, 3, 2)
    for index in range(12):
        assert painted[PATCHES.place(index)] == index == PATCHES.index(*PATCHES.place(index))
    assert PATCHES.label(9) == "two.jpg, row 2, column 2"


def test_moments_are_told_with_their_time():
    assert STEPS.label(2) == "step 3 (1.40–1.60 s)"
    assert ALIGNED.label(1) == "step 2 (0.40–1.30 s)"
    assert FRAMES.label(4) == "frame 5"
    assert FRAMES.seconds is None
    np.testing.assert_allclose(STEPS.seconds, [[1 + i / 5, 1.2 + i / 5] for i in range(6)])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Steps("sound", 6, rate=0), "above zero"),
        (lambda: Frames("video", 3, spans=np.zeros((2, 2))), "for each; got shape"),
        (lambda: STEPS.label(6), "no token 6"),
        (lambda: Cells.spectrogram("cells", (2, 4), seconds=(0, 2), hertz=(0, 9)), "needs 3 edges"),
        (lambda: Cells.spectrogram("cells", (2, 4), seconds=(0, 2), hertz=(0, 9, 10), size=(5, 8)), "cannot be cut"),
    ],
)
def test_moments_and_cells_that_make_no_sense_are_refused(wrong, says):
    with pytest.raises(ModelError, match=says):
        wrong()


def test_cells_of_a_spectrogram_count_from_the_lowest_band_and_are_painted_there():
    assert CELLS.label(0) == "0.00–0.50 s, 0–1000 Hz"
    assert CELLS.label(7) == "1.50–2.00 s, 1000–4000 Hz"
    painted = CELLS.paint(np.arange(8.0))
    assert painted.shape == (4, 8)
    assert (painted[2:, :2] == 0).all()  # the lowest band lies at the bottom
    assert (painted[:2, 6:] == 7).all()


def test_a_series_has_a_name_for_each_channel():
    series = Series(np.zeros((2, 5), np.float32), ("brow", "mouth"), 10.0)
    assert Sample("one", {"face": series}).part("face", Series) is series
    assert Sample("one", {"face": series}).digest != Sample("one", {"face": Series(series.values, ("a", "b"))}).digest
    for values, rate in ((np.zeros((3, 5)), 1.0), (np.zeros((2, 0)), 1.0), (np.zeros((2, 5)), 0.0)):
        with pytest.raises(SampleError, match="needs"):
            Series(values, ("brow", "mouth"), rate)
