"""Place cut-outs on a background, and measure the exact box of what stays visible of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from xviz.train.common.backgrounds import background
from xviz.train.mmca.cutouts import VISIBLE, Cutout, read

#: largest overlap of two boxes, intersection over union
OVERLAP = 0.1
#: least share of a thing's visible area that stays uncovered
UNCOVERED = 0.85
#: largest enlargement of a cut-out
ENLARGED = 2.0
#: short side of an object over short side of the canvas, least and most, by number of objects
SIZES = {1: (0.5, 0.72), 2: (0.24, 0.45), 3: (0.2, 0.42), 4: (0.17, 0.34), 5: (0.15, 0.3)}


@dataclass(frozen=True, eq=False)
class Composed:
    """A finished picture."""

    #: uint8 (height, width, 3)
    pixels: np.ndarray
    #: float (objects, 4), x0 y0 x1 y1 in pixels, half open
    boxes: np.ndarray


@dataclass(frozen=True, eq=False)
class _Layer:
    #: float32 (h, w, 4), 0-1
    patch: np.ndarray
    x: int
    y: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        return (self.x, self.y, self.x + self.patch.shape[1], self.y + self.patch.shape[0])


def compose(
    cutouts: Sequence[Cutout], rng: np.random.Generator, *, long_side: tuple[int, int] = (320, 420), soft: bool = False
) -> Composed | None:
    """Return a picture of the cut-outs, or None when they do not fit or one hardly shows.

    Args:
        cutouts: What to place, one to five.
        rng: Source of chance.
        long_side: Least and most pixels of the longer side.
        soft: Only calm, light backgrounds.
    """
    width, height = _canvas(rng, long_side)
    layers = _arrange(cutouts, (width, height), rng)
    if layers is None:
        return None
    ground = background(width, height, rng, soft=soft)
    picture = _painted(ground, layers, rng)
    boxes = []
    for alpha, uncovered in _shown(layers, (width, height)):
        solid, visible = alpha > VISIBLE, uncovered > VISIBLE
        contrast = np.abs(picture - ground)[visible].mean() if visible.any() else 0.0
        if visible.sum() < UNCOVERED * solid.sum() or contrast < 0.08:
            return None
        boxes.append(tight_box(visible))
    return Composed((picture * 255 + 0.5).astype(np.uint8), np.array(boxes, float))


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return x0, y0, x1, y1 (half open) around the true pixels of a mask (height, width)."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Return intersection over union of two boxes."""
    inner = _intersection(first, second)
    union = _area(first) + _area(second) - inner
    return inner / union if union else 0.0


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _intersection(first: Sequence[float], second: Sequence[float]) -> float:
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    return max(across, 0) * max(down, 0)


def _canvas(rng: np.random.Generator, long_side: tuple[int, int]) -> tuple[int, int]:
    longer = int(rng.integers(long_side[0], long_side[1] + 1))
    shorter = round(longer / rng.uniform(1.0, 1.55))
    return (longer, shorter) if rng.random() < 0.65 else (shorter, longer)


def _arrange(cutouts: Sequence[Cutout], size: tuple[int, int], rng: np.random.Generator) -> list[_Layer] | None:
    """Return a layer for each cut-out, inside the canvas and hardly overlapping; None when there is no room."""
    layers: list[_Layer] = []
    least, greatest = SIZES[len(cutouts)]
    for cutout in cutouts:
        side = rng.uniform(least, greatest) * min(size)
        room = (0.86, 0.86) if len(cutouts) == 1 else (0.58, 0.62)
        for _ in range(4):
            patch = _patch(cutout, side, (room[0] * size[0], room[1] * size[1]), rng)
            layer = _placed(patch, layers, size, rng, alone=len(cutouts) == 1)
            if layer is not None:
                break
            side = max(side * 0.82, least * min(size))
        if layer is None:
            return None
        layers.append(layer)
    return layers


@lru_cache(maxsize=3000)
def _read(cutout: Cutout) -> Image.Image:
    return read(cutout)


def _patch(cutout: Cutout, side: float, room: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Return the cut-out as float32 (h, w, 4) in 0-1: mirrored, scaled to a short side, turned, lightened."""
    image = _read(cutout)
    if cutout.flip and rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    angle = float(np.clip(rng.normal(0, 5), -12, 12))
    scale = min(side / min(image.size), room[0] / image.width, room[1] / image.height, ENLARGED)
    shape = (max(round(image.width * scale), 4), max(round(image.height * scale), 4))
    image = image.resize(shape, Image.Resampling.LANCZOS).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    pixels = np.asarray(image, np.float32) / 255
    x0, y0, x1, y1 = tight_box(pixels[..., 3] > 0.02)
    pixels = pixels[y0:y1, x0:x1].copy()
    light, contrast = rng.uniform(0.88, 1.12), rng.uniform(0.92, 1.08)
    pixels[..., :3] = np.clip((pixels[..., :3] - 0.5) * contrast + 0.5, 0, 1) * light
    return np.clip(pixels, 0, 1)


def _placed(
    patch: np.ndarray, layers: list[_Layer], size: tuple[int, int], rng: np.random.Generator, *, alone: bool
) -> _Layer | None:
    """Return the patch at a free place, near the middle when it is alone; None when 40 tries find none."""
    room_x, room_y = size[0] - patch.shape[1] - 4, size[1] - patch.shape[0] - 4
    if room_x <= 0 or room_y <= 0:
        return None
    for _ in range(40):
        x, y = rng.uniform(0.3, 0.7, 2) if alone else rng.random(2)
        layer = _Layer(patch, 2 + int(x * room_x), 2 + int(y * room_y))
        if all(_apart(layer.box, other.box) for other in layers):
            return layer
    return None


def _apart(first: Sequence[float], second: Sequence[float]) -> bool:
    return iou(first, second) < OVERLAP * 0.8 and _intersection(first, second) < 0.12 * min(_area(first), _area(second))


def _painted(ground: np.ndarray, layers: list[_Layer], rng: np.random.Generator) -> np.ndarray:
    """Return the layers over the background, each with a soft shadow."""
    picture = ground.copy()
    shift = rng.integers(-5, 6), rng.integers(2, 8)
    strength, blur = rng.uniform(0.12, 0.34), rng.uniform(3, 7)
    for layer in layers:
        _shade(picture, layer, shift, strength, blur)
        x0, y0, x1, y1 = layer.box
        cover = layer.patch[..., 3:]
        picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - cover) + layer.patch[..., :3] * cover
    return np.clip(picture, 0, 1)


def _shade(picture: np.ndarray, layer: _Layer, shift: tuple[int, int], strength: float, blur: float) -> None:
    """Darken the picture, in place, where a layer's soft shadow falls."""
    margin = int(2.5 * blur) + 1
    alpha = np.pad((layer.patch[..., 3] * 255).astype(np.uint8), margin)
    shadow = np.asarray(Image.fromarray(alpha).filter(ImageFilter.GaussianBlur(blur)), np.float32) / 255
    left, top = layer.x + int(shift[0]) - margin, layer.y + int(shift[1]) - margin
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + alpha.shape[1], picture.shape[1]), min(top + alpha.shape[0], picture.shape[0])
    picture[y0:y1, x0:x1] *= 1 - strength * shadow[y0 - top : y1 - top, x0 - left : x1 - left, None]


def _shown(layers: list[_Layer], size: tuple[int, int]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each layer its alpha, and what of it later layers leave visible; both (height, width)."""
    free = np.ones((size[1], size[0]), np.float32)
    out = []
    for layer in reversed(layers):
        alpha = np.zeros_like(free)
        x0, y0, x1, y1 = layer.box
        alpha[y0:y1, x0:x1] = layer.patch[..., 3]
        out.append((alpha, alpha * free))
        free = free * (1 - alpha)
    return out[::-1]
