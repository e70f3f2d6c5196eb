"""One recording in every format and layout: alpha at O1 and O2 from second 20 to 30, and always the same features."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import more_systems
import numpy as np
import pytest
import systems
from recordings import brainvision, edf, eeglab, gdf, mat, mixed_edf, npy, npz, python2, zipped

from xviz.core.sample import BIOSEMI32, Eeg, Sample
from xviz.data.eeg.datasets import SEED62
from xviz.data.eeg.read import open_eeg, read_eeg
from xviz.models import MODELS

RATE, SECONDS = 128, 61
EIGHT = ("Fp1", "Fp2", "C3", "C4", "P3", "P4", "O1", "O2")
EPOC = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")


def planted(names: tuple[str, ...], rate: int = RATE, seconds: int = SECONDS) -> np.ndarray:
    """(channel, time) whole µV: noise of 8 µV, and 40 µV of 10 Hz at O1 and O2 from second 20 to 30."""
    time = np.arange(seconds * rate) / rate
    made = 8 * np.random.default_rng(len(names)).standard_normal((len(names), len(time)))
    for name in ("O1", "O2"):
        made[names.index(name)] += 40 * np.sin(2 * np.pi * 10 * time) * ((time >= 20) & (time < 30))
    return np.round(made)


SIGNAL = planted(EIGHT)
Files = list[tuple[str, bytes]]


def one(name: str, data: bytes) -> Files:
    return [(name, data)]


def parts(zip_of: bytes, **renamed: str) -> Files:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(zip_of)) as archive:
        return [(renamed.get(name.rpartition(".")[2], name), archive.read(name)) for name in archive.namelist()]


def csv_of(
    time: Callable[[int], str], column: str, decimals: str = ".", mark: str = ",", head: str = "", prefix: str = ""
) -> bytes:
    rows = [head] * bool(head) + [mark.join([column, *(f"{prefix}{name}" for name in EIGHT)])]
    rows += [mark.join([time(i), *(f"{v:.1f}".replace(".", decimals) for v in row)]) for i, row in enumerate(SIGNAL.T)]
    return ("\n".join(rows) + "\n").encode()


def stamp(i: int) -> str:
    return str(np.datetime64("2024-05-06T07:08:09.000000") + np.timedelta64(round(1e6 * i / RATE), "us"))


BIDS = {
    "sub-1/eeg/sub-1_task-rest_eeg.edf": edf(np.vstack([SIGNAL, SIGNAL[:1]]), (*EIGHT, "X9"), RATE, limit=3276.7),
    "sub-1/eeg/sub-1_task-rest_channels.tsv": "\n".join(
        [
            "name\ttype\tunits\tstatus",
            *(f"{n}\tEEG\tuV\t{'bad' if n == 'C3' else 'good'}" for n in EIGHT),
            "X9\tMISC\tuV\tgood",
        ]
    ).encode(),
    "sub-1/eeg/sub-1_task-rest_events.tsv": b"onset\tduration\ttrial_type\n20.0\t10.0\teyes closed\n",
    "sub-1/eeg/sub-1_task-rest_eeg.json": b'{"EEGReference": "FCz", "SamplingFrequency": 128}',
    "sub-1/eeg/sub-1_electrodes.tsv": (
        "name\tx\ty\tz\n" + "".join(f"{n}\t{i * 5 - 40}\t10\t80\n" for i, n in enumerate(EIGHT))
    ).encode(),
    "dataset_description.json": b"{}",
    "README": b"words",
    "participants.tsv": b"participant_id\nsub-1\n",
}
SIDE = ("._x.edf", b"\0\5\x16\7")

#: format or layout → files, and options of reading
FORMATS: dict[str, tuple[Callable[[], Files], dict]] = {
    "EDF": (lambda: one("a.edf", edf(SIGNAL, EIGHT, RATE, limit=3276.7)), {}),
    "BDF": (lambda: one("a.bdf", edf(SIGNAL, EIGHT, RATE, bits=24, limit=8388607.0)), {}),
    "GDF": (lambda: one("a.gdf", gdf(SIGNAL, EIGHT, RATE, limit=32767.0)), {}),
    "BrainVision, a zip": (lambda: one("a.zip", brainvision(SIGNAL, EIGHT, RATE)), {}),
    "BrainVision, three files": (lambda: parts(brainvision(SIGNAL, EIGHT, RATE)), {}),
    "BrainVision, renamed": (
        lambda: parts(brainvision(SIGNAL, EIGHT, RATE), vhdr="new.vhdr", vmrk="new.vmrk", eeg="new.eeg"),
        {},
    ),
    "EEGLAB": (lambda: one("a.set", eeglab(SIGNAL, EIGHT, RATE)), {}),
    "EEGLAB, renamed": (
        lambda: [
            ("new.set", eeglab(SIGNAL, EIGHT, RATE, data="old.fdt")),
            ("new.fdt", SIGNAL.T.astype("<f4").tobytes()),
        ],
        {},
    ),
    "EEGLAB 7.3": (lambda: one("a.set", systems.set73(SIGNAL, EIGHT, RATE)), {}),
    "FIF": (lambda: list(systems.fif(SIGNAL, EIGHT, RATE).items()), {}),
    "FIF, gzip": (lambda: one("x_raw.fif.gz", gzip.compress(systems.fif(SIGNAL, EIGHT, RATE)["x_raw.fif"])), {}),
    "FIF, parts": (
        lambda: list(systems.fif(np.tile(SIGNAL, 5), EIGHT, RATE, split_size="2MB", buffer_size_sec=5).items()),
        {},
    ),
    "Neuroscan": (lambda: one("a.cnt", systems.neuroscan(SIGNAL, EIGHT, RATE)), {}),
    "ANT": (lambda: one("a.cnt", systems.ant(SIGNAL, EIGHT, RATE)), {}),
    "Persyst": (lambda: list(systems.persyst(SIGNAL, EIGHT, RATE).items()), {}),
    "Micromed": (lambda: one("a.trc", systems.micromed(SIGNAL, EIGHT, RATE)), {}),
    "BCI2000": (lambda: one("a.dat", more_systems.bci2000(SIGNAL, EIGHT, RATE)), {}),
    "XDF": (lambda: one("a.xdf", systems.xdf(SIGNAL, EIGHT, RATE, [(20.0, "closed")])), {}),
    "NPZ": (lambda: one("a.npz", npz(signal=SIGNAL, rate=RATE, channels=np.array(EIGHT))), {}),
    "NPY": (lambda: one("a.npy", npy(SIGNAL)), {"rate": RATE}),
    "NPY, turned": (lambda: one("a.npy", npy(SIGNAL.T)), {"rate": RATE}),
    "MAT": (lambda: one("a.mat", mat(eeg=SIGNAL, fs=float(RATE), channels=np.array(EIGHT, object))), {}),
    "MAT 7.3": (lambda: one("a.mat", systems.mat73(data=SIGNAL, srate=RATE, ch_names=list(EIGHT))), {}),
    "CSV, seconds": (lambda: one("a.csv", csv_of(lambda i: f"{i / RATE:.7f}", "timestamps")), {}),
    "CSV, milliseconds": (lambda: one("a.csv", csv_of(lambda i: f"{i / RATE * 1e3:.4f}", "Time (ms)")), {}),
    "CSV, microseconds": (lambda: one("a.csv", csv_of(lambda i: f"{i / RATE * 1e6:.1f}", "Zeit")), {}),
    "CSV, Unix time": (lambda: one("a.csv", csv_of(lambda i: f"{1.7e9 + i / RATE:.6f}", "when")), {}),
    "CSV, Unix milliseconds": (lambda: one("a.csv", csv_of(lambda i: f"{1.7e12 + i / RATE * 1e3:.3f}", "clock")), {}),
    "CSV, date stamps": (lambda: one("a.csv", csv_of(stamp, "Date")), {}),
    "CSV of OpenViBE": (lambda: one("a.csv", csv_of(lambda i: f"{i / RATE:.5f}", f"Time:{RATE}Hz")), {}),
    "CSV, decimal commas": (
        lambda: one("a.csv", csv_of(lambda i: f"{i / RATE:.7f}".replace(".", ","), "t", ",", ";")),
        {},
    ),
    "CSV, a rate given": (lambda: one("a.csv", csv_of(str, "index")), {"rate": RATE}),
    "TXT, prefixes": (lambda: one("a.txt", csv_of(lambda i: f"{i / RATE:.7f}", "Time", mark="\t", prefix="EEG ")), {}),
    "OpenBCI": (lambda: one("OpenBCI-RAW.txt", systems.openbci(SIGNAL, RATE)), {}),
    "Muse": (lambda: one("mindMonitor.csv", systems.mind_monitor(SIGNAL, EIGHT, RATE)), {}),
    "Emotiv": (lambda: one("rest.csv", systems.emotiv(SIGNAL, EIGHT, RATE)), {}),
    "BIDS": (lambda: one("ds.zip", zipped(BIDS)), {}),
}


def features(eeg: Eeg) -> dict[str, np.ndarray]:
    """DE and PSD of the first minute, (channel, band · second)."""
    eeg = Eeg(eeg.signal, eeg.rate, eeg.channels, rest=eeg.rest)
    return {
        name: tokens.numpy() for name, tokens in MODELS["mca-native"].inputs(Sample("a", {"eeg": eeg})).tokens.items()
    }


EXPECTED = features(Eeg(SIGNAL.astype(np.float32), float(RATE), EIGHT))


@pytest.mark.parametrize("case", FORMATS)
def test_the_features_are_the_same_whichever_the_format(case: str) -> None:
    make, options = FORMATS[case]
    eeg = read_eeg(*make(), **options)
    assert (len(eeg.channels), eeg.rate) == (8, pytest.approx(RATE, rel=1e-6))
    assert np.abs(eeg.signal[:, : SIGNAL.shape[1]] - SIGNAL).max() < 1e-4
    made = features(Eeg(eeg.signal[:, : SIGNAL.shape[1]], float(RATE), EIGHT))
    for name, expected in EXPECTED.items():
        assert made[name] == pytest.approx(expected, abs=2e-5), name  # float32 of values up to 20 dB
    assert any(note.startswith(f"Rate: {RATE} Hz") for note in eeg.notes)
    assert any(note.startswith("Unit: ") for note in eeg.notes)


def test_the_planted_alpha_is_where_it_was_planted() -> None:
    alpha = EXPECTED["psd"].reshape(8, 5, 60)[:, 2]
    inside = alpha[:, 21:28].mean(1) - alpha[:, 35:55].mean(1)
    assert np.flatnonzero(inside > 10).tolist() == [6, 7]


def test_what_bids_says_beside_a_recording_counts() -> None:
    eeg = read_eeg(*one("ds.zip", zipped(BIDS)))
    assert eeg.channels == EIGHT
    assert (eeg.bads, eeg.reference) == (("C3",), "FCz")
    assert [(mark.onset, mark.seconds, mark.label) for mark in eeg.annotations] == [(20.0, 10.0, "eyes closed")]
    assert eeg.positions is not None
    assert eeg.positions[0].tolist() == pytest.approx([-0.04, 0.01, 0.08])


def test_a_folder_is_read_as_its_zip(tmp_path) -> None:
    for name, data in BIDS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert read_eeg(tmp_path).channels == EIGHT


def test_marks_come_along() -> None:
    for files in (
        one("a.xdf", systems.xdf(SIGNAL, EIGHT, RATE, [(20.0, "closed")])),
        list(systems.persyst(SIGNAL, EIGHT, RATE).items()),
    ):
        (mark,) = read_eeg(*files).annotations
        assert mark.onset == pytest.approx(20.0 if mark.label == "closed" else 3.5)
    (blink,) = read_eeg(*one("m.csv", systems.mind_monitor(SIGNAL, EIGHT, RATE))).annotations
    assert (blink.label, blink.onset) == ("/muse/elements/blink", pytest.approx(10, abs=0.01))


def test_codes_of_bci2000_are_marks() -> None:
    marks = read_eeg(*one("a.dat", more_systems.bci2000(SIGNAL, EIGHT, RATE, [(5, 3), (9, 0), (20, 4)]))).annotations
    assert [(mark.onset, mark.label) for mark in marks] == [(5.0, "StimulusCode 3"), (20.0, "StimulusCode 4")]


@pytest.mark.parametrize("brought", ["zip", "zip of its inside", "files", "folder"])
def test_an_mff_is_read_however_it_is_brought(brought: str, tmp_path: Path) -> None:
    """128 electrodes and the reference of a net, of which EGI's numbers 70 and 83 are O1 and O2."""
    signal = np.repeat(SIGNAL[:1], 129, 0) + np.arange(129)[:, None]
    signal[69], signal[82] = SIGNAL[6], SIGNAL[7]
    files = more_systems.mff(signal, RATE)
    (tmp_path / "a.mff").mkdir()
    for name, data in files.items():
        (tmp_path / "a.mff" / name).write_bytes(data)
    given = {
        "zip": [("a.zip", zipped({f"a.mff/{name}": data for name, data in files.items()}))],
        "zip of its inside": [("a.mff.zip", zipped(files))],
        "files": list(files.items()),
        "folder": [tmp_path / "a.mff"],
    }[brought]
    eeg = read_eeg(*given)
    assert (eeg.channels[69], eeg.channels[82], eeg.rate) == ("E70", "E83", RATE)
    assert np.abs(eeg.signal[:129] - signal).max() < 1e-3
    own = MODELS["mca-native"].inputs(Sample("a", {"eeg": Eeg(eeg.signal[[69, 82]], eeg.rate, ("O1", "O2"))}))
    assert own.tokens["psd"].numpy() == pytest.approx(EXPECTED["psd"][6:], abs=2e-5)


@pytest.mark.parametrize("brought", ["capitals", "small letters", "another name", "zip"])
def test_nihon_kohden_has_its_names_and_events_from_the_files_beside_it(brought: str) -> None:
    """Its own order of names, which are not those that stand for the same numbers where no .21E is there."""
    names = EIGHT[::-1]
    files = more_systems.nihon(SIGNAL[::-1], names, RATE, ("closed", 20))
    given = {
        "capitals": list(files.items()),
        "small letters": [(name.lower(), data) for name, data in files.items()],
        "another name": [(name.replace("DA0001.EEG", "rest.eeg"), data) for name, data in files.items()],
        "zip": one("a.zip", zipped(files)),
    }[brought]
    eeg = read_eeg(*given)
    assert (eeg.channels, eeg.rate) == (names, RATE)
    assert np.abs(eeg.signal[::-1] - SIGNAL).max() < 0.05  # half a step
    assert [(mark.onset, mark.label) for mark in eeg.annotations] == [(20.0, "closed")]


def test_epochs_of_a_fif_are_recordings_with_their_labels() -> None:
    made = open_eeg(("x-epo.fif", systems.epochs_fif(SIGNAL, EIGHT, RATE, ("left", "right", "left"))))
    assert made.titles == ("trial 1 (left)", "trial 2 (right)", "trial 3 (left)")
    assert np.abs(made.recordings[1].signal - SIGNAL[:, SIGNAL.shape[1] // 3 :][:, : SIGNAL.shape[1] // 3]).max() < 1e-4


def test_channels_of_other_rates_are_left_out_and_said() -> None:
    fast = edf(SIGNAL[:2], ("O1", "O2"), RATE)
    assert read_eeg(("a.edf", fast)).rate == RATE
    mixed = mixed_edf([("O1", SIGNAL[6], 128), ("O2", SIGNAL[7], 128), ("ECG", np.tile(SIGNAL[0], 4), 512)])
    eeg = read_eeg(("a.edf", mixed))
    assert (eeg.rate, eeg.channels) == (128.0, ("O1", "O2"))
    assert np.abs(eeg.signal - SIGNAL[6:8]).max() < 0.1
    assert any("ECG (512 Hz)" in note for note in eeg.notes)


# data sets


def test_deap_holds_the_same_features() -> None:
    signal = planted(BIOSEMI32)
    data = np.concatenate([signal, np.zeros((8, signal.shape[1]))])[None]
    eeg = read_eeg(("s01.dat", python2({"labels": np.full((1, 4), 5.0), "data": data})))
    expected = features(Eeg(signal.astype(np.float32), 128.0, BIOSEMI32, rest=3.0))
    for name, values in features(eeg).items():
        assert values == pytest.approx(expected[name], abs=2e-5)


@pytest.mark.parametrize("name", ["djc_eeg1", "cz_eeg1"])
def test_seed_and_seed_iv_hold_the_same_signal(name: str) -> None:
    signal = planted(SEED62, 200, 31)
    eeg = read_eeg(("1_20160518.mat", mat(**{name: signal})))
    assert (eeg.rate, eeg.channels) == (200.0, SEED62)
    assert np.array_equal(eeg.signal, signal)


def test_files_of_a_recording_are_told_from_those_of_a_room(tmp_path) -> None:
    import xviz

    paths = []
    for name, data in parts(brainvision(SIGNAL, EIGHT, RATE)):
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    assert xviz.read(*paths).parts["eeg"].channels == EIGHT
    assert xviz.read(tmp_path).parts["eeg"].channels == EIGHT
