"""In which unit the numbers of a recording are: as the file says, unless they cannot be EEG in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xviz.data.eeg.raw import Raw

UNITS = {"V": 1e6, "mV": 1e3, "µV": 1.0, "nV": 1e-3, "pV": 1e-6}  #: unit → µV
ORDER = tuple(UNITS)
#: how else units are written, in small letters → unit; mV and MV are told apart nowhere, and no EEG has megavolts
WRITTEN = {"v": "V", "volt": "V", "volts": "V", "mv": "mV", "millivolt": "mV", "millivolts": "mV", "uv": "µV",
           "µv": "µV", "μv": "µV", "microv": "µV", "microvolt": "µV", "microvolts": "µV", "nv": "nV", "nanovolt": "nV",
           "nanovolts": "nV", "pv": "pV"}  # fmt: skip
#: what the numbers of an EEG look like: the median channel's spread, from (included) to, in the unit itself
SPREADS = {"V": (1e-8, 5e-4), "mV": (5e-4, 0.3), "µV": (0.3, 1000.0), "nV": (1000.0, 1e6), "pV": (1e6, 1e9)}
PLAUSIBLE = (0.1, 1000.0)  #: µV rms after a high-pass, between which an EEG lies


def spelled_unit(text: str) -> str | None:
    """The unit that a text says; None where it is none."""
    return WRITTEN.get(text.strip().strip("[]()").lower())


@dataclass(frozen=True)
class Judged:
    """The unit that is taken, and what is to be said of it."""

    unit: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    offered: str  #: another unit in which the numbers would be EEG; "" where there is none


def judge(raw: Raw, wanted: str | None) -> Judged:
    """The unit of a recording.

    Args:
        raw: What the file says.
        wanted: The unit that a person chose.
    """
    likely = likely_unit(raw.signals[0], raw.rate)
    as_declared = f"Unit: {raw.unit}, as the file says."
    if wanted is not None:
        unit, note = wanted, f"Unit: the numbers were taken as {wanted}, as chosen."
    elif raw.unit in UNITS:
        if likely in (None, raw.unit) or abs(ORDER.index(str(likely)) - ORDER.index(raw.unit)) == 1:
            unit, note = raw.unit, as_declared
        else:
            note = f"Unit: the file says {raw.unit}, but its numbers can only be EEG in {likely}, and were taken so."
            return Judged(
                str(likely), (note,), (f"{note} Choose another unit in “Import options” if that is wrong.",), raw.unit
            )
    else:
        unit = likely or "µV"
        note = f"Unit: the file does not say; from the size of the numbers they were taken as {unit}."
    size = amplitude(raw.signals[0], raw.rate) * UNITS[unit]
    if not size or PLAUSIBLE[0] <= size <= PLAUSIBLE[1]:
        return Judged(unit, (note,), (), "")
    offered = likely if likely not in (None, unit) else ""
    large = size > PLAUSIBLE[1]
    warning = (
        f"The amplitude cannot be that of EEG: {_spelled(size)} rms as {unit}, where a scalp gives 1 to 300 µV"
        + (" (movement, or an open electrode, can give 1,000 µV)." if large else ".")
        + (
            f" As {offered} it would be {_spelled(size / UNITS[unit] * UNITS[offered])}: choose {offered} as the "
            "unit in “Import options” if the header is wrong."
            if offered
            else " No unit explains it: check the gain of the amplifier, or what was exported."
        )
    )
    return Judged(unit, (note,), (warning,), offered or "")


def likely_unit(signal: NDArray[np.floating], rate: float) -> str | None:
    """The unit in which these numbers (channel, time) would be EEG; None where there is none, as in flat signals.

    The spread is that of each second around its own mean, so that drifts and offsets do not count.
    """
    middle = _middle(signal, rate)
    return next((unit for unit, (low, high) in SPREADS.items() if low <= middle < high), None)


def amplitude(signal: NDArray[np.floating], rate: float) -> float:
    """The median channel's rms in a second around its own mean, which is a high-pass of about 1 Hz; 0 for none."""
    parts = _seconds(signal, rate)
    with np.errstate(all="ignore"):
        spreads = np.sqrt(np.nanmedian(parts.var(-1), axis=1))
    alive = spreads[np.isfinite(spreads) & (spreads > 0)]
    return float(np.median(alive)) if len(alive) else 0.0


def _seconds(signal: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
    """(channel, time) → (channel, seconds that hold numbers, time in them)."""
    length = max(2, min(round(rate), signal.shape[1]))
    whole = signal[:, : signal.shape[1] // length * length].reshape(len(signal), -1, length)
    fine = np.isfinite(whole).all(-1).any(0)
    return whole[:, fine] if fine.any() else whole


def _middle(signal: NDArray[np.floating], rate: float) -> float:
    """The median channel's robust spread in a second; 0 for none."""
    parts = _seconds(signal, rate)
    with np.errstate(all="ignore"):
        spreads = np.median(parts - parts.mean(-1, keepdims=True), axis=-1)
        spreads = np.nanmedian(np.abs(parts - parts.mean(-1, keepdims=True) - spreads[..., None]), axis=(1, 2)) * 1.4826
    alive = spreads[np.isfinite(spreads) & (spreads > 0)]
    return float(np.median(alive)) if len(alive) else 0.0


def _spelled(microvolts: float) -> str:
    """An amplitude for people."""
    for unit, factor in UNITS.items():
        if microvolts >= factor:
            return f"{microvolts / factor:.3g} {unit}"
    return f"{microvolts:.2g} µV"
