"""Scores of the measurements: recall of a ranking, and how boxes lie on each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def recalls(scores: Tensor) -> dict[str, float]:
    """Recall of the diagonal at 1, 5 and 10, in per cent; a tie counts against it."""
    rank = (scores >= scores.diagonal()[:, None]).sum(1)
    return {f"R@{k}": round((rank <= k).float().mean().item() * 100, 1) for k in (1, 5, 10)}


def centres_inside(boxes: NDArray[np.floating], box: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(n,) whether each box's centre lies inside ``box``."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((centres >= box[:2]) & (centres < box[2:])).all(1)


def iou(boxes: NDArray[np.floating], box: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) intersection over union of each box with ``box``."""
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = np.clip(sides, 0, None).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared
    return shared / areas
