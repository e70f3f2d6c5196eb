"""Electrodes by name: what a recording calls them, what a model wants, and what is done about the difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg

Missing = Literal["interpolate", "leave out"]
LEAST = 8  #: electrodes that must be found, or all where fewer are wanted
FLAT = 1e-3  #: µV, standard deviation below which a channel is flat
OLD = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}  #: names of the 10–20 system before 1991
_AROUND = re.compile(r"^(?:EEG|E)[\s_:-]+|[\s_:-]+(?:REF|LE|AR|AVG|CAR|A1|A2|M1|M2|A1A2|LM)$|[.\s]+$", re.IGNORECASE)


@dataclass(frozen=True)
class ChannelReport:
    """How the channels of a recording became the electrodes that a model reads."""

    matched: tuple[str, ...]  #: electrodes found under their own name
    renamed: Mapping[str, str]  #: electrode → what the recording calls it
    missing: tuple[str, ...]  #: electrodes that the recording lacks
    silent: Mapping[str, str]  #: electrode → "flat" or "not numbers": it is there, but says nothing
    interpolated: tuple[str, ...]  #: electrodes whose signal was made from their neighbours
    duplicates: tuple[str, ...]  #: electrodes named twice or more; the first channel counts
    unused: tuple[str, ...]  #: channels that are no wanted electrode

    def rows(self) -> list[dict[str, str]]:
        """One row for each electrode and each unused channel: electrode, channel of the file, what was done."""
        said = {name: (name, "matched") for name in self.matched}
        said |= {name: (own, "renamed") for name, own in self.renamed.items()}
        said |= dict.fromkeys(self.missing, ("", "missing"))
        rows = []
        for name, (own, what) in said.items():
            if name in self.silent:
                what = f"{what}, but {self.silent[name]}"
            if name in self.interpolated:
                what = f"{what}; interpolated"
            elif name in self.missing or name in self.silent:
                what = f"{what}; left out"
            twice = "; named twice, the first counts" if name in self.duplicates else ""
            rows.append({"electrode": name, "channel": own, "what": what + twice})
        return rows + [{"electrode": "", "channel": name, "what": "not used"} for name in self.unused]


@cache
def places() -> Mapping[str, NDArray[np.float32]]:
    """Electrode name in capitals → (3,) metres on MNE's average head, 10–05 system."""
    from mne.channels import make_standard_montage

    found = make_standard_montage("colin27_1005").get_positions()["ch_pos"]
    return {name.upper(): place.astype(np.float32) for name, place in found.items()}


def plain(name: str) -> str:
    """A channel's name as the 10–20 system has it, in capitals: ``"EEG T3-Ref"`` → ``"T7"``, ``"Fc5."`` → ``"FC5"``."""
    bare, before = name.strip(), None
    while before != bare:
        before, bare = bare, _AROUND.sub("", bare)
    return OLD.get(bare.upper(), bare.upper())


def match(
    eeg: Eeg, wanted: Sequence[str] = BIOSEMI32, *, missing: Missing = "interpolate"
) -> tuple[Eeg, ChannelReport]:
    """A recording with exactly the wanted electrodes, in their order.

    Args:
        eeg: The recording.
        wanted: Names of electrodes.
        missing: What to do for electrodes that are missing or silent: make their signal from all neighbours that the
            recording has (MNE's spherical splines), or leave them out (NaN, so that the model takes them as absent).

    Raises:
        SampleError: too few of the electrodes are there.
    """
    names = [plain(name) for name in eeg.channels]
    index = {name: i for i, name in reversed(list(enumerate(names)))}
    found = {name: index[name.upper()] for name in wanted if name.upper() in index}
    silent = {name: why for name, i in found.items() if (why := _silent(eeg.signal[i]))}
    good = len(found) - len(silent)
    if good < (least := min(LEAST, len(wanted))):
        raise SampleError(
            f"At least {least} of the {len(wanted)} electrodes {wanted[0]} … {wanted[-1]} are needed; this recording "
            f"has {good} that can be used. Its channels are called {_some(eeg.channels)}: "
            "rename them to the 10–20 system."
        )
    lacking = [name for name in wanted if name not in found or name in silent]
    signal = np.full((len(wanted), eeg.signal.shape[1]), np.nan, np.float32)
    for row, name in enumerate(wanted):
        if name not in lacking:
            signal[row] = eeg.signal[found[name]]
    made = _interpolated(eeg, names, lacking) if missing == "interpolate" and lacking else {}
    for name, values in made.items():
        signal[list(wanted).index(name)] = values
    report = _report(eeg, names, wanted, found, silent, tuple(made))
    return Eeg(signal, eeg.rate, tuple(wanted), _positions(eeg, wanted, found), eeg.rest, eeg.notes), report


def _report(
    eeg: Eeg,
    names: Sequence[str],
    wanted: Sequence[str],
    found: Mapping[str, int],
    silent: Mapping[str, str],
    made: tuple[str, ...],
) -> ChannelReport:
    times, used = Counter(names), set(found.values())
    return ChannelReport(
        matched=tuple(name for name, i in found.items() if eeg.channels[i] == name),
        renamed={name: eeg.channels[i] for name, i in found.items() if eeg.channels[i] != name},
        missing=tuple(name for name in wanted if name not in found),
        silent=dict(silent),
        interpolated=made,
        duplicates=tuple(name for name in found if times[name.upper()] > 1),
        unused=tuple(name for i, name in enumerate(eeg.channels) if i not in used),
    )


def _silent(signal: NDArray[np.float32]) -> str:
    """Why a channel says nothing, or nothing."""
    if not np.isfinite(signal).all():
        return "not numbers"
    return "flat" if signal.std() < FLAT else ""


def _positions(eeg: Eeg, wanted: Sequence[str], found: Mapping[str, int]) -> NDArray[np.float32]:
    """(wanted, 3) metres: the recording's own places, the average head's where it has none, else NaN."""
    nowhere = np.full(3, np.nan, np.float32)
    made = np.stack([places().get(name.upper(), nowhere) for name in wanted])
    if eeg.positions is not None:
        for row, name in enumerate(wanted):
            if name in found and np.isfinite(own := eeg.positions[found[name]]).all():
                made[row] = own
    return made


def _interpolated(eeg: Eeg, names: Sequence[str], lacking: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Electrode → signal from all good electrodes of the recording; none for those whose place is unknown.

    Source: Perrin et al., Electroencephalography and Clinical Neurophysiology 72, 1989; MNE.
    """
    import mne

    known = places()
    good = {name: i for i, name in reversed(list(enumerate(names))) if name in known and not _silent(eeg.signal[i])}
    wanted = [name for name in lacking if name.upper() in known]
    if not wanted or len(good) < LEAST:
        return {}
    for name in wanted:
        good.pop(name.upper(), None)
    order = [*good, *(name.upper() for name in wanted)]
    signal = np.zeros((len(order), eeg.signal.shape[1]))
    signal[: len(good)] = eeg.signal[list(good.values())]
    info = mne.create_info(order, eeg.rate, "eeg", verbose="ERROR")
    raw = mne.io.RawArray(signal, info, verbose="ERROR")
    raw.set_montage(mne.channels.make_dig_montage({name: known[name] for name in order}, coord_frame="head"))
    raw.info["bads"] = order[len(good) :]
    raw.interpolate_bads(reset_bads=True, verbose="ERROR")
    return dict(zip(wanted, raw.get_data()[len(good) :].astype(np.float32), strict=True))


def _some(names: Sequence[str]) -> str:
    """The first names of a list."""
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
