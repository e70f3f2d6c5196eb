"""Bytes that people bring, arrays in them and zips of them, each checked against limits before room is made for it."""

from __future__ import annotations

import ast
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from math import prod
from pathlib import Path, PurePosixPath
from tokenize import TokenError
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
_LONGEST = 1 << 16  #: bytes of an array's header
#: what zipfile is known to raise on damaged files
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    LookupError, TypeError, AttributeError, OverflowError,
)  # fmt: skip
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
    shape, fortran, kind = _header(opened, version)
    fields = [kind] if kind.fields is None else [kind[field] for field in kind.fields]
    if kind.hasobject or any(dtype.kind not in kinds for dtype in [kind, *fields]):
        raise SampleError(f"Arrays must be of numbers; “{name}” holds {kind}. Save it as float32.")
    values = opened.read()
    if prod(shape) * kind.itemsize != len(values):
        raise ValueError(f"“{name}” says {shape} and holds {len(values)} bytes")
    return np.frombuffer(values, kind).reshape(shape, order="F" if fortran else "C")


def _header(opened: BinaryIO, version: tuple[int, int]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type of an array; of fields that share a name the later ones are numbered."""
    begin = opened.tell()
    try:
        return _HEADERS[version](opened)
    except (ValueError, TokenError) as error:  # the header is Python, which NumPy takes apart
        opened.seek(begin)
        size = int.from_bytes(opened.read(2 if version == (1, 0) else 4), "little")
        try:
            header = ast.literal_eval(opened.read(min(size, _LONGEST)).decode("latin-1"))
            fields = [tuple(field) for field in header["descr"]]
            names = [field[0] for field in fields]
            if len(set(names)) == len(names):
                raise ValueError(f"a header that is none ({error})") from error
            unique = [
                (f"{name} ({names[:i].count(name) + 1})" if name in names[:i] else name) for i, name in enumerate(names)
            ]
            kind = np.dtype([(name, *field[1:]) for name, field in zip(unique, fields, strict=True)])
            return tuple(int(side) for side in header["shape"]), bool(header["fortran_order"]), kind
        except (SyntaxError, TypeError, KeyError, IndexError, RecursionError, MemoryError) as other:
            raise ValueError(f"a header that is none ({error})") from other


@dataclass(frozen=True, eq=False)
class Archive:
    """A zip whose directory is within limits; files are unpacked when asked for, into memory only."""

    held: zipfile.ZipFile
    members: dict[str, zipfile.ZipInfo]  #: path inside the zip → entry, files only
    left_out: dict[str, str] = field(default_factory=dict)  #: path of a file that cannot be used → why

    def read(self, path: str) -> bytes:
        """The bytes of one file.

        Raises:
            SampleError: it is damaged, or longer than the zip says.
        """
        entry = self.members[path]
        try:
            with self.held.open(entry) as opened:
                data = opened.read(entry.file_size + 1)
        except _DAMAGE as error:
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
        archive = zipfile.ZipFile(BytesIO(data))
    except _DAMAGE as error:
        raise SampleError(f"The zip is damaged or none at all ({error}). Zip the files anew.") from error
    entries = [
        member for member in archive.infolist() if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
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
    left_out: dict[str, str] = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/")  # as old programs on Windows write paths
        _check(entry, name, members)
        if why := _unusable(entry, name):
            left_out[name] = why
        else:
            members[name] = entry
    return Archive(archive, members, left_out)


def _check(entry: zipfile.ZipInfo, name: str, before: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse an entry that plays tricks."""
    path = PurePosixPath(name)
    refused = ""
    if path.is_absolute() or ".." in path.parts or ":" in name or not path.parts or "\0" in name:
        refused = "has a path that leads out of the zip"
    elif stat.S_ISLNK(entry.external_attr >> 16):
        refused = "is a link to another file"
    elif name in before:
        refused = "is there twice"
    if refused:
        raise SampleError(f"“{name:.80}” {refused}, so that the zip was refused. Zip the plain files of one folder.")


def _unusable(entry: zipfile.ZipInfo, name: str) -> str:
    """Why one file of a zip cannot be used, in words; empty where it can."""
    if entry.flag_bits & 1:
        return "locked with a password"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed in an unusual way"
    if name.lower().endswith((".zip", ".tar.gz", ".tgz", ".7z", ".rar", ".tar", ".xz", ".bz2")):
        return "an archive inside the zip"
    return ""
