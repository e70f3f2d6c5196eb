"""DEAP's own recordings, ``data_original/s01.bdf`` …: trials cut out at the marks and cleaned as the paper says.

A file holds one subject's 40 trials in one go, at 512 Hz. A trial begins where the status channel's low byte turns 4;
5 s before it are rest. The steps are those of the paper's preparation, notches at 50 Hz and its multiples, 4–45 Hz, the
common average as reference, but one: its independent components were thrown out by hand, which no program can repeat.
Ratings are read from ``participant_ratings.csv``, whose trials are numbered as they were shown.

Source: Koelstra et al., IEEE Transactions on Affective Computing 3, 2012, and the preparation that Zhao & Gu name.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.read import EegFile

BEGINS = 4  #: in the low byte of the status channel: the clip begins
REST, CLIP = 5.0, 60.0  #: s
PASS = (4.0, 45.0)  #: Hz
HUM = 50.0  #: Hz
LABELS = ("valence", "arousal", "dominance", "liking")
RATINGS = "participant_ratings.csv"


def read_original(path: Path) -> EegFile:
    """The trials of one subject, with ratings.

    Args:
        path: ``s01.bdf`` …; the ratings lie in its folder, in a folder ``metadata_csv`` beside it or in that of its
            parent.

    Raises:
        SampleError: the file cannot be read, or ratings and trials do not fit.
    """
    import mne

    ratings = read_ratings(path)
    try:
        raw = mne.io.read_raw_bdf(path, preload=False, verbose="ERROR")
        onsets = begins(raw.get_data(picks=["Status"])[0])
        if len(onsets) != len(ratings):
            raise SampleError(
                f"{path.name} should begin {len(ratings)} trials, as {RATINGS} has them; its status channel marks "
                f"{len(onsets)}. Use the files as they were downloaded."
            )
        recordings = tuple(_trial(raw, onset) for onset in onsets)
    except SampleError:
        raise
    except Exception as error:  # MNE fails in many ways on damaged files
        raise SampleError(f"{path.name} cannot be read: {error!s:.300}. Download it again.") from error
    titles = tuple(f"trial {i + 1}" for i in range(len(ratings)))
    return EegFile(recordings, titles, "µV", ratings, LABELS)


def begins(status: NDArray[np.floating]) -> NDArray[np.int64]:
    """Samples at which a clip begins. Some subjects' codes have other bits set above the low byte."""
    code = status.astype(np.int64) & 0xFF
    return np.flatnonzero((code[1:] == BEGINS) & (code[:-1] != BEGINS)) + 1


def _trial(raw: Any, onset: int) -> Eeg:
    """One trial with its rest, cleaned."""
    from mne.filter import filter_data, notch_filter

    rate = float(raw.info["sfreq"])
    start, stop = onset - round(REST * rate), onset + round(CLIP * rate)
    if start < 0 or stop > raw.n_times:
        raise SampleError(f"A trial begins at {onset / rate:.4g} s, but the recording ends before or after it does.")
    signal = raw.get_data(picks=list(BIOSEMI32), start=start, stop=stop) * 1e6
    signal = notch_filter(signal, rate, np.arange(HUM, min(251.0, rate / 2), HUM), verbose="ERROR")
    signal = filter_data(signal, rate, *PASS, fir_design="firwin", verbose="ERROR")
    return Eeg((signal - signal.mean(0)).astype(np.float32), rate, BIOSEMI32, rest=REST)


def read_ratings(path: Path) -> NDArray[np.float64]:
    """(trial, 4) ratings of the subject of a file, in the order in which the trials were shown.

    Raises:
        SampleError: there are none.
    """
    near = (path.parent, path.parent.parent)
    places = [folder / RATINGS for folder_ in near for folder in (folder_, folder_ / "metadata_csv")]
    known = next((path_ for path_ in places if path_.is_file()), None)
    subject = int(re.sub(r"\D", "", path.stem) or 0)
    if known is None:
        raise SampleError(f"{RATINGS} of DEAP's metadata should lie beside {path.name}; it does not. Copy it there.")
    try:
        with known.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if int(row["Participant_id"]) == subject]
        rows.sort(key=lambda row: int(row["Trial"]))
        ratings = np.array([[float(row[label.capitalize()]) for label in LABELS] for row in rows])
    except (KeyError, ValueError, TypeError) as error:
        raise SampleError(
            f"{RATINGS} should have Participant_id, Trial, {', '.join(label.capitalize() for label in LABELS)}; "
            f"it lacks or spoils {error}. Use the file as it was downloaded."
        ) from error
    if not len(ratings):
        raise SampleError(f"{RATINGS} has no trials of participant {subject}, whose recording is {path.name}.")
    return ratings
