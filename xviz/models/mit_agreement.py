"""What colours and neighbours say of which supervoxel a patch shows, before any weight has a say.

Photos and a cloud of one room are coloured by the same things. So a patch may show the supervoxels of its colour, and
among those the ones near what its neighbours in the photo may show, and near what the photo may show as a whole; a few
rounds of this let a photo settle on one part of the room. No pose, depth or label enters, only colours, places and
which patches lie beside one another.

Source: ours, not the paper's. It is added to the products of queries and keys, as relaxation labelling (Rosenfeld et
al., 1976) adds support of neighbours to what each place says by itself.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: red, green and blue → brightness, red against green, both against blue
AXES = ((1 / 3, 1 / 3, 1 / 3), (1, -1, 0), (0.5, 0.5, -1))
CLOSE = (300.0, 1500.0, 1500.0)  #: how much the squared distance along each axis takes from the log of a share
LEAST = 1e-9  #: share beside the best that any supervoxel keeps
ROUNDS = 3
NEAR, WITHIN = 0.5, 1.5  #: metres over which votes of neighbours, and of a whole photo, reach
CELL = 0.3  #: metres along a cell in which votes are counted
NEIGHBOURS = ((0.7, 1, 0.7), (1, 0, 1), (0.7, 1, 0.7))  #: weights of the patches around one
ALONE = 0.01  #: what a place has without a vote of a neighbour, beside the one with most


def agreement(patches: Tensor, supervoxels: Tensor, places: Tensor, here: Tensor, grid: tuple[int, int]) -> Tensor:
    """(b, p, s) log of how likely each patch shows each supervoxel; 0 everywhere where a cloud is of one colour.

    Args:
        patches: (b, p, 3) colours of patches, photo by photo, −1 to 1.
        supervoxels: (b, s, 3) colours.
        places: (b, s, 3) metres.
        here: (b, p + s) which patches and supervoxels take part.
        grid: Rows and columns of patches in a photo.
    """
    return torch.stack([_of_one(*scene, grid) for scene in zip(patches, supervoxels, places, here, strict=True)])


def _of_one(patches: Tensor, supervoxels: Tensor, places: Tensor, mask: Tensor, grid: tuple[int, int]) -> Tensor:
    voting, present = mask[: len(patches)], mask[len(patches) :]
    if (supervoxels == supervoxels[:1]).all():
        return patches.new_zeros(len(patches), len(supervoxels))
    axes = patches.new_tensor(AXES).mT
    close = patches.new_tensor(CLOSE).sqrt()
    alike = -torch.cdist(patches @ axes * close, supervoxels @ axes * close).square()
    alike = torch.logaddexp(alike, alike.new_tensor(LEAST).log()).masked_fill(~present, -torch.inf)
    counted, reach_near, reach_within = _cells(places.detach())
    photos, cells = len(patches) // (grid[0] * grid[1]), len(reach_near)
    around = patches.new_tensor(NEIGHBOURS)[None, None]
    shares = alike
    for _ in range(ROUNDS):
        votes = shares.softmax(-1) * voting[:, None]
        votes = votes @ counted
        of_photo = votes.unflatten(0, (photos, -1))
        maps = of_photo.mT.reshape(photos * cells, 1, *grid)
        neighbours = F.conv2d(maps, around, padding=1).reshape(photos, cells, -1).mT.flatten(0, 1)
        near = _beside_the_most(neighbours @ reach_near)
        whole = _beside_the_most(of_photo.mean(1) @ reach_within).repeat_interleave(grid[0] * grid[1], 0)
        shares = alike + 2 * (near + ALONE).log() + (whole + LEAST).log()
    return torch.where(present, shares, 0)


def _cells(places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(s, cells) the occupied cell that each supervoxel is in; (cells, s) how far votes reach, near and in a photo."""
    whole = (places / CELL).floor()
    _, of_cell = torch.unique(whole, dim=0, return_inverse=True)
    count = torch.bincount(of_cell).to(places.dtype)
    middles = places.new_zeros(len(count), 3).index_add(0, of_cell, places) / count[:, None]
    apart = torch.cdist(middles, places).square()
    near, within = ((-apart / (2 * reach**2)).exp() for reach in (NEAR, WITHIN))
    return F.one_hot(of_cell).to(places.dtype), near, within


def _beside_the_most(votes: Tensor) -> Tensor:
    return votes / votes.amax(-1, keepdim=True).clamp_min(1e-12)
