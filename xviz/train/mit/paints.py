"""Colours and patterns of walls, floors and ceilings, drawn with numbers."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from xviz.train.mit.solids import Material

#: pixels of a texture that covers one metre
SIDE = 128


def draw_looks(rng: np.random.Generator, walls: int, *, tiled: bool) -> tuple[Material, ...]:
    """Materials of floor, ceiling and walls; tiled ones for kitchens and baths."""
    wall = _wall(rng, tiled=tiled and rng.random() < 0.6)
    looks = [_floor(rng, tiled=tiled), _material(_grain(np.full((SIDE, SIDE, 3), 0.93), rng))]
    accent = _wall(rng, tiled=False) if rng.random() < 0.35 else wall
    special = int(rng.integers(walls))
    return (*looks, *(accent if number == special else wall for number in range(walls)))


def _wall(rng: np.random.Generator, *, tiled: bool) -> Material:
    if tiled:
        return _tiles(rng, _colour(rng, (0.0, 0.25), (0.75, 0.97)), int(rng.choice([4, 5, 8])))
    colour = _colour(rng, (0.02, 0.28), (0.62, 0.97))
    picture = np.full((SIDE, SIDE, 3), colour)
    if rng.random() < 0.25:
        stripes = (np.arange(SIDE) // (SIDE // int(rng.choice([4, 8, 16]))) % 2)[None, :, None]
        picture = np.where(stripes == 1, picture, picture * rng.uniform(0.85, 0.95))
    return _material(_grain(picture, rng))


def _floor(rng: np.random.Generator, *, tiled: bool) -> Material:
    if tiled or rng.random() < 0.15:
        return _tiles(rng, _colour(rng, (0.0, 0.35), (0.35, 0.9)), int(rng.choice([2, 3, 4])))
    if rng.random() < 0.25:
        return _material(_grain(np.full((SIDE, SIDE, 3), _colour(rng, (0.05, 0.4), (0.3, 0.75))), rng, 0.06))
    tone = np.array(colorsys.hsv_to_rgb(rng.uniform(0.05, 0.11), rng.uniform(0.3, 0.65), rng.uniform(0.35, 0.85)))
    planks = int(rng.choice([6, 8, 10]))
    row = np.arange(SIDE) * planks // SIDE
    shade = rng.uniform(0.82, 1.08, (planks, 2))
    joint = rng.integers(SIDE, size=planks)
    half = ((np.arange(SIDE)[None] + joint[row][:, None]) % SIDE >= SIDE // 2).astype(int)
    picture = tone * shade[row[:, None], half][..., None]
    grain = np.repeat(rng.normal(0, 0.03, (SIDE, SIDE // 8)), 8, 1)[..., None]
    seam = np.diff(row, prepend=row[-1])[:, None, None] != 0
    return _material(np.where(seam, picture * 0.7, picture + grain))


def _tiles(rng: np.random.Generator, colour: NDArray[np.float64], number: int) -> Material:
    cell = np.arange(SIDE) * number // SIDE
    shade = rng.uniform(0.95, 1.03, (number, number))
    if number < 5 and rng.random() < 0.2:
        shade = shade * np.where(np.add.outer(np.arange(number), np.arange(number)) % 2, 1.0, 0.6)
    picture = colour * shade[cell[:, None], cell[None]][..., None]
    edge = np.diff(cell, prepend=-1) != 0
    picture[edge] = picture[:, edge] = np.clip(0.5 * colour + 0.3, 0, 1)
    return _material(_grain(picture, rng, 0.01))


def _colour(rng: np.random.Generator, saturation: tuple[float, float], value: tuple[float, float]) -> NDArray:
    return np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(*saturation), rng.uniform(*value)))


def _grain(picture: NDArray[np.float64], rng: np.random.Generator, much: float = 0.015) -> NDArray[np.float64]:
    return picture + rng.normal(0, much, (SIDE, SIDE, 1))


def _material(picture: NDArray[np.float64]) -> Material:
    return Material((1.0, 1.0, 1.0), texture=(np.clip(picture, 0, 1) * 255).astype(np.uint8))
