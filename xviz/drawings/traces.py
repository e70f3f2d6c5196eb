"""The traces of a recording as a drawing: scrolled and scaled, with windows of time that can be picked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length
from xviz.drawings.payload import pack, pack_still

HEIGHT = 560  #: CSS pixels
MOST_MARKS = 500
Mark = tuple[float, float, str, bool]
SPACING = 40.0  #: µV from one row to the next: MNE draws EEG with 20 µV to either side


@dataclass(frozen=True)
class Windows:
    """Windows of time, one after the other."""

    length: float  #: seconds
    count: int
    rest: float = 0.0  #: seconds before the first, shaded
    outputs: Sequence[str] = ()  #: the model's outputs for each, in words; none where empty
    selected: int | None = None  #: the window to highlight; None leaves what the visitor picked


@dataclass(frozen=True, eq=False)
class Samples:
    """A signal as it is drawn, each channel about its median."""

    shape: tuple[int, int]  #: channels, samples
    digest: str
    still: bytes
    spreads: tuple[float, ...]  #: µV from row to row at which a channel fills its row, 0 for one without numbers


def sampled(signal: ArrayLike) -> Samples:
    """A signal made ready; ``traces`` takes it in the signal's place, and need not make it again.

    Args:
        signal: (channel, time) µV.
    """
    signal = np.asarray(signal, np.float32)
    middle = signal - np.nanmedian(np.where(np.isfinite(signal), signal, 0.0), axis=1, keepdims=True)
    digest, still = pack_still({}, samples=middle)
    spreads = tuple(float(value) for value in np.nan_to_num(_spreads(middle), nan=0.0))
    return Samples((signal.shape[0], signal.shape[1]), digest, still, spreads)


@dataclass(frozen=True)
class Marks:
    """What is marked in the traces."""

    absent: Sequence[int] = ()  #: channels that the model is not shown, drawn faintly
    invented: Sequence[int] = ()  #: channels that were made from others, drawn with gaps
    annotations: Sequence[Mark] = ()  #: onset and length in s, label, and whether it marks something bad


NOTHING = Marks()


def traces(
    labels: Sequence[str],
    signal: ArrayLike | Samples,
    rate: float,
    *,
    windows: Windows,
    marks: Marks = NOTHING,
    names_too: bool = False,
    surround: Surround = PLAIN,
) -> Drawing:
    """Traces one below the other.

    Args:
        labels: One per channel.
        signal: (channel, time) µV; NaN lifts the pen. Or what ``sampled`` made of it.
        rate: Hz.
        windows: The windows of time that can be picked.
        marks: Channels and stretches of time that are marked.
        names_too: Whether names of channels can be picked too; they are counted after the windows.
        surround: Title, note and height.
    """
    samples = signal if isinstance(signal, Samples) else sampled(signal)
    check_length("labels", labels, samples.shape[0])
    title, height, answers = surround.title, surround.height or HEIGHT, windows.outputs
    if answers:
        check_length("outputs", answers, windows.count)
    seconds = samples.shape[1] / rate
    header = {
        "title": title,
        "alt": f"{title or 'Traces'}, {len(labels)} channels of {seconds:.4g} s, in {windows.count} windows of "
        f"{windows.length:g} s.",
        "still": samples.digest,
        "labels": [str(label) for label in labels],
        "rate": rate,
        "seconds": seconds,
        "rest": windows.rest,
        "window": windows.length,
        "windows": windows.count,
        "answers": [str(answer) for answer in answers] or [""] * windows.count,
        "spacing": SPACING,
        "selected": None if windows.selected is None else int(windows.selected),
        "absent": [int(i) for i in marks.absent],
        "invented": [int(i) for i in marks.invented],
        "marks": [
            [float(onset), float(length), str(label), bool(bad)]
            for onset, length, label, bad in marks.annotations[:MOST_MARKS]
        ],
        "scales": list(samples.spreads),
        "namesToo": bool(names_too),
        "height": height,
        "note": surround.note,
        "scale": None,
    }
    listed = (("window", "from, s", "output"), *(
        (i + 1, windows.rest + i * windows.length, answer) for i, answer in enumerate(header["answers"])
    ))  # fmt: skip
    return Drawing(
        "traces",
        pack(header),
        height,
        str(header["alt"]),
        listed,
        (windows.count + len(labels) * names_too,),
        still=samples.still,
    )


def _spreads(signal: NDArray[np.float32]) -> NDArray[np.float64]:
    """(channel,) µV from row to row at which a channel fills its row; NaN for one without numbers."""
    spreads = np.full(len(signal), np.nan)
    fine = np.isfinite(signal).any(1)
    if fine.any():
        low, high = np.nanpercentile(signal[fine], [1, 99], axis=1)
        spreads[fine] = np.maximum(high - low, 1e-3)
    return spreads
