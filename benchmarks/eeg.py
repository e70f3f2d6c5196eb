"""Hours of EEG: how long until all of them are seen, and another stretch is: ``python benchmarks/eeg.py [--hours 2]``.

An EDF of 64 channels at 512 Hz is written into a temporary folder and read in a process of its own, so that the peak of
its memory is that of reading alone. The upload is the file's bytes in memory, as Streamlit hands them on.
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


def main() -> None:
    """Write the file, measure in a process of its own, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the recording")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.file is not None:
        print(json.dumps(measure(given.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hours.edf"
        write(path, given.hours)
        subprocess.run([sys.executable, __file__, "--file", str(path)], check=True)


if __name__ == "__main__":
    main()
