"""What lies beside a recording: the tables and settings of BIDS, and electrodes of other systems' text files.

``…_channels.tsv`` says which channels are EEG and which are bad, ``…_events.tsv`` what happened, ``…_electrodes.tsv``
where the electrodes are, ``…_eeg.json`` the reference. Source: Pernet et al., EEG-BIDS, Scientific Data 6, 2019.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np

from xviz.core.sample import Annotation
from xviz.data.eeg.names import plain
from xviz.data.eeg.raw import Raw
from xviz.data.eeg.units import spelled_unit

EMPTY = {"", "n/a", "nan"}
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}


def apply_sidecars(raw: Raw, files: Mapping[str, bytes]) -> Raw:
    """A recording with what the files beside it say; theirs counts before the recording's own."""
    tables = {ending: _table(files, ending) for ending in ("channels.tsv", "events.tsv", "electrodes.tsv")}
    if rows := tables["channels.tsv"]:
        raw = _channels(raw, rows)
    if rows := tables["events.tsv"]:
        marks = [mark for row in rows if (mark := _event(row)) is not None]
        raw = replace(raw, annotations=tuple(sorted(marks, key=lambda mark: mark.onset)))
        raw = replace(
            raw, notes=(*raw.notes, f"Events: {len(marks)} of events.tsv, which count before those in the file.")
        )
    if rows := tables["electrodes.tsv"]:
        raw = _electrodes(raw, rows, _settings(files, "coordsystem.json"))
    settings = _settings(files, "_eeg.json")
    if isinstance(reference := settings.get("EEGReference"), str) and reference.strip().lower() not in EMPTY:
        raw = replace(raw, reference=reference.strip()[:80])
    return raw


def _channels(raw: Raw, rows: list[dict[str, str]]) -> Raw:
    """Types, status and unit of channels; names count as the same where they name the same electrode."""
    by_name = {row["name"]: row for row in rows if row.get("name")}
    times = Counter(plain(name) for name in by_name)
    near = {plain(name): row for name, row in by_name.items() if times[plain(name)] == 1}
    mine = [by_name.get(name) or near.get(plain(name)) or {} for name in raw.channels]
    types = [row.get("type", "").upper() for row in mine]
    keep = [i for i, kind in enumerate(types) if kind in ("", "N/A", "EEG")]
    bads = tuple(raw.channels[i] for i, row in enumerate(mine) if row.get("status", "").lower() == "bad")
    notes = raw.notes
    if not any(mine):
        return replace(raw, notes=(*notes, "channels.tsv names no channel of the recording, and was left out."))
    if gone := [name for i, name in enumerate(raw.channels) if i not in keep]:
        notes += (f"Channels that channels.tsv does not call EEG were left out: {', '.join(gone[:12])}.",)
    if not keep:
        return raw
    units = {mine[i].get("units", "") for i in keep}
    unit = raw.unit or (spelled_unit(units.pop()) if len(units) == 1 else None)
    return replace(
        raw, signals=tuple(signal[keep] for signal in raw.signals), channels=tuple(raw.channels[i] for i in keep),
        positions=None if raw.positions is None else raw.positions[keep], notes=notes, unit=unit,
        bads=tuple(dict.fromkeys((*raw.bads, *bads))),
    )  # fmt: skip


def _event(row: Mapping[str, str]) -> Annotation | None:
    """A row of events.tsv."""
    label = next(
        (
            row[key]
            for key in ("trial_type", "value", "description", "event_type")
            if row.get(key, "").lower() not in EMPTY
        ),
        "event",
    )
    onset, seconds = (_number(row.get(key, "")) for key in ("onset", "duration"))
    return None if not np.isfinite(onset) else Annotation(onset, 0.0 if not np.isfinite(seconds) else seconds, label)


def _electrodes(raw: Raw, rows: list[dict[str, str]], system: Mapping[str, Any]) -> Raw:
    """Places of electrodes, in metres: right, front, up."""
    measured = {
        row["name"]: np.array([_number(row.get(axis, "")) for axis in "xyz"]) for row in rows if row.get("name")
    }
    places = np.stack([measured.get(name, np.full(3, np.nan)) for name in raw.channels])
    unit = str(system.get("EEGCoordinateUnits", "")).lower()
    size = float(np.nanmedian(np.linalg.norm(places, axis=1))) if np.isfinite(places).all(1).any() else 0.0
    if not size:
        return raw
    factor = METRES.get(unit) or min(METRES.values(), key=lambda metres: abs(np.log(size * metres / 0.095)))
    if str(system.get("EEGCoordinateSystem", "")).upper() in ("EEGLAB", "EEGLAB-HJ", "CTF"):
        places = np.stack([-places[:, 1], places[:, 0], places[:, 2]], 1)  # their x points to the nose
    return replace(raw, positions=(places * factor).astype(np.float32))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _table(files: Mapping[str, bytes], ending: str) -> list[dict[str, str]]:
    """The rows of a table, none where there is none."""
    name = next((name for name in files if name.lower().endswith(ending)), None)
    if name is None:
        return []
    text = files[name].decode("utf-8-sig", "replace")
    return [
        {key: (value or "").strip() for key, value in row.items() if key}
        for row in csv.DictReader(StringIO(text), delimiter="\t")
    ]


def _settings(files: Mapping[str, bytes], ending: str) -> Mapping[str, Any]:
    """What a JSON file says, nothing where there is none or it is damaged."""
    name = next((name for name in files if name.lower().endswith(ending)), None)
    try:
        settings = json.loads(files[name].decode("utf-8-sig")) if name else {}
    except ValueError:
        return {}
    return settings if isinstance(settings, dict) else {}
