"""Recordings of BCI2000, written by hand for the tests, and of EGI, which ``mffpy`` writes; see ``systems``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np


def bci2000(signal: np.ndarray, names: Sequence[str], rate: int, codes: Sequence[tuple[float, int]] = ()) -> bytes:
    """A .dat of BCI2000 1.1: 16 bits, 0.1 µV a step from an offset of 7 steps; codes hold from a time in s on."""
    count = len(names)
    state = np.zeros(signal.shape[1], np.uint16)
    for time, code in codes:
        state[round(time * rate) :] = code
    counts = np.ascontiguousarray(np.round(signal / 0.1 + 7).astype("<i2").T)
    frames = np.hstack([counts.view(np.uint8), state.astype("<u2").view(np.uint8).reshape(-1, 2)])

    def head(length: int) -> str:
        return "\r\n".join(
            [
                f"BCI2000V= 1.1 HeaderLen= {length:5d} SourceCh= {count} StatevectorLen= 2 DataFormat= int16",
                "[ State Vector Definition ]", "StimulusCode 16 0 0 0", "[ Parameter Definition ]",
                f"Source int SourceCh= {count} 16 1 % // number of channels",
                f"Source float SamplingRate= {rate}Hz 256Hz 1 % // rate",
                f"Source list ChannelNames= {count} {' '.join(names)} // names",
                f"Source floatlist SourceChGain= {count} {' '.join(['0.1muV'] * count)} // gains",
                f"Source floatlist SourceChOffset= {count} {' '.join(['7'] * count)} // offsets", "", "",
            ]
        )  # fmt: skip

    text = head(0)
    return head(len(text.encode())).encode() + frames.tobytes()


def mff(signal: np.ndarray, rate: int, net: str = "HydroCel GSN 128 1.0") -> dict[str, bytes]:
    """The files of an .mff of EGI with one block; (channels of the net with its reference, time) in µV."""
    from mffpy import Writer
    from mffpy.bin_writer import BinWriter

    with tempfile.TemporaryDirectory() as name:
        writer = Writer(f"{name}/a.mff")
        writer.addxml("fileInfo", recordTime=datetime(2020, 1, 1, tzinfo=UTC))
        block = BinWriter(sampling_rate=rate, data_type="EEG")
        block.add_block(signal.astype(np.float32))
        writer.addbin(block)
        writer.add_coordinates_and_sensor_layout(net)
        writer.write()
        return {path.name: path.read_bytes() for path in sorted(Path(name, "a.mff").iterdir())}
