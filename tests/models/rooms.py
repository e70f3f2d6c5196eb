"""Rooms made of a few coloured boxes, and photos that are plain; small enough for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import Photos, PointCloud, Sample
from xviz.models.mit_settings import Settings

TINY = Settings(
    classes=("floor", "red", "green", "blue"), small_voxel=0.1, voxel=0.2,
    stem=8, planes=(12, 16, 12, 12), second=(12, 16, 12, 12),
    width=12, heads=2, encoder=2, decoder_ratio=0.5, dropout=0.1, photos=3, grid=(2, 3),
)  # fmt: skip
COLOURS = {"red": (220, 40, 40), "green": (40, 200, 60), "blue": (40, 60, 220)}


def cloud(boxes: tuple[str, ...], seed: int = 0, count: int = 1500) -> tuple[PointCloud, NDArray[np.int64]]:
    """A grey floor of 3 m with boxes of half a metre on it, and the class of each point (0 is the floor)."""
    rng = np.random.default_rng(seed)
    floor = np.column_stack([rng.uniform(0, 3, (2 * count, 2)), np.zeros(2 * count)])
    xyz, rgb, label = [floor], [np.full((2 * count, 3), 120)], [np.zeros(2 * count, np.int64)]
    spots = rng.permutation(9)[: len(boxes)]
    for name, spot in zip(boxes, spots, strict=True):
        faces = rng.uniform(0, 0.6, (count, 3))
        side = rng.integers(0, 3, count)
        faces[np.arange(count), side] = rng.integers(0, 2, count) * 0.6
        xyz.append(faces + np.array([spot % 3 + 0.2, spot // 3 + 0.2, 0.02]))
        rgb.append(np.tile(COLOURS[name], (count, 1)))
        label.append(np.full(count, 1 + list(COLOURS).index(name)))
    noisy = np.clip(np.concatenate(rgb) + rng.normal(0, 5, (len(np.concatenate(rgb)), 3)), 0, 255)
    return PointCloud(np.concatenate(xyz).astype(np.float32), noisy.astype(np.uint8)), np.concatenate(label)


def photos(boxes: tuple[str, ...], count: int = 2, seed: int = 0) -> Photos:
    """Grey pictures of 64 × 96 pixels with a square of each colour; the last one is upright."""
    rng = np.random.default_rng(seed)
    images = []
    for number in range(count):
        size = (96, 64) if number == count - 1 else (64, 96)
        image = np.full((*size, 3), 120, np.uint8)
        for name in boxes:
            y, x = rng.integers(0, size[0] - 24), rng.integers(0, size[1] - 24)
            image[y : y + 24, x : x + 24] = COLOURS[name]
        images.append(image)
    return Photos(tuple(images), tuple(f"photo {n}" for n in range(count)))


def room(boxes: tuple[str, ...] = ("red", "blue"), seed: int = 0) -> Sample:
    """A cloud and photos of the same boxes."""
    return Sample("room", {"points": cloud(boxes, seed)[0], "views": photos(boxes, seed=seed)})
