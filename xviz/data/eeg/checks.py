"""Files of recordings before anything reads them: too large, locked, or naming files that did not come with them."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from xviz.core.errors import SampleError

LIMIT_BYTES = 512 * 2**20  #: of a file, and of all that a zip unpacks to
LIMIT_UNPACKED = 512 * 2**20  #: of a compressed .mat; a file of SEED has 340 MiB
KINDS = {".edf": "EDF", ".bdf": "BDF", ".gdf": "GDF", ".fif": "FIF", ".set": "EEGLAB", ".vhdr": "BrainVision"}
BRAINVISION = {".vhdr", ".vmrk", ".eeg", ".dat", ".avg"}
EEGLAB = {".set", ".fdt"}


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
        order: Literal["big", "little"] = "big" if data[126:128] == b"MI" else "little"
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
