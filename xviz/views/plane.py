"""A spectrogram as a picture with axes in seconds and hertz, on which cells can be placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

GROUND, INK = (24, 26, 32), (214, 216, 222)  #: of the margins: dark, so that they fit light and dark pages
LEFT, RIGHT, TOP, BOTTOM = 62, 10, 8, 40  #: margins in pixels
Tick = tuple[float, str]  #: place on the plane, text


@dataclass(frozen=True, eq=False)
class Framed:
    """A plane drawn with its axes."""

    pixels: NDArray[np.uint8]  #: (height, width, 3)
    zoom: tuple[int, int]  #: pixels for one column and one row of the plane

    def place(self, boxes: ArrayLike) -> NDArray[np.float32]:
        """Boxes (n, 4) on the plane → in pixels of the picture."""
        across, down = self.zoom
        boxes = np.asarray(boxes, np.float32) * np.float32([across, down, across, down])
        return boxes + np.float32([LEFT, TOP, LEFT, TOP])


def framed(
    plane: NDArray[np.floating],
    *,
    x_ticks: Sequence[Tick],
    y_ticks: Sequence[Tick],
    names: tuple[str, str],
    zoom: tuple[int, int] = (6, 4),
) -> Framed:
    """The plane in grey, dark at 0 and light at 1, each value a block of pixels, with ticks and names of both axes.

    Args:
        plane: (rows, columns) as drawn, the top row first, 0–1.
        x_ticks: Place in columns and text.
        y_ticks: Place in rows from the top and text.
        names: Of the horizontal and of the vertical axis, with units.
        zoom: Pixels for one column and one row.
    """
    across, down = zoom
    grey = np.round(20 + 225 * np.clip(plane, 0, 1)).astype(np.uint8)
    block = np.repeat(np.repeat(grey, down, 0), across, 1)
    tall, wide = block.shape
    pixels = np.full((tall + TOP + BOTTOM, wide + LEFT + RIGHT, 3), GROUND, np.uint8)
    pixels[TOP : TOP + tall, LEFT : LEFT + wide] = block[..., None]
    image = Image.fromarray(pixels)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(12)
    for at, text in x_ticks:
        x = LEFT + at * across
        draw.line([(x, TOP + tall), (x, TOP + tall + 4)], fill=INK)
        draw.text((x, TOP + tall + 6), text, fill=INK, font=font, anchor="mt")
    for at, text in y_ticks:
        y = TOP + at * down
        draw.line([(LEFT - 5, y), (LEFT - 1, y)], fill=INK)
        draw.text((LEFT - 7, y), text, fill=INK, font=font, anchor="rm")
    draw.text((LEFT + wide / 2, TOP + tall + 23), names[0], fill=INK, font=font, anchor="mt")
    draw.text((6, TOP + tall + 23), names[1], fill=INK, font=font, anchor="lt")
    return Framed(np.asarray(image), zoom)
