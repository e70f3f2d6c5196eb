"""Recordings in the formats of EEG systems, through MNE, neo and pyxdf.

MNE reads files, so that the bytes are put into a folder of this process alone, which is gone afterwards. Names inside
the bytes (which file holds the data) may only mean files that came with them.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation
from xviz.data.eeg import edf, told
from xviz.data.eeg.ant import read_ant
from xviz.data.eeg.bci2000 import read_bci2000
from xviz.data.eeg.bids import apply_sidecars
from xviz.data.eeg.brainvision import check_brainvision, cut_short
from xviz.data.eeg.checks import (
    NIHON,
    check_eeglab,
    check_inflated,
    check_persyst,
    ending,
    system,
)  # fmt: skip
from xviz.data.eeg.micromed import read_micromed
from xviz.data.eeg.overview import Overview, of_edf, of_mne
from xviz.data.eeg.raw import LIMIT_VALUES, PART_VALUES, WHOLE, Raw, Stretch, clock

__all__ = ["LIMIT_VALUES", "PART_VALUES", "WHOLE", "Raw", "Stretch", "clock", "read_system"]

SAYS_NOTHING = (
    "MNE naming conventions",
    "contains no event information",
    "file name must have changed on disk",
    "does not conform",
    "Highpass cutoff frequency",
    "Lowpass cutoff frequency",
    "Physical range is not defined",
    "Scaling factor will not be defined",
    "contains 'boundary' events",
)  #: warnings that are nobody's concern, or told in other words
_reading = Lock()  # what MNE warns of reaches a list that all threads share


def read_system(files: Mapping[str, bytes], header: str, part: int | Stretch = 0) -> Raw:
    """A recording of an EEG system.

    Args:
        files: Names without folders → bytes: all files of the recording.
        header: The one that is opened.
        part: Which part, or stretch, of a long recording is read.

    Raises:
        SampleError: it cannot be read, or names files that did not come with it, or has no such part.
    """
    files, kind = _checked(files, header)
    cut: edf.Cut | None = None
    pieces: list[Stretch] = []
    if kind in ("EDF", "BDF"):
        cut, pieces = edf.cut(files[header], kind, PART_VALUES, part)
        files[header] = cut.data
    if kind == "XDF":
        from xviz.data.eeg.xdf import read_xdf

        with _folder({header: files[header]}) as folder:
            return apply_sidecars(read_xdf(folder / header), files)
    if kind == "ANT":
        with _folder({header: files[header]}) as folder:
            return apply_sidecars(read_ant(folder / header), files)
    with _reading, _folder(files) as folder, warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        raw, parts, stretch = _read(folder / header, kind, None if pieces else part)
        own = [warning for warning in heard if Path(warning.filename) == Path(__file__)]  # MNE names who called it
        sentences = dict.fromkeys(
            _sentence(warning.message) for warning in own if not any(w in str(warning.message) for w in SAYS_NOTHING)
        )
        recording = told.told(raw, kind, files.get(header, b""))
    recording = replace(recording, notes=tuple(sentences) + recording.notes, parts=parts)
    if cut is not None:
        recording = _with_gaps(recording, cut, pieces)
    elif stretch is not None:
        recording = replace(recording, seconds=stretch[0], start=stretch[1].start)
    if kind == "BrainVision":
        recording = replace(recording, warnings=recording.warnings + cut_short(files, header))
    return apply_sidecars(recording, files)


def _checked(files: Mapping[str, bytes], header: str) -> tuple[dict[str, bytes], str]:
    """The files of a recording under the names by which its header knows them, and whose format they are.

    Raises:
        SampleError: the name can be no file's, files are missing, or unpack to too much.
    """
    if unwritable(header):
        raise SampleError(
            f"The name {header[:40]!r} cannot be a file's: it has a zero byte, or more than 255 bytes. Rename the file."
        )
    files = dict(files)
    kind = system(header, files.get(header, b""))  # an .mff is a folder
    if kind in ("EDF", "BDF"):
        files[header] = edf.tidied(files[header])
    elif kind == "BrainVision":
        files = check_brainvision(files, header)
    elif kind == "EEGLAB":
        check_inflated(files[header])
        files = check_eeglab(files, header)
    elif kind == "Persyst":
        files = check_persyst(files, header)
    elif kind == "Nihon Kohden":
        files = _named_by_nihon(files, header)
    return files, kind


def _named_by_nihon(files: Mapping[str, bytes], header: str) -> dict[str, bytes]:
    """The files under the stem of the one with the signal, endings in capitals: MNE finds them by that alone."""
    stem = Path(header).stem
    return {
        f"{stem}{ending(name).upper()}" if name != header and ending(name) in NIHON else name: data
        for name, data in files.items()
    }


def overview(files: Mapping[str, bytes], header: str) -> Overview | None:
    """All of a recording at a glance; None where it must be read as a whole anyway.

    Raises:
        SampleError: it cannot be read.
    """
    files, kind = _checked(files, header)
    if kind in ("EDF", "BDF"):
        return of_edf(files[header], kind)
    if kind in ("XDF", "Micromed", "ANT", ""):
        return None
    with _reading, _folder(files) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = _opened(folder / header, kind)
        return of_mne(raw) if hasattr(raw, "n_times") else None


def _with_gaps(raw: Raw, cut: edf.Cut, pieces: list[Stretch]) -> Raw:
    """What MNE read of a cut file, with its gaps, and times since the beginning of what was cut out."""
    start = cut.stretch.start if cut.stretch else 0.0
    signals = tuple(edf.spread(signal, raw.rate, cut.gaps, start) for signal in raw.signals)
    marks = tuple(replace(mark, onset=edf.moved(mark.onset + cut.onset, cut.gaps, start)) for mark in raw.annotations)
    long = signals[0].shape[1] / raw.rate
    gaps = tuple(
        Annotation(edf.moved(gap.onset + gap.seconds, cut.gaps, start) - gap.kept, gap.kept, "BAD gap")
        for gap in cut.gaps
        if start < gap.at < start + long
    )
    parts = tuple(f"{clock(piece.start)}–{clock(piece.start + piece.seconds)}" for piece in pieces) or (WHOLE,)
    return replace(
        raw,
        signals=signals,
        annotations=tuple(mark for mark in marks if -1e-6 <= mark.onset <= long) + gaps,
        parts=parts,
        notes=raw.notes + cut.notes,
        warnings=raw.warnings + cut.warnings,
        bads=tuple(dict.fromkeys((*raw.bads, *(name for name in cut.unscaled if name in raw.channels)))),
        seconds=cut.seconds if pieces else 0.0,
        start=start,
    )


@contextmanager
def _folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """The files in a folder that only this process can read, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="xviz-") as name:
        folder = Path(name).resolve()
        for file, data in files.items():
            path = folder / file
            if unwritable(file) or not path.resolve().is_relative_to(folder):
                continue  # no recording names such a file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield folder


def unwritable(name: str) -> bool:
    """Whether a file system would refuse a name."""
    return "\0" in name or any(len(part.encode()) > 255 for part in PurePosixPath(name).parts)


def _read(
    path: Path, kind: str, part: int | Stretch | None
) -> tuple[Any, tuple[str, ...], tuple[float, Stretch] | None]:
    """MNE's raw or epochs, of a long recording one part; what its parts are called, how long it is and what was read.

    Where ``part`` is None the file has been cut already, and all of it is read.

    Raises:
        SampleError: MNE cannot read it, or there is no such part.
    """
    import mne

    try:
        raw = _opened(path, kind)
        parts: tuple[str, ...] = (WHOLE,)
        stretch = None
        if part is not None and hasattr(raw, "n_times") and raw.n_times * len(raw.ch_names) > PART_VALUES:
            raw, parts, stretch = _part(raw, part)
        with mne.use_log_level("WARNING"):
            return raw.load_data(), parts, stretch
    except (SampleError, ModuleNotFoundError):
        raise
    except Exception as error:  # MNE fails in many ways on damaged files
        reason = str(error).replace(str(path.parent), "").strip() or type(error).__name__
        reason = re.sub(r",? please report this error to MNE-Python developers", "", reason)
        raise SampleError(
            f"The {kind} file cannot be read: {reason:.300}. It may be damaged or cut short: export or download "
            "it again."
        ) from error


def _opened(path: Path, kind: str) -> Any:
    """MNE's raw or epochs of a file, nothing read yet but its header."""
    import mne

    if kind in ("EDF", "BDF"):
        reader = mne.io.read_raw_edf if kind == "EDF" else mne.io.read_raw_bdf
        try:
            return reader(path, preload=False, verbose="WARNING")
        except Exception as error:
            if "latin1" not in str(error) and not isinstance(error, UnicodeDecodeError):
                raise
            return reader(path, preload=False, verbose="WARNING", encoding="latin1")
    if kind == "FIF":
        try:
            return mne.io.read_raw_fif(path, preload=False, verbose="WARNING", allow_maxshield=True)
        except ValueError as error:
            if "No raw data" not in str(error):
                raise
        try:
            return mne.read_epochs(path, preload=False, verbose="WARNING")
        except ValueError as error:
            if "event data" not in str(error):
                raise
            raise SampleError(
                "This FIF file holds no recording and no epochs, but averages or what was computed (as files -ave, "
                "-cov, -ica do). Bring the file of the recording, -raw or -epo."
            ) from error
    if kind == "EEGLAB":
        try:
            return mne.io.read_raw_eeglab(path, preload=False, verbose="WARNING")
        except TypeError:
            return mne.io.read_epochs_eeglab(path, verbose="WARNING")
    if kind == "Micromed":
        return read_micromed(path)
    if kind == "BCI2000":
        return read_bci2000(path)
    readers = {
        "GDF": mne.io.read_raw_gdf, "BrainVision": mne.io.read_raw_brainvision, "Neuroscan": mne.io.read_raw_cnt,
        "EGI": mne.io.read_raw_egi, "Nihon Kohden": mne.io.read_raw_nihon, "Persyst": mne.io.read_raw_persyst,
    }  # fmt: skip
    return readers[kind](path, preload=False, verbose="WARNING")


def _part(raw: Any, part: int | Stretch) -> tuple[Any, tuple[str, ...], tuple[float, Stretch]]:
    """One part of a long recording, what its parts are called, and where it is; nothing of the others is read.

    Raises:
        SampleError: there is no such part.
    """
    limit = PART_VALUES // len(raw.ch_names)
    count = -(-raw.n_times // limit)
    length, rate = -(-raw.n_times // count), raw.info["sfreq"]
    ends = [min(raw.n_times, length * (i + 1)) for i in range(count)]
    parts = tuple(f"{clock(length * i / rate)}–{clock(end / rate)}" for i, end in enumerate(ends))
    if isinstance(part, Stretch):
        first = min(max(0, round(part.start * rate)), raw.n_times - 1)
        last = min(raw.n_times, first + max(1, round(part.seconds * rate)))
    elif 0 <= part < count:
        first, last = length * part, ends[part]
    else:
        raise SampleError(f"The recording is read in {count} parts, counted from 0; there is no {part}.")
    whole = raw.n_times / rate
    return raw.crop(first / rate, (last - 1) / rate), parts, (whole, Stretch(first / rate, (last - first) / rate))


def _sentence(message: object) -> str:
    """A warning of MNE as one sentence, without the place of the file."""
    text = re.sub(r"\S*xviz-\S+", "the file", " ".join(str(message).split()))
    return f"MNE says: {text:.240}"
