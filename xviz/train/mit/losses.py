"""The losses of the interlaced Transformer, from the list of classes in a room alone: the paper's seven and three more.

Source of the seven: Yang et al., ICCV 2023, and the released code; in the total all weigh one, the consistency α. The
three are ours: ``listed`` (no supervoxel is of a class that the room has not), ``shares`` (each class has some of them)
and ``links`` (tokens ask where their own class is).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from xviz.core.attention import Heard
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
    parts = {
        "points": F.multilabel_soft_margin_loss(fused.own_points, tags),
        "map of points": F.binary_cross_entropy(
            pooled_map(fused.map_points.softmax(-1), present["supervoxels"], pool).clamp(1e-6, 1 - 1e-6), tags
        ),
    }
    if fused.own_views is None or fused.map_views is None or fused.affinities is None:
        return parts
    return parts | {
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
    mask = present[..., None].to(values.dtype)
    mean = (values * mask).sum(1) / mask.sum(1)
    if pool == "mean":
        return mean
    maximum = values.masked_fill(~present[..., None], -torch.inf).amax(1)
    return maximum if pool == "max" else (mean + maximum) / 2


def consistency(features: Tensor, pairs: Tensor, means: Tensor) -> Tensor:
    """The seventh: how far voxels are from the mean of their supervoxel, squared.

    Args:
        features: (n, d) of a scene's voxels.
        pairs: (2, m) voxel and supervoxel of each small voxel.
        means: (supervoxels, d).
    """
    return F.mse_loss(features.index_select(0, pairs[0]), means.index_select(0, pairs[1]))


def listed(scores: Tensor, may: Tensor) -> Tensor:
    """How much of the class map lies on classes that a supervoxel cannot have: −log of the rest, mean over supervoxels.

    Args:
        scores: (supervoxels, c) class scores of the 3D tokens.
        may: The same, bool: the classes that each may have, at least one.
    """
    return -scores.log_softmax(-1).masked_fill(~may, -torch.inf).logsumexp(-1).mean()


def shares(scores: Tensor, may: Tensor, enough: float = 1.0) -> Tensor:
    """−log of the share of its possible supervoxels that each class of the room holds, mean over those classes.

    Zero where no class has a possible supervoxel.

    Args:
        scores: (supervoxels, c) class scores of the 3D tokens.
        may: The same, bool: the classes that each may have.
        enough: Share from which on nothing is lost.
    """
    count = may.sum(0)
    if not count.any():
        return scores.new_zeros(())
    share = (scores.softmax(-1) * may).sum(0)[count > 0] / count[count > 0]
    return -(share / enough).clamp(1e-6, 1).log().mean()


def links(calls: Sequence[Heard], maps: Mapping[str, Tensor], tags: Tensor) -> Tensor:
    """How far tokens are from asking where their own class is: cross-entropy, mean over tokens and over calls.

    What a token hears is the class map of the other modality under its attention. It is held against the token's own
    map; class tokens are held against their class where the room has it. Only attention learns from this: the maps are
    taken as they are.

    Args:
        calls: Cross-attention of one scene, whose sequences begin with the class tokens.
        maps: Space of a sequence → (b, n, c) class scores of its tokens, classes left out.
        tags: (b, c) 1 where the room has the class.
    """
    known = {name: _among(scores, tags) for name, scores in maps.items()}
    terms = []
    for call in calls:
        first = call.first_key
        classes_of_keys = known[call.module.keys][:, None].expand(-1, call.k.shape[1], -1, -1)
        bias = None if call.bias is None else call.bias[..., first:]
        heard = F.scaled_dot_product_attention(
            call.q, call.k[..., first:, :], classes_of_keys, attn_mask=bias, scale=call.scale
        )
        lost = -heard.mean(1).clamp_min(1e-6).log()  # (b, class tokens + tokens, c)
        tokens = (known[call.module.queries] * lost[:, first:]).sum(-1).mean()
        classes = (lost[:, :first].diagonal(dim1=1, dim2=2) * tags).sum() / tags.sum()
        terms.append((tokens + classes) / 2)
    return torch.stack(terms).mean()


def _among(scores: Tensor, tags: Tensor) -> Tensor:
    """Class maps over the classes of the list alone, without gradient."""
    return scores.detach().masked_fill(tags[:, None] == 0, -torch.inf).softmax(-1)
