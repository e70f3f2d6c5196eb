"""Arrays as people save them in MATLAB and NumPy: whichever way they lie, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from recordings import mat, noise, npy, npz

from xviz.core.errors import SampleError
from xviz.data.eeg.read import open_eeg, read_eeg

NAMES = ("Fp1", "C3", "O1", "O2")
SIGNAL = np.round(noise(4, 8.0))
CELL = np.array(NAMES, object)
TRIALS = SIGNAL.reshape(4, 4, 256).transpose(1, 0, 2)  #: (trial, channel, time)
EEGLAB = {"srate": 128.0, "chanlocs": [{"labels": name} for name in NAMES], "pnts": 256.0, "trials": 4.0}


def fieldtrip(*lengths: int, **more: object) -> bytes:
    trials, times = np.empty(len(lengths), object), np.empty(len(lengths), object)
    begins = np.cumsum([0, *lengths])
    trials[:] = [SIGNAL[:, a:b] for a, b in pairwise(begins)]
    times[:] = [np.arange(length) / 128 for length in lengths]
    return mat(data={"trial": trials, "time": times, "label": CELL, **more})


def saved(**more: object) -> bytes:
    return npz(**{"signal": SIGNAL, "rate": 128.0, "channels": np.array(NAMES)} | more)


#: how it is saved → name and bytes
READ: dict[str, Callable[[], tuple[str, bytes]]] = {
    "EEGLAB's epochs": lambda: ("a.mat", mat(EEG=EEGLAB | {"data": TRIALS.transpose(1, 2, 0)})),
    "channel, time, trial": lambda: ("a.mat", mat(eeg=TRIALS[:3].transpose(1, 2, 0), fs=128.0, channels=CELL)),
    "trial, time, channel": lambda: ("a.mat", mat(eeg=TRIALS[:3].transpose(0, 2, 1), fs=128.0, channels=CELL)),
    "trials of other lengths": lambda: ("a.mat", fieldtrip(256, 384, fsample=128.0)),
    "times in the place of a rate": lambda: ("a.mat", fieldtrip(256, 256)),
    "data with labels that are not DEAP's": lambda: (
        "a.mat", mat(data=TRIALS[:3], labels=np.ones((3, 1)), fs=128.0, ch_names=CELL)),
    "an NPZ, time first": lambda: ("a.npz", saved(signal=SIGNAL.T)),
    "one label a trial": lambda: ("a.npz", saved(signal=TRIALS, labels=np.arange(4))),
    "names as bytes": lambda: ("a.npz", saved(channels=np.array([name.encode() for name in NAMES]))),
    "other keys": lambda: ("a.npz", npz(eeg=SIGNAL, sampling_rate=128, ch_names=np.array(NAMES))),
    "a rate in a list": lambda: ("a.npz", saved(rate=np.array([128.0]))),
}  # fmt: skip


@pytest.mark.parametrize("case", READ)
def test_whichever_way_an_array_lies(case: str) -> None:
    name, data = READ[case]()
    eeg = read_eeg(data, name=name)
    assert (eeg.channels, eeg.rate) == (NAMES, 128.0)
    assert np.array_equal(eeg.signal, SIGNAL[:, : eeg.signal.shape[1]])
    assert eeg.signal.shape[1] >= 256


def test_trials_keep_their_own_lengths_and_labels() -> None:
    made = open_eeg(fieldtrip(256, 384, fsample=128.0), name="a.mat")
    assert [eeg.signal.shape[1] for eeg in made.recordings] == [256, 384]
    labelled = open_eeg(saved(signal=TRIALS, labels=np.arange(4), label_names=np.array(["side"])), name="a.npz")
    assert labelled.titles[2] == "trial 3 (side 2.0)"


def test_the_way_that_an_array_was_taken_is_said() -> None:
    eeg = read_eeg(mat(EEG=EEGLAB | {"data": TRIALS.transpose(1, 2, 0)}), name="a.mat")
    assert "The array (4, 256, 4) was taken as (channel, time, trial)." in eeg.notes
    turned = "The array (1024, 4) was taken as (time, channel)."
    for name, data in (
        ("a.npz", saved(signal=SIGNAL.T)),
        ("a.npy", npy(SIGNAL.T)),
        ("a.mat", mat(eeg=SIGNAL.T, fs=128.0, channels=CELL)),
    ):
        eeg = read_eeg(data, name=name, rate=128.0 if name == "a.npy" else None)
        assert turned in eeg.notes, name
        assert np.array_equal(eeg.signal, SIGNAL)
    two = read_eeg(mat(x=SIGNAL, y=SIGNAL[:, ::-1], fs=128.0, channels=CELL), name="a.mat")
    assert "Of the file's arrays x, y the first was read." in two.notes


def test_axes_are_told_by_one_rule_in_files_of_matlab_and_numpy() -> None:
    for array in (TRIALS[:3].transpose(1, 2, 0), TRIALS[:3].transpose(0, 2, 1), TRIALS[:3]):
        made = [
            open_eeg(data, name=name)
            for name, data in (("a.npz", saved(signal=array)), ("a.mat", mat(eeg=array, fs=128.0, channels=CELL)))
        ]
        for opened in made:
            assert all(
                np.array_equal(eeg.signal, part) for eeg, part in zip(opened.recordings, TRIALS[:3], strict=True)
            )
        said = [{note for note in opened.recordings[0].notes if "was taken as" in note} for opened in made]
        assert said[0] == said[1]
    with pytest.raises(SampleError, match="whose axes cannot be told"):
        open_eeg(npy(TRIALS.transpose(0, 2, 1)), name="a.npy", rate=128.0)
    twice = open_eeg(saved(signal=TRIALS.transpose(0, 2, 1)), name="a.npz")  # four of each: an NPZ has trials first
    assert all(np.array_equal(eeg.signal, part) for eeg, part in zip(twice.recordings, TRIALS, strict=True))


@pytest.mark.parametrize(("written", "unit", "scale"), [("mV", "mV", 1e-3), ("volt", "V", 1e-6), ("uV", "µV", 1.0)])
def test_a_unit_that_stands_in_the_file_is_the_files(written: str, unit: str, scale: float) -> None:
    for name, data in (
        ("a.npz", saved(signal=SIGNAL * scale, unit=written)),
        ("a.mat", mat(eeg=SIGNAL * scale, fs=128.0, channels=CELL, unit=written)),
    ):
        eeg = read_eeg(data, name=name)
        assert f"Unit: {unit}, as the file says." in eeg.notes
        assert np.allclose(eeg.signal, SIGNAL, rtol=1e-5)


def test_names_that_are_too_few_are_warned_of() -> None:
    eeg = read_eeg(mat(eeg=SIGNAL, fs=128.0, channels=CELL[:3]), name="a.mat")
    assert eeg.channels[0] == "channel 1"
    assert any("names 3 channels, but its signal has 4" in warning for warning in eeg.warnings)


def test_deap_without_its_rest_has_none() -> None:
    for samples, rest in ((7680, 0.0), (8064, 3.0)):
        data = np.repeat(noise(32, 63.0)[None, :, :samples], 2, 0)
        eeg = read_eeg(mat(data=data, labels=np.ones((2, 4))), name="s01.mat")
        assert eeg.rest == rest
        assert any("rest in front" in note for note in eeg.notes) == (not rest)


REFUSED = {
    "DEAP, time before channels": (
        "a.mat", lambda: mat(data=np.ones((2, 8064, 40)), labels=np.ones((2, 4))), "data (2, 8064, 40), labels (2, 4)"),
    "64 channels without a rate": (
        "a.mat", lambda: mat(data=np.ones((2, 64, 900)), labels=np.ones((2, 1))), "needs its rate in Hz (fs) beside"),
    "a rate in words": (
        "a.mat", lambda: mat(eeg=SIGNAL, fs="128 Hz", channels=CELL), "rate in Hz, a number; it is “128 Hz”"),
    "axes that nothing tells": (
        "a.mat", lambda: mat(eeg=np.ones((5, 300, 60)), fs=128.0), "(5, 300, 60), whose axes cannot be told"),
    "an NPY of trials, time before channels": ("a.npy", lambda: npy(TRIALS.transpose(0, 2, 1)), "numpy.transpose"),
    "an NPZ's rate in words": ("a.npz", lambda: saved(rate="128 Hz"), "should be one number; it is 128 Hz"),
    "a rate for each channel": ("a.npz", lambda: saved(rate=np.full(4, 128.0)), "“rate” of the NPZ should be one"),
    "rest in words": ("a.npz", lambda: saved(rest="3 s"), "“rest” of the NPZ should be one number; it is 3 s"),
    "a resolution for each": ("a.npz", lambda: saved(resolution=np.ones(4)), "“resolution” of the NPZ should be one"),
    "labels too few": ("a.npz", lambda: saved(signal=TRIALS, labels=np.ones((3, 2))), "labels for each of 4 trials"),
    "a rate below zero": ("a.npz", lambda: saved(rate=-128.0), "above 0 Hz; -128 Hz stands in the file"),
    "an NPY of no trials": ("a.npy", lambda: npy(TRIALS[:0]), "(0, 4, 256), an array without a number"),
    "an NPZ of no trials": ("a.npz", lambda: saved(signal=TRIALS[:0]), "(0, 4, 256), an array without a number"),
    "no rate": ("a.npz", lambda: saved(rate=np.nan), "above 0 Hz; nan Hz stands in the file"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_the_cause_is_named(fault: str) -> None:
    name, make, words = REFUSED[fault]
    with pytest.raises(SampleError, match=re.escape(words)):
        open_eeg(make(), name=name, rate=128.0 if name == "a.npy" else None)


def test_a_rate_of_zero_that_is_given() -> None:
    with pytest.raises(SampleError, match="above 0 Hz; 0 Hz is given"):
        open_eeg(npy(SIGNAL), name="a.npy", rate=0.0)


@pytest.mark.parametrize(
    ("columns", "named"), [(4, ("valence", "arousal", "dominance", "liking")), (2, ("valence", "arousal"))]
)
def test_deap_keeps_the_ratings_that_came(columns: int, named: tuple[str, ...]) -> None:
    data = np.random.default_rng(0).standard_normal((2, 40, 8064)).astype(np.float32)
    opened = open_eeg(("s01.mat", mat(data=data, labels=np.full((2, columns), 5.0))))
    assert opened.label_names == named
    assert opened.recordings[0].rest == 3.0
