"""What stands beside an accuracy: what luck gives, and what a linear rule finds in the same features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from xviz.train.mca.trials import Trials


def luck(count: int, chance: float, tables: int = 1) -> float:
    """The accuracy that guessing does not exceed in 95 % of all cases, in the best of so many tables."""
    return float(binom.ppf(1 - 0.05 / tables, count, chance)) / count


def linear(trials: Trials, tested: NDArray[np.bool_], label: str, *, means: bool = False) -> float:
    """Accuracy of a shrunk linear discriminant on DE and PSD, on tested trials (n,).

    Args:
        trials: All trials.
        tested: Those that are not learned from.
        label: What is told.
        means: Whether it sees means over time, without which long trials have more features than memory has room for.
    """
    parts = [part.mean(-1) if means else part for part in (trials.de, trials.psd)]
    flat = np.concatenate([part.reshape(len(tested), -1) for part in parts], 1)
    high = trials.high(label)
    rule = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(flat[~tested], high[~tested])
    return float(rule.score(flat[tested], high[tested]))
