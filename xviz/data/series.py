"""Named channels over time, from tables and arrays."""

from __future__ import annotations

from io import BytesIO
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Series
from xviz.data.eeg.arrays import npz_arrays
from xviz.data.eeg.cells import read_table
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
        table = read_table(content)
        clock = next((i for i, column in enumerate(table.names) if column.strip().lower() == "time"), None)
        chosen = [i for i in range(len(table.names)) if i != clock]
        words = [table.names[i] for i in chosen if table.texts[i] is not None or np.isnan(table.columns[i]).all()]
        if words or not chosen:
            raise SampleError(f"{HOW} This one has columns that are no numbers: {', '.join(words) or 'all'}.")
        values = np.stack([table.columns[i] for i in chosen]).astype(np.float32)
        names, rate, start = tuple(table.names[i].strip() for i in chosen), None, 0.0
        if clock is not None and len(times := table.columns[clock]) > 1 and np.median(np.diff(times)) > 0:
            rate, start = float(1 / np.median(np.diff(times))), float(times[0])
        return _series(values, names, rate, start)
    if ending == ".npy":
        return _series(read_npy(BytesIO(content), name))
    if ending != ".npz":
        raise SampleError(f"{HOW} “{name}” is none of these.")
    arrays = npz_arrays(content)
    array = next((arrays[key] for key in ("values", "signal", "data") if key in arrays), None)
    if array is None:
        raise SampleError(f"{HOW} This one has {', '.join(arrays) or 'nothing'}.")
    labels = arrays.get("channels")
    hertz, begun = (arrays.get(key) for key in ("rate", "start"))
    if labels is not None and (labels.dtype.kind != "U" or labels.ndim != 1):
        raise SampleError(f"channels in {name} must be a list of names; it is {labels.dtype} {labels.shape}.")
    if any(number is not None and number.size != 1 for number in (hertz, begun)):
        raise SampleError(f"rate and start in {name} must be one number each.")
    return _series(
        array,
        None if labels is None else tuple(str(label) for label in labels),
        None if hertz is None else float(hertz),
        0.0 if begun is None else float(begun),
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
