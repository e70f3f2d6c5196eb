"""What known cameras give: which point each patch shows, where a point is seen, and how well attention agrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.explanation import Explanation
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.geometry import pinhole
from xviz.geometry.thinning import thin
from xviz.ui import memory
from xviz.ui.rooms.calls import PATCHES, POINTS

MOST = 150_000  #: points that hide others


@dataclass(frozen=True, eq=False)
class Truth:
    """What the cameras of a sample give; computed once."""

    views: Photos
    known: NDArray[np.bool_]  #: (photos,) whose camera is known
    depths: tuple[NDArray[np.floating] | None, ...]  #: metres, of the cloud itself as each photo sees it
    shown: NDArray[np.float64]  #: (patches, 3) metres, the point in the middle of each patch; NaN where unknown

    def crosses(self, place: ArrayLike) -> list[tuple[int, float, float]]:
        """Photo, column and row where a point (3,) is seen and not hidden."""
        seen_at = []
        for photo in np.flatnonzero(self.known):
            visible, pixels = pinhole.visible(
                np.asarray(place)[None], self.views.poses[photo], self.views.intrinsics[photo],
                self.views.images[photo].shape[:2], self.depths[photo],
            )  # fmt: skip
            if visible[0]:
                seen_at.append((int(photo), float(pixels[0, 0]), float(pixels[0, 1])))
        return seen_at


def of(sample: Sample, frames: NDArray[np.floating], grid: tuple[int, int]) -> Truth | None:
    """What the cameras of a sample give; None where none is known."""
    views = sample.part("views", Photos)
    if views.poses is None or views.intrinsics is None:
        return None
    if not any(pinhole.known(p, k) for p, k in zip(views.poses, views.intrinsics, strict=True)):
        return None
    return _of(sample.digest, grid, sample, frames)


@memory.kept("Finding what each patch shows …")
def _of(digest: str, grid: tuple[int, int], _sample: Sample, _frames: NDArray[np.floating]) -> Truth:
    views, cloud = _sample.part("views", Photos), _sample.part("points", PointCloud)
    xyz = cloud.xyz[thin(cloud.xyz, MOST).kept]
    known, depths, points = [], [], []
    for image, pose, camera, frame in zip(views.images, views.poses, views.intrinsics, _frames, strict=True):
        known.append(pinhole.known(pose, camera))
        depths.append(pinhole.depth_of(xyz, pose, camera, image.shape[:2]) if known[-1] else None)
        points.append(_shown(depths[-1], middles(frame, grid), pose, camera))
    return Truth(views, np.array(known), tuple(depths), np.concatenate(points))


def middles(frame: ArrayLike, grid: tuple[int, int]) -> NDArray[np.float64]:
    """(rows · columns, 2) the middle of each patch in pixels of its photo."""
    x0, y0, x1, y1 = np.asarray(frame, np.float64)
    rows, columns = np.mgrid[: grid[0], : grid[1]] + 0.5
    return np.column_stack([(x0 + columns * (x1 - x0) / grid[1]).ravel(), (y0 + rows * (y1 - y0) / grid[0]).ravel()])


def _shown(depth: NDArray | None, places: NDArray, pose: NDArray, camera: NDArray) -> NDArray[np.float64]:
    """(n, 3) the points at some pixels of a photo."""
    if depth is None:
        return np.full((len(places), 3), np.nan)
    within = pinhole.inside(places, depth.shape)
    column, row = np.where(within[:, None], places, 0).astype(int).T
    return pinhole.back_project(places, np.where(within, depth[row, column], 0), pose, camera)


@dataclass(frozen=True)
class Agreement:
    """How much of an attention row falls near the point that geometry gives."""

    share: float  #: of the attention
    chance: float  #: what uniform attention would give
    radius: float  #: metres


def agree(
    truth: Truth,
    explanation: Explanation,
    place: ArrayLike,
    middles: ArrayLike,
    radius: float,
    present: dict[str, NDArray],
) -> Agreement | None:
    """The agreement of the scores of the other side with geometry; None where nothing can be compared.

    Args:
        truth: Of the sample.
        explanation: The attention from a patch or a supervoxel.
        place: (3,) metres, the true point of the picked token.
        middles: (supervoxels, 3) metres.
        radius: Metres.
        present: Space → which of its tokens take part.
    """
    if explanation.focus is None:
        return None
    other = POINTS if explanation.focus[0] == PATCHES else PATCHES
    if other not in explanation.scores:
        return None
    places = np.asarray(middles) if other == POINTS else truth.shown
    comparable = present[other] & np.isfinite(places).all(1)
    share, chance = pinhole.agreement(explanation.scores[other], places, place, radius=radius, present=comparable)
    return Agreement(share, chance, radius) if np.isfinite(share) else None
