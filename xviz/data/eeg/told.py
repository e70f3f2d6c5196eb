"""What MNE's recordings say of themselves: units, bad channels, annotations, events, reference and filters."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation
from xviz.data.eeg.names import parts
from xviz.data.eeg.raw import Raw

VOLTS = {"V": 1.0, "mV": 1e-3, "µV": 1e-6, "nV": 1e-9}
MOST_EVENTS = 20_000


def told(raw: Any, kind: str, header: bytes) -> Raw:
    """MNE's object as a record, in the numbers of the file; only channels that may be EEG are kept.

    Raises:
        SampleError: there are none.
    """
    types = raw.get_channel_types()
    picks = [i for i, this in enumerate(types) if this == "eeg"]
    if not picks:
        raise SampleError(
            f"The file has no EEG channels, only {', '.join(sorted(set(types)))}. Bring a recording of EEG."
        )
    notes: tuple[str, ...] = ()
    if gone := [raw.ch_names[i] for i in range(len(types)) if i not in picks]:
        notes += (f"Channels that are not EEG were left out: {', '.join(gone[:12])}{' …' * (len(gone) > 12)}.",)
    unit, volts, unit_notes = _unit(raw, kind, picks)
    notes += unit_notes + _projected(raw)
    data = raw.get_data(picks=picks) / volts[:, None]
    marks = _annotations(raw)
    if kind == "EEGLAB":
        marks, cuts = _cuts(marks)
        notes += cuts
    places = np.array([raw.info["chs"][i]["loc"][:3] for i in picks], np.float32)
    places[~np.isfinite(places).all(1) | (np.abs(places).sum(1) == 0)] = np.nan
    return Raw(
        signals=tuple(data) if data.ndim == 3 else (data,),
        rate=float(raw.info["sfreq"]),
        channels=tuple(raw.ch_names[i] for i in picks),
        unit=unit,
        positions=places if np.isfinite(places).any() else None,
        notes=notes,
        bads=tuple(name for name in raw.info["bads"] if name in raw.ch_names),
        annotations=marks,
        reference=_reference(raw, kind, header),
        passband=_passband(raw, kind, header),
        titles=_titles(raw) if data.ndim == 3 else (),
        rest=max(0.0, -float(raw.times[0])) if data.ndim == 3 else 0.0,
    )


def _annotations(raw: Any) -> tuple[Annotation, ...]:
    """Annotations, and the events of trigger channels, from the beginning of the signal."""
    if not hasattr(raw, "first_time"):
        return ()
    listed = raw.annotations
    shift = raw.first_time if listed.orig_time is not None else 0.0
    marks = [
        Annotation(float(onset) - shift, float(seconds), str(label))
        for onset, seconds, label in zip(listed.onset, listed.duration, listed.description, strict=True)
    ]
    if "stim" in raw.get_channel_types():
        marks += _events(raw)
    return tuple(sorted(marks, key=lambda mark: mark.onset)[:MOST_EVENTS])


def _cuts(marks: tuple[Annotation, ...]) -> tuple[tuple[Annotation, ...], tuple[str, ...]]:
    """EEGLAB's boundaries, at which something was cut out, as moments that stretches avoid, and a note on them."""
    onsets = [mark.onset for mark in marks if mark.label == "boundary"]
    renamed = tuple(
        replace(mark, seconds=0.0, label="BAD boundary") if mark.label == "boundary" else mark for mark in marks
    )
    if not onsets:
        return renamed, ()
    where = ", ".join(f"{onset:.4g} s" for onset in onsets[:6]) + " …" * (len(onsets) > 6)
    return renamed, (f"Something was cut out at {where} (“boundary”): windows over a cut hold two times.",)


def _projected(raw: Any) -> tuple[str, ...]:
    """A note on projections (SSP) that the file brings and that nobody has applied."""
    waiting = [str(projection["desc"]) for projection in raw.info["projs"] if not projection["active"]]
    if not waiting:
        return ()
    listed = ", ".join(waiting[:4]) + " …" * (len(waiting) > 4)
    return (
        f"Projections that the file holds were not applied: {listed}. Apply them before you export, if you want them.",
    )


def _events(raw: Any) -> list[Annotation]:
    """Codes of the trigger channel, its low byte, where they change to something."""
    channel = raw.get_data(picks="stim")[0]
    code = np.nan_to_num(channel).astype(np.int64) & 0xFFFF
    starts = np.flatnonzero((np.diff(code) != 0) & (code[1:] != 0)) + 1
    rate = float(raw.info["sfreq"])
    return [Annotation(float(sample / rate), 0.0, str(int(code[sample]))) for sample in starts[:MOST_EVENTS]]


def _titles(epochs: Any) -> tuple[str, ...]:
    """What each epoch is: its label."""
    names = {code: name for name, code in epochs.event_id.items()}
    return tuple(
        "" if names.get(int(code)) == "unknown" else names.get(int(code), str(code)) for code in epochs.events[:, 2]
    )


def _reference(raw: Any, kind: str, header: bytes) -> str:
    """The reference that the header of a file names, in words; "" where it names none."""
    if kind == "BrainVision":
        references = re.findall(rb"(?m)^Ch\d+=(?:[^,\r\n]*),([^,\r\n]+),", header)
        names = {reference.decode("utf-8", "replace").strip() for reference in references} - {""}
        return names.pop() if len(names) == 1 else ""
    if kind == "BDF" and header[1:8] == b"BIOSEMI":
        return "CMS, as BioSemi records: hum and noise are larger until a reference is chosen"
    if kind == "EEGLAB":
        return ""
    return "a reference that was set by a program" if raw.info.get("custom_ref_applied") else ""


def _passband(raw: Any, kind: str, header: bytes) -> tuple[float, float] | None:
    """High-pass and low-pass that the file says, Hz; 0 where it says none."""
    if kind in ("EDF", "BDF"):
        count = int(header[252:256])
        fields = [header[256 + 136 * count + 80 * i :][:80].decode("latin-1") for i in range(count)]
        fields = [re.sub(r"(?<=\d),(?=\d)", ".", field) for field in fields]
        prefilter = next((field for field in fields if re.search(r"[HL]P\s*[:=]", field, re.I)), "")
        edges = []
        for letter in "HL":
            match = re.search(rf"{letter}P\s*[:=]\s*([\d.]+)\s*(k?Hz|s)?", prefilter, re.I)
            value = float(match[1]) if match and match[1].strip(".") else 0.0
            if match and (match[2] or "").lower() == "s" and value:
                value = 1 / (2 * np.pi * value)
            edges.append(value * (1000 if match and (match[2] or "").lower() == "khz" else 1))
        return (edges[0], edges[1]) if any(edges) else None
    low, high = float(raw.info["highpass"] or 0), float(raw.info["lowpass"] or 0)
    high = 0.0 if high >= raw.info["sfreq"] / 2 - 1e-6 else high
    return (low, high) if low or high else None


def _unit(raw: Any, kind: str, picks: list[int]) -> tuple[str | None, NDArray[np.float64], tuple[str, ...]]:
    """The unit that the file says, None where it does not; (channel,) volts of one number to MNE; and notes.

    MNE gives volts whatever the file says, and takes numbers without a unit, and nV in EDF, for volts; EEGLAB's for µV.
    """
    whole = np.ones(len(picks))
    if kind == "FIF":
        return "V", whole, ()
    if kind == "EEGLAB":
        return None, 1e-6 * whole, ()
    if kind not in ("EDF", "BDF", "GDF", "BrainVision"):
        return "µV", 1e-6 * whole, ()
    units = [{"uV": "µV"}.get(unit, unit) for i in picks if (unit := raw._orig_units.get(raw.ch_names[i], ""))]
    volts = np.array([VOLTS.get(unit, 1.0) for unit in units])
    if kind != "BrainVision":
        volts = np.array([float(raw._raw_extras[0]["units"][i]) for i in picks])
        units = units or [{1e-6: "µV", 1e-3: "mV"}.get(unit_, "") for unit_ in volts]
    if len({*zip(units, volts, strict=True)}) == 1:
        return units[0] if units[0] in VOLTS else None, volts, ()
    known = Counter(unit_ for unit_ in units if unit_ in VOLTS)
    if not known:
        return None, volts, ()
    unit = known.most_common(1)[0][0]
    guessed = [raw.ch_names[i] for i, unit_ in zip(picks, units, strict=True) if unit_ not in VOLTS]
    guessed = [name for name in guessed if parts(name)[0]]
    listed = ", ".join(guessed[:8]) + " …" * (len(guessed) > 8)
    note = f"Channels without a known unit were taken as {unit}, as the others are: {listed}."
    return unit, volts * [VOLTS[unit] / VOLTS.get(unit_, VOLTS[unit]) for unit_ in units], (note,) * bool(guessed)
