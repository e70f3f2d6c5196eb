"""Procedural backgrounds: plain, gradient, noise, wood, stripes, checks, floor and wall, blurred collage."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
from PIL import Image


def background(width: int, height: int, rng: np.random.Generator, *, soft: bool = False) -> np.ndarray:
    """Return a random background, float32 (height, width, 3) in 0-1.

    Args:
        width: Pixels.
        height: Pixels.
        rng: Source of chance.
        soft: Only the calm kinds, in light colours.
    """
    makers = _SOFT if soft else _ALL
    picture = np.array(makers[int(rng.integers(len(makers)))](width, height, rng), np.float32)
    if soft:
        picture = 0.62 + 0.38 * picture
    picture += 0.008 * rng.standard_normal((height, width, 1), np.float32)
    return np.clip(picture, 0.0, 1.0, out=picture)


def colour(rng: np.random.Generator, *, calm: bool = True) -> np.ndarray:
    """Return a random colour (3,) in 0-1; calm ones are seldom strong or dark."""
    saturation = rng.beta(1.4, 3.2) if calm else rng.uniform(0.2, 0.8)
    value = 0.35 + 0.65 * rng.beta(3.0, 1.5) if calm else rng.uniform(0.3, 0.95)
    return np.array(colorsys.hsv_to_rgb(rng.random(), float(saturation), float(value)))


def _near(base: np.ndarray, rng: np.random.Generator, spread: float = 0.12) -> np.ndarray:
    return np.clip(base + rng.uniform(-spread, spread) + rng.normal(0, spread / 4, 3), 0, 1)


def _smooth(width: int, height: int, rng: np.random.Generator, cells: int) -> np.ndarray:
    """Return noise (height, width) in 0-1, smooth over ``1 / cells`` of the picture."""
    small = Image.fromarray((rng.random((cells + 1, cells + 1)) * 255).astype(np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255


def _plain(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(colour(rng), (height, width, 3))


def _gradient(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    first, angle = colour(rng), rng.uniform(0, 2 * np.pi)
    second = colour(rng) if rng.random() < 0.4 else _near(first, rng, 0.3)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(width, height)
    along = np.cos(angle) * x + np.sin(angle) * y
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    return first + along[..., None] * (second - first)


def _noise(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    first = colour(rng)
    second = _near(first, rng, 0.25)
    scales = (3, 7, 16, 40)
    mix = sum(_smooth(width, height, rng, cells) / 2**i for i, cells in enumerate(scales)) / 1.875
    return first + mix[..., None] * (second - first)


def _wood(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    base = np.array(colorsys.hsv_to_rgb(rng.uniform(0.05, 0.11), rng.uniform(0.25, 0.6), rng.uniform(0.45, 0.9)))
    planks = int(rng.integers(3, 8))
    y, x = np.mgrid[0:height, 0:width]
    row = (y * planks // height).astype(int)
    shade = rng.uniform(-0.06, 0.06, planks)[row]
    grain = _smooth(width, height * 1, rng, 4) * 6 + y * rng.uniform(0.15, 0.4) + rng.uniform(0, 9, planks)[row]
    lines = 0.035 * np.sin(grain * 2) + 0.03 * _smooth(width, height, rng, 60)
    joint = np.where((y * planks) % height < planks * 1.5, -0.14, 0.0)
    picture = base + (shade + lines + joint)[..., None]
    return picture if rng.random() < 0.7 else _turned(picture, x.shape)


def _turned(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).transpose(Image.Transpose.ROTATE_90)
    return np.asarray(image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR), np.float32) / 255


def _stripes(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    first = colour(rng)
    second = _near(first, rng, 0.16)
    angle, period = rng.choice([0.0, np.pi / 2, np.pi / 4]), rng.uniform(18, 60)
    y, x = np.mgrid[0:height, 0:width]
    wave = np.clip(np.sin((np.cos(angle) * x + np.sin(angle) * y) * 2 * np.pi / period) * 6 + 0.5, 0, 1)
    return first + wave[..., None] * (second - first)


def _checks(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    first = colour(rng)
    second = _near(first, rng, 0.16)
    side = int(rng.integers(20, 70))
    y, x = np.mgrid[0:height, 0:width] // side
    return np.where(((x + y) % 2)[..., None] == 0, first, second)


def _floor(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    wall = (_plain, _gradient, _noise, _stripes)[int(rng.integers(4))](width, height, rng)
    ground = (_plain, _noise, _wood, _gradient)[int(rng.integers(4))](width, height, rng)
    edge = int(height * rng.uniform(0.5, 0.8))
    picture = np.array(wall, np.float32)
    picture[edge:] = ground[edge:] * np.linspace(0.82, 1.0, height - edge)[:, None, None]
    return picture


def _collage(width: int, height: int, rng: np.random.Generator) -> np.ndarray:
    tints = np.stack([colour(rng, calm=rng.random() < 0.6) for _ in range(30)]).reshape(5, 6, 3)
    small = Image.fromarray((tints * 255).astype(np.uint8))
    picture = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
    return 0.5 * picture.mean((0, 1)) + 0.5 * picture


_Maker = Callable[[int, int, np.random.Generator], np.ndarray]
_SOFT: tuple[_Maker, ...] = (_plain, _gradient, _gradient, _noise, _floor)
_ALL: tuple[_Maker, ...] = (_plain, _gradient, _noise, _noise, _wood, _stripes, _checks, _floor, _floor, _collage)
