from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from recordings import NAMES, noise

from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.channels import match, places, plain


def recording(names: tuple[str, ...] = NAMES, **changed) -> Eeg:
    return Eeg(noise(len(names), 4).astype(np.float32), 128.0, names, **changed)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("Fp1", "FP1"), ("EEG Fp1-Ref", "FP1"), ("EEG FP1-LE", "FP1"), ("Fc5.", "FC5"), ("T3", "T7"),
        ("EEG T6-A2", "P8"), (" cz ", "CZ"), ("Cz-AVG", "CZ"), ("EEG 001", "001"), ("A1", "A1"),
        ("Af3..", "AF3"), ("EEG-Oz", "OZ"),
    ],
)  # fmt: skip
def test_names(given: str, made: str) -> None:
    assert plain(given) == made


def test_the_same_names_change_nothing() -> None:
    eeg = recording()
    made, report = match(eeg)
    assert np.array_equal(made.signal, eeg.signal)
    assert report.matched == BIOSEMI32
    assert (report.missing, report.interpolated, report.unused, dict(report.renamed)) == ((), (), (), {})


def test_order_old_names_and_others() -> None:
    names = ("STATUS", *reversed([{"T7": "T3", "P8": "EEG T6-Ref"}.get(name, name) for name in NAMES]))
    eeg = recording(names)
    made, report = match(eeg)
    assert made.channels == BIOSEMI32
    assert dict(report.renamed) == {"T7": "T3", "P8": "EEG T6-Ref"}
    assert report.unused == ("STATUS",)
    assert np.array_equal(made.signal[BIOSEMI32.index("T7")], eeg.signal[names.index("T3")])
    assert {"electrode": "P8", "channel": "EEG T6-Ref", "what": "renamed"} in report.rows()
    assert report.rows()[-1] == {"electrode": "", "channel": "STATUS", "what": "not used"}


def test_missing_electrodes_are_interpolated_or_left_out() -> None:
    smooth = np.stack([np.cos(20 * places()[name.upper()][0]) * noise(1, 4, seed=1)[0] for name in NAMES])
    kept = [i for i, name in enumerate(NAMES) if name not in ("Cz", "O2")]
    eeg = Eeg(smooth[kept].astype(np.float32), 128.0, tuple(NAMES[i] for i in kept))
    made, report = match(eeg)
    assert report.missing == report.interpolated == ("Cz", "O2")
    for name in report.missing:
        row = NAMES.index(name)
        assert np.corrcoef(made.signal[row], smooth[row])[0, 1] > 0.99  # a smooth field is told by its neighbours
        assert made.signal[row].std() == pytest.approx(smooth[row].std(), rel=0.15)
    left, report = match(eeg, missing="leave out")
    assert np.isnan(left.signal[NAMES.index("Cz")]).all()
    assert report.interpolated == ()
    assert {"electrode": "Cz", "channel": "", "what": "missing; left out"} in report.rows()


def test_flat_and_broken_channels_count_as_missing() -> None:
    eeg = recording()
    signal = eeg.signal.copy()
    signal[3], signal[5, 7] = 12.0, np.nan
    made, report = match(replace(eeg, signal=signal))
    assert dict(report.silent) == {NAMES[3]: "flat", NAMES[5]: "not numbers"}
    assert report.interpolated == (NAMES[3], NAMES[5])
    assert made.signal[3].std() > 1
    assert np.isfinite(made.signal).all()
    assert any("matched, but flat; interpolated" in row["what"] for row in report.rows())


def test_duplicates_are_said_and_the_first_counts() -> None:
    eeg = recording((*NAMES, "CZ"))
    made, report = match(eeg)
    assert report.duplicates == ("Cz",)
    assert np.array_equal(made.signal[NAMES.index("Cz")], eeg.signal[NAMES.index("Cz")])
    assert "CZ" in report.unused
    assert any("named twice" in row["what"] for row in report.rows())


def test_a_montage_of_ones_own() -> None:
    made, report = match(recording(), ("Oz", "Cz", "Fz"))
    assert made.channels == ("Oz", "Cz", "Fz")
    assert len(report.unused) == 29


def test_positions_are_the_files_or_the_average_heads() -> None:
    own = np.full((32, 3), np.nan, np.float32)
    own[0] = 0.01, 0.02, 0.03
    made, _ = match(recording(positions=own))
    assert made.positions is not None
    assert made.positions[0].tolist() == pytest.approx([0.01, 0.02, 0.03])
    assert np.isfinite(made.positions).all()
    assert made.positions[NAMES.index("Oz"), 1] < 0 < made.positions[NAMES.index("Fz"), 1]
