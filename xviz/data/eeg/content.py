"""What a recording is where its name does not say: by its first bytes."""

from __future__ import annotations

import io
import zipfile

from xviz.data.eeg.checks import BRAINVISION, EEGLAB, KINDS, NIHON, TABLES, ending

ENDINGS = BRAINVISION | EEGLAB | NIHON | TABLES | set(KINDS) | {".zip", ".json"}
WORKBOOKS = (".xlsx", ".xls", ".ods")
#: first bytes → the ending of such files
FIRST = (
    (b"0       ", ".edf"), (b"\xffBIOSEMI", ".bdf"), (b"GDF 1.", ".gdf"), (b"GDF 2.", ".gdf"), (b"XDF:", ".xdf"),
    (b"\x00\x00\x00\x64\x00\x00\x00\x1f\x00\x00\x00\x14\x00\x00\x00\x00", ".fif"), (b"Version 3.0", ".cnt"),
    (b"\x93NUMPY", ".npy"), (b"MATLAB 5.0", ".mat"), (b"MATLAB 7.3", ".mat"), (b"\x89HDF\r\n\x1a\n", ".mat"),
    (b"* MICROMED", ".trc"), (b"\x1f\x8b", ".fif.gz"),
)  # fmt: skip


def export_step(kind: str) -> str:
    """What to do with a file of that ending, which is none of a recording."""
    if kind in WORKBOOKS:
        return "Save the table as CSV."
    return "Unpack it first." if kind.endswith((".gz", ".7z", ".rar", ".tar", ".bz2")) else "Export it as EDF or FIF."


def named_by_content(name: str, data: bytes) -> str:
    """The name, with the ending of its content where its own is not one of recordings, or EDF and BDF are mixed up."""
    if ending(name) in (".edf", ".bdf"):  # one is often named for the other, and its numbers are of another width
        right = next((kind for first, kind in FIRST[:2] if data.startswith(first)), ending(name))
        return name if ending(name) == right else name[: -len(right)] + right
    if ending(name) in ENDINGS:
        return name
    for first, kind in FIRST:
        if data.startswith(first) and not (kind == ".fif.gz" and name.lower().endswith(".gz")):
            return name + kind
    if data[:4] in (b"RIFF", b"RF64") and data[8:12].upper().startswith(b"CNT"):
        return name + ".cnt"
    if data.startswith(b"PK"):
        try:
            members = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except (zipfile.BadZipFile, ValueError, OSError):
            return name
        if "[Content_Types].xml" in members:  # a workbook
            return name if ending(name) in WORKBOOKS else name + WORKBOOKS[0]
        return name + (".npz" if members and all(member.endswith(".npy") for member in members) else ".zip")
    return name
