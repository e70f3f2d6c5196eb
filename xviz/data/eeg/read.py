"""An uploaded recording as a part: ``open_eeg`` gives all recordings of a file, ``read_eeg`` one of them.

The bytes are not trusted: sizes are checked before anything is unpacked, pickles are read by a reader that knows arrays
only, and files named inside others must have come with them. The unit is what the file says, unless its numbers
cannot be EEG in that unit; then the likely one is taken and said, and a person can choose another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg
from xviz.data.eeg.checks import KINDS, LIMIT_BYTES
from xviz.data.eeg.datasets import read_csv, read_dat, read_mat, read_npz
from xviz.data.eeg.formats import LIMIT_VALUES, WHOLE, Raw, read_system

File = bytes | BinaryIO | Path

UNITS = {"V": 1e6, "mV": 1e3, "µV": 1.0, "nV": 1e-3}  #: unit → µV
#: what the numbers of an EEG look like: the median channel's spread, from (included) to, in the unit itself
SPREADS = {"V": (1e-8, 5e-4), "mV": (5e-4, 0.3), "µV": (0.3, 1000.0), "nV": (1000.0, 1e7)}
SHORTEST = 1.0  #: s
SUFFIXES = (*(suffix for suffix in KINDS if suffix != ".vhdr"), ".zip", ".dat", ".mat", ".npz", ".csv", ".tsv")


@dataclass(frozen=True, eq=False)
class EegFile:
    """All recordings of one file."""

    recordings: tuple[Eeg, ...]
    titles: tuple[str, ...]  #: what people call each: "trial 3", with its ratings
    unit: str  #: in which the numbers were taken
    labels: NDArray[np.float64] | None = None  #: (recordings, labels) ratings
    label_names: tuple[str, ...] = ()
    parts: tuple[str, ...] = (WHOLE,)  #: in which a long recording is read, for people


def read_eeg(
    file: File, *, name: str = "", unit: str | None = None, rate: float | None = None, part: int = 0, index: int = 0
) -> Eeg:
    """One recording of a file; see ``open_eeg``.

    Raises:
        SampleError: the file cannot be read, or has no such recording.
    """
    made = open_eeg(file, name=name, unit=unit, rate=rate, part=part)
    if not 0 <= index < len(made.recordings):
        raise SampleError(f"The file has {len(made.recordings)} recordings, counted from 0; there is no {index}.")
    return made.recordings[index]


def open_eeg(
    file: File, *, name: str = "", unit: str | None = None, rate: float | None = None, part: int = 0
) -> EegFile:
    """All recordings of a file; of one recording of an EEG system that is long, one part.

    Args:
        file: its bytes, an open file, or where it lies.
        name: how it is called; the ending tells the format. The name of the path where there is one.
        unit: V, mV, µV or nV in which the numbers are to be taken; None to go by the file and its numbers.
        rate: samples a second in Hz, for formats that do not say it.
        part: which part of a long recording; ``EegFile.parts`` says how many there are.

    Raises:
        SampleError: the file is of no known kind, too large, damaged, or cannot be EEG.
    """
    if unit is not None and unit not in UNITS:
        raise SampleError(f"The unit should be one of {', '.join(UNITS)}; got “{unit}”.")
    data, suffix = _bytes(file, name)
    raw = _raw(data, suffix, rate, part)
    if sum(signal.size for signal in raw.signals) > LIMIT_VALUES:
        raise SampleError(
            f"A file may hold {LIMIT_VALUES // 10**6} million values. Cut it, or bring it at a lower rate."
        )
    given = raw.signals[0].shape[1] / raw.rate if raw.rate > 0 else 0.0
    if given < SHORTEST:
        raise SampleError(f"A recording needs {SHORTEST:g} s or more; this one has {given:.3g} s. Bring a longer one.")
    chosen, said = _unit(raw, unit)
    factor = UNITS[chosen]
    recordings = tuple(
        Eeg(
            signal=_finite(signal * factor),
            rate=raw.rate,
            channels=raw.channels,
            positions=raw.positions,
            rest=raw.rest,
            notes=(*raw.notes, *_of_parts(raw, part), *said),
        )
        for signal in raw.signals
    )
    return EegFile(recordings, _titles(raw), chosen, raw.labels, raw.label_names, raw.parts)


def crop(eeg: Eeg, start: float, seconds: float) -> Eeg:
    """A stretch of a recording, ``start`` s after its rest, with the rest in front of it.

    Raises:
        SampleError: there is nothing of it.
    """
    rest, first = round(eeg.rest * eeg.rate), round((eeg.rest + start) * eeg.rate)
    signal = eeg.signal[:, first : first + round(seconds * eeg.rate)]
    if start < 0 or not signal.shape[1]:
        raise SampleError(f"The recording has {eeg.seconds - eeg.rest:.4g} s; there is nothing from {start:g} s on.")
    note = f"Only {start:g}–{start + signal.shape[1] / eeg.rate:g} s of the recording."
    return replace(eeg, signal=np.concatenate([eeg.signal[:, :rest], signal], 1), notes=(*eeg.notes, note))


def likely_unit(signal: NDArray[np.floating], rate: float) -> str | None:
    """The unit in which these numbers (channel, time) would be EEG; None where there is none, as in flat signals.

    The spread is that of each second around its own mean, so that drifts and offsets do not count.
    """
    length = max(2, min(round(rate), signal.shape[1]))
    whole = signal[:, : signal.shape[1] // length * length]
    parts = whole.reshape(len(signal), -1, length)
    with np.errstate(all="ignore"):
        spreads = np.median(parts - parts.mean(-1, keepdims=True), axis=-1)
        spreads = np.median(np.abs(parts - parts.mean(-1, keepdims=True) - spreads[..., None]), axis=(1, 2)) * 1.4826
    alive = spreads[np.isfinite(spreads) & (spreads > 0)]
    if not len(alive):
        return None
    middle = float(np.median(alive))
    return next((unit for unit, (low, high) in SPREADS.items() if low <= middle < high), None)


def _of_parts(raw: Raw, part: int) -> tuple[str, ...]:
    """What is to say where only a part of a recording was read."""
    if len(raw.parts) == 1:
        return ()
    return (f"The recording is long: part {part + 1} of {len(raw.parts)} was read, {raw.parts[part]}.",)


def _unit(raw: Raw, wanted: str | None) -> tuple[str, tuple[str, ...]]:
    """The unit that is taken, and what is to say about it."""
    if wanted is not None:
        return wanted, (f"Unit: the numbers were taken as {wanted}, as chosen.",)
    likely = likely_unit(raw.signals[0], raw.rate)
    if raw.unit in UNITS:
        if likely in (None, raw.unit):
            return raw.unit, (f"Unit: {raw.unit}, as the file says.",)
        if _neighbours(likely, raw.unit):
            return raw.unit, (
                f"Unit: {raw.unit}, as the file says; its numbers would rather be {likely}. Choose another if so.",
            )
        return likely, (
            f"Unit: the file says {raw.unit}, but its numbers can only be EEG in {likely}, and were taken so.",
        )
    taken = likely or "µV"
    return taken, (f"Unit: the file does not say; from the size of the numbers they were taken as {taken}.",)


def _neighbours(one: str | None, other: str) -> bool:
    """Whether two units are a factor of a thousand apart: some EEG is as large as other EEG in the next unit."""
    order = ("V", "mV", "µV", "nV")
    return one in order and abs(order.index(one) - order.index(other)) == 1


def _raw(data: bytes, suffix: str, rate: float | None, part: int) -> Raw:
    """What the file says, by its ending.

    Raises:
        SampleError: the ending is unknown, or there is no such part.
    """
    if suffix in (".zip", *KINDS):
        if suffix == ".vhdr":
            raise SampleError(
                "A BrainVision recording is three files. Zip its .vhdr, .vmrk and .eeg and bring the zip."
            )
        return read_system(data, suffix, part)
    if part:
        raise SampleError(f"Files in {suffix} are read as a whole; there is no part {part}.")
    if suffix in (".csv", ".tsv"):
        return read_csv(data, rate)
    readers = {".dat": read_dat, ".mat": read_mat, ".npz": read_npz}
    if suffix in readers:
        return readers[suffix](data)
    raise SampleError(
        f"Recordings end in {', '.join(SUFFIXES)}; this file ends in “{suffix}”. Export it as EDF or FIF."
    )


def _bytes(file: File, name: str) -> tuple[bytes, str]:
    """The bytes of a file and its ending in small letters.

    Raises:
        SampleError: it is too large, empty, or cannot be opened.
    """
    name = name or (file.name if isinstance(file, Path) else str(getattr(file, "name", "")))
    try:
        if isinstance(file, Path):
            size = file.stat().st_size
            data = file.read_bytes() if size <= LIMIT_BYTES else b""
        else:
            data = file if isinstance(file, bytes) else file.read(LIMIT_BYTES + 1)
            size = len(data)
    except OSError as error:
        raise SampleError(f"The file cannot be opened: {error.strerror or error}.") from error
    if not 0 < size <= LIMIT_BYTES:
        raise SampleError(
            f"A recording may have {LIMIT_BYTES >> 20} MiB and not be empty; this one has {size >> 20} MiB."
        )
    return data, Path(name).suffix.lower()


def _finite(signal: NDArray[np.floating]) -> NDArray[np.float32]:
    """The signal in µV; infinite values and those beyond float32 as NaN."""
    with np.errstate(over="ignore"):
        made = np.array(signal, np.float32)
    made[~np.isfinite(made)] = np.nan
    return made


def _titles(raw: Raw) -> tuple[str, ...]:
    """What people call each recording."""
    if len(raw.signals) == 1:
        return ("the recording",)
    titles = []
    for index in range(len(raw.signals)):
        said = "" if raw.labels is None else ", ".join(
            f"{name} {value:.1f}" for name, value in zip(raw.label_names, raw.labels[index], strict=False)
        )  # fmt: skip
        titles.append(f"trial {index + 1}" + f" ({said})" * bool(said))
    return tuple(titles)
