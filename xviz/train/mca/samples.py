"""Make the shipped recordings: ``xviz samples mca --edf S001R02.edf``.

Four simulated trials of subjects that no split by subject trains on, one for each pair of low and high ratings, kept in
steps of 0.75 µV; the truth of the simulation; and the EDF of PhysioNet that the package biosignalsnotebooks carries.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np

from xviz.core.sample import BIOSEMI32
from xviz.data.shipped import FOLDER, ShippedSample, Truth, write
from xviz.models.mca_features import BANDS, Plan
from xviz.train.mca.measure import truth_of
from xviz.train.mca.simulation import LABELS, RATE, REST, person, simulate

SUBJECTS = (2, 8, 17, 22)
RATINGS = ((7.5, 7.5), (7.5, 2.5), (2.5, 7.5), (2.5, 2.5))  #: valence, arousal
OUT = FOLDER / "mca"
STEP = 0.75  #: µV
SIMULATED = "Simulated by xviz (xviz make recordings), nobody's brain was recorded. CC0."
REAL = (
    "EEG Motor Movement/Imagery Dataset, subject 1, run 2 (eyes closed): Schalk et al., IEEE Transactions on "
    "Biomedical Engineering 51, 2004; PhysioNet (Goldberger et al., Circulation 101, 2000). "
    "Open Data Commons Attribution 1.0."
)


def make(edf: Path | None = None) -> None:
    """Write ``samples/mca``; without the real recording's file, the one that is there stays."""
    OUT.mkdir(parents=True, exist_ok=True)
    listed = []
    for number, pair in zip(SUBJECTS, RATINGS, strict=True):
        rated = [f"{'high' if rating > 5 else 'low'} {label}" for label, rating in zip(LABELS, pair, strict=True)]
        key = "-".join(words.replace(" ", "-") for words in rated)
        signal = np.round(simulate(person(number), pair, (0, 7777)) / STEP).astype(np.int16)
        np.savez_compressed(
            OUT / f"{key}.npz",
            signal=signal, resolution=STEP, unit="µV", rate=RATE, rest=REST, channels=np.array(BIOSEMI32),
            labels=np.array([pair]), label_names=np.array(LABELS),
        )  # fmt: skip
        title = f"Simulated recording, {' and '.join(rated)}"
        ratings = dict(zip(LABELS, pair, strict=True))
        files = {"eeg": f"{key}.npz"}
        listed.append(ShippedSample("mca", key, title, "simulated", SIMULATED, files, truth=Truth(ratings=ratings)))
    if edf is not None:
        shutil.copyfile(edf, OUT / "S001R02.edf")
    if (OUT / "S001R02.edf").is_file():
        title = "Real recording, eyes closed (PhysioNet)"
        listed.append(ShippedSample("mca", "eyes-closed", title, "real", REAL, {"eeg": "S001R02.edf"}))
    write(OUT / "samples.json", listed)
    change = {label: truth_of(label, Plan()).round(4).tolist() for label in LABELS}
    bands = [band.name for band in BANDS]
    truth = {"electrodes": list(BIOSEMI32), "bands": bands, "unit": "dB, rating 2 to 8", "change": change}
    (OUT / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
