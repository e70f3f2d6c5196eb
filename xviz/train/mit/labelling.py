"""From the first stage's class map, and what photos say of it, to pseudo labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.clouds import laid
from xviz.models.mit import MIT
from xviz.models.mit_carried import joined
from xviz.train.mit.features import Room
from xviz.train.mit.second import first_map, second_map, shape_of
from xviz.train.mit.shell import IGNORED, possible
from xviz.train.mit.shown import as_tokens
from xviz.train.mit.steps import Recipe


def labels_of(model: MIT, room: Room, recipe: Recipe, said: Tensor | None) -> NDArray[np.int64]:
    """(supervoxels,) the pseudo labels that the first stage gives a room, with what its photos say of its points.

    Args:
        model: After its first stage; after a former second one too where the recipe takes a share of it.
        room: Its list of classes counts too.
        recipe: The numbers.
        said: What its photos say, see ``said_of``; None where they say nothing.
    """
    may = possible(room.cut, model.settings.classes, room.tags) if recipe.listed else None
    first = first_map(model, room)
    if recipe.former:
        assert model.second is not None
        assert model.classify_second is not None
        former = second_map(model.second, model.classify_second, room, model.settings)
        first = (1 - recipe.former) * first + recipe.former * former
    if said is not None and recipe.photos_label:
        usual = model.get_buffer("usual_views")
        first = joined(torch.from_numpy(first), said, usual, recipe.photos_label).numpy()
    return pseudo_labels(first, room, recipe.sure, may)


Tokens = tuple[dict[str, Tensor], dict[str, Tensor], Tensor]


@torch.no_grad()
def tokens_of(model: MIT, room: Room) -> Tokens:
    """Tokens of a room with all its photos, which of them take part, and the places of the supervoxels."""
    views, here = as_tokens(room.features.float(), room.here, model.sights)
    tokens = {"supervoxels": shape_of(model.unet, room, model.settings), model.sights: views}
    present = {"supervoxels": torch.ones(room.cut.supervoxels, dtype=torch.bool), model.sights: here}
    return tokens, present, laid(room.cut, model.settings)["places"]


@torch.no_grad()
def said_of(model: MIT, room: Room) -> Tensor | None:
    """(supervoxels, classes) what a room's photos say of its points; None where they say nothing or are not asked."""
    return model.said_by_photos(*tokens_of(model, room)) if model.settings.photos_say else None


@torch.no_grad()
def remember_usual(model: MIT, said: Sequence[Tensor | None]) -> None:
    """Put into the model what photos say of supervoxels in the mean over the rooms that are trained on."""
    if known := [part for part in said if part is not None]:
        model.get_buffer("usual_views").copy_(torch.cat(known).mean(0))


def pseudo_labels(
    class_map: NDArray[np.floating], room: Room, sure: float, may: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """(supervoxels,) a class, or ``IGNORED`` where the map is not sure.

    Args:
        class_map: (supervoxels, classes) class map.
        room: Its list of classes is all that is read beside the map.
        sure: The least that a label needs.
        may: (supervoxels, classes) the classes that each may have, among which the map is shared out anew; None leaves
            the map as it is and takes the list, as the paper does.
    """
    allowed = class_map * (room.tags if may is None else may)
    if may is not None:
        allowed = allowed / np.maximum(allowed.sum(1, keepdims=True), 1e-9)
    label = np.where(allowed.max(1) >= sure, allowed.argmax(1), IGNORED)
    for label_of_room in np.flatnonzero(room.tags):  # the classes of this very room
        label[allowed[:, label_of_room].argmax()] = label_of_room
    return label
