"""Why a recording cannot be used: each cause has its own sentence, which says what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from xviz.core.sample import Eeg
from xviz.data.eeg.names import Naming, places
from xviz.data.eeg.stretch import LEAST, best, holes

NATIVE = "or look at the channels as they are: “Native montage” needs no electrodes by name"
#: regions of the head → the first letters of their electrodes' names
REGIONS: Mapping[str, tuple[str, ...]] = {
    "frontal": ("FP", "AF", "F"), "central": ("FC", "C", "CP"), "temporal": ("FT", "T", "TP"), "parietal": ("P",),
    "occipital": ("PO", "O", "I"),
}  # fmt: skip


def least(wanted: Sequence[str]) -> int:
    """How many of the wanted electrodes a recording needs: half of them, and at least eight, or all of fewer."""
    return max(-(-len(wanted) // 2), min(8, len(wanted)))


def region(name: str) -> str:
    """The region of the head in which an electrode lies, with its side: ``"left frontal"``."""
    upper = name.upper()
    letters = upper.rstrip("0123456789").removesuffix("Z")
    position = places().get(upper)
    side = "" if position is None or abs(position[0]) < 0.01 else "left " if position[0] < 0 else "right "
    return side + next((region for region, starts in REGIONS.items() if letters in starts), "")


def uncovered(wanted: Sequence[str], good: Sequence[str]) -> list[str]:
    """Regions of the head that the wanted electrodes cover and the good ones do not; the middle line does not count."""
    whole = [area for name in wanted if (area := region(name)).count(" ")]
    have = {region(name) for name in good}
    return [area for area in dict.fromkeys(whole) if area not in have]


def refusal(eeg: Eeg, wanted: Sequence[str], good: Sequence[str], silent: Mapping[str, str], named: Naming) -> str:
    """Why a recording cannot be used and what to do; "" where it can.

    Args:
        eeg: The recording.
        wanted: Electrodes that the model reads.
        good: Those of them that can be used.
        silent: Those that are there and cannot be used → why.
        named: What its channels are.
    """
    need = least(wanted)
    if len(good) >= need:
        if gone := uncovered(wanted, good):
            return (
                f"{len(good)} of the {len(wanted)} electrodes can be used, but none of them is {_either(gone)}, and "
                f"neighbours cannot stand in for a whole region. Bring a recording of the whole head, {NATIVE}."
            )
        return ""
    count = len(good) + len(silent)
    if count >= need:
        return _silent(eeg, wanted, silent, need, named)
    if len(named.bipolar) > max(count, len(eeg.channels) / 3):
        return (
            f"This recording is bipolar: each channel is the difference of two electrodes ({_some(named.bipolar)}), "
            "so that no channel is the voltage of one electrode, and no renaming can make it so. Export it with a "
            f"common reference from the system that recorded it, {NATIVE}."
        )
    unknown = [name for name, electrode in zip(eeg.channels, named.electrodes, strict=True) if not electrode]
    known = len(eeg.channels) - len(unknown)
    if len(unknown) > known and len(eeg.channels) >= need:
        return (
            f"The names of {len(unknown)} of the {len(eeg.channels)} channels say no electrode of the 10–20 system "
            f"({_some(unknown)}); at least {need} of the {len(wanted)} electrodes {wanted[0]} … {wanted[-1]} are "
            f"needed, and {len(good)} can be used. Say in “Rename channels” which electrode each is, {NATIVE}."
        )
    return (
        f"This recording has {len(good)} of the {len(wanted)} electrodes {wanted[0]} … {wanted[-1]} "
        f"({_some(good) if good else 'none'}); at least {need}, all over the head, are needed, since more than half "
        f"cannot be made from the others. Bring a recording with more electrodes, {NATIVE}."
    )


def _silent(eeg: Eeg, wanted: Sequence[str], silent: Mapping[str, str], need: int, named: Naming) -> str:
    """The sentence where enough electrodes are there but too many of them say nothing."""
    whys = list(silent.values())
    usual = max(dict.fromkeys(whys), key=whys.count)
    begin = f"{len(silent)} of the {len(wanted)} electrodes are {usual}"
    if usual == "not numbers":
        rows = [named.electrodes.index(name.upper()) for name, why in silent.items() if why == usual]
        these = replace(eeg, signal=eeg.signal[rows], channels=tuple(eeg.channels[i] for i in rows), positions=None)
        where, other = holes(these.signal, eeg.rate), best(these)
        step = (
            f"Choose a stretch without these: {other.start:.4g}–{other.start + other.seconds:.4g} s has numbers all "
            "along"
            if other.clean
            else "Bring a recording in which they were connected"
            if not np.isfinite(these.signal).any()
            else f"No stretch of {LEAST:g} s is without these: close the gaps (“Import options”; from Python "
            'gaps="close"), or bring another recording'
        )
        return (
            f"{len(silent)} of the {len(wanted)} electrodes are not numbers {spelled(where, eeg.seconds)}, and at "
            f"least {need} are needed. {step}."
        )
    if usual == "flat":
        return (
            f"{begin}: they hold one value all along, as where an amplifier is off or cut off. At least {need} are "
            "needed. Choose a later stretch, or bring a recording in which these electrodes were connected."
        )
    return (
        f"{begin} in the file, and at least {need} good ones are needed. Use them nevertheless with “Use channels "
        f"marked bad”, or bring a better recording."
    )


def spelled(where: Sequence[tuple[float, float]], seconds: float) -> str:
    """Stretches in words: "from 20 to 20.2 s"."""
    if not where:
        return "in places"
    if where[0][0] == 0 and where[0][1] >= seconds - 1e-6:
        return "from beginning to end"
    first = [f"from {a:.4g} to {b:.4g} s" for a, b in where[:3]]
    more = f" and in {len(where) - 3} more places" if len(where) > 3 else ""
    return ", ".join(first) + more


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"


def _some(names: Sequence[str]) -> str:
    """The first names of a list."""
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
