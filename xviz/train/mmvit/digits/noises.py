"""Computed sounds in which nobody speaks: noises, hums, clicks, tones; other generators for learning and for testing.

Each gives (length,) samples at ``RATE`` around zero; levels are set where they are used, since the model looks at
differences within a clip alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

RATE = 8000  #: Hz
Generator = Callable[[int, np.random.Generator], NDArray[np.float32]]  #: length, random numbers → (length,)


def coloured(length: int, slope: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Gaussian noise whose power falls with frequency as f^−slope, root mean square 1; 0 is white, 1 pink, 2 brown."""
    frequencies = np.fft.rfftfreq(length, 1 / RATE).clip(20)
    spectrum = (rng.standard_normal((2, len(frequencies))) * frequencies ** (-slope / 2)).T @ np.array([1, 1j])
    signal = np.fft.irfft(spectrum, length)
    return signal / np.sqrt(np.mean(signal**2))


def times(length: int) -> NDArray[np.float64]:
    """(length,) seconds."""
    return np.arange(length) / RATE


def harmonics(length: int, lowest: float, strengths: NDArray[np.float64], rng: np.random.Generator) -> NDArray:
    """A tone of ``lowest`` hertz and its multiples, with these strengths and phases by chance."""
    numbers = np.arange(1, len(strengths) + 1)
    below = numbers * lowest < 0.95 * RATE / 2
    phases = 2 * np.pi * (lowest * numbers[below, None] * times(length) + rng.random((int(below.sum()), 1)))
    return strengths[below] @ np.sin(phases)


def struck(length: int, sounds: list[tuple[int, NDArray[np.float64]]]) -> NDArray[np.float64]:
    """Sounds added up, each from a sample on; what goes over the end is cut."""
    signal = np.zeros(length)
    for start, sound in sounds:
        signal[start : start + len(sound)] += sound[: length - start]
    return signal


# For learning


def white_to_pink(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Steady noise, white, pink, or between."""
    return coloured(length, rng.uniform(0, 1), rng).astype(np.float32)


def hum_50(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Hum of mains at 50 Hz: falling harmonics over some pink noise."""
    strengths = rng.uniform(0.2, 1, 12) * np.arange(1, 13) ** -rng.uniform(0.3, 1.5)
    hum = harmonics(length, 50 * rng.uniform(0.995, 1.005), strengths, rng)
    return (hum + rng.uniform(0, 0.3) * coloured(length, 1, rng)).astype(np.float32)


def clicks(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Some dull or bright clicks at moments by chance, over faint white noise."""
    sounds = []
    for start in rng.integers(0, length, rng.integers(1, 12)):
        long = round(RATE * rng.uniform(0.002, 0.02))
        sounds.append(
            (int(start), rng.uniform(0.3, 1) * rng.standard_normal(long) * np.exp(-6 * np.arange(long) / long))
        )
    return (struck(length, sounds) + 10 ** rng.uniform(-4, -1.5) * coloured(length, 0, rng)).astype(np.float32)


def sines(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """One to four sine tones at once, each with a swell of its own."""
    tones = np.zeros(length)
    for _ in range(rng.integers(1, 5)):
        hertz, swell = 2 ** rng.uniform(np.log2(100), np.log2(3000)), rng.uniform(0, 4)
        tones += np.sin(2 * np.pi * hertz * times(length)) * (1 + 0.5 * np.sin(2 * np.pi * swell * times(length)))
    return (tones + 10 ** rng.uniform(-4, -1.5) * coloured(length, 0, rng)).astype(np.float32)


# For testing


def brown_or_blue(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of colours that learning has not (brown, blue), steady or in gusts."""
    gusts = 1 + rng.choice([0, 0.9]) * np.sin(2 * np.pi * (rng.uniform(0.5, 5) * times(length) + rng.random()))
    return (coloured(length, rng.choice([2.0, -1.0]), rng) * gusts).astype(np.float32)


def buzz_60(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Buzz of mains at 60 Hz: 120 Hz and its harmonics as a rectifier has them, over some brown noise."""
    numbers = np.arange(1, 25)
    buzz = harmonics(length, 120 * rng.uniform(0.995, 1.005), 1 / (4 * numbers**2 - 1) ** rng.uniform(0.4, 1), rng)
    return (buzz + rng.uniform(0, 0.3) * coloured(length, 2, rng)).astype(np.float32)


def knocks(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Knocks on something that rings at two frequencies, in a rhythm, over faint brown noise."""
    ring, pause = times(round(0.15 * RATE)), rng.uniform(0.1, 0.6)
    modes, decay = rng.uniform([80, 300], [400, 2500]), rng.uniform(20, 80)
    sound = (np.sin(2 * np.pi * np.outer(modes, ring)) * [[1], [0.5]]).sum(0) * np.exp(-decay * ring)
    starts = (np.arange(rng.uniform(0, pause), length / RATE, pause) * RATE).astype(int)
    sounds = [(int(start), rng.uniform(0.5, 1) * sound) for start in starts if start < length]
    return (struck(length, sounds) + 10 ** rng.uniform(-4, -1.5) * coloured(length, 2, rng)).astype(np.float32)


def beeps(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Square waves, sirens that glide, or the two tones of a telephone's keys, on and off."""
    now, kind = times(length), rng.integers(3)
    if kind == 0:
        tone = np.sign(np.sin(2 * np.pi * 2 ** rng.uniform(7, 11) * now))
    elif kind == 1:
        low, width, speed = rng.uniform(200, 1200), rng.uniform(50, 1500), rng.uniform(0.3, 4)
        tone = np.sin(2 * np.pi * np.cumsum(low + width * (1 + np.sin(2 * np.pi * speed * now)) / 2) / RATE)
    else:
        pair = rng.choice([697, 770, 852, 941]), rng.choice([1209, 1336, 1477])
        tone = sum(np.sin(2 * np.pi * hertz * now) for hertz in pair)
    switched = (now / rng.uniform(0.2, 1)) % 1 < rng.uniform(0.4, 1.2)
    return (tone * switched + 10 ** rng.uniform(-4, -1.5) * coloured(length, 2, rng)).astype(np.float32)


def room_tone(length: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A quiet room: noise between pink and brown, a fan's hum, now and then a knock."""
    fan = harmonics(length, rng.uniform(25, 90), rng.uniform(0, 1, 6) / np.arange(1, 7), rng)
    room = coloured(length, rng.uniform(1.2, 1.9), rng) + rng.uniform(0, 0.5) * fan
    return (room + (rng.random() < 0.3) * knocks(length, rng)).astype(np.float32)


LEARNT: Mapping[str, Generator] = {"noise": white_to_pink, "hum": hum_50, "clicks": clicks, "tones": sines}
TESTED: Mapping[str, Generator] = {
    "noise": brown_or_blue, "hum": buzz_60, "clicks": knocks, "tones": beeps, "room tone": room_tone,
}  # fmt: skip
