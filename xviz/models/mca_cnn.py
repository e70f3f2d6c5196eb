"""The network behind mutual cross-attention: the authors' small 3D-CNN over electrodes, bands and seconds.

Source: Zhao & Gu, MICCAI 2024; names and shapes are those of the authors' code.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xviz.core.errors import ModelError


class Cnn3d(nn.Module):
    """The authors' 3D-CNN over one window, low against high; 195,618 parameters for 32 electrodes, 5 bands, 3 steps.

    Raises:
        ModelError: the window is too small for two poolings.
    """

    def __init__(self, channels: int, bands: int, block: int) -> None:
        super().__init__()
        self.conv11, self.conv12 = nn.Conv3d(1, 32, 3, padding=1), nn.Conv3d(32, 32, 3, padding=1)
        self.conv21, self.conv22 = nn.Conv3d(32, 64, 3, padding=1), nn.Conv3d(64, 64, 3, padding=1)
        left = [channels // 4, (bands // 2 + 1) // 2, (block // 2 + 1) // 2]
        if min(left) < 1:
            raise ModelError(f"The 3D-CNN needs 4 electrodes or more; got {channels} and {bands} bands, {block} steps.")
        self.fc_layer = nn.Linear(64 * left[0] * left[1] * left[2], 2)
        # the same numbers, a third faster on CPUs; the stubs of torch lack this form of to()
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def forward(self, blocks: Tensor) -> Tensor:
        """(n, 1, channel, band, step) → (n, 2) logits of low and high."""
        maps = self.conv12(self.conv11(blocks))
        maps = F.relu(F.max_pool3d(maps, 2, 2, (0, 1, 1)))
        maps = F.relu(F.max_pool3d(self.conv22(self.conv21(maps)), 2, 2))
        return self.fc_layer(maps.flatten(1))
