from __future__ import annotations

import io
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
from recordings import NAMES, brainvision, deap, edf, eeglab, gdf, mat, noise, npy, npz, python2, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg import arrays, checks, formats
from xviz.data.eeg.datasets import SEED62, seed_features
from xviz.data.eeg.edf import cut
from xviz.data.eeg.matlab import mat_arrays
from xviz.data.eeg.read import SUFFIXES, crop, likely_unit, open_eeg, read_eeg

SIGNAL = noise(8)
EIGHT = NAMES[:8]


def fif() -> bytes:
    raw = mne.io.RawArray(SIGNAL * 1e-6, mne.create_info(list(EIGHT), 128.0, "eeg"), verbose="ERROR")
    raw.set_montage("biosemi32")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x_raw.fif"
        raw.save(path, verbose="ERROR")
        return path.read_bytes()


FILES = {
    "rec.edf": edf(SIGNAL, EIGHT),
    "rec.bdf": edf(SIGNAL, EIGHT, bits=24),
    "rec.gdf": gdf(SIGNAL, EIGHT),
    "rec.zip": brainvision(SIGNAL, EIGHT),
    "rec.set": eeglab(SIGNAL, EIGHT),
    "rec.fif": fif(),
    "rec.npz": npz(signal=SIGNAL, rate=128.0, channels=np.array(EIGHT), unit="µV"),
    "rec.csv": ("\n".join([",".join(EIGHT), *(",".join(f"{v:.5f}" for v in row) for row in SIGNAL.T)])).encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_recording(name: str) -> None:
    eeg = read_eeg(FILES[name], name=name, rate=128.0)
    assert eeg.channels == EIGHT
    assert eeg.rate == pytest.approx(128.0)
    assert eeg.signal.dtype == np.float32
    assert np.abs(eeg.signal[:, :640] - SIGNAL[:, :640]).max() < 0.06  # 0.1 µV steps of BrainVision
    assert any("Unit" in note for note in eeg.notes)


def test_positions_come_along() -> None:
    eeg = read_eeg(FILES["rec.fif"], name="rec.fif")
    assert eeg.positions is not None
    assert np.isfinite(eeg.positions).all()
    assert 0.05 < np.linalg.norm(eeg.positions, axis=1).mean() < 0.15
    assert read_eeg(FILES["rec.edf"], name="rec.edf").positions is None


def test_a_set_of_epochs_gives_one_recording_each() -> None:
    made = open_eeg(eeglab(np.stack([SIGNAL, 2 * SIGNAL], 2), EIGHT), name="e.set")
    assert len(made.recordings) == 2
    assert [title.split(" (")[0] for title in made.titles] == ["trial 1", "trial 2"]
    assert np.allclose(made.recordings[1].signal, 2 * SIGNAL, atol=1e-3)


def test_a_set_with_its_fdt_in_a_zip() -> None:
    files = {"a/rec.set": eeglab(SIGNAL, EIGHT, data="rec.fdt"), "a/rec.fdt": SIGNAL.T.astype("<f4").tobytes()}
    assert np.allclose(read_eeg(zipped(files), name="x.zip").signal, SIGNAL, atol=1e-3)


@pytest.mark.parametrize("rate", [100, 5000])
def test_other_rates_are_read(rate: int) -> None:
    assert read_eeg(edf(noise(2, 2, rate), ("Cz", "Pz"), rate), name="a.edf").rate == rate


# units


@pytest.mark.parametrize(("unit", "factor"), [("V", 1e6), ("mV", 1e3), ("µV", 1.0), ("nV", 1e-3)])
def test_units_are_told_from_the_numbers(unit: str, factor: float) -> None:
    assert likely_unit(SIGNAL / factor, 128.0) == unit
    made = open_eeg(npz(signal=SIGNAL / factor, rate=128.0, channels=np.array(EIGHT)), name="a.npz")
    assert made.unit == unit
    assert np.allclose(made.recordings[0].signal, SIGNAL, rtol=1e-4, atol=1e-3)
    assert any(f"taken as {unit}" in note for note in made.recordings[0].notes)


def test_drift_and_offset_do_not_change_the_unit() -> None:
    drift = SIGNAL + 40_000 + 3000 * np.linspace(0, 1, SIGNAL.shape[1])
    assert likely_unit(drift, 128.0) == "µV"


def test_a_header_that_cannot_be_right_is_put_right_and_said() -> None:
    made = open_eeg(edf(SIGNAL * 1e-6, EIGHT, unit="uV", limit=5e-4), name="a.edf")  # volts under the name of µV
    assert any("the file says µV, but its numbers can only be EEG in V" in note for note in made.recordings[0].notes)
    assert np.abs(made.recordings[0].signal[:, :640] - SIGNAL[:, :640]).max() < 0.1


def test_the_unit_of_a_file_is_the_one_that_it_says() -> None:
    """MNE gives volts whatever a file says; people are told, and choose, the unit of the file's own numbers."""
    for name, unit in (("rec.edf", "µV"), ("rec.gdf", "µV"), ("rec.zip", "µV"), ("rec.fif", "V")):
        made = open_eeg(FILES[name], name=name)
        assert (made.unit, made.recordings[0].notes[-1]) == (unit, f"Unit: {unit}, as the file says.")
        chosen = open_eeg(FILES[name], name=name, unit=unit).recordings[0]
        assert np.array_equal(chosen.signal, made.recordings[0].signal)


@pytest.mark.parametrize(("unit", "scale"), [("mV", 1e-3), ("V", 1e-6), ("nV", 1e3), ("", 1e-6)])
def test_edf_in_other_units(unit: str, scale: float) -> None:
    limit = float(f"{500 * scale:.0e}")
    made = open_eeg(edf(SIGNAL * scale, EIGHT, unit=unit, limit=limit), name="a.edf")
    assert made.unit == (unit or "V")
    assert np.allclose(made.recordings[0].signal, SIGNAL, atol=0.05)


def test_gdf_without_a_dimension_goes_by_its_numbers() -> None:
    made = open_eeg(gdf(SIGNAL, EIGHT, dimension=0), name="a.gdf")
    assert made.unit == "µV"
    assert np.allclose(made.recordings[0].signal, SIGNAL, atol=0.05)


def test_the_unit_can_be_chosen() -> None:
    made = open_eeg(FILES["rec.npz"], name="a.npz", unit="nV")
    assert np.allclose(made.recordings[0].signal, SIGNAL / 1000, atol=1e-6)
    assert any("as chosen" in note for note in made.recordings[0].notes)
    with pytest.raises(SampleError, match=r"one of V, mV, µV, nV, pV; got “T”"):
        open_eeg(FILES["rec.npz"], name="a.npz", unit="T")


# DEAP and SEED


@pytest.mark.parametrize("kind", ["dat", "mat"])
def test_deap(kind: str) -> None:
    arrays = deap(3, 9.0)
    made = open_eeg(python2(arrays) if kind == "dat" else mat(**arrays), name=f"s01.{kind}")
    assert len(made.recordings) == 3
    eeg = made.recordings[1]
    assert (eeg.channels, eeg.rate, eeg.rest) == (BIOSEMI32, 128.0, 3.0)
    assert np.allclose(eeg.signal, arrays["data"][1, :32], atol=1e-4)
    assert made.label_names == ("valence", "arousal", "dominance", "liking")
    assert made.titles[1].startswith("trial 2 (valence 5.0, arousal 6.0")
    assert made.labels is not None
    assert np.array_equal(made.labels, arrays["labels"])


def test_seed_clips_come_in_order_whatever_the_prefix() -> None:
    clips = {f"djc_eeg{number}": noise(62, 2, 200, seed=number) for number in (10, 2, 1)}
    made = open_eeg(mat(**clips), name="1_20131027.mat")
    assert made.recordings[0].channels == SEED62
    assert len(set(SEED62)) == 62
    assert np.allclose(made.recordings[1].signal, clips["djc_eeg2"], atol=1e-3)
    assert made.recordings[0].rate == 200


def test_seed_features() -> None:
    rng = np.random.default_rng(0)
    arrays = {
        f"{kind}_{s}{n}": rng.random((62, 7 + n, 5))
        for kind in ("de", "psd")
        for s in ("movingAve", "LDS")
        for n in (1, 2)
    }
    pairs = seed_features(mat_arrays(mat(**arrays)), "LDS")
    assert [de.shape for de, _ in pairs] == [(62, 5, 8), (62, 5, 9)]
    assert np.allclose(pairs[1][1], arrays["psd_LDS2"].transpose(0, 2, 1))
    with pytest.raises(SampleError, match="features of SEED, not signals"):
        open_eeg(mat(**arrays), name="1_20131027.mat")
    with pytest.raises(SampleError, match="Clip 1 should have de_movingAve and psd_movingAve"):
        seed_features(mat_arrays(mat(de_movingAve1=arrays["de_movingAve1"])))


# what is refused


TEXT = ",".join(EIGHT)
REFUSED = {
    "empty": ("a.edf", b"", "not be empty"),
    "unknown ending": ("a.xlsx", b"PK", "this file ends in “.xlsx”"),
    "vhdr alone": (
        "rec.vhdr", b"Brain Vision\n[Common Infos]\nDataFile=rec.eeg\n", "Bring the .vhdr, .vmrk and .eeg"),
    "data of brainvision alone": ("rec.eeg", b"\0" * 999, "is one part of a recording. Bring its other parts too"),
    "no brainvision header": ("a.vhdr", b"x" * 99, "should be the header of a BrainVision recording"),
    "edf without a header": ("a.edf", FILES["rec.edf"][:300], "header of this EDF file is damaged or cut short"),
    "edf without records": ("a.edf", FILES["rec.edf"][: 256 * 9 + 10], "ends before its first record of 1 s"),
    "not an edf": ("a.edf", b"RIFF" * 200, "header of this EDF file is damaged"),
    "not a fif": ("a.fif", b"no fif at all" * 40, "FIF file cannot be read"),
    "half a fif": ("a.fif", FILES["rec.fif"][:2000], "FIF file cannot be read"),
    "not a set": ("a.set", b"no set" * 100, "EEGLAB .set file was expected"),
    "half a set": ("a.set", FILES["rec.set"][:3000], "EEGLAB .set file was expected"),
    "set without its data": ("a.set", eeglab(SIGNAL, EIGHT, data="rec.fdt"), "this EEGLAB set lie in “rec.fdt”"),
    "set of another folder": (
        "a.set", eeglab(SIGNAL, EIGHT, data="/etc/passwd"), "data of this EEGLAB set lie in “/etc/passwd”"),
    "brainvision of another folder": (
        "a.zip", brainvision(SIGNAL, EIGHT, data_file="../../etc/passwd"), "names “../../etc/passwd” as its DataFile"),
    "brainvision with foreign marks": (
        "a.zip", brainvision(SIGNAL, EIGHT, marker_file="/etc/passwd"), "names “/etc/passwd” as its MarkerFile"),
    "zip of anything": ("a.zip", zipped({"a.exe": b"x"}), "does not belong into the zip"),
    "zip of two recordings": ("a.zip", zipped({"a.vhdr": b"x", "b.vhdr": b"x"}), "should hold one recording"),
    "zip that repeats a name": ("a.zip", zipped({"a/r.eeg": b"x", "b/r.eeg": b"x"}), "is there twice"),
    "no zip": ("a.zip", b"PK\x03\x04 no", "zip is damaged"),
    "one second less": ("a.edf", edf(noise(2, 0.5, 128)[:, :64], ("Cz", "Pz"), 64)[:-64], "ends before its first"),
    "half a second": ("a.npz", npz(signal=SIGNAL[:, :64], rate=128.0, channels=np.array(EIGHT)), "needs 1 s or more"),
    "npz without names": ("a.npz", npz(signal=SIGNAL, rate=128.0), "signal (channel, time), rate in Hz and channels"),
    "npz with names too few": (
        "a.npz", npz(signal=SIGNAL, rate=128.0, channels=np.array(EIGHT[:3])), "names (3,) channels"),
    "npz of objects": ("a.npz", npz(signal=np.array([{}], object), rate=1, channels=EIGHT), "holds objects"),
    "half an npz": ("a.npz", FILES["rec.npz"][:5000], "NPZ is damaged"),
    "npz with a rate of zero": (
        "a.npz", npz(signal=SIGNAL, rate=0.0, channels=np.array(EIGHT)), "above 0 Hz; 0 Hz stands in the file"),
    "csv of words": ("a.csv", f"{TEXT}\nfour,five,six,a,b,c,d,e\n".encode(), "then numbers"),
    "csv that is binary": ("a.csv", b"\xff\xfe\x00\x01" * 9, "first line of channel names"),
    "csv whose time counts": (
        "a.csv", ("time,Cz\n" + "".join(f"{i},{i % 7}\n" for i in range(300))).encode(), "does not say its sampling"),
    "csv of unequal lines": ("a.csv", b"Cz,Pz\n1,2\n3\n", "as many numbers in each line as there are names: 2; row 2"),
    "mat 7.3": ("a.mat", b"MATLAB 7.3 MAT-file" + b" " * 600, "damaged or cut short"),
    "mat without a rate": ("a.mat", mat(signal=np.ones((4, 900))), "does not say its sampling rate"),
    "npy without a rate": ("a.npy", npy(SIGNAL), "does not say its sampling rate"),
    "mat of something": ("a.mat", mat(weights=np.ones(3)), "this one holds weights"),
    "half a mat": ("a.mat", mat(data=np.ones((4, 40, 900)), labels=np.ones((4, 4)))[:400], "damaged or cut short"),
    "deap of other shape": ("a.mat", mat(data=np.ones((4, 9)), labels=np.ones((4, 4))), "data (4, 9), labels (4, 4)"),
    "seed of other shape": ("a.mat", mat(x_eeg1=np.ones((32, 900))), "Clip 1 of a SEED file should be (62, samples)"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    name, data, message = REFUSED[case]
    with pytest.raises(SampleError, match=re.escape(message)):
        open_eeg(data, name=name)


def test_csv_asks_for_its_rate_or_takes_it_from_time() -> None:
    with pytest.raises(SampleError, match="does not say its sampling rate"):
        open_eeg(FILES["rec.csv"], name="a.csv")
    lines = "".join(f"{i / 250};{i % 7};{-i % 5}\n" for i in range(600))
    eeg = read_eeg(f"Time (s);Cz;Pz\n{lines}".encode(), name="a.csv")
    assert (eeg.channels, eeg.rate) == (("Cz", "Pz"), 250.0)


def test_the_gaps_of_a_discontinuous_recording_are_not_numbers_and_said() -> None:
    signal = noise(2, 6)
    whole = edf(signal, ("Cz", "Pz"), onsets=[0, 1, 10, 11, 12, 20])
    eeg = read_eeg(whole, name="a.edf")
    assert eeg.seconds == 21
    assert np.abs(eeg.signal[:, 1280:1664] - signal[:, 256:640]).max() < 0.05
    assert np.isnan(eeg.signal[:, 256:1280]).all()
    assert any("2 gaps (8 s after 2 s, 7 s after 13 s)" in note for note in eeg.notes)
    assert [(mark.onset, mark.seconds, mark.bad) for mark in eeg.annotations] == [(2, 8, True), (13, 7, True)]
    long = read_eeg(edf(signal, ("Cz", "Pz"), onsets=[0, 1, 10, 11, 12, 3000]), name="a.edf")
    assert long.seconds == 8
    assert any("drawn together" in note for note in long.notes)
    even = read_eeg(edf(signal, ("Cz", "Pz"), onsets=range(6)), name="a.edf")
    assert even.seconds == 6
    assert not any("gap" in note for note in even.notes)


@pytest.mark.parametrize(("mark", "bits"), [(b"EDF+D", 16), (b"BDF+D", 24)])
def test_a_discontinuous_file_of_either_kind_becomes_a_continuous_one_of_its_kind(mark: bytes, bits: int) -> None:
    data = edf(noise(2, 4), ("Cz", "Pz"), bits=bits, onsets=[0, 1, 10, 11]).replace(b"EDF+D", mark, 1)
    made, _ = cut(data, mark[:3].decode(), 1 << 20, 0)
    assert made.data[192:197] == mark[:4] + b"C"
    assert [gap.seconds for gap in made.gaps] == [8]


def test_a_discontinuous_recording_without_time_is_refused() -> None:
    data = edf(noise(2, 4), ("Cz", "Pz"), onsets=range(4)).replace(b"+2\x14\x14", b"????")
    with pytest.raises(SampleError, match="does not say when its records begin"):
        open_eeg(data, name="a.edf")


def test_a_recording_cut_short_is_read_as_far_as_it_goes_and_says_so() -> None:
    eeg = read_eeg(FILES["rec.edf"][:-1000], name="a.edf")
    assert eeg.seconds == 4
    assert any("does not match the file size" in note for note in eeg.notes)


@pytest.mark.parametrize("name", ["rec.edf", "rec.gdf", "rec.fif", "rec.zip", "rec.set"])
def test_a_long_recording_is_read_in_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "PART_VALUES", 8 * 2 * 128)  # 2 s of eight channels
    made = [open_eeg(FILES[name], name=name, part=part) for part in range(3)]
    assert len(made[0].parts) == 3  # EDF in whole records
    assert made[0].parts[0] == "0:00:00–0:00:02"
    assert any(f"part 2 of 3 was read, {made[0].parts[1]}" in note for note in made[1].recordings[0].notes)
    assert np.allclose(np.concatenate([one.recordings[0].signal for one in made], 1), SIGNAL, atol=0.05)
    with pytest.raises(SampleError, match="read in 3 parts, counted from 0; there is no 3"):
        open_eeg(FILES[name], name=name, part=3)
    with pytest.raises(SampleError, match="read as a whole"):
        open_eeg(FILES["rec.npz"], name="rec.npz", part=1)


def test_sizes_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LIMIT_BYTES", 20_000)
    monkeypatch.setattr(checks, "LIMIT_UNPACKED", 20_000)
    monkeypatch.setattr(arrays, "LIMIT_BYTES", 20_000)
    bomb = zipped({"a.vhdr": b"0" * 50_000})
    assert len(bomb) < 1000
    with pytest.raises(SampleError, match="this one claims 1"):
        open_eeg(bomb, name="a.zip")
    packed = mat(data=np.zeros((4, 40, 900)), labels=np.ones((4, 4)))
    assert len(packed) < 20_000
    with pytest.raises(SampleError, match="unpacks to more than"):
        open_eeg(packed, name="a.mat")
    with pytest.raises(SampleError, match="An NPZ may unpack"):
        open_eeg(npz(signal=np.zeros((9, 9000)), rate=1.0, channels=np.array(EIGHT)), name="a.npz")


def test_an_npz_that_lies_about_its_size_is_refused() -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)})
    with pytest.raises(SampleError, match="less than it says"):
        open_eeg(zipped({"signal.npy": header.getvalue() + b"\0" * 64}), name="a.npz")


def test_infinite_values_become_nan() -> None:
    bad = SIGNAL.copy()
    bad[2, 5] = np.inf
    eeg = read_eeg(npz(signal=bad, rate=128.0, channels=np.array(EIGHT)), name="a.npz")
    assert np.isnan(eeg.signal[2, 5])
    assert np.isfinite(eeg.signal[3]).all()


def test_there_is_no_such_trial() -> None:
    with pytest.raises(SampleError, match="has 1 recordings, counted from 0; there is no 4"):
        read_eeg(FILES["rec.edf"], name="a.edf", index=4)


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    open_eeg(FILES["rec.edf"], name="a.edf")
    with pytest.raises(SampleError, match="FIF"):
        open_eeg(b"no fif" * 99, name="a.fif")
    assert list(tmp_path.iterdir()) == []


def test_crop_keeps_the_rest() -> None:
    eeg = Eeg(np.arange(400, dtype=np.float32)[None], 4.0, ("Cz",), rest=3.0)
    part = crop(eeg, 10, 5)
    assert part.signal[0].tolist() == [*range(12), *range(52, 72)]
    assert part.rest == 3
    assert crop(eeg, 95, 60).signal.shape == (1, 20)
    with pytest.raises(SampleError, match="nothing from 97 s on"):
        crop(eeg, 97, 5)


def test_a_recording_must_fit_itself() -> None:
    eeg = Eeg(np.ones((2, 10), np.float32), 5.0, ("Cz", "Pz"))
    assert eeg.seconds == 2
    with pytest.raises(SampleError, match="one name and one place for each channel"):
        replace(eeg, channels=("Cz",))
    with pytest.raises(SampleError, match="a rest within its 2 s"):
        replace(eeg, rest=3.0)
    with pytest.raises(SampleError, match="a rate in Hz above zero"):
        replace(eeg, rate=0.0)


def test_the_endings_are_those_that_are_read() -> None:
    assert {".edf", ".bdf", ".gdf", ".fif", ".set", ".zip", ".dat", ".mat", ".npz", ".csv"} <= set(SUFFIXES)
