"""Trials of sets that people have: PhysioNet's eyes open and closed, DREAMER, SEED and SEED-IV, as their files lie.

PhysioNet's EEG Motor Movement/Imagery set (Schalk et al., IEEE Transactions on Biomedical Engineering 51, 2004): of
each of 109 subjects S001R01.edf is a minute with eyes open, S001R02.edf one with eyes closed, 64 electrodes. DREAMER
(Katsigiannis & Ramzan, IEEE Journal of Biomedical and Health Informatics 22, 2018): the last minute of each film, after
5 s of its rest; ratings of 1–5 become 1–9, so that 3 counts as high. SEED and SEED-IV (Zheng et al., IEEE Transactions
on Cybernetics 49, 2019): clips in stretches of a minute that stay together in honest splits; neutral ones are left out,
happy ones are high, sad and fearful ones low.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.channels import match
from xviz.data.eeg.datasets import DREAMER_LABELS, SEED62, SEED_IV, dreamer, seed_features
from xviz.data.eeg.matlab import mat_all, mat_arrays
from xviz.data.eeg.read import open_eeg, read_eeg
from xviz.models.mca_features import QUIET, Band, Plan, check_rate, features, pad, resampled
from xviz.train.mca.trials import Trials

Say = Callable[[str], None]
EYES = re.compile(r"S(\d{3})R0([12])\.edf", re.IGNORECASE)  #: run 1 is eyes open, run 2 eyes closed
CLOSED = "eyes closed"
#: SEED's bands as its authors cut them; only their number and names matter, since its features come ready
SEED_PLAN = Plan(
    bands=tuple(
        Band(name, edges, edges)
        for name, edges in (("delta", (1, 3)), ("theta", (4, 7)), ("alpha", (8, 13)), ("beta", (14, 30)),
                            ("gamma", (31, 50)))
    ),
    from_rest=False,
)  # fmt: skip


def find(folder: Path, plan: Plan, say: Say) -> Trials | None:
    """The trials of a set that is recognised by its files; None where it is none of these.

    Raises:
        SampleError: a file is damaged, or one is missing.
    """
    eyes = sorted((p for p in folder.rglob("*") if EYES.fullmatch(p.name)), key=lambda p: p.name.upper())
    if eyes:
        return _eyes(eyes, plan, say)
    if (path := folder / "DREAMER.mat").is_file():
        return _dreamer(path, plan, say)
    root = next(
        (base for base in (folder / "eeg_raw_data", folder) if all((base / str(i)).is_dir() for i in (1, 2, 3))), None
    )
    sessions = [] if root is None else [_numbered(root / str(i)) for i in (1, 2, 3)]
    if any(sessions):
        return _clipped([(p, _of_seed_iv(i)) for i, files in enumerate(sessions) for p in files], say)
    if seed := _numbered(folder):
        return _clipped([(path, _of_seed(folder)) for path in seed], say)
    return None


def _numbered(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("*.mat") if re.fullmatch(r"\d+_\d+\.mat", p.name))


def measured(eeg: Eeg, plan: Plan) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """DE and PSD of a recording, (channel, band, step); silent channels are zero."""
    return features(np.nan_to_num(resampled(eeg, plan.rate)), plan.samples(eeg.rest), plan)


def _eyes(files: Sequence[Path], plan: Plan, say: Say) -> Trials:
    """PhysioNet's first two runs of each subject, on the 32 electrodes of the page; levels, since there is no rest."""
    own = replace(plan, from_rest=False)
    pairs, ratings, subject = [], [], []
    runs = {(match_[1], match_[2]) for path in files if (match_ := EYES.fullmatch(path.name))}
    for path in files:
        match_ = EYES.fullmatch(path.name)
        if match_ is None or not {(match_[1], "1"), (match_[1], "2")} <= runs:
            say(f"{path.name} was left out: runs 1 and 2 of its subject should both be there")
            continue
        eeg = match(read_eeg(path), BIOSEMI32)[0]
        check_rate(eeg, own.bands)
        pairs.append(measured(eeg, own))
        ratings.append([9.0 if match_[2] == "2" else 1.0])
        subject.append(int(match_[1]))
        say(f"features of {path.name}")
    if not pairs:
        raise SampleError(
            "Of no subject there are both S…R01.edf (eyes open) and S…R02.edf (eyes closed). Download both runs."
        )
    de, psd = (np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True))
    index = np.arange(len(ratings))
    return Trials(de, psd, np.array(ratings), (CLOSED,), np.array(subject), index, BIOSEMI32, own)


def _dreamer(path: Path, plan: Plan, say: Say) -> Trials:
    """The last minute of every film, measured from the last seconds of its rest."""
    content = mat_all(path.read_bytes(), limit=False)
    if "DREAMER" not in content:
        raise SampleError(
            f"{path.name} should hold DREAMER; it holds {', '.join(content)}. Use the file as it was downloaded."
        )
    raw = dreamer(content["DREAMER"], most=10**10)
    pairs = []
    for index, signal in enumerate(raw.signals):
        rest_samples, minute = round(raw.rest * raw.rate), round(plan.seconds * raw.rate)
        last = np.concatenate([signal[:, :rest_samples], signal[:, max(rest_samples, signal.shape[1] - minute) :]], 1)
        pairs.append(measured(Eeg(last.astype(np.float32), raw.rate, raw.channels, rest=raw.rest), plan))
        if index % 18 == 17:
            say(f"features of {raw.titles[index]}")
    assert raw.labels is not None
    de, psd = (np.stack(part).astype(np.float32) for part in zip(*pairs, strict=True))
    subject = np.array([int(title.split(",")[0].split()[1]) for title in raw.titles])
    index = np.arange(len(subject))
    return Trials(de, psd, 2 * raw.labels - 1, DREAMER_LABELS, subject, index, raw.channels, plan)


def _of_seed(folder: Path) -> Sequence[float]:
    """SEED's labels of clips: 1, 0, −1.

    Raises:
        SampleError: label.mat is not there.
    """
    known = next((p for p in (folder / "label.mat", folder.parent / "label.mat") if p.is_file()), None)
    if known is None:
        raise SampleError(f"SEED's label.mat should lie in “{folder}” or beside it; it does not. Copy it there.")
    return [float(value) for value in mat_arrays(known.read_bytes())["label"].ravel()]


def _of_seed_iv(session: int) -> Sequence[float]:
    """SEED-IV's emotions of a session as 1 for happy, −1 for sad and fear, 0 for neutral."""
    return [{0: 0.0, 1: -1.0, 2: -1.0, 3: 1.0}[emotion] for emotion in SEED_IV[session]]


def _clipped(files: Sequence[tuple[Path, Sequence[float]]], say: Say) -> Trials:
    """Sessions of SEED or SEED-IV, each clip in stretches of a minute."""
    stretches, ratings, subject, trial = [], [], [], []
    for number, (path, labels) in enumerate(files):
        for clip, (de, psd) in enumerate(_clips(path)):
            if clip >= len(labels) or labels[clip] == 0:
                continue
            step = SEED_PLAN.steps
            for start in range(0, max(1, de.shape[2] - step + 1), step):
                stretches.append([pad(part[:, :, start : start + step], step) for part in (de, psd)])
                ratings.append([9.0 if labels[clip] > 0 else 1.0])
                subject.append(int(path.name.split("_")[0]))
                trial.append(1000 * number + clip)
        say(f"features of {path.name}, {number + 1} of {len(files)}")
    de, psd = (np.stack(part).astype(np.float32) for part in zip(*stretches, strict=True))
    return Trials(de, psd, np.array(ratings), ("valence",), np.array(subject), np.array(trial), SEED62, SEED_PLAN)


def _clips(path: Path) -> list[tuple[NDArray, NDArray]]:
    """DE and PSD of the clips of one session, (62, band, window), ready or made here; levels, as SEED has no rest."""
    arrays = mat_arrays(path.read_bytes())
    if any(name.startswith("de_") for name in arrays):
        return [(de, 10 * np.log10(np.maximum(psd, QUIET))) for de, psd in seed_features(arrays)]
    del arrays  # of a session, some hundred MiB, which are read again as recordings
    pairs = []
    for eeg in open_eeg(path).recordings:
        long = replace(SEED_PLAN, seconds=eeg.seconds, steps=int(eeg.seconds))
        pairs.append(measured(eeg, long))
    return pairs
