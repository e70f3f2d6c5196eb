"""The seven losses of the interlaced Transformer, from the list of classes in a room alone.

Source: Yang et al., ICCV 2023, and the released code; in the total all weigh one, the consistency α.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.core.errors import ModelError
from xviz.models.mit import Fused
from xviz.models.mit_layers import contrastive

POOLS = ("mean", "max", "mix")


def losses(
    fused: Fused, tags: Tensor, present: Mapping[str, Tensor], sights: str, *, pool: str = "mean"
) -> dict[str, Tensor]:
    """Six of the losses for b scenes, by name; those of the photos only where there are photos.

    Args:
        fused: What the model made of the scenes.
        tags: (b, c) 1 where a class is in the room, else 0.
        present: Space → (b, n) bool.
        sights: Space of the 2D tokens; empty without photos.
        pool: How the map of the 3D tokens becomes one number a class: see ``pooled_map``.
    """
    found = {
        "points": F.multilabel_soft_margin_loss(fused.own_points, tags),
        "map of points": F.binary_cross_entropy(
            pooled_map(fused.map_points.softmax(-1), present["supervoxels"], pool).clamp(1e-6, 1 - 1e-6), tags
        ),
    }
    if fused.own_views is None or fused.map_views is None or fused.affinities is None:
        return found
    return found | {
        "photos": F.multilabel_soft_margin_loss(fused.own_views, tags),
        "both": F.multilabel_soft_margin_loss(fused.joint, tags),
        "map of photos": F.multilabel_soft_margin_loss(pooled_map(fused.map_views, present[sights], "mean"), tags),
        "contrastive": contrastive(fused.affinities),
    }


def pooled_map(values: Tensor, present: Tensor, pool: str) -> Tensor:
    """(b, n, c) class scores of tokens → (b, c): their mean over the present ones, their maximum, or the mean of both.

    Raises:
        ModelError: another pooling.
    """
    if pool not in POOLS:
        raise ModelError(f"Maps are pooled by one of {POOLS}, not “{pool}”.")
    kept = present[..., None].to(values.dtype)
    mean = (values * kept).sum(1) / kept.sum(1)
    if pool == "mean":
        return mean
    most = values.masked_fill(~present[..., None], -torch.inf).amax(1)
    return most if pool == "max" else (mean + most) / 2


def consistency(features: Tensor, pairs: Tensor, means: Tensor) -> Tensor:
    """The seventh: how far voxels are from the mean of their supervoxel, squared.

    Args:
        features: (n, d) of a scene's voxels.
        pairs: (2, m) voxel and supervoxel of each small voxel.
        means: (supervoxels, d).
    """
    return F.mse_loss(features.index_select(0, pairs[0]), means.index_select(0, pairs[1]))
