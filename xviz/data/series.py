"""Named channels over time, from tables and arrays."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Series
from xviz.data.eeg.datasets import npz_arrays, read_csv
from xviz.data.files import read_npy

ENDINGS = (".csv", ".tsv", ".npy", ".npz")
HOW = (
    "A series is a table with a line of channel names (.csv, .tsv; a column “time” in seconds gives the rate), an "
    "array (channel, time) as .npy, or an .npz with values (channel, time), and channels, rate and start if known."
)


def read_series(content: bytes, name: str) -> Series:
    """A series of named channels.

    Args:
        content: Of the file.
        name: Its ending says what it is.

    Raises:
        SampleError: it is no such file, or damaged.
    """
    ending = PurePath(name).suffix.lower()
    if ending in (".csv", ".tsv"):
        table = read_csv(content, 0.0)
        return Series(np.asarray(table.signals[0], np.float32), table.channels, table.rate or None)
    if ending == ".npy":
        return _series(read_npy(BytesIO(content), name))
    if ending != ".npz":
        raise SampleError(f"{HOW} “{name}” is none of these.")
    arrays = npz_arrays(content)
    values = next((arrays[key] for key in ("values", "signal", "data") if key in arrays), None)
    if values is None:
        raise SampleError(f"{HOW} This one has {', '.join(arrays) or 'nothing'}.")
    names = arrays.get("channels")
    rate, start = (arrays.get(key) for key in ("rate", "start"))
    if names is not None and (names.dtype.kind != "U" or names.ndim != 1):
        raise SampleError(f"channels in {name} must be a list of names; it is {names.dtype} {names.shape}.")
    if any(number is not None and number.size != 1 for number in (rate, start)):
        raise SampleError(f"rate and start in {name} must be one number each.")
    return _series(
        values,
        None if names is None else tuple(str(one) for one in names),
        None if rate is None else float(rate),
        0.0 if start is None else float(start),
    )


def _series(
    values: NDArray, channels: tuple[str, ...] | None = None, rate: float | None = None, start: float = 0.0
) -> Series:
    """Values as a series; channels without names are numbered.

    Raises:
        SampleError: they are no numbers, or not as many as there are names.
    """
    if values.dtype.kind not in "fiub" or values.ndim not in (1, 2):
        raise SampleError(f"{HOW} This one has {values.dtype} of shape {values.shape}.")
    table = np.atleast_2d(values).astype(np.float32)
    return Series(table, channels or tuple(f"channel {i + 1}" for i in range(len(table))), rate, start)
