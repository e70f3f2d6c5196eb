"""Training on sets that people have, from generated files of exactly their layout."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from recordings import edf, mat

from xviz import cli
from xviz.core.errors import SampleError
from xviz.data.eeg.datasets import SEED62, SEED_IV
from xviz.train.mca.features import divide, load_trials
from xviz.train.mca.recipe import Recipe, train

#: how PhysioNet names its 64 channels
PHYSIONET = tuple(
    name.ljust(4, ".")
    for line in (
        "Fc5 Fc3 Fc1 Fcz Fc2 Fc4 Fc6 C5 C3 C1 Cz C2 C4 C6 Cp5 Cp3 Cp1 Cpz Cp2 Cp4 Cp6 Fp1 Fpz Fp2 Af7 Af3 Afz Af4",
        "Af8 F7 F5 F3 F1 Fz F2 F4 F6 F8 Ft7 Ft8 T7 T8 T9 T10 Tp7 Tp8 P7 P5 P3 P1 Pz P2 P4 P6 P8 Po7",
        "Po3 Poz Po4 Po8 O1 Oz O2 Iz",
    )
    for name in line.split()
)
EPOC = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")


def minute(rng: np.random.Generator, names: tuple[str, ...], alpha: float, rate: int, seconds: int = 61) -> np.ndarray:
    """(channel, time) µV of noise, with alpha at O1, Oz and O2."""
    time = np.arange(seconds * rate) / rate
    made = 8 * rng.standard_normal((len(names), len(time)))
    for index, name in enumerate(names):
        if name.strip(".").upper() in ("O1", "OZ", "O2"):
            made[index] += alpha * np.sin(2 * np.pi * 10 * time + rng.uniform(0, 6))
    return made


def physionet(folder: Path, subjects: int) -> None:
    rng = np.random.default_rng(0)
    for number in range(1, subjects + 1):
        home = folder / f"S{number:03d}"
        home.mkdir(parents=True)
        for run, alpha in ((1, 2.0), (2, 25.0), (3, 2.0)):
            if run < 3 or number == 1:  # other runs of the set are passed over
                signal = minute(rng, PHYSIONET, alpha, 160)
                (home / f"S{number:03d}R{run:02d}.edf").write_bytes(edf(signal, PHYSIONET, 160, limit=500.0))


def test_eyes_open_against_closed_of_physionet_by_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(PHYSIONET) == 64
    physionet(tmp_path / "files", 4)
    out = tmp_path / "eyes.safetensors"
    command = ["train", "mca", "--data", str(tmp_path / "files"), "--out", str(out), "--split", "subject"]
    assert cli.main([*command, "--share", "0.25", "--rate", "2e-3", "--epochs", "5"]) in (0, None)
    told = capsys.readouterr().out
    assert out.is_file()
    assert "eyes closed, 2 held-out trials of 1 subjects: 100.0 % right" in told
    assert "luck stays below" in told
    assert "a linear discriminant on the same features" in told


def test_both_runs_of_a_subject_are_needed(tmp_path: Path) -> None:
    physionet(tmp_path, 1)
    (tmp_path / "S001" / "S001R02.edf").unlink()
    with pytest.raises(SampleError, match=r"both S…R01\.edf \(eyes open\) and S…R02\.edf"):
        load_trials(tmp_path, say=lambda _: None)


def cell(items: list) -> np.ndarray:
    made = np.empty(len(items), object)
    made[:] = items
    return made


def test_dreamer_is_trained_on_by_subject(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    subjects = []
    for _ in range(3):
        scores = np.array([4.0, 2.0])
        clips = [minute(rng, EPOC, 5 * score, 128, 62).T for score in scores]
        subjects.append(
            {
                "EEG": {"baseline": cell([minute(rng, EPOC, 5.0, 128, 6).T] * 2), "stimuli": cell(clips)},
                "ScoreValence": scores[:, None],
                "ScoreArousal": scores[:, None],
                "ScoreDominance": scores[:, None],
            }
        )
    held = {"Data": cell(subjects), "EEG_Electrodes": np.array(EPOC, object), "EEG_SamplingRate": 128.0}
    (tmp_path / "DREAMER.mat").write_bytes(mat(DREAMER=held))
    trials = load_trials(tmp_path, say=lambda _: None)
    assert trials.channels == EPOC
    assert trials.subject.tolist() == [1, 1, 2, 2, 3, 3]
    assert trials.high("valence").tolist() == [1, 0] * 3
    tested = divide(trials, "valence", "subject", windows=20, share=0.3).all(1)
    assert len(np.unique(trials.subject[tested])) == 1
    alpha = trials.psd[:, [6, 7], 2].mean((1, 2))
    assert alpha[::2].min() > alpha[1::2].max() + 3
    train(tmp_path, tmp_path / "made.safetensors", Recipe(epochs=1, share=0.3))


def test_the_three_sessions_of_seed_iv(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for session in (1, 2, 3):
        folder = tmp_path / "eeg_raw_data" / str(session)
        folder.mkdir(parents=True)
        clips = {f"cz_eeg{i + 1}": minute(rng, SEED62, 10.0, 200, 8)[:, :1600] for i in range(3)}
        (folder / f"{session}_2015.mat").write_bytes(mat(**clips))
    trials = load_trials(tmp_path, say=lambda _: None)
    kept = [emotion for labels in SEED_IV for emotion in labels[:3] if emotion]
    assert trials.high("valence").tolist() == [int(emotion == 3) for emotion in kept]
    assert trials.subject.tolist() == [s + 1 for s, labels in enumerate(SEED_IV) for e in labels[:3] if e]
    assert trials.channels == SEED62
    assert len(set(trials.trial.tolist())) == len(kept)
