"""EDF and BDF files before MNE reads them: channels of one rate, the records that are asked for, and their gaps.

MNE brings all channels of a file to the highest rate among them, and takes the records of a discontinuous recording as
if nothing lay between them. So the channels of one rate, and the records of a stretch, are cut out as a file of their
own, and where the times of records leave a gap, it is put into the signal as not numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.eeg.names import OTHERS, parts
from xviz.data.eeg.raw import Stretch

FIELDS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  #: bytes of each field of a channel in the header, in order
_APART = {b"EDF+D": b"EDF+C", b"BDF+D": b"BDF+C"}  #: mark of a discontinuous file → of the same without gaps
LONG_GAP = 4  #: times as long as what was recorded; gaps that are longer in sum are drawn together


@dataclass(frozen=True)
class Header:
    """Where things lie in the file."""

    start: int  #: byte at which the records begin
    record: int  #: bytes of a record
    seconds: float  #: of a record
    notes_at: int | None  #: byte of a record at which its notes, and the time, begin; None where there are none
    labels: tuple[str, ...] = ()  #: of the channels
    samples: tuple[int, ...] = ()  #: of each channel in a record
    wide: int = 2  #: bytes of a sample


@dataclass(frozen=True)
class Gap:
    """A time in which a discontinuous recording has nothing."""

    at: float  #: s of recorded signal before it
    onset: float  #: s since the beginning of the recording
    seconds: float  #: as the file has it
    kept: float  #: s that it takes in the signal


@dataclass(frozen=True, eq=False)
class Cut:
    """A file that MNE reads rightly, and what is to be said of it."""

    data: bytes
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float  #: of the whole recording without its gaps
    stretch: Stretch | None  #: which part of it the data are, of the recorded signal without gaps
    onset: float = 0.0  #: s since the beginning of the recording at which the data begin
    unscaled: tuple[str, ...] = ()  #: channels of which no amplitude is known


def cut(data: bytes, kind: str, most: int, wanted: Stretch | int) -> tuple[Cut, list[Stretch]]:
    """The channels of EEG at one rate, of a long recording one part.

    Args:
        data: An EDF or BDF file.
        kind: "EDF" or "BDF".
        most: Values of which a recording may have so many before it is read in parts.
        wanted: Which part, counted from 0, or a stretch.

    Returns:
        the file, and the parts of the recording, none where it is not long.

    Raises:
        SampleError: the header is damaged, the time of a record is missing, or there is no such part.
    """
    head = read_header(data, kind)
    count = (len(data) - head.start) // head.record
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    apart = data[192:197] in _APART
    if apart:
        gaps, notes = _gaps(data, head, count)
    keep, note, warned = one_rate(head)
    lost, unknown = unscaled(data, head)
    values = sum(head.samples[i] for i in keep if not head.labels[i].endswith("Annotations"))
    pieces: list[Stretch] = []
    first, last = 0, count
    stretch = None
    if values * count > most and head.seconds > 0:
        number = -(-values * count // most)
        length = -(-count // number)
        pieces = [
            Stretch(i * length * head.seconds, (min(count, (i + 1) * length) - i * length) * head.seconds)
            for i in range(-(-count // length))
        ]
        stretch = _wanted(pieces, wanted)
        first = int(stretch.start / head.seconds + 1e-9)
        last = min(count, int(np.ceil((stretch.start + stretch.seconds) / head.seconds - 1e-9)))
        stretch = Stretch(first * head.seconds, (last - first) * head.seconds)
    whole = len(keep) == len(head.labels) and (first, last) == (0, count)
    content = data if whole and not apart else reduced(data, head, keep, first, last)
    onset = first * head.seconds + sum(gap.seconds for gap in gaps if gap.at <= first * head.seconds + 1e-6)
    return Cut(content, gaps, notes + note, warned + unknown, count * head.seconds, stretch, onset, lost), pieces


def _wanted(pieces: Sequence[Stretch], wanted: Stretch | int) -> Stretch:
    """The part that is asked for.

    Raises:
        SampleError: there is none.
    """
    if isinstance(wanted, Stretch):
        return wanted
    if not 0 <= wanted < len(pieces):
        raise SampleError(f"The recording is read in {len(pieces)} parts, counted from 0; there is no {wanted}.")
    return pieces[wanted]


def reduced(data: bytes, head: Header, keep: Sequence[int], first: int, last: int) -> bytes:
    """A continuous file of some channels and records."""
    fields, offset, count = [], 256, len(head.labels)
    for width in FIELDS:
        field = data[offset : offset + width * count]
        fields.append(b"".join(field[i * width : (i + 1) * width] for i in keep))
        offset += width * count
    kind = _APART.get(data[192:197], data[192:197])
    top = data[:184] + f"{256 * (len(keep) + 1):<8}".encode() + kind + data[197:236] + f"{last - first:<8}".encode()
    top += data[244:252] + f"{len(keep):<4}".encode() + b"".join(fields)
    records = np.frombuffer(data, np.uint8, (last - first) * head.record, head.start + first * head.record)
    begins = np.concatenate([[0], np.cumsum(head.samples)]) * head.wide
    table = records.reshape(last - first, head.record)
    if len(keep) == count:
        return top + table.tobytes()
    return top + np.concatenate([table[:, begins[i] : begins[i + 1]] for i in keep], axis=1).tobytes()


def tidied(data: bytes) -> bytes:
    """The file, its header with spaces where zero bytes stand and points where numbers have a decimal comma."""
    try:
        count = int(data[252:256].strip(b"\0 "))
    except ValueError:
        return data
    head = bytearray(data[: 256 * (count + 1)].replace(b"\0", b" "))
    for start, end in ((184, 256), (256 + 104 * count, 256 + 136 * count), (256 + 216 * count, 256 + 224 * count)):
        head[start:end] = head[start:end].replace(b",", b".")
    return data if head == data[: len(head)] else bytes(head) + data[len(head) :]


def one_rate(head: Header) -> tuple[list[int], tuple[str, ...], tuple[str, ...]]:
    """Channels of the rate that most electrodes have, with the file's annotations; a note and a warning on others."""
    real = [i for i, label in enumerate(head.labels) if not label.endswith("Annotations")]
    rates = Counter(head.samples[i] for i in real)
    if len(rates) < 2 or head.seconds <= 0:
        return list(range(len(head.labels))), (), ()
    named = {i for i in real if _electrode(head.labels[i])}
    usual = max(rates, key=lambda n: (sum(head.samples[i] == n for i in named), n))
    gone = [i for i in real if head.samples[i] != usual]
    listed = ", ".join(f"{head.labels[i]} ({head.samples[i] / head.seconds:g} Hz)" for i in gone[:8]) + " …" * (
        len(gone) > 8
    )
    keep = [i for i in range(len(head.labels)) if i not in gone]
    rate = usual / head.seconds
    note = f"The channels of this file have different rates; those of {rate:g} Hz are read. Left out: {listed}."
    return keep, () if named.intersection(gone) else (note,), (note,) if named.intersection(gone) else ()


def _electrode(label: str) -> bool:
    words = set(re.split(r"[^0-9A-Za-z]+", label.upper()))
    return bool(parts(label)[0]) or ("EEG" in words and not OTHERS.intersection(words))


def _gaps(data: bytes, head: Header, count: int) -> tuple[tuple[Gap, ...], tuple[str, ...]]:
    """The gaps of a discontinuous recording, and a note on them."""
    onsets = np.array(
        [_onset(data[head.start + i * head.record : head.start + (i + 1) * head.record], head) for i in range(count)]
    )
    jumps = np.diff(onsets) - head.seconds
    places = np.flatnonzero(np.abs(jumps) > 1e-3)
    if (jumps[places] < 0).any():
        raise SampleError("The records of this discontinuous recording overlap in time. Export it as EDF+C.")
    if not len(places):
        return (), ()
    total, long = float(jumps[places].sum()), count * head.seconds * LONG_GAP
    lengths = np.minimum(jumps[places], 1.0) if total > long else jumps[places]
    gaps = tuple(
        Gap((i + 1) * head.seconds, float(onsets[i] + head.seconds - onsets[0]), float(jumps[i]), float(k))
        for i, k in zip(places, lengths, strict=True)
    )
    where = ", ".join(f"{gap.seconds:.4g} s after {gap.onset:.4g} s" for gap in gaps[:4]) + " …" * (len(gaps) > 4)
    note = (
        f"The recording has {len(gaps)} gap{'s' * (len(gaps) > 1)} ({where}), {count * head.seconds:.4g} s were "
        "recorded. Gaps are not numbers here: choose a stretch without one."
    )
    if total > long:
        note += " They are drawn together to 1 s at most, since they are far longer than what was recorded."
    return gaps, (note,)


def spread(signal: NDArray[np.floating], rate: float, gaps: Sequence[Gap], start: float = 0.0) -> NDArray[np.floating]:
    """(channel, time) with gaps put in as NaN; ``start`` s of recorded signal lie before it."""
    places = [(round((gap.at - start) * rate), round(gap.kept * rate)) for gap in gaps]
    pieces, last = [], 0
    for position, length in places:
        if 0 < position < signal.shape[1]:
            pieces += [signal[:, last:position], np.full((len(signal), length), np.nan)]
            last = position
    return np.concatenate([*pieces, signal[:, last:]], axis=1) if pieces else signal


def moved(onset: float, gaps: Sequence[Gap], start: float = 0.0) -> float:
    """A time since the beginning of the recording, s, on the axis of ``spread``."""
    recorded = onset - sum(gap.seconds for gap in gaps if onset >= gap.onset + gap.seconds - 1e-6)
    return recorded - start + sum(gap.kept for gap in gaps if start < gap.at <= recorded + 1e-6)


def _onset(record: bytes, head: Header) -> float:
    """When a record begins, s.

    Raises:
        SampleError: it does not say.
    """
    match = None if head.notes_at is None else re.match(rb"([+-]\d+(?:\.\d*)?)\x14", record[head.notes_at :])
    if match is None:
        raise SampleError("This discontinuous recording does not say when its records begin. Export it as EDF+C.")
    return float(match[1])


def unscaled(data: bytes, head: Header) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Channels whose header gives no scale, and a warning of them.

    Raises:
        SampleError: none has a scale.
    """
    low, high, least, greatest = _ranges(data, len(head.labels))
    real = [i for i, label in enumerate(head.labels) if not label.endswith("Annotations")]
    lost = tuple(head.labels[i] for i in real if low[i] == high[i] or least[i] == greatest[i])
    if not lost:
        return (), ()
    why = "minimum and maximum are the same in the header, so that no amplitude is known"
    if len(lost) == len(real):
        raise SampleError(f"The channels of this file have no scale: {why}. Export it again with the range in µV.")
    listed = ", ".join(lost[:8]) + " …" * (len(lost) > 8)
    return lost, (f"No scale: {listed}, whose {why}. They count as bad; export the file again to use them.",)


def _ranges(data: bytes, count: int) -> list[NDArray[np.float64]]:
    """Physical minimum and maximum, digital minimum and maximum, (channel,) each; damaged ones are not numbers."""
    return [
        np.array([_number(data[start + 8 * i : start + 8 * i + 8]) for i in range(count)])
        for start in (256 + (104 + 8 * k) * count for k in range(4))
    ]


def _number(field: bytes) -> float:
    try:
        return float(field)
    except ValueError:
        return np.nan


def scales(data: bytes, count: int) -> NDArray[np.float64]:
    """(channel,) how much one step of the numbers is, in the channel's unit, whichever way the ranges run."""
    low, high, least, greatest = _ranges(data, count)
    return np.asarray(np.abs((high - low) / np.where(greatest != least, greatest - least, 1)))


def read_header(data: bytes, kind: str) -> Header:
    """The header of an EDF or BDF file.

    Raises:
        SampleError: the header is damaged or cut short, or no record follows.
    """
    try:
        count, start, seconds = int(data[252:256]), int(data[184:192]), float(data[244:252])
        head = data[: 256 * (count + 1)]  # what follows can be large
        samples = [int(head[256 + 216 * count + 8 * i :][:8]) for i in range(count)]
        labels = [head[256 + 16 * i :][:16].strip().decode("latin-1") for i in range(count)]
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
    notes = next((i for i, label in enumerate(labels) if label.endswith("Annotations")), None)
    if all(label.endswith("Annotations") for label in labels):
        raise SampleError(f"This {kind} file holds annotations alone, no channel. Bring the file with the signals.")
    if not seconds:
        raise SampleError(
            f"The records of this {kind} file last 0 s, as its header says, so that its sampling rate is unknown. "
            "Export it again."
        )
    notes_at = None if notes is None else wide * sum(samples[:notes])
    return Header(start, record, seconds, notes_at, tuple(labels), tuple(samples), wide)
