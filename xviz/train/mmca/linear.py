"""What the frozen encoders hold without a network: a ridge regression from regions to words, as a bound for comparison.

The true boxes are given, which the model does not know. Where even this falls short, more training will not help.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from xviz.data.text import read_text
from xviz.models import words
from xviz.train.mmca.features import Split
from xviz.train.mmca.scores import iou, recalls

RIDGES = (1e3, 1e4, 1e5)  #: weights of the penalty; all are reported


def linear(train: Split, photos: Split) -> dict[str, dict[str, dict[str, float]]]:
    """Recall at 1, 5, 10 among photographs and their captions for every penalty, both directions, in per cent."""
    regions_of: dict[str, list[NDArray[np.float32]]] = {}
    for index, scene in enumerate(train.scenes):
        for thing in scene["objects"]:
            best, overlap = on(train, index, thing)
            if overlap > 0.5:
                regions_of.setdefault(thing["concept"], []).append(best)
    names = sorted(regions_of)
    means = torch.from_numpy(np.stack([np.mean(regions_of[name], 0) for name in names])).double()
    nouns = read(names)
    pictures = np.stack([on(photos, index, scene["objects"][0])[0] for index, scene in enumerate(photos.scenes)])
    captions = F.normalize(read([scene["sentences"][0]["text"] for scene in photos.scenes]) - nouns.mean(0), dim=-1)
    recall = {}
    for ridge in RIDGES:
        predicted = (torch.from_numpy(pictures).double() - means.mean(0)) @ solve(means, nouns, ridge)
        scores = F.normalize(predicted, dim=-1) @ captions.T
        recall[f"{ridge:g}"] = {"image to text": recalls(scores), "text to image": recalls(scores.T)}
    return recall


def on(split: Split, scene: int, thing: Mapping[str, Any]) -> tuple[NDArray[np.float32], float]:
    """Features of the region that overlaps a thing's true box best, and by how much."""
    overlap = iou(split.boxes[scene], np.array(thing["box"], float))
    return split.regions[scene, overlap.argmax()].astype(np.float32), float(overlap.max())


def solve(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    """(n, a) and (n, b), both centred here → (a, b), the map of least squares with a penalty on its size."""
    x, y = x - x.mean(0), y - y.mean(0)
    return torch.linalg.solve(x.T @ x + ridge * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)


def read(texts: list[str]) -> Tensor:
    """(n, 384) the mean piece of every text."""
    pieces = words.encode_many([read_text(text).words for text in texts], limit=64)
    return torch.stack([sentence.features.mean(0) for sentence in pieces]).double()
