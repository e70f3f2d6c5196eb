"""ANT's .cnt: read by a process of its own, since the library of its maker ends the process on some files.

``python -m xviz.data.eeg.ant FILE OUT`` writes an NPZ; ``read_ant`` calls it and takes what it wrote.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation
from xviz.data.eeg.raw import LIMIT_VALUES, Raw
from xviz.places import PACKAGE

PATIENCE = 120  #: s


def read_ant(path: Path) -> Raw:
    """A .cnt of ANT.

    Raises:
        SampleError: it cannot be read.
    """
    out = path.with_suffix(".npz")
    command = [sys.executable, "-m", "xviz.data.eeg.ant", str(path), str(out)]
    root = PACKAGE.parent  # where Python finds xviz, in a checkout and once installed
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SampleError("The ANT file could not be read in time. Export it as EDF or BrainVision.") from error
    if done.returncode or not out.is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SampleError(
            f"The ANT file cannot be read{f': {last[0]:.200}' if last else ''}. It may be damaged or cut short: "
            "export it as EDF or BrainVision."
        )
    with np.load(out, allow_pickle=False) as arrays:
        units, references = {str(name) for name in arrays["units"]}, {str(name) for name in arrays["references"]}
        factor = {"uV": "µV", "µV": "µV", "mV": "mV", "V": "V", "nV": "nV"}
        rate = float(arrays["rate"])
        return Raw(
            signals=(arrays["signal"],),
            rate=rate,
            channels=tuple(str(name) for name in arrays["names"]),
            unit=factor.get(units.pop()) if len(units) == 1 else None,
            reference=references.pop() if len(references) == 1 else "",
            annotations=tuple(
                Annotation(int(sample) / rate, 0.0, str(code))
                for sample, code in zip(arrays["at"], arrays["codes"], strict=True)
            ),
        )


def _convert(path: str, out: str) -> None:
    """What is in a .cnt as arrays; without what it says of people, which nobody needs here."""
    from antio import read_cnt

    file = read_cnt(path)
    count, samples = file.get_channel_count(), file.get_sample_count()
    if count * samples > LIMIT_VALUES:
        raise SystemExit(f"it holds more than {LIMIT_VALUES // 10**6} million values")
    channels = [file.get_channel(index, encoding="latin-1") for index in range(count)]
    step, signal = max(1, 2_000_000 // count), np.empty((samples, count), np.float32)
    for first in range(0, samples, step):
        last = min(samples, first + step)
        signal[first:last] = np.asarray(file.get_samples(first, last), np.float32).reshape(-1, count)
    marks = [file.get_trigger(index) for index in range(file.get_trigger_count())]
    np.savez(
        out,
        signal=signal.T,
        rate=file.get_sample_frequency(),
        names=[str(channel[0]) for channel in channels],
        units=[str(channel[1]) for channel in channels],
        references=[str(channel[2]) for channel in channels],
        at=np.array([mark[1] for mark in marks], np.int64),
        codes=np.array([str(mark[0]) for mark in marks] or [""])[: len(marks)],
    )


if __name__ == "__main__":
    _convert(*sys.argv[1:3])
