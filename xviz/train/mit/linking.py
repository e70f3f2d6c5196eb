"""The stage between: attention alone learns further where patches belong, over 3D tokens that stay as they are.

The 3D network, the class map and the second stage are left as the first stage made them, so that what is said of every
point does not change by a bit. A room's 3D tokens are then the same in every step; some turns of each are made once,
and a step costs a hundredth of what it costs with the network before it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xviz import checkpoints
from xviz.core.attention import listening
from xviz.models.clouds import grid_of, laid, tokens_3d
from xviz.models.mit import MIT, spaces_of
from xviz.models.mit_cards import SHIPPED
from xviz.models.mit_settings import Settings
from xviz.train.common.records import logged
from xviz.train.mit.features import Light, Room, drawn_light, rooms, turned
from xviz.train.mit.late import Unmet, alike, own_room, unmet
from xviz.train.mit.losses import links, losses
from xviz.train.mit.shown import in_photos, remember_supervoxels, remember_views, with_photos
from xviz.train.mit.steps import Recipe, advance, mean, optimizer_of

KEPT = ("unet.", "map_points.", "second.", "classify_second.")  #: parameters that this stage leaves as they are


@dataclass(frozen=True, eq=False)
class Turn:
    """One turn of a room."""

    tokens: Tensor  #: (supervoxels, width) 3D tokens
    places: Tensor  #: (supervoxels, 3)
    light: Light | None  #: in which its cloud was seen


def train_links(
    folder: Path, out: Path, recipe: Recipe, settings: Settings = SHIPPED, start: Path | None = None
) -> MIT:
    """Train the stage of links alone, from the shipped weights or those of ``start``; write ``out`` and its log."""
    torch.set_num_threads(1)
    start = start or checkpoints.find("mit").path
    torch.manual_seed(recipe.seed)
    model = started(checkpoints.read(start), settings, recipe)
    fit = rooms(folder, "train", settings, limit=recipe.rooms)
    log = json.loads(start.with_suffix(".log.json").read_text(encoding="utf-8"))
    log["links"] = {"recipe": asdict(recipe), "epochs": link_stage(model, fit, recipe)}
    checkpoints.save(model, out)
    log["settings"] = logged(settings)
    out.with_suffix(".log.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    return model


def started(weights: Mapping[str, Tensor], settings: Settings, recipe: Recipe) -> MIT:
    """A model with the weights of one that may have known no colours, whose attention is nearly even at first."""
    model = MIT(settings)
    own = model.state_dict()
    fitting = {name: tensor for name, tensor in weights.items() if name in own and own[name].shape == tensor.shape}
    model.load_state_dict({**own, **fitting})
    with torch.no_grad():
        for layer in model.decoder:
            layer.get_submodule("cross").query.weight.mul_(recipe.link_start)
    return model


def link_stage(model: MIT, fit: Sequence[Room], recipe: Recipe) -> list[dict[str, float]]:
    """Train encoders, decoder and what is seen of photos on the links of some rooms; the log of the epochs.

    Args:
        model: After its first stage.
        fit: Rooms that are trained on.
        recipe: The numbers of this stage begin with ``link``.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed + 2)
    remember_views(model, fit)
    own = [p for name, p in model.named_parameters() if not name.startswith(KEPT)]
    turns = [turns_of(model.eval(), room, recipe, rng) for room in fit]
    tags = np.stack([room.tags for room in fit])
    steps = replace(recipe, rate=recipe.link_rate, batch=recipe.link_batch)
    optimizer, schedule = optimizer_of(own, steps, recipe.link_epochs, len(fit))
    log = []
    for epoch in range(recipe.link_epochs):
        begun, of_epoch = time.monotonic(), []
        model.train()
        for some in alike(tags, recipe.link_batch, rng):
            drawn = [(fit[i], turns[i][int(rng.integers(len(turns[i])))]) for i in some]
            parts = link_step(model, drawn, recipe, rng)
            loss = sum(parts.values())
            assert isinstance(loss, Tensor)
            advance(loss, own, optimizer, schedule)
            of_epoch.append({name: part.item() for name, part in parts.items()})
        log.append({"epoch": epoch + 1, **mean(of_epoch)})
        print(json.dumps(log[-1] | {"seconds": round(time.monotonic() - begun)}), flush=True)
    remember_supervoxels(model.eval(), fit)
    return log


@torch.no_grad()
def turns_of(model: MIT, room: Room, recipe: Recipe, rng: np.random.Generator) -> list[Turn]:
    """The room as it stands and some turns of it, as the network that is kept sees them."""
    settings, turns = model.settings, []
    for number in range(recipe.link_turns):
        light = drawn_light(rng) if settings.colours else None
        cut_cloud = turned(room.cut, rng, light=light) if number else room.cut
        scene = laid(cut_cloud, settings)
        grid, features = grid_of([scene])
        tokens = tokens_3d(model.unet(features, grid), features, scene["pairs"], cut_cloud.supervoxels, settings)
        turns.append(Turn(tokens, scene["places"], light if number or light is None else np.ones_like(light)))
    return turns


def link_step(
    model: MIT, some: Sequence[tuple[Room, Turn]], recipe: Recipe, rng: np.random.Generator
) -> dict[str, Tensor]:
    """The losses of one batch that move attention, already weighed."""
    terms: dict[str, list[Tensor]] = {}
    apart: list[Unmet] = []
    for room, turn in some:
        tokens, present = with_photos({"supervoxels": turn.tokens}, room, model, recipe, rng, turn.light)
        tokens, present = ({name: tensor[None] for name, tensor in part.items()} for part in (tokens, present))
        tags = torch.from_numpy(room.tags)[None]
        with listening() as calls:
            fused = model.fuse(tokens, present, {"places": turn.places[None]})
        assert fused.before is not None
        assert fused.map_views is not None
        parts = losses(fused, tags, present, model.sights, pool=recipe.pool)
        del parts["map of points"]
        if recipe.link_classes:
            spaces, maps = spaces_of(model.settings), {"points": fused.map_points, "views": fused.map_views}
            cross = [call for call in calls if call.module.queries != call.module.keys]
            parts["links"] = recipe.link_classes * links(cross, {spaces[name]: maps[name] for name in maps}, tags)
        parts |= in_photos(fused.map_views[0], present[model.sights][0], room.tags, recipe, model.settings)
        if recipe.link_own_room:
            apart.append(unmet(model.decoder, fused.before))
        for name, part in parts.items():
            terms.setdefault(name, []).append(part)
    means = {name: torch.stack(values).mean() for name, values in terms.items()}
    return means | ({"own room": recipe.link_own_room * own_room(apart)} if apart else {})
