"""Features, labels and honest splits for MCA, from a folder of recordings.

Kinds of folder: those of ``sets`` (PhysioNet's eyes open and closed, DREAMER, SEED, SEED-IV), DEAP (``s01.dat`` …,
``.mat``, or its original ``.bdf``), and simulated or own trials of any electrodes (``s01.npz`` …, as “xviz make
recordings” writes them).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.core.provenance import digest
from xviz.data.eeg.deap import read_original
from xviz.data.eeg.read import open_eeg
from xviz.models.mca_features import Plan, check_rate
from xviz.train.mca.sets import find, measured
from xviz.train.mca.trials import Trials

Split = Literal["paper", "trial", "subject"]
SPLITS: tuple[Split, ...] = ("paper", "trial", "subject")


def load_trials(folder: Path, plan: Plan = Plan(), *, say: Callable[[str], None] = print) -> Trials:  # noqa: B008
    """The features of all recordings in a folder; kept beside them in ``mca-features-….npz`` for the next time.

    Raises:
        SampleError: there are no recordings of a known layout, or one is damaged.
    """
    files = sorted(p for p in folder.glob("*") if re.fullmatch(r"s\d+\.(dat|mat|npz|bdf)", p.name))
    made_here = digest("2", repr(plan), *(f"{p.name} {p.stat().st_size}" for p in files))[:12]
    store = folder / f"mca-features-{made_here}.npz"
    if files and store.is_file():
        with np.load(store, allow_pickle=False) as arrays_kept:
            arrays = {name: arrays_kept[name] for name in ("de", "psd", "ratings", "subject", "trial")}
            names, channels = (tuple(arrays_kept[name].tolist()) for name in ("label_names", "channels"))
            return Trials(**arrays, label_names=names, channels=channels, plan=plan)
    if files:
        trials = _recordings(files, plan, say)
        named = {name: np.array(getattr(trials, name)) for name in ("label_names", "channels")}
        np.savez(store, **{n: getattr(trials, n) for n in ("de", "psd", "ratings", "subject", "trial")}, **named)
        return trials
    if (recognised := find(folder, plan, say)) is not None:
        return recognised
    raise SampleError(
        f"“{folder}” should hold DEAP's s01.dat … or s01.bdf …, your own s01.npz …, PhysioNet's S001R01.edf …, "
        "DREAMER.mat, SEED's 1_20131027.mat … with label.mat, or SEED-IV's folders 1, 2 and 3; it holds none of them. "
        "Name the folder in which these files lie."
    )


def _recordings(files: list[Path], plan: Plan, say: Callable[[str], None]) -> Trials:
    """DEAP, simulated or own recordings."""
    recordings: list[tuple[NDArray, NDArray]] = []
    ratings, subject, names, channels = [], [], (), ()
    for number, path in enumerate(files):
        opened = read_original(path) if path.suffix == ".bdf" else open_eeg(path)
        channels = channels or opened.recordings[0].channels
        names = names or opened.label_names
        if opened.labels is None or opened.recordings[0].channels != channels or opened.label_names != names:
            raise SampleError(
                f"{path.name} should hold trials with labels, of the same electrodes and labels as {files[0].name} "
                f"({len(channels)}: {', '.join(channels[:4])} …; {', '.join(names) or 'no labels'}); it does not."
            )
        check_rate(opened.recordings[0], plan.bands)
        recordings += [measured(eeg, plan) for eeg in opened.recordings]
        ratings.append(opened.labels)
        subject += [number] * len(opened.recordings)
        say(f"features of {path.name}, {number + 1} of {len(files)}")
    de, psd = (np.stack(part).astype(np.float32) for part in zip(*recordings, strict=True))
    return Trials(de, psd, np.concatenate(ratings), names, np.array(subject), np.arange(len(subject)), channels, plan)


def divide(
    trials: Trials, label: str, split: Split, *, windows: int, share: float = 0.2, seed: int = 1
) -> NDArray[np.bool_]:
    """(n, windows) True where a window is tested.

    "paper" draws windows at random, so that windows of one trial are trained on and tested (this leaks); "trial" keeps
    trials whole, with all subjects on both sides; "subject" keeps subjects whole. The first two draw the same share of
    low and high.
    """
    rng, high = np.random.default_rng(seed), trials.high(label)
    tested = np.zeros((len(high), windows), dtype=bool)
    if split == "paper":
        flat, side = tested.reshape(-1), np.repeat(high, windows)
        for value in (0, 1):
            flat[_some(rng, np.flatnonzero(side == value), share)] = True
    elif split == "trial":
        for value in (0, 1):
            tested[np.isin(trials.trial, _some(rng, np.unique(trials.trial[high == value]), share))] = True
    elif split == "subject":
        tested[np.isin(trials.subject, _some(rng, np.unique(trials.subject), share))] = True
    else:
        raise SampleError(f"A split should be one of {', '.join(SPLITS)}; got “{split}”.")
    if not tested.any() or tested.all():
        raise SampleError(f"There are too few recordings for a split by {split}. Bring more, or choose another split.")
    return tested


def _some(rng: np.random.Generator, values: NDArray, share: float) -> NDArray:
    """A share of the values, at least one."""
    return rng.permutation(values)[: max(1, round(share * len(values)))]


def label_question(trials: Trials) -> str:
    """How many trials are high in each column, and what that says about the paper's two numbers.

    The authors' feature files store arousal first, their notebook calls the first column valence. Their test counts
    give 754 high of 1,280 for the run that is called valence and 724 for the one called arousal.
    """
    counts = {name: int(trials.high(name).sum()) for name in trials.label_names}
    sentence = "; ".join(f"{name} {count} of {len(trials.ratings)} high" for name, count in counts.items())
    if {754, 724} == {counts.get("valence"), counts.get("arousal")}:
        swapped = counts["arousal"] == 754
        verdict = "swapped: 99.49 % is arousal and 99.30 % valence" if swapped else "named rightly"
        return f"{sentence}. The paper's counts are 754 and 724, so that its labels are {verdict}."
    return (
        f"{sentence}. The paper's counts of DEAP are 754 “valence” and 724 “arousal”; these recordings cannot decide."
    )
