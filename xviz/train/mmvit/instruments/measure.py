"""What the instruments checkpoint can do and how far its explanations can be trusted: the numbers of its record.

Accuracy: one note alone in its clip, on held-out pitches, on programs that were never heard and on another soundfont,
with every stage's cross-attention as it is and switched off. Together: clips of notes of two families, which of the ten
play. Places: in such mixtures, the share of each method's relevance for one family that lies in the box, in time and
frequency, in which its note is heard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from xviz import engine
from xviz.core.sample import Sample, Sound
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import INSTRUMENTS, MMVIT_INSTRUMENTS_CARD
from xviz.train.common.placement import Case, placed, several
from xviz.train.common.records import kept, switched, write
from xviz.train.mmvit.digits.recipe import heard, predict
from xviz.train.mmvit.instruments.clips import Mixture, Note, mixed, notes
from xviz.train.mmvit.instruments.recipe import SPLITS, accuracies, other

TOGETHER = (0.6, 1.0)  #: seconds that each note of a mixture lasts
APART, ASIDE = 0.2, 7  #: least difference of two onsets in seconds, and of two pitches in semitones
FAMILIES = INSTRUMENTS.classes


def measure(folder: Path, out: Path, *, clips: int = 40) -> dict[str, object]:
    """Measure the shipped checkpoint on the notes of a folder and write the record ``out`` (JSON)."""
    torch.set_num_threads(1)
    loaded, definition = engine.load(MMVIT_INSTRUMENTS_CARD), Mel.of(INSTRUMENTS)
    model = loaded.model(MMViT)
    tested = {split: [] for split in SPLITS}
    for note in notes(folder, definition.rate, FAMILIES):
        tested.get(note.split, []).append(note)
    record = kept(out) | {
        "card": loaded.card.key,
        "checkpoint_sha256": loaded.sha256,
        "parameters": sum(p.numel() for p in model.parameters()),
        "accuracy": {
            split: {"tested": len(some)} | switched(model, partial(score, model, some, definition))
            for split, some in tested.items()
        },
        "together": {split: together(model, some, definition) for split, some in tested.items()},
        "planted": {"pitch": placed(loaded, cases(tested["pitch"], definition, clips))},
    }
    return write(record, out)


def score(model: MMViT, some: Sequence[Note], definition: Mel, **off: float) -> float:
    """Accuracy on notes of one split, per cent."""
    return accuracies(model, some, definition, **off)[some[0].split]


def brief(model: MMViT, folder: Path) -> dict[str, float]:
    """The numbers by which trainings are compared, per cent."""
    definition = Mel.of(model.settings)
    every = notes(folder, definition.rate, FAMILIES)
    scores = accuracies(model, [note for note in every if note.split in ("pitch", "instrument")], definition)
    return scores | {"mAP": together(model, [note for note in every if note.split == "pitch"], definition)["mAP"]}


def mixtures(some: Sequence[Note], definition: Mel, count: int, seed: int) -> list[Mixture]:
    """Clips of two notes that differ in family, clearly in pitch, and in when they begin."""
    rng, clips = np.random.default_rng(seed), []
    while len(clips) < count:
        first = some[int(rng.integers(len(some)))]
        second = other(some, first, rng)
        if abs(first.pitch - second.pitch) < ASIDE:
            continue
        clip = mixed([first, second], definition.length, definition.rate, rng, seconds=TOGETHER, spread=3.0)
        if abs(clip.places[0][0] - clip.places[1][0]) >= APART:
            clips.append(clip)
    return clips


def together(model: MMViT, some: Sequence[Note], definition: Mel, count: int = 400) -> dict[str, float]:
    """How well the families of mixtures are told."""
    clips = mixtures(some, definition, count, seed=1)
    true = np.stack([clip.labels(len(FAMILIES)) for clip in clips]) > 0
    return several(predict(model, heard(clips, definition)), true)


def cases(some: Sequence[Note], definition: Mel, count: int) -> Iterator[Case]:
    """Mixtures with one of their families and the box in which its note is heard."""
    for number, clip in enumerate(mixtures(some, definition, count, seed=2)):
        sample = Sample(f"mixture {number}", {"sound": Sound(clip.signal.copy(), definition.rate)})
        yield sample, FAMILIES[clip.families[number % 2]], definition.place(*clip.box(number % 2, definition))
