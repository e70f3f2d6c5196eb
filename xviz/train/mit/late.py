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

TEMPERATURE = 0.2  #: of the contrast between rooms
REMEMBERED = 6  #: rooms of earlier steps that are held against those of a step


@dataclass(frozen=True, eq=False)
class Side:
    """What the tokens of one modality ask or answer in a layer of the decoder before they meet; no class tokens.

    Queries are scaled: products of them with keys are what the softmax is taken of.
    """

    learnt: Tensor  #: (heads, n, d) centred on their mean
    colours: Tensor | None  #: (heads, n, 9) what they hold of their colours; None where tokens say none

    def alone(self) -> Side:
        """The same numbers, from which nothing learns."""
        return Side(self.learnt.detach(), None if self.colours is None else self.colours.detach())


@dataclass(frozen=True, eq=False)
class Unmet:
    """Both modalities of one room, layer by layer: queries of the one that asks, keys of the other."""

    points: tuple[Side, ...]
    views: tuple[Side, ...]

    def alone(self) -> Unmet:
        """The same numbers, from which nothing learns."""
        return Unmet(*(tuple(part.alone() for part in side) for side in (self.points, self.views)))


def unmet(decoder: Decoder, before: Sequences) -> Unmet:
    """Queries and keys of one room's present tokens as they come from the encoders; absent tokens are left out.

    Args:
        decoder: Of the model.
        before: Both sequences of one scene before the decoder.
    """
    points, views = [], []
    for asker, layer in zip(decoder.askers, decoder, strict=True):
        asking, answering, own, other = (
            (before.points, before.views, before.points_bias, before.views_bias)
            if asker == "points"
            else (before.views, before.points, before.views_bias, before.points_bias)
        )
        asking = asking + layer.get_submodule("self")(layer.norm(asking), own)
        cross = layer.cross
        assert isinstance(cross, CrossAttention)
        colours = before.colours(asker)
        q_colour, k_colour = (None, None) if colours is None else cross.of_colours(*colours)
        q = _side(cross.query(layer.norm_asking(asking)), q_colour, own, cross, cross.scale)
        k = _side(cross.key(layer.norm_answering(answering)), k_colour, other, cross)
        points.append(q if asker == "points" else k)
        views.append(k if asker == "points" else q)
    return Unmet(tuple(points), tuple(views))


def _side(
    projected: Tensor, colours: Tensor | None, bias: Tensor | None, cross: CrossAttention, scale: float = 1.0
) -> Side:
    """(1, c + n, width) projections and (1, heads, c + n, 9) colours → those of the present tokens."""
    first = cross.classes
    kept = slice(None) if bias is None else bias.flatten()[first:] == 0
    learnt = projected[0, first:][kept]
    learnt = (learnt - learnt.mean(0)).unflatten(-1, (cross.heads, -1)).transpose(0, 1)
    return Side(scale * learnt, None if colours is None else scale * colours[0, :, first:][:, kept])


def likeness(one: Side, other: Side) -> Tensor:
    """(heads,) the product of a token with the best of the other side, mean over the tokens of both sides.

    Where tokens say their colour, it helps to choose the best, but only the rest of the product counts: near colours
    are there without learning, and what is to be learnt is all else that such a pair has in common.
    """
    products = one.learnt @ other.learnt.mT
    whole = products
    if one.colours is not None and other.colours is not None:
        whole = products.detach() + (one.colours @ other.colours.mT).detach()
    rows, columns = (products.gather(axis, whole.argmax(axis, keepdim=True)) for axis in (-1, -2))
    return (rows.mean((-1, -2)) + columns.mean((-1, -2))) / 2


def own_room(rooms: Sequence[Unmet], remembered: Sequence[Unmet] = ()) -> Tensor:
    """Cross-entropy of finding the own cloud by the photos, and the own photos by the cloud, in every layer and head.

    Args:
        rooms: Of a step; each is held against all others.
        remembered: Further rooms, only to be told from those.
    """
    own, count = torch.arange(len(rooms)), len(rooms)
    terms = []
    for layer in range(len(rooms[0].points)):
        clouds, photos = ([side[layer] for side in sides] for sides in _sides(rooms))
        among = torch.stack([torch.stack([likeness(photo, cloud) for cloud in clouds]) for photo in photos])
        more_clouds, more_photos = ([side[layer] for side in sides] for sides in _sides(remembered))
        there = [torch.stack([likeness(photo, cloud) for photo in photos]) for cloud in more_clouds]
        back = [torch.stack([likeness(photo, cloud) for cloud in clouds]) for photo in more_photos]
        for table, more in ((among, there), (among.transpose(0, 1), back)):
            scores = torch.cat([table, *(column[:, None] for column in more)], 1) / TEMPERATURE  # (rooms, every, heads)
            terms.append(F.cross_entropy(scores, own[:, None].expand(count, scores.shape[-1])))
    return torch.stack(terms).mean()


def _sides(rooms: Sequence[Unmet]) -> tuple[list[tuple[Side, ...]], list[tuple[Side, ...]]]:
    return [room.points for room in rooms], [room.views for room in rooms]


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
