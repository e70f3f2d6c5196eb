"""The model of pictures on Fashion-MNIST, by a recipe like that of object pictures, for one picture and one class.

The network is the one of `xviz.models.mmvit_cards.OBJECTS`, with patches that fit into 28 pixels. Pictures are mirrored
by chance, and a tenth of the patches of each view is left out at random, as in the other recipes; one garment is shown,
so that the loss is the cross-entropy of a softmax. The test split is looked at once, after the last epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.mmvit import MMViT, patches
from xviz.models.mmvit_cards import SHARED
from xviz.models.mmvit_layers import Settings, View
from xviz.train.mmvit.digits.recipe import predict, remember_mean
from xviz.train.mmvit.fashion.pictures import GARMENTS, SIDE, pictures
from xviz.train.mmvit.shared import Schedule, begin, optimise

FINE: View = ((4, 4), (4, 4), (0, 0))
COARSE: View = ((7, 7), (7, 7), (0, 0))
FASHION = Settings(
    part="picture", input=(SIDE, SIDE), channels=1, classes=GARMENTS, **{**SHARED, "views": (FINE, COARSE)}
)
#: form → what differs in the settings
FORMS: Mapping[str, dict[str, Any]] = {
    "both views, with cross-attention": {},
    "both views, without cross-attention": {"cross": "none"},
    "the fine view alone": {"cross": "none", "views": (FINE,)},
    "the coarse view alone": {"cross": "none", "views": (COARSE,)},
}


@dataclass(frozen=True)
class Recipe(Schedule):
    """Every number of the training."""

    epochs: int = 1  #: passes over the training set
    batch: int = 128  #: pictures in a step
    pictures: int = 60_000  #: of the training split that are trained on


def train(folder: Path, out: Path, recipe: Recipe, settings: Settings = FASHION) -> tuple[MMViT, float]:
    """Train on the training split; write ``out`` and its log.

    Returns:
        the model, and its accuracy on the test split in per cent.
    """
    model, rng = begin(recipe, settings)
    images, labels = pictures(folder, "train")
    chosen = rng.permutation(len(images))[: recipe.pictures]
    images, labels = images[chosen], labels[chosen]
    remember_mean(model, shown(images[::50]))

    def losses(_: int) -> Iterator[Tensor]:
        order = rng.permutation(len(images))
        for start in range(0, len(order) // recipe.batch * recipe.batch, recipe.batch):
            these = order[start : start + recipe.batch]
            yield step(model, images[these], labels[these], recipe, rng)

    optimise(model, recipe, len(images) // recipe.batch, losses, dict, out)
    return model, accuracy(model, *pictures(folder, "t10k"))


def shown(images: NDArray[np.uint8]) -> Tensor:
    """(b, 1, 28, 28) pictures as the model is fed them, −1 to 1."""
    return torch.from_numpy(images.astype(np.float32))[:, None] / 127.5 - 1


def step(
    model: MMViT, images: NDArray[np.uint8], labels: NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator
) -> Tensor:
    """The loss of one batch."""
    planes = shown(images)
    mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
    planes[mirrored] = planes[mirrored].flip(-1)
    present = {}
    for view, (rows, columns) in enumerate(model.grids):
        presence = rng.random((len(images), rows * columns)) >= recipe.left_out
        presence[~presence.any(1)] = True
        present[f"view{view + 1}"] = torch.from_numpy(presence)
    outputs = model(patches(planes, model.settings), present, {})
    return F.cross_entropy(torch.stack(list(outputs.values()), 1), torch.from_numpy(labels.astype(np.int64)))


def accuracy(model: MMViT, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
    """How often the highest class is the one that is shown, in per cent."""
    return round(100 * float((predict(model, shown(images)).argmax(1) == labels).mean()), 2)
