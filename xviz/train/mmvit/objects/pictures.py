"""Pictures of one or two things on made backgrounds, with the true mask of each.

Reads the folder that ``xviz make renders`` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.errors import SampleError
from xviz.train.common.backgrounds import background
from xviz.train.mmvit.shared import labels_of


@dataclass(frozen=True, eq=False)
class Cutout:
    """One view of one model."""

    pixels: NDArray[np.uint8]  #: (height, width, 4) RGBA, the longer side as the set has it
    kind: int
    model: int  #: in ``objects.json``
    split: str  #: "train", "view" or "model"


@dataclass(frozen=True, eq=False)
class Composed:
    """Some things on a background."""

    pixels: NDArray[np.uint8]  #: (side, side, 3)
    kinds: tuple[int, ...]
    masks: NDArray[np.bool_]  #: (things, side, side) what is seen of each

    def labels(self, count: int, gone: tuple[float, float] = (0.0, 0.0)) -> NDArray[np.float32]:
        """(count,) one for every kind of which most is seen outside the stretch ``gone``, shares of the width."""
        columns = [np.flatnonzero(mask.any(0)) / len(self.pixels) for mask in self.masks]
        return labels_of(
            self.kinds, [(float(positions[0]), float(positions[-1])) for positions in columns], count, gone
        )


def cutouts(folder: Path, kinds: Sequence[str]) -> list[Cutout]:
    """All cut-outs of a folder.

    Raises:
        SampleError: the folder holds none, or kinds that the model does not know.
    """
    packed, metadata = folder / "objects.npz", folder / "objects.json"
    if not packed.is_file() or not metadata.is_file():
        raise SampleError(
            "The folder holds no objects.npz and objects.json. "
            "Make them with “xviz make renders --out DIR” and give DIR with --data."
        )
    listed = json.loads(metadata.read_text(encoding="utf-8"))
    if set(listed["kinds"]) - set(kinds):
        raise SampleError(
            f"The things are {', '.join(listed['kinds'])}; the model knows {', '.join(kinds)}. Build the set again."
        )
    with np.load(packed, allow_pickle=False) as archive:
        rows = zip(archive["cutouts"], archive["sizes"], archive["models"], archive["splits"], strict=True)
        return [
            Cutout(pixels[:tall, :wide], kinds.index(listed["models"][model]["kind"]), int(model), str(split))
            for pixels, (tall, wide), model, split in rows
        ]


def backgrounds(count: int, side: int, seed: int) -> NDArray[np.uint8]:
    """(count, side, side, 3) light backgrounds: plain, shaded, cloudy, or a floor before a wall."""
    rng = np.random.default_rng(seed)
    return np.stack([(background(side, side, rng, soft=True) * 255).astype(np.uint8) for _ in range(count)])


def composed(chosen: Sequence[Cutout], ground: NDArray[np.uint8], rng: np.random.Generator) -> Composed:
    """One thing anywhere, or two beside or above each other, in sizes of their own; each may be mirrored.

    Args:
        chosen: One or two cut-outs.
        ground: (side, side, 3), the background.
        rng: Chooses sizes, places, colours of the light.
    """
    side, count = len(ground), len(chosen)
    across, order = int(rng.integers(2)), rng.permutation(count)
    picture, masks = ground.astype(np.float32), np.zeros((count, side, side), bool)
    for index, cutout in enumerate(chosen):
        longest = side * (rng.uniform(0.55, 0.95) if count == 1 else rng.uniform(0.4, 0.56))
        rgba = resized(cutout.pixels, longest)[:, :: int(rng.choice([-1, 1]))]
        room = np.array([side, side]) - rgba.shape[:2]
        corner = rng.random(2) * room
        if count > 1:  # one near each end, so that neither hides the other
            corner[across] = abs(order[index] - rng.uniform(0, 0.25)) * room[across]
        y, x = corner.astype(int)
        window = slice(y, y + rgba.shape[0]), slice(x, x + rgba.shape[1])
        alpha = rgba[..., 3:] / 255
        light = rng.uniform(0.75, 1.2) * rng.uniform(0.92, 1.08, 3)
        picture[window] = alpha * rgba[..., :3] * light + (1 - alpha) * picture[window]
        masks[(slice(0, index), *window)] &= alpha[..., 0] < 0.5
        masks[(index, *window)] = alpha[..., 0] >= 0.5
    return Composed(np.clip(picture, 0, 255).astype(np.uint8), tuple(cutout.kind for cutout in chosen), masks)


def resized(pixels: NDArray[np.uint8], longest: float) -> NDArray[np.float32]:
    """A cut-out, (height, width, 4), with that longer side."""
    scale = longest / max(pixels.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in pixels.shape[1::-1])
    small = Image.fromarray(pixels).convert("RGBa").resize(size, Image.Resampling.BILINEAR)
    return np.asarray(small.convert("RGBA"), np.float32)
