"""Recordings as NumPy's files hold them: NPZ with names, and NPY, which is numbers alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from math import prod
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg.axes import told_apart
from xviz.data.eeg.checks import LIMIT_BYTES
from xviz.data.eeg.matlab import NAMES, RATES, SIGNALS
from xviz.data.eeg.raw import RateUnknown, Raw
from xviz.data.eeg.units import spelled_unit


def read_npz(data: bytes, rate: float | None = None) -> Raw:
    """An NPZ file: signal (channel, time) or data (trial, channel, time), rate, channels; positions, unit, rest.

    Args:
        data: Bytes of the file.
        rate: Hz, where the file does not say it.

    Raises:
        SampleError: something is missing, too large, or not an array of numbers or text.
    """
    arrays = npz_arrays(data)
    signal = next((arrays[name] for name in SIGNALS if name in arrays), None)
    if rate is not None and not any(name in arrays for name in RATES):
        arrays["rate"] = np.array(rate)
    key = next((name for name in RATES if name in arrays), None)
    named = next((name for name in NAMES if name in arrays and arrays[name].dtype.kind in "US"), "")
    names = arrays.pop(named, None)
    if signal is None or key is None or names is None or signal.ndim not in (2, 3) or signal.dtype.kind not in "iuf":
        raise SampleError(
            "An NPZ needs signal (channel, time), rate in Hz and channels, a list of names; this one has "
            f"{', '.join(f'{name} {value.shape}' for name, value in arrays.items()) or 'nothing'}. "
            "Save it with these names."
        )
    if names.dtype.kind == "S":
        names = np.char.decode(names, "latin-1")
    if names.ndim != 1 or len(names) not in signal.shape:
        raise SampleError(f"The NPZ names {names.shape} channels as {names.dtype}, but its signal is {signal.shape}.")
    parts, notes = told_apart(signal, len(names), "first")
    labels, positions = arrays.get("labels"), arrays.get("positions")
    count = len(parts)
    if labels is not None and (labels.dtype.kind not in "biuf" or len(labels.reshape(-1)) % count or not labels.size):
        raise SampleError(
            f"The NPZ should hold labels for each of {count} trials; it has {labels.shape} {labels.dtype}."
        )
    factor = _one(arrays, "resolution", 1.0)
    return Raw(
        signals=tuple(np.asarray(part, np.float32) * np.float32(factor) for part in parts)
        if signal.ndim == 3
        else (parts[0].astype(np.float64) * factor,),
        rate=_one(arrays, key, 0.0),
        channels=tuple(str(name) for name in names),
        unit=spelled_unit(str(arrays["unit"])) if "unit" in arrays else None,
        positions=None if positions is None else positions.astype(np.float32),
        notes=notes,
        rest=_one(arrays, "rest", 0.0),
        labels=None if labels is None else labels.astype(np.float64).reshape(count, -1),
        label_names=tuple(str(name) for name in arrays.get("label_names", ())),
        bads=tuple(str(name) for name in arrays.get("bads", ())),
        reference=str(arrays["reference"]) if "reference" in arrays else "",
    )


def _one(arrays: Mapping[str, NDArray[Any]], name: str, otherwise: float) -> float:
    """One number of a file.

    Raises:
        SampleError: it is none.
    """
    value = arrays.get(name, np.array(otherwise))
    if value.size != 1 or value.dtype.kind not in "biuf":
        text = str(value.reshape(-1)[0]) if value.size == 1 else str(value.shape)
        raise SampleError(f"“{name}” of the NPZ should be one number; it is {text:.40} {value.dtype}. Save it as one.")
    return float(value.reshape(-1)[0])


def read_npy(data: bytes, rate: float | None) -> Raw:
    """An NPY file: one array (channel, time), or (trial, channel, time), of numbers without names.

    Args:
        data: Bytes of the file.
        rate: Hz, as a person says.

    Raises:
        SampleError: it is no such array.
        RateUnknown: nobody says the rate.
    """
    try:
        shape, size = _shape(BytesIO(data))
        if prod(shape) * size > len(data):
            raise SampleError("This NPY holds less than it says. Save it with numpy.save.")
        array = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise SampleError(
            f"The NPY is damaged or holds more than an array ({error}). Save it with numpy.save."
        ) from error
    if array.ndim not in (2, 3) or array.dtype.kind not in "iuf":
        raise SampleError(
            f"An NPY should be one array (channel, time) of numbers; this one is {array.shape} {array.dtype}."
        )
    if rate is None:
        raise RateUnknown(
            "An NPY does not say its sampling rate. Give the rate in Hz, as your device has it, in “Import options” "
            "(from Python: rate=…); a wrong one makes every frequency wrong."
        )
    parts, notes = told_apart(array, 0, "first")
    names = tuple(f"channel {i + 1}" for i in range(len(parts[0])))
    signals = tuple(part.astype(np.float64) for part in parts)
    return Raw(signals=signals, rate=float(rate), channels=names, unit=None, notes=notes, rate_said="as chosen")


def _shape(file: IO[bytes]) -> tuple[tuple[int, ...], int]:
    """The shape that an array claims, and the bytes of one number; ValueError where these are objects."""
    major, _ = npy.read_magic(file)
    shape, _, kind = (npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0)(file)
    if kind.hasobject:
        raise ValueError("objects")
    return shape, kind.itemsize


def npz_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an NPZ whose headers fit the bytes behind them; nothing is unpickled.

    Raises:
        SampleError: it is damaged, too large, or holds objects.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
            if total > LIMIT_BYTES:
                raise SampleError(f"An NPZ may unpack to {LIMIT_BYTES >> 20} MiB; this one claims {total >> 20} MiB.")
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    major, _ = npy.read_magic(file)
                    header = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
                    shape, _, kind = header(file)
                    if kind.hasobject or prod(shape) * kind.itemsize > entry.file_size:
                        raise SampleError(f"“{entry.filename}” holds objects or less than it says, and was refused.")
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return dict(arrays)
    except SampleError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy's parser of headers raise many kinds
        raise SampleError(
            f"The NPZ is damaged or holds more than arrays ({error}). Save it with numpy.savez."
        ) from error
