"""Files in the layouts of EEG systems and data sets, written by hand for the tests."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import savemat

from xviz.core.sample import BIOSEMI32


def noise(channels: int = 32, seconds: float = 5.0, rate: float = 128.0, seed: int = 0) -> np.ndarray:
    """(channel, time) µV: 10 µV of noise with an alpha rhythm that differs between channels."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    alpha = np.sin(2 * np.pi * 10 * time + np.arange(channels)[:, None])
    return 10 * rng.standard_normal((channels, len(time))) + 5 * alpha


def edf(
    signal: np.ndarray,
    names: Sequence[str],
    rate: int = 128,
    *,
    bits: int = 16,
    unit: str = "uV",
    onsets: Sequence[float] | None = None,
    limit: float = 500.0,
) -> bytes:
    """An EDF (16 bits) or BDF (24 bits) file with records of one second; EDF+D where onsets are given."""
    records = signal.shape[1] // rate
    labels, samples, width = list(names), [rate] * len(names), bits // 8
    if onsets is not None:
        labels, samples = [*labels, "EDF Annotations"], [*samples, 16]
    count, top = len(labels), 2 ** (bits - 1) - 1
    first = b"\xffBIOSEMI" if bits == 24 else b"0       "
    kind = "EDF+D" if onsets is not None else "24BIT" if bits == 24 else ""
    head = first + f"{'subject':<80}{'recording':<80}01.01.2001.01.01{256 * (count + 1):<8}{kind:<44}".encode()
    head = head[:168] + b"01.01.01" + b"01.01.01" + head[184:]
    head += f"{records:<8}{1:<8}{count:<4}".encode()
    fields = [(16, labels), (80, [""] * count), (8, [unit] * count), (8, [-limit] * count), (8, [limit] * count)]
    fields += [(8, [-top] * count), (8, [top] * count), (80, [""] * count), (8, samples), (32, [""] * count)]
    head += b"".join(f"{value:<{size}}".encode()[:size] for size, values in fields for value in values)
    body = b""
    whole = np.clip(np.round(signal / limit * top), -top, top).astype("<i4")
    for record in range(records):
        part = whole[:, record * rate : (record + 1) * rate]
        body += part.reshape(-1, 1).view("u1")[:, :width].tobytes()
        if onsets is not None:
            body += f"+{onsets[record]:g}\x14\x14\0".encode().ljust(16 * width, b"\0")
    return head + body


def mixed_edf(channels: Sequence[tuple[str, np.ndarray, int]], limit: float = 3276.7) -> bytes:
    """An EDF whose channels have rates of their own; records of one second."""
    count, records, top = len(channels), min(len(values) // rate for _, values, rate in channels), 32767
    head = b"0       " + f"{'subject':<80}{'recording':<80}".encode() + b"01.01.0101.01.01"
    head += f"{256 * (count + 1):<8}{'':<44}{records:<8}{1:<8}{count:<4}".encode()
    fields = [(16, [name for name, *_ in channels]), (80, [""] * count), (8, ["uV"] * count), (8, [-limit] * count)]
    fields += [(8, [limit] * count), (8, [-top] * count), (8, [top] * count), (80, [""] * count)]
    fields += [(8, [rate for *_, rate in channels]), (32, [""] * count)]
    head += b"".join(f"{value:<{size}}".encode()[:size] for size, values in fields for value in values)
    body = b"".join(
        np.round(values[r * rate : (r + 1) * rate] / limit * top).astype("<i2").tobytes()
        for r in range(records)
        for _, values, rate in channels
    )
    return head + body


def gdf(
    signal: np.ndarray, names: Sequence[str], rate: int = 128, *, dimension: int = 4275, limit: float = 500.0
) -> bytes:
    """A GDF 2.20 file of 16-bit numbers with records of one second and no events; 4275 is µV, 0 no dimension."""
    count, records, top = len(names), signal.shape[1] // rate, 32767
    head = b"GDF 2.20" + b"X X".ljust(66) + bytes(10) + bytes(4) + b"recording".ljust(64) + bytes(4 + 12 + 16)
    head += struct.pack("<H", count + 1) + bytes(6 + 8 + 6 + 6 + 12 + 12)
    head += struct.pack("<qIIHH", records, 1, 1, count, 0)
    head += b"".join(name.encode().ljust(16, b"\0") for name in names) + bytes((80 + 6) * count)
    head += struct.pack(f"<{count}H", *[dimension] * count)
    for value in (-limit, limit, -top, top):
        head += struct.pack(f"<{count}d", *[value] * count)
    head += bytes((68 + 4 + 4 + 4) * count) + struct.pack(f"<{2 * count}i", *[rate] * count, *[3] * count)
    head += bytes((12 + 20) * count)
    whole = np.clip(np.round(signal[:, : records * rate] / limit * top), -top, top).astype("<i2")
    return head + whole.reshape(count, records, rate).swapaxes(0, 1).tobytes()


def brainvision(signal: np.ndarray, names: Sequence[str], rate: float = 128.0, **other: str) -> bytes:
    """A zip of the three files of a recording; ``other`` replaces the names in the header."""
    data_file, marker_file = other.get("data_file", "rec.eeg"), other.get("marker_file", "rec.vmrk")
    channels = "\n".join(f"Ch{i + 1}={name},,0.1,µV" for i, name in enumerate(names))
    header = (
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        f"DataFile={data_file}\nMarkerFile={marker_file}\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        f"NumberOfChannels={len(names)}\nSamplingInterval={1e6 / rate:g}\n\n[Binary Infos]\nBinaryFormat=INT_16\n\n"
        f"[Channel Infos]\n{channels}\n"
    )
    marks = (
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\nDataFile=rec.eeg\n\n"
    )
    marks += "[Marker Infos]\nMk1=New Segment,,1,1,0,20010101010101000000\n"
    whole = np.round(signal.T / 0.1).astype("<i2").tobytes()
    return zipped({"rec.vhdr": header.encode(), "rec.vmrk": marks.encode(), "rec.eeg": whole})


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def eeglab(signal: np.ndarray, names: Sequence[str], rate: float = 128.0, data: object = None) -> bytes:
    """An EEGLAB .set file, its signal inside; ``data`` replaces it, as by the name of an .fdt."""
    places = np.zeros(len(names), dtype=[(key, object) for key in ("labels", "X", "Y", "Z", "type")])
    for index, name in enumerate(names):
        places[index] = (name, 0.05, 0.01 * index, 0.08, "EEG")
    trials = signal.shape[2] if signal.ndim == 3 else 1
    made = io.BytesIO()
    fields = {
        "setname": "test", "nbchan": len(names), "trials": trials, "pnts": signal.shape[1], "srate": rate,
        "xmin": 0.0, "xmax": (signal.shape[1] - 1) / rate, "times": np.arange(signal.shape[1]) * 1000 / rate,
        "data": signal if data is None else data, "chanlocs": places, "event": np.zeros(0), "epoch": np.zeros(0),
        "ref": "common", "chaninfo": {"nosedir": "+X"}, "icawinv": np.zeros(0), "icaweights": np.zeros(0),
        "icasphere": np.zeros(0), "icachansind": np.zeros(0), "icaact": np.zeros(0),
    }  # fmt: skip
    savemat(made, {"EEG": fields})
    return made.getvalue()


def mat(compress: bool = True, **arrays: np.ndarray) -> bytes:
    """A MATLAB 5 file."""
    made = io.BytesIO()
    savemat(made, arrays, do_compression=compress)
    return made.getvalue()


def npz(path: Path | None = None, **arrays: object) -> bytes:
    """An NPZ file's bytes."""
    made = io.BytesIO()
    np.savez(made, **arrays)  # type: ignore[arg-type]
    return made.getvalue()


def npy(array: np.ndarray) -> bytes:
    """An NPY file's bytes."""
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def python2(arrays: dict[str, np.ndarray]) -> bytes:
    """What Python 2's cPickle writes of a dict of arrays with protocol 2: byte strings, and numpy.core's names."""
    body = b"\x80\x02}("
    for name, values in arrays.items():
        code = values.dtype.str[1:].encode()
        shape = b"(" + b"".join(b"J" + struct.pack("<i", n) for n in values.shape) + b"t"
        body += b"U" + bytes([len(name)]) + name.encode()
        body += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        body += b"(K\x01" + shape + b"cnumpy\ndtype\nU" + bytes([len(code)]) + code + b"K\x00K\x01\x87R"
        body += b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        data = np.ascontiguousarray(values).tobytes()
        body += b"T" + struct.pack("<i", len(data)) + data + b"tb"
    return body + b"u."


def deap(trials: int = 3, seconds: float = 63.0) -> dict[str, np.ndarray]:
    """DEAP's two arrays with fewer trials."""
    samples = round(seconds * 128)
    data = np.stack([noise(40, seconds, seed=trial)[:, :samples] for trial in range(trials)])
    labels = np.arange(trials * 4, dtype=np.float64).reshape(trials, 4) % 9 + 1
    return {"labels": labels, "data": data}


NAMES = BIOSEMI32


EPOC = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
SIGNAL = np.round(8 * np.random.default_rng(14).standard_normal((len(EPOC), 61 * 128)))  #: whole µV
FILM = np.concatenate([SIGNAL[:, :640], SIGNAL], 1)  #: with 5 s of rest


def dreamer_of(subjects: int) -> dict:
    """What DREAMER.mat holds, of subjects whose ratings tell them apart."""
    made = [
        {
            "EEG": {"baseline": _cell([FILM[:, :640].T] * 2), "stimuli": _cell([SIGNAL.T + number] * 2)},
            "ScoreValence": np.array([[4.0], [2.0]]), "ScoreArousal": np.array([[1.0], [5.0]]),
            "ScoreDominance": np.array([[3.0], [float(number)]]),
        }
        for number in range(subjects)
    ]  # fmt: skip
    electrodes = np.array(EPOC, object)
    return {"Data": _cell(made), "EEG_Electrodes": electrodes, "EEG_SamplingRate": 128.0, "Version": "1.0.2"}


def _cell(items: list) -> np.ndarray:
    made = np.empty(len(items), object)
    made[:] = items
    return made
