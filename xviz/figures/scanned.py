"""`Room`: a cloud with photos of it, as figures need them, and what is drawn over both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.explanation import Explanation
from xviz.core.tokens import PatchGrid, Segments, TokenSpace
from xviz.draw.scale import Scale
from xviz.explain.links import Link
from xviz.figures.cloud import Camera


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


@dataclass(frozen=True, eq=False)
class Overlay:
    """What is drawn over a cloud and its photos, and from where the cloud is seen."""

    links: Sequence[Link] = ()  #: numbered lines from the cloud to the photos
    crosses: Sequence[tuple[int, float, float]] = ()  #: photo, x and y in its pixels, where geometry sees the pick
    truth: ArrayLike | None = None  #: (3,) metres, where geometry says that the picked patch looks
    totals: ArrayLike | None = None  #: (photos,) printed over them, which stand in this order
    camera: Camera | None = None  #: the whole of the cloud where None


NOTHING = Overlay()


@dataclass(frozen=True, eq=False)
class Shown:
    """What all parts of the figure need."""

    room: Room
    explanation: Explanation
    scores: Mapping[str, NDArray[np.float64]]  #: of supervoxels, of patches, or of both
    scales: Mapping[str, Scale]
    overlay: Overlay
    camera: Camera
    photos: Sequence[int]  #: in their order

    @property
    def kept(self) -> bool:
        """Whether the strongest supervoxels are never cut away: where nobody chose the camera."""
        return self.overlay.camera is None and not self.room.fine and self.room.segments.name in self.scores

    def scale(self, space: TokenSpace) -> Scale | None:
        """The colours of a side; None where it has no scores."""
        return self.scales.get(space.name)

    def focused(self, space: TokenSpace) -> tuple[int, ...]:
        """The picked tokens of a side."""
        focus = self.explanation.focus
        return focus[1] if focus is not None and focus[0] == space.name else ()
