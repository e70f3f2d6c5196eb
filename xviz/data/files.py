"""Bytes that people bring, arrays in them and zips of them, each checked against limits before room is made for it."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import prod
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from xviz.core.errors import SampleError

File = bytes | BinaryIO | Path

MOST_FILES = 5000  #: in a zip
LIMIT_UNPACKED = 2 * 2**30  #: bytes of all files of a zip together
FREE, RATIO = 64 * 2**20, 100  #: a zip that unpacks to more than so many bytes may unpack to so many times its own
NUMBERS = "fiub"  #: kinds of numpy types that are numbers
_HEADERS: dict[tuple[int, int], Callable] = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_bytes(file: File, limit: int) -> bytes:
    """The file's bytes, never more than ``limit``.

    Raises:
        SampleError: there are none, or more.
    """
    if isinstance(file, Path):
        with file.open("rb") as opened:
            data = opened.read(limit + 1)
    else:
        data = file if isinstance(file, bytes) else file.read(limit + 1)
    if not data:
        raise SampleError("A file is needed; this one is empty. Choose another.")
    if len(data) > limit:
        raise SampleError(f"A file may have {limit // 2**20} MB; this one has more. Save it smaller.")
    return data


def read_npy(opened: BinaryIO, name: str, kinds: str = NUMBERS) -> NDArray:
    """One array of an ``.npy`` file, its header checked against the bytes there are; nothing is unpickled.

    Args:
        opened: the file; a member of a zip must have been checked against the zip's limits.
        name: for messages.
        kinds: letters of the kinds of numpy types that may come; V lets structured types of these through.

    Raises:
        SampleError: it holds objects or other types.
        ValueError: it is damaged.
    """
    version = npy.read_magic(opened)
    if version not in _HEADERS:
        raise ValueError(f"“{name}” is of an unknown version {version}")
    shape, fortran, kind = _HEADERS[version](opened)
    held = [kind] if kind.fields is None else [kind[field] for field in kind.fields]
    if kind.hasobject or any(one.kind not in kinds for one in [kind, *held]):
        raise SampleError(f"Arrays must be of numbers; “{name}” holds {kind}. Save it as float32.")
    values = opened.read()
    if prod(shape) * kind.itemsize != len(values):
        raise ValueError(f"“{name}” says {shape} and holds {len(values)} bytes")
    return np.frombuffer(values, kind).reshape(shape, order="F" if fortran else "C")


@dataclass(frozen=True, eq=False)
class Archive:
    """A zip whose directory is within limits; files are unpacked when asked for, into memory only."""

    held: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo]  #: path inside the zip → entry, files only

    def read(self, path: str) -> bytes:
        """The bytes of one file.

        Raises:
            SampleError: it is damaged, or longer than the zip says.
        """
        entry = self.members[path]
        try:
            with self.held.open(entry) as opened:
                data = opened.read(entry.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise SampleError(f"“{path}” in the zip is damaged ({error}). Zip it anew.") from error
        if len(data) != entry.file_size:
            raise SampleError(f"“{path}” is not as long as the zip says. Zip it anew.")
        return data


def open_zip(data: bytes) -> Archive:
    """The files of a zip, none of which lies outside it, links elsewhere, is locked or unpacks without end.

    Raises:
        SampleError: it is no zip, or out of limits.
    """
    try:
        held = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise SampleError(f"The zip is damaged or none at all ({error}). Zip the files anew.") from error
    entries = [one for one in held.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    if len(entries) > MOST_FILES:
        raise SampleError(
            f"A zip may hold {MOST_FILES:,} files; this one holds {len(entries):,}. Zip the cloud and some photos, "
            "such as every 20th."
        )
    total = sum(entry.file_size for entry in entries)
    if total > LIMIT_UNPACKED or total > max(FREE, RATIO * len(data)):
        raise SampleError(
            f"A zip may unpack to {LIMIT_UNPACKED >> 20:,} MB and {RATIO} times its own size; this one claims "
            f"{total >> 20:,} MB from {len(data) / 2**20:.1f} MB and was refused. Zip fewer photos."
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        _check(entry, members)
        members[entry.filename] = entry
    return Archive(held, members)


def _check(entry: zipfile.ZipInfo, before: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse an entry that plays tricks."""
    path, name = PurePosixPath(entry.filename), entry.filename
    refused = ""
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not path.parts or "\0" in name:
        refused = "has a path that leads out of the zip"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        refused = "is a link to another file"
    elif entry.flag_bits & 1:
        refused = "is locked with a password"
    elif name in before:
        refused = "is there twice"
    elif entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        refused = "is compressed in an unusual way"
    elif path.suffix.lower() in (".zip", ".gz", ".7z", ".rar", ".tar", ".xz", ".bz2"):
        refused = "is an archive inside the zip"
    if refused:
        raise SampleError(f"“{name:.80}” {refused}, so that the zip was refused. Zip the plain files of one folder.")
