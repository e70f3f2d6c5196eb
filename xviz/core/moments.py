"""Tokens that follow each other in time: steps of any measured channels, and frames of a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import ModelError
from xviz.core.forms import Form, OnPictures, labelled, listed
from xviz.core.grounds import Source
from xviz.core.strips import signal_of, strip
from xviz.core.tokens import Scores, check_scores


@dataclass(frozen=True, eq=False)
class Moments:
    """Tokens one after another, regular (``rate``), at stretches of their own (``spans``), or without a clock.

    Args:
        name: What attention calls them.
        count: Number of tokens.
        rate: Tokens a second, Hz; None where nothing is known of time, or ``spans`` says it.
        start: Seconds at which the first token begins.
        spans: (n, 2) from, to in seconds, for tokens that are not regular, such as words aligned with sound.

    Raises:
        ModelError: the rate is not above zero, or there is not one span a token.
    """

    name: str
    count: int
    rate: float | None = None
    start: float = 0.0
    spans: NDArray[np.float64] | None = None
    noun: ClassVar[str] = "token"  #: what one token is

    def __post_init__(self) -> None:
        """Check that times make sense."""
        if self.rate is not None and not (np.isfinite(self.rate) and self.rate > 0):
            raise ModelError(f"“{self.name}” needs a rate in tokens a second, above zero; got {self.rate}.")
        if self.spans is not None and np.shape(self.spans) != (self.count, 2):
            raise ModelError(
                f"“{self.name}” has {self.count} tokens and needs a span (from, to) in seconds for each; got shape "
                f"{np.shape(self.spans)}."
            )

    def __len__(self) -> int:
        """The number of tokens."""
        return self.count

    @property
    def seconds(self) -> NDArray[np.float64] | None:
        """(n, 2) from, to of every token, in seconds; None where nothing is known of time."""
        if self.spans is not None:
            return np.asarray(self.spans, np.float64)
        if self.rate is None:
            return None
        begin = self.start + np.arange(self.count) / self.rate
        return np.stack([begin, begin + 1 / self.rate], 1)

    def label(self, index: int) -> str:
        """Number and time: ``step 5 (0.80–1.00 s)``."""
        if not 0 <= index < self.count:
            raise ModelError(f"“{self.name}” has {self.count} tokens, counted from 0; there is no token {index}.")
        seconds = self.seconds
        when = "" if seconds is None else " ({:.2f}–{:.2f} s)".format(*seconds[index])
        return f"{self.noun} {index + 1}{when}"

    def paint(self, scores: Scores) -> Scores:
        """(n,) scores in order of time, as they are."""
        return check_scores(self, scores)


@dataclass(frozen=True, eq=False)
class Steps(Moments):
    """Tokens that are time steps of one or more named channels."""

    noun = "step"

    channels: tuple[str, ...] = ()  #: what was measured at every step, where that has names

    def form(self, source: Source) -> Form:
        """Stretches of the measured channels; the labels in a row where these are not known."""
        labels = labelled(self)
        signal_found = signal_of(source, self.name, self.channels, self.count)
        if signal_found is None:
            return listed(labels, self.noun)
        signal, channels, rate, start = signal_found
        spans = self.seconds
        if spans is None or rate is None:
            edges = np.linspace(0, signal.shape[1], self.count + 1)
            spans = np.stack([edges[:-1], edges[1:]], 1)
        else:
            spans = np.clip((spans - start) * rate, 0, signal.shape[1])
        whole = None if rate is None else (start, start + signal.shape[1] / rate)
        return strip(signal, spans, labels=labels, noun=self.noun, channels=channels, seconds=whole)


@dataclass(frozen=True, eq=False)
class Frames(Moments):
    """Tokens that are frames of a video, or groups of frames; patches of frames are a ``PatchGrid``."""

    noun = "frame"

    def form(self, source: Source) -> Form:
        """The frames side by side, or the middle one of each group; the labels in a row where they are not known."""
        images = list(source.every_picture().values())
        labels = labelled(self)
        if len(images) < self.count:
            return listed(labels, self.noun)
        middles = ((np.arange(self.count) + 0.5) * len(images) / self.count).astype(int)
        chosen = tuple(images[i] for i in middles)
        return OnPictures(labels=labels, noun=self.noun, images=chosen, names=labels, grid=(1, 1))
