"""The 3D tokens of a room, and the class of every supervoxel: what trained networks make of what was prepared.

The second stage sees the room as it stands and turned about the vertical (``turns``), and says the mean: a network on a
grid says not quite the same of a turned room. Where photos have a say, it is joined with theirs; where neighbours have
one, each supervoxel hears those that are like it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from xviz.core.run import Inputs
from xviz.models.clouds import grid_of, pooled, tokens_3d
from xviz.models.mit import MIT
from xviz.models.mit_carried import joined
from xviz.models.mit_settled import settled

VOXELS = ("voxels", "seen", "pairs")  #: of the context, until the tokens exist; with the number of a turn too


@torch.no_grad()
def encode(module: MIT, inputs: Inputs) -> Inputs:
    """The prepared parts with the 3D tokens that the trained network makes of the voxels.

    The context loses the voxels and gains ``second`` (supervoxels, classes), the second stage's probabilities, where
    there is one. Where photos have a say in it, ``second_points`` is what points say alone.
    """
    context = {name: value for name, value in inputs.context.items() if name.split()[0] not in VOXELS}
    grid, features = grid_of([inputs.context])
    features, pairs, count = (
        features.to(module.class_token.dtype),
        inputs.context["pairs"],
        len(inputs.context["places"]),
    )
    shape = tokens_3d(module.unet(features, grid), features, pairs, count, module.settings)
    tokens = {"supervoxels": shape, **inputs.tokens}
    present = {"supervoxels": torch.ones(count, dtype=torch.bool), **inputs.present}
    if module.second is not None and module.classify_second is not None:
        every = [inputs.context] + [
            {name: inputs.context[turned_name(name, number)] for name in VOXELS}
            for number in range(len(module.settings.turns))
        ]
        points = second_of(module.second, module.classify_second, every, count)
        both = with_photos(module, points, tokens, present, context["places"])
        context["second"] = with_neighbours(module, both, tokens, context["places"])
        if both is not points:
            context["second_points"] = with_neighbours(module, points, tokens, context["places"])
    return replace(inputs, tokens=tokens, present=present, context=context)


def turned_name(name: str, number: int) -> str:
    """What a part of the context is called of a turn of the room."""
    return f"{name} {number}"


def second_of(second: nn.Module, classify: nn.Module, scenes: Sequence[Mapping[str, Tensor]], count: int) -> Tensor:
    """(count, classes) probabilities by the second stage's points alone, mean over one room laid in several ways.

    Args:
        second: The 3D network.
        classify: What names its voxels.
        scenes: The room as ``clouds.laid`` gives it.
        count: Supervoxels.
    """
    dtype = next(classify.parameters()).dtype
    total = []
    for scene in scenes:
        grid, features = grid_of([scene])
        total.append(pooled(classify(second(features.to(dtype), grid)).softmax(-1), scene["pairs"], count))
    return torch.stack(total).mean(0)


def with_photos(
    module: MIT, points: Tensor, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor], places: Tensor
) -> Tensor:
    """(supervoxels, classes) what points say of one room, joined with what its photos say where settings say so.

    Args:
        module: The model.
        points: (supervoxels, classes) probabilities.
        tokens: Of one room, (n, features) each.
        present: The same, (n,) bool.
        places: (supervoxels, 3).
    """
    weight = module.settings.photos_say
    photos = module.said_by_photos(tokens, present, places) if weight else None
    return points if photos is None else joined(points, photos, module.get_buffer("usual_views"), weight)


def with_neighbours(module: MIT, classes: Tensor, tokens: Mapping[str, Tensor], places: Tensor) -> Tensor:
    """(supervoxels, classes) what was said of each, beside its like neighbours where settings say so.

    Args:
        module: The model.
        classes: (supervoxels, classes) probabilities.
        tokens: Of one room, (n, features) each.
        places: (supervoxels, 3).
    """
    settings = module.settings
    colours = tokens["supervoxels"][:, settings.width :] if settings.colours else None
    return settled(classes, places, colours, settings.neighbours_say)
