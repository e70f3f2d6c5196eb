"""MATLAB's files, of version 5 to 7 and 7.3 (HDF5): arrays of numbers, texts, cells and structs by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg import checks
from xviz.data.eeg.axes import told_apart
from xviz.data.eeg.units import spelled_unit


def mat_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of numbers of a MATLAB file, name → array.

    Raises:
        SampleError: it is too large, or damaged.
    """
    if data[:10] == b"MATLAB 7.3":
        content = mat_all(data)
    else:
        from scipy.io import loadmat

        checks.check_inflated(data)
        try:
            content = loadmat(BytesIO(data))
        except Exception as error:  # SciPy fails in many ways on damaged files
            raise SampleError(f"The .mat file is damaged or cut short ({error}). Download it again.") from error
    return numbers(content)


def numbers(content: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """What of a file's contents are arrays of numbers."""
    return {
        name: value for name, value in content.items() if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"
    }


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
        content = loadmat(BytesIO(data), simplify_cells=True)
    except SampleError:
        raise
    except Exception as error:  # SciPy and HDF5 fail in many ways on damaged files
        raise SampleError(f"The .mat file is damaged or cut short ({error}). Download it again.") from error
    return {name: value for name, value in content.items() if not name.startswith("__")}


def _hdf(data: bytes, limit: bool) -> dict[str, Any]:
    """A file of version 7.3; its axes are in MATLAB's order, so that arrays are turned round."""
    import h5py

    with h5py.File(BytesIO(data), "r") as file:
        if limit and stored(file) > checks.LIMIT_UNPACKED:
            raise SampleError(checks.UNPACKS)
        return {name: opened_hdf(file, node, 0) for name, node in file.items() if not name.startswith("#")}


def stored(file: Any) -> int:
    """Bytes of all that an open HDF5 file holds, unpacked."""
    import h5py

    total = 0

    def count(_: str, node: Any) -> None:
        nonlocal total
        if isinstance(node, h5py.Dataset):
            total += node.size * node.dtype.itemsize

    file.visititems(count)
    return total


def opened_hdf(file: Any, node: Any, depth: int = 0) -> Any:
    """One thing of an HDF5 file as SciPy would give it."""
    import h5py

    if depth > 8:
        raise SampleError("The .mat file holds structs within structs without end. Save the signal alone.")
    if isinstance(node, h5py.Group):
        return {name: opened_hdf(file, inside, depth + 1) for name, inside in node.items()}
    kind = node.attrs.get("MATLAB_class", b"")
    if node.dtype == h5py.ref_dtype:
        return [opened_hdf(file, file[reference], depth + 1) for reference in node[()].T.ravel()]
    if node.attrs.get("MATLAB_empty", 0):
        return np.zeros(0)
    if kind == b"char":
        return "".join(chr(int(code)) for code in node[()].T.ravel())
    return node[()].T


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


UNIT_NAMES = ("unit", "units")


@dataclass(frozen=True, eq=False)
class Given:
    """A signal as people save it."""

    signals: tuple[NDArray[Any], ...]  #: (channel, time) each
    rate: float | None  #: Hz
    names: tuple[str, ...] | None
    unit: str | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def generic(content: Mapping[str, Any]) -> Given | None:
    """A signal, its rate, names and unit, under the names that people give them; None where there is none.

    Also inside one struct, as EEGLAB's EEG and FieldTrip's data.

    Raises:
        SampleError: the rate is no number, or trials are no arrays of the same channels.
    """
    inside = [content, *(value for value in content.values() if isinstance(value, Mapping))]
    for each in inside:
        arrays = [name for name in SIGNALS if _numbers(each.get(name))]
        trials = None if arrays or not isinstance(each.get("trial"), list | np.ndarray) else _trials(each["trial"])
        if not arrays and trials is None:
            continue
        names_ = _names(
            next((each[n] for n in NAMES if n in each), next((content[n] for n in NAMES if n in content), None))
        )
        notes: tuple[str, ...] = ()
        if trials is not None:
            signals = trials
        else:
            by_file: Literal["", "last"] = "last" if "pnts" in each else ""  # EEGLAB's epochs are its last axis
            signals, notes = told_apart(np.asarray(each[arrays[0]]), len(names_ or ()), by_file)
        if len(arrays) > 1:
            notes += (f"Of the file's arrays {', '.join(arrays)} the first was read.",)
        rate = next(
            (_rate(n, part[n]) for part in (each, content) for n in RATES if np.size(part.get(n, ())) == 1), None
        )
        unit = next((spelled_unit(str(part[n])) for part in (each, content) for n in UNIT_NAMES if n in part), None)
        names = names_
        warnings: tuple[str, ...] = ()
        if names_ is not None and len(names_) != len(signals[0]):
            names = None
            warnings = (
                f"The file names {len(names_)} channels, but its signal has {len(signals[0])}, so that the names were "
                "left out. Save as many names as channels.",
            )
        return Given(signals, rate or _rate_of_times(each.get("time")), names, unit, notes, warnings)
    return None


def _trials(value: Any) -> tuple[NDArray[Any], ...]:
    """FieldTrip's trials, (channel, time) each, of any lengths.

    Raises:
        SampleError: they are no arrays of the same channels.
    """
    trials = (value,) if isinstance(value, np.ndarray) and value.dtype != object and value.ndim == 2 else tuple(value)
    whole = all(isinstance(trial, np.ndarray) and trial.ndim == 2 and trial.dtype.kind in "iuf" for trial in trials)
    if not trials or not whole or len({len(trial) for trial in trials}) > 1:
        raise SampleError("“trial” of the .mat file should be a cell of arrays (channel, time) of the same channels.")
    return trials


def _rate(name: str, value: Any) -> float:
    """A rate in Hz.

    Raises:
        SampleError: it is no number.
    """
    try:
        return float(np.ravel(value)[0])
    except (TypeError, ValueError) as error:
        raise SampleError(
            f"“{name}” of the .mat file should be the rate in Hz, a number; it is “{np.ravel(value)[0]!s:.30}”. "
            "Save the number alone."
        ) from error


def _rate_of_times(value: Any) -> float | None:
    """The rate that FieldTrip's times tell, s of each sample; None where they are none."""
    first = value[0] if isinstance(value, list) or (isinstance(value, np.ndarray) and value.dtype == object) else value
    times = np.ravel(first) if isinstance(first, np.ndarray) and first.dtype.kind == "f" else np.zeros(0)
    if len(times) < 2 or not np.isfinite(times).all() or times[-1] <= times[0]:
        return None
    return float(f"{(len(times) - 1) / (times[-1] - times[0]):.6g}")


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
