"""`Room`: a cloud with photos of it, as figures need them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.tokens import PatchGrid, Segments


@dataclass(frozen=True, eq=False)
class Room:
    """A cloud with photos of it, as the figure needs them."""

    xyz: NDArray[np.floating]  #: (n, 3) metres
    rgb: NDArray[np.uint8] | None  #: (n, 3)
    segments: Segments
    images: Sequence[NDArray[np.uint8]]
    patches: PatchGrid
    frames: NDArray[np.floating]  #: (photos, 4) where the grid lies in pixels of each photo
    credit: str = ""  #: origin and licence of the sample
    fine: bool = False  #: segments and patches are voxels and pixels, too small to be outlined and named
    bare: tuple[int, ...] = ()  #: photos that have no scores

    def boxes(self, photo: int) -> NDArray[np.float64]:
        """(rows · columns, 4) the patches of a photo in its pixels, cut at its border."""
        rows, columns = self.patches.grid
        x0, y0, x1, y1 = self.frames[photo]
        tall, wide = self.images[photo].shape[:2]
        xs = np.clip(np.linspace(x0, x1, columns + 1), 0, wide)
        ys = np.clip(np.linspace(y0, y1, rows + 1), 0, tall)
        return np.array([[xs[c], ys[r], xs[c + 1], ys[r + 1]] for r in range(rows) for c in range(columns)])
