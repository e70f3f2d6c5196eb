"""The recipe of the instruments checkpoint: which families play?

Every epoch each note leads some clips: alone, or with a note of another family that may begin at another time and sound
at once. One sigmoid for each family, binary cross-entropy. Notes are varied by speed, and with it pitch, by about a
semitone, by shifting the spectrogram by bands, in loudness, and with noise. CutMix along time and patches left out are
those of the digits (`xviz.train.mmvit.digits.recipe`). The first epochs have single notes only.

The training can begin with the weights of the model of object pictures: three colour channels become one by their sum
or by their mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xviz import checkpoints
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT, view_grid
from xviz.models.mmvit_cards import INSTRUMENTS, OBJECTS, SoundSettings
from xviz.train.mmvit.augment import shifted
from xviz.train.mmvit.digits.recipe import cutmix, heard, leave_out, predict, remember_mean
from xviz.train.mmvit.instruments.clips import Mixture, Note, mixed, notes, whole
from xviz.train.mmvit.shared import Schedule, begin, loss_of, optimise
from xviz.train.mmvit.transfer import transfer

SPLITS = ("pitch", "instrument", "soundfont")  #: what is only tested


@dataclass(frozen=True)
class Recipe(Schedule):
    """Every number of the training."""

    epochs: int = 14  #: passes over the training set
    batch: int = 16  #: clips in a step
    rate: float = 1e-3  #: highest learning rate
    rounds: int = 2  #: clips that each note leads in one epoch
    alone_epochs: int = 3  #: first epochs, with single notes and no CutMix
    together: float = 0.5  #: share of the clips with two notes
    speed: float = 0.06  #: most change of a note's speed, and with it of its pitch
    bands: int = 1  #: most shift of the spectrogram in bands
    noise: float = 0.003  #: most noise, in full scale; notes have 0.1
    cutmix: float = 0.3  #: share of the batches with CutMix along time
    start: str = ""  #: "sum" or "mean": begin with the weights for pictures, channels joined so; "" at random


def train(folder: Path, out: Path, recipe: Recipe, settings: SoundSettings = INSTRUMENTS) -> MMViT:
    """Train on the notes of a folder and write ``out`` and its log."""
    model, rng = begin(recipe, settings)
    if recipe.start:
        grids = [view_grid(OBJECTS, view) for view in range(len(OBJECTS.views))]
        transfer(checkpoints.read(checkpoints.find("mmvit-objects").path), model, rule=recipe.start, grids=grids)
    definition = Mel.of(settings)
    every = notes(folder, definition.rate, settings.classes)
    fit = [note for note in every if note.split == "train"]
    remember_mean(model, heard([whole(note, definition.length, definition.rate) for note in fit[::3]], definition))

    def losses(epoch: int) -> Iterator[Tensor]:
        now = replace(recipe, together=0.0, cutmix=0.0) if epoch < recipe.alone_epochs else recipe
        for clips in batches(fit, now, definition, rng):
            yield step(model, clips, now, definition, rng)

    tested = [note for note in every if note.split in ("pitch", "instrument")]
    per_epoch = recipe.rounds * len(fit) // recipe.batch
    optimise(model, recipe, per_epoch, losses, lambda: accuracies(model, tested, definition), out)
    return model


def batches(fit: Sequence[Note], recipe: Recipe, definition: Mel, rng: np.random.Generator) -> Iterator[list[Mixture]]:
    """The clips of one epoch; every note leads ``rounds`` of them."""
    order = np.concatenate([rng.permutation(len(fit)) for _ in range(recipe.rounds)])
    for start in range(0, len(order) // recipe.batch * recipe.batch, recipe.batch):
        clips = []
        for leader in order[start : start + recipe.batch]:
            chosen = [fit[leader], *([other(fit, fit[leader], rng)] if rng.random() < recipe.together else [])]
            varied = [faster(note, 1 + rng.uniform(-recipe.speed, recipe.speed)) for note in chosen]
            clips.append(mixed(varied, definition.length, definition.rate, rng))
        yield clips


def other(some: Sequence[Note], than: Note, rng: np.random.Generator) -> Note:
    """A note of another family."""
    while (note := some[int(rng.integers(len(some)))]).family == than.family:
        pass
    return note


def faster(note: Note, speed: float) -> Note:
    """The note played faster, its pitch higher."""
    places = np.arange(0, len(note.signal) - 1, speed)
    signal = np.interp(places, np.arange(len(note.signal)), note.signal).astype(np.float32)
    return replace(note, signal=signal)


def step(model: MMViT, clips: Sequence[Mixture], recipe: Recipe, definition: Mel, rng: np.random.Generator) -> Tensor:
    """The loss of one batch."""
    noise = rng.standard_normal((len(clips), definition.length), dtype=np.float32)
    noise *= (recipe.noise * 10 ** rng.uniform(-2, 0, (len(clips), 1))).astype(np.float32)
    noisy = [replace(clip, signal=clip.signal + own) for clip, own in zip(clips, noise, strict=True)]
    planes = shifted(heard(noisy, definition), recipe.bands, rng)
    present, gone = leave_out(model.settings, len(clips), recipe.left_out, rng)
    count = len(model.settings.classes)
    labels = torch.from_numpy(
        np.stack([c.labels(count, tuple(g)) for c, g in zip(clips, gone * definition.seconds, strict=True)])
    )
    if rng.random() < recipe.cutmix:
        planes, labels = cutmix(planes, labels, rng)
    return loss_of(model, planes, present, labels)


def accuracies(model: MMViT, tested: Sequence[Note], definition: Mel, **context: float) -> dict[str, float]:
    """Split → how often the highest family is the one that plays, each note alone in its clip, in per cent."""
    percents = {}
    for split in SPLITS:
        if some := [note for note in tested if note.split == split]:
            planes = heard([whole(note, definition.length, definition.rate) for note in some], definition)
            best = predict(model, planes, **context).argmax(1)
            percents[split] = round(100 * float((best == [note.family for note in some]).mean()), 2)
    return percents
