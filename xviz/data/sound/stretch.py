"""Where in a long recording the stretch lies that is worth hearing first.

The stretch with the loudest sample is often that of a click, a knock against the microphone or the moment of switching
on. What counts here is how long a stretch is filled with sound, and no moment counts for more than another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

HOP = 0.02  #: seconds of a frame
_CLICK = 0.1  #: seconds: whatever is shorter than half of this is a click
_SUSTAINED = 0.3  #: seconds that sound must last in all to say how loud the recording is
_BRIEF = 40.0  #: dB: sound that is shorter says it too, where all else is quieter by more
_RANGE = 30.0  #: dB below that level, down to which a moment counts


def fullest(levels: NDArray[np.float32], seconds: float) -> float:
    """Where the stretch begins that holds most sound, in seconds; of several alike, the one in their middle.

    Args:
        levels: (frames of ``HOP``,) dB at full scale.
        seconds: Length of the stretch.
    """
    width = max(1, round(seconds / HOP))
    if len(levels) <= width:
        return 0.0
    without = median_filter(levels, max(3, round(_CLICK / HOP) | 1), mode="nearest")
    if without.max() <= without.min() + 1:  # nothing but clicks: these are what there is
        without = levels
    few = min(len(without), round(_SUSTAINED / HOP))
    loud = max(np.partition(without, len(without) - few)[len(without) - few], without.max() - _BRIEF)
    worth = np.clip(without - (loud - _RANGE), 0, _RANGE).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(worth)])
    totals = sums[width:] - sums[:-width]
    best = int(totals.argmax())
    alike = totals >= totals[best] * (1 - 1e-3) - 1e-9
    last = best + int(np.argmin(np.concatenate([alike[best:], [False]]))) - 1
    return (best + last) / 2 * HOP
