"""Recordings in the formats of EEG systems, through MNE: EDF, BDF, GDF, BrainVision, EEGLAB and FIF.

MNE reads files, so that the bytes are put into a folder of this process alone, which is gone afterwards. Names inside
the bytes (which file holds the data) may only mean files that came with them.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg.checks import KINDS, check_brainvision, check_eeglab, check_inflated, unpacked
from xviz.data.eeg.edf import continuous

LIMIT_VALUES = 64_000_000  #: samples times channels
PART_VALUES = 16_000_000  #: of a longer recording one part of so many is read at a time
WHOLE = "the whole"  #: the only part of a file that is read at once
SAYS_NOTHING = ("MNE naming conventions", "contains no event information")  #: warnings that are nobody's concern
VOLTS = {"V": 1.0, "mV": 1e-3, "µV": 1e-6, "nV": 1e-9}
_reading = Lock()  # what MNE warns of reaches a list that all threads share


@dataclass(frozen=True, eq=False)
class Raw:
    """What a file says, in its own numbers."""

    signals: tuple[NDArray[np.floating], ...]  #: (channel, time) each, in ``unit``
    rate: float  #: Hz
    channels: tuple[str, ...]
    unit: str | None  #: V, mV, µV or nV as the file says; None where it does not
    positions: NDArray[np.float32] | None = None  #: (channel, 3) metres
    notes: tuple[str, ...] = ()
    rest: float = 0.0  #: seconds
    labels: NDArray[np.float64] | None = None  #: (signals, labels)
    label_names: tuple[str, ...] = ()
    parts: tuple[str, ...] = (WHOLE,)  #: in which a long recording is read, for people


def read_system(data: bytes, suffix: str, part: int = 0) -> Raw:
    """A file of an EEG system, or a zip of the files of one recording.

    Args:
        data: Its bytes.
        suffix: How its name ends: ``.edf``, ``.bdf``, ``.gdf``, ``.fif``, ``.set`` or ``.zip``.
        part: Which part of a long recording is read.

    Raises:
        SampleError: it cannot be read, or names files that did not come with it, or has no such part.
    """
    files = unpacked(data) if suffix == ".zip" else {f"recording{suffix}": data}
    headers = [name for name in files if Path(name).suffix in (".vhdr", ".set")] or list(files)
    if len(headers) != 1 or Path(headers[0]).suffix not in KINDS:
        raise SampleError(
            "A zip should hold one recording: BrainVision's .vhdr, .vmrk and .eeg, or EEGLAB's .set and .fdt; this one "
            f"holds {', '.join(files)}. Zip the files of one recording."
        )
    header = headers[0]
    kind = KINDS[Path(header).suffix]
    notes: tuple[str, ...] = ()
    if kind == "BrainVision":
        check_brainvision(files, header)
    elif kind == "EEGLAB":
        check_inflated(files[header])
        check_eeglab(files, header)
    elif kind in ("EDF", "BDF"):
        files[header], notes = continuous(files[header], kind)
    with _reading, _folder(files) as folder, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        raw, parts = _read(folder / header, kind, part)
        own = [warning for warning in told if Path(warning.filename) == Path(__file__)]  # MNE names who called it
        said = dict.fromkeys(
            _sentence(one.message) for one in own if not any(w in str(one.message) for w in SAYS_NOTHING)
        )
        return _told(raw, kind, parts, notes + tuple(said))


@contextmanager
def _folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The files in a folder that only this process can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="xviz-") as name:
        for file, data in files.items():
            (Path(name) / file).write_bytes(data)
        yield Path(name)


def _read(path: Path, kind: str, part: int) -> tuple[Any, tuple[str, ...]]:
    """MNE's raw or epochs, of a long recording one part; and what its parts are called.

    Raises:
        SampleError: MNE cannot read it, or there is no such part.
    """
    import mne

    readers = {
        "EDF": mne.io.read_raw_edf, "BDF": mne.io.read_raw_bdf, "GDF": mne.io.read_raw_gdf,
        "FIF": mne.io.read_raw_fif, "BrainVision": mne.io.read_raw_brainvision, "EEGLAB": _read_eeglab,
    }  # fmt: skip
    try:
        raw = readers[kind](path, preload=False, verbose="WARNING")
        parts: tuple[str, ...] = (WHOLE,)
        if hasattr(raw, "n_times") and raw.n_times * len(raw.ch_names) > PART_VALUES:
            raw, parts = _part(raw, part)
        with mne.use_log_level("WARNING"):
            return raw.load_data(), parts
    except SampleError:
        raise
    except Exception as error:  # MNE fails in many ways on damaged files
        said = str(error).replace(str(path.parent), "").strip() or type(error).__name__
        raise SampleError(
            f"The {kind} file cannot be read: {said:.300}. It may be damaged or cut short: export or download it again."
        ) from error


def _part(raw: Any, part: int) -> tuple[Any, tuple[str, ...]]:
    """One part of a long recording, and what its parts are called; nothing of the others is read.

    Raises:
        SampleError: there is no such part.
    """
    most = PART_VALUES // len(raw.ch_names)
    count = -(-raw.n_times // most)
    length, rate = -(-raw.n_times // count), raw.info["sfreq"]
    ends = [min(raw.n_times, length * (i + 1)) for i in range(count)]
    parts = tuple(f"{clock(length * i / rate)}–{clock(end / rate)}" for i, end in enumerate(ends))
    if not 0 <= part < count:
        raise SampleError(f"The recording is read in {count} parts, counted from 0; there is no {part}.")
    return raw.crop(length * part / rate, (ends[part] - 1) / rate), parts


def clock(seconds: float) -> str:
    """A time in a recording for people: ``"1:02:05"``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _read_eeglab(path: Path, **options: Any) -> Any:
    """A continuous set, or one of epochs."""
    import mne

    try:
        return mne.io.read_raw_eeglab(path, **options)
    except TypeError:
        return mne.io.read_epochs_eeglab(path, verbose="WARNING")


def _told(raw: Any, kind: str, parts: tuple[str, ...], notes: tuple[str, ...]) -> Raw:
    """MNE's object as a record, in the numbers of the file; only channels that may be EEG are kept.

    Raises:
        SampleError: there are none.
    """
    types = raw.get_channel_types()
    kept = [i for i, this in enumerate(types) if this == "eeg"]
    if not kept:
        raise SampleError(
            f"The file has no EEG channels, only {', '.join(sorted(set(types)))}. Bring a recording of EEG."
        )
    if gone := [raw.ch_names[i] for i in range(len(types)) if i not in kept]:
        notes += (f"Channels that are not EEG were left out: {', '.join(gone)}.",)
    unit, volts = _unit(raw, kind, kept)
    data = raw.get_data(picks=kept) / volts
    places = np.array([raw.info["chs"][i]["loc"][:3] for i in kept], np.float32)
    places[~np.isfinite(places).all(1) | (np.abs(places).sum(1) == 0)] = np.nan
    return Raw(
        signals=tuple(data) if data.ndim == 3 else (data,),
        rate=float(raw.info["sfreq"]),
        channels=tuple(raw.ch_names[i] for i in kept),
        unit=unit,
        parts=parts,
        positions=places if np.isfinite(places).any() else None,
        notes=notes,
    )


def _unit(raw: Any, kind: str, kept: list[int]) -> tuple[str | None, float]:
    """The unit that the file says for its EEG, None where it does not, and how many volts one of its numbers is to MNE.

    MNE gives volts whatever the file says, and takes numbers without a unit, and nV in EDF, for volts; EEGLAB's for µV.
    """
    if kind == "FIF":
        return "V", 1.0
    if kind == "EEGLAB":
        return None, 1e-6
    said = [{"uV": "µV"}.get(unit, unit) for name in kept if (unit := raw._orig_units.get(raw.ch_names[name], ""))]
    volts = [VOLTS.get(unit, 1.0) for unit in said]
    if kind != "BrainVision":
        volts = [float(raw._raw_extras[0]["units"][i]) for i in kept]
        said = said or [{1e-6: "µV", 1e-3: "mV"}.get(one, "") for one in volts]
    if len({*zip(said, volts, strict=True)}) != 1:
        return "µV", 1e-6
    return said[0] if said[0] in VOLTS else None, volts[0]


def _sentence(message: object) -> str:
    """A warning of MNE as one sentence, without the place of the file."""
    said = re.sub(r"\S*xviz-\S+", "the file", " ".join(str(message).split()))
    return f"MNE says: {said:.240}"
