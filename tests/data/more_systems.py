"""Recordings of BCI2000 and Nihon Kohden, written by hand for the tests, and of EGI, written by ``mffpy``."""

from __future__ import annotations

import struct
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


def nihon(signal: np.ndarray, names: Sequence[str], rate: int, event: tuple[str, int] = ("", 0)) -> dict[str, bytes]:
    """Files of a Nihon Kohden EEG-1100A: one block of numbers of 0.0977 µV, names in the .21E, an event in the .LOG."""
    version, count = b"EEG-1100A V01.00", len(names)
    control, block = 0x400, 0x1800
    head = bytearray(block + 0x27 + 10 * count)
    head[:16] = head[0x81:0x91] = version
    head[0x91], head[0x17FE] = 1, 1
    head[0x92:0x96] = struct.pack("<I", control)
    head[control + 17] = 1
    head[control + 18 : control + 22] = struct.pack("<I", block)
    head[block + 0x1A : block + 0x1C] = struct.pack("<H", 0xC000 | rate)
    head[block + 0x1C : block + 0x20] = struct.pack("<I", 10 * signal.shape[1] // rate)
    head[block + 0x26] = count
    for number in range(count):
        head[block + 0x27 + 10 * number] = number
    step = (3199.902 + 3200) / 65535
    counts = np.vstack([np.round((signal + 3200) / step), np.zeros(signal.shape[1])])
    log = bytearray(0x400 + 0x14 + 45)
    log[:16], log[0x91] = version, 1
    log[0x92:0x96] = struct.pack("<I", 0x400)
    log[0x401:0x411], log[0x412] = version, 1
    text, seconds = event
    time = f"{seconds // 3600:02d}{seconds // 60 % 60:02d}{seconds % 60:02d}"
    log[0x414 : 0x414 + 45] = text.encode().ljust(20, b"\0") + time.encode().ljust(25, b"\0")
    electrodes = "[ELECTRODE]\r\n" + "".join(f"{i:04d}={name}\r\n" for i, name in enumerate(names))
    return {
        "DA0001.EEG": bytes(head) + counts.T.astype("<u2").tobytes(),
        "DA0001.PNT": version.ljust(0x40, b"\0") + b"20240506070809".ljust(64, b"\0"),
        "DA0001.21E": electrodes.encode(),
        "DA0001.LOG": bytes(log),
    }
