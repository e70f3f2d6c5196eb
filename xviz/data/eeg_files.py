"""Recordings in the formats of EEG systems, through MNE: EDF, BDF, GDF, BrainVision, EEGLAB and FIF.

MNE reads files, so that the bytes are put into a folder of this process alone, which is gone afterwards. Names inside
the bytes (which file holds the data) may only mean files that came with them.
"""

from __future__ import annotations

import re
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg_edf import continuous

LIMIT_BYTES = 256 * 2**20  #: of a file, and of all that a zip unpacks to
LIMIT_UNPACKED = 512 * 2**20  #: of a compressed .mat; a file of SEED has 340 MiB
LIMIT_VALUES = 64_000_000  #: samples times channels
KINDS = {".edf": "EDF", ".bdf": "BDF", ".gdf": "GDF", ".fif": "FIF", ".set": "EEGLAB", ".vhdr": "BrainVision"}
BRAINVISION = {".vhdr", ".vmrk", ".eeg", ".dat", ".avg"}
EEGLAB = {".set", ".fdt"}
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


def read_system(data: bytes, suffix: str) -> Raw:
    """A file of an EEG system, or a zip of the files of one recording.

    Args:
        data: Its bytes.
        suffix: How its name ends: ``.edf``, ``.bdf``, ``.gdf``, ``.fif``, ``.set`` or ``.zip``.

    Raises:
        SampleError: it cannot be read, or names files that did not come with it.
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
        raw = _read(folder / header, kind)
        own = [warning for warning in told if Path(warning.filename) == Path(__file__)]  # MNE names who called it
        return _told(raw, notes + tuple(dict.fromkeys(_sentence(warning.message) for warning in own)))


def unpacked(data: bytes) -> dict[str, bytes]:
    """File name without folders, in small letters after the dot → bytes, of a zip.

    Raises:
        SampleError: it is no zip, has secrets or too much in it, or other files than recordings have.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not e.filename.startswith("__MACOSX")]
            if len(entries) > 8 or sum(entry.file_size for entry in entries) > LIMIT_BYTES:
                raise SampleError(
                    f"A zip may hold 8 files and {LIMIT_BYTES >> 20} MiB unpacked; this one claims {len(entries)} "
                    f"files and {sum(e.file_size for e in entries) >> 20} MiB. Zip the files of one recording only."
                )
            files = {}
            for entry in entries:
                name = Path(entry.filename.replace("\\", "/")).name
                name = Path(name).stem + Path(name).suffix.lower()
                if entry.flag_bits & 1 or name in files or Path(name).suffix not in BRAINVISION | EEGLAB | set(KINDS):
                    raise SampleError(
                        f"“{name}” does not belong into the zip of a recording, or is locked. Zip it anew."
                    )
                with archive.open(entry) as file:
                    files[name] = file.read(entry.file_size + 1)
                if len(files[name]) != entry.file_size:
                    raise SampleError(f"“{name}” is not as long as the zip says. Zip it anew.")
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise SampleError(f"The zip is damaged or of an unknown kind ({error}). Zip the recording anew.") from error


def check_brainvision(files: Mapping[str, bytes], header: str) -> None:
    """Refuse a header that names files which did not come with it.

    Raises:
        SampleError: a file is missing or lies elsewhere.
    """
    said = files[header].decode("utf-8", "replace")
    for key in ("DataFile", "MarkerFile"):
        for found in re.finditer(rf"^[ \t]*{key}[ \t]*=[ \t]*(.*?)[ \t]*\r?$", said, re.MULTILINE | re.IGNORECASE):
            named = found[1].replace("$b", Path(header).stem)
            if named not in files:
                raise SampleError(
                    f"The BrainVision header names “{named:.80}” as its {key}; the zip holds {', '.join(files)}. "
                    "Zip the three files of one recording, under the names in the header."
                )


def check_eeglab(files: Mapping[str, bytes], header: str) -> None:
    """Refuse a set whose data lie in a file that did not come with it.

    Raises:
        SampleError: the data file is missing or lies elsewhere, or this is no EEGLAB set.
    """
    from scipy.io import loadmat

    try:
        said: Any = loadmat(BytesIO(files[header]), squeeze_me=True, struct_as_record=False)
        said = said.get("EEG", said)
        inside = said["data"] if isinstance(said, dict) else said.data
    except NotImplementedError as error:
        raise SampleError("This is a MATLAB 7.3 file; save the set in EEGLAB as version 6 or 7.") from error
    except Exception as error:  # SciPy fails in many ways on damaged files
        raise SampleError(f"An EEGLAB .set file was expected; this one cannot be read ({error}).") from error
    if isinstance(inside, str) and inside not in files:
        raise SampleError(
            f"The data of this EEGLAB set lie in “{inside:.80}”; {', '.join(files)} came. Zip the .set and its .fdt."
        )


def check_inflated(data: bytes) -> None:
    """Refuse a MATLAB 5 file whose compressed parts unpack to more than the limit.

    Raises:
        SampleError: there is too much in it.
    """
    at, total = 128, 0
    while at + 8 <= len(data):
        order = "big" if data[126:128] == b"MI" else "little"
        kind, size = (int.from_bytes(data[at + i : at + i + 4], order) for i in (0, 4))
        if kind == 15:
            left = zlib.decompressobj()
            rest = data[at + 8 : at + 8 + size]
            while rest and not left.eof:
                try:
                    total += len(left.decompress(rest, 2**20))
                except zlib.error:
                    break  # a damaged part is told where it is read
                rest = left.unconsumed_tail
                if total > LIMIT_UNPACKED:
                    raise SampleError(f"The file unpacks to more than {LIMIT_UNPACKED >> 20} MiB and was refused.")
        at += 8 + size


@contextmanager
def _folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The files in a folder that only this process can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="xviz-") as name:
        for file, data in files.items():
            (Path(name) / file).write_bytes(data)
        yield Path(name)


def _read(path: Path, kind: str) -> Any:
    """MNE's raw or epochs.

    Raises:
        SampleError: MNE cannot read it.
    """
    import mne

    readers = {
        "EDF": mne.io.read_raw_edf, "BDF": mne.io.read_raw_bdf, "GDF": mne.io.read_raw_gdf,
        "FIF": mne.io.read_raw_fif, "BrainVision": mne.io.read_raw_brainvision, "EEGLAB": _read_eeglab,
    }  # fmt: skip
    try:
        raw = readers[kind](path, preload=False, verbose="WARNING")
        count = len(raw.ch_names) * raw.get_data(picks=[0]).size
        if count > LIMIT_VALUES:
            raise SampleError(
                f"A recording may have {LIMIT_VALUES // 10**6} million values; this one has {count // 10**6} million. "
                "Cut it, or bring it at a lower rate."
            )
        with mne.use_log_level("WARNING"):
            return raw.load_data()
    except SampleError:
        raise
    except Exception as error:  # MNE fails in many ways on damaged files
        said = str(error).replace(str(path.parent), "").strip() or type(error).__name__
        raise SampleError(
            f"The {kind} file cannot be read: {said:.300}. It may be damaged or cut short: export or download it again."
        ) from error


def _read_eeglab(path: Path, **options: Any) -> Any:
    """A continuous set, or one of epochs."""
    import mne

    try:
        return mne.io.read_raw_eeglab(path, **options)
    except TypeError:
        return mne.io.read_epochs_eeglab(path, verbose="WARNING")


def _told(raw: Any, notes: tuple[str, ...]) -> Raw:
    """MNE's object as a record; only channels that may be EEG are kept.

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
    data = raw.get_data(picks=kept)
    places = np.array([raw.info["chs"][i]["loc"][:3] for i in kept], np.float32)
    places[~np.isfinite(places).all(1) | (np.abs(places).sum(1) == 0)] = np.nan
    return Raw(
        signals=tuple(data) if data.ndim == 3 else (data,),
        rate=float(raw.info["sfreq"]),
        channels=tuple(raw.ch_names[i] for i in kept),
        unit="V",
        positions=places if np.isfinite(places).any() else None,
        notes=notes,
    )


def _sentence(message: object) -> str:
    """A warning of MNE as one sentence, without the place of the file."""
    said = re.sub(r"\S*xviz-\S+", "the file", " ".join(str(message).split()))
    return f"MNE says: {said:.240}"
