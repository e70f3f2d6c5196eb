"""The class map of a room's supervoxels, fused with the attention that class tokens pay to them.

The map is what the 3D features alone say of each supervoxel, probabilities that sum to one over the classes. The
attention is that of the class tokens in the encoder of the points, mean over heads, summed over its last three layers:

    weighted = attention · relu(map),  fused = max(weighted, map).

A row of attention is spread over all supervoxels, so that its sum over three layers rarely exceeds one; only where it
does, fused differs from the map. ``weighted`` alone shows which parts of the map the class token reads.

Source: Yang et al., ICCV 2023, in whose released code the two lines are commented out; attention times class map after
Xu et al., Multi-class Token Transformer, CVPR 2022.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.run import Run
from xviz.core.tokens import place
from xviz.engine import Loaded
from xviz.models.card import ModelCard
from xviz.models.mit import MIT, activation

LAYERS = 3  #: of the encoder, the last ones
CLASSES, POINTS = "classes_3d", "supervoxels"


@dataclass(frozen=True, eq=False)
class Fused:
    """A class map with attention; all (supervoxels, classes)."""

    map: NDArray[np.float64]  #: probabilities, rows sum to one
    attention: NDArray[np.float64]  #: of each class token, summed over layers
    weighted: NDArray[np.float64]  #: attention · map
    fused: NDArray[np.float64]  #: the greater of both


def fused(loaded: Loaded, run: Run, *, layers: int = LAYERS) -> Fused:
    """The class map of a run, weighted with and fused with attention.

    Args:
        loaded: The model.
        run: A run of it.
        layers: How many of the encoder's last layers count; all where it has fewer.

    Raises:
        ModelError: the run has no encoder of supervoxels with class tokens, or no layer is to count.
    """
    titles = loaded.spec.calls if isinstance(loaded.spec, ModelCard) else {}
    calls = [call for call in run.calls if call.name in titles and titles[call.name].part == "points_encoder"]
    if not calls or layers < 1:
        raise ModelError(
            f"A class map is fused with attention of class tokens to supervoxels, from at least one layer of their "
            f"encoder; this run has {len(calls)} such layers, and {layers} were asked for."
        )
    total = np.zeros((len(run.spaces[POINTS]), len(run.spaces[CLASSES])))
    for call in calls[-layers:]:
        asking, answering = run.spaces[call.queries], run.spaces[call.keys]
        rows = call.rows(place(asking, CLASSES, range(len(run.spaces[CLASSES])))).double().mean(0)
        keys = place(answering, POINTS, range(len(total)))
        total += rows[:, torch.tensor(keys)].numpy().T
    return combine(activation(loaded.model(MIT), run.inputs).double().numpy(), total)


def combine(of_class: NDArray[np.float64], attention: NDArray[np.float64]) -> Fused:
    """Map and attention, both (supervoxels, classes), weighted and fused."""
    weighted = attention * np.maximum(of_class, 0)
    return Fused(of_class, attention, weighted, np.maximum(weighted, of_class))
