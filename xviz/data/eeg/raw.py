"""What a file of a recording says, in its own numbers, before units and names have been judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation

LIMIT_VALUES = 64_000_000  #: samples times channels that are read at a time
PART_VALUES = 16_000_000  #: of a longer recording one part of so many is read at a time
WHOLE = "the whole"  #: the only part of a file that is read at once


class RateUnknown(SampleError):
    """A recording that does not say how many samples a second it has."""


@dataclass(frozen=True, eq=False)
class Raw:
    """What a file says, in its own numbers."""

    signals: tuple[NDArray[np.floating], ...]  #: (channel, time) each, in ``unit``; NaN where nothing was recorded
    rate: float  #: Hz
    channels: tuple[str, ...]
    unit: str | None  #: V, mV, µV or nV as the file says; None where it does not
    positions: NDArray[np.float32] | None = None  #: (channel, 3) metres
    notes: tuple[str, ...] = ()
    rest: float = 0.0  #: seconds
    labels: NDArray[np.float64] | None = None  #: (signals, labels)
    label_names: tuple[str, ...] = ()
    parts: tuple[str, ...] = (WHOLE,)  #: in which a long recording, or a file of many subjects, is read, for people
    warnings: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()  #: from the beginning of the signal
    bads: tuple[str, ...] = ()
    reference: str = ""
    passband: tuple[float, float] | None = None  #: Hz, before the file was written; 0 for none
    rate_said: str = "as the file says"  #: where the rate comes from
    titles: tuple[str, ...] = ()  #: what each signal is, where the file says so
    seconds: float = 0.0  #: of the whole recording, where a part of it was read; else 0
    start: float = 0.0  #: s of the whole recording before that part


@dataclass(frozen=True)
class Stretch:
    """A part of a long recording."""

    start: float  #: s
    seconds: float


def clock(seconds: float) -> str:
    """A time in a recording for people: ``"1:02:05"``."""
    minutes, remainder = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{remainder:02d}"


def titled(raw: Raw) -> tuple[str, ...]:
    """What people call each recording."""
    if len(raw.signals) == 1:
        return ("the recording",)
    titles = []
    for index in range(len(raw.signals)):
        ratings = "" if raw.labels is None else ", ".join(
            f"{name} {value:.1f}" for name, value in zip(raw.label_names, raw.labels[index], strict=False)
        )  # fmt: skip
        called = raw.titles[index] if raw.titles and raw.labels is not None else f"trial {index + 1}"
        ratings = ratings or (raw.titles[index] if raw.titles else "")
        titles.append(called + f" ({ratings})" * bool(ratings))
    return tuple(titles)
