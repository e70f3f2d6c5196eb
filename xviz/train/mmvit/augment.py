"""Ways to vary spectrograms as other voices and other microphones would, one draw for each.

A spectrogram here is what the model is fed (``standard``): −1 is silence and 1 the loudest value of the clip.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def shifted(planes: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Each spectrogram moved up or down by some bands; what comes in at the edge is silence."""
    moved = torch.full_like(planes, -1.0)
    for index, by in enumerate(rng.integers(-most, most + 1, len(planes))):
        a, b = max(0, by), planes.shape[2] + min(0, by)
        moved[index, :, a:b] = planes[index, :, a - by : b - by]
    return moved


def stretched(planes: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """Each spectrogram (channels, bands, frames) wider or narrower along its bands, about the lowest."""
    count, bands = len(planes), planes.shape[2]
    wide = torch.from_numpy(1 + most * rng.uniform(-1, 1, count)).float()[:, None]
    source = torch.arange(bands) / wide  # (b, bands) from which band each comes
    below = source.floor().clamp_max(bands - 1).long()
    share = (source - below)[:, None, :, None]
    rows = torch.arange(count)[:, None]
    low, high = (
        planes.transpose(1, 2)[rows, index].transpose(1, 2) for index in (below, (below + 1).clamp_max(bands - 1))
    )
    return ((1 - share) * low + share * high).masked_fill((source > bands - 1)[:, None, :, None], -1.0)


def equalised(planes: Tensor, most: float, rng: np.random.Generator) -> Tensor:
    """Each spectrogram louder in some bands and softer in others, by up to ``most``; its loudest value becomes 1."""
    count, bands = len(planes), np.linspace(0, 1, planes.shape[2])
    gains = np.zeros((count, len(bands)))
    for wave in (1, 2, 3):  # half waves along the bands
        size, turn = rng.uniform(0, 1, (count, 1)), 2 * np.pi * rng.uniform(0, 1, (count, 1))
        gains += size / 3 * np.cos(np.pi * wave * bands + turn)
    louder = planes + most * torch.from_numpy(gains).float()[:, None, :, None]
    return (louder - louder.amax((1, 2, 3), keepdim=True) + 1).clamp_min(-1.0)


def silenced(planes: Tensor, most: int, rng: np.random.Generator) -> Tensor:
    """Each spectrogram with up to ``most`` neighbouring bands silent."""
    count, bands = len(planes), planes.shape[2]
    wide = rng.integers(0, most + 1, (count, 1))
    start = (rng.random((count, 1)) * (bands - wide + 1)).astype(int)
    index = np.arange(bands)
    return planes.masked_fill(torch.from_numpy((index >= start) & (index < start + wide))[:, None, :, None], -1.0)
