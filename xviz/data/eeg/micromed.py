"""Recordings of Micromed (``.trc``), which neo reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def read_micromed(path: Path) -> Any:
    """A recording as MNE has them, in volts."""
    import mne
    from neo.rawio import MicromedRawIO

    reader = MicromedRawIO(filename=str(path))
    reader.parse_header()
    channels = reader.header["signal_channels"]
    counts = reader.get_analogsignal_chunk(block_index=0, seg_index=0, stream_index=0)
    signal = reader.rescale_signal_raw_to_float(counts, dtype="float64", stream_index=0).T
    volts = np.array([{"nV": 1e-9, "uV": 1e-6, "mV": 1e-3, "V": 1.0}.get(unit, 1e-6) for unit in channels["units"]])
    info = mne.create_info(list(channels["name"]), float(channels["sampling_rate"][0]), "eeg", verbose="ERROR")
    return mne.io.RawArray(signal * volts[:, None], info, verbose="ERROR")
