"""The two features of MCA: differential entropy (DE) of the filtered signal, and power spectral density (PSD) in dB.

Both are taken in windows of 2 s every 0.25 s, measured from the last 2 s of rest before the trial, averaged to one
value a second and padded to whole minutes by repeating the last two values: 60 s give 232 windows, 58 values, 60 in
the end. The bands overlap, as published: slow alpha lies inside alpha, and the PSD's bins are not the DE's edges.

The authors crop rest in MNE, whose crops include their end: of 640 samples of rest their DE reads 385 to 640, the first
of the trial among them, their PSD 384 to 639. ``PUBLISHED`` reads so too; the shipped checkpoint was trained with 384
to 639 for both, and keeps them (``Plan.de_rest_shift``).

Differs from the authors' files in: logarithms are held off zero; a recording without rest is measured from its own
mean over time, or not at all where a set has no rest anywhere (``Plan.from_rest``).

Source: Zhao & Gu, Feature Fusion Based on Mutual-Cross-Attention Mechanism for EEG Emotion Recognition, MICCAI 2024,
and the feature extraction that they name as theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import welch

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg

Array = NDArray[np.float64]

QUIET = 1e-6  #: µV, least standard deviation, and µV²/Hz, least density, of which a logarithm is taken


@dataclass(frozen=True)
class Band:
    """One frequency band."""

    name: str
    psd: tuple[float, float]  #: Hz, first and last bin of the spectrum that count
    de: tuple[float, float]  #: Hz, edges of the filter


BANDS = (
    Band("theta", (4, 7), (4, 8)),
    Band("slow alpha", (8, 10), (8, 10)),
    Band("alpha", (8, 13), (8, 12)),
    Band("beta", (14, 29), (12, 30)),
    Band("gamma", (30, 45), (30, 45)),
)


@dataclass(frozen=True)
class Plan:
    """How features are cut out of time."""

    bands: tuple[Band, ...] = BANDS
    rate: float = 128.0  #: Hz, to which every recording is brought
    window: float = 2.0  #: s, length of a window
    hop: float = 0.25  #: s, from one window to the next
    segment: float = 1.0  #: s, length of the spectra that are averaged in a window; 1 s gives bins 1 Hz apart
    join: int = 4  #: windows whose mean is one value
    seconds: float = 60.0  #: s of a trial that the model reads
    steps: int = 60  #: values in the end, padded
    from_rest: bool = True  #: whether features are measured from rest; else they are levels, for lack of any
    de_rest_shift: int = 0  #: samples by which the window of rest that DE reads ends after rest; 1 as published

    def samples(self, seconds: float) -> int:
        """How many samples that many seconds have."""
        return round(seconds * self.rate)


PUBLISHED = Plan(de_rest_shift=1)


def band_table(texts: Sequence[str], rate: float = 128.0) -> tuple[Band, ...]:
    """Bands from ``"theta=4-8"`` …, the same edges for both features.

    Raises:
        SampleError: a text is no band, or lies outside what the rate and spectra of 1 s can tell.
    """
    bands = []
    for text in texts:
        match = re.fullmatch(r"\s*([^=]+?)\s*=\s*(\d+(?:\.\d+)?)\s*[-–]\s*(\d+(?:\.\d+)?)\s*", text)
        low, high = (float(match[2]), float(match[3])) if match else (0.0, 0.0)
        if match is None or not 1 <= low < high < rate / 2 or int(high) < low:
            raise SampleError(
                f"A band should be like theta=4-8, in Hz, from 1 to below {rate / 2:g}, and hold a whole number; got "
                f"“{text}”."
            )
        bands.append(Band(match[1], (low, high), (low, high)))
    if not bands or len({band.name for band in bands}) < len(bands):
        raise SampleError(f"Bands need names, and no name twice; got {', '.join(texts) or 'none'}.")
    return tuple(bands)


def frames(signal: Array, window: int, hop: int) -> Array:
    """(channel, time) → (channel, frame, window) views; as published, a last window that just fits is left out."""
    return sliding_window_view(signal, window, axis=-1)[:, : signal.shape[1] - window : hop]


def psd(windows: Array, plan: Plan) -> Array:
    """Windows (…, time) in µV → (…, band) mean over the band's bins of 10 log₁₀ of µV²/Hz.

    Welch's method with a Hann window and half overlap, the mean of each segment taken off.
    """
    length = plan.samples(plan.segment)
    bins, density = welch(windows, fs=plan.rate, nperseg=length)
    level = 10 * np.log10(np.maximum(density, QUIET))
    chosen = [(bins >= band.psd[0] - 1e-6) & (bins <= band.psd[1] + 1e-6) for band in plan.bands]
    return np.stack([level[..., these].mean(-1) for these in chosen], -1)


def de(windows: Array) -> Array:
    """Filtered windows (…, time) in µV → (…) differential entropy ½ log₁₀(2πe σ²) of a normal distribution."""
    spread = np.maximum(windows.std(-1), QUIET)
    return 0.5 * np.log10(2 * np.pi * np.e * spread**2)


def bandpass(signal: Array, band: Band, rate: float) -> Array:
    """(channel, time) between the edges of a band, by MNE's linear-phase FIR filter of the window design."""
    from mne.filter import filter_data

    return filter_data(signal, rate, *band.de, fir_design="firwin", verbose="ERROR")


def features(signal: Array, rest: int, plan: Plan) -> tuple[Array, Array]:
    """DE and PSD over time, (channel, band, steps) each, measured from rest.

    Args:
        signal: (channel, time) µV at ``plan.rate``; the first ``rest`` samples are rest.
        rest: Samples of rest; where they are fewer than a window, the mean over time is taken off instead.
        plan: Windows and bands.
    """
    window, hop = plan.samples(plan.window), plan.samples(plan.hop)
    filtered = [bandpass(signal, band, plan.rate) for band in plan.bands]
    trial = [part[:, rest : rest + plan.samples(plan.seconds)] for part in (signal, *filtered)]
    power = psd(frames(trial[0], window, hop), plan).swapaxes(1, 2)
    entropy = np.stack([de(frames(part, window, hop)) for part in trial[1:]], 1)
    if not plan.from_rest:
        pass
    elif rest >= window:
        power = power - psd(signal[:, rest - window : rest], plan)[..., None]
        before = slice(rest - window + plan.de_rest_shift, rest + plan.de_rest_shift)
        entropy = entropy - np.stack([de(part[:, before]) for part in filtered], 1)[..., None]
    else:
        power, entropy = (value - value.mean(-1, keepdims=True) for value in (power, entropy))
    return pad(step_means(entropy, plan.join), plan.steps), pad(step_means(power, plan.join), plan.steps)


def step_means(values: Array, join: int) -> Array:
    """(…, frame) → (…, frame // join): the means of so many frames in a row; frames left over are dropped."""
    whole = values.shape[-1] // join * join
    return values[..., :whole].reshape(*values.shape[:-1], -1, join).mean(-1)


def pad(values: Array, steps: int) -> Array:
    """(…, n) → (…, steps) by repeating the last two values, or by cutting."""
    while (short := steps - values.shape[-1]) > 0:
        values = np.concatenate([values, values[..., -2:][..., :short]], -1)
    return values[..., :steps]


def resampled(eeg: Eeg, rate: float) -> Array:
    """(channel, time) of a recording at another rate, float64; silent channels stay NaN.

    Raises:
        SampleError: the rate of the recording is below a tenth of a hertz or no simple fraction of the other.
    """
    signal = eeg.signal.astype(np.float64)
    if eeg.rate == rate:
        return signal
    from mne.filter import resample

    ratio = Fraction(rate / eeg.rate).limit_denominator(5000)
    if ratio == 0:
        raise SampleError(f"A rate of {eeg.rate:g} Hz cannot be brought to {rate:g} Hz. Check the file's rate.")
    heard = np.isfinite(signal).all(1)
    count = round(signal.shape[1] * rate / eeg.rate)
    out = np.full((len(signal), count), np.nan)
    if heard.any():
        again = resample(signal[heard], ratio.numerator, ratio.denominator, method="polyphase", verbose="ERROR")
        out[heard, : again.shape[1]] = again[:, :count]
        out[heard, again.shape[1] :] = again[:, -1:]
    return out


def check_rate(eeg: Eeg, bands: Sequence[Band]) -> None:
    """Refuse a recording that is too slow for the highest band.

    Raises:
        SampleError: half the rate is not above the band's edge.
    """
    highest = max(bands, key=lambda band: max(band.de[1], band.psd[1]))
    edge = max(highest.de[1], highest.psd[1])
    if eeg.rate <= 2 * edge:
        raise SampleError(
            f"The {highest.name} band reaches {edge:g} Hz, so that a recording needs more than {2 * edge:g} samples a "
            f"second; this one has {eeg.rate:g}. Bring it at its original rate."
        )


def limits(eeg: Eeg, plan: Plan) -> tuple[str, ...]:
    """What is to say of bands that filters emptied before the recording was written."""
    low, high = eeg.passband or (0.0, 0.0)
    gone = [band.name for band in plan.bands if (high and band.de[1] > high + 1) or band.de[0] < low - 0.5]
    if not gone:
        return ()
    edges = f"{low:g}–{high:g} Hz" if low and high else f"below {high:g} Hz" if high else f"above {low:g} Hz"
    return (
        f"Filters left only {edges} of this recording: what is said of {' and '.join(gone)} is partly of the filter.",
    )
