"""What a person may have done to a recording before its features are taken: another reference, filters, a notch.

Each is as recorded by default, since the network was trained on recordings whose reference is that of the recording
(its simulated brains have none). REST is the reference at infinity that MNE makes of a spherical head model.
Source: Yao, A method to standardize a reference of scalp EEG recordings to a point at infinity, Physiological
Measurement 22, 2001; Gramfort et al., MNE software, NeuroImage 86, 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg
from xviz.data.eeg.channels import electrodes_of
from xviz.data.eeg.names import places
from xviz.data.eeg.stretch import runs

Reference = Literal["as recorded", "average", "linked mastoids", "Cz", "REST"]
REFERENCES: tuple[Reference, ...] = ("as recorded", "average", "linked mastoids", "Cz", "REST")
EARS = (("M1", "M2"), ("A1", "A2"), ("TP9", "TP10"))
HUM = (50.0, 60.0)  #: Hz
LOUD = 4.0  #: times the power beside it from which hum is called found


@dataclass(frozen=True)
class Condition:
    """What is done to a recording; the defaults change nothing."""

    reference: Reference = "as recorded"
    high_pass: float = 0.0  #: Hz; 0 for none
    low_pass: float = 0.0  #: Hz; 0 for none
    notch: float = 0.0  #: Hz, with its multiples; 0 for none


def conditioned(eeg: Eeg, wanted: Condition) -> Eeg:
    """A recording with another reference and through filters; where it holds no numbers it stays so.

    Raises:
        SampleError: the electrodes of a reference are not there, or a filter does not fit the rate.
    """
    if wanted == Condition():
        return eeg
    signal, notes = eeg.signal.astype(np.float64), []
    nyquist = eeg.rate / 2
    for edge, name in ((wanted.high_pass, "high-pass"), (wanted.low_pass, "low-pass"), (wanted.notch, "notch")):
        if edge and not 0 < edge < nyquist:
            raise SampleError(
                f"A {name} of {edge:g} Hz needs a rate above {2 * edge:g} Hz; this recording has {eeg.rate:g}."
            )
    if wanted.high_pass and wanted.low_pass and wanted.high_pass >= wanted.low_pass:
        raise SampleError(
            f"The high-pass, {wanted.high_pass:g} Hz, should lie below the low-pass, {wanted.low_pass:g} Hz."
        )
    if wanted.high_pass or wanted.low_pass or wanted.notch:
        signal = _filtered(signal, eeg.rate, wanted)
        filters = [
            f"{name} {edge:g} Hz"
            for name, edge in (("high-pass", wanted.high_pass), ("low-pass", wanted.low_pass))
            if edge
        ]
        filters += [f"notch {wanted.notch:g} Hz and multiples"] if wanted.notch else []
        notes.append(f"Filtered here, by MNE's linear-phase FIR filters: {', '.join(filters)}.")
    reference = eeg.reference
    if wanted.reference != "as recorded":
        signal, reference = _referenced(eeg, signal, wanted.reference)
        notes.append(
            f"Reference: {reference}, computed here; the network was trained on recordings as they were recorded."
        )
    low, high = eeg.passband or (0.0, 0.0)
    band = (max(low, wanted.high_pass), min(high or np.inf, wanted.low_pass or np.inf))
    return replace(
        eeg, signal=signal.astype(np.float32), notes=(*eeg.notes, *notes), reference=reference,
        passband=(band[0], 0.0 if band[1] == np.inf else band[1]) if band != (0.0, np.inf) else None,
    )  # fmt: skip


def _filtered(signal: NDArray[np.float64], rate: float, wanted: Condition) -> NDArray[np.float64]:
    """Channels through the filters, each stretch of numbers by itself."""
    from mne.filter import filter_data, notch_filter

    filtered = np.full_like(signal, np.nan)
    fine = np.isfinite(signal)
    for pattern in np.unique(fine, axis=0):
        rows = np.flatnonzero((fine == pattern).all(1))
        for a, b in runs(pattern):
            part = np.ascontiguousarray(signal[rows, a:b])
            if b - a > rate:
                if wanted.notch:
                    tones = np.arange(wanted.notch, rate / 2 - 1, wanted.notch)
                    part = notch_filter(part, rate, tones, filter_length="auto", verbose="ERROR")
                if wanted.high_pass or wanted.low_pass:
                    part = filter_data(part, rate, wanted.high_pass or None, wanted.low_pass or None, verbose="ERROR")
            filtered[rows, a:b] = part
    return filtered


def _referenced(eeg: Eeg, signal: NDArray[np.float64], reference: Reference) -> tuple[NDArray[np.float64], str]:
    """Voltages against another reference, and what it is called.

    Raises:
        SampleError: its electrodes are not there.
    """
    names = electrodes_of(eeg).electrodes
    usable = np.isfinite(signal).any(1) & (np.nanstd(np.where(np.isfinite(signal), signal, 0.0), axis=1) > 0)
    usable &= ~np.isin(np.array(eeg.channels), eeg.bads)
    heads = [i for i, name in enumerate(names) if name in places() and usable[i]]
    if reference == "average":
        heads = heads or list(np.flatnonzero(usable))
        return signal - np.nanmean(signal[heads], axis=0), f"the average of {len(heads)} channels"
    if reference == "Cz":
        if "CZ" not in names:
            raise SampleError(
                "This recording has no electrode Cz to take as the reference. Choose the average, or as recorded."
            )
        return signal - signal[names.index("CZ")], "Cz"
    if reference == "linked mastoids":
        pair = next((pair for pair in EARS if set(pair) <= set(names)), None)
        if pair is None:
            raise SampleError(
                "This recording has no pair of mastoids or ears (M1 and M2, A1 and A2, TP9 and TP10) to link. Choose "
                "the average, or as recorded."
            )
        both = signal[[names.index(name) for name in pair]].mean(0)
        return signal - both, f"linked {'ears' if pair[0] == 'A1' else 'mastoids'} ({pair[0]}, {pair[1]})"
    return _rest(eeg, signal, names, heads), "infinity (REST)"


def _rest(eeg: Eeg, signal: NDArray[np.float64], names: Sequence[str], heads: Sequence[int]) -> NDArray[np.float64]:
    """Voltages against infinity, by MNE: sources of a sphere explain the average-referenced voltages."""
    import mne

    if len({names[i] for i in heads}) < 16:
        raise SampleError(f"REST needs 16 electrodes or more whose place is known; this recording has {len(heads)}.")
    first = {names[i]: i for i in reversed(heads)}
    chosen = sorted(first.values())
    info = mne.create_info([names[i] for i in chosen], eeg.rate, "eeg", verbose="ERROR")
    fine = np.isfinite(signal[chosen]).all(0)
    raw: Any = mne.io.RawArray(signal[chosen][:, fine] * 1e-6, info, verbose="ERROR")
    raw.set_montage(mne.channels.make_dig_montage({names[i]: places()[names[i]] for i in chosen}, coord_frame="head"))
    sphere = mne.make_sphere_model("auto", "auto", raw.info, verbose="ERROR")
    source = mne.setup_volume_source_space(sphere=sphere, pos=15.0, exclude=30.0, verbose="ERROR")
    forward = mne.make_forward_solution(
        raw.info, trans=None, src=source, bem=sphere, meg=False, eeg=True, verbose="ERROR"
    )
    raw.set_eeg_reference("REST", forward=forward, verbose="ERROR")
    referenced = np.full_like(signal, np.nan)
    computed = np.full((len(chosen), signal.shape[1]), np.nan)
    computed[:, fine] = raw.get_data() * 1e6
    referenced[chosen] = computed
    return referenced


def hum(eeg: Eeg) -> float:
    """50 or 60 Hz where the mains are loud in the recording, else 0."""
    from scipy.signal import welch

    fine = np.isfinite(eeg.signal).all(1)
    if not fine.any() or eeg.rate < 2 * HUM[1] + 20 or eeg.seconds < 4:
        return 0.0
    finite = eeg.signal[fine][:, : round(30 * eeg.rate)]
    hertz, power = welch(finite, eeg.rate, nperseg=round(2 * eeg.rate))
    middle = np.median(power, axis=0)
    best, loud = 0.0, LOUD
    for tone in HUM:
        beside = np.median(
            middle[((hertz > tone - 6) & (hertz < tone - 2)) | ((hertz > tone + 2) & (hertz < tone + 6))]
        )
        ratio = float(middle[np.abs(hertz - tone) <= 0.75].max() / max(beside, 1e-12))
        if ratio > loud:
            best, loud = tone, ratio
    return best
