"""The recipe of the spoken-digits checkpoint.

Every epoch each recording leads one clip: alone, or with one or two others after it, so that the places of several
digits in time are known and the answer to “is seven said?” depends on one stretch. One sigmoid for each digit, binary
cross-entropy. Voices are varied by playing a recording faster or slower by up to a fifth, bands by shifting the
spectrogram, loudness and background by noise; and each epoch has clips that synthesised voices lead
(``xviz make voices``), since five people are too few to learn from what all voices have in common; the
last epochs have recorded voices alone. A second stage (`xviz.train.mmvit.digits.refusing`) adds clips in which no digit
is said. Three further ways to vary them are off in the recipe of the shipped checkpoint
and on in a form of ``compare``: stretching the bands, as another throat would, an equaliser of slow waves, as
another microphone would, and silencing neighbouring bands (Park et al., SpecAugment, Interspeech 2019).

CutMix along time, which the paper uses for sound: in a share of the batches a stretch of w frames of each clip, all
bands, comes from another clip, and the labels are mixed (1 − w/T) : w/T; λ is drawn from Beta(1, 1).

A tenth of the patches of each view is left out at random, and in a quarter of the clips a stretch of time in all views
at once, with the digits that it takes along. So leaving out a token later asks nothing new of the model. The first
epochs have single digits only, without CutMix, which gets the training under way sooner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.models.mel import Mel, spectrogram
from xviz.models.mmvit import MMViT, patches, view_grid
from xviz.models.mmvit_cards import SOUND, SoundSettings, standard
from xviz.train.mmvit.augment import equalised, shifted, silenced, stretched
from xviz.train.mmvit.digits.clips import Clip, Recording, alone, recordings, row
from xviz.train.mmvit.shared import Schedule, optimise
from xviz.train.mmvit.transfer import transfer


@dataclass(frozen=True)
class Recipe(Schedule):
    """Every number of the training."""

    epochs: int = 20  #: passes over the training set
    alone_epochs: int = 4  #: first epochs, with single digits and no CutMix
    speed: float = 0.2  #: most change of a recording's speed, and with it of its pitch
    bands: int = 3  #: most shift of the spectrogram in bands
    stretch: float = 0.0  #: most stretch of the spectrogram along its bands, as a share
    tilt: float = 0.0  #: most gain of the equaliser, dB
    hidden: int = 0  #: most neighbouring bands silenced
    noise: float = 0.01  #: most noise, in full scale; speech has 0.1
    cutmix: float = 0.3  #: share of the batches with CutMix along time
    without: str = "yweweler"  #: speaker left out of the training altogether; "" for none
    made: int = 1500  #: clips that synthesised voices lead in each epoch
    real_epochs: int = 6  #: last epochs, with more of the recorded voices instead
    keep_tests: int = 1  #: 1 keeps the set's own test recordings out of the training, 0 takes them in
    late_epochs: int = 12  #: of the second stage, in which some clips have no digit
    late_real: int = 4  #: its last epochs, with recorded voices alone
    late_rate: float = 1e-3  #: highest learning rate of the second stage
    late_digitless: int = 10  #: clips without a digit in each of its batches, beside the others
    late_behind: float = 0.2  #: share of its other clips that have a sound without speech behind them


def train(
    folder: Path,
    out: Path,
    recipe: Recipe,
    settings: SoundSettings = SOUND,
    *,
    start: tuple[Mapping[str, Tensor], str] | None = None,
    voices: Path | None = None,
) -> MMViT:
    """Train on the recordings of a folder and write ``out`` and its log.

    Args:
        folder: Of the recordings.
        out: Where the weights go.
        recipe: The numbers of the training.
        settings: Of the card.
        start: Weights of a model of pictures to begin with, and the rule by which its colours are joined.
        voices: The folder of synthesised voices that ``xviz make voices`` wrote, where the recipe takes some.

    Raises:
        SampleError: a folder holds no recordings, or the recipe takes synthesised voices and no folder is given.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # small operations are no faster on two
    rng, definition = np.random.default_rng(recipe.seed), Mel.of(settings)
    every, fit, synthesised = material(folder, recipe, definition, voices)
    count = min(recipe.made, len(synthesised))
    model = MMViT(settings)
    if start is not None:
        transfer(start[0], model, rule=start[1])
    remember_mean(
        model, heard([alone(recording, definition.length, definition.rate) for recording in fit[::5]], definition)
    )

    def losses(epoch: int) -> Iterator[Tensor]:
        now = replace(recipe, cutmix=0.0) if (single := epoch < recipe.alone_epochs) else recipe
        more = synthesised if epoch < recipe.epochs - recipe.real_epochs else fit
        some = [*fit, *(more[i] for i in rng.permutation(len(more))[:count])]
        for clips in batches(some, recipe, definition, rng, single=single):
            yield step(model, clips, now, definition, rng)

    per_epoch = (len(fit) + count) // recipe.batch
    optimise(model, recipe, per_epoch, losses, lambda: check(model, every, fit, definition), out)
    return model


def material(
    folder: Path, recipe: Recipe, definition: Mel, voices: Path | None
) -> tuple[list[Recording], list[Recording], list[Recording]]:
    """All recordings of a folder, those of them that are trained on, and synthesised ones where the recipe takes some.

    Raises:
        SampleError: a folder holds no recordings, or the recipe takes synthesised voices and no folder is given.
    """
    if recipe.made and voices is None:
        raise SampleError(
            f"The recipe takes {recipe.made} clips of synthesised voices in each epoch. Make them by “xviz make "
            "voices --out DIR” and give --voices DIR, or train without them by --made 0."
        )
    every = recordings(folder, definition.rate)
    fit = [
        recording
        for recording in every
        if recording.speaker != recipe.without and not (recipe.keep_tests and recording.tests)
    ]
    return every, fit, recordings(voices, definition.rate) if voices is not None and recipe.made else []


def batches(
    fit: Sequence[Recording], recipe: Recipe, definition: Mel, rng: np.random.Generator, *, single: bool = False
) -> Iterator[list[Clip]]:
    """The clips of one epoch; every recording leads one, alone or with others after it in any voice."""
    order = rng.permutation(len(fit))
    for start in range(0, len(fit) // recipe.batch * recipe.batch, recipe.batch):
        clips = []
        for leader in order[start : start + recipe.batch]:
            more = rng.integers(0, len(fit), 0 if single else rng.choice([0, 1, 2], p=[0.4, 0.3, 0.3]))
            chosen = [varied(fit[i], recipe.speed, rng) for i in (leader, *more)]
            clips.append(row(chosen, definition.length, definition.rate, rng))
        yield clips


def varied(recording: Recording, most: float, rng: np.random.Generator) -> Recording:
    """The recording played faster or slower, its pitch with it."""
    speed = 1 + rng.uniform(-most, most)
    places = np.arange(0, len(recording.signal) - 1, speed)
    signal = np.interp(places, np.arange(len(recording.signal)), recording.signal).astype(np.float32)
    return Recording(signal, recording.digit, recording.speaker, recording.index)


def heard(clips: Sequence[Clip], definition: Mel) -> Tensor:
    """(b, 1, bands, frames) spectrograms as the model is fed them."""
    return standard(spectrogram(torch.from_numpy(np.stack([c.signal for c in clips])), definition), definition)[:, None]


def step(model: MMViT, clips: Sequence[Clip], recipe: Recipe, definition: Mel, rng: np.random.Generator) -> Tensor:
    """The loss of one batch."""
    noise = rng.standard_normal((len(clips), definition.length), dtype=np.float32)
    noise *= (recipe.noise * 10 ** rng.uniform(-2, 0, (len(clips), 1))).astype(np.float32)
    noisy = [Clip(c.signal + n, c.digits, c.places) for c, n in zip(clips, noise, strict=True)]
    planes = further(shifted(heard(noisy, definition), recipe.bands, rng), recipe, definition, rng)
    present, gone = leave_out(model.settings, len(clips), recipe.left_out, rng)
    labels = torch.from_numpy(
        np.stack([c.labels(tuple(g)) for c, g in zip(clips, gone * definition.seconds, strict=True)])
    )
    if rng.random() < recipe.cutmix:
        planes, labels = cutmix(planes, labels, rng)
    tokens = patches(planes, model.settings)
    outputs = model(tokens, present, {})
    return F.binary_cross_entropy_with_logits(torch.stack(list(outputs.values()), 1), labels)


def further(planes: Tensor, recipe: Recipe, definition: Mel, rng: np.random.Generator) -> Tensor:
    """Spectrograms varied in the ways that the recipe has switched on."""
    if recipe.stretch:
        planes = stretched(planes, recipe.stretch, rng)
    if recipe.tilt:
        planes = equalised(planes, recipe.tilt / (definition.floor / 2), rng)
    return silenced(planes, recipe.hidden, rng) if recipe.hidden else planes


def cutmix(planes: Tensor, labels: Tensor, rng: np.random.Generator, alpha: float = 1.0) -> tuple[Tensor, Tensor]:
    """CutMix along time: a stretch of every clip, all bands, from another clip of the batch, and labels mixed alike.

    Args:
        planes: (b, channels, bands, frames).
        labels: (b, classes).
        rng: For the stretch and for who is mixed with whom.
        alpha: Of the Beta distribution of the share that stays.
    """
    frames = planes.shape[-1]
    wide = round((1 - rng.beta(alpha, alpha)) * frames)
    start = int(rng.integers(0, frames - wide + 1))
    other = torch.from_numpy(rng.permutation(len(planes)))
    mixed = planes.clone()
    mixed[..., start : start + wide] = planes[other][..., start : start + wide]
    share = wide / frames
    return mixed, (1 - share) * labels + share * labels[other]


def leave_out(
    settings: SoundSettings, count: int, share: float, rng: np.random.Generator
) -> tuple[dict[str, Tensor], NDArray[np.float64]]:
    """Presence of every view's patches, and the stretch of each clip that is left out in all views.

    Args:
        settings: Of the card.
        count: Clips.
        share: Of the patches of a view that are left out one by one; with none, no stretch is either.
        rng: Chooses.

    Returns:
        View → (count, n) bool, and (count, 2) from, to as shares of the clip, alike where nothing is left out.
    """
    start, wide = rng.random(count), 0.4 * rng.random(count) * (rng.random(count) < 0.25 * bool(share))
    present = {}
    for view in range(len(settings.views)):
        rows, columns = view_grid(settings, view)
        middle = (np.arange(columns) + 0.5) / columns
        stretch = (middle >= start[:, None]) & (middle < (start + wide)[:, None])
        presence = (rng.random((count, rows, columns)) >= share) & ~stretch[:, None]
        presence[~presence.any((1, 2))] = True
        present[f"view{view + 1}"] = torch.from_numpy(presence.reshape(count, -1))
    return present, np.stack([start, start + wide], 1)


def remember_mean(model: MMViT, planes: Tensor) -> None:
    """Set the model's baselines: the mean patch of each view."""
    for name, these in patches(planes, model.settings).items():
        getattr(model, f"mean_{name}").copy_(these.mean((0, 1)))


@torch.inference_mode()
def predict(model: MMViT, planes: Tensor, batch: int = 128, **context: float) -> NDArray[np.float32]:
    """(n, classes) log-odds of spectrograms (n, 1, bands, frames)."""
    outputs = []
    for part in planes.split(batch):
        tokens = patches(part, model.settings)
        present = {name: torch.ones(t.shape[:2], dtype=torch.bool) for name, t in tokens.items()}
        gates = {name: torch.full((len(part),), float(value)) for name, value in context.items()}
        outputs.append(torch.stack(list(model(tokens, present, gates).values()), 1))
    return torch.cat(outputs).numpy()


def check(model: MMViT, every: Sequence[Recording], fit: Sequence[Recording], definition: Mel) -> dict[str, float]:
    """Accuracy in per cent on the recordings that were not trained on: of known speakers, and of others."""
    speakers = {recording.speaker for recording in fit}
    trained = {id(recording) for recording in fit}
    accuracies = {}
    for name, known in (("own split", True), ("new speaker", False)):
        some = [
            recording
            for recording in every
            if id(recording) not in trained and (recording.speaker in speakers) == known
        ]
        if some:
            accuracies[name] = accuracy(model, some, definition)
    return accuracies


def accuracy(model: MMViT, some: Sequence[Recording], definition: Mel, **context: float) -> float:
    """How often the highest digit is the one that is said, each recording alone in its clip, in per cent."""
    clips = [alone(recording, definition.length, definition.rate) for recording in some]
    best = predict(model, heard(clips, definition), **context).argmax(1)
    return round(100 * float((best == [recording.digit for recording in some]).mean()), 2)
