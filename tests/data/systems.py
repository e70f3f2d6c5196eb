"""Files in the formats of more EEG systems, written by hand for the tests; see ``recordings`` for the others."""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import mne
import numpy as np


def set73(signal: np.ndarray, names: Sequence[str], rate: float) -> bytes:
    """An EEGLAB set in MATLAB 7.3, which is HDF5 with MATLAB's attributes."""
    made = io.BytesIO()

    def text(group: h5py.Group, name: str, value: str) -> h5py.Dataset:
        held = group.create_dataset(name, data=np.array([[ord(c)] for c in value], np.uint16))
        held.attrs["MATLAB_class"] = np.bytes_("char")
        held.attrs["MATLAB_int_decode"] = np.int32(2)
        return held

    with h5py.File(made, "w", userblock_size=512) as file:
        eeg = file.create_group("EEG")
        eeg.attrs["MATLAB_class"] = np.bytes_("struct")
        refs = file.create_group("#refs#")
        numbers = {
            "nbchan": len(names), "trials": 1, "pnts": signal.shape[1], "srate": rate, "xmin": 0.0,
            "xmax": (signal.shape[1] - 1) / rate,
        }  # fmt: skip
        for name, value in numbers.items():
            eeg.create_dataset(name, data=np.array([[float(value)]])).attrs["MATLAB_class"] = np.bytes_("double")
        eeg.create_dataset("data", data=signal.T.astype(np.float64)).attrs["MATLAB_class"] = np.bytes_("double")
        for name in ("event", "epoch", "icawinv", "icaweights", "icasphere", "icachansind", "icaact"):
            held = eeg.create_dataset(name, data=np.zeros(2, np.uint64))
            held.attrs["MATLAB_class"], held.attrs["MATLAB_empty"] = np.bytes_("double"), np.int32(1)
        for name, value in (("setname", "test"), ("ref", "common")):
            text(eeg, name, value)
        places = eeg.create_group("chanlocs")
        places.attrs["MATLAB_class"] = np.bytes_("struct")
        labels = [text(refs, f"l{i}", name).ref for i, name in enumerate(names)]
        places.create_dataset("labels", data=np.array(labels, h5py.ref_dtype)[:, None], dtype=h5py.ref_dtype)
    data = made.getvalue()
    return b"MATLAB 7.3 MAT-file, written by a test".ljust(124) + b"\0\2IM" + data[128:]


def mat73(**arrays: object) -> bytes:
    """A MATLAB 7.3 file of arrays of numbers and lists of texts."""
    made = io.BytesIO()
    with h5py.File(made, "w", userblock_size=512) as file:
        refs = file.create_group("#refs#")
        for name, value in arrays.items():
            if isinstance(value, list):
                items = []
                for i, word in enumerate(value):
                    held = refs.create_dataset(f"{name}{i}", data=np.array([[ord(c)] for c in word], np.uint16))
                    held.attrs["MATLAB_class"] = np.bytes_("char")
                    items.append(held.ref)
                cell = file.create_dataset(name, data=np.array(items, h5py.ref_dtype)[:, None], dtype=h5py.ref_dtype)
                cell.attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                held = file.create_dataset(name, data=np.atleast_2d(np.asarray(value, np.float64)).T)
                held.attrs["MATLAB_class"] = np.bytes_("double")
    data = made.getvalue()
    return b"MATLAB 7.3 MAT-file, written by a test".ljust(124) + b"\0\2IM" + data[128:]


def raw_of(signal: np.ndarray, names: Sequence[str], rate: float) -> mne.io.RawArray:
    """MNE's raw of a signal in µV."""
    return mne.io.RawArray(signal * 1e-6, mne.create_info(list(names), rate, "eeg"), verbose="ERROR")


def fif(
    signal: np.ndarray, names: Sequence[str], rate: float, name: str = "x_raw.fif", **save: object
) -> dict[str, bytes]:
    """A FIF file, or the parts of one."""
    with tempfile.TemporaryDirectory() as folder:
        raw_of(signal, names, rate).save(Path(folder) / name, verbose="ERROR", fmt="double", **save)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def epochs_fif(signal: np.ndarray, names: Sequence[str], rate: float, labels: Sequence[str]) -> bytes:
    """A FIF file of epochs of one length, cut one after the other."""
    length = signal.shape[1] // len(labels)
    data = np.stack([signal[:, i * length : (i + 1) * length] for i in range(len(labels))]) * 1e-6
    codes = {label: i + 1 for i, label in enumerate(dict.fromkeys(labels))}
    events = np.array([[i * length, 0, codes[label]] for i, label in enumerate(labels)])
    info = mne.create_info(list(names), rate, "eeg")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x-epo.fif"
        mne.EpochsArray(data, info, events, event_id=codes, verbose="ERROR").save(path, fmt="double", verbose="ERROR")
        return path.read_bytes()


def neuroscan(signal: np.ndarray, names: Sequence[str], rate: int) -> bytes:
    """A continuous Neuroscan file of 32-bit numbers, 0.1 µV a step, without events."""
    count, samples = len(names), signal.shape[1]
    head = bytearray(900)
    head[:12] = b"Version 3.0\0"
    struct.pack_into("<H", head, 370, count)
    struct.pack_into("<H", head, 376, rate)
    struct.pack_into("<i", head, 864, samples)
    struct.pack_into("<i", head, 886, 900 + 75 * count + 4 * count * samples)
    for name in names:
        each = bytearray(75)
        each[: len(name)] = name.encode()
        struct.pack_into("<f", each, 59, 204.8)  # sensitivity: µV = number · 204.8 · 1 / 204.8 / 10
        struct.pack_into("<f", each, 71, 0.1)
        head += each
    whole = np.round(signal * 10).astype("<i4").T.tobytes()
    table = struct.pack("<Bii", 1, 0, 0)
    return bytes(head) + whole + table


def persyst(signal: np.ndarray, names: Sequence[str], rate: int) -> dict[str, bytes]:
    """Persyst's .lay and .dat, 0.1 µV a step."""
    lines = [
        "[FileInfo]",
        r"File=D:\eeg\rec.dat",
        "FileType=Interleaved",
        f"SamplingRate={rate}",
        "HeaderLength=0",
        "Calibration=0.1",
        f"WaveformCount={len(names)}",
        "DataType=0",
        "[ChannelMap]",
        *(f"{name}-Ref={i + 1}" for i, name in enumerate(names)),
        "[Patient]",
        "First=",
        "Last=",
        "Sex=",
        "Hand=",
        "ID=",
        "BirthDate=",
        "TestDate=01/02/2001",
        "TestTime=01:01:01",
        "[Comments]",
        "3.5,1.0,0,0,eyes closed",
    ]
    return {
        "rec.lay": "\n".join(lines).encode() + b"\n", "rec.dat": np.round(signal * 10).astype("<i2").T.tobytes(),
    }  # fmt: skip


def xdf(signal: np.ndarray, names: Sequence[str], rate: float, marks: Sequence[tuple[float, str]] = ()) -> bytes:
    """An XDF file of the Lab Streaming Layer: a stream of EEG and one of marks."""

    def chunk(tag: int, content: bytes) -> bytes:
        return b"\4" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content

    def header(stream: int, kind: str, count: int, hertz: float, form: str, described: str = "") -> bytes:
        text = (
            f"<info><name>{kind.lower()}</name><type>{kind}</type><channel_count>{count}</channel_count>"
            f"<nominal_srate>{hertz}</nominal_srate><channel_format>{form}</channel_format><desc>{described}</desc></info>"
        )
        return chunk(2, struct.pack("<I", stream) + text.encode())

    channels = "".join(
        f"<channel><label>{name}</label><unit>microvolts</unit><type>EEG</type></channel>" for name in names
    )
    body = b"XDF:" + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    body += header(1, "EEG", len(names), rate, "double64", f"<channels>{channels}</channels>")
    body += header(2, "Markers", 1, 0, "string")
    samples = b"".join(
        (b"\x08" + struct.pack("<d", 100 + i / rate)) + column.astype("<f8").tobytes()
        for i, column in enumerate(signal.T)
    )
    body += chunk(3, struct.pack("<I", 1) + b"\4" + struct.pack("<I", signal.shape[1]) + samples)
    told = b"".join(
        b"\x08" + struct.pack("<d", 100 + at) + b"\1" + bytes([len(word)]) + word.encode() for at, word in marks
    )
    if marks:
        body += chunk(3, struct.pack("<I", 2) + b"\4" + struct.pack("<I", len(marks)) + told)
    for stream in (1, 2):
        footer = f"<info><first_timestamp>100</first_timestamp><sample_count>{signal.shape[1]}</sample_count></info>"
        body += chunk(6, struct.pack("<I", stream) + footer.encode())
    return body


def ant(signal: np.ndarray, names: Sequence[str], rate: int) -> bytes:
    """An ANT .cnt, by the library that its maker wrote."""
    from antio.libeep import pyeep

    described = pyeep.create_channel_info()
    for name in names:
        pyeep.add_channel(described, name, "REF", "uV")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.cnt"
        handle = pyeep.write_cnt(str(path), rate, described, 0)
        pyeep.add_samples(handle, [float(v) for v in signal.T.ravel()], len(names))
        pyeep.close(handle)
        return path.read_bytes()


def openbci(signal: np.ndarray, rate: int) -> bytes:
    """OpenBCI GUI's text: comments, a counter that begins again at 256, other sensors, and time since 1970."""
    head = [
        "%OpenBCI Raw EXG Data",
        f"%Number of channels = {len(signal)}",
        f"%Sample Rate = {rate} Hz",
        "%Board = OpenBCI",
        ", ".join(["Sample Index", *(f"EXG Channel {i}" for i in range(len(signal))), "Accel Channel 0", "Timestamp"]),
    ]
    rows = [
        ", ".join([f"{i % 256}.0", *(f"{v:.1f}" for v in column), "0.01", f"{1.6e9 + i / rate:.6f}"])
        for i, column in enumerate(signal.T)
    ]
    return "\n".join(head + rows).encode() + b"\n"


def mind_monitor(signal: np.ndarray, names: Sequence[str], rate: int) -> bytes:
    """Mind Monitor's CSV of a Muse: date stamps, powers that it computes, and rows that only tell of a blink."""
    columns = [
        "TimeStamp",
        *(f"Alpha_{n}" for n in names),
        *(f"RAW_{n}" for n in names),
        "Accelerometer_X",
        "Battery",
        "Elements",
    ]
    rows = [",".join(columns)]
    for i, column in enumerate(signal.T):
        when = np.datetime64("2021-03-04T12:00:00.000") + np.timedelta64(round(1e6 * i / rate), "us")
        stamp = str(when).replace("T", " ")
        rows.append(",".join([stamp, *("0.5" for _ in names), *(f"{v:.1f}" for v in column), "0.1", "80", ""]))
        if i == 10 * rate:
            rows.append(",".join([stamp, *[""] * (2 * len(names) + 2), "/muse/elements/blink"]))
    return "\n".join(rows).encode() + b"\n"


def emotiv(signal: np.ndarray, names: Sequence[str], rate: int) -> bytes:
    """EmotivPRO's CSV: a line on the recording, names with dots, quality and motion beside the EEG."""
    columns = [
        "Timestamp",
        "EEG.Counter",
        "EEG.Interpolated",
        *(f"EEG.{n}" for n in names),
        *(f"CQ.{n}" for n in names),
        "MOT.Q0",
    ]
    rows = [
        f"title:rest,start timestamp:1600000000.0,headset type:EPOCX,sampling "
        f"rate:eeg_{rate};mot_64,channels:{len(names)}",
        ",".join(columns),
    ]
    rows += [
        ",".join(
            [f"{1.6e9 + i / rate:.6f}", str(i % rate), "0", *(f"{v:.1f}" for v in column), *("4" for _ in names), "0.5"]
        )
        for i, column in enumerate(signal.T)
    ]
    return "\n".join(rows).encode() + b"\n"


def micromed(signal: np.ndarray, names: Sequence[str], rate: int) -> bytes:
    """A Micromed .trc of version 4, 16 bits a number, 1 µV a step."""
    count = len(names)
    code_at, label_at = 640, 1024
    data_at = label_at + 128 * count
    head = bytearray(data_at)
    head[0:30] = b"* MICROMED  Brain-Quick file *"
    head[64:86] = b"subject".ljust(22)
    head[128:134] = bytes([1, 1, 101, 10, 0, 0])
    struct.pack_into("<IHHHH", head, 138, data_at, count, count * 2, rate, 2)
    head[175] = 4
    for i, (name, at, length) in enumerate([("ORDER", code_at, 2 * count), ("LABCOD", label_at, 128 * count)]):
        struct.pack_into("<8sII", head, 176 + 16 * i, name.ljust(8).encode(), at, length)
    zones = (
        "NOTE",
        "FLAGS",
        "TRONCA",
        "IMPED_B",
        "IMPED_E",
        "MONTAGE",
        "COMPRESS",
        "AVERAGE",
        "HISTORY",
        "DVIDEO",
        "EVENT A",
        "EVENT B",
        "TRIGGER",
    )
    for i, name in enumerate(zones, 2):
        struct.pack_into("<8sII", head, 176 + 16 * i, name.ljust(8).encode(), 800, 0)  # zeros: nothing of these
    for i in range(count):
        struct.pack_into("<H", head, code_at + 2 * i, i)
        at = label_at + 128 * i
        head[at + 2 : at + 2 + len(names[i])] = names[i].encode()
        head[at + 8 : at + 11] = b"REF"
        struct.pack_into("<iiiii", head, at + 14, 0, 65535, 32768, -32768, 32768)  # 1 µV a step
        struct.pack_into("<h", head, at + 34, 0)
        struct.pack_into("<H", head, at + 44, 1)
    steps = np.round(signal).astype(np.int64) + 32768
    return bytes(head) + steps.astype("<u2").T.tobytes()
