from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.channels import match
from xviz.data.eeg.read import open_eeg, read_eeg
from xviz.data.shipped import ShippedSample, load_sample, samples
from xviz.data.shipped import simulation as shipped_simulation
from xviz.models.mca import MCA_CARD, SHIPPED
from xviz.models.mca_features import BANDS, Plan, psd
from xviz.train.mca import simulation as simulation
from xviz.train.mca.measure import truth_of

# the simulation


def test_the_simulation_is_the_same_for_the_same_seed_and_only_ratings_differ() -> None:
    who = simulation.person(3)
    first, again = simulation.simulate(who, (8, 2), (0, 1)), simulation.simulate(who, (8, 2), (0, 1))
    assert np.array_equal(first, again)
    assert first.shape == (32, 8064)
    assert not np.array_equal(first, simulation.simulate(who, (8, 2), (0, 2)))
    other = simulation.simulate(who, (2, 2), (0, 1))
    assert np.array_equal(first[:, :384], other[:, :384])  # ratings drive nothing while there is rest
    assert not np.array_equal(first[:, 384:], other[:, 384:])
    assert 5 < np.median(first.std(1)) < 40


def test_drivers_move_what_the_literature_says() -> None:
    plan = Plan()
    truths = {label: truth_of(label, plan, subjects=(1, 2)) for label in simulation.LABELS}
    alpha, theta, beta = 2, 0, 3

    def at(label: str, electrode: str, band: int) -> float:
        return truths[label][BIOSEMI32.index(electrode), band]

    assert at("valence", "F7", alpha) < -0.5 < 0.5 < at("valence", "F8", alpha)
    assert at("valence", "Fz", theta) > 0.5
    assert at("arousal", "Oz", alpha) < -1
    assert at("arousal", "T8", beta) > 0.5
    assert abs(at("valence", "Oz", beta)) < 0.3


def test_ratings_are_balanced() -> None:
    drawn = simulation.ratings(4, 20)
    assert ((drawn >= 5).sum(0) == 10).all()
    assert (np.abs(drawn - 5) >= 0.5).all()
    assert drawn.min() >= 1
    assert drawn.max() <= 9


def test_simulated_recordings_say_so() -> None:
    eeg = simulation.recording(simulation.person(1), (7, 3), (0, 0))
    assert isinstance(eeg, Eeg)
    assert "simulated" in eeg.notes[0]
    assert eeg.positions is not None


def test_the_command_writes_what_is_read(tmp_path: Path) -> None:
    simulation.make(tmp_path, subjects=1, trials=2)
    opened = open_eeg(tmp_path / "s01.npz")
    assert opened.label_names == simulation.LABELS
    assert opened.recordings[0].rest == 3.0
    again = simulation.simulate(simulation.person(1), simulation.ratings(1, 2)[1], (0, 1))
    assert np.array_equal(opened.recordings[1].signal, again.astype(np.float32))
    about = json.loads((tmp_path / "simulation.json").read_text(encoding="utf-8"))
    assert about["what"].startswith("simulated")


# the shipped recordings


@pytest.mark.parametrize("example", samples("mca"), ids=lambda shipped: shipped.name)
def test_shipped_recordings(example: ShippedSample) -> None:
    sample = example.load()
    assert sample.shipped
    assert match(read_eeg(example.path("eeg")))[1].missing == ()
    inputs = MCA_CARD.prepare(sample, SHIPPED)
    assert inputs.present["de"].all()
    assert torch.isfinite(inputs.tokens["de"]).all()
    assert ("imulated" in example.title) == (example.kind == "simulated")
    assert example.credit


def test_shipped_recordings_are_small() -> None:
    size = sum(sample.path("eeg").stat().st_size for sample in samples("mca") if sample.kind == "simulated")
    assert size <= 2**20
    with pytest.raises(SampleError, match="no shipped sample “none”"):
        load_sample("none")


def test_the_shipped_truth_is_the_simulations() -> None:
    truth = shipped_simulation()
    assert truth.electrodes == BIOSEMI32
    assert truth.bands == tuple(band.name for band in BANDS)
    assert set(truth.change) == {"valence", "arousal"}
    rest = 3 * 128
    again = simulation.truth("arousal", lambda signal: psd(signal[:, rest:], Plan()), subjects=(1, 2, 3))
    assert np.corrcoef(again.ravel(), truth.change["arousal"].ravel())[0, 1] > 0.9
