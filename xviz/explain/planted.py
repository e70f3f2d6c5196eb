"""How well a map over cells fits a truth that is known: rank correlation, hits, and its share inside a place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import spearmanr

from xviz.core.cells import Cells
from xviz.core.tokens import TokenSpace

HITS = 16  #: strongest true cells that count, a tenth of 32 electrodes × 5 bands
DRAWS = 2000  #: random maps for chance


@dataclass(frozen=True)
class Fit:
    """How well a map fits the size of a truth."""

    correlation: float  #: Spearman's, over all cells; 0 where the map is constant
    hits: float  #: share of the strongest true cells among as many strongest of the map, 0–1


def fit(scores: ArrayLike, truth: ArrayLike, *, hits: int = HITS) -> Fit:
    """How well a map fits; signs do not count, on either side.

    Args:
        scores: Any shape; its size says how much a cell matters.
        truth: Of the same shape.
        hits: How many strongest cells count.
    """
    scores, size = (np.abs(np.asarray(values, np.float64)).ravel() for values in (scores, truth))
    best = np.argsort(-scores, kind="stable")[:hits]
    right = np.argsort(-size, kind="stable")[:hits]
    flat = np.ptp(scores) == 0 or np.ptp(size) == 0
    correlation = 0.0 if flat else float(spearmanr(scores, size).statistic)
    return Fit(correlation, len(set(best.tolist()) & set(right.tolist())) / len(right))


@cache
def chance(cells: int, *, hits: int = HITS, share: float = 0.95) -> Fit:
    """What that share of random maps stays below.

    Fits of random maps do not depend on the truth: any order of cells is as likely as any other.
    """
    hits = min(hits, cells)
    order = np.argsort(np.random.default_rng(0).random((DRAWS, cells)), axis=1)  # no two scores are equal
    ranks = np.argsort(order, axis=1) - (cells - 1) / 2
    truth = np.arange(cells) - (cells - 1) / 2
    correlations = ranks @ truth / max(truth @ truth, 1e-12)
    shares = (order[:, -hits:] >= cells - hits).mean(1)
    return Fit(float(np.quantile(correlations, share)), float(np.quantile(shares, share)))


@dataclass(frozen=True)
class Inside:
    """How much of a map lies in a place that is known."""

    share: float  #: of the scores above zero, a cell counting with its part inside, 0–1
    hit: bool  #: whether the middle of the strongest cell lies inside
    chance: float  #: the share if all cells had one score


def inside(spaces: Mapping[str, TokenSpace], scores: Mapping[str, ArrayLike], truth: ArrayLike) -> Inside:
    """How much of the scores of cells lies in a known place of their plane.

    Args:
        spaces: Of a run.
        scores: Space → (n,); those that are no cells do not count.
        truth: (rows, columns) of the plane, as drawn: how much of each value belongs to the place, 0–1.
    """
    sums = np.pad(np.asarray(truth, np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total, within, best, hit, parts = 0.0, 0.0, -np.inf, False, []
    for name, values in scores.items():
        space, values = spaces[name], np.asarray(values, np.float64)
        if not isinstance(space, Cells):
            continue
        part, above = _parts(space, sums), np.maximum(values, 0)
        parts.append(part)
        total, within = total + above.sum(), within + (above * part).sum()
        if values.max() > best:
            best, index = values.max(), int(values.argmax())
            x, y = space.boxes[index].reshape(2, 2).mean(0).astype(int)
            hit = bool(np.asarray(truth)[min(y, len(truth) - 1), min(x, np.shape(truth)[1] - 1)] >= 0.5)  # type: ignore[arg-type]
    flat = float(np.concatenate(parts).mean()) if parts else 0.0
    return Inside(float(within / total) if total > 0 else 0.0, hit, flat)


def _parts(space: Cells, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) the mean of the truth over each cell, from its sums over all that lies above and to the left."""
    x0, y0, x1, y1 = space.boxes.astype(np.float64).T

    def upto(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        row, column = (
            np.minimum(coordinate.astype(int), sums.shape[axis] - 2) for axis, coordinate in ((0, y), (1, x))
        )
        down, across = y - row, x - column
        upper = (1 - across) * sums[row, column] + across * sums[row, column + 1]
        lower = (1 - across) * sums[row + 1, column] + across * sums[row + 1, column + 1]
        return (1 - down) * upper + down * lower

    return (upto(y1, x1) - upto(y0, x1) - upto(y1, x0) + upto(y0, x0)) / ((x1 - x0) * (y1 - y0))
