"""The numbers of the rooms recipe, and what its two stages share: batches, steps, judging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


@dataclass(frozen=True)
class Recipe:
    """Every number of the training."""

    epochs: int = 14  #: epochs of the first stage
    second_epochs: int = 10  #: epochs of the second stage
    batch: int = 2  #: rooms in a step
    rate: float = 4e-3  #: highest learning rate
    warm_up: float = 0.2  #: share of the steps in which the rate rises
    weight_decay: float = 0.01  #: of AdamW
    photos: int = 3  #: photos of a room in a step
    left_out: float = 0.1  #: share of tokens left out at random
    pool: str = "max"  #: how the 3D map is pooled: mean, max or mix
    contrastive: float = 1.0  #: weight of the contrastive loss; 0 leaves it out
    consistency: float = 1.0  #: weight of the consistency loss, α of the paper
    gravity: float = 3.0  #: weight of what gravity says of floor and walls; 0 leaves it out
    listed: float = 3.0  #: weight of what list and place say of every supervoxel; 0 leaves it out
    links: float = 2.0  #: weight of the loss that makes tokens ask where their own class is; 0 leaves it out
    own_room: float = 0.0  #: weight of the loss that finds the own room among others; 0 leaves it out
    link_epochs: int = 0  #: epochs of the stage of links, in which attention alone learns; 0 leaves it out
    link_batch: int = 4  #: rooms in a step of it
    link_rate: float = 1e-3  #: its highest learning rate
    link_turns: int = 2  #: turns of a room that it sees
    link_start: float = 0.1  #: what its decoder keeps of the first stage's queries at first, where it goes on from it
    link_classes: float = 0.0  #: in it, the weight of the loss that makes tokens ask where their own class is
    link_own_room: float = 1.0  #: in it, the weight of the loss that finds the own room among others
    photos_label: float = 0.7  #: weight of what photos say of supervoxels in the pseudo labels; 0 leaves it out
    former: float = 0.0  #: share of a former second stage's class map beside the first's in the pseudo labels
    balance: float = 0.5  #: how far rare classes weigh more in the second stage, 0 to 1
    sure: float = 0.5  #: least probability of a pseudo label
    rooms: int = 0  #: rooms trained on, the first so many; 0 takes all
    seed: int = 0  #: seed of everything drawn at random


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rooms of an epoch in random order, ``size`` at a time; the rest that fills no batch waits."""
    order = rng.permutation(count)
    size = min(size, count)
    for start in range(0, count // size * size, size):
        yield order[start : start + size]


def scores(answers: Any, *, labelled: bool = False) -> dict[str, Any]:
    """Intersection over union of answers (small voxels,) with the points' classes, in per cent.

    Args:
        answers: Pairs of answer and room.
        labelled: Count only what has an answer, and say how much that is.

    Returns:
        mIoU over the classes that occur, IoU of each by index, accuracy; with ``labelled`` the share that has one.
    """
    table, total, answered = 0, 0, 0
    for answer, room in answers:
        named = answer >= 0
        count = room.labels.shape[1]
        confusion = np.zeros((count, count))
        np.add.at(confusion, answer[named], room.labels[named])  # answer, truth
        table, total, answered = table + confusion, total + room.labels.sum(), answered + room.labels[named].sum()
    assert isinstance(table, np.ndarray)
    if not labelled:
        assert total == answered
    hit, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    known = table.sum(0) > 0
    each = 100 * hit[known] / union[known]
    scores_in_percent = {
        "mIoU": round(float(each.mean()), 1),
        "IoU": {int(i): round(float(v), 1) for i, v in zip(np.flatnonzero(known), each, strict=True)},
        "accuracy": round(100 * float(hit.sum() / table.sum()), 1),
    }
    return scores_in_percent | ({"labelled": round(100 * float(answered / total), 1)} if labelled else {})


def optimizer_of(
    parameters: list[nn.Parameter], recipe: Recipe, epochs: int, count: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with one cycle over the epochs of a stage."""
    steps = epochs * max(1, count // min(recipe.batch, count))
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.weight_decay)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=steps + 1, pct_start=recipe.warm_up
    )


def advance(
    loss: Tensor,
    parameters: list[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """One step."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    schedule.step()


def mean(losses: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each number over the steps that have it."""
    names = dict.fromkeys(name for entry in losses for name in entry)
    return {name: round(float(np.mean([entry[name] for entry in losses if name in entry])), 4) for name in names}
