"""Which stretch of a recording is judged: one without gaps and without what is marked bad, where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation, Eeg

MINUTE = 60.0  #: s that the shipped model reads
LEAST = 30.0  #: s without which it reads nothing


@dataclass(frozen=True)
class Found:
    """A stretch that can be used, after the rest."""

    start: float  #: s
    seconds: float
    avoided: tuple[str, ...]  #: what lies elsewhere and not in it, in words
    clean: bool  #: whether nothing of that is in it


def crop(eeg: Eeg, start: float, seconds: float, rest: float | None = None) -> Eeg:
    """A stretch of a recording, ``start`` s after its rest, with the rest in front of it.

    Args:
        eeg: The recording.
        start: s after its rest.
        seconds: How long the stretch is.
        rest: s right before the stretch that are taken as rest in the place of the recording's own; None for that one.

    Raises:
        SampleError: there is nothing of it.
    """
    if rest is not None:
        before = min(rest, eeg.rest + start)
        cut = crop(replace(eeg, rest=0.0), eeg.rest + start - before, before + seconds)
        note = f"Rest: the {before:.4g} s before the stretch, as chosen."
        return replace(cut, rest=before, notes=(*cut.notes, note))
    own, first = round(eeg.rest * eeg.rate), round((eeg.rest + start) * eeg.rate)
    signal = eeg.signal[:, first : first + round(seconds * eeg.rate)]
    if start < 0 or not signal.shape[1]:
        raise SampleError(f"The recording has {eeg.seconds - eeg.rest:.4g} s; there is nothing from {start:g} s on.")
    length = signal.shape[1] / eeg.rate
    note = f"Only {start:g}–{start + length:g} s of the recording."
    moved = tuple(
        replace(mark, onset=mark.onset - start)
        for mark in eeg.annotations
        if eeg.rest + start < mark.onset + max(mark.seconds, 1e-9) and mark.onset < eeg.rest + start + length
    )
    return replace(
        eeg, signal=np.concatenate([eeg.signal[:, :own], signal], 1), notes=(*eeg.notes, note), annotations=moved
    )


def best(eeg: Eeg, seconds: float = MINUTE, *, bad: bool = True) -> Found:
    """The first stretch of so many seconds without gaps; where there is none, the longest that can be used.

    Args:
        eeg: The recording.
        seconds: How long it should be.
        bad: Whether annotations that mark bad stretches are kept out too.
    """
    whole = eeg.seconds - eeg.rest
    blocked = [("not numbers", *hole) for hole in holes(eeg.signal, eeg.rate)]
    if bad:
        blocked += [
            (f"“{mark.label}”", mark.onset, mark.onset + max(mark.seconds, 1 / eeg.rate))
            for mark in eeg.annotations
            if mark.bad
        ]
    free = free_of([(a - eeg.rest, b - eeg.rest) for _, a, b in blocked], whole)
    wanted = min(seconds, whole)
    fitting = [(a, b) for a, b in free if b - a >= wanted - 1 / eeg.rate]
    start, length = (fitting[0][0], wanted) if fitting else (0.0, wanted)
    longest = max(free, key=lambda pair: pair[1] - pair[0], default=(0.0, 0.0))
    if not fitting and longest[1] - longest[0] >= LEAST:
        start, length = longest[0], longest[1] - longest[0]
    start = float(np.ceil(start * eeg.rate) / eeg.rate)
    avoided = tuple(
        f"{reason}, {a - eeg.rest:.4g}–{b - eeg.rest:.4g} s" for reason, a, b in blocked
        if b - eeg.rest <= start + 1e-6 or a - eeg.rest >= start + length - 1e-6
    )  # fmt: skip
    hit = any(a - eeg.rest < start + length - 1e-6 and b - eeg.rest > start + 1e-6 for _, a, b in blocked)
    return Found(start, length, avoided if start or length < wanted else (), not hit)


def free_of(blocked: Sequence[tuple[float, float]], whole: float) -> list[tuple[float, float]]:
    """Stretches between blocked ones, s."""
    last, free = 0.0, []
    for a, b in [*sorted(blocked), (whole, whole)]:
        if a > last:
            free.append((last, a))
        last = max(last, b)
    return free


def warned(eeg: Eeg) -> Eeg:
    """The recording, with a warning of what in it is marked bad and what to do."""
    marks = [mark for mark in eeg.annotations if mark.bad and mark.seconds > 0]
    if not marks:
        return eeg
    where = ", ".join(
        f"“{mark.label}” from {mark.onset:.4g} to {mark.onset + mark.seconds:.4g} s" for mark in marks[:3]
    )
    warning = f"This stretch holds what the recording marks as bad: {where}. Choose another stretch to leave it out."
    return replace(eeg, warnings=(*eeg.warnings, warning))


def holes(signal: NDArray[np.floating], rate: float) -> list[tuple[float, float]]:
    """Stretches, in s, at which most channels that ever hold numbers hold none."""
    fine = np.isfinite(signal)
    alive = fine.any(1)
    if not alive.any():
        return [(0.0, signal.shape[1] / rate)]
    empty = fine[alive].mean(0) < 0.5
    return [(float(a) / rate, float(b) / rate) for a, b in runs(empty)]


def runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n, 2) first sample and the one after the last of every stretch of (samples,) that is True."""
    return np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))).reshape(-1, 2)


def closed(eeg: Eeg) -> Eeg:
    """A recording whose gaps are closed: samples at which most channels hold no number are taken out, which is said."""
    gaps = holes(eeg.signal, eeg.rate)
    keep = np.ones(eeg.signal.shape[1], bool)
    for a, b in gaps:
        keep[round(a * eeg.rate) : round(b * eeg.rate)] = False
    if keep.all():
        return eeg
    before = np.concatenate([[0], np.cumsum(keep)])

    def moved(moment: float) -> float:
        return float(before[min(max(round(moment * eeg.rate), 0), len(keep))]) / eeg.rate

    marks = [
        replace(mark, onset=moved(mark.onset), seconds=moved(mark.onset + mark.seconds) - moved(mark.onset))
        for mark in eeg.annotations
        if mark.label != "BAD gap"
    ]
    joins = [Annotation(moved(a), 0.0, "join") for a, b in gaps if a > 0 and b < eeg.seconds - 1e-6]
    note = (
        f"{len(gaps)} gap{'s were' if len(gaps) > 1 else ' was'} closed ({sum(b - a for a, b in gaps):.4g} s): "
        "windows over a join hold two times."
    )
    return replace(
        eeg, signal=eeg.signal[:, keep], annotations=tuple(sorted([*marks, *joins], key=lambda mark: mark.onset)),
        warnings=(*eeg.warnings, note),
    )  # fmt: skip


@dataclass(frozen=True)
class Label:
    """The events of one label."""

    label: str
    onsets: tuple[float, ...]  #: s


def labels(eeg: Eeg) -> tuple[Label, ...]:
    """The events of a recording by label, those that come first standing first; not what marks bad stretches."""
    onsets_of: dict[str, list[float]] = {}
    for mark in eeg.annotations:
        if not mark.bad and mark.label != "join":
            onsets_of.setdefault(mark.label, []).append(mark.onset)
    return tuple(Label(label, tuple(onsets)) for label, onsets in onsets_of.items())


def epochs(eeg: Eeg, onsets: Sequence[float], before: float, after: float) -> tuple[NDArray[np.float32], int]:
    """Stretches around events, (event, channel, time), and how many were left out: cut off, or not numbers.

    Args:
        eeg: The recording.
        onsets: Of the events, s.
        before: s before an event.
        after: s after it.
    """
    first, length = round(-before * eeg.rate), round((before + after) * eeg.rate)
    cut = []
    for onset in onsets:
        first_sample = round(onset * eeg.rate) + first
        part = eeg.signal[:, first_sample : first_sample + length] if first_sample >= 0 else eeg.signal[:, :0]
        if part.shape[1] == length and np.isfinite(part).any(1).sum() > 0.5 * len(part):
            cut.append(part)
    stacked = np.stack(cut) if cut else np.zeros((0, len(eeg.signal), length), np.float32)
    return stacked, len(onsets) - len(cut)
