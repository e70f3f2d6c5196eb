"""The recipe of the rooms checkpoint: from the list of classes in a room to the class of every point.

First stage: the fusion model and its 3D network on seven losses (``losses``). Then pseudo labels: the class map of
the supervoxels, where the room has the class and the map is sure; each class of the room gets at least the supervoxel
that is surest of it. Second stage: a fresh 3D network on these labels alone, which needs no photos.

Differs from the released code in: labels are forced for the classes of that very room, not of the batch; AdamW with
one cycle in both stages; a tenth of the tokens is left out at random, so that leaving out a token later asks nothing
new; gravity names floor and walls (``gravity``): supervoxels that are level at the lowest height are told to be floor,
upright ones above two metres wall. Both are in every room, and lists that always hold both cannot tell which is which.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xviz import checkpoints
from xviz.core.attention import listening
from xviz.models.clouds import grid_of, laid, pooled
from xviz.models.mit import MIT, spaces_of
from xviz.models.mit_cards import SHIPPED, views_of
from xviz.models.sparse import SparseUNet
from xviz.train.mit.features import Room, rooms, some_photos, turned
from xviz.train.mit.losses import consistency, links, listed, losses, shares
from xviz.train.mit.shell import IGNORED, amid, openings, possible, possible_in_photos, shell

SECOND = ("second.", "classify_second.")  #: the parameters of the second stage
OPEN = 0.05  #: a room's doors, and its windows, hold at least this share of the supervoxels at its walls

SHOWN = 0.03  #: each class of a room fills at least this share of what some of its photos show


@dataclass(frozen=True)
class Recipe:
    """Every number of the training."""

    epochs: int = 14
    second_epochs: int = 10
    batch: int = 2  #: rooms in a step
    rate: float = 4e-3
    warm_up: float = 0.2  #: share of the steps
    weight_decay: float = 0.01
    photos: int = 3  #: of a room in a step
    left_out: float = 0.1  #: share of tokens left out at random
    pool: str = "max"  #: of the 3D map: mean, max or mix
    contrastive: float = 1.0  #: weight of that loss; 0 leaves it out
    consistency: float = 1.0  #: α of the paper
    gravity: float = 3.0  #: weight of what gravity says of floor and walls; 0 leaves it out
    listed: float = 3.0  #: weight of what list and place say of every supervoxel; 0 leaves it out
    links: float = 2.0  #: weight of the loss that makes tokens ask where their own class is; 0 leaves it out
    balance: float = 0.5  #: how far rare classes weigh more in the second stage, 0 to 1
    sure: float = 0.5  #: a pseudo label needs at least this
    rooms: int = 0  #: the first so many; 0 takes all
    seed: int = 0


def train(folder: Path, out: Path, recipe: Recipe, settings: Mapping[str, Any] = SHIPPED) -> MIT:
    """Train both stages on the rooms of a folder and write ``out``, after the first stage already, and its log."""
    torch.set_num_threads(1)
    fit, judge = (rooms(folder, split, settings, limit=recipe.rooms) for split in ("train", "val"))
    model, log = fitted(fit, judge, recipe, settings, out)
    checkpoints.save(model, out)
    said = {"recipe": asdict(recipe), "settings": {k: v for k, v in settings.items() if k != "classes"}, **log}
    out.with_suffix(".log.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return model


def fitted(
    fit: Sequence[Room],
    judge: Sequence[Room],
    recipe: Recipe,
    settings: Mapping[str, Any],
    out: Path | None = None,
) -> tuple[MIT, dict[str, Any]]:
    """Both stages on some rooms; the model, and how it went on the rooms that judge.

    Args:
        fit: Rooms that are trained on.
        judge: Rooms whose points judge; they change nothing, and may be none.
        recipe: The numbers.
        settings: Of the model.
        out: Where the model is put after the first stage already; None keeps it.
    """
    torch.manual_seed(recipe.seed)
    model = MIT(settings)
    log = {"first": first_stage(model, fit, judge, recipe)}
    if out is not None:
        checkpoints.save(model, out)
    labels = [labels_of(model, room, recipe) for room in fit]
    named = [label[room.cut.piece] for label, room in zip(labels, fit, strict=True)]
    log["pseudo"] = scores(zip(named, fit, strict=True), labelled=True)
    assert model.second is not None
    assert model.classify_second is not None
    log["second"] = second_stage(model.second, model.classify_second, fit, named, judge, recipe, settings)
    return model.eval(), log


# The first stage


def first_stage(model: MIT, fit: Sequence[Room], judge: Sequence[Room], recipe: Recipe) -> list[dict[str, float]]:
    """Train the fusion model and its 3D network; the log of its epochs."""
    rng = np.random.default_rng(recipe.seed)
    own = [p for name, p in model.named_parameters() if not name.startswith(SECOND)]
    optimizer, schedule = _optimizer(own, recipe, recipe.epochs, len(fit))
    remember_views(model, fit)
    log = []
    for epoch in range(recipe.epochs):
        begun, told = time.monotonic(), []
        model.train()
        for some in batches(len(fit), recipe.batch, rng):
            parts = step(model, [fit[i] for i in some], recipe, rng)
            loss = sum(parts.values())
            assert isinstance(loss, Tensor)
            _advance(loss, own, optimizer, schedule)
            told.append({name: part.item() for name, part in parts.items()})
        log.append({"epoch": epoch + 1, **_mean(told)})
        if judge and (epoch % 5 == 4 or epoch == recipe.epochs - 1):
            model.eval()
            log[-1]["mIoU"] = scores((first_map(model, room).argmax(1)[room.cut.piece], room) for room in judge)["mIoU"]
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
    remember_supervoxels(model.eval(), fit)
    return log


def batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rooms of an epoch in random order, ``size`` at a time; the rest that fills no batch waits."""
    order = rng.permutation(count)
    size = min(size, count)
    for start in range(0, count // size * size, size):
        yield order[start : start + size]


def step(model: MIT, some: Sequence[Room], recipe: Recipe, rng: np.random.Generator) -> dict[str, Tensor]:
    """The losses of one batch, already weighed."""
    settings = model.settings
    cuts = [turned(room.cut, rng) for room in some]
    scenes = [laid(made, settings) for made in cuts]
    grid, seen = grid_of(scenes)
    every = model.unet(seen, grid).split([len(scene["voxels"]) for scene in scenes])
    found: dict[str, list[Tensor]] = {}
    for room, made, scene, features in zip(some, cuts, scenes, every, strict=True):
        shape = pooled(features, scene["pairs"], made.pieces)
        tokens, present = with_photos({"supervoxels": shape}, room, model, recipe, rng)
        tags = torch.from_numpy(room.tags)[None]
        with listening() as calls:
            fused = model.fuse(_batched(tokens), _batched(present), {"places": scene["places"][None]})
        parts = losses(fused, tags, _batched(present), model.sights, pool=recipe.pool)
        parts["consistency"] = recipe.consistency * consistency(features, scene["pairs"], shape)
        if "contrastive" in parts:
            parts["contrastive"] = recipe.contrastive * parts["contrastive"]
        if recipe.links and fused.map_views is not None:
            spaces, maps = spaces_of(settings), {"points": fused.map_points, "views": fused.map_views}
            asked = [call for call in calls if call.module.queries != call.module.keys]
            parts["links"] = recipe.links * links(asked, {spaces[name]: maps[name] for name in maps}, tags)
        if recipe.listed:
            may = possible(room.cut, settings["classes"], room.tags)
            parts["listed"] = recipe.listed * listed(fused.map_points[0], torch.from_numpy(may))
            for name, where, enough in (("shares", amid, 1.0), ("openings", openings, OPEN)):
                some_may = torch.from_numpy(where(may, settings["classes"]))
                parts[name] = recipe.listed * shares(fused.map_points[0], some_may, enough)
            if fused.map_views is not None:
                parts |= in_photos(fused.map_views[0], present[model.sights], room.tags, recipe, settings)
        if recipe.gravity:
            named = torch.from_numpy(shell(room.cut, settings["classes"], room.tags))
            if (named != IGNORED).any():  # a scan of a part of a room may hold neither
                parts["gravity"] = recipe.gravity * F.cross_entropy(fused.map_points[0], named, ignore_index=IGNORED)
        for name, part in parts.items():
            found.setdefault(name, []).append(part)
    return {name: torch.stack(values).mean() for name, values in found.items()}


def in_photos(
    scores: Tensor, present: Tensor, tags: NDArray[np.float32], recipe: Recipe, settings: Mapping[str, Any]
) -> dict[str, Tensor]:
    """What the list says of every patch, or photo: it shows nothing else, and somewhere everything.

    Args:
        scores: (patches or views, classes) class scores of the 2D tokens.
        present: (patches or views,) bool.
        tags: (classes,) 1 where the room has the class.
        recipe: The weight.
        settings: tokens_2d, grid, classes.
    """
    may = np.broadcast_to(tags > 0, scores.shape)
    if settings["tokens_2d"] == "patch":
        count = len(scores) // int(np.prod(settings["grid"]))
        may = possible_in_photos(count, settings["grid"], settings["classes"], tags)
    may = torch.from_numpy(may.copy())[present]
    return {
        "listed in photos": recipe.listed * listed(scores[present], may),
        "shares in photos": recipe.listed * shares(scores[present], may, SHOWN),
    }


def with_photos(
    tokens: dict[str, Tensor], room: Room, model: MIT, recipe: Recipe, rng: np.random.Generator
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tokens with those of some photos, and what is present after a share was left out at random."""
    present = {"supervoxels": torch.ones(len(tokens["supervoxels"]), dtype=torch.bool)}
    if model.sights:
        features, here = some_photos(room, recipe.photos, rng)
        tokens[model.sights], present[model.sights] = as_tokens(features, here, model.sights)
    for name, shown in present.items():
        kept = shown & torch.from_numpy(rng.random(len(shown)) >= recipe.left_out)
        present[name] = kept if kept.any() else shown
    return tokens, present


def as_tokens(features: Tensor, here: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """(photos, patches, d) features and presence as the tokens of a space."""
    flat, shown = features.flatten(0, 1), here.flatten()
    if kind == "patches":
        return flat, shown
    return views_of(flat, shown, len(features)), torch.ones(len(features), dtype=torch.bool)


def remember_views(model: MIT, fit: Sequence[Room]) -> None:
    """Put the mean 2D token of the training set into the model."""
    if model.sights:
        made = [as_tokens(room.features.float(), room.here, model.sights) for room in fit]
        mean = torch.stack([tokens[shown].mean(0) for tokens, shown in made]).mean(0)
        getattr(model, f"mean_{model.sights}").copy_(mean)


@torch.no_grad()
def remember_supervoxels(model: MIT, fit: Sequence[Room]) -> None:
    """Put the mean 3D token of the training set into the trained model."""
    model.mean_supervoxels.copy_(
        torch.stack([shape_of(model.unet, room, model.settings).mean(0) for room in fit]).mean(0)
    )


@torch.no_grad()
def shape_of(net: SparseUNet, room: Room, settings: Mapping[str, Any]) -> Tensor:
    """(supervoxels, d) the room's 3D tokens, as it stands."""
    scene = laid(room.cut, settings)
    grid, seen = grid_of([scene])
    return pooled(net(seen, grid), scene["pairs"], room.cut.pieces)


@torch.no_grad()
def first_map(model: MIT, room: Room) -> NDArray[np.float32]:
    """(supervoxels, classes) the class map of the first stage, rows sum to one."""
    return model.map_points(shape_of(model.unet, room, model.settings)).softmax(-1).numpy()


# Pseudo labels and the second stage


def labels_of(model: MIT, room: Room, recipe: Recipe) -> NDArray[np.int64]:
    """(supervoxels,) the pseudo labels that the first stage gives a room."""
    may = possible(room.cut, model.settings["classes"], room.tags) if recipe.listed else None
    return pseudo_labels(first_map(model, room), room, recipe.sure, may)


def pseudo_labels(
    found: NDArray[np.floating], room: Room, sure: float, may: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(supervoxels,) a class, or ``IGNORED`` where the map is not sure.

    Args:
        found: (supervoxels, classes) class map.
        room: Its list of classes is all that is read beside the map.
        sure: The least that a label needs.
        may: (supervoxels, classes) the classes that each may have, among which the map is shared out anew; None leaves
            the map as it is and takes the list, as the paper does.
    """
    allowed = found * (room.tags if may is None else may)
    if may is not None:
        allowed = allowed / np.maximum(allowed.sum(1, keepdims=True), 1e-9)
    label = np.where(allowed.max(1) >= sure, allowed.argmax(1), IGNORED)
    for one in np.flatnonzero(room.tags):  # the classes of this very room
        label[allowed[:, one].argmax()] = one
    return label


def second_stage(
    net: SparseUNet,
    classify: nn.Linear,
    fit: Sequence[Room],
    named: Sequence[NDArray[np.int64]],
    judge: Sequence[Room],
    recipe: Recipe,
    settings: Mapping[str, Any],
) -> list[dict[str, float]]:
    """Train a 3D network on (small voxels,) labels, pseudo or true; the log of its epochs."""
    rng = np.random.default_rng(recipe.seed + 1)
    own = [*net.parameters(), *classify.parameters()]
    weights = class_weights(named, len(settings["classes"]), recipe.balance)
    optimizer, schedule = _optimizer(own, recipe, recipe.second_epochs, len(fit))
    log = []
    for epoch in range(recipe.second_epochs):
        begun, told = time.monotonic(), []
        net.train()
        for some in batches(len(fit), recipe.batch, rng):
            scenes = [laid(turned(fit[i].cut, rng), settings) for i in some]
            grid, seen = grid_of(scenes)
            every = classify(net(seen, grid)).split([len(scene["voxels"]) for scene in scenes])
            said = torch.cat([part[scene["pairs"][0]] for part, scene in zip(every, scenes, strict=True)])
            label = torch.from_numpy(np.concatenate([named[i] for i in some]))
            loss = F.cross_entropy(said, label, weights, ignore_index=IGNORED)
            _advance(loss, own, optimizer, schedule)
            told.append({"loss": loss.item()})
        log.append({"epoch": epoch + 1, **_mean(told)})
        if judge and (epoch % 5 == 4 or epoch == recipe.second_epochs - 1):
            net.eval()
            log[-1]["mIoU"] = scores((second_map(net, classify, r, settings).argmax(1)[r.cut.piece], r) for r in judge)[
                "mIoU"
            ]
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
    return log


def class_weights(named: Sequence[NDArray[np.int64]], count: int, power: float) -> Tensor:
    """(count,) a class weighs its share of the labels to the power −``power``, in the mean over labels one."""
    every = np.concatenate(named)
    share = np.bincount(every[every >= 0], minlength=count) / max(1, (every >= 0).sum())
    weight = np.where(share > 0, np.maximum(share, 1e-9) ** -power, 0)
    return torch.from_numpy(weight / (weight * share).sum()).float()


@torch.no_grad()
def second_map(net: SparseUNet, classify: nn.Linear, room: Room, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """(supervoxels, classes) probabilities of the second stage, mean over each supervoxel."""
    scene = laid(room.cut, settings)
    grid, seen = grid_of([scene])
    return pooled(classify(net(seen, grid)).softmax(-1), scene["pairs"], room.cut.pieces).numpy()


# Both


def scores(answers: Any, *, labelled: bool = False) -> dict[str, Any]:
    """Intersection over union of answers (small voxels,) with the points' classes, in per cent.

    Args:
        answers: Pairs of answer and room.
        labelled: Count only what has an answer, and say how much that is.

    Returns:
        mIoU over the classes that occur, IoU of each by index, accuracy; with ``labelled`` the share that has one.
    """
    table, asked, answered = 0, 0, 0
    for answer, room in answers:
        kept = answer >= 0
        count = room.labels.shape[1]
        one = np.zeros((count, count))
        np.add.at(one, answer[kept], room.labels[kept])  # answer, truth
        table, asked, answered = table + one, asked + room.labels.sum(), answered + room.labels[kept].sum()
    assert isinstance(table, np.ndarray)
    if not labelled:
        assert asked == answered
    hit, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    there = table.sum(0) > 0
    each = 100 * hit[there] / union[there]
    found = {
        "mIoU": round(float(each.mean()), 1),
        "IoU": {int(i): round(float(v), 1) for i, v in zip(np.flatnonzero(there), each, strict=True)},
        "accuracy": round(100 * float(hit.sum() / table.sum()), 1),
    }
    return found | ({"labelled": round(100 * float(answered / asked), 1)} if labelled else {})


def _optimizer(
    parameters: list[nn.Parameter], recipe: Recipe, epochs: int, count: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    steps = epochs * max(1, count // min(recipe.batch, count))
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.weight_decay)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=steps + 1, pct_start=recipe.warm_up
    )


def _advance(
    loss: Tensor,
    parameters: list[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    schedule.step()


def _mean(told: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for one in told for name in one)
    return {name: round(float(np.mean([one[name] for one in told if name in one])), 4) for name in names}


def _batched(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor[None] for name, tensor in tensors.items()}
