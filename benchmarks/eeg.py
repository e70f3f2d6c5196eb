"""Hours of EEG: how long until all of them are seen, and another stretch is: ``python benchmarks/eeg.py [--hours 2]``.

An EDF of 64 channels at 512 Hz is written into a temporary folder and read in a process of its own, so that the peak of
its memory is that of reading alone. The upload is the file's bytes in memory, as Streamlit hands them on.

``--dreamer`` does the same with a file built as DREAMER.mat and as large: 23 subjects, 18 films, 14 electrodes (128 Hz)
and an ECG of two channels (256 Hz), all noise: how long one subject of it takes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "data")]
CHANNELS, RATE, CYCLE = 64, 512, 20  #: s of noise that are repeated
PLACES = (1234.0, 3333.3, 5000.0)  #: s at which other stretches begin


def write(path: Path, hours: float) -> None:
    """An EDF of noise with 64 electrodes of the 10–10 system."""
    import numpy as np
    from recordings import edf

    from xviz.data.eeg.names import montage

    names = list(montage("biosemi64"))
    small = edf(10 * np.random.default_rng(0).standard_normal((CHANNELS, RATE * CYCLE)), names, RATE)
    start, times = 256 * (CHANNELS + 1), round(hours * 3600 / CYCLE)
    with path.open("wb") as file:
        file.write(small[:236] + f"{times * CYCLE:<8}".encode() + small[244:start])
        for _ in range(times):
            file.write(small[start:])


def measure(path: Path) -> dict[str, object]:
    """Seconds and mebibytes of one visit."""
    from xviz.data.eeg.channels import match
    from xviz.data.eeg.read import Stretch, open_eeg, overview_of

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

    def part(start: float) -> float:
        begun = time.perf_counter()
        match(open_eeg(("hours.edf", data), part=Stretch(start, 61.0)).recordings[0])
        return time.perf_counter() - begun

    before, data = peak(), path.read_bytes()
    begun = time.perf_counter()
    whole = overview_of(("hours.edf", data))
    seen = time.perf_counter() - begun
    first = part(0.0)
    others = [part(start) for start in PLACES if start + 61 < 3600 * len(data) / CHANNELS / RATE / 2 / 3600]
    return {
        "file_mib": len(data) >> 20, "overview_s": round(seen, 2), "first_stretch_s": round(first, 2),
        "overview_and_first_s": round(seen + first, 2), "another_stretch_s": round(max(others, default=0.0), 2),
        "before_mib": before, "peak_mib": peak(), "bins": 0 if whole is None else len(whole.times),
    }  # fmt: skip


SUBJECTS, FILMS, FILM, REST = 23, 18, 199, 61  #: of DREAMER, the latter two in s


def write_dreamer(path: Path) -> None:
    """A file built as DREAMER.mat: one struct, compressed, whose field Data is a cell of subjects."""
    import io
    import struct
    import zlib

    import numpy as np
    from recordings import EPOC
    from scipy.io import savemat

    random = np.random.default_rng(0)

    def noise(rate: int, channels: int, seconds: int) -> np.ndarray:
        return 4200 + 0.5128 * np.round(20 * random.standard_normal((seconds * rate, channels)))

    def element(value: object) -> bytes:
        made = io.BytesIO()
        savemat(made, {"x": value}, do_compression=False)
        whole = made.getvalue()[128:]
        return whole[:40] + struct.pack("<II", 1, 0) + whole[48:]  # without its name, as inside a cell

    def films(rate: int, channels: int) -> dict[str, np.ndarray]:
        made = {"baseline": np.empty(FILMS, object), "stimuli": np.empty(FILMS, object)}
        for film in range(FILMS):
            made["baseline"][film] = noise(rate, channels, REST)
            made["stimuli"][film] = noise(rate, channels, FILM)
        return made

    scores = {f"Score{name}": random.integers(1, 6, (FILMS, 1)).astype(float) for name in
              ("Valence", "Arousal", "Dominance")}  # fmt: skip
    subject = element({"Age": "22", "EEG": films(128, 14), "ECG": films(256, 2), **scores})
    names = np.array(EPOC, object)
    cell, outer = (struct.pack("<IIII", 6, 8, kind, 0) for kind in (1, 2))
    data = cell + struct.pack("<IIii", 5, 8, 1, SUBJECTS) + struct.pack("<II", 1, 0)
    fields = (b"Data", b"EEG_SamplingRate", b"EEG_Electrodes")
    top = outer + struct.pack("<IIii", 5, 8, 1, 1) + struct.pack("<II", 1, 7) + b"DREAMER\0"
    top += struct.pack("<HHI", 5, 4, 32) + struct.pack("<II", 1, 96) + b"".join(f.ljust(32, b"\0") for f in fields)
    rest = element(128.0) + element(names)
    inside = len(data) + SUBJECTS * len(subject)
    engine = zlib.compressobj(1)
    with path.open("wb") as file:
        file.write(b"MATLAB 5.0 MAT-file, as DREAMER.mat is built".ljust(124) + b"\x00\x01IM")
        file.write(struct.pack("<II", 15, 0))
        file.write(engine.compress(struct.pack("<II", 14, len(top) + 8 + inside + len(rest)) + top))
        file.write(engine.compress(struct.pack("<II", 14, inside) + data))
        for _ in range(SUBJECTS):
            file.write(engine.compress(subject))
        file.write(engine.compress(rest) + engine.flush())
        length = file.tell() - 136
        file.seek(132)
        file.write(struct.pack("<I", length))


def measure_dreamer(path: Path) -> dict[str, object]:
    """Seconds and mebibytes until one subject of it can be chosen from."""
    from xviz.data.eeg.read import open_eeg

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

    before, data, took = peak(), path.read_bytes(), []
    for subject in (0, SUBJECTS - 1):
        begun = time.perf_counter()
        opened = open_eeg(("DREAMER.mat", data), part=subject)
        took.append(round(time.perf_counter() - begun, 2))
        assert opened.titles[0].startswith(f"subject {subject + 1}, film 1")
    return {"file_mib": len(data) >> 20, "subject_s": took, "before_mib": before, "peak_mib": peak()}


def main() -> None:
    """Write the file, measure in a process of its own, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the recording")
    parser.add_argument("--dreamer", action="store_true", help="a file as DREAMER.mat instead")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.file is not None:
        print(json.dumps((measure_dreamer if given.dreamer else measure)(given.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("DREAMER.mat" if given.dreamer else "hours.edf")
        if given.dreamer:
            write_dreamer(path)
        else:
            write(path, given.hours)
        again = [sys.executable, __file__, "--file", str(path), *["--dreamer"] * given.dreamer]
        subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
