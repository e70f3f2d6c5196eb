"""References, filters and hum, restated in plain float64."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import NAMES, noise

from xviz.core.errors import SampleError
from xviz.core.sample import Eeg
from xviz.data.eeg.condition import Condition, conditioned, hum
from xviz.data.eeg.stretch import best, closed, crop

SIGNAL = noise(34, 8.0).astype(np.float32)
EEG = Eeg(SIGNAL, 128.0, (*NAMES, "M1", "M2"), reference="CPz")


def test_nothing_is_done_unless_asked_for() -> None:
    assert conditioned(EEG, Condition()) is EEG


def test_references() -> None:
    exact = SIGNAL.astype(np.float64)
    average = conditioned(EEG, Condition("average"))
    assert average.signal == pytest.approx(exact - exact.mean(0), abs=1e-4)
    assert average.reference == "the average of 34 channels"
    mastoids = conditioned(EEG, Condition("linked mastoids"))
    assert mastoids.signal == pytest.approx(exact - (exact[32] + exact[33]) / 2, abs=1e-4)
    assert mastoids.reference == "linked mastoids (M1, M2)"
    vertex = conditioned(EEG, Condition("Cz"))
    assert vertex.signal == pytest.approx(exact - exact[NAMES.index("Cz")], abs=1e-4)


def test_rest_does_not_depend_on_the_reference_that_it_starts_from() -> None:
    one = conditioned(EEG, Condition("REST"))
    other = conditioned(Eeg(SIGNAL - SIGNAL[5:8].mean(0), 128.0, EEG.channels), Condition("REST"))
    assert one.signal == pytest.approx(other.signal, abs=1e-3)
    assert one.reference == "infinity (REST)"


def test_filters_take_away_what_they_say_and_keep_gaps() -> None:
    time = np.arange(20 * 256) / 256
    tones = [np.sin(2 * np.pi * hertz * time) for hertz in (0.2, 10, 50)]
    signal = np.tile(np.sum(tones, 0), (4, 1))
    signal[:, 2560:2700] = np.nan
    eeg = Eeg(signal.astype(np.float32), 256.0, NAMES[:4])
    made = conditioned(eeg, Condition(high_pass=1.0, notch=50.0)).signal
    assert np.isnan(made[:, 2560:2700]).all()
    part = made[0, 512:2048].astype(np.float64)
    share = [abs(part @ np.exp(2j * np.pi * hertz * time[512:2048])) / len(part) * 2 for hertz in (0.2, 10, 50)]
    assert share == pytest.approx([0, 1, 0], abs=0.1)


def test_filters_that_do_not_fit_are_refused() -> None:
    with pytest.raises(SampleError, match="A low-pass of 80 Hz needs a rate above 160 Hz"):
        conditioned(EEG, Condition(low_pass=80.0))
    with pytest.raises(SampleError, match="should lie below the low-pass"):
        conditioned(EEG, Condition(high_pass=30.0, low_pass=20.0))


@pytest.mark.parametrize("tone", [50.0, 60.0, 0.0])
def test_mains_hum_is_found(tone: float) -> None:
    time = np.arange(10 * 256) / 256
    signal = noise(4, 10, 256) + 20 * np.sin(2 * np.pi * tone * time)
    assert hum(Eeg(signal.astype(np.float32), 256.0, NAMES[:4])) == tone


def test_closed_gaps_join_what_was_recorded() -> None:
    signal = SIGNAL.copy()
    signal[:, 256:512] = np.nan
    made = closed(Eeg(signal, 128.0, EEG.channels))
    assert np.array_equal(made.signal, np.delete(SIGNAL, np.s_[256:512], 1))
    assert [(mark.label, mark.onset) for mark in made.annotations] == [("join", 2.0)]
    assert any("1 gap was closed (2 s)" in text for text in made.warnings)
    assert best(made, 4.0).clean


def test_rest_may_be_chosen_before_a_stretch() -> None:
    made = crop(EEG, 4.0, 3.0, rest=2.0)
    assert (made.rest, made.seconds) == (2.0, 5.0)
    assert np.array_equal(made.signal, SIGNAL[:, 256:896])
    assert crop(EEG, 1.0, 3.0, rest=2.0).rest == 1.0  # no more than there is
    assert any("Rest: the 2 s before the stretch, as chosen." in note for note in made.notes)


def test_filters_and_references_in_headers_are_told() -> None:
    import zipfile
    from io import BytesIO

    from recordings import brainvision, edf

    from xviz.data.eeg.read import read_eeg

    data = bytearray(edf(SIGNAL[:2], ("Cz", "Pz")))
    for channel in range(2):
        at = 256 + 136 * 2 + 80 * channel
        data[at : at + 24] = b"HP:0.5Hz LP:35Hz N:50Hz "
    eeg = read_eeg(("a.edf", bytes(data)))
    assert eeg.passband == (0.5, 35.0)
    assert any("high-pass 0.5 Hz, low-pass 35 Hz" in note for note in eeg.notes)
    with zipfile.ZipFile(BytesIO(brainvision(SIGNAL[:2], ("Cz", "Pz")))) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    files = [(name, body.replace(b"Cz,,", b"Cz,FCz,").replace(b"Pz,,", b"Pz,FCz,")) for name, body in files]
    assert read_eeg(*files).reference == "FCz"
