"""Classes of supervoxels beside those of like neighbours, so that one piece of a table is not a cabinet by itself.

Each supervoxel keeps what was said of it and hears the mean of those near it and of its colour, in rounds.

Source: ours, not the paper's, whose answer is each point's own. It is the mean field of a conditional random field
whose pairs are weighed by place and colour (Krähenbühl & Koltun, NIPS 2011, Alg. 1), among supervoxels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from xviz.models.mit_carried import LEAST

NEAR = 0.6  #: metres over which neighbours are heard
ALIKE = 0.1  #: distance of colours, each channel from −1 to 1, over which they are heard
FEW = 0.1  #: weight of neighbours below which those are heard less
ROUNDS = 3
AT_ONCE = 1024  #: supervoxels that hear at a time, which bounds the memory


def settled(classes: Tensor, places: Tensor, colours: Tensor | None, weight: float) -> Tensor:
    """(s, c) probabilities ∝ classes · exp(weight · mean over like neighbours), rows sum to one.

    Args:
        classes: (s, c) probabilities, rows sum to one.
        places: (s, 3) metres.
        colours: (s, 3) −1 to 1; None where they have none.
        weight: Of the neighbours; 0 leaves them out.
    """
    if not weight:
        return classes
    where = places / NEAR if colours is None else torch.cat([places / NEAR, colours / ALIKE], 1)
    own, heard = (classes + LEAST).log(), classes
    for _ in range(ROUNDS):
        rows = [_mean_of_others(heard, where, start) for start in range(0, len(where), AT_ONCE)]
        heard = (own + weight * torch.cat(rows)).softmax(-1)
    return heard


def _mean_of_others(classes: Tensor, where: Tensor, start: int) -> Tensor:
    """(rows, c) what like neighbours say, for the supervoxels from a number on."""
    some = where[start : start + AT_ONCE]
    alike = (-torch.cdist(some, where).square() / 2).exp()
    row = torch.arange(len(some), device=where.device)
    alike[row, start + row] = 0  # itself
    return alike @ classes / (alike.sum(1, keepdim=True) + FEW)
