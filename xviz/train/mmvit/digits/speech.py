"""Is this speech at all? Two measures of the signal, to be held beside the model's own probability.

Speech comes in syllables, two to ten in a second, and is voiced for most of their time. So ``modulation`` is the
share of the loudness's changes that are that fast, and ``voicing`` how periodic the voiced moments are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xviz.train.mmvit.digits.noises import RATE

FRAME, HOP = 256, 80  #: samples: 32 ms, every 10 ms
SYLLABLES = (2.0, 10.0)  #: Hz, how often loudness changes in speech
VOICES = (70.0, 400.0)  #: Hz, of voices
HEARD = -30.0  #: dB below the loudest frame, down to which a frame is looked at


def frames(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """(frames, FRAME) overlapping stretches of a signal."""
    return np.lib.stride_tricks.sliding_window_view(signal.astype(np.float64), FRAME)[::HOP]


def modulation(signal: NDArray[np.float32]) -> float:
    """Share of the power of loudness's changes, from 0.5 to 50 Hz, that lies where syllables are; 0 to 1."""
    loudness = np.sqrt((frames(signal) ** 2).mean(1))
    power = np.abs(np.fft.rfft((loudness - loudness.mean()) * np.hanning(len(loudness)))) ** 2
    hertz = np.fft.rfftfreq(len(loudness), HOP / RATE)
    every = power[(hertz >= 0.5) & (hertz <= 50)].sum()
    return float(power[(hertz >= SYLLABLES[0]) & (hertz <= SYLLABLES[1])].sum() / (every + 1e-20))


def voicing(signal: NDArray[np.float32]) -> float:
    """Mean over heard frames of the highest correlation with themselves a period of a voice later; 0 to 1."""
    power = (frames(signal) ** 2).mean(1)
    chosen = frames(signal)[power > power.max() * 10 ** (HEARD / 10)]
    own = np.fft.irfft(np.abs(np.fft.rfft(chosen, 2 * FRAME)) ** 2)
    first, last = round(RATE / VOICES[1]), round(RATE / VOICES[0])
    fading = 1 - np.arange(first, last) / FRAME  # as many samples overlap
    return float((own[:, first:last] / fading / (own[:, :1] + 1e-20)).max(1).clip(0, 1).mean())


def separation(speech: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """How often a measure is higher for speech than for another sound, of all pairs (area under the curve), 0 to 1."""
    higher = (speech[:, None] > other).mean()
    return float(higher + 0.5 * (speech[:, None] == other).mean())
