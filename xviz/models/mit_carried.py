"""What photos say of the classes of supervoxels, carried to them without a pose, and joined with what points say.

Each patch of a photo is spread over the supervoxels that it may show (``mit_agreement``), and each supervoxel takes the
class scores of the patches that show it most. Frozen features of photos know what unseen furniture looks like where a
3D network that was trained on few models does not.

Source: ours, not the paper's, whose second stage reads points alone. Two experts on one supervoxel are multiplied and
what either would say of any supervoxel is divided out (products of experts, Hinton, 2002).
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST = 1e-3  #: a probability that every class keeps, so that neither side alone rules a class out


def carried(agreed: Tensor, patches: Tensor, present: Tensor) -> Tensor:
    """(s, c) the classes that photos give each supervoxel, rows sum to one.

    Args:
        agreed: (p, s) log of how likely each patch shows each supervoxel.
        patches: (p, c) probabilities of the classes of each patch, rows sum to one.
        present: (p,) which patches take part, at least one.
    """
    of_supervoxel = agreed.log_softmax(1).masked_fill(~present[:, None], -torch.inf).softmax(0)
    return of_supervoxel.mT @ patches


def joined(points: Tensor, photos: Tensor, usual: Tensor, weight: float) -> Tensor:
    """(s, c) probabilities ∝ points · (photos / usual)^weight, rows sum to one.

    Args:
        points: (s, c) probabilities by the points.
        photos: (s, c) probabilities by the photos, see ``carried``.
        usual: (c,) the mean of ``photos`` over supervoxels of the training rooms.
        weight: Of the photos; 0 leaves them out.
    """
    against_usual = ((photos + LEAST) / (usual + LEAST)).log()
    return ((points + LEAST).log() + weight * against_usual).softmax(-1)
