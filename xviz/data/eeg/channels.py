"""From the channels of a recording to the electrodes that a model reads, and what is done about the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.caps import nearest
from xviz.data.eeg.causes import refusal
from xviz.data.eeg.names import Naming, parts, places, plain
from xviz.data.eeg.naming import naming
from xviz.data.eeg.stretch import best, crop, warned

__all__ = ["ChannelReport", "Missing", "inspect", "match", "places", "plain"]

Missing = Literal["interpolate", "leave out"]
LEAST = 8  #: electrodes that must be found, or all where fewer are wanted
NEAR = 0.1  #: m between the electrodes of a bipolar channel that has a place
FLAT = 1e-3  #: µV, standard deviation below which a channel is flat


@dataclass(frozen=True)
class ChannelReport:
    """How the channels of a recording became the electrodes that a model reads."""

    matched: tuple[str, ...]  #: electrodes found under their own name
    renamed: Mapping[str, str]  #: electrode → what the recording calls it
    missing: tuple[str, ...]  #: electrodes that the recording lacks
    silent: Mapping[str, str]  #: electrode → "flat", "marked bad" or where it holds no numbers: it is there, but unused
    interpolated: tuple[str, ...]  #: electrodes whose signal was made from their neighbours
    duplicates: tuple[str, ...]  #: electrodes named twice or more; the first channel counts
    unused: tuple[str, ...]  #: channels that are no wanted electrode
    bipolar: tuple[str, ...] = ()  #: channels that are differences of two electrodes
    reference: str = ""  #: what the voltages were measured against, in words
    layout: str = ""  #: whose cap the names are those of
    refusal: str = ""  #: why the recording cannot be used, and what to do; "" where it can

    def rows(self) -> list[dict[str, str]]:
        """One row for each electrode and each unused channel: electrode, channel of the file, what was done."""
        origins = {name: (name, "matched") for name in self.matched}
        how = f"renamed, by the layout of {self.layout}" if self.layout else "renamed"
        origins |= {name: (own, how) for name, own in self.renamed.items()}
        origins |= dict.fromkeys(self.missing, ("", "missing"))
        rows = []
        for name, (own, done) in origins.items():
            if name in self.silent:
                done = f"{done}, but {self.silent[name]}"
            if name in self.interpolated:
                done = f"{done}; interpolated"
            elif name in self.missing or name in self.silent:
                done = f"{done}; left out"
            twice = "; named twice, the first counts" if name in self.duplicates else ""
            rows.append({"electrode": name, "channel": own, "what": done + twice})
        pairs = [{"electrode": "", "channel": name, "what": "bipolar, not used"} for name in self.bipolar]
        others = [name for name in self.unused if name not in self.bipolar]
        return rows + pairs + [{"electrode": "", "channel": name, "what": "not used"} for name in others]


@dataclass(frozen=True, eq=False)
class _Found:
    """What of a recording is which wanted electrode."""

    naming: Naming
    index: Mapping[str, int]  #: wanted electrode → channel
    silent: Mapping[str, str]  #: wanted electrode → why it is not used


def match(
    eeg: Eeg,
    wanted: Sequence[str] = BIOSEMI32,
    *,
    missing: Missing = "interpolate",
    rename: Mapping[str, str] | None = None,
    keep_bads: bool = False,
) -> tuple[Eeg, ChannelReport]:
    """A recording with exactly the wanted electrodes, in their order.

    Args:
        eeg: The recording.
        wanted: Names of electrodes.
        missing: What to do for electrodes that are missing, silent or marked bad: make their signal from all
            neighbours that the recording has (MNE's spherical splines), or leave them out (NaN, so that the model
            takes them as absent).
        rename: Channel → the electrode that it is, as a person says.
        keep_bads: Whether channels that the recording marks as bad are used nevertheless.

    Raises:
        SampleError: too few of the electrodes can be used; the sentence names the cause and what to do.
    """
    inspected, report = _inspected(eeg, wanted, rename or {}, keep_bads)
    if report.refusal:
        raise SampleError(report.refusal)
    lacking = [name for name in wanted if name not in inspected.index or name in inspected.silent]
    signal = np.full((len(wanted), eeg.signal.shape[1]), np.nan, np.float32)
    for row, name in enumerate(wanted):
        if name not in lacking:
            signal[row] = eeg.signal[inspected.index[name]]
    bads = () if keep_bads else eeg.bads
    interpolated = (
        _interpolated(eeg, inspected.naming.electrodes, lacking, bads) if missing == "interpolate" and lacking else {}
    )
    for name, values in interpolated.items():
        signal[list(wanted).index(name)] = values
    report = replace(report, interpolated=tuple(interpolated))
    bad = tuple(name for name, why in inspected.silent.items() if why == BAD)
    note = f"Marked bad in the file, and {'interpolated' if interpolated else 'left out'}: {', '.join(bad)}."
    return replace(
        eeg, signal=signal, channels=tuple(wanted), positions=_positions(eeg, wanted, inspected.index),
        interpolated=tuple(interpolated), reference=report.reference or eeg.reference, bads=bad,
        notes=(*eeg.notes, note) if bad else eeg.notes,
    ), report  # fmt: skip


def inspect(
    eeg: Eeg, wanted: Sequence[str] = BIOSEMI32, *, rename: Mapping[str, str] | None = None, keep_bads: bool = False
) -> ChannelReport:
    """What ``match`` would find; its ``refusal`` says why it would refuse the recording."""
    return _inspected(eeg, wanted, rename or {}, keep_bads)[1]


def ready(eeg: Eeg, wanted: Sequence[str]) -> Eeg:
    """A recording for a model: its best stretch, without gaps and what is marked bad, and the wanted electrodes.

    Raises:
        SampleError: it cannot be used.
    """
    chosen = best(eeg)
    if chosen.avoided:
        note = f"Left out: {', '.join(chosen.avoided[:4])}{' …' * (len(chosen.avoided) > 4)}."
        eeg = crop(eeg, chosen.start, chosen.seconds)
        eeg = replace(eeg, notes=(*eeg.notes, note))
    eeg = match(eeg, wanted)[0]
    return warned(eeg)


def as_they_are(eeg: Eeg, *, keep_bads: bool = False) -> Eeg:
    """A recording with its own channels, each under a name of its own and with a place where one is known.

    A bipolar channel stands in the middle between its two electrodes. Bad channels are not numbers here, so that a
    model takes them as absent.
    """
    named = electrodes_of(eeg)
    nowhere = np.full(3, np.nan, np.float32)
    positions = np.stack([places().get(name, nowhere) for name in named.electrodes])
    for row, channel in enumerate(eeg.channels):
        if channel in named.bipolar:
            both = np.stack([places().get(electrode, nowhere) for electrode in parts(channel)])
            near = np.linalg.norm(both[0] - both[1]) < NEAR  # across the head, the middle lies inside it
            positions[row] = both.mean(0) if near else nowhere
        if eeg.positions is not None and np.isfinite(eeg.positions[row]).all():
            positions[row] = eeg.positions[row]
    times = Counter(eeg.channels)
    names = tuple(f"{name} ({i + 1})" if times[name] > 1 else name for i, name in enumerate(eeg.channels))
    signal = eeg.signal
    if eeg.bads and not keep_bads:
        signal = np.where(np.isin(np.array(eeg.channels), eeg.bads)[:, None], np.nan, signal).astype(np.float32)
    notes = eeg.notes
    if named.bipolar:
        notes += ("Bipolar channels are drawn in the middle between their two electrodes.",)
    return replace(
        eeg, signal=signal, channels=names, positions=positions, notes=notes, reference=eeg.reference or named.reference
    )


BAD = "marked bad"


def _inspected(
    eeg: Eeg, wanted: Sequence[str], rename: Mapping[str, str], keep_bads: bool
) -> tuple[_Found, ChannelReport]:
    named = electrodes_of(eeg, rename)
    index = {name: i for i, name in reversed(list(enumerate(named.electrodes))) if name}
    rows = {name: index[name.upper()] for name in wanted if name.upper() in index}
    silent = {name: why for name, i in rows.items() if (why := _silent(eeg, i, keep_bads))}
    times, used = Counter(named.electrodes), set(rows.values())
    good = [name for name in rows if name not in silent]
    return _Found(named, rows, silent), ChannelReport(
        matched=tuple(name for name, i in rows.items() if eeg.channels[i] == name),
        renamed={name: eeg.channels[i] for name, i in rows.items() if eeg.channels[i] != name},
        missing=tuple(name for name in wanted if name not in rows),
        silent=dict(silent),
        interpolated=(),
        duplicates=tuple(name for name in rows if times[name.upper()] > 1),
        unused=tuple(name for i, name in enumerate(eeg.channels) if i not in used),
        bipolar=named.bipolar,
        reference=eeg.reference or named.reference,
        layout=named.layout,
        refusal=refusal(eeg, tuple(wanted), good, silent, named),
    )


def electrodes_of(eeg: Eeg, rename: Mapping[str, str] | None = None) -> Naming:
    """Which electrode each channel is: as a person says, by its name, by the cap's layout, or by its own place."""
    rename = rename or {}
    own = {} if eeg.positions is None else dict(zip(eeg.channels, eeg.positions, strict=True))
    placed = sum(bool(np.isfinite(position).all()) for position in own.values()) >= LEAST
    named = naming(eeg.channels, placed)
    electrodes = list(named.electrodes)
    if placed and sum(bool(name) for name in electrodes) < len(electrodes) / 2 and not named.bipolar:
        by_place = nearest(own)
        if by_place:
            electrodes = [
                name or by_place.get(own_name, "") for name, own_name in zip(electrodes, eeg.channels, strict=True)
            ]
            named = replace(named, layout=named.layout or "the cap, by the places in the file")
        else:
            named = naming(eeg.channels)
            electrodes = list(named.electrodes)
    renamed = {channel: plain(name) for channel, name in rename.items() if name}
    electrodes = [renamed.get(channel, name) for channel, name in zip(eeg.channels, electrodes, strict=True)]
    return replace(
        named, electrodes=tuple(electrodes), bipolar=tuple(name for name in named.bipolar if name not in renamed)
    )


def _silent(eeg: Eeg, index: int, keep_bads: bool) -> str:
    """Why a channel is not used, or nothing."""
    signal = eeg.signal[index]
    if not keep_bads and eeg.channels[index] in eeg.bads:
        return BAD
    if not np.isfinite(signal).all():
        return "not numbers"
    return "flat" if signal.std() < FLAT else ""


def _positions(eeg: Eeg, wanted: Sequence[str], rows: Mapping[str, int]) -> NDArray[np.float32]:
    """(wanted, 3) metres: the recording's own places, the average head's where it has none, else NaN."""
    nowhere = np.full(3, np.nan, np.float32)
    positions = np.stack([places().get(name.upper(), nowhere) for name in wanted])
    if eeg.positions is not None:
        for row, name in enumerate(wanted):
            if name in rows and np.isfinite(own := eeg.positions[rows[name]]).all():
                positions[row] = own
    return positions


def _interpolated(
    eeg: Eeg, names: Sequence[str], lacking: Sequence[str], bads: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """Electrode → signal from all good electrodes of the recording; none for those whose place is unknown.

    Source: Perrin et al., Electroencephalography and Clinical Neurophysiology 72, 1989; MNE.
    """
    import mne

    known = places()
    good = {
        name: i
        for i, name in reversed(list(enumerate(names)))
        if name in known and eeg.channels[i] not in bads and not _silent(eeg, i, True)
    }
    wanted = [name for name in lacking if name.upper() in known]
    for name in wanted:
        good.pop(name.upper(), None)
    if not wanted or len(good) < LEAST:
        return {}
    order = [*good, *(name.upper() for name in wanted)]
    signal = np.zeros((len(order), eeg.signal.shape[1]))
    signal[: len(good)] = eeg.signal[list(good.values())]
    info = mne.create_info(order, eeg.rate, "eeg", verbose="ERROR")
    raw = mne.io.RawArray(signal, info, verbose="ERROR")
    raw.set_montage(mne.channels.make_dig_montage({name: known[name] for name in order}, coord_frame="head"))
    raw.info["bads"] = order[len(good) :]
    raw.interpolate_bads(reset_bads=True, verbose="ERROR")
    return dict(zip(wanted, raw.get_data()[len(good) :].astype(np.float32), strict=True))
