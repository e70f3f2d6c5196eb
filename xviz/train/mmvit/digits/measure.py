"""What the spoken-digits checkpoint can do and how far its explanations can be trusted: the numbers of its record.

Accuracy: one recording alone in its clip, on the set's own test split of the speakers that were trained on, and on all
recordings of speakers that were not, with every stage's cross-attention as it is and switched off.
Strings: clips of two or three different digits, which of the ten are said.
Places: in such clips, the share of each method's relevance for one digit that lies in the stretch in which it is said.
Sureness: clips in which no digit is said, and digits with sounds behind them (`xviz.train.mmvit.digits.sureness`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from xviz import engine
from xviz.checkpoints import FOLDER
from xviz.core.sample import Sample, Sound
from xviz.models.mel import Mel
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import DIGITS, MMVIT_CARD
from xviz.train.common.placement import Case, placed, several
from xviz.train.common.records import kept, switched, write
from xviz.train.mmvit.digits.clips import Clip, Recording, recordings, row
from xviz.train.mmvit.digits.recipe import accuracy, heard, predict
from xviz.train.mmvit.digits.sureness import sureness


def measure(
    folder: Path, out: Path, *, digitless: Path, former: Path | None = None, clips: int = 40
) -> dict[str, object]:
    """Measure the shipped checkpoint and write its record.

    Args:
        folder: Of the recordings.
        out: The record (JSON).
        digitless: The folder that ``xviz make digitless`` wrote.
        former: Weights before the second stage, to stand beside the checkpoint.
        clips: For the table of places.
    """
    torch.set_num_threads(1)
    loaded, definition = engine.load(MMVIT_CARD), Mel.of(MMVIT_CARD.settings)
    model = loaded.model(MMViT)
    without = json.loads((FOLDER / "mmvit-digits.log.json").read_text(encoding="utf-8"))["recipe"]["without"]
    every = recordings(folder, definition.rate)
    own = [recording for recording in every if recording.tests and recording.speaker != without]
    new = [recording for recording in every if recording.speaker == without]
    record = kept(out) | {
        "card": MMVIT_CARD.key,
        "checkpoint_sha256": loaded.sha256,
        "parameters": sum(p.numel() for p in model.parameters()),
        "never heard": without,
        "accuracy": {
            "own split": accuracies(model, own, definition),
            "speaker never heard": accuracies(model, new, definition),
        },
        "strings": {
            "own split": strings(model, own, definition),
            "speaker never heard": strings(model, new, definition),
        },
        "places": {"own split": places(loaded, own, definition, clips)},
        **sureness(model, {"own split": own, "speaker never heard": new}, digitless, former),
    }
    return write(record, out)


def accuracies(model: MMViT, some: Sequence[Recording], definition: Mel) -> dict[str, float]:
    """Per cent right as the model is, with the cross-attention of one stage off, and of all."""
    return {"recordings": len(some), **switched(model, partial(accuracy, model, some, definition))}


def rows_of(some: Sequence[Recording], definition: Mel, count: int, seed: int) -> list[Clip]:
    """Clips of two or three different digits."""
    rng, clips = np.random.default_rng(seed), []
    while len(clips) < count:
        chosen, digits = [], set()
        for index in rng.permutation(len(some))[:12]:
            if some[index].digit not in digits and len(chosen) < 3:
                chosen.append(some[index])
                digits.add(some[index].digit)
        clip = row(chosen, definition.length, definition.rate, rng)
        if len(clip.digits) > 1:
            clips.append(clip)
    return clips


def strings(model: MMViT, some: Sequence[Recording], definition: Mel, count: int = 300) -> dict[str, float]:
    """Of clips of two or three digits: how often exactly these are said (log-odds above 0), and mean precision."""
    clips = rows_of(some, definition, count, seed=1)
    true = np.stack([clip.labels() for clip in clips]) > 0
    scores = several(predict(model, heard(clips, definition)), true)
    return {"clips": scores.pop("cases"), **scores}


# Places


def places(loaded: engine.Loaded, some: Sequence[Recording], definition: Mel, count: int) -> dict[str, object]:
    """How much of each method's relevance lies in the stretch in which a digit is said, in clips of several."""
    shares = placed(loaded, cases(some, definition, count))
    return {"clips": shares.pop("cases"), **shares}


def cases(some: Sequence[Recording], definition: Mel, count: int) -> Iterator[Case]:
    """Clips of several digits with one of them and the stretch in which it is said."""
    for number, clip in enumerate(rows_of(some, definition, count, seed=2)):
        digit, stretch = clip.digits[number % len(clip.digits)], clip.places[number % len(clip.digits)]
        sample = Sample(f"string {number}", {"sound": Sound(clip.signal.copy(), definition.rate)})
        yield sample, DIGITS[digit], definition.place(*stretch)
