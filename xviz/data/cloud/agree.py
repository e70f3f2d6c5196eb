"""Whether cameras and cloud belong together: points are seen, in the colours that the photos have there.

Poses are world to camera in some files and camera to world in others, and cameras look along z or against it. A cloud
with colours tells which is right; depth maps are held against it for their unit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xviz.core.sample import PointCloud
from xviz.data.cloud.cameras import OPENGL
from xviz.geometry import pinhole

MOST_PHOTOS = 6  #: that are looked at
_POINTS = 60_000
_SEEN = 100  #: points that are needed to judge
WELL, BADLY = 0.35, 0.15  #: correlation of greys from which photo and cloud agree, and below which they do not
_BETTER = 0.35  #: by which another variant must agree better where the first agrees a little
#: numbers of a depth map that are a metre, in data sets that exist
SCALES = (1000.0, 5000.0, 6553.5, 512.0, 4000.0, 256.0, 10_000.0, 100.0)
_NEAR = 0.15  #: by which the depth of cloud and map may differ

Turn = Callable[[NDArray[np.float64]], NDArray[np.float64]]

#: what else a pose can be, in words → how it becomes camera to world with z ahead
VARIANTS: dict[str, Turn] = {
    "as they stand": lambda pose: pose,
    "with y up and z back, as OpenGL and ARKit have cameras": lambda pose: pose @ OPENGL,
    "from world to camera": lambda pose: np.linalg.inv(pose),
    "from world to camera, with y up and z back": lambda pose: np.linalg.inv(pose) @ OPENGL,
}


def chosen(
    poses: NDArray[np.float64],
    intrinsics: NDArray[np.float64],
    images: tuple[NDArray[np.uint8], ...],
    cloud: PointCloud,
    place: Turn,
) -> tuple[str, float | None]:
    """Which variant of the poses the photos agree with, and how well.

    Args:
        poses: (photos, 4, 4) as the files have them; NaN where unknown.
        intrinsics: (photos, 3, 3) in pixels of each image.
        images: the photos.
        cloud: as placed in metres.
        place: brings a pose in the file's coordinates to those of the cloud.

    Returns:
        A key of ``VARIANTS``, and the correlation of greys; None where it cannot be told.
    """
    able = [i for i in range(len(images)) if pinhole.known(poses[i], intrinsics[i])]
    if cloud.rgb is None or not able:
        return "as they stand", None
    able = [able[k] for k in np.linspace(0, len(able) - 1, min(MOST_PHOTOS, len(able))).round().astype(int)]
    step = max(1, len(cloud.xyz) // _POINTS)
    xyz, grey = cloud.xyz[::step].astype(np.float64), cloud.rgb[::step].mean(1)
    scores = {}
    for words, turn in VARIANTS.items():
        correlations = [_alike(xyz, grey, place(turn(poses[i])), intrinsics[i], images[i]) for i in able]
        known = [value for value in correlations if value is not None]
        scores[words] = float(np.mean(known)) if known else None
    first = scores["as they stand"]
    best = max(scores, key=lambda words: -1.0 if scores[words] is None else scores[words])
    top = scores[best]
    if top is not None and top >= WELL and (first is None or first < BADLY or top - first > _BETTER):
        return best, top
    return "as they stand", first


def _alike(xyz: NDArray, grey: NDArray, pose: NDArray, matrix: NDArray, image: NDArray[np.uint8]) -> float | None:
    """The correlation of the greys of points with those of the pixels that show them; None where few are seen."""
    visible, places = pinhole.visible(xyz, pose, matrix, image.shape[:2])
    if visible.sum() < _SEEN:
        return None
    column, row = places[visible].astype(np.int64).T
    photo, cloud = image[row, column].mean(1), grey[visible]
    if photo.std() < 1 or cloud.std() < 1:
        return None
    return float(np.corrcoef(photo, cloud)[0, 1])


def depth_scale(
    depth: NDArray[np.float64], xyz: NDArray, pose: NDArray, matrix: NDArray, declared: float
) -> tuple[float, bool]:
    """Numbers of a depth map that are a metre, held against the cloud, and whether both agree.

    Args:
        depth: (height, width) numbers of the map at the photo's size.
        xyz: (n, 3) the cloud.
        pose: (4, 4) camera to world.
        matrix: (3, 3) pixels.
        declared: what the layout says or millimetres.
    """
    step = max(1, len(xyz) // _POINTS)
    other = pinhole.depth_of(xyz[::step], pose, matrix, depth.shape[:2])
    both = (depth > 0) & (other > 0)
    if both.sum() < _SEEN:
        return declared, True
    quarters = np.percentile(depth[both] / other[both], [25, 50, 75])
    ratio = float(quarters[1])
    if quarters[2] - quarters[0] > _NEAR * 2 * ratio:  # a cloud too thin to hide what is behind it tells nothing
        return declared, True
    for scale in (declared, *SCALES):
        if abs(ratio / scale - 1) <= _NEAR:
            return scale, True
    return declared, False
