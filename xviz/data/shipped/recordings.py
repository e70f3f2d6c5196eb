"""The recordings that come with xviz: simulated trials whose truth is known, and one minute of a real EEG.

``xviz/data/samples/eeg/samples.json`` lists them with origin, licence and credit. ``truth.json`` beside it says, for
each label, how many dB a rating from 2 to 8 changes at each electrode and band of the simulation (``xviz samples
mca`` makes all of it).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.eeg.channels import ChannelReport, match
from xviz.data.eeg.read import read_eeg
from xviz.places import SAMPLES

FOLDER = SAMPLES / "eeg"


@dataclass(frozen=True)
class EegExample:
    """One shipped recording."""

    key: str  #: how URLs name it
    title: str  #: how people name it
    file: str  #: in ``samples/eeg``
    kind: str  #: "simulated" or "real"
    ratings: dict[str, float]  #: label → 1–9; empty where nobody rated
    credit: str  #: authors, licence

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return FOLDER / self.file


@dataclass(frozen=True, eq=False)
class Truth:
    """What the simulation's ratings do."""

    electrodes: tuple[str, ...]
    bands: tuple[str, ...]
    change: dict[str, NDArray[np.float64]]  #: label → (electrode, band) dB from rating 2 to rating 8


@cache
def eeg_examples() -> tuple[EegExample, ...]:
    """All shipped recordings, in the order in which people see them."""
    listed = json.loads((FOLDER / "samples.json").read_text(encoding="utf-8"))
    return tuple(EegExample(**entry) for entry in listed)


def load_eeg_example(key: str) -> tuple[Sample, ChannelReport]:
    """A shipped recording with the 32 electrodes that the model reads, and how they were found.

    Raises:
        SampleError: there is no such recording.
    """
    for one in eeg_examples():
        if one.key == key:
            eeg, report = match(read_eeg(one.path))
            return Sample(one.title, {"eeg": eeg}, source=one.credit, shipped=True), report
    raise SampleError(f"There is no shipped recording “{key}”. Choose one of the list.")


@cache
def truth() -> Truth:
    """What drives the simulated recordings."""
    said = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    change = {label: np.array(values) for label, values in said["change"].items()}
    return Truth(tuple(said["electrodes"]), tuple(said["bands"]), change)
