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
UNPACKS = (
    f"The file unpacks to more than {LIMIT_UNPACKED >> 20} MiB, the most that is read. Save one recording or "
    "subject alone."
)
LIMIT_FILES = 80  #: of a recording; an .mff is a folder of some dozens
#: ending → whose format
KINDS = {
    ".edf": "EDF",
    ".bdf": "BDF",
    ".gdf": "GDF",
    ".fif": "FIF",
    ".fif.gz": "FIF",
    ".set": "EEGLAB",
    ".vhdr": "BrainVision",
    ".cnt": "Neuroscan",
    ".mff": "EGI",
    ".lay": "Persyst",
    ".trc": "Micromed",
    ".xdf": "XDF",
    ".xdfz": "XDF",
}
BRAINVISION = {".vhdr", ".vmrk", ".eeg", ".dat", ".avg"}
EEGLAB = {".set", ".fdt"}
NIHON = {".eeg", ".21e", ".pnt", ".log", ".cmt", ".reg"}
BESIDE = {
    ".tsv",
    ".json",
    ".txt",
    ".md",
    ".csv",
    ".xml",
    ".bin",
    ".sfp",
    ".elp",
    ".elc",
    ".seg",
    ".trg",
    ".sci",
    ".cff",
    "",
}
TABLES = {".csv", ".tsv", ".txt", ".npz", ".npy", ".mat"}


def ending(name: str) -> str:
    """How a name ends, in small letters: ``".fif.gz"`` counts as one ending."""
    path = Path(name.lower())
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def named(name: str) -> str:
    """A name without folders but those inside an .mff, its ending in small letters; "" for what is no part."""
    pieces = [piece for piece in name.replace("\\", "/").split("/") if piece not in ("", ".", "..")]
    if not pieces or pieces[-1].startswith(("._", ".DS_Store")) or "__MACOSX" in pieces:
        return ""
    inside = next((i for i, piece in enumerate(pieces[:-1]) if piece.lower().endswith(".mff")), None)
    if inside is not None:
        return "/".join(["recording.mff", *pieces[inside + 1 :]])
    last = Path(pieces[-1])
    return last.stem + last.suffix.lower()


def foldered(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, as those of a folder where they are the inside of an .mff that came without it."""
    if "signal1.bin" in files and {"info.xml", "epochs.xml"} & set(files):
        return {name if "/" in name else f"recording.mff/{name}": data for name, data in files.items()}
    return dict(files)


def belongs(name: str) -> bool:
    """Whether a file can be part of a recording."""
    return "/" in name or ending(name) in BRAINVISION | EEGLAB | NIHON | BESIDE | TABLES | set(KINDS)


def unpacked(data: bytes) -> dict[str, bytes]:
    """File name without folders, in small letters after the dot → bytes, of a zip.

    Raises:
        SampleError: it is no zip, has secrets or too much in it, or other files than recordings have.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and named(e.filename)]
            if len(entries) > LIMIT_FILES or sum(entry.file_size for entry in entries) > LIMIT_BYTES:
                raise SampleError(
                    f"A zip may hold {LIMIT_FILES} files and {LIMIT_BYTES >> 20} MiB unpacked; this one claims "
                    f"{len(entries)} files and {sum(e.file_size for e in entries) >> 20} MiB. Zip the files of one "
                    "recording only."
                )
            files = {}
            egi = any(named(entry.filename) == "signal1.bin" for entry in entries)
            for entry in entries:
                name = named(entry.filename)
                if entry.flag_bits & 1:
                    raise SampleError(f"“{name}” is locked by a password. Zip the files without one.")
                if name in files:
                    raise SampleError(
                        f"“{name}” is there twice, in two folders: these are several recordings. Zip the files of one "
                        "recording."
                    )
                if not (egi or belongs(name)):
                    raise SampleError(
                        f"“{name}” does not belong into the zip of a recording. Zip the files of one recording alone."
                    )
                with archive.open(entry) as file:
                    files[name] = file.read(entry.file_size + 1)
                if len(files[name]) != entry.file_size:
                    raise SampleError(f"“{name}” is not as long as the zip says. Zip it anew.")
            return files
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise SampleError(f"The zip is damaged or of an unknown kind ({error}). Zip the recording anew.") from error


def system(name: str, data: bytes) -> str:
    """Whose format a file is, by its ending and, where endings are shared, by its first bytes; "" for none."""
    kind = ending(name)
    if name.startswith("recording.mff"):
        return "EGI"
    if kind == ".cnt":
        return "ANT" if data[:4] in (b"RIFF", b"RF64") else "Neuroscan"
    if kind == ".eeg":
        return "Nihon Kohden" if data[:4] in (b"EEG-", b"EEG2") or data[:8].startswith(b"EEG-") else ""
    if kind == ".dat":
        return "BCI2000" if data[:8] in (b"BCI2000V", b"HeaderLe") else ""
    return KINDS.get(kind, "")


def header_of(files: Mapping[str, bytes]) -> str:
    """The file of a recording that is opened; the others are its parts.

    Raises:
        SampleError: there is none, or there are several recordings.
    """
    headers = [name for name in files if system(name, files[name]) and not name.startswith("recording.mff/")]
    if any(name.startswith("recording.mff/") for name in files):
        headers.append("recording.mff")
    for first in (".vhdr", ".set", ".lay"):
        if some := [name for name in headers if ending(name) == first]:
            headers = some
            break
    if len(headers) > 1 and all(ending(name) in (".fif", ".fif.gz") for name in headers):
        headers = sorted(headers, key=lambda name: (bool(re.search(r"-\d+\.fif", name)), name))[
            :1
        ]  # parts of one, MNE follows them
    if not headers:
        tables = [
            name
            for name in files
            if ending(name) in TABLES
            and not re.search(r"(channels|events|electrodes|participants|scans)\.tsv$|\.txt$|readme", name, re.I)
        ]
        tables = tables or [name for name in files if ending(name) == ".txt" and "readme" not in name.lower()]
        headers = tables
    if len(headers) != 1:
        listed = ", ".join((headers or list(files))[:8])
        raise SampleError(
            "A zip, or what is brought at once, should hold one recording: BrainVision's .vhdr, .vmrk and .eeg, "
            "EEGLAB's .set and .fdt, or one file of a system with the tables of BIDS beside it; this one holds "
            f"{listed}. Bring the files of one recording."
        )
    return headers[0]


def check_persyst(files: Mapping[str, bytes], header: str) -> dict[str, bytes]:
    """The files of a Persyst recording, without its subject's birthday, which MNE needs and nobody here does.

    Raises:
        SampleError: the data file is missing or lies elsewhere.
    """
    text = re.sub(rb"(?mi)^(BirthDate[ \t]*=).*$", rb"\g<1>01/01/1900", files[header])
    match = re.search(rb"(?mi)^File[ \t]*=[ \t]*(.*?)[ \t]*\r?$", text)
    name = re.split(r"[/\\]", match[1].decode("latin-1"))[-1] if match else ""
    parts = [other for other in files if ending(other) == ".dat"]
    came = named(name) if named(name) in files else parts[0] if len(parts) == 1 else ""
    if not match or not came:
        raise SampleError(
            f"The Persyst header names “{name:.80}” as its data; {', '.join(files)} came. Bring the .lay and its "
            ".dat together."
        )
    text = text[: match.start(1)] + came.encode() + text[match.end(1) :]
    return {**files, header: text}


def check_eeglab(files: Mapping[str, bytes], header: str) -> dict[str, bytes]:
    """The files of an EEGLAB set; data that were renamed with it are found.

    Raises:
        SampleError: the data file is missing or lies elsewhere, or this is no EEGLAB set.
    """
    data = files[header]
    try:
        inside = _set73(data) if data[:10] == b"MATLAB 7.3" else _set(data)
    except Exception as error:  # SciPy and HDF5 fail in many ways on damaged files
        raise SampleError(f"An EEGLAB .set file was expected; this one cannot be read ({error}).") from error
    if not isinstance(inside, str) or inside in files:
        return dict(files)
    parts = [name for name in files if ending(name) == ".fdt"]
    stem = [name for name in parts if Path(name).stem == Path(header).stem]
    if "/" in inside or "\\" in inside or not (stem or len(parts) == 1):
        raise SampleError(
            f"The data of this EEGLAB set lie in “{inside:.80}”; {', '.join(files)} came. Bring the .set and its .fdt "
            "together, or zip them."
        )
    renamed = dict(files)
    renamed[inside] = renamed.pop((stem or parts)[0])
    return renamed


def _set(data: bytes) -> Any:
    """The data of a set, or the name of the file in which they lie."""
    from scipy.io import loadmat

    content: Any = loadmat(BytesIO(data), squeeze_me=True, struct_as_record=False)
    content = content.get("EEG", content)
    return content["data"] if isinstance(content, dict) else content.data


def _set73(data: bytes) -> Any:
    """The same of a set in MATLAB 7.3, which is HDF5."""
    import h5py

    with h5py.File(BytesIO(data), "r") as file:
        stored = file["EEG/data"] if "EEG" in file else file["data"]
        if stored.size * stored.dtype.itemsize > LIMIT_UNPACKED:
            raise SampleError(UNPACKS)
        if stored.attrs.get("MATLAB_class") == b"char":
            return "".join(chr(int(code)) for code in stored[()].ravel())
    return None


def check_inflated(data: bytes) -> None:
    """Refuse a MATLAB 5 file whose compressed parts unpack to more than the limit.

    Raises:
        SampleError: there is too much in it.
    """
    offset, total = 128, 0
    while offset + 8 <= len(data):
        order: Literal["big", "little"] = "big" if data[126:128] == b"MI" else "little"
        kind, size = (int.from_bytes(data[offset + i : offset + i + 4], order) for i in (0, 4))
        if kind == 15:
            engine, end = zlib.decompressobj(), min(offset + 8 + size, len(data))
            for start in range(offset + 8, end, 2**16):
                piece = data[start : min(start + 2**16, end)]
                try:
                    while piece and not engine.eof:
                        total += len(engine.decompress(piece, 2**20))
                        piece = engine.unconsumed_tail
                        if total > LIMIT_UNPACKED:
                            raise SampleError(UNPACKS)
                except zlib.error:
                    break  # a damaged part is told where it is read
        offset += 8 + size
