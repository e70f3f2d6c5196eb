"""DEAP's own recordings, as they are downloaded: a BDF in the layout that the documentation gives, and its ratings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recordings import edf

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32
from xviz.data.eeg.deap import read_original
from xviz.train.mca.features import load_trials


def original(folder: Path, starts: tuple[int, ...] = (6, 75), high: int = 0) -> None:
    """A BDF of one subject as DEAP has it: 512 Hz, clips of a minute, a status channel with codes."""
    seconds, rng = 140, np.random.default_rng(0)
    hum = 100 * np.sin(2 * np.pi * 50 * np.arange(seconds * 512) / 512)
    signal = 10 * rng.standard_normal((34, seconds * 512)) + np.outer(1 + np.arange(34) / 34, hum)
    status = np.full(seconds * 512, high)
    for start in starts:
        status[start * 512 : start * 512 + 60] = high + 4
        status[(start + 60) * 512 : (start + 60) * 512 + 60] = high + 5
    signal[-1] = status * 500 / (2**23 - 1)
    (folder / "s02.bdf").write_bytes(edf(signal, (*reversed(BIOSEMI32), "EXG1", "Status"), 512, bits=24))
    rows = ["Participant_id,Trial,Experiment_id,Start_time,Valence,Arousal,Dominance,Liking,Familiarity"]
    rows += ["1,1,5,0,1,1,1,1,1", "2,2,9,0,7.5,2,3,4,1", "2,1,17,0,2.5,8,6,7,1"]
    (folder / "participant_ratings.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.parametrize("high", [0, 0x19FF00])  # the bits that some subjects' status has set
def test_deaps_original_recordings(tmp_path: Path, high: int) -> None:
    original(tmp_path, high=high)
    made = read_original(tmp_path / "s02.bdf")
    assert made.label_names == ("valence", "arousal", "dominance", "liking")
    assert made.labels.tolist() == [[2.5, 8, 6, 7], [7.5, 2, 3, 4]]  # in the order in which they were shown
    first = made.recordings[0]
    assert (first.rate, first.rest, first.seconds, first.channels) == (512.0, 5.0, 65.0, BIOSEMI32)
    power = np.abs(np.fft.rfft(first.signal[0] * np.hanning(first.signal.shape[1]))) ** 2
    at = np.fft.rfftfreq(first.signal.shape[1], 1 / 512)
    assert power[(at > 49.9) & (at < 50.1)].max() < 10 * power[(at > 8) & (at < 30)].mean()  # 10⁵ times as much before
    assert power[at > 70].max() < 1e-3 * power[(at > 8) & (at < 30)].mean()
    assert np.abs(first.signal.mean(0)).max() < 1e-3  # common average
    data = load_trials(tmp_path, say=lambda _: None)
    assert (data.de.shape, data.subject.tolist()) == ((2, 32, 5, 60), [0, 0])


def test_deaps_original_recordings_that_do_not_fit(tmp_path: Path) -> None:
    original(tmp_path, starts=(6,))
    with pytest.raises(SampleError, match=r"should begin 2 trials, .* marks 1"):
        read_original(tmp_path / "s02.bdf")
    original(tmp_path, starts=(3, 75))
    with pytest.raises(SampleError, match="begins at 3 s, but the recording"):
        read_original(tmp_path / "s02.bdf")
    (tmp_path / "s03.bdf").write_bytes((tmp_path / "s02.bdf").read_bytes())
    with pytest.raises(SampleError, match="no trials of participant 3"):
        read_original(tmp_path / "s03.bdf")
    (tmp_path / "participant_ratings.csv").write_text("Trial\n1\n", encoding="utf-8")
    with pytest.raises(SampleError, match="should have Participant_id, Trial, Valence"):
        read_original(tmp_path / "s02.bdf")
    (tmp_path / "participant_ratings.csv").unlink()
    with pytest.raises(SampleError, match=r"should lie beside s02\.bdf"):
        read_original(tmp_path / "s02.bdf")
