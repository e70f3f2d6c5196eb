"""An uploaded recording as a part: ``open_eeg`` gives all recordings of a file, ``read_eeg`` one of them.

The bytes are not trusted: sizes are checked before anything is unpacked, pickles are read by a reader that knows arrays
only, and files named inside others must have come with them. The unit is what the file says, unless its numbers
cannot be EEG in that unit; then the likely one is taken and said, and a person can choose another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg
from xviz.data.eeg.arrays import read_npy, read_npz
from xviz.data.eeg.bids import apply_sidecars
from xviz.data.eeg.checks import (
    KINDS,
    LIMIT_BYTES,
    LIMIT_FILES,
    belongs,
    ending,
    foldered,
    header_of,
    named,
    system,
    unpacked,
)
from xviz.data.eeg.content import export_step, named_by_content
from xviz.data.eeg.datasets import read_dat, read_mat
from xviz.data.eeg.formats import overview, read_system
from xviz.data.eeg.naming import naming
from xviz.data.eeg.overview import Overview
from xviz.data.eeg.raw import LIMIT_VALUES, WHOLE, RateUnknown, Raw, Stretch, clock, titled
from xviz.data.eeg.stretch import closed, crop
from xviz.data.eeg.tables import read_csv
from xviz.data.eeg.units import UNITS, judge, likely_unit

__all__ = ["SUFFIXES", "UNITS", "EegFile", "RateUnknown", "Stretch", "crop", "likely_unit", "open_eeg", "read_eeg"]

One = bytes | BinaryIO | Path
File = One | tuple[str, One]

Gaps = Literal["keep", "close"]
SHORTEST = 1.0  #: s
SUFFIXES = (
    *(suffix for suffix in KINDS if suffix != ".mff"),
    *(".vmrk", ".eeg", ".fdt", ".21e", ".dat", ".mat", ".npz", ".npy", ".csv", ".tsv", ".txt", ".json", ".zip"),
)


@dataclass(frozen=True, eq=False)
class EegFile:
    """All recordings of one file."""

    recordings: tuple[Eeg, ...]
    titles: tuple[str, ...]  #: what people call each: "trial 3", with its ratings
    unit: str  #: in which the numbers were taken
    labels: NDArray[np.float64] | None = None  #: (recordings, labels) ratings
    label_names: tuple[str, ...] = ()
    parts: tuple[str, ...] = (WHOLE,)  #: in which a long recording, or a file of many subjects, is read, for people
    seconds: float = 0.0  #: of the whole recording, where a part of it was read; else 0
    start: float = 0.0  #: s of the whole recording before that part
    offered: str = ""  #: the unit in which the numbers would rather be EEG, where they are not plausible


def read_eeg(
    *files: File,
    name: str = "",
    unit: str | None = None,
    rate: float | None = None,
    part: int | Stretch = 0,
    index: int = 0,
    gaps: Gaps = "keep",
) -> Eeg:
    """One recording of a file; see ``open_eeg``.

    Raises:
        SampleError: the file cannot be read, or has no such recording.
    """
    opened = open_eeg(*files, name=name, unit=unit, rate=rate, part=part, gaps=gaps)
    if not 0 <= index < len(opened.recordings):
        raise SampleError(f"The file has {len(opened.recordings)} recordings, counted from 0; there is no {index}.")
    return opened.recordings[index]


def open_eeg(
    *files: File,
    name: str = "",
    unit: str | None = None,
    rate: float | None = None,
    part: int | Stretch = 0,
    gaps: Gaps = "keep",
) -> EegFile:
    """All recordings of a file; of one recording of an EEG system that is long, one part.

    Args:
        files: Its bytes, an open file, or where it lies; a folder, a zip, or several files where a recording has
            several (BrainVision, EEGLAB, parts of a FIF, the tables of BIDS), each as (name, bytes) or a path.
        name: how a single file is called; the ending tells the format. The name of the path where there is one.
        unit: V, mV, µV, nV or pV in which the numbers are to be taken; None to go by the file and its numbers.
        rate: samples a second in Hz, for formats that do not say it.
        part: which part of a long recording, counted from 0 (``EegFile.parts`` says how many there are), or a stretch.
        gaps: whether gaps stay as what is not a number, or are closed, so that what was recorded stands together.

    Raises:
        SampleError: the file is of no known kind, too large, damaged, or cannot be EEG.
        RateUnknown: it does not say its rate, and ``rate`` is not given.
    """
    if unit is not None and unit not in UNITS:
        raise SampleError(f"The unit should be one of {', '.join(UNITS)}; got “{unit}”.")
    raw = _raw(gathered(files, name), rate, part)
    if sum(signal.size for signal in raw.signals) > LIMIT_VALUES:
        raise SampleError(
            f"A file may hold {LIMIT_VALUES // 10**6} million values. Cut it, or bring it at a lower rate."
        )
    if not 0 < raw.rate < np.inf:
        where = "is given" if rate is not None else "stands in the file"
        raise SampleError(f"A rate should be above 0 Hz; {raw.rate:g} Hz {where}. Give the rate of your device.")
    length = raw.signals[0].shape[1] / raw.rate
    if length < SHORTEST:
        raise SampleError(f"A recording needs {SHORTEST:g} s or more; this one has {length:.3g} s. Bring a longer one.")
    judged = judge(raw, unit)
    factor, marks = UNITS[judged.unit], _of_parts(raw, part)
    notes = (f"Rate: {raw.rate:.6g} Hz, {raw.rate_said}.", *judged.notes)
    recordings = tuple(
        Eeg(
            signal=_finite(signal * factor),
            rate=raw.rate,
            channels=raw.channels,
            positions=raw.positions,
            rest=raw.rest,
            notes=(*raw.notes, *_filtered(raw), *marks, *notes),
            warnings=(*raw.warnings, *judged.warnings),
            annotations=raw.annotations if len(raw.signals) == 1 else (),
            bads=raw.bads,
            reference=raw.reference or naming(raw.channels, raw.positions is not None).reference,
            passband=raw.passband,
        )
        for signal in raw.signals
    )
    if gaps == "close":
        recordings = tuple(closed(eeg) for eeg in recordings)
    return EegFile(
        recordings,
        titled(raw),
        judged.unit,
        raw.labels,
        raw.label_names,
        raw.parts,
        raw.seconds,
        raw.start,
        judged.offered,
    )


def overview_of(*files: File, name: str = "") -> Overview | None:
    """All of a long recording at a glance, in the unit of its file; None where its format is read as a whole anyway.

    Raises:
        SampleError: it cannot be read.
    """
    contents = gathered(files, name)
    header = _header(contents)
    return overview(contents, header) if system(header, contents.get(header, b"")) else None


def _header(files: Mapping[str, bytes]) -> str:
    """The file of a recording that is opened, or its folder."""
    header = next(iter(files)) if len(files) == 1 else header_of(files)
    return "recording.mff" if header.startswith("recording.mff") else header


def _of_parts(raw: Raw, part: int | Stretch) -> tuple[str, ...]:
    """What is to say where only a part of a recording was read."""
    if len(raw.parts) == 1:
        return ()
    if not raw.seconds:
        called = raw.parts[0 if isinstance(part, Stretch) else part]
        return (f"The file holds {len(raw.parts)} subjects: {called} was read.",)
    if isinstance(part, Stretch):
        return (f"The recording is long, {clock(raw.seconds)}: the stretch from {clock(raw.start)} on was read.",)
    return (f"The recording is long: part {part + 1} of {len(raw.parts)} was read, {raw.parts[part]}.",)


def _filtered(raw: Raw) -> tuple[str, ...]:
    """What the file says of filters that were at work before it was written."""
    if raw.passband is None:
        return ()
    edges = [
        f"{name} {edge:.3g} Hz" for name, edge in zip(("high-pass", "low-pass"), raw.passband, strict=True) if edge
    ]
    return (f"Filtered before it was written, as the file says: {', '.join(edges)}.",)


def _raw(files: Mapping[str, bytes], rate: float | None, part: int | Stretch) -> Raw:
    """What the files of a recording say.

    Raises:
        SampleError: the ending is unknown, or there is no such part.
    """
    header = _header(files)
    kind, data = ending(header), files.get(header, b"")
    if system(header, data):
        return read_system(files, header, part)
    if isinstance(part, Stretch):
        part = 0
    if kind == ".mat":
        return read_mat(data, rate, part)
    if part:
        raise SampleError(f"Files in {kind} are read as a whole; there is no part {part}.")
    if kind in (".csv", ".tsv", ".txt"):
        return apply_sidecars(read_csv(data, rate, kind), {n: d for n, d in files.items() if n != header})
    if kind == ".dat":
        return read_dat(data)
    readers = {".npz": read_npz, ".npy": read_npy}
    if kind in readers:
        return readers[kind](data, rate)
    if kind in (".fdt", ".vmrk", ".eeg", ".21e"):
        raise SampleError(
            f"“{header:.60}” is one part of a recording. Bring its other parts too, all at once: a BrainVision "
            "recording is three files (.vhdr, .vmrk, .eeg), one of EEGLAB two (.set, .fdt)."
        )
    raise SampleError(f"Recordings end in {', '.join(SUFFIXES)}; this file ends in “{kind}”. {export_step(kind)}")


def gathered(files: Sequence[File], name: str) -> dict[str, bytes]:
    """The files of one recording: name without folders → bytes.

    Raises:
        SampleError: they are too large, empty, or cannot be opened.
    """
    if len(files) == 1 and isinstance(files[0], Path) and files[0].is_dir():
        root = files[0]
        inside = sorted(path for path in root.rglob("*") if path.is_file())[: LIMIT_FILES + 1]
        within = root.parent if root.suffix.lower() == ".mff" else root
        contents = {
            called: _bytes(path)
            for path in inside
            if (called := named(str(path.relative_to(within)))) and belongs(called)
        }
    else:
        contents = {}
        for file in files:
            called, content = file if isinstance(file, tuple) else (name or _name(file), file)
            data = _bytes(content)
            called = named_by_content(called, data)
            if ending(called) == ".zip":
                contents |= unpacked(data)
            else:
                contents[named(called) or called] = data
    contents = foldered(contents)
    if sum(len(data) for data in contents.values()) > LIMIT_BYTES or len(contents) > LIMIT_FILES:
        raise SampleError(
            f"A recording may have {LIMIT_FILES} files and {LIMIT_BYTES >> 20} MiB; these are {len(contents)} files "
            f"and {sum(len(data) for data in contents.values()) >> 20} MiB. Bring those of one recording."
        )
    if not contents:
        raise SampleError(f"There is no recording in it; recordings end in {', '.join(SUFFIXES)}.")
    return contents


def _name(file: bytes | BinaryIO | Path) -> str:
    return file.name if isinstance(file, Path) else str(getattr(file, "name", ""))


def _bytes(file: bytes | BinaryIO | Path) -> bytes:
    """The bytes of a file.

    Raises:
        SampleError: it is too large, empty, or cannot be opened.
    """
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
    return data


def _finite(signal: NDArray[np.floating]) -> NDArray[np.float32]:
    """The signal in µV; infinite values and those beyond float32 as NaN."""
    with np.errstate(over="ignore"):
        finite = np.array(signal, np.float32)
    finite[~np.isfinite(finite)] = np.nan
    return finite
