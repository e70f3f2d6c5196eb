"""EDF and BDF files before MNE reads them: their header, and the longest stretch of a discontinuous recording."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import numpy as np

from xviz.core.errors import SampleError


@dataclass(frozen=True)
class Header:
    """Where things lie in the file."""

    start: int  #: byte at which the records begin
    record: int  #: bytes of a record
    seconds: float  #: of a record
    notes_at: int | None  #: byte of a record at which its notes, and the time, begin; None where there are none


def continuous(data: bytes, kind: str) -> tuple[bytes, tuple[str, ...]]:
    """An EDF or BDF file without gaps: of a discontinuous one the longest stretch, with a note that says so.

    Raises:
        SampleError: the header is cut short, or there is no time keeping.
    """
    head = read_header(data, kind)
    if data[192:197] not in (b"EDF+D", b"BDF+D"):
        return data, ()
    records = [data[at : at + head.record] for at in range(head.start, len(data) - head.record + 1, head.record)]
    onsets = [_onset(record, head) for record in records]
    cuts = [0, *(np.flatnonzero(np.abs(np.diff(onsets) - head.seconds) > 1e-3) + 1), len(records)]
    first, last = max(itertools.pairwise(cuts), key=lambda pair: pair[1] - pair[0])
    fixed = data[:196] + b"C" + data[197:236] + f"{last - first:<8}".encode() + data[244 : head.start]
    notes: tuple[str, ...] = ()
    if len(cuts) > 2:
        notes = (
            f"The recording has {len(cuts) - 2} gap{'s' * (len(cuts) > 3)}; its longest stretch is read, "
            f"{(last - first) * head.seconds:.4g} s from {onsets[first]:.4g} s on.",
        )
    return fixed + b"".join(records[first:last]), notes


def _onset(record: bytes, head: Header) -> float:
    """When a record begins, s.

    Raises:
        SampleError: it does not say.
    """
    found = None if head.notes_at is None else re.match(rb"([+-]\d+(?:\.\d*)?)\x14", record[head.notes_at :])
    if found is None:
        raise SampleError("This discontinuous recording does not say when its records begin. Export it as EDF+C.")
    return float(found[1])


def read_header(data: bytes, kind: str) -> Header:
    """The header of an EDF or BDF file.

    Raises:
        SampleError: the header is damaged or cut short, or no record follows.
    """
    try:
        count, start, seconds = int(data[252:256]), int(data[184:192]), float(data[244:252])
        head = data[: 256 * (count + 1)]  # what follows can be large
        samples = [int(head[256 + 216 * count + 8 * i :][:8]) for i in range(count)]
        labels = [head[256 + 16 * i :][:16].strip() for i in range(count)]
        if start != 256 * (count + 1) or min(samples) < 1 or seconds < 0:
            raise ValueError("its numbers contradict each other")
    except ValueError as error:
        raise SampleError(
            f"The header of this {kind} file is damaged or cut short ({error}). Export or download it again."
        ) from error
    wide = 3 if kind == "BDF" else 2
    record = wide * sum(samples)
    if len(data) < start + record:
        raise SampleError(f"This {kind} file ends before its first record of {seconds:g} s. Download it again.")
    notes = next((i for i, label in enumerate(labels) if label.endswith(b"Annotations")), None)
    return Header(start, record, seconds, None if notes is None else wide * sum(samples[:notes]))
