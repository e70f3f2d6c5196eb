"""The log-mel spectrogram: its definition in seconds, hertz and decibels, and the way from places back to units.

Power of a Hann-windowed Fourier transform, summed in triangles that are evenly spaced on the mel scale
2595 · log10(1 + f / 700) (O'Shaughnessy, Speech Communication, 1987; the form of HTK), in decibels below the loudest
value of the clip, not below ``floor``. Row 0 is the lowest band. A sound that is shorter than the clip is followed by
silence, which is the floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.core.run import Caution
from xviz.core.sample import Sound

LEAST = 0.05  #: seconds; anything shorter is a click
SILENT = 1e-5  #: amplitude (−100 dB at full scale) that is nothing to listen to
FRAME = 0.02  #: seconds over which a level is taken
#: dB at full scale of the loudest 20 ms: of 3,000 recorded digits the quietest reaches it, and notes are louder
TRAINED = -48.0
FAINT = TRAINED - 12  #: below it, the noise of microphones and of 16 bits stands in the spectrogram beside the sound


@dataclass(frozen=True)
class Mel:
    """What a spectrogram is, in units of the world."""

    rate: float  #: Hz
    window: float  #: seconds
    hop: float  #: seconds
    points: int  #: of the Fourier transform, the window being filled up with zeros
    bands: int
    low: float  #: Hz
    high: float  #: Hz
    floor: float  #: dB below the loudest value of the clip
    frames: int  #: of a clip

    @classmethod
    def of(cls, settings: Mel) -> Mel:
        """The definition in the settings of a card."""
        return Mel(**{name: getattr(settings, name) for name in Mel.__dataclass_fields__})

    @property
    def seconds(self) -> float:
        """How long a clip is."""
        return self.frames * self.hop

    @property
    def length(self) -> int:
        """Samples of a clip."""
        return round(self.seconds * self.rate)

    def hertz(self, band: float) -> float:
        """The frequency at an edge counted in bands from the lowest."""
        low, high = mels(self.low), mels(self.high)
        return float(700 * (10 ** ((low + (high - low) * (band + 0.5) / (self.bands + 1)) / 2595) - 1))

    def band(self, hertz: float) -> float:
        """The edge counted in bands from the lowest at which a frequency lies."""
        low, high = mels(self.low), mels(self.high)
        return (mels(hertz) - low) / (high - low) * (self.bands + 1) - 0.5

    def place(self, first: float, last: float, low: float | None = None, high: float | None = None) -> NDArray:
        """(bands, frames), the highest band first: how much of each lies in a stretch of seconds and of hertz, 0–1."""
        frames, bands = np.arange(self.frames), np.arange(self.bands)
        bottom = 0.0 if low is None else self.band(low)
        top = float(self.bands) if high is None else self.band(high)
        along = np.minimum(frames + 1, last / self.hop) - np.maximum(frames, first / self.hop)
        up = np.minimum(bands + 1, top) - np.maximum(bands, bottom)
        return np.outer(up.clip(0, 1)[::-1], along.clip(0, 1))

    def say_bands(self, first: float, last: float) -> str:
        """A stretch of bands for people."""
        return f"{round(self.hertz(first), -1):.0f}–{round(self.hertz(last), -1):.0f} Hz"

    def say_frames(self, first: float, last: float, *, start: float = 0.0) -> str:
        """A stretch of frames for people, in seconds of the file, of which the clip begins at ``start``."""
        return f"{start + first * self.hop:.2f}–{start + last * self.hop:.2f} s"


def mels(hertz: float) -> float:
    """Hertz on the mel scale."""
    return 2595 * float(np.log10(1 + hertz / 700))


@cache
def triangles(definition: Mel) -> Tensor:
    """(bands, points / 2 + 1) weights of the triangles, each of height one."""
    edges = np.linspace(mels(definition.low), mels(definition.high), definition.bands + 2)
    edges = 700 * (10 ** (edges / 2595) - 1)  # hertz
    bins = np.linspace(0, definition.rate / 2, definition.points // 2 + 1)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return torch.from_numpy(np.clip(np.minimum(rise, fall), 0, None).astype(np.float32))


def spectrogram(signals: Tensor, definition: Mel) -> Tensor:
    """(b, time) signals of a clip's length → (b, bands, frames) in dB, 0 at the loudest and ``−floor`` at least."""
    window = round(definition.window * definition.rate)
    spectrum = torch.stft(
        signals,
        definition.points,
        round(definition.hop * definition.rate),
        window,
        torch.hann_window(window),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    power = spectrum.real**2 + spectrum.imag**2  # b, points / 2 + 1, frames + 1
    heard = (triangles(definition) @ power)[..., : definition.frames]
    loudest = heard.amax((1, 2), keepdim=True).clamp_min(1e-20)
    return 10 * torch.log10((heard / loudest).clamp_min(10 ** (-definition.floor / 10)))


def faint(signal: NDArray[np.float32], definition: Mel) -> tuple[Caution, ...]:
    """That a clip is far quieter than anything that models were trained on; nothing else."""
    size = round(FRAME * definition.rate)
    frames = signal[: len(signal) // size * size].reshape(-1, size)
    level = 10 * np.log10(np.square(frames, dtype=np.float64).mean(1).max() + 1e-12)
    if level >= FAINT:
        return ()
    both = f"{level:.0f} and {TRAINED:.0f}".replace("-", "−").split(" and ")
    return (
        Caution(
            f"This sound is very quiet: its loudest 20 ms reach {both[0]} dB at full scale, the quietest recording of "
            f"the training {both[1]} dB. The model looks at differences within the clip, so that it may hear noise.",
            "Record it louder, or choose another stretch.",
        ),
    )


def clip(sound: Sound, definition: Mel) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """A sound at the model's rate, cut or filled with silence to a clip's length, and notes for people.

    Raises:
        SampleError: it is too short, or silent.
    """
    if sound.seconds < LEAST:
        raise SampleError(
            f"A sound of at least {LEAST * 1000:.0f} ms is needed; this one has {sound.seconds * 1000:.2g} ms "
            f"({len(sound.signal)} samples at {sound.rate:g} Hz). Choose a longer one."
        )
    signal, notes = sound.signal, []
    if sound.rate != definition.rate:
        signal = soxr.resample(signal, sound.rate, definition.rate).astype(np.float32)
        notes.append(f"The model listens at {definition.rate:g} Hz; the sound was resampled from {sound.rate:g} Hz.")
    if len(signal) > definition.length + definition.rate * 0.001:
        notes.append(f"The model listens to {definition.seconds:g} s; the rest of the stretch is not heard.")
    signal = signal[: definition.length]
    if np.abs(signal).max(initial=0.0) < SILENT:
        raise SampleError(
            "The sound is silent here: nothing is louder than −100 dB at full scale. Choose another stretch or file."
        )
    filled = np.zeros(definition.length, np.float32)
    filled[: len(signal)] = signal
    return filled, tuple(notes)
