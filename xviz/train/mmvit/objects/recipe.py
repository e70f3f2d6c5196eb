"""The recipe of the object-pictures checkpoint: which things are in the picture?

Every epoch each cut-out leads some pictures: alone, or with a thing of another kind, on a light background out of a
thousand. One sigmoid for each kind, binary cross-entropy. Sizes, places, sides and the light's colour vary. Patches
are left out at random as in the recipe of the digits (`xviz.train.mmvit.digits.recipe`), whose CutMix can be had too.
The first epochs have single things only, without which the training does not get under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import OBJECTS
from xviz.models.mmvit_layers import Settings
from xviz.train.mmvit.digits.recipe import cutmix, leave_out, predict, remember_mean
from xviz.train.mmvit.objects.pictures import Composed, Cutout, backgrounds, composed, cutouts
from xviz.train.mmvit.shared import Schedule, begin, loss_of, optimise

SPLITS = ("view", "model")  #: what is only tested
TESTED_GROUNDS = (300, 1)  #: how many backgrounds tests have, and their seed


@dataclass(frozen=True)
class Recipe(Schedule):
    """Every number of the training."""

    epochs: int = 90  #: passes over the training set
    batch: int = 16  #: pictures in a step
    rate: float = 1e-3  #: highest learning rate
    rounds: int = 1  #: pictures that each cut-out leads in one epoch
    alone_epochs: int = 30  #: first epochs, with single things and no CutMix
    together: float = 0.5  #: share of the pictures with two things
    grounds: int = 1000  #: backgrounds
    cutmix: float = 0.0  #: share of the batches with CutMix


def train(folder: Path, out: Path, recipe: Recipe, settings: Settings = OBJECTS) -> MMViT:
    """Train on the cut-outs of a folder and write ``out`` and its log."""
    model, rng = begin(recipe, settings)
    every = cutouts(folder, settings.classes)
    fit = [cutout for cutout in every if cutout.split == "train"]
    grounds = backgrounds(recipe.grounds, settings.input[0], seed=10 + recipe.seed)
    remember_mean(model, shown([composed([cutout], some_ground(grounds, rng), rng) for cutout in fit[::8]]))

    def losses(epoch: int) -> Iterator[Tensor]:
        now = replace(recipe, together=0.0, cutmix=0.0) if epoch < recipe.alone_epochs else recipe
        for pictures in batches(fit, grounds, now, rng):
            yield step(model, pictures, now, rng)

    tested = [cutout for cutout in every if cutout.split in SPLITS]
    per_epoch = recipe.rounds * len(fit) // recipe.batch
    optimise(model, recipe, per_epoch, losses, lambda: accuracies(model, tested), out)
    return model


def batches(
    fit: Sequence[Cutout], grounds: NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator
) -> Iterator[list[Composed]]:
    """The pictures of one epoch; every cut-out leads ``rounds`` of them."""
    order = np.concatenate([rng.permutation(len(fit)) for _ in range(recipe.rounds)])
    for start in range(0, len(order) // recipe.batch * recipe.batch, recipe.batch):
        pictures = []
        for leader in order[start : start + recipe.batch]:
            chosen = [fit[leader], *([other(fit, fit[leader], rng)] if rng.random() < recipe.together else [])]
            pictures.append(composed(chosen, some_ground(grounds, rng), rng))
        yield pictures


def other(some: Sequence[Cutout], than: Cutout, rng: np.random.Generator) -> Cutout:
    """A thing of another kind."""
    while (cutout := some[int(rng.integers(len(some)))]).kind == than.kind:
        pass
    return cutout


def some_ground(grounds: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """One of the backgrounds, perhaps mirrored."""
    return grounds[int(rng.integers(len(grounds)))][:, :: int(rng.choice([-1, 1]))]


def shown(pictures: Sequence[Composed]) -> Tensor:
    """(b, 3, side, side) pictures as the model is fed them."""
    return torch.from_numpy(np.stack([picture.pixels for picture in pictures])).permute(0, 3, 1, 2) / 127.5 - 1


def step(model: MMViT, pictures: Sequence[Composed], recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """The loss of one batch."""
    planes = shown(pictures)
    present, gone = leave_out(model.settings, len(pictures), recipe.left_out, rng)
    count = len(model.settings.classes)
    labels = torch.from_numpy(np.stack([p.labels(count, tuple(g)) for p, g in zip(pictures, gone, strict=True)]))
    if rng.random() < recipe.cutmix:
        planes, labels = cutmix(planes, labels, rng)
    return loss_of(model, planes, present, labels)


def alone(some: Sequence[Cutout], side: int) -> list[Composed]:
    """Every cut-out alone in a picture, always the same."""
    grounds, rng = backgrounds(TESTED_GROUNDS[0], side, TESTED_GROUNDS[1]), np.random.default_rng(0)
    return [composed([cutout], some_ground(grounds, rng), rng) for cutout in some]


def accuracies(model: MMViT, tested: Sequence[Cutout], **context: float) -> dict[str, float]:
    """Split → how often the highest kind is the one that is shown, each thing alone in its picture, in per cent."""
    percents = {}
    for split in SPLITS:
        if some := [cutout for cutout in tested if cutout.split == split]:
            best = predict(model, shown(alone(some, model.settings.input[0])), **context).argmax(1)
            percents[split] = round(100 * float((best == [cutout.kind for cutout in some]).mean()), 2)
    return percents
