"""Recordings of BCI2000 (``.dat``): MNE reads the numbers, names, gains and offsets stand in the header.

Source: BCI2000 Data File Format, https://www.bci2000.org/mediawiki/index.php/Technical_Reference:BCI2000_File_Format.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_MARKS = 10_000  #: of a recording
_FACTOR = {"": 1.0, "muv": 1.0, "uv": 1.0, "µv": 1.0, "nv": 1e-3, "mv": 1e3, "v": 1e6}  #: of a gain's unit, to µV


def read_bci2000(path: Path) -> Any:
    """A recording as MNE has them, in volts, with a mark wherever the stimulus code begins to be another one.

    Raises:
        ValueError: the header is damaged.
    """
    import mne

    counted = mne.io.read_raw_bci2k(path, preload=True, verbose="WARNING")
    listed = parameters(path)
    channels = [i for i, kind in enumerate(counted.get_channel_types()) if kind == "eeg"]
    counts, codes = counted.get_data(picks=channels), counted.get_data(picks="stim") if "stim" in counted else None
    names = listed.get("ChannelNames", [])
    if len(names) != len(channels) or len(set(names)) != len(names):
        names = [counted.ch_names[i] for i in channels]
    gains = _numbers(listed.get("SourceChGain", []), len(channels), 1.0)
    offsets = _numbers(listed.get("SourceChOffset", []), len(channels), 0.0)
    info = mne.create_info(names, counted.info["sfreq"], "eeg", verbose="ERROR")
    raw = mne.io.RawArray((counts - offsets[:, None]) * gains[:, None] * 1e-6, info, verbose="ERROR")
    if codes is not None:
        begun = np.flatnonzero(np.diff(codes[0], prepend=0) * (codes[0] != 0))[:MOST_MARKS]
        labels = [f"StimulusCode {codes[0, sample]:.0f}" for sample in begun]
        raw.set_annotations(mne.Annotations(begun / counted.info["sfreq"], 0.0, labels))
    return raw


def parameters(path: Path) -> dict[str, list[str]]:
    """Name → values of the parameters of a header that are lists, without their count."""
    with path.open("rb") as file:
        first = file.readline(4096).decode("utf-8", "replace")
        length = re.search(r"HeaderLen\s*=\s*(\d+)", first)
        text = file.read(int(length[1]) - len(first)) if length and int(length[1]) > len(first) else b""
    listed = {}
    for line in text.decode("utf-8", "replace").splitlines():
        if match := re.match(r"\S+\s+\w*list\s+(\w+)=\s*(\d+)\s+(.*)", line):
            listed[match[1]] = match[3].partition("//")[0].split()[: int(match[2])]
    return listed


def _numbers(texts: list[str], count: int, otherwise: float) -> NDArray[np.float64]:
    """A number for each channel, in µV where a unit stands behind it; ``otherwise`` where the header has none."""
    numbers = [re.fullmatch(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)([a-zA-Zµ]*)", text) for text in texts]
    if len(numbers) != count or not all(number and number[2].lower() in _FACTOR for number in numbers):
        return np.full(count, otherwise)
    return np.array([float(number[1]) * _FACTOR[number[2].lower()] for number in numbers if number])
