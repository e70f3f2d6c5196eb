"""What the 2D network reads of photos: each fitted into one frame, cut into patches of 32 pixels.

A photo keeps its shape; what it leaves free of the frame is black, and patches that lie mostly there are absent. The
features of a patch are those of the frozen EfficientNet-Lite0 of ``regions`` at stride 32, before its pooling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from xviz.models import regions

STRIDE = 32  #: pixels of the frame along a patch
MARGIN = 8  #: pixels around the middle of a patch, whose colour it says
WIDTH = regions.RegionEncoder.size  #: features of a patch


@dataclass(frozen=True)
class Frame:
    """Where a photo lies in the frame that the model sees."""

    size: tuple[int, int]  #: height, width of the photo in pixels
    grid: tuple[int, int]  #: rows, columns of patches in the frame

    @property
    def scale(self) -> float:
        """Pixels of the frame along one of the photo."""
        return min(self.grid[0] * STRIDE / self.size[0], self.grid[1] * STRIDE / self.size[1])

    @property
    def corner(self) -> tuple[int, int]:
        """Row and column of the frame at which the photo begins."""
        return tuple(round((side * STRIDE - n) / 2) for side, n in zip(self.grid, self.inside, strict=True))  # type: ignore[return-value]

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the grid in pixels of the photo; beyond it where the photo was padded."""
        top, left = self.corner
        right, bottom = self.grid[1] * STRIDE - left, self.grid[0] * STRIDE - top
        return -left / self.scale, -top / self.scale, right / self.scale, bottom / self.scale

    @property
    def inside(self) -> tuple[int, int]:
        """Height and width of the photo in the frame."""
        return tuple(max(1, round(n * self.scale)) for n in self.size)  # type: ignore[return-value]

    def box(self, row: int, column: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of a patch in pixels of the photo, cut at its border."""
        top, left = self.corner
        tall, wide = self.size
        x0, x1 = (np.clip((side * STRIDE - left) / self.scale, 0, wide) for side in (column, column + 1))
        y0, y1 = (np.clip((side * STRIDE - top) / self.scale, 0, tall) for side in (row, row + 1))
        return float(x0), float(y0), float(x1), float(y1)

    def patch(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the patch over a pixel of the photo."""
        top, left = self.corner
        row, column = int((y * self.scale + top) // STRIDE), int((x * self.scale + left) // STRIDE)
        return min(max(row, 0), self.grid[0] - 1), min(max(column, 0), self.grid[1] - 1)

    def shows(self) -> NDArray[np.bool_]:
        """(rows · 32, columns · 32) which pixels of the frame are photo."""
        (top, left), (tall, wide) = self.corner, self.inside
        inside = np.zeros((self.grid[0] * STRIDE, self.grid[1] * STRIDE), bool)
        inside[top : top + tall, left : left + wide] = True
        return inside

    def present(self) -> NDArray[np.bool_]:
        """(rows, columns) whether at least half of a patch is photo, or as much as anywhere in a thin one."""
        sides = []
        for count, start, length in zip(self.grid, self.corner, self.inside, strict=True):
            edges = np.arange(count + 1) * STRIDE
            sides.append(np.minimum(edges[1:], start + length) - np.maximum(edges[:-1], start))
        covered = np.outer(*(np.maximum(side, 0) for side in sides))
        return covered >= min(STRIDE**2 / 2, covered.max())


def fitted(image: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """(rows · 32, columns · 32, 3): the photo in its frame."""
    tall, wide = frame.inside
    top, left = frame.corner
    canvas = np.zeros((frame.grid[0] * STRIDE, frame.grid[1] * STRIDE, 3), np.uint8)
    scaled = image if (tall, wide) == image.shape[:2] else _resized(image, tall, wide)
    canvas[top : top + tall, left : left + wide] = scaled
    return canvas


def _resized(image: NDArray[np.uint8], tall: int, wide: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((wide, tall), Image.Resampling.BILINEAR))


def multiplied(pixels: NDArray[np.uint8], gain: NDArray[np.floating]) -> NDArray[np.uint8]:
    """(height, width, 3) 0–255 with red, green and blue multiplied by (3,), see ``photo_light``."""
    return pixels if (gain == 1).all() else np.clip(pixels * gain + 0.5, 0, 255).astype(np.uint8)


def look(
    images: Sequence[NDArray[np.uint8]],
    grid: tuple[int, int],
    *,
    colours: bool = False,
    gains: NDArray[np.floating] | None = None,
) -> tuple[Tensor, Tensor]:
    """The patches of photos, photo by photo and row by row.

    Args:
        images: Each (height, width, 3) RGB, 0–255, of any size.
        grid: Rows and columns of patches.
        colours: Whether the mean colour of the middle of each patch follows its features.
        gains: (photos, 3) by what red, green and blue of each are multiplied before they are looked at.

    Returns:
        (photos · rows · columns, 1280 or 1283) features, and which patches take part, bool.
    """
    features, present = [], []
    for number, image in enumerate(images):  # one by one, which bounds the memory
        frame = Frame(image.shape[:2], grid)
        pixels = fitted(image, frame)
        if gains is not None:
            pixels = multiplied(pixels, gains[number])
        patches = regions.grid(pixels).flatten(0, 1)
        if colours:
            patches = torch.cat([patches, colours_of(pixels, frame)], 1)
        features.append(patches)
        present.append(torch.from_numpy(frame.present().reshape(-1)))
    return torch.cat(features), torch.cat(present)


def colours_of(pixels: NDArray[np.uint8], frame: Frame) -> Tensor:
    """(patches, 3) mean colours, −1 to 1, of a photo that was fitted into its frame; see ``mean_colours``."""
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    return mean_colours(picture, torch.from_numpy(frame.shows())[None])[0]


def mean_colours(pictures: Tensor, inside: Tensor) -> Tensor:
    """(b, patches, 3) the mean colour of the middle of each patch, −1 to 1, over what is photo; 0 where nothing is.

    Args:
        pictures: (b, 3, height, width) 0–255 in their frame.
        inside: (b, height, width) bool, which pixels are photo.
    """
    mask = inside[:, None].to(pictures.dtype)
    sums, all_of_it = (F.avg_pool2d(F.pad(part, [-MARGIN] * 4), STRIDE - 2 * MARGIN, STRIDE) for part in (
        (pictures / 127.5 - 1) * mask, mask
    ))  # fmt: skip
    return (sums / all_of_it.clamp_min(1e-6)).flatten(2).mT
