"""Which axis of an array is channels, time and trials: one rule for MATLAB's and NumPy's files."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError


def told_apart(
    array: NDArray[np.number[Any]], named: int, trials: Literal["", "first", "last"] = ""
) -> tuple[tuple[NDArray[Any], ...], tuple[str, ...]]:
    """An array as (channel, time) for each trial, and a note where it did not lie so.

    The axis that is as long as there are names is channels. Where this does not decide, channels are the fewer.

    Args:
        array: Of two axes, or of three with trials.
        named: How many channels have names, 0 where none has.
        trials: Which of three axes is trials, where the kind of file says it.

    Raises:
        SampleError: the array is empty, or its axes cannot be told.
    """
    shape = array.shape
    if not array.size:
        raise SampleError(f"The signal is {shape}, an array without a number. Save the recording again.")
    if array.ndim == 2:
        fits = named > 0 and named in shape
        if named == shape[1] != shape[0] if fits else shape[0] > shape[1]:
            return (array.T,), _note(array, "(time, channel)")
        return (array,), ()
    if trials == "last" or (named == shape[0] and named not in shape[1:]):
        return tuple(array.transpose(2, 0, 1)), _note(array, "(channel, time, trial)")
    if named == shape[2] and named not in (shape[1:2] if trials == "first" else shape[:2]):
        return tuple(array.transpose(0, 2, 1)), _note(array, "(trial, time, channel)")
    if named == shape[1] or (shape[1] <= shape[2] and not named):
        return tuple(array), ()
    raise SampleError(
        f"Trials should be (trial, channel, time); this array is {shape}, whose axes cannot be told. Turn them (with "
        "numpy.transpose, or permute of MATLAB) and save them with the names of the channels."
    )


def _note(array: NDArray[Any], axes: str) -> tuple[str, ...]:
    return (f"The array {array.shape} was taken as {axes}.",)
