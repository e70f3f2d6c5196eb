"""Electrodes on a flat head, decided once for screen and paper: where each is drawn, and the field between them.

Seen from above, nose up. An electrode's distance from the middle is its angle from the top (azimuthal equidistant);
the head's outline, radius 1, is the level of the ears' upper edge, 90° from the top, as in MNE's topographies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
RIM = 1.06  #: the field reaches at least as far, in radii of the head
BORDER = 24  #: helper points around the head
OUTSIDE = 1.5  #: their distance from the middle


def flat(positions: ArrayLike) -> Array:
    """(n, 3) metres, right, front, up → (n, 2) right and front in radii of the head; NaN where the place is unknown.

    Angles are taken from the middle of the sphere that fits the electrodes best; where these are too few or too flat
    for one, from the origin of the head's own coordinates.
    """
    positions = np.asarray(positions, np.float64).reshape(-1, 3)
    known = np.asarray(np.isfinite(positions).all(1))
    away = positions - _middle(positions[known])
    around = np.hypot(away[:, 0], away[:, 1])
    angle = np.arctan2(around, away[:, 2])
    return np.where(known[:, None], away[:, :2] * (angle / (np.pi / 2) / np.maximum(around, 1e-9))[:, None], np.nan)


def _middle(known: Array) -> Array:
    """The middle of the best sphere, (3,) metres."""
    if len(known) >= 8:
        equations = np.column_stack([2 * known, np.ones(len(known))])
        solved, _, rank, _ = np.linalg.lstsq(equations, (known**2).sum(1), rcond=1e-4)
        if rank == 4 and 0.05 < np.sqrt(max(0.0, solved[3] + (solved[:3] ** 2).sum())) < 0.2:
            return solved[:3]
    return np.zeros(3)


def rim(places: ArrayLike) -> float:
    """How far the field reaches, in radii of the head: to the outermost electrode, and beyond the outline."""
    return float(max(RIM, np.nanmax(np.hypot(*np.asarray(places, np.float64).T), initial=0.0) + 0.04))


def field(places: ArrayLike, scores: ArrayLike, *, cells: int, reach: float) -> Array:
    """(cells, cells) scores between the electrodes, front first; NaN well beyond the rim, or where there is no field.

    Cubic interpolation that meets every electrode's score (Clough & Tocher), with points around the head that have the
    mean of the three nearest electrodes. Scores between electrodes are drawing, not measurement.

    Args:
        places: (n, 2) from ``flat``.
        scores: (n,); electrodes without a score or a place take no part.
        cells: Of each side.
        reach: Half a side, in radii of the head.
    """
    from scipy.interpolate import CloughTocher2DInterpolator

    places, scores = np.asarray(places, np.float64), np.asarray(scores, np.float64)
    good = np.isfinite(places).all(1) & np.isfinite(scores)
    x, y = np.meshgrid(*[(np.arange(cells) + 0.5) / cells * 2 * reach - reach] * 2)
    empty = np.full((cells, cells), np.nan)
    if good.sum() < 4:
        return empty
    turn = np.arange(BORDER) * 2 * np.pi / BORDER
    border = OUTSIDE * np.column_stack([np.cos(turn), np.sin(turn)])
    apart = np.linalg.norm(border[:, None] - places[good], axis=-1)
    mean = scores[good][np.argsort(apart, axis=1)[:, :3]].mean(1)
    interpolated = CloughTocher2DInterpolator(np.vstack([places[good], border]), np.concatenate([scores[good], mean]))(
        x, -y
    )
    beyond = 3 * 2 * reach / cells  # a few cells more, for a drawing that cuts at the rim itself
    return np.where(np.hypot(x, y) <= rim(places) + beyond, interpolated, empty)
