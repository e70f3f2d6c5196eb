"""How well a map over cells fits a truth that is known: rank correlation and hits, beside what chance gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

HITS = 16  #: strongest true cells that count, a tenth of 32 electrodes × 5 bands
DRAWS = 2000  #: random maps for chance


@dataclass(frozen=True)
class Fit:
    """How well a map fits the size of a truth."""

    correlation: float  #: Spearman's, over all cells; 0 where the map is constant
    hits: float  #: share of the strongest true cells among as many strongest of the map, 0–1


def fit(found: ArrayLike, truth: ArrayLike, *, hits: int = HITS) -> Fit:
    """How well a map fits; signs do not count, on either side.

    Args:
        found: Any shape; its size says how much a cell matters.
        truth: Of the same shape.
        hits: How many strongest cells count.
    """
    from scipy.stats import spearmanr

    found, size = (np.abs(np.asarray(values, np.float64)).ravel() for values in (found, truth))
    best = np.argsort(-found, kind="stable")[:hits]
    right = np.argsort(-size, kind="stable")[:hits]
    flat = np.ptp(found) == 0 or np.ptp(size) == 0
    correlation = 0.0 if flat else float(spearmanr(found, size).statistic)
    return Fit(correlation, len(set(best.tolist()) & set(right.tolist())) / len(right))


@cache
def chance(cells: int, *, hits: int = HITS, share: float = 0.95) -> Fit:
    """What that share of random maps stays below.

    Fits of random maps do not depend on the truth: any order of cells is as likely as any other.
    """
    rng = np.random.default_rng(0)
    made = [fit(rng.random(cells), np.arange(cells), hits=hits) for _ in range(DRAWS)]
    return Fit(*(float(np.quantile([getattr(one, name) for one in made], share)) for name in ("correlation", "hits")))
