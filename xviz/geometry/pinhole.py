"""Photos and clouds meet: where a point is seen, which point a pixel shows, and how well attention agrees with both.

A camera is a pose, (4, 4) camera to world in metres with x right, y down and z ahead, and intrinsics, (3, 3) in pixels.
A pixel (column, row) spans from its number to its number plus one, so that its middle is at one half. Unknown cameras
are NaN: nothing is seen through them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

NEAREST = 1e-3  #: metres in front of the camera from which a point counts as ahead
TOLERANCE = 0.05  #: metres by which a point may lie behind what the depth shows and still be seen

Points = NDArray[np.floating]


def known(pose: Points, intrinsics: Points) -> bool:
    """True where a camera is known and can be turned back into a pixel."""
    if not (np.isfinite(pose).all() and np.isfinite(intrinsics).all()):
        return False
    turned = abs(float(np.linalg.det(pose[:3, :3])))
    return 0.5 < turned < 2 and intrinsics[0, 0] > 0 and intrinsics[1, 1] > 0


def scaled(intrinsics: ArrayLike, old: tuple[int, int], new: tuple[int, int]) -> NDArray[np.float64]:
    """Intrinsics (…, 3, 3) of a photo of height and width ``old``, for the same photo at ``new``."""
    factors = np.array([new[1] / old[1], new[0] / old[0], 1.0])
    return np.asarray(intrinsics, np.float64) * factors[:, None]


def project(xyz: ArrayLike, pose: Points, intrinsics: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where points fall in a photo.

    Args:
        xyz: (n, 3) metres, world.
        pose: (4, 4) camera to world.
        intrinsics: (3, 3) pixels.

    Returns:
        (n, 2) column and row in pixels, NaN for points that are not ahead or where the camera is unknown; and (n,)
        depth in metres along the camera's axis.
    """
    xyz = np.asarray(xyz, np.float64).reshape(-1, 3)
    if not known(pose, intrinsics):
        return np.full((len(xyz), 2), np.nan), np.full(len(xyz), np.nan)
    rays = (xyz - pose[:3, 3]) @ np.linalg.inv(pose[:3, :3]).T @ np.asarray(intrinsics, np.float64).T
    depth = rays[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.where((depth > NEAREST)[:, None], rays[:, :2] / depth[:, None], np.nan)
    return places, depth


def back_project(places: ArrayLike, depth: ArrayLike, pose: Points, intrinsics: Points) -> NDArray[np.float64]:
    """Which points pixels show, (n, 3) metres; NaN where the depth is zero or the camera unknown.

    Args:
        places: (n, 2) column and row in pixels.
        depth: (n,) metres along the camera's axis.
        pose: (4, 4) camera to world.
        intrinsics: (3, 3) pixels.
    """
    places, depth = np.asarray(places, np.float64).reshape(-1, 2), np.asarray(depth, np.float64).reshape(-1)
    if not known(pose, intrinsics):
        return np.full((len(places), 3), np.nan)
    rays = np.column_stack([places, np.ones(len(places))]) @ np.linalg.inv(intrinsics).T
    depth = np.where(depth > 0, depth, np.nan)
    return (rays * depth[:, None]) @ np.asarray(pose)[:3, :3].T + np.asarray(pose)[:3, 3]


def inside(places: Points, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(n,) true for places (column, row) within a photo of height and width ``size``."""
    with np.errstate(invalid="ignore"):
        return (places >= 0).all(1) & (places[:, 0] < size[1]) & (places[:, 1] < size[0])


def depth_of(xyz: ArrayLike, pose: Points, intrinsics: Points, size: tuple[int, int], *, cell: int = 4) -> Points:
    """The depth map that a cloud itself makes, (height, width) metres, 0 where it shows nothing.

    Points have no width, so that each hides what lies behind it in a square of ``cell`` pixels.
    """
    places, depth = project(xyz, pose, intrinsics)
    within = inside(places, size)
    rows, columns = -(-size[0] // cell), -(-size[1] // cell)
    cells = (places[within, 1] // cell).astype(np.int64) * columns + (places[within, 0] // cell).astype(np.int64)
    nearest = np.full(rows * columns, np.inf)
    np.minimum.at(nearest, cells, depth[within])
    coarse = np.where(np.isfinite(nearest), nearest, 0).reshape(rows, columns)
    return np.repeat(np.repeat(coarse, cell, 0), cell, 1)[: size[0], : size[1]]


def visible(
    xyz: ArrayLike,
    pose: Points,
    intrinsics: Points,
    size: tuple[int, int],
    depth: Points | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which points a photo shows, and where: (n,) and (n, 2) column and row.

    Args:
        xyz: (n, 3) metres, world.
        pose: (4, 4) camera to world.
        intrinsics: (3, 3) pixels.
        size: height and width of the photo.
        depth: (height, width) metres, 0 where unknown; None tests against the depth map of the points themselves.
        tolerance: metres; grows with the distance as the depth of a scanner's camera does.
    """
    places, ahead = project(xyz, pose, intrinsics)
    within = inside(places, size)
    depth = depth_of(xyz, pose, intrinsics, size) if depth is None else depth
    column, row = places[within].astype(np.int64).T
    measured = depth[row, column]
    within[within] = (measured > 0) & (ahead[within] <= measured + tolerance * np.maximum(1, measured / 2))
    return within, places


def agreement(
    weights: ArrayLike, middles: ArrayLike, truth: ArrayLike, *, radius: float, present: ArrayLike | None = None
) -> tuple[float, float]:
    """How much of an attention row lies within a distance of the true point, beside chance.

    Args:
        weights: (n,) attention to each token, none negative.
        middles: (n, 3) metres, where each token is.
        truth: (3,) metres.
        radius: metres.
        present: (n,) true for tokens that take part; None for all.

    Returns:
        The share of the weight within the radius, and the share of tokens there: what equal attention to all would
        give. NaN where there is nothing to share.
    """
    weights, middles = np.asarray(weights, np.float64), np.asarray(middles, np.float64)
    taking = np.ones(len(weights), bool) if present is None else np.asarray(present, bool)
    near = taking & (np.linalg.norm(middles - np.asarray(truth, np.float64), axis=1) <= radius)
    whole = weights[taking].sum()
    if not taking.any() or not np.isfinite(truth).all() or whole <= 0:
        return float("nan"), float("nan")
    return float(weights[near].sum() / whole), float(near.sum() / taking.sum())
