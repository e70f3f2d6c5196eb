"""Tokens that are rectangles on a plane, a picture or a spectrogram, and tokens pooled from them.

An ``Axis`` says where along one side of the plane each token lies. A token has a tile, its own place, which does not
overlap its neighbours' where the stride allows it, and a reach: everything that it was computed from. ``Cells`` are the
products of a row axis and a column axis. Pooling an axis gives the next axis, so that a key that was pooled twice still
knows its rectangle and the tokens that it covers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.tokens import Scores, TokenSpace, check_scores

Name = Callable[[float, float], str]  #: from … to, in units of the plane → words


@dataclass(frozen=True, eq=False)
class Axis:
    """Tokens along one side of a plane."""

    tiles: NDArray[np.float64]  #: (n, 2) from, to: the token's own place, in units of the plane
    reach: NDArray[np.float64]  #: (n, 2) from, to: all that the token was computed from
    members: NDArray[np.float64]  #: (n, tokens of the axis before) shares of those that it covers; rows sum to one

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self.tiles)

    @classmethod
    def plain(cls, length: int) -> Axis:
        """An axis whose tokens are the plane's own rows or columns."""
        edges = np.arange(length, dtype=np.float64)
        own = np.stack([edges, edges + 1], 1)
        return cls(own, own, np.eye(length))

    def pooled(self, kernel: int, stride: int, padding: int) -> Axis:
        """The axis after a convolution or pooling.

        A tile is the middle of the window, as wide as the stride or, where it is smaller, the window.

        Raises:
            ModelError: a window would lie wholly outside.
        """
        count = (len(self) + 2 * padding - kernel) // stride + 1
        starts = np.arange(count) * stride - padding
        first, last = np.maximum(starts, 0), np.minimum(starts + kernel, len(self))
        if count < 1 or (last <= first).any():
            raise ModelError(
                f"{len(self)} tokens cannot be pooled with kernel {kernel}, stride {stride} and padding {padding}: "
                "choose a larger input or a smaller stride."
            )
        wide = min(kernel, stride)
        low = np.clip(starts + (kernel - wide) / 2, 0, len(self))
        high = np.clip(starts + (kernel + wide) / 2, 0, len(self))
        members = np.zeros((count, len(self)))
        for index, (a, b) in enumerate(zip(first, last, strict=True)):
            members[index, a:b] = 1 / (b - a)
        reach = np.stack([self.reach[first, 0], self.reach[last - 1, 1]], 1)
        return Axis(np.stack([self._at(low), self._at(high)], 1), reach, members)

    def _at(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places counted in tokens → places on the plane; a token begins where its tile begins."""
        return np.interp(places, np.arange(len(self) + 1), [*self.tiles[:, 0], self.tiles[-1, 1]])


@dataclass(frozen=True, eq=False)
class Cells:
    """Tokens that are rectangles on a plane, row by row; y counts downwards, as pictures are drawn."""

    name: str
    rows: Axis  #: from the top
    columns: Axis
    size: tuple[int, int]  #: height, width of the plane
    say_rows: Name  #: a stretch of the vertical axis for people: "250–510 Hz"
    say_columns: Name  #: a stretch of the horizontal axis for people: "0.40–0.45 s"
    of: Cells | None = None  #: the tokens that these were pooled from; None where the model is fed these
    upright: bool = True  #: False where the model counts rows from the bottom, as a spectrogram does
    boxes: NDArray[np.float32] = field(init=False)  #: (n, 4) x0, y0, x1, y1: the tiles
    cover: NDArray[np.float64] = field(init=False)  #: (n, tokens of ``of``) rows sum to one; (n, 0) without ``of``

    @classmethod
    def spectrogram(
        cls,
        name: str,
        grid: tuple[int, int],
        *,
        seconds: tuple[float, float],
        hertz: Sequence[float],
        size: tuple[int, int] | None = None,
    ) -> Cells:
        """Patches of a spectrogram that do not overlap, bands from the lowest, each from the first moment on.

        Args:
            name: What attention calls them.
            grid: Tokens over frequency, tokens over time.
            seconds: When the spectrogram begins and ends.
            hertz: (rows + 1,) where each row of tokens begins and where the last ends, Hz.
            size: Bands and frames of the spectrogram itself, multiples of the grid; the grid where None.

        Raises:
            ModelError: not one edge more than rows, or a size that is no multiple of the grid.
        """
        size = size or grid
        if len(hertz) != grid[0] + 1:
            raise ModelError(f"“{name}” has {grid[0]} rows and needs {grid[0] + 1} edges in Hz; got {len(hertz)}.")
        if any(whole % part for whole, part in zip(size, grid, strict=True)):
            raise ModelError(f"“{name}”: {size[0]} × {size[1]} cannot be cut into {grid[0]} × {grid[1]} equal cells.")
        rows, columns = (
            Axis.plain(whole).pooled(whole // part, whole // part, 0) for whole, part in zip(size, grid, strict=True)
        )
        edges, (begin, end) = np.asarray(hertz, np.float64), seconds

        def say_rows(low: float, high: float) -> str:
            bands = np.interp([low, high], np.linspace(0, size[0], len(edges)), edges)
            return f"{bands[0]:.0f}–{bands[1]:.0f} Hz"

        def say_columns(first: float, last: float) -> str:
            first, last = (begin + (end - begin) * edge / size[1] for edge in (first, last))
            return f"{first:.2f}–{last:.2f} s"

        return cls(name, rows, columns, size, say_rows, say_columns, upright=False)

    def __post_init__(self) -> None:
        """Work out rectangles and coverage."""
        object.__setattr__(self, "boxes", self._boxes(self.rows.tiles, self.columns.tiles))
        pooled = self.of is not None
        cover = np.kron(self.rows.members, self.columns.members) if pooled else np.zeros((len(self), 0))
        object.__setattr__(self, "cover", cover)

    def _boxes(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n, 4) of intervals (rows, 2) and (columns, 2)."""
        if not self.upright:
            rows = self.size[0] - rows[:, ::-1]
        tall, wide = len(rows), len(columns)
        x, y = np.tile(columns, (tall, 1)), np.repeat(rows, wide, 0)
        return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], 1).astype(np.float32)

    def __len__(self) -> int:
        """The number of cells."""
        return len(self.rows) * len(self.columns)

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.columns)

    @property
    def reach(self) -> NDArray[np.float32]:
        """(n, 4) x0, y0, x1, y1 of all that a token was computed from before it met others."""
        return self._boxes(self.rows.reach, self.columns.reach)

    def label(self, index: int) -> str:
        """Where the cell lies: ``0.40–0.45 s, 250–510 Hz``."""
        row, column = divmod(index, len(self.columns))
        return f"{self.say_columns(*self.columns.tiles[column])}, {self.say_rows(*self.rows.tiles[row])}"

    def paint(self, scores: Scores) -> Scores:
        """(height, width): every unit of the plane has the score of the cell over its middle, NaN where there is none.

        Where cells overlap it is the score of greatest magnitude.
        """
        scores = check_scores(self, scores)
        painted = np.full(self.size, np.nan)
        edges = np.ceil(self.boxes - 0.5).astype(int)
        for index in np.argsort(np.abs(scores), kind="stable"):  # the strongest is painted last
            x0, y0, x1, y1 = edges[index]
            painted[y0:y1, x0:x1] = scores[index]
        return painted

    def ground(self, scores: Scores) -> Scores:
        """Scores (…, n) shared out equally among the tokens that each cell was pooled from, (…, tokens of ``of``).

        Raises:
            ModelError: these cells were not pooled from others.
        """
        return scores @ self.cover.reshape(len(self), len(self.source))

    @property
    def source(self) -> Cells:
        """The tokens that these were pooled from.

        Raises:
            ModelError: these were not pooled from others.
        """
        if self.of is None:
            raise ModelError(f"“{self.name}” was not pooled from other tokens; its scores are where they belong.")
        return self.of

    def base(self) -> Cells:
        """The tokens that the model is fed and that these stand on."""
        return self if self.of is None else self.of.base()


def pooled_leaves(leaves: Sequence[TokenSpace]) -> list[Cells]:
    """Those of the leaves that were pooled from other tokens, the deepest first."""

    def depth(cells: Cells | None) -> int:
        return 0 if cells is None else 1 + depth(cells.of)

    pooled = [leaf for leaf in leaves if isinstance(leaf, Cells) and leaf.of is not None]
    return sorted(pooled, key=lambda leaf: -depth(leaf))
