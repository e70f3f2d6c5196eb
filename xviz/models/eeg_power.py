"""What a neuroscientist checks first: power in bands, its t-test, and its picture over time and frequency.

None of it is learned. Sources: Welch, IEEE Transactions on Audio and Electroacoustics 15, 1967, for power; Welch,
Biometrika 34, 1947, for the test; Benjamini & Hochberg, Journal of the Royal Statistical Society B 57, 1995, for what
counts as found among many electrodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal as filters
from scipy import stats

from xviz.core.sample import Eeg
from xviz.models.mca_features import QUIET, Band, Plan, features, resampled

Array = NDArray[np.float64]
WINDOW = 2.0  #: s of a window; windows do not overlap, so that they count as separate observations
FOUND = 0.05  #: share of false ones among what is called found


@dataclass(frozen=True, eq=False)
class Test:
    """Two sets of observations of each electrode, compared."""

    difference: Array  #: (electrode, band) dB, mean of the first minus mean of the second
    t: Array  #: (electrode, band) Welch's t
    p: Array  #: (electrode, band), two-sided
    found: NDArray[np.bool_]  #: (electrode, band) below the threshold that keeps false ones to 5 % of those found
    counts: tuple[int, int]  #: observations of each


def band_power(windows: NDArray[np.floating], rate: float, bands: Sequence[Band]) -> Array:
    """(…, time) µV → (…, band) mean power of the band's bins, dB of µV²/Hz; NaN where a window holds no number."""
    length = min(windows.shape[-1], round(rate))
    hertz, density = filters.welch(windows.astype(np.float64), fs=rate, nperseg=length)
    chosen = [(hertz >= band.psd[0] - 1e-6) & (hertz <= band.psd[1] + 1e-6) for band in bands]
    return np.stack([10 * np.log10(np.maximum(density[..., these].mean(-1), QUIET)) for these in chosen], -1)


def in_windows(eeg: Eeg, start: float, stop: float) -> Array:
    """(window, electrode, time) of a stretch in s, windows of 2 s one after the other."""
    length = round(WINDOW * eeg.rate)
    part = eeg.signal[:, round(start * eeg.rate) : round(stop * eeg.rate)]
    count = part.shape[1] // length
    return part[:, : count * length].reshape(len(part), count, length).swapaxes(0, 1).astype(np.float64)


def compare(first: Array, second: Array) -> Test:
    """Welch's t-test of (observation, electrode, band) against another set; what is NaN takes no part."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of electrodes without numbers
        result = stats.ttest_ind(first, second, axis=0, equal_var=False)
        difference = first.mean(0) - second.mean(0)
    t, p = np.asarray(result.statistic, np.float64), np.asarray(result.pvalue, np.float64)
    significant = np.zeros(p.shape, bool)
    finite = np.isfinite(p)
    if finite.any():
        significant[finite] = stats.false_discovery_control(p[finite]) < FOUND
    return Test(difference, t, p, significant, (len(first), len(second)))


def picture(
    channel: NDArray[np.floating], rate: float, *, low: float = 2.0, high: float = 45.0
) -> tuple[Array, Array, Array]:
    """Power over time and frequency of one electrode.

    Args:
        channel: (time,) µV.
        rate: Hz.
        low: Hz, first row.
        high: Hz, last row.

    Returns:
        (frequency, time) dB relative to each frequency's median over time, frequencies in Hz, times in s.
    """
    length = min(len(channel), round(rate))
    hertz, times, power = filters.spectrogram(channel.astype(np.float64), rate, "hann", length, length // 2)
    rows = (hertz >= low - 1e-6) & (hertz <= min(high, rate / 2) + 1e-6)
    level = 10 * np.log10(np.maximum(power[rows], QUIET))
    return level - np.median(level, axis=1, keepdims=True), hertz[rows], times


def plan_of(plan: Plan, seconds: float) -> Plan:
    """The plan of features for epochs of so many seconds: windows of up to 2 s, every quarter of a second a value."""
    window = min(plan.window, max(0.5, seconds / 2))
    count = max(1, int((seconds - window) / plan.hop))
    return replace(
        plan, window=window, segment=min(plan.segment, window), seconds=seconds, join=1, steps=count, from_rest=False
    )


def attention_of(epochs: NDArray[np.floating], rate: float, plan: Plan) -> Array:
    """The published attention in each epoch, softmax(DE · PSDᵀ / √d) with features around their mean over time.

    Args:
        epochs: (epoch, electrode, time) µV; electrodes with what is not a number take no part.
        rate: Hz.
        plan: Bands of the model.

    Returns:
        (epoch, band, query, key) from DE to PSD; NaN for electrodes that take no part.
    """
    seconds = epochs.shape[-1] / rate
    own = plan_of(plan, seconds)
    attention = np.full((len(epochs), len(plan.bands), epochs.shape[1], epochs.shape[1]), np.nan)
    for index, epoch in enumerate(epochs):
        known = np.isfinite(epoch).all(1)
        if known.sum() < 2:
            continue
        recording = resampled(Eeg(epoch[known].astype(np.float32), rate, tuple("x" * int(known.sum()))), own.rate)
        de, psd = features(recording, 0, own)
        de, psd = (part - part.mean(-1, keepdims=True) for part in (de, psd))
        for band in range(len(plan.bands)):
            logits = de[:, band] @ psd[:, band].T / np.sqrt(de.shape[-1])
            weights = np.exp(logits - logits.max(1, keepdims=True))
            attention[index, band][np.ix_(known, known)] = weights / weights.sum(1, keepdims=True)
    return attention
