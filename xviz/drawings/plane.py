"""What a picture's sides mean: ticks and names of its axes, a clock that runs along it, and places that are known.

A spectrogram or a picture is drawn without margins; the component draws the axes around it in the page's own colours
and letters, so that they stay legible at any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Tick = tuple[float, str]  #: share of the side, from left or top, and text


@dataclass(frozen=True)
class Clock:
    """A player whose time a drawing follows with a line."""

    player: str  #: what the player is called
    start: float  #: seconds of the player at the left edge
    end: float  #: at the right edge


@dataclass(frozen=True, eq=False)
class Plane:
    """A spectrogram or a picture as it is drawn, each of its values a block of pixels."""

    pixels: NDArray[np.uint8]  #: (height, width, 3)
    size: tuple[int, int]  #: rows and columns of values, in which cells are counted
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    names: tuple[str, str] = ("", "")  #: of the horizontal and of the vertical axis, with units
    clock: Clock | None = None

    def __post_init__(self) -> None:
        """Keeps the pixels as nobody can write to them, so that they are encoded once (``image``)."""
        pixels = self.pixels.view()
        pixels.flags.writeable = False
        object.__setattr__(self, "pixels", pixels)

    def place(self, boxes: ArrayLike) -> NDArray[np.float32]:
        """Boxes (n, 4) counted in values → in pixels."""
        across, down = self.pixels.shape[1] / self.size[1], self.pixels.shape[0] / self.size[0]
        return np.asarray(boxes, np.float32).reshape(-1, 4) * np.float32([across, down, across, down])

    def header(self) -> dict[str, object]:
        """What the component is told of axes and clock."""
        clock = self.clock
        return {
            "x": [[float(position), text] for position, text in self.x_ticks],
            "y": [[float(position), text] for position, text in self.y_ticks],
            "names": list(self.names),
            "clock": None if clock is None else [clock.player, clock.start, clock.end],
        }


def blocks(values: ArrayLike, *, zoom: tuple[int, int] = (6, 4)) -> NDArray[np.uint8]:
    """Values (rows, columns) 0–1, the top row first, in grey: dark at 0 and light at 1, each a block of pixels.

    Args:
        values: As drawn.
        zoom: Pixels for one column and one row.
    """
    across, down = zoom
    grey = np.round(20 + 225 * np.clip(np.asarray(values, np.float64), 0, 1)).astype(np.uint8)
    return np.repeat(np.repeat(np.repeat(grey, down, 0), across, 1)[..., None], 3, 2)


def outlines(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Line segments (n, 4) x0, y0, x1, y1 around the true values of (rows, columns), counted in values."""
    padded = np.pad(mask, 1).astype(np.int8)
    rows, columns = mask.shape
    down = np.argwhere(np.diff(padded[:, 1:-1], axis=0))  # an edge above row y, at column x
    across = np.argwhere(np.diff(padded[1:-1], axis=1))
    lines = [*_joined(down[:, [0, 1]], columns, flat=True), *_joined(across[:, [1, 0]], rows, flat=False)]
    return np.asarray(lines, np.float32).reshape(-1, 4)


def _joined(edges: NDArray[np.int64], count: int, *, flat: bool) -> Sequence[tuple[float, float, float, float]]:
    """Edges (n, 2), line and place along it, with neighbours joined to one segment."""
    segments = []
    for line in np.unique(edges[:, 0]):
        marked = np.zeros(count + 2, np.int8)
        marked[edges[edges[:, 0] == line, 1] + 1] = 1
        turns = np.flatnonzero(np.diff(marked))
        for start, end in zip(turns[::2], turns[1::2], strict=True):
            segments.append((start, line, end, line) if flat else (line, start, line, end))
    return segments
