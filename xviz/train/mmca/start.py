"""Begin a training with the weights of a former one, which may have read crops of another size.

Features of larger crops are like those of smaller ones, but not the same: the layer that embeds regions is fitted anew
by least squares, so that the regions of training scenes keep the places that the former weights gave them.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from xviz import checkpoints
from xviz.data.picture import read_picture
from xviz.models.mmca import MMCA
from xviz.models.regions import SIDE, RegionEncoder
from xviz.train.mmca.features import Split
from xviz.train.mmca.linear import solve

SCENES = 1000  #: the first of the split, which are read at both sizes
RIDGE = 3e3  #: penalty on the change of the layer; R² on a tenth of the scenes left out 0.68, 0.59 without fitting


def begin(model: MMCA, file: Path, fit: Split, folder: Path, side: int) -> None:
    """Put former weights into a model whose means and scales are set already.

    Args:
        model: What the file lacks stays as it is.
        file: Weights that were trained with features of crops of ``side`` pixels.
        fit: The training split.
        folder: Where its pictures are.
        side: Of the former crops.
    """
    former = checkpoints.read(file)
    own = {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.load_state_dict({**former, **own}, strict=False)
    if side == SIDE:
        return
    encoder = RegionEncoder(side=side)
    read = [
        encoder.features(read_picture(folder / scene["image"]).pixels, fit.boxes[index])
        for index, scene in enumerate(fit.scenes[:SCENES])
    ]
    wanted = _embedded(former, torch.cat(read), former["region_mean"], former["region_scale"])
    regions = fit.see(np.arange(len(read))).flatten(0, 1)
    refit(model, regions, wanted)


@torch.no_grad()
def refit(model: MMCA, features: Tensor, wanted: Tensor) -> None:
    """Change the layer that embeds regions, so that (n, features) come near (n, width); the less, the better."""
    standard = (features - model.region_mean) / model.region_scale
    missing = wanted - model.region(standard)
    change = solve(standard.double(), missing.double(), RIDGE).float()
    model.region.weight += change.T
    model.region.bias += missing.mean(0) - standard.mean(0) @ change


def mean(model: MMCA, begun: dict[str, Tensor], share: float) -> MMCA:
    """A copy of a model whose weights are the mean with those that it began with, which count for ``share``."""
    result = copy.deepcopy(model)
    result.load_state_dict({name: share * begun[name] + (1 - share) * own for name, own in model.state_dict().items()})
    return result


def _embedded(weights: dict[str, Tensor], features: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return (features - mean) / scale @ weights["region.weight"].T + weights["region.bias"]
