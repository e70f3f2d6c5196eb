"""Token spaces: what token i is, and where its score is painted.

A space is the only knowledge of a modality that methods and views need. ``paint`` turns one score per token into an
array in the part's own shape; ``label`` names a token for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import ModelError

Scores = NDArray[np.floating]


@runtime_checkable
class TokenSpace(Protocol):
    """What every kind of token space can do."""

    @property
    def name(self) -> str:
        """What attention calls it."""

    def __len__(self) -> int:
        """The number of tokens."""

    def label(self, index: int) -> str:
        """The name of one token, for people."""

    def paint(self, scores: Scores) -> Scores:
        """One score per token, laid out in the shape of the part it came from."""


def check_scores(space: TokenSpace, scores: Scores) -> Scores:
    """The scores as an array, if there is exactly one for each token.

    Raises:
        ModelError: the number of scores is not the number of tokens.
    """
    scores = np.asarray(scores)
    if scores.shape != (len(space),):
        raise ModelError(f"{space.name} has {len(space)} tokens and needs as many scores; got shape {scores.shape}.")
    return scores


@dataclass(frozen=True, eq=False)
class Named:
    """Tokens that have a name, and no other place than that: classes, words of a list."""

    name: str
    names: tuple[str, ...]

    def __len__(self) -> int:
        """The number of names."""
        return len(self.names)

    def label(self, index: int) -> str:
        """The name itself."""
        return self.names[index]

    def paint(self, scores: Scores) -> Scores:
        """(n,) scores as they are."""
        return check_scores(self, scores)


@dataclass(frozen=True, eq=False)
class Electrodes(Named):
    """Tokens that are electrodes on a head."""

    positions: NDArray[np.float32]  #: (n, 3) metres: right, front, up; NaN where unknown
    interpolated: tuple[int, ...] = ()  #: electrodes that were not recorded: their signal was made from others

    @property
    def marked(self) -> tuple[str, ...]:
        """The names, those of interpolated electrodes with a star."""
        return tuple(f"{name}*" if i in self.interpolated else name for i, name in enumerate(self.names))


@dataclass(frozen=True, eq=False)
class Boxes:
    """Tokens that are boxes in a picture."""

    name: str
    boxes: NDArray[np.float32]  #: (n, 4) x0, y0, x1, y1 in pixels, half open
    size: tuple[int, int]  #: height, width of the picture in pixels

    def __len__(self) -> int:
        """The number of boxes."""
        return len(self.boxes)

    def label(self, index: int) -> str:
        """Number and place: ``region 7 (12–80, 30–95 px)``."""
        x0, y0, x1, y1 = (round(float(v)) for v in self.boxes[index])
        return f"region {index + 1} ({x0}–{x1}, {y0}–{y1} px)"

    def paint(self, scores: Scores) -> Scores:
        """(height, width): every pixel gets the score of greatest magnitude among its boxes, NaN where it has none."""
        scores = check_scores(self, scores)
        painted = np.full(self.size, np.nan)
        for index in np.argsort(np.abs(scores), kind="stable"):  # the strongest is painted last
            x0, y0, x1, y1 = np.round(self.boxes[index]).astype(int)
            painted[max(y0, 0) : max(y1, y0 + 1), max(x0, 0) : max(x1, x0 + 1)] = scores[index]
        return painted

    def area(self) -> NDArray[np.float64]:
        """(n,) box areas as shares of the picture."""
        sides = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0).astype(np.float64)
        return sides.prod(axis=1) / (self.size[0] * self.size[1])


@dataclass(frozen=True, eq=False)
class Pieces:
    """Tokens that are word pieces; people see words."""

    name: str
    pieces: tuple[str, ...]
    of_word: NDArray[np.int64]  #: (p,) index of the word that each piece belongs to
    words: tuple[str, ...]

    def __len__(self) -> int:
        """The number of pieces."""
        return len(self.pieces)

    def label(self, index: int) -> str:
        """The piece, with its word where it is only a part of one."""
        word = self.words[int(self.of_word[index])]
        return word if self.pieces[index].lower() == word.lower() else f"{self.pieces[index]} (in “{word}”)"

    def paint(self, scores: Scores) -> Scores:
        """(words,): the sum over the pieces of each word; zero for words beyond the model's limit."""
        painted: Scores = np.zeros(len(self.words))
        np.add.at(painted, self.of_word, check_scores(self, scores))
        return painted

    def of(self, word: int) -> tuple[int, ...]:
        """The pieces of one word; none where it lies beyond the model's limit."""
        return tuple(int(i) for i in np.flatnonzero(self.of_word == word))


@dataclass(frozen=True, eq=False)
class Segments:
    """Tokens that are groups of points of a cloud, such as supervoxels."""

    name: str
    of_point: NDArray[np.int64]  #: (points,) the token that each point belongs to; −1 for none
    middles: NDArray[np.float32]  #: (n, 3) metres, the mean place of each token's points

    def __len__(self) -> int:
        """The number of groups."""
        return len(self.middles)

    def label(self, index: int) -> str:
        """Number and place: ``supervoxel 7 (1.2, 0.4, 0.8 m)``."""
        x, y, z = self.middles[index]
        return f"{self.name.removesuffix('s')} {index + 1} ({x:.1f}, {y:.1f}, {z:.1f} m)"

    def paint(self, scores: Scores) -> Scores:
        """(points,): each point has the score of its token, NaN where it belongs to none."""
        scores = check_scores(self, scores)
        return np.where(self.of_point >= 0, scores[self.of_point], np.nan)


@dataclass(frozen=True, eq=False)
class PatchGrid:
    """Tokens that are patches of several photos, photo by photo and row by row."""

    name: str
    photos: tuple[str, ...]  #: names of the photos
    grid: tuple[int, int]  #: rows and columns of each photo

    def __len__(self) -> int:
        """The number of patches of all photos together."""
        return len(self.photos) * self.grid[0] * self.grid[1]

    def place(self, index: int) -> tuple[int, int, int]:
        """Photo, row and column of a patch, counted from zero."""
        photo, cell = divmod(index, self.grid[0] * self.grid[1])
        return photo, *divmod(cell, self.grid[1])

    def index(self, photo: int, row: int, column: int) -> int:
        """The patch at a photo, row and column."""
        return (photo * self.grid[0] + row) * self.grid[1] + column

    def label(self, index: int) -> str:
        """``frame-000040.jpg, row 3, column 5``."""
        photo, row, column = self.place(index)
        return f"{self.photos[photo]}, row {row + 1}, column {column + 1}"

    def paint(self, scores: Scores) -> Scores:
        """(photos, rows, columns) scores."""
        return check_scores(self, scores).reshape(len(self.photos), *self.grid)


@dataclass(frozen=True, eq=False)
class Joined:
    """Several spaces in a row, as one sequence."""

    name: str
    spaces: tuple[TokenSpace, ...]

    def __len__(self) -> int:
        """The number of tokens of all spaces together."""
        return sum(len(space) for space in self.spaces)

    def starts(self) -> dict[str, int]:
        """Space name → index of its first token in the sequence."""
        ends = np.cumsum([0, *(len(space) for space in self.spaces)])
        return {space.name: int(start) for space, start in zip(self.spaces, ends, strict=False)}

    def label(self, index: int) -> str:
        """The label that the token has in its own space."""
        for space in self.spaces:
            if index < len(space):
                return space.label(index)
            index -= len(space)
        raise ModelError(f"{self.name} has {len(self)} tokens; there is no token {index + len(self)}.")

    def paint(self, scores: Scores) -> Scores:
        """(n,) scores as they are: the parts have different shapes, ``split`` gives them one by one."""
        return check_scores(self, scores)

    def split(self, scores: Scores) -> dict[str, Scores]:
        """Scores (…, n) → space name → (…, tokens of that space)."""
        return {
            space.name: scores[..., start : start + len(space)]
            for space, start in zip(self.spaces, self.starts().values(), strict=True)
        }


def leaves(space: TokenSpace) -> tuple[TokenSpace, ...]:
    """The spaces that a space is joined from, or the space itself."""
    return tuple(leaf for part in space.spaces for leaf in leaves(part)) if isinstance(space, Joined) else (space,)


def place(space: TokenSpace, leaf: str, tokens: Sequence[int]) -> list[int]:
    """Where the tokens of a leaf stand in the space.

    Raises:
        ModelError: the space holds no such leaf, or the leaf no such token.
    """
    start = 0
    for part in leaves(space):
        if part.name == leaf:
            if bad := [t for t in tokens if not 0 <= t < len(part)]:
                raise ModelError(f"{leaf} has {len(part)} tokens, counted from 0; there is no token {bad[0]}.")
            return [start + t for t in tokens]
        start += len(part)
    have = ", ".join(part.name for part in leaves(space))
    raise ModelError(f"The space “{space.name}” holds {have}; it has no “{leaf}”.")
