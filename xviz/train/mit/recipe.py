"""The recipe of the rooms checkpoint: from the list of classes in a room to the class of every point.

First stage: the fusion model and its 3D network on seven losses (`xviz.train.mit.losses`). Then pseudo labels: the
class map of the supervoxels joined with what the photos say of them (`xviz.models.mit_carried`), where the room has
the class and both together are sure; each class of the room gets at least the supervoxel that is surest of it. Second
stage: a fresh 3D network on these labels alone, which needs no photos; where there are some, they have a say in the
answer.

Differs from the released code in: labels are forced for the classes of that very room, not of the batch; AdamW with
one cycle in both stages; a tenth of the tokens is left out at random, so that leaving out a token later asks nothing
new; gravity names floor and walls (``gravity``): supervoxels that are level at the lowest height are told to be floor,
upright ones above two metres wall. Both are in every room, and lists that always hold both cannot tell which is which.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz import checkpoints
from xviz.core.attention import listening
from xviz.models.clouds import grid_of, laid, tokens_3d
from xviz.models.mit import MIT, spaces_of
from xviz.models.mit_cards import SHIPPED
from xviz.models.mit_settings import Settings
from xviz.train.common.records import logged
from xviz.train.mit.features import Room, drawn_light, rooms, turned
from xviz.train.mit.finishing import SECOND, finished
from xviz.train.mit.late import REMEMBERED, Unmet, alike, own_room, unmet
from xviz.train.mit.linking import link_stage
from xviz.train.mit.losses import consistency, links, listed, losses, shares
from xviz.train.mit.second import first_map
from xviz.train.mit.shell import IGNORED, amid, openings, possible, shell
from xviz.train.mit.shown import in_photos, remember_supervoxels, remember_views, with_photos
from xviz.train.mit.steps import Recipe, advance, batches, mean, optimizer_of, scores

OPEN = 0.05  #: a room's doors, and its windows, hold at least this share of the supervoxels at its walls


def train(folder: Path, out: Path, recipe: Recipe, settings: Settings = SHIPPED) -> MIT:
    """Train both stages on the rooms of a folder and write ``out``, after the first stage already, and its log."""
    torch.set_num_threads(1)
    fit, judge = (rooms(folder, split, settings, limit=recipe.rooms) for split in ("train", "val"))
    model, log = fitted(fit, judge, recipe, settings, out)
    checkpoints.save(model, out)
    logs = {"recipe": asdict(recipe), "settings": logged(settings), **log}
    out.with_suffix(".log.json").write_text(json.dumps(logs, indent=1) + "\n", encoding="utf-8")
    return model


def fitted(
    fit: Sequence[Room],
    judge: Sequence[Room],
    recipe: Recipe,
    settings: Settings,
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
    if recipe.link_epochs:
        log["links"] = link_stage(model, fit, recipe)
    log |= finished(model.eval(), fit, judge, recipe)
    return model.eval(), log


def first_stage(model: MIT, fit: Sequence[Room], judge: Sequence[Room], recipe: Recipe) -> list[dict[str, float]]:
    """Train the fusion model and its 3D network; the log of its epochs."""
    rng = np.random.default_rng(recipe.seed)
    own = [p for name, p in model.named_parameters() if not name.startswith(SECOND)]
    optimizer, schedule = optimizer_of(own, recipe, recipe.epochs, len(fit))
    remember_views(model, fit)
    log, remembered = [], deque[Unmet](maxlen=REMEMBERED)
    for epoch in range(recipe.epochs):
        begun, of_epoch = time.monotonic(), []
        model.train()
        for some in order(fit, recipe, rng):
            parts = step(model, [fit[i] for i in some], recipe, rng, remembered)
            loss = sum(parts.values())
            assert isinstance(loss, Tensor)
            advance(loss, own, optimizer, schedule)
            of_epoch.append({name: part.item() for name, part in parts.items()})
        log.append({"epoch": epoch + 1, **mean(of_epoch)})
        if judge and (epoch % 5 == 4 or epoch == recipe.epochs - 1):
            model.eval()
            log[-1]["mIoU"] = scores((first_map(model, room).argmax(1)[room.cut.supervoxel], room) for room in judge)[
                "mIoU"
            ]
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
    remember_supervoxels(model.eval(), fit)
    return log


def order(fit: Sequence[Room], recipe: Recipe, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rooms of each step of an epoch; like rooms together where the own room is to be found among them."""
    if recipe.own_room:
        return alike(np.stack([room.tags for room in fit]), recipe.batch, rng)
    return batches(len(fit), recipe.batch, rng)


def step(
    model: MIT,
    some: Sequence[Room],
    recipe: Recipe,
    rng: np.random.Generator,
    remembered: deque[Unmet] | None = None,
) -> dict[str, Tensor]:
    """The losses of one batch, already weighed.

    Args:
        model: In training.
        some: The rooms of the batch.
        recipe: The weights.
        rng: Draws photos, turns, light and what is left out.
        remembered: Rooms of earlier steps, among which the own room is to be found too; those of this one join them.
    """
    settings = model.settings
    lights = [drawn_light(rng) if settings.colours else None for _ in some]  # photos and cloud are seen in one light
    cuts = [turned(room.cut, rng, light=light) for room, light in zip(some, lights, strict=True)]
    scenes = [laid(cut_cloud, settings) for cut_cloud in cuts]
    grid, seen_features = grid_of(scenes)
    every = model.unet(seen_features, grid).split([len(scene["voxels"]) for scene in scenes])
    terms: dict[str, list[Tensor]] = {}
    apart: list[Unmet] = []
    for room, cut_cloud, scene, features, light in zip(some, cuts, scenes, every, lights, strict=True):
        shape = tokens_3d(features, scene["seen"], scene["pairs"], cut_cloud.supervoxels, settings)
        tokens, present = with_photos({"supervoxels": shape}, room, model, recipe, rng, light)
        tags = torch.from_numpy(room.tags)[None]
        with listening() as calls:
            fused = model.fuse(_batched(tokens), _batched(present), {"places": scene["places"][None]})
        parts = losses(fused, tags, _batched(present), model.sights, pool=recipe.pool)
        means_of_network = shape[:, : settings.width]
        parts["consistency"] = recipe.consistency * consistency(features, scene["pairs"], means_of_network)
        if "contrastive" in parts:
            parts["contrastive"] = recipe.contrastive * parts["contrastive"]
        if recipe.links and fused.map_views is not None:
            spaces, maps = spaces_of(settings), {"points": fused.map_points, "views": fused.map_views}
            cross = [call for call in calls if call.module.queries != call.module.keys]
            parts["links"] = recipe.links * links(cross, {spaces[name]: maps[name] for name in maps}, tags)
        if recipe.own_room and fused.before is not None:
            apart.append(unmet(model.decoder, fused.before))
        if recipe.listed:
            may = possible(room.cut, settings.classes, room.tags)
            parts["listed"] = recipe.listed * listed(fused.map_points[0], torch.from_numpy(may))
            for name, where, enough in (("shares", amid, 1.0), ("openings", openings, OPEN)):
                some_may = torch.from_numpy(where(may, settings.classes))
                parts[name] = recipe.listed * shares(fused.map_points[0], some_may, enough)
            if fused.map_views is not None:
                parts |= in_photos(fused.map_views[0], present[model.sights], room.tags, recipe, settings)
        if recipe.gravity:
            named = torch.from_numpy(shell(room.cut, settings.classes, room.tags))
            if (named != IGNORED).any():  # a scan of a part of a room may hold neither
                parts["gravity"] = recipe.gravity * F.cross_entropy(fused.map_points[0], named, ignore_index=IGNORED)
        for name, part in parts.items():
            terms.setdefault(name, []).append(part)
    means = {name: torch.stack(values).mean() for name, values in terms.items()}
    if apart:
        means["own room"] = recipe.own_room * own_room(apart, tuple(remembered or ()))
        if remembered is not None:
            remembered.extend(room.alone() for room in apart)
    return means


def _batched(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor[None] for name, tensor in tensors.items()}
