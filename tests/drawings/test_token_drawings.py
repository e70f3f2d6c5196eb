"""The tokens of every type of space get the drawing of their form, and a type of one's own is one class."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from xviz.core.cells import Axis, Cells
from xviz.core.errors import ModelError
from xviz.core.forms import Form, OnPicture, OnPictures, Words, form
from xviz.core.grounds import Source
from xviz.core.moments import Frames
from xviz.core.moments import Steps as TimeSteps
from xviz.core.run import Inputs
from xviz.core.sample import Photos, Picture, PointCloud, Sample, Series, Sound, Text
from xviz.core.strips import strip
from xviz.core.tokens import Boxes, Electrodes, Named, PatchGrid, Pieces, Segments
from xviz.drawings import tokens
from xviz.drawings.payload import unpack

LEFT = np.zeros((40, 40, 3), np.uint8)
RIGHT = np.full((30, 60, 3), 250, np.uint8)
CLOUD = np.random.default_rng(0).random((100, 3)).astype(np.float32)


def span(a: float, b: float) -> str:
    return f"{a:g}–{b:g}"


SOUND = Cells(
    "sound", Axis.plain(16).pooled(4, 4, 0), Axis.plain(32).pooled(8, 8, 0), (16, 32), span, span, upright=False
)
SPACES = {
    "picture": Boxes("regions", np.float32([[0, 0, 10, 10], [5, 5, 20, 20]]), (40, 40)),
    "one photo": PatchGrid("patches", ("left",), (4, 4)),
    "photos": PatchGrid("both", ("left", "right"), (2, 3)),
    "words": Pieces("pieces", ("do", "##g", "x"), np.array([0, 0, 1]), ("dog", "x", "beyond")),
    "names": Named("names", ("a", "b", "c")),
    "head": Electrodes("eeg", ("Fz", "Cz", "Pz"), np.float32([[0, 0.1, 0.05], [0, 0, 0.1], [np.nan] * 3])),
    "cloud": Segments("supervoxels", np.repeat(np.arange(5), 20), CLOUD[:5]),
    "spectrogram": SOUND,
}
KINDS = {
    "picture": "picture", "one photo": "picture", "photos": "photos", "words": "words", "names": "words",
    "head": "head", "cloud": "cloud", "spectrogram": "picture",
}  # fmt: skip


@pytest.fixture
def source() -> Source:
    parts = {"left": Picture(LEFT), "right": Picture(RIGHT), "cloud": PointCloud(CLOUD)}
    return Source(Sample("all", parts), Inputs.of(*SPACES.values(), mel=torch.linspace(0, 1, 512).reshape(16, 32)))


@pytest.mark.parametrize("name", SPACES)
def test_every_type_has_a_drawing_whose_picks_are_its_tokens(name: str, source: Source) -> None:
    space = SPACES[name]
    shown, scores = form(space, source), np.arange(len(space), dtype=float)
    scale = tokens.scaled(shown, scores, signed=False, label="attention weight")
    drawing = tokens.draw(shown, scores, scale=scale, marks=tokens.Marks(selected=1))
    assert drawing.kind == KINDS[name]
    assert drawing.shape == (len(shown),)
    assert "attention weight" in drawing.alt
    assert sorted(token for thing in range(len(shown)) for token in shown.tokens(thing)) == list(range(len(space)))
    assert all(token in shown.tokens(shown.thing(token)) for token in range(len(space)))
    header, arrays = unpack(drawing.payload)
    assert header["selected"] in (shown.thing(1), [shown.thing(1)])
    np.testing.assert_allclose(arrays["value"], np.nan_to_num(shown.painted(scores), nan=np.nan), rtol=1e-6)
    assert tokens.draw(shown).kind == drawing.kind


def test_pieces_are_words_and_words_have_their_sum(source: Source) -> None:
    shown = form(SPACES["words"], source)
    np.testing.assert_array_equal(shown.painted(np.array([1.0, 2.0, 4.0])), [3, 4, np.nan])
    assert shown.tokens(0) == (0, 1)
    assert shown.tokens(2) == ()


def test_a_picture_is_found_by_name_and_by_size_and_never_guessed(source: Source) -> None:
    assert form(PatchGrid("p", ("right",), (2, 2)), source).pixels[0, 0, 0] == 250
    assert form(Boxes("regions", np.zeros((1, 4), np.float32), (30, 60)), source).pixels.shape == RIGHT.shape
    unknown = form(Boxes("regions", np.zeros((1, 4), np.float32), (99, 99)), source)
    assert not unknown.real
    other = form(PatchGrid("p", ("nobody",), (2, 2)), source)
    assert not other.real


def test_boxes_follow_a_picture_of_another_size() -> None:
    source = Source(Sample("one", {"picture": Picture(LEFT)}), Inputs.of())
    shown = form(Boxes("regions", np.float32([[0, 0, 100, 200]]), (200, 200)), source)
    assert shown.boxes[0].tolist() == [0, 0, 20, 40]


def test_photos_of_one_part_are_found_by_their_number() -> None:
    views = Photos((LEFT, RIGHT), ("one.jpg", "two.jpg"))
    shown = form(PatchGrid("p", ("a", "b"), (1, 2)), Source(Sample("s", {"views": views}), Inputs.of()))
    assert [image.shape for image in shown.images] == [LEFT.shape, RIGHT.shape]


def test_a_spectrogram_is_what_the_model_is_fed_low_notes_below(source: Source) -> None:
    shown = form(SOUND, source)
    assert shown.real
    assert shown.pixels[0].mean() > shown.pixels[-1].mean()  # the tensor rises, and its first row stands below
    drawn = Image.open(io.BytesIO(unpack(tokens.draw(shown).still)[1]["file"].tobytes()))
    assert drawn.size == shown.pixels.shape[1::-1]


def test_tokens_that_are_left_out_have_no_colour(source: Source) -> None:
    shown = form(SPACES["names"], source)
    scores = np.array([1.0, 2.0, 3.0])
    scale = tokens.scaled(shown, scores, signed=False, label="x")
    values = unpack(tokens.draw(shown, scores, scale=scale, marks=tokens.Marks(absent=(1,))).payload)[1]["value"]
    assert np.isnan(values).tolist() == [False, True, False]


def test_time_steps_are_stretches_of_their_channels() -> None:
    parts = {
        "face": Series(np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32), ("a", "b", "c"), 10.0, 1.0),
        "sound": Sound(np.zeros(8000, np.float32), 8000.0),
    }
    source = Source(Sample("s", parts), Inputs.of())
    spans = np.array([[1.0, 2.0], [4.0, 5.0]])
    shown = form(TimeSteps("face", 2, spans=spans), source)
    assert isinstance(shown, OnPicture)
    np.testing.assert_allclose(shown.boxes[:, [0, 2]] / shown.pixels.shape[1], [[0, 0.25], [0.75, 1]])
    assert [text for _, text in shown.ticks[1]] == ["a", "b", "c"]
    assert tokens.draw(shown).shape == (2,)
    heard = form(TimeSteps("sound", 4), source)
    np.testing.assert_allclose(heard.boxes[:, 0] / heard.pixels.shape[1], [0, 0.25, 0.5, 0.75])
    assert isinstance(form(TimeSteps("nobody", 4), source), Words)


def test_frames_are_pictures_side_by_side() -> None:
    views = Photos((LEFT, RIGHT, LEFT, RIGHT), ("1", "2", "3", "4"))
    source = Source(Sample("s", {"video": views}), Inputs.of())
    shown = form(Frames("video", 4), source)
    assert isinstance(shown, OnPictures)
    assert tokens.draw(shown).shape == (4,)
    groups = form(Frames("video", 2), source)
    assert [image.shape for image in groups.images] == [RIGHT.shape, RIGHT.shape]
    assert isinstance(form(Frames("video", 9), source), Words)


@dataclass(frozen=True, eq=False)
class Steps:
    """A type that nobody knows, of time steps over two named channels."""

    name: str
    count: int

    def __len__(self) -> int:
        return self.count

    def label(self, index: int) -> str:
        return f"step {index}"

    def paint(self, scores: np.ndarray) -> np.ndarray:
        return scores


class Drawn(Steps):
    def form(self, source: Source) -> Form:
        spans = np.stack([np.arange(self.count), np.arange(self.count) + 1], 1) * 40 / self.count
        return strip(np.random.default_rng(0).normal(size=(2, 40)), spans, labels=["step"] * self.count)


class Wrong(Steps):
    def form(self, source: Source) -> Form:
        return Words(labels=("a",), of_token=np.arange(7))


def test_a_type_of_ones_own_is_one_class() -> None:
    source = Source(Sample("s", {"text": Text(("a",))}), Inputs.of())
    listed = form(Steps("steps", 4), source)
    assert isinstance(listed, Words)
    assert listed.labels == ("step 0", "step 1", "step 2", "step 3")
    shown = form(Drawn("steps", 4), source)
    assert isinstance(shown, OnPicture)
    assert tokens.draw(shown).kind == "picture"
    with pytest.raises(ModelError, match="must give a Form of its 4 tokens"):
        form(Wrong("steps", 4), source)


def test_a_form_of_ones_own_says_that_nothing_draws_it() -> None:
    with pytest.raises(TypeError, match="register"):
        tokens.draw(Form(labels=("a",)))


def test_very_many_names_are_cells_that_are_told_under_the_cursor() -> None:
    count = tokens.MANY + 5
    shown = Words(labels=tuple(f"t{i}" for i in range(count)), of_token=np.arange(count))
    scores = np.linspace(0, 1, count)
    drawing = tokens.draw(shown, scores, scale=tokens.scaled(shown, scores, signed=False, label="attention weight"))
    assert drawing.kind == "picture"
    assert drawing.shape == (count,)
    assert f"t{count - 1} 1" in drawing.alt
