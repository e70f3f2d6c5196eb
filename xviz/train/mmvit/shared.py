"""What the recipes of the multiscale multiview model share: numbers, the loop, labels, the loss."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz import checkpoints
from xviz.core.errors import SampleError
from xviz.models.mmvit import MMViT, patches
from xviz.models.mmvit_layers import Settings
from xviz.train.common.records import logged


@dataclass(frozen=True)
class Schedule:
    """The numbers that every recipe of this model has."""

    epochs: int = 18  #: passes over the training set
    batch: int = 32  #: clips or pictures in a step
    rate: float = 2e-3  #: highest learning rate
    warm_up: float = 0.1  #: share of the steps in which the rate rises
    weight_decay: float = 0.05  #: of AdamW
    left_out: float = 0.1  #: share of patches left out at random
    seed: int = 0  #: seed of everything drawn at random


def begin(recipe: Schedule, settings: Settings) -> tuple[MMViT, np.random.Generator]:
    """A model with random weights and the random numbers of its training, both by the recipe's seed."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # small operations are no faster on two
    return MMViT(settings), np.random.default_rng(recipe.seed)


def optimise(
    model: MMViT,
    recipe: Schedule,
    per_epoch: int,
    losses: Callable[[int], Iterable[Tensor]],
    check: Callable[[], Mapping[str, float]],
    out: Path,
) -> None:
    """Train a model, write it after every epoch, and its log.

    Args:
        model: Changed in place.
        recipe: Its numbers; written into the log.
        per_epoch: Steps of one epoch.
        losses: The losses of one epoch, counted from 0, one after another as the model stands.
        check: What is measured every fourth epoch and after the last one.
        out: For the weights; the log lies beside them as ``.log.json``.

    Raises:
        SampleError: the training set does not fill a batch.
    """
    if per_epoch < 1:
        raise SampleError(
            f"The training set does not fill one batch of {recipe.batch}. Give a larger set, or a smaller batch."
        )
    optimizer = torch.optim.AdamW(groups(model, recipe.weight_decay), lr=recipe.rate)
    steps = recipe.epochs * per_epoch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=recipe.warm_up)
    log: list[dict[str, float]] = []
    for epoch in range(recipe.epochs):
        begun, of_epoch = time.monotonic(), []
        model.train()
        for loss in losses(epoch):
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            of_epoch.append(loss.item())
        model.eval()
        log.append({"epoch": epoch + 1, "loss": float(np.mean(of_epoch))})
        if epoch % 4 == 3 or epoch == recipe.epochs - 1:
            log[-1] |= check()
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
        checkpoints.save(model, out)
    logs = {"recipe": asdict(recipe), "settings": logged(model.settings), "epochs": log}
    out.with_suffix(".log.json").write_text(json.dumps(logs, indent=1) + "\n", encoding="utf-8")


def groups(model: MMViT, decay: float) -> list[dict[str, Any]]:
    """Parameters with weight decay, and those of one dimension and the codes of places without."""
    small = [p for name, p in model.named_parameters() if p.ndim == 1 or "place" in name or name == "first"]
    known = {id(p) for p in small}
    large = [p for p in model.parameters() if id(p) not in known]
    return [{"params": large, "weight_decay": decay}, {"params": small, "weight_decay": 0.0}]


def loss_of(model: MMViT, planes: Tensor, present: Mapping[str, Tensor], labels: Tensor) -> Tensor:
    """Binary cross-entropy, one sigmoid for each class.

    Args:
        model: Answers.
        planes: (b, channels, rows, columns).
        present: View → (b, n) bool.
        labels: (b, classes), 0 to 1.
    """
    outputs = model(patches(planes, model.settings), present, {})
    return F.binary_cross_entropy_with_logits(torch.stack(list(outputs.values()), 1), labels)


def labels_of(
    classes: Sequence[int], places: Sequence[tuple[float, float]], count: int, gone: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    """(count,) one for every class that is there; not for one of which a stretch takes more than half.

    Args:
        classes: Numbers of those that are there.
        places: From, to of each, in the unit of ``gone``.
        count: Of all classes.
        gone: From, to of the stretch.
    """
    labels = np.zeros(count, np.float32)
    for label, (start, end) in zip(classes, places, strict=True):
        lost = max(0.0, min(end, gone[1]) - max(start, gone[0]))
        labels[label] = max(labels[label], float(lost <= (end - start) / 2))
    return labels
