"""What the object-pictures checkpoint can do and how far its explanations can be trusted: the numbers of its record.

Accuracy: one thing alone in its picture, in held-out views of models that were trained on and as models that were not,
with every stage's cross-attention as it is and switched off. Together: pictures of two things, which of the twelve are
there. Places: in such pictures, the share of each method's relevance for one kind that lies on the mask of its thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from xviz import engine
from xviz.core.sample import Picture, Sample
from xviz.models.mmvit import MMViT
from xviz.models.mmvit_cards import MMVIT_OBJECTS_CARD, OBJECTS
from xviz.train.common.placement import Case, placed, several
from xviz.train.common.records import kept, switched, write
from xviz.train.mmvit.digits.recipe import predict
from xviz.train.mmvit.objects.pictures import Composed, Cutout, backgrounds, composed, cutouts
from xviz.train.mmvit.objects.recipe import SPLITS, TESTED_GROUNDS, accuracies, other, shown, some_ground

KINDS = OBJECTS.classes


def measure(folder: Path, out: Path, *, clips: int = 40) -> dict[str, object]:
    """Measure the shipped checkpoint on the cut-outs of a folder and write the record ``out`` (JSON)."""
    torch.set_num_threads(1)
    loaded = engine.load(MMVIT_OBJECTS_CARD)
    model = loaded.model(MMViT)
    tested = {split: [] for split in SPLITS}
    for cutout in cutouts(folder, KINDS):
        tested.get(cutout.split, []).append(cutout)
    record = kept(out) | {
        "card": loaded.card.key,
        "checkpoint_sha256": loaded.sha256,
        "parameters": sum(p.numel() for p in model.parameters()),
        "accuracy": {
            split: {"tested": len(some)} | switched(model, partial(score, model, some))
            for split, some in tested.items()
        },
        "together": {split: together(model, some) for split, some in tested.items()},
        "planted": {"model": placed(loaded, cases(tested["model"], clips))},
    }
    return write(record, out)


def score(model: MMViT, some: Sequence[Cutout], **off: float) -> float:
    """Accuracy on cut-outs of one split, per cent."""
    return accuracies(model, some, **off)[some[0].split]


def brief(model: MMViT, folder: Path) -> dict[str, float]:
    """The numbers by which trainings are compared, per cent."""
    every = [cutout for cutout in cutouts(folder, KINDS) if cutout.split in SPLITS]
    return accuracies(model, every) | {
        "mAP": together(model, [cutout for cutout in every if cutout.split == "model"])["mAP"]
    }


def pairs(some: Sequence[Cutout], count: int, seed: int) -> list[Composed]:
    """Pictures of two things of different kinds."""
    grounds = backgrounds(TESTED_GROUNDS[0], OBJECTS.input[0], TESTED_GROUNDS[1])
    rng, pictures = np.random.default_rng(seed), []
    for _ in range(count):
        first = some[int(rng.integers(len(some)))]
        pictures.append(composed([first, other(some, first, rng)], some_ground(grounds, rng), rng))
    return pictures


def together(model: MMViT, some: Sequence[Cutout], count: int = 400) -> dict[str, float]:
    """How well the kinds of two things are told."""
    pictures = pairs(some, count, seed=1)
    true = np.stack([picture.labels(len(KINDS)) for picture in pictures]) > 0
    return several(predict(model, shown(pictures)), true)


def cases(some: Sequence[Cutout], count: int) -> Iterator[Case]:
    """Pictures of two things with the kind of one and its true mask."""
    for number, picture in enumerate(pairs(some, count, seed=2)):
        index = number % 2
        yield (
            Sample(f"picture {number}", {"picture": Picture(picture.pixels)}),
            KINDS[picture.kinds[index]],
            picture.masks[index],
        )
