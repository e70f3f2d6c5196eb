"""XDF of the Lab Streaming Layer: its stream of EEG, and the marks of its other streams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation
from xviz.data.eeg.raw import Raw

UNITS = {
    "microvolts": "µV",
    "uv": "µV",
    "µv": "µV",
    "microvolt": "µV",
    "millivolts": "mV",
    "mv": "mV",
    "volts": "V",
    "v": "V",
}


def read_xdf(path: Path) -> Raw:
    """The stream of EEG of an XDF file.

    Raises:
        SampleError: it cannot be read, or has no stream of EEG.
    """
    import logging

    import pyxdf

    logging.getLogger("pyxdf").setLevel(logging.ERROR)
    try:
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=True)
    except Exception as error:  # pyxdf fails in many ways on damaged files
        raise SampleError(
            f"The XDF file cannot be read: {error!s:.200}. It may be cut short: record or copy it again."
        ) from error
    kinds = {_first(stream["info"], "name"): _first(stream["info"], "type") for stream in streams}
    recordings = [s for s in streams if _first(s["info"], "type").upper() == "EEG" and np.size(s["time_series"])]
    if not recordings:
        listed = ", ".join(f"{name} ({kind})" for name, kind in kinds.items()) or "no streams"
        raise SampleError(
            f"This XDF file has no stream of the type EEG; it has {listed}. Record the amplifier's stream too."
        )
    stream = max(recordings, key=lambda s: np.size(s["time_series"]))
    signal = np.asarray(stream["time_series"], np.float64).T
    times = np.asarray(stream["time_stamps"], np.float64)
    nominal = float(_first(stream["info"], "nominal_srate") or 0)
    effective = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0
    rate = nominal or effective
    warnings: tuple[str, ...] = ()
    if nominal and effective and abs(effective - nominal) > 0.005 * nominal:
        warnings = (
            f"The stream says {nominal:g} Hz, its time stamps {effective:.5g} Hz: samples were lost, or the clock "
            "drifts.",
        )
    rows = [_flat(row) for row in _described(stream)]
    keep = (
        [i for i, row in enumerate(rows) if row.get("type", "EEG").upper() in ("EEG", "")]
        if len(rows) == len(signal)
        else list(range(len(signal)))
    )
    keep = keep or list(range(len(signal)))
    names = tuple(
        rows[i].get("label", "") or f"channel {i + 1}" if len(rows) == len(signal) else f"channel {i + 1}" for i in keep
    )
    units = {UNITS.get(rows[i].get("unit", "").lower(), "") for i in keep} if len(rows) == len(signal) else {""}
    marks = [
        Annotation(float(stamp - times[0]), 0.0, str(np.ravel(value)[0]))
        for other in streams
        if _first(other["info"], "type").lower().startswith("marker")
        for stamp, value in zip(other["time_stamps"], other["time_series"], strict=False)
    ]
    notes = (
        (f"Of the file's {len(streams)} streams “{_first(stream['info'], 'name')}” was read.",)
        if len(streams) > 1
        else ()
    )
    return Raw(
        signals=(signal[keep],),
        rate=rate,
        channels=names,
        unit=units.pop() or None if len(units) == 1 else None,
        notes=notes,
        warnings=warnings,
        annotations=tuple(marks),
        rate_said="as the stream says" if nominal else "from the time stamps",
    )


def _first(info: Any, key: str) -> str:
    entry = info.get(key)
    return str(entry[0]) if isinstance(entry, list) and entry and entry[0] is not None else ""


def _described(stream: Any) -> list[Any]:
    """What the stream says of each channel."""
    try:
        return list(stream["info"]["desc"][0]["channels"][0]["channel"])
    except (KeyError, IndexError, TypeError):
        return []


def _flat(row: Any) -> dict[str, str]:
    return {key: _first(row, key) for key in row}
