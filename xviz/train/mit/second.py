"""The second stage, which learns from pseudo labels, and the class maps of both stages."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xviz.models.clouds import grid_of, laid, laid_turned, tokens_3d
from xviz.models.mit import MIT
from xviz.models.mit_encode import second_of
from xviz.models.mit_settings import Settings
from xviz.models.sparse import SparseUNet
from xviz.train.mit.features import Room, turned
from xviz.train.mit.shell import IGNORED
from xviz.train.mit.steps import Recipe, advance, batches, mean, optimizer_of, scores


@torch.no_grad()
def shape_of(net: SparseUNet, room: Room, settings: Settings) -> Tensor:
    """(supervoxels, d) the room's 3D tokens, as it stands."""
    scene = laid(room.cut, settings)
    grid, features = grid_of([scene])
    return tokens_3d(net(features, grid), features, scene["pairs"], room.cut.supervoxels, settings)


@torch.no_grad()
def first_map(model: MIT, room: Room) -> NDArray[np.float32]:
    """(supervoxels, classes) the class map of the first stage, rows sum to one."""
    return model.class_map(shape_of(model.unet, room, model.settings)).softmax(-1).numpy()


def second_stage(
    net: SparseUNet,
    classify: nn.Linear,
    fit: Sequence[Room],
    named: Sequence[NDArray[np.int64]],
    judge: Sequence[Room],
    recipe: Recipe,
    settings: Settings,
) -> list[dict[str, float]]:
    """Train a 3D network on (small voxels,) labels, pseudo or true; the log of its epochs."""
    rng = np.random.default_rng(recipe.seed + 1)
    own = [*net.parameters(), *classify.parameters()]
    weights = class_weights(named, len(settings.classes), recipe.balance)
    optimizer, schedule = optimizer_of(own, recipe, recipe.second_epochs, len(fit))
    log = []
    for epoch in range(recipe.second_epochs):
        begun, losses = time.monotonic(), []
        net.train()
        for some in batches(len(fit), recipe.batch, rng):
            scenes = [laid(turned(fit[i].cut, rng), settings) for i in some]
            grid, features = grid_of(scenes)
            every = classify(net(features, grid)).split([len(scene["voxels"]) for scene in scenes])
            outputs = torch.cat([part[scene["pairs"][0]] for part, scene in zip(every, scenes, strict=True)])
            label = torch.from_numpy(np.concatenate([named[i] for i in some]))
            loss = F.cross_entropy(outputs, label, weights, ignore_index=IGNORED)
            advance(loss, own, optimizer, schedule)
            losses.append({"loss": loss.item()})
        log.append({"epoch": epoch + 1, **mean(losses)})
        if judge and (epoch % 5 == 4 or epoch == recipe.second_epochs - 1):
            net.eval()
            log[-1]["mIoU"] = scores(
                (second_map(net, classify, r, settings).argmax(1)[r.cut.supervoxel], r) for r in judge
            )["mIoU"]
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
    return log


def class_weights(named: Sequence[NDArray[np.int64]], count: int, power: float) -> Tensor:
    """(count,) a class weighs its share of the labels to the power −``power``, in the mean over labels one."""
    every = np.concatenate(named)
    share = np.bincount(every[every >= 0], minlength=count) / max(1, (every >= 0).sum())
    weight = np.where(share > 0, np.maximum(share, 1e-9) ** -power, 0)
    return torch.from_numpy(weight / (weight * share).sum()).float()


@torch.no_grad()
def second_map(net: SparseUNet, classify: nn.Linear, room: Room, settings: Settings) -> NDArray[np.float32]:
    """(supervoxels, classes) probabilities of the second stage, mean over each supervoxel of the room as it stands."""
    return second_of(net, classify, [laid(room.cut, settings)], room.cut.supervoxels).numpy()


@torch.no_grad()
def turned_map(net: SparseUNet, classify: nn.Linear, room: Room, settings: Settings) -> NDArray[np.float32]:
    """The same as the model says it: mean over the settings' turns of the room too."""
    scenes = [laid(room.cut, settings), *laid_turned(room.cut, settings)]
    return second_of(net, classify, scenes, room.cut.supervoxels).numpy()
