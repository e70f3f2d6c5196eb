"""Which room do these photos belong to? A loss that asks this of the decoder's own queries and keys.

Photos and a cloud are held against each other token by token: how well the best supervoxel of that cloud matches each
patch, mean over patches, and the best patch each supervoxel. Nothing is known but which photos and which cloud are of
one room; no pose, no depth and no label enters.

The mood of a room is in all of its tokens, and would tell it from others without any link. So both sides are centred
on their means first; only what differs within a room is compared. (The best product less the mean product, instead, is
won by turning away from what matches.) Queries and keys are those of the decoder's layers before the modalities have
met, since a token that has asked its own room's photos knows the answer.

Source: ours, not the paper's; late interaction is that of ColBERT (Khattab and Zaharia, SIGIR 2020) and FILIP (Yao et
al., ICLR 2022), the contrast that of InfoNCE (van den Oord et al., 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz.models.mit_layers import CrossAttention, Decoder, Sequences

TEMPERATURE = 1.0  #: of the contrast between rooms
REMEMBERED = 6  #: rooms of earlier steps that are held against those of a step


@dataclass(frozen=True, eq=False)
class Unmet:
    """What both modalities of one room ask and answer before they meet: scaled queries of one, keys of the other."""

    points: tuple[Tensor, ...]  #: layer by layer (heads, supervoxels, d), centred on their mean; class tokens left out
    views: tuple[Tensor, ...]  #: the same of patches or views
    agreed: Tensor | None = None  #: (patches, supervoxels) what colours and neighbours say of links

    def alone(self) -> Unmet:
        """The same numbers, from which nothing learns."""
        return Unmet(*(tuple(part.detach() for part in side) for side in (self.points, self.views)))


def unmet(decoder: Decoder, before: Sequences) -> Unmet:
    """Queries and keys of one room's present tokens as they come from the encoders; absent tokens are left out.

    Args:
        decoder: Of the model.
        before: Both sequences of one scene before the decoder.
    """
    points, views, classes = [], [], 0
    for asker, layer in zip(decoder.askers, decoder, strict=True):
        asking, answering, own, other = (
            (before.points, before.views, before.points_bias, before.views_bias)
            if asker == "points"
            else (before.views, before.points, before.views_bias, before.points_bias)
        )
        asking = asking + layer.get_submodule("self")(layer.norm(asking), own)
        cross = layer.cross
        assert isinstance(cross, CrossAttention)
        classes = cross.classes
        q = _centred(cross.query(layer.norm_asking(asking)), own, cross)
        q = q.shape[-1] ** -0.5 * q
        k = _centred(cross.key(layer.norm_answering(answering)), other, cross)
        points.append(q if asker == "points" else k)
        views.append(k if asker == "points" else q)
    if before.agreed is None:
        return Unmet(tuple(points), tuple(views))
    rows, columns = (_here(bias, classes) for bias in (before.views_bias, before.points_bias))
    return Unmet(tuple(points), tuple(views), before.agreed[0].detach()[rows][:, columns])


def _centred(projected: Tensor, bias: Tensor | None, cross: CrossAttention) -> Tensor:
    """(1, c + n, width) → (heads, present tokens, d), centred on their mean."""
    tokens = projected[0, cross.classes :][_here(bias, cross.classes)]
    return (tokens - tokens.mean(0)).unflatten(-1, (cross.heads, -1)).transpose(0, 1)


def _here(bias: Tensor | None, classes: int) -> Tensor | slice:
    """Which tokens after the class tokens take part."""
    return slice(None) if bias is None else bias.flatten()[classes:] == 0


def likeness(one: Tensor, other: Tensor, agreed: Tensor | None = None) -> Tensor:
    """(heads,) the product of a token with the best of the other side, mean over the tokens of both sides.

    Args:
        one: (heads, n, d).
        other: (heads, m, d).
        agreed: (n, m) what is added to choose the best. It does not count itself: it is there without learning, and
            what is to be learnt is what else such a pair has in common.
    """
    products = one @ other.mT
    whole = products.detach() if agreed is None else products.detach() + agreed
    rows, columns = (products.gather(axis, whole.argmax(axis, keepdim=True)) for axis in (-1, -2))
    return (rows.mean((-1, -2)) + columns.mean((-1, -2))) / 2


def own_room(rooms: Sequence[Unmet], remembered: Sequence[Unmet] = ()) -> Tensor:
    """Cross-entropy of finding the own cloud by the photos, and the own photos by the cloud, in every layer and head.

    Args:
        rooms: Of a step; each is held against all others.
        remembered: Further rooms, only to be told from those.
    """
    own, terms = torch.arange(len(rooms)), []
    for layer in range(len(rooms[0].points)):
        among = [
            [likeness(a.views[layer], b.points[layer], a.agreed if a is b else None) for b in rooms] for a in rooms
        ]
        to_remembered = [[likeness(room.views[layer], other.points[layer]) for other in remembered] for room in rooms]
        from_remembered = [[likeness(other.views[layer], room.points[layer]) for other in remembered] for room in rooms]
        for table, more in ((among, to_remembered), (list(zip(*among, strict=True)), from_remembered)):
            rows = [torch.stack([*row, *others]) for row, others in zip(table, more, strict=True)]
            scores = torch.stack(rows) / TEMPERATURE  # (rooms, rooms and remembered, heads)
            terms.append(F.cross_entropy(scores, own[:, None].expand(-1, scores.shape[-1])))
    return torch.stack(terms).mean()


def alike(tags: NDArray[np.floating], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """The rooms of an epoch, ``size`` at a time, each with those left whose lists are most like its own.

    What tells such rooms apart is not which classes they have. The rest that fills no batch waits.

    Args:
        tags: (rooms, classes) 1 where a room has a class.
        size: Rooms of a step.
        rng: Draws who begins.
    """
    left, size = rng.permutation(len(tags)), min(size, len(tags))
    while len(left) >= size:
        both = tags[left] @ tags[left[0]]
        either = tags[left].sum(1) + tags[left[0]].sum() - both
        nearest = np.argsort(-both / np.maximum(either, 1), kind="stable")  # the first is like itself above all
        yield left[nearest[:size]]
        left = np.delete(left, nearest[:size])
