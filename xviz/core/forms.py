"""How the tokens of a space are shown: boxes on a picture, words, electrodes on a head, points of a cloud.

There are many types of token spaces and few forms. Screen and paper draw forms, so that a new type of space is one
class: with a method ``form(source)`` it says how it is shown; without one its labels stand in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.grounds import GREY, Source, enlarged, seen
from xviz.core.sample import PointCloud
from xviz.core.tokens import Boxes, Electrodes, Named, PatchGrid, Pieces, Scores, Segments, TokenSpace

Ticks = tuple[tuple[float, str], ...]  #: share of a side, from left or top, and text
BLOCKS = 448  #: pixels to which the sides of what a model is fed are enlarged


@dataclass(frozen=True, eq=False, kw_only=True)
class Form:
    """What all forms have: things that can be picked, mostly one for each token."""

    labels: tuple[str, ...]  #: one for each thing
    noun: str = "token"  #: what a thing is called, in one word

    def __len__(self) -> int:
        """The number of things that can be picked."""
        return len(self.labels)

    @property
    def count(self) -> int:
        """The number of tokens."""
        return len(self.labels)

    def tokens(self, thing: int) -> tuple[int, ...]:
        """The tokens that a thing stands for."""
        return (thing,)

    def thing(self, token: int) -> int:
        """The thing that a token belongs to."""
        return token

    def painted(self, scores: Scores) -> NDArray[np.float64]:
        """One score per token → one per thing; NaN for a thing without one."""
        return np.asarray(scores, np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Words(Form):
    """Words in reading order, or plain names."""

    of_token: NDArray[np.int64]  #: (tokens,) the word that each belongs to

    @property
    def count(self) -> int:
        """The number of pieces."""
        return len(self.of_token)

    def tokens(self, thing: int) -> tuple[int, ...]:
        """The pieces of a word; none where it lies beyond what the model reads."""
        return tuple(int(i) for i in np.flatnonzero(self.of_token == thing))

    def thing(self, token: int) -> int:
        """The word of a piece."""
        return int(self.of_token[token])

    def painted(self, scores: Scores) -> NDArray[np.float64]:
        """The sum over the pieces of each word; NaN for words beyond what the model reads."""
        painted = np.full(len(self), np.nan)
        painted[np.unique(self.of_token)] = 0.0
        np.add.at(painted, self.of_token, scores)
        return painted


@dataclass(frozen=True, eq=False, kw_only=True)
class OnPicture(Form):
    """Boxes over one picture, a spectrogram, or traces along time."""

    pixels: NDArray[np.uint8]  #: (height, width, 3)
    boxes: NDArray[np.float32]  #: (n, 4) left, top, right, bottom in pixels
    ticks: tuple[Ticks, Ticks] = ((), ())  #: of the horizontal and of the vertical side
    names: tuple[str, str] = ("", "")  #: of the sides, with units
    real: bool = True  #: False where nothing is known of what lies under the boxes, so that it is grey


@dataclass(frozen=True, eq=False, kw_only=True)
class OnPictures(Form):
    """The same grid of patches over each of several pictures, picture by picture and row by row."""

    images: tuple[NDArray[np.uint8], ...]  #: each (height, width, 3)
    names: tuple[str, ...]
    grid: tuple[int, int]  #: rows and columns
    real: bool = True

    def alone(self, picture: int) -> OnPicture:
        """One of the pictures with its patches."""
        each = self.grid[0] * self.grid[1]
        image = self.images[picture]
        labels = self.labels[picture * each : (picture + 1) * each]
        boxes = squares(self.grid, image.shape[:2])
        return OnPicture(labels=labels, noun=self.noun, pixels=image, boxes=boxes, real=self.real)

    def split(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) values → (pictures, patches of each)."""
        return values.reshape(len(self.images), -1)


@dataclass(frozen=True, eq=False, kw_only=True)
class OnHead(Form):
    """Electrodes on a head."""

    positions: NDArray[np.float32]  #: (n, 3) metres: right, front, up; NaN where unknown


@dataclass(frozen=True, eq=False, kw_only=True)
class InCloud(Form):
    """Points, or groups of points, of a cloud."""

    xyz: NDArray[np.float32]  #: (points, 3) metres, z up
    of_point: NDArray[np.int64]  #: (points,) the token of each; −1 for none
    rgb: NDArray[np.uint8] | None = None  #: (points, 3)


def labelled(space: TokenSpace) -> tuple[str, ...]:
    """The label of every token."""
    return tuple(space.label(index) for index in range(len(space)))


def squares(grid: tuple[int, int], size: Sequence[int]) -> NDArray[np.float32]:
    """(rows · columns, 4) the boxes of a grid over height and width, row by row."""
    ys, xs = (np.linspace(0, side, count + 1) for side, count in zip(size, grid, strict=True))
    return np.array(
        [[xs[c], ys[r], xs[c + 1], ys[r + 1]] for r in range(grid[0]) for c in range(grid[1])], np.float32
    ).reshape(-1, 4)


@singledispatch
def form(space: TokenSpace, source: Source) -> Form:
    """How the tokens of a space are shown.

    Args:
        space: Any leaf space; a type of its own says how with a method ``form(source)``.
        source: The sample and what the model is fed.

    Raises:
        ModelError: the space's own form has another number of tokens than the space.
    """
    own = getattr(space, "form", None)
    if not callable(own):
        return listed(labelled(space), noun="token")
    made_form = own(source)
    if not isinstance(made_form, Form) or made_form.count != len(space):
        raise ModelError(f"form() of the space “{space.name}” must give a Form of its {len(space)} tokens.")
    return made_form


def listed(labels: Sequence[str], noun: str) -> Words:
    """Names in a row."""
    return Words(labels=tuple(labels), noun=noun, of_token=np.arange(len(labels)))


@form.register
def _named(space: Named, source: Source) -> Form:
    return listed(space.names, noun="name")


@form.register
def _pieces(space: Pieces, source: Source) -> Form:
    return Words(labels=tuple(space.words), noun="word", of_token=np.asarray(space.of_word))


@form.register
def _electrodes(space: Electrodes, source: Source) -> Form:
    if np.isfinite(space.positions).all(1).sum() < 1:
        return listed(space.names, noun="electrode")
    return OnHead(labels=tuple(space.names), noun="electrode", positions=space.positions)


@form.register
def _boxes(space: Boxes, source: Source) -> Form:
    pixels = source.picture(space.name, space.size)
    known = pixels is not None
    ground = np.full((*space.size, 3), GREY, np.uint8) if pixels is None else pixels
    down, across = ground.shape[0] / space.size[0], ground.shape[1] / space.size[1]
    boxes = np.asarray(space.boxes, np.float32) * np.array([across, down, across, down], np.float32)
    labels = tuple(f"region {i + 1}" for i in range(len(space)))
    return OnPicture(labels=labels, noun="region", pixels=ground, boxes=boxes, real=known)


@form.register
def _patches(space: PatchGrid, source: Source) -> Form:
    images = source.pictures(space.photos)
    known, rows, columns = images is not None, *space.grid
    if images is None:
        images = tuple(np.full((rows * 32, columns * 32, 3), GREY, np.uint8) for _ in space.photos)
    labels = tuple(f"row {row + 1}, column {column + 1}" for row in range(rows) for column in range(columns))
    if len(images) == 1:
        boxes = squares(space.grid, images[0].shape[:2])
        return OnPicture(labels=labels, noun="patch", pixels=images[0], boxes=boxes, real=known)
    return OnPictures(
        labels=labelled(space), noun="patch", images=images, names=space.photos, grid=space.grid, real=known
    )


@form.register
def _cells(space: Cells, source: Source) -> Form:
    fed = source.fed(space.size)
    pixels, known = None if fed is None else seen(fed), True
    if pixels is not None and not space.upright:
        pixels = pixels[::-1]
    if pixels is None and space.upright:
        pixels = source.picture(space.base().name, space.size)
    if pixels is None:
        pixels, known = np.full((*space.size, 3), GREY, np.uint8), False
    pixels = enlarged(pixels, BLOCKS)
    down, across = pixels.shape[0] / space.size[0], pixels.shape[1] / space.size[1]
    return OnPicture(
        labels=labelled(space), noun="patch" if space.upright else "cell", pixels=pixels,
        boxes=space.boxes * np.array([across, down, across, down], np.float32), real=known,
    )  # fmt: skip


@form.register
def _segments(space: Segments, source: Source) -> Form:
    labels, noun = labelled(space), space.name.removesuffix("s")
    for cloud in source.of_kind(PointCloud).values():
        if len(cloud.xyz) == len(space.of_point):
            return InCloud(labels=labels, noun=noun, xyz=cloud.xyz, of_point=space.of_point, rgb=cloud.rgb)
    return InCloud(labels=labels, noun=noun, xyz=space.middles, of_point=np.arange(len(space)))
