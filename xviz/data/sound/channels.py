"""From several channels to the one that models hear: the mean, but never one that cancels what is heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError

MEAN = 0  #: the number that asks for the mean of all channels; channels count from 1
DEAD = 0.01  #: of the loudest channel's level (−40 dB), below which a channel says nothing
CANCELS = 0.5  #: the mean has less than this share of the power that unrelated channels would leave it


@dataclass(frozen=True, eq=False)
class Mixed:
    """One row of samples, and what is to be said of the way there."""

    signal: NDArray[np.float32]  #: (time,)
    used: tuple[int, ...]  #: the channels that are heard, counted from 0
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def mix(values: NDArray[np.float32], name: str, channel: int | None = None) -> Mixed:
    """One channel, or the mean of those that carry sound.

    Args:
        values: (time, channels) amplitudes.
        name: For messages.
        channel: The channel that is heard, counted from 1; ``MEAN`` for the mean of all; None decides by itself: the
            mean, without channels that are silent, and one channel where the mean would cancel.

    Raises:
        SampleError: there is no such channel.
    """
    count = values.shape[1]
    if channel is not None and not 0 <= channel <= count:
        raise SampleError(
            f"{name} has {count} channel{'s' * (count > 1)}; there is no channel {channel}. Choose 1 to {count}."
        )
    if count == 1:
        return Mixed(values[:, 0], (0,))
    if channel:
        return Mixed(
            values[:, channel - 1], (channel - 1,), (f"{name} has {count} channels; channel {channel} is heard.",)
        )
    centred = values - values.mean(0, dtype=np.float64).astype(np.float32)
    power = np.square(centred, dtype=np.float64).mean(0) if len(values) else np.zeros(count)
    live = np.flatnonzero(np.sqrt(power) > DEAD * np.sqrt(power.max()))
    alike = _alike(centred, live, power)
    every = tuple(range(count))
    if alike is not None:
        loudest = int(live[np.argmax(power[live])])
        which = "The channels" if count == 2 else "Channels"
        lead = f"{which} of {name} are out of phase (correlation {alike:+.2f}".replace("-", "−") + ")"
        if channel == MEAN:
            return Mixed(
                values.mean(1), every, (f"{name} has {count} channels; their mean is heard.",),
                (f"{lead}, so that their mean, which is heard, nearly cancels. Choose one channel instead.",),
            )  # fmt: skip
        return Mixed(
            np.ascontiguousarray(values[:, loudest]), (loudest,), (),
            (
                f"{lead}, so that their mean would nearly cancel: channel {loudest + 1} alone is heard. "
                "Another channel, or the mean, can be chosen.",
            ),
        )  # fmt: skip
    if 0 < len(live) < count and channel is None:
        dead = [i + 1 for i in every if i not in live]
        which = (
            f"Channel {dead[0]} of {name} is" if len(dead) == 1 else f"{len(dead)} of {count} channels of {name} are"
        )
        heard = f"channel {live[0] + 1} alone is" if len(live) == 1 else f"the mean of the other {len(live)} is"
        return Mixed(
            values[:, live].mean(1), tuple(int(i) for i in live), (),
            (f"{which} silent, or nearly: {heard} heard. Another channel, or the mean of all, can be chosen.",),
        )  # fmt: skip
    return Mixed(values.mean(1), every, (f"{name} has {count} channels; their mean is heard.",))


def _alike(centred: NDArray[np.float32], live: NDArray[np.intp], power: NDArray[np.float64]) -> float | None:
    """The least correlation of a channel with the loudest, if the mean of those that carry sound cancels; else None."""
    if len(live) < 2:
        return None
    level = np.sqrt(power[live])
    shared = centred[:, live] / level.astype(np.float32)
    left = float(np.square(centred[:, live].mean(1), dtype=np.float64).mean())
    if left >= CANCELS * float(power[live].mean()) / len(live):
        return None
    loudest = int(np.argmax(level))
    return float((shared * shared[:, loudest : loudest + 1]).mean(0, dtype=np.float64).min())
