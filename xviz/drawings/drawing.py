"""`Drawing`: what one live component is sent, and what its pick means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.draw.scale import Categories, Scale

#: a cell of the data table
Cell = str | int | float


@dataclass(frozen=True, eq=False)
class Drawing:
    """One drawing for one live component; `xviz.ui.components.mount` shows it."""

    kind: str  #: which component draws it, one of the keys of `scripts.SCRIPTS`
    payload: bytes  #: the message, see `payload.pack`
    height: int  #: the most it takes of the page, in CSS pixels, colour bar not counted
    alt: str  #: what a screen reader says instead of the drawing
    table: tuple[tuple[Cell, ...], ...]  #: the strongest scores as rows, the first row being the heading
    shape: tuple[int, ...]  #: how many tokens can be picked: (n,), or (rows, columns) of the matrix
    still: bytes | None = None  #: what stays the same from pick to pick (picture, geometry), sent once
    rest: bytes | None = None  #: more of what stays the same, sent once and after the drawing

    def resolve(self, pick: Sequence[int] | int | None) -> int | tuple[int, ...] | None:
        """The picked token, or None when nothing, or nothing of this drawing, is picked.

        A pick may be left over from an earlier, larger sample: it then names no token here.
        """
        if pick is None:
            return None
        try:
            index = tuple(int(i) for i in pick) if isinstance(pick, list | tuple) else (int(pick),)
        except (TypeError, ValueError):
            return None
        if len(index) != len(self.shape) or not all(0 <= i < n for i, n in zip(index, self.shape, strict=True)):
            return None
        return index if len(index) > 1 else index[0]


@dataclass(frozen=True)
class Surround:
    """What stands around a drawing, and how much room it takes."""

    title: str = ""  #: printed above
    note: str = ""  #: printed below
    height: int = 0  #: the most it takes, CSS pixels; 0 for the drawing's own


PLAIN = Surround()


@dataclass(frozen=True, eq=False)
class Finer:
    """Scores finer than tokens, whose colours take the place of the tokens' own; picks stay tokens."""

    name: str  #: what has a score, "voxel"
    scores: NDArray[np.floating]  #: (cells,), NaN for one without
    of_point: NDArray[np.integer] | None = None  #: (points,) the cell of each point of a cloud
    size: tuple[int, int] | None = None  #: rows and columns of cells that lie on the grid of each photo


def check_length(what: str, given: Sequence[object] | NDArray, expected: int) -> None:
    """Refuses one entry too many or too few.

    Raises:
        ValueError: `given` does not have `expected` entries.
    """
    if len(given) != expected:
        raise ValueError(f"{what}: {expected} expected, one per token; {len(given)} came")


def drawn_with(
    scale: Scale | Categories | None, scores: NDArray | None
) -> tuple[dict[str, object] | None, dict[str, NDArray]]:
    """The colour bar for the header, and the arrays level (n), value (n) and lut (256·4) for the payload."""
    if scores is None:
        return None, {}
    if scale is None:
        raise ValueError("scores need a scale; make one with scale.sequential(scores) or scale.diverging(scores)")
    levels, values = scale.quantise(scores), np.asarray(scores, np.float32)
    return scale.header(scores), {"level": levels, "value": values, "lut": scale.lut()}
