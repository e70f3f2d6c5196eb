"""Recordings as data sets and programs hand them on: DEAP and SEED (``.dat``, ``.mat``), NPZ and CSV.

DEAP: 40 trials of 3 s rest and 60 s clip at 128 Hz, 32 electrodes and 8 other channels, ratings of 1–9; ``.dat`` is a
pickle of Python 2 and is read by ``eeg_pickle``. SEED: 15 clips at 200 Hz, 62 electrodes, named ``…_eeg1`` to
``…_eeg15``; its features ``de_…`` and ``psd_…`` are (62, windows, 5) and go to training only.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Mapping
from io import BytesIO
from math import prod
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32
from xviz.data.eeg.checks import LIMIT_BYTES, check_inflated
from xviz.data.eeg.formats import LIMIT_VALUES, Raw
from xviz.data.eeg.pickles import read_arrays

DEAP_LABELS = ("valence", "arousal", "dominance", "liking")
SEED62 = (
    "Fp1", "Fpz", "Fp2", "AF3", "AF4", "F7", "F5", "F3", "F1", "Fz", "F2", "F4", "F6", "F8",
    "FT7", "FC5", "FC3", "FC1", "FCz", "FC2", "FC4", "FC6", "FT8", "T7", "C5", "C3", "C1", "Cz",
    "C2", "C4", "C6", "T8", "TP7", "CP5", "CP3", "CP1", "CPz", "CP2", "CP4", "CP6", "TP8", "P7",
    "P5", "P3", "P1", "Pz", "P2", "P4", "P6", "P8", "PO7", "PO5", "PO3", "POz", "PO4", "PO6",
    "PO8", "CB1", "O1", "Oz", "O2", "CB2",
)  # fmt: skip

Arrays = Mapping[str, NDArray[Any]]


def read_dat(data: bytes) -> Raw:
    """A file of DEAP's ``data_preprocessed_python``.

    Raises:
        SampleError: it is no such file, or asks for more than arrays.
    """
    return _deap(read_arrays(data), "DEAP .dat file")


def read_mat(data: bytes) -> Raw:
    """A ``.mat`` file of DEAP or SEED with raw signals.

    Raises:
        SampleError: it is neither, or cannot be read.
    """
    arrays = mat_arrays(data)
    if "data" in arrays and "labels" in arrays:
        return _deap(arrays, "DEAP .mat file")
    clips = {int(found[1]): value for name, value in arrays.items() if (found := re.search(r"_eeg(\d+)$", name))}
    if clips:
        return _seed(clips)
    if any(re.match(r"(de|psd)_\w+?\d+$", name) for name in arrays):
        raise SampleError(
            "These are features of SEED, not signals; xviz shows recordings. Bring a file of Preprocessed_EEG, or "
            "train on the folder of features with “xviz train mca”."
        )
    raise SampleError(
        f"A .mat file should be one of DEAP (data, labels) or SEED (…_eeg1 to …_eeg15); this one holds "
        f"{', '.join(arrays) or 'no arrays'}. Save it as NPZ with signal, rate and channels."
    )


def mat_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of numbers of a MATLAB file, name → array.

    Raises:
        SampleError: it is of version 7.3, too large, or damaged.
    """
    from scipy.io import loadmat

    if data[:10] == b"MATLAB 7.3":
        raise SampleError("This is a MATLAB 7.3 file. Save it in MATLAB with save(name, '-v7') and bring that.")
    check_inflated(data)
    try:
        made = loadmat(BytesIO(data))
    except Exception as error:  # SciPy fails in many ways on damaged files
        raise SampleError(f"The .mat file is damaged or cut short ({error}). Download it again.") from error
    return {name: value for name, value in made.items() if isinstance(value, np.ndarray) and value.dtype.kind in "biuf"}


def seed_features(data: bytes, smooth: str = "movingAve") -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The features of SEED's ``ExtractedFeatures``: DE and PSD of each clip, (62, band, window) each.

    Args:
        data: A ``.mat`` file.
        smooth: How SEED smoothed them: "movingAve" or "LDS".

    Raises:
        SampleError: there are none, or a pair does not fit.
    """
    arrays, pairs = mat_arrays(data), []
    numbers = sorted(int(found[1]) for name in arrays if (found := re.fullmatch(rf"de_{smooth}(\d+)", name)))
    for number in numbers:
        de, psd = (arrays.get(f"{kind}_{smooth}{number}") for kind in ("de", "psd"))
        if de is None or psd is None or de.shape != psd.shape or de.ndim != 3 or de.shape[2] != 5:
            raise SampleError(f"Clip {number} should have de_{smooth} and psd_{smooth} of one shape (62, windows, 5).")
        pairs.append((de.transpose(0, 2, 1).astype(np.float32), psd.transpose(0, 2, 1).astype(np.float32)))
    if not pairs:
        raise SampleError(f"There are no features de_{smooth}1 … in this file; it holds {', '.join(arrays) or 'none'}.")
    return pairs


def _deap(arrays: Arrays, what: str) -> Raw:
    """DEAP's two arrays.

    Raises:
        SampleError: a shape is not DEAP's.
    """
    data, labels = arrays.get("data"), arrays.get("labels")
    if data is None or labels is None or data.ndim != 3 or data.shape[1] < 32 or labels.shape[:1] != data.shape[:1]:
        shapes = ", ".join(f"{name} {value.shape}" for name, value in arrays.items())
        raise SampleError(f"A {what} should hold data (40, 40, 8064) and labels (40, 4); this one holds {shapes}.")
    if data.size > LIMIT_VALUES:
        raise SampleError(f"A {what} may hold {LIMIT_VALUES // 10**6} million values; this one has {data.shape}.")
    names = DEAP_LABELS[: labels.shape[1]] if labels.ndim == 2 else ()
    notes = ("Of DEAP's channels the first 32 are EEG; the others were left out.",) if data.shape[1] > 32 else ()
    return Raw(
        signals=tuple(data[:, :32].astype(np.float32)),
        rate=128.0,
        channels=BIOSEMI32,
        unit="µV",
        notes=notes,
        rest=min(3.0, data.shape[2] / 128),
        labels=labels.astype(np.float64) if names else None,
        label_names=names,
    )


def _seed(clips: Mapping[int, NDArray[Any]]) -> Raw:
    """SEED's clips in order.

    Raises:
        SampleError: a clip does not have 62 channels.
    """
    for number, clip in sorted(clips.items()):
        if clip.ndim != 2 or len(clip) != 62:
            raise SampleError(f"Clip {number} of a SEED file should be (62, samples); it is {clip.shape}.")
    signals = tuple(clip.astype(np.float32) for _, clip in sorted(clips.items()))
    return Raw(signals=signals, rate=200.0, channels=SEED62, unit=None)


def read_npz(data: bytes) -> Raw:
    """An NPZ file: signal (channel, time) or data (trial, channel, time), rate, channels; positions, unit, rest.

    Raises:
        SampleError: something is missing, too large, or not an array of numbers or text.
    """
    arrays = npz_arrays(data)
    signal = next((arrays[name] for name in ("signal", "data", "eeg") if name in arrays), None)
    rate = next((arrays[name] for name in ("rate", "sfreq", "fs") if name in arrays), None)
    names = next((arrays[name] for name in ("channels", "ch_names", "names") if name in arrays), None)
    if signal is None or rate is None or names is None or signal.ndim not in (2, 3) or signal.dtype.kind not in "iuf":
        raise SampleError(
            "An NPZ needs signal (channel, time), rate in Hz and channels, a list of names; this one has "
            f"{', '.join(f'{name} {value.shape}' for name, value in arrays.items()) or 'nothing'}. "
            "Save it with these names."
        )
    if names.dtype.kind != "U" or names.shape != signal.shape[-2:-1] or rate.size != 1:
        raise SampleError(f"The NPZ names {names.shape} channels as {names.dtype}, but its signal is {signal.shape}.")
    labels, positions = arrays.get("labels"), arrays.get("positions")
    factor = float(arrays["resolution"]) if "resolution" in arrays else 1.0
    return Raw(
        signals=tuple(np.asarray(part, np.float32) * np.float32(factor) for part in np.atleast_3d(signal))
        if signal.ndim == 3
        else (signal.astype(np.float64) * factor,),
        rate=float(rate),
        channels=tuple(str(name) for name in names),
        unit=str(arrays["unit"]) if "unit" in arrays else None,
        positions=None if positions is None else positions.astype(np.float32),
        rest=float(arrays["rest"]) if "rest" in arrays else 0.0,
        labels=None if labels is None else np.atleast_2d(labels.astype(np.float64)),
        label_names=tuple(str(name) for name in arrays.get("label_names", ())),
    )


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
        with np.load(BytesIO(data), allow_pickle=False) as made:
            return dict(made)
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, KeyError) as error:
        raise SampleError(
            f"The NPZ is damaged or holds more than arrays ({error}). Save it with numpy.savez."
        ) from error


def read_csv(data: bytes, rate: float | None) -> Raw:
    """A table: one line of channel names, then one line a sample; a column “time” in seconds gives the rate.

    Args:
        data: Text in UTF-8, separated by commas, semicolons or tabs.
        rate: Hz, where there is no column of time.

    Raises:
        SampleError: a value is no number, or the rate is not to be had.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
        mark = csv.Sniffer().sniff(lines[0], ",;\t").delimiter
        names = [name.strip() for name in next(csv.reader(lines[:1], delimiter=mark))]
        values = np.loadtxt(lines[1:], delimiter=mark, ndmin=2).T
    except (UnicodeDecodeError, csv.Error, ValueError, IndexError) as error:
        raise SampleError(
            "A CSV needs a first line of channel names and then numbers, separated by commas, semicolons or tabs, with "
            f"a point in decimals; {error}."
        ) from error
    if len(names) != len(values):
        raise SampleError(f"The CSV names {len(names)} columns but has {len(values)}. Give one name for each.")
    clock = next((i for i, name in enumerate(names) if re.fullmatch(r"time(\s*[\[(]s[\])])?|t", name, re.I)), None)
    if clock is not None:
        steps = np.diff(values[clock])
        if not len(steps) or not np.isfinite(steps).all() or steps.min() <= 0 or np.ptp(steps) > 0.1 * steps.mean():
            raise SampleError("The column of time should rise in even steps, in seconds. Mend it, or leave it out.")
        rate = 1 / steps.mean()
        names, values = names[:clock] + names[clock + 1 :], np.delete(values, clock, 0)
    if rate is None:
        raise SampleError("A CSV without a column “time” does not say its rate. Give the rate in Hz.")
    return Raw(signals=(values,), rate=float(round(rate, 6)), channels=tuple(names), unit=None)
