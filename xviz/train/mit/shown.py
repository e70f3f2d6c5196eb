"""What photos show of a room in training: some of them as tokens, and what the list says of each patch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.mit import MIT
from xviz.models.mit_cards import views_of
from xviz.models.mit_settings import Settings
from xviz.train.mit.features import Light, Room, in_light, some_photos
from xviz.train.mit.losses import listed, shares
from xviz.train.mit.second import shape_of
from xviz.train.mit.shell import possible_in_photos
from xviz.train.mit.steps import Recipe

SHOWN = 0.03  #: each class of a room fills at least this share of what some of its photos show


def in_photos(
    scores: Tensor, present: Tensor, tags: NDArray[np.float32], recipe: Recipe, settings: Settings
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
    if settings.tokens_2d == "patch":
        count = len(scores) // int(np.prod(settings.grid))
        may = possible_in_photos(count, settings.grid, settings.classes, tags)
    may = torch.from_numpy(may.copy())[present]
    return {
        "listed in photos": recipe.listed * listed(scores[present], may),
        "shares in photos": recipe.listed * shares(scores[present], may, SHOWN),
    }


def with_photos(
    tokens: dict[str, Tensor],
    room: Room,
    model: MIT,
    recipe: Recipe,
    rng: np.random.Generator,
    light: Light | None = None,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tokens with those of some photos, and what is present after a share was left out at random."""
    present = {"supervoxels": torch.ones(len(tokens["supervoxels"]), dtype=torch.bool)}
    if model.sights:
        features, patches = some_photos(room, recipe.photos, rng)
        features = features if light is None else in_light(features, light, rng)
        tokens[model.sights], present[model.sights] = as_tokens(features, patches, model.sights)
    for name, mask in present.items():
        reduced = mask & torch.from_numpy(rng.random(len(mask)) >= recipe.left_out)
        present[name] = reduced if reduced.any() else mask
    return tokens, present


def as_tokens(features: Tensor, present: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """(photos, patches, d) features and presence as the tokens of a space."""
    flat, mask = features.flatten(0, 1), present.flatten()
    if kind == "patches":
        return flat, mask
    return views_of(flat, mask, len(features)), torch.ones(len(features), dtype=torch.bool)


def remember_views(model: MIT, fit: Sequence[Room]) -> None:
    """Put the mean 2D token of the training set into the model."""
    if model.sights:
        views = [as_tokens(room.features.float(), room.here, model.sights) for room in fit]
        mean = torch.stack([tokens[mask].mean(0) for tokens, mask in views]).mean(0)
        getattr(model, f"mean_{model.sights}").copy_(mean)


@torch.no_grad()
def remember_supervoxels(model: MIT, fit: Sequence[Room]) -> None:
    """Put the mean 3D token of the training set into the trained model."""
    model.mean_supervoxels.copy_(
        torch.stack([shape_of(model.unet, room, model.settings).mean(0) for room in fit]).mean(0)
    )
