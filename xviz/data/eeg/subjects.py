"""One subject of DREAMER's file, cut out while the file is unpacked: as a whole it takes two gigabytes of memory.

The file is MATLAB's, of version 5 to 7 or 7.3. In the former, DREAMER is one compressed element: a struct whose field
Data is a cell (or an array of structs) of subjects, each with its length in front of it, so that others are passed
over. What is kept is written as a small file of the same kind, which SciPy reads.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, NoReturn

import numpy as np

from xviz.core.errors import SampleError
from xviz.data.eeg.matlab import mat_all, opened_hdf, stored

NAME, MANY = "DREAMER", "Data"  #: the variable, and its field that holds one entry a subject
KEPT = 256 * 2**20  #: bytes that may be kept; a subject of DREAMER has 90 MB
CHUNK = 2**16
MATRIX, COMPRESSED = 14, 15  #: kinds of elements
CELL, STRUCT = 1, 2  #: classes of arrays
DAMAGED = "DREAMER.mat is damaged or cut short ({}). Download it again."
FAULTS = (struct.error, zlib.error, ValueError)  #: what fails where the file is damaged
Take = Callable[[int], bytes]


@dataclass
class _Element:
    """The inside of an element of the file, read once from front to back."""

    take: Take
    order: str  #: "<" or ">"

    def skip(self, count: int) -> None:
        """Pass over bytes."""
        while count > 0:
            count -= len(self.take(min(count, 2**20)))

    def tag(self) -> tuple[int, int, bytes]:
        """Kind and length of the next element; what a short one holds in its own tag."""
        head = self.take(8)
        kind, count = struct.unpack(f"{self.order}II", head)
        if kind >> 16:  # a short one: length and kind in two bytes each
            return kind & 0xFFFF, 0, head
        return kind, count, b""

    def whole(self) -> bytes:
        """The next element with its tag and padding."""
        kind, count, short = self.tag()
        if short:
            return short
        if count > KEPT:
            _too_large(count)
        return struct.pack(f"{self.order}II", kind, count) + self.take(_padded(count))

    def pass_over(self) -> None:
        """Leave the next element out."""
        _, count, short = self.tag()
        if not short:
            self.skip(_padded(count))

    def fields(self) -> tuple[list[str], bytes]:
        """The names of a struct's fields, and the two elements that hold them."""
        width, names = self.whole(), self.whole()
        (length,) = struct.unpack(f"{self.order}i", _held(width, self.order)[:4])
        text = _held(names, self.order)
        if not 0 < length <= 64 or len(text) % length:
            raise ValueError("names of its fields are not as MATLAB writes them")
        fields = [text[i : i + length].split(b"\0")[0].decode("latin-1") for i in range(0, len(text), length)]
        return fields, width + names


def subject_of(data: bytes, index: int, more_than: int) -> tuple[dict[str, Any], int] | None:
    """What a large DREAMER file holds of one subject, as SciPy would give it, and how many subjects there are.

    Args:
        data: Bytes of the file.
        index: Of the subject, counted from 0.
        more_than: Bytes of the unpacked variable, from which on the file is large.

    Returns:
        None where the file is no such one; others read it then.

    Raises:
        SampleError: it is damaged, or has no such subject.
    """
    if data[:10] == b"MATLAB 7.3":
        return _of_hdf(data, index, more_than)
    order = ">" if data[126:128] == b"MI" else "<"
    for take in _variables(data, order):
        element = _Element(take, order)
        try:
            kind, count, short = element.tag()
            if kind != MATRIX or short or count <= more_than:
                continue
            flags, sizes, name = element.whole(), element.whole(), element.whole()
            if _held(name, order) != NAME.encode():
                continue
        except FAULTS as error:
            if index:  # nothing else has parts
                raise SampleError(DAMAGED.format(error)) from error
            continue  # who reads all of the file tells what is wrong with it
        try:
            body, subjects = _of_struct(element, order, index)
        except FAULTS as error:
            raise SampleError(DAMAGED.format(error)) from error
        inside = flags + sizes + name + body
        smaller = data[:128] + struct.pack(f"{order}II", MATRIX, len(inside)) + inside
        return mat_all(smaller, limit=False), subjects
    return None


def _variables(data: bytes, order: str) -> Iterator[Take]:
    """Of each variable of the file, what hands out its bytes."""
    offset = 128
    while offset + 8 <= len(data):
        kind, count = struct.unpack_from(f"{order}II", data, offset)
        yield _inflating(data, offset + 8, count) if kind == COMPRESSED else _from(data, offset)
        offset += 8 + (count if kind == COMPRESSED else _padded(count))


def _from(data: bytes, offset: int) -> Take:
    """Hands out bytes from a place on."""

    def take(count: int) -> bytes:
        nonlocal offset
        if offset + count > len(data):
            raise ValueError("it ends too early")
        offset += count
        return data[offset - count : offset]

    return take


def _inflating(data: bytes, offset: int, count: int) -> Take:
    """Hands out bytes of a compressed element, never more of them unpacked than asked for."""
    engine, end, pending = zlib.decompressobj(), min(offset + count, len(data)), b""

    def take(wanted: int) -> bytes:
        nonlocal offset, pending
        pieces: list[bytes] = []
        while wanted > 0:
            if not pending:
                pending, offset = data[offset : min(offset + CHUNK, end)], min(offset + CHUNK, end)
            piece = engine.decompress(pending, wanted)
            if not piece and (engine.eof or (not engine.unconsumed_tail and offset >= end)):
                raise ValueError("it ends too early")
            pending, wanted = engine.unconsumed_tail, wanted - len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    return take


def _of_struct(element: _Element, order: str, index: int) -> tuple[bytes, int]:
    """The fields of the variable, of its subjects one; and how many there are."""
    fields, names = element.fields()
    if MANY not in fields:
        raise SampleError(f"DREAMER should hold {MANY}, of each subject; it holds {', '.join(fields)[:200]}.")
    parts, subjects = [names], 0
    for field in fields:
        if field == MANY:
            part, subjects = _one_of(element, order, index)
        else:
            part = element.whole()
        parts.append(part)
        _check_kept(parts)
    return b"".join(parts), subjects


def _one_of(element: _Element, order: str, index: int) -> tuple[bytes, int]:
    """One entry of a cell or of an array of structs, as such a one of one entry; and how many there were."""
    element.tag()
    flags, sizes, name = element.whole(), element.whole(), element.whole()
    kind = struct.unpack(f"{order}I", _held(flags, order)[:4])[0] & 0xFF
    count = int(np.prod(np.frombuffer(_held(sizes, order), f"{order}i4"), dtype=np.int64))
    if kind not in (CELL, STRUCT):
        raise SampleError(f"{MANY} of DREAMER should be a cell or struct of subjects. Use the file as it came.")
    _check(index, count)
    head, each = b"", 1
    if kind == STRUCT:
        fields, head = element.fields()
        each = len(fields)
    wanted = []
    for entry in range(count):
        for _ in range(each):
            if entry == index:
                wanted.append(element.whole())
                _check_kept(wanted)
            else:
                element.pass_over()
    single = struct.pack(f"{order}IIii", 5, 8, 1, 1)
    inside = flags + single + name + head + b"".join(wanted)
    return struct.pack(f"{order}II", MATRIX, len(inside)) + inside, count


def _check_kept(parts: list[bytes]) -> None:
    """See that what is kept is no more than a subject has."""
    if (count := sum(map(len, parts))) > KEPT:
        _too_large(count)


def _too_large(count: int) -> NoReturn:
    raise SampleError(
        f"One subject of this DREAMER file has {count >> 20} MiB; at most {KEPT >> 20} MiB are read. Use the file as "
        "it was downloaded."
    )


def _padded(count: int) -> int:
    """Bytes that so many take in the file."""
    return -(-count // 8) * 8


def _held(element: bytes, order: str) -> bytes:
    """What is in an element of numbers or characters."""
    kind, count = struct.unpack(f"{order}II", element[:8])
    if kind >> 16:
        return element[4 : 4 + (kind >> 16)]
    return element[8 : 8 + count]


def _of_hdf(data: bytes, index: int, more_than: int) -> tuple[dict[str, Any], int] | None:
    """The same of a file that was saved anew as version 7.3."""
    import h5py

    try:
        with h5py.File(BytesIO(data), "r") as file:
            variable = file.get(NAME)
            if not isinstance(variable, h5py.Group) or MANY not in variable or stored(file) <= more_than:
                return None
            subjects = variable[MANY]
            entries = {"": subjects} if isinstance(subjects, h5py.Dataset) else dict(subjects.items())
            if any(dataset.dtype != h5py.ref_dtype for dataset in entries.values()):
                raise SampleError(f"{MANY} of DREAMER should be a cell or struct of subjects. Use the file as it came.")
            count = min(dataset.size for dataset in entries.values())
            _check(index, count)
            single = {name: opened_hdf(file, file[np.ravel(dataset[()].T)[index]]) for name, dataset in entries.items()}
            others = {name: opened_hdf(file, dataset) for name, dataset in variable.items() if name != MANY}
    except SampleError:
        raise
    except Exception as error:  # HDF5 fails in many ways on damaged files
        raise SampleError(DAMAGED.format(error)) from error
    return {NAME: {**others, MANY: [single.get("", single)]}}, count


def _check(index: int, count: int) -> None:
    """See that there is such a subject."""
    if not 0 <= index < count:
        raise SampleError(f"The file holds {count} subjects, counted from 0; there is no {index}.")
