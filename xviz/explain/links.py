"""The strongest links between photos and points that a picked token's scores name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xviz.core.explanation import Explanation
from xviz.draw.scale import order


@dataclass(frozen=True)
class Link:
    """A patch of a photo and a supervoxel."""

    patch: int
    supervoxel: int
    weight: float  #: in the unit of the explanation


def strongest(
    explanation: Explanation, count: int, *, patches: str = "patches", points: str = "supervoxels"
) -> tuple[Link, ...]:
    """The picked token with those of the other side that score most for it, the strongest first.

    Args:
        explanation: The view of picked patches or supervoxels; without a focus on either there are no links.
        count: How many at most; tokens that score zero or less are no link.
        patches: Name of the space of patches.
        points: Name of the space of supervoxels.
    """
    if explanation.focus is None or explanation.focus[0] not in (patches, points):
        return ()
    space, (token, *_) = explanation.focus
    other = points if space == patches else patches
    scores = explanation.scores.get(other, np.zeros(0))
    best = [int(i) for i in order(scores)[:count] if scores[i] > 0]
    return tuple(
        Link(token if space == patches else i, token if space == points else i, float(scores[i])) for i in best
    )
