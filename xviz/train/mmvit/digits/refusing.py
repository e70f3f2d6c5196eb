"""The second stage of the spoken-digits recipe: where no digit is said, the model learns to detect none.

It goes on from the weights of the first stage, at a lower rate and for few epochs. Every batch has the clips that the
first stage has, and beside them clips without a digit (``xviz make digitless``), whose target is zero for all ten: each
digit has a probability of its own, so that nothing else has to be said. Some of the clips with digits have one of these
sounds behind them, but no speech, 5 to 25 dB below the digits; else any sound that is not digital silence
would be a sign that no digit is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz import checkpoints
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import SOUND, SoundSettings
from xviz.train.mmvit.digits.clips import Clip
from xviz.train.mmvit.digits.digitless import Digitless, clips_of, placed
from xviz.train.mmvit.digits.recipe import Recipe, batches, check, material, step
from xviz.train.mmvit.shared import optimise

BEHIND = (5.0, 25.0)  #: dB by which a sound behind digits is softer than they are


def refuse(
    folder: Path,
    out: Path,
    recipe: Recipe,
    settings: SoundSettings = SOUND,
    *,
    start: Path,
    digitless: Path,
    voices: Path | None = None,
) -> MMViT:
    """Train the second stage and write ``out`` and its log, which keeps the log of the first one.

    Args:
        folder: Of the recordings.
        out: Where the weights go.
        recipe: The numbers of the training; those of this stage begin with ``late``.
        settings: Of the card.
        start: Weights of the first stage, with their log beside them.
        digitless: The folder that ``xviz make digitless`` wrote.
        voices: The folder of synthesised voices, where the recipe takes some.

    Raises:
        SampleError: a folder does not hold what is needed.
    """
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # small operations are no faster on two
    rng, definition = np.random.default_rng([recipe.seed, 1]), Mel.of(settings)
    every, fit, synthesised = material(folder, recipe, definition, voices)
    sounds, count = clips_of(digitless, "learnt"), min(recipe.made, len(synthesised))
    log = json.loads(start.with_suffix(".log.json").read_text(encoding="utf-8"))
    model = MMViT(settings)
    model.load_state_dict(checkpoints.read(start))

    def losses(epoch: int) -> Iterator[Tensor]:
        more = synthesised if epoch < recipe.late_epochs - recipe.late_real else fit
        some = [*fit, *(more[i] for i in rng.permutation(len(more))[:count])]
        for clips in batches(some, recipe, definition, rng):
            yield step(model, with_sounds(clips, sounds, recipe, definition, rng), recipe, definition, rng)

    stage = replace(recipe, epochs=recipe.late_epochs, rate=recipe.late_rate)
    per_epoch = (len(fit) + count) // recipe.batch
    optimise(model, stage, per_epoch, losses, lambda: check(model, every, fit, definition), out)
    own = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))
    log["digitless"] = {"recipe": asdict(recipe), "epochs": own["epochs"]}
    out.with_suffix(".log.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    return model


def with_sounds(
    clips: Sequence[Clip], sounds: Sequence[Digitless], recipe: Recipe, definition: Mel, rng: np.random.Generator
) -> list[Clip]:
    """A batch with sounds behind some of its clips, and clips without a digit after them."""
    mute = [sound for sound in sounds if not sound.spoken]
    batch = []
    for clip in clips:
        if rng.random() < recipe.late_behind:
            sound = mute[int(rng.integers(len(mute)))]
            behind = placed(sound, definition.length, rng)
            clip = Clip(over(clip.signal, behind, rng.uniform(*BEHIND)), clip.digits, clip.places)
        batch.append(clip)
    for index in rng.integers(0, len(sounds), recipe.late_digitless):
        batch.append(Clip(placed(sounds[index], definition.length, rng), (), ()))
    return batch


def over(signal: NDArray[np.float32], behind: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """A signal with another one behind it, softer by so many dB where each of them sounds."""
    louder = level(signal) / (level(behind) + 1e-9) * 10 ** (-decibels / 20)
    return (signal + louder * behind).astype(np.float32)


def level(signal: NDArray[np.float32]) -> float:
    """Root mean square where a signal is not silent; 0 where it is silent throughout."""
    heard = signal[np.abs(signal) > 1e-6]
    return float(np.sqrt(np.mean(heard.astype(np.float64) ** 2))) if len(heard) else 0.0
