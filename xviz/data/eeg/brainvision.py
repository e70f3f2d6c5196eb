"""Files of a BrainVision recording before MNE reads them: their code of letters, their names, and what was cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from xviz.core.errors import SampleError
from xviz.data.eeg.checks import ending, named

WIDTHS = {b"INT_16": 2, b"UINT_16": 2, b"INT_32": 4, b"IEEE_FLOAT_32": 4, b"IEEE_FLOAT_64": 8}  #: bytes of a number


def check_brainvision(files: Mapping[str, bytes], header: str) -> dict[str, bytes]:
    """The files of a BrainVision recording, the header naming those that came: parts that were renamed alike are found.

    Raises:
        SampleError: a file is missing or lies elsewhere.
    """
    files = {name: _in_utf8(data) if ending(name) in (".vhdr", ".vmrk") else data for name, data in files.items()}
    codes = "latin-1"  # every byte comes back as it was; names are compared in the header's own code
    text = files[header].decode(codes)
    if not re.search(r"(?mi)^[ \t]*DataFile[ \t]*=", text):
        raise SampleError(
            f"“{header:.60}” should be the header of a BrainVision recording, which names its DataFile; it does not. "
            "Export it again."
        )
    for key, endings in (("DataFile", (".eeg", ".dat", ".avg")), ("MarkerFile", (".vmrk",))):
        for match in re.finditer(rf"^[ \t]*{key}[ \t]*=[ \t]*(.*?)[ \t]*\r?$", text, re.MULTILINE | re.IGNORECASE):
            written = match[1].encode(codes).decode("utf-8", "replace")
            name = written.replace("$b", Path(header).stem)
            if name in files or (named(name) in files and "/" not in name):
                came = name if name in files else named(name)
            else:
                same = [other for other in files if ending(other) in endings]
                stem = [other for other in same if Path(other).stem == Path(header).stem]
                if re.search(r"[/\\]", name) or not (len(stem) == 1 or len(same) == 1):
                    raise SampleError(
                        f"The BrainVision header names “{name:.80}” as its {key}; {', '.join(files)} came. Bring the "
                        ".vhdr, .vmrk and .eeg of one recording together, or zip them; a BrainVision recording is "
                        "three files."
                    )
                came = (stem or same)[0]
            if came != written:
                text = text[: match.start(1)] + came.encode().decode(codes) + text[match.end(1) :]
                return check_brainvision({**files, header: text.encode(codes)}, header)
    return dict(files)


def _in_utf8(text: bytes) -> bytes:
    """A header or marker file in UTF-8, and saying so: programs before 2010 write Windows' Western code."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        western = text.decode("cp1252", "replace")
        western = re.sub(r"(?mi)^[ \t]*Codepage[ \t]*=.*$\n?", "", western)
        text = re.sub(r"(?m)^(\[Common Infos\].*\n)", r"\1Codepage=UTF-8\n", western, count=1).encode()
    return text


def cut_short(files: Mapping[str, bytes], header: str) -> tuple[str, ...]:
    """A warning where the data are shorter than the header says; nothing where it does not say how long they are."""

    def setting(key: bytes) -> bytes:
        match = re.search(rb"(?mi)^[ \t]*" + key + rb"[ \t]*=[ \t]*(.*?)[ \t]*\r?$", files[header])
        return match[1] if match else b""

    data = files.get(setting(b"DataFile").decode("utf-8", "replace"), b"")
    points, channels, wide = (
        setting(b"DataPoints"),
        setting(b"NumberOfChannels"),
        WIDTHS.get(setting(b"BinaryFormat"), 0),
    )
    if not (points.isdigit() and channels.isdigit() and int(channels) and wide):
        return ()
    samples = len(data) // (wide * int(channels))
    if samples >= int(points):
        return ()
    return (
        f"The data are cut short: the header says {int(points):,} samples, {samples:,} are there. Copy the .eeg again "
        "to have the rest.",
    )
