"""MATLAB's files, of version 5 to 7 and 7.3 (HDF5): arrays of numbers, texts, cells and structs by name."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg import checks


def mat_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of numbers of a MATLAB file, name → array.

    Raises:
        SampleError: it is too large, or damaged.
    """
    if data[:10] == b"MATLAB 7.3":
        held = mat_all(data)
    else:
        from scipy.io import loadmat

        checks.check_inflated(data)
        try:
            held = loadmat(BytesIO(data))
        except Exception as error:  # SciPy fails in many ways on damaged files
            raise SampleError(f"The .mat file is damaged or cut short ({error}). Download it again.") from error
    return numbers(held)


def numbers(held: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """What of a file's contents are arrays of numbers."""
    return {name: value for name, value in held.items() if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"}


def mat_all(data: bytes, *, limit: bool = True) -> dict[str, Any]:
    """Everything in a MATLAB file: structs as dicts, cells as lists or arrays of objects, texts as str.

    Args:
        data: Bytes of the file.
        limit: Whether what unpacks to more than the limit is refused.

    Raises:
        SampleError: it is too large, or damaged.
    """
    try:
        if data[:10] == b"MATLAB 7.3":
            return _hdf(data, limit)
        from scipy.io import loadmat

        if limit:
            checks.check_inflated(data)
        made = loadmat(BytesIO(data), simplify_cells=True)
    except SampleError:
        raise
    except Exception as error:  # SciPy and HDF5 fail in many ways on damaged files
        raise SampleError(f"The .mat file is damaged or cut short ({error}). Download it again.") from error
    return {name: value for name, value in made.items() if not name.startswith("__")}


def _hdf(data: bytes, limit: bool) -> dict[str, Any]:
    """A file of version 7.3; its axes are in MATLAB's order, so that arrays are turned round."""
    import h5py

    with h5py.File(BytesIO(data), "r") as file:
        if limit and stored(file) > checks.LIMIT_UNPACKED:
            raise SampleError(checks.UNPACKS)
        return {name: opened_hdf(file, held, 0) for name, held in file.items() if not name.startswith("#")}


def stored(file: Any) -> int:
    """Bytes of all that an open HDF5 file holds, unpacked."""
    import h5py

    total = 0

    def count(_: str, held: Any) -> None:
        nonlocal total
        if isinstance(held, h5py.Dataset):
            total += held.size * held.dtype.itemsize

    file.visititems(count)
    return total


def opened_hdf(file: Any, held: Any, depth: int = 0) -> Any:
    """One thing of an HDF5 file as SciPy would give it."""
    import h5py

    if depth > 8:
        raise SampleError("The .mat file holds structs within structs without end. Save the signal alone.")
    if isinstance(held, h5py.Group):
        return {name: opened_hdf(file, inside, depth + 1) for name, inside in held.items()}
    kind = held.attrs.get("MATLAB_class", b"")
    if held.dtype == h5py.ref_dtype:
        return [opened_hdf(file, file[reference], depth + 1) for reference in held[()].T.ravel()]
    if held.attrs.get("MATLAB_empty", 0):
        return np.zeros(0)
    if kind == b"char":
        return "".join(chr(int(code)) for code in held[()].T.ravel())
    return held[()].T


SIGNALS = ("signal", "data", "eeg", "EEG", "X", "x", "eegdata", "EEGdata", "eeg_data", "y")
RATES = ("rate", "fs", "Fs", "FS", "srate", "sfreq", "fsample", "SampRate", "sampling_rate", "samplingRate", "freq")
NAMES = (
    "channels",
    "ch_names",
    "labels",
    "label",
    "chan_names",
    "channel_names",
    "names",
    "clab",
    "electrodes",
    "chanlocs",
)


def generic(held: Mapping[str, Any]) -> tuple[NDArray[Any], float | None, tuple[str, ...] | None] | None:
    """A signal (…, channel, time), its rate and names, under the names that people give them; None where there is none.

    Also inside one struct, as EEGLAB's EEG and FieldTrip's data.
    """
    inside = [held, *(value for value in held.values() if isinstance(value, Mapping))]
    for each in inside:
        signal = next((each[name] for name in SIGNALS if _numbers(each.get(name))), None)
        if signal is None and isinstance(each.get("trial"), list | np.ndarray):
            signal = np.stack(list(each["trial"])) if len(np.shape(each["trial"])) != 2 else each["trial"]
        if signal is None:
            continue
        names = _names(next((each[n] for n in NAMES if n in each), next((held[n] for n in NAMES if n in held), None)))
        rate = next(
            (
                float(np.ravel(part[n])[0])
                for part in (each, held)
                for n in RATES
                if n in part and np.size(part[n]) == 1
            ),
            None,
        )
        signal = np.asarray(signal)
        if signal.ndim == 2 and (len(names) == signal.shape[1] if names else signal.shape[0] > signal.shape[1]):
            signal = signal.T
        if names is not None and len(names) not in signal.shape[-2:]:
            names = None
        return signal, rate, names
    return None


def _numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim in (2, 3) and value.dtype.kind in "iuf" and value.size > 16


def _names(value: Any) -> tuple[str, ...] | None:
    """Names out of a cell of texts, a matrix of characters, or EEGLAB's chanlocs."""
    if isinstance(value, Mapping):
        value = value.get("labels")
    items = [
        item.get("labels", "") if isinstance(item, Mapping) else item
        for item in np.ravel(np.array(value, dtype=object))
    ]
    if value is None or not items or not all(isinstance(item, str | bytes | np.str_) for item in items):
        return None
    return tuple(str(item).strip() for item in items)
