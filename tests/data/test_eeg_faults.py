"""From fault to sentence: each thing that goes wrong with a recording, and what a person is told, one row a fault."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
import scipy.io
import systems
from recordings import NAMES, brainvision, edf, eeglab, mat, noise, npz, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import Annotation, Eeg, Sample
from xviz.data.eeg.channels import inspect, match, ready
from xviz.data.eeg.condition import Condition, conditioned
from xviz.data.eeg.edf import FIELDS
from xviz.data.eeg.read import RateUnknown, open_eeg, overview_of, read_eeg
from xviz.data.eeg.stretch import best
from xviz.models import MODELS

MINUTE = noise(32, 62.0).astype(np.float32)


def recording(signal: np.ndarray = MINUTE, names: tuple[str, ...] = NAMES, rate: float = 128.0, **more) -> Eeg:
    return Eeg(np.array(signal, np.float32), rate, names, **more)


def broken(rows: slice, columns: slice, value: float) -> Eeg:
    signal = MINUTE.copy()
    signal[rows, columns] = value
    return recording(signal)


CHAIN = ("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4", "C4-P4", "P4-O2")
FRONT = [i for i, name in enumerate(NAMES) if name[0] in "FAC"]
EPOC = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
MUSE = ("RAW_TP9", "RAW_AF7", "RAW_AF8", "RAW_TP10")

#: fault → a recording, and words of the refusal: the cause first, then the next step
REFUSED: dict[str, tuple[Eeg, tuple[str, ...]]] = {
    "flat": (broken(slice(0, 20), slice(None), 3.0), ("20 of the 32 electrodes are flat", "Choose a later stretch")),
    "not numbers for a time": (
        broken(slice(None), slice(1280, 1792), np.nan),
        ("32 of the 32 electrodes are not numbers from 10 to 14 s", "14–62 s has numbers all along"),
    ),
    "not numbers all along": (
        broken(slice(0, 20), slice(None), np.nan),
        ("20 of the 32 electrodes are not numbers from beginning to end",),
    ),
    "bipolar": (recording(MINUTE[:12], CHAIN), ("bipolar", "FP1-F7", "no renaming", "Native montage")),
    "unknown names": (
        recording(names=tuple(f"probe {chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(32))),
        ("say no electrode of the 10–20 system", "probe aa", "Rename channels"),
    ),
    "too few": (recording(MINUTE[:14], EPOC), ("has 14 of the 32", "at least 16", "Native montage")),
    "four of a headband": (recording(MINUTE[:4], MUSE), ("has 0 of the 32", "Native montage")),
    "a region is missing": (
        recording(MINUTE[FRONT], tuple(NAMES[i] for i in FRONT)), ("none of them is", "left occipital", "a whole")),
    "marked bad": (recording(bads=NAMES[:20]), ("20 of the 32 electrodes are marked bad", "Use channels marked bad")),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_names_its_cause_and_the_next_step(fault: str) -> None:
    eeg, words = REFUSED[fault]
    with pytest.raises(SampleError) as told:
        match(eeg)
    assert all(word in str(told.value) for word in words), str(told.value)
    assert inspect(eeg).refusal == str(told.value)  # the page shows the channels beside it
    assert ("Rename" in str(told.value)) == (fault == "unknown names"), "renaming is advised only where it helps"


def table(name: str, times: np.ndarray | list[str]) -> bytes:
    rows = [f"{name},Cz,Pz", *(f"{t},{i % 7 - 3},{i % 5 - 2}" for i, t in enumerate(times))]
    return ("\n".join(rows) + "\n").encode()


STEP = np.arange(640)
#: fault → bytes, name, options, where it is said, and words
FILES: dict[str, tuple[Callable[[], bytes], str, str, str]] = {
    "no rate": (lambda: table("Cx", np.arange(640) % 11), "a.csv", "error", "does not say its sampling rate"),
    "time that counts": (lambda: table("time", STEP), "a.csv", "error", "does not say its sampling rate"),
    "irregular clock": (
        lambda: table("timestamps", np.cumsum(np.tile([0.001, 0.007], 320))), "a.csv", "warning", "is irregular"),
    "a clock with a hole": (
        lambda: table("time (s)", np.concatenate([STEP[:300], STEP[300:] + 128]) / 128), "a.csv", "warning",
        "leaves out 1 s in 1 place"),
    "a clock that goes back": (
        lambda: table("time (s)", np.concatenate([STEP[:300], STEP[200:540]]) / 128), "a.csv", "warning",
        "backwards once"),
    "a million times too large": (
        lambda: edf(noise(8) * 1e6, NAMES[:8], limit=9e7), "a.edf", "warning", "can only be EEG in pV"),
    "a thousand times too large": (
        lambda: edf(noise(8) * 1e3, NAMES[:8], limit=9e4), "a.edf", "warning", "choose nV as the unit"),
    "a thousand times too small": (
        lambda: edf(noise(8) * 1e-3, NAMES[:8], limit=0.5), "a.edf", "warning", "choose mV as the unit"),
    "noise that no unit explains": (
        lambda: npz(signal=noise(8) * 1e12, rate=128.0, channels=np.array(NAMES[:8]), unit="µV"), "a.npz", "warning",
        "No unit explains it"),
    "gaps": (lambda: edf(noise(2, 6), ("Cz", "Pz"), onsets=[0, 1, 4, 5, 6, 7]), "a.edf", "note", "1 gap (2 s after"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILES)
def test_a_file_that_is_read_says_what_is_wrong_with_it(fault: str) -> None:
    make, name, where, words = FILES[fault]
    if where == "error":
        with pytest.raises(RateUnknown, match=words):
            open_eeg(make(), name=name)
        assert read_eeg(make(), name=name, rate=250.0).rate == 250.0
        return
    eeg = read_eeg(make(), name=name)
    assert any(words in text for text in (eeg.warnings if where == "warning" else eeg.notes)), (eeg.warnings, eeg.notes)


def test_an_ordinary_recording_is_not_warned_of_and_says_rate_and_unit() -> None:
    eeg = read_eeg(edf(noise(8), NAMES[:8]), name="a.edf")
    assert eeg.warnings == ()
    assert eeg.notes[-2:] == ("Rate: 128 Hz, as the file says.", "Unit: µV, as the file says.")


def test_too_short_and_too_slow_are_causes_of_their_own() -> None:
    card = MODELS["mca"]
    short = Sample("a", {"eeg": match(recording(MINUTE[:, :1280]))[0]})
    with pytest.raises(SampleError, match=r"at least 30 s; this recording has 10 s.*Bring a longer one"):
        card.inputs(short)
    slow = Sample("a", {"eeg": match(recording(noise(32, 62, 64), rate=64.0))[0]})
    with pytest.raises(SampleError, match=r"gamma band reaches 45 Hz.*this one has 64"):
        card.inputs(slow)


def test_a_later_stretch_is_taken_where_one_is_free_of_gaps_and_of_what_is_marked_bad() -> None:
    marked = recording(annotations=(Annotation(5.0, 4.0, "BAD_movement"),))
    chosen = ready(marked, NAMES)
    assert chosen.seconds == pytest.approx(53.0)
    assert np.array_equal(chosen.signal, MINUTE[:, 9 * 128 :])
    assert any("BAD_movement" in note for note in chosen.notes)
    everywhere = recording(annotations=tuple(Annotation(at, 1.0, "BAD") for at in range(5, 60, 10)))
    assert any("marks as bad" in warning for warning in ready(everywhere, NAMES).warnings)


def test_channels_marked_bad_are_made_from_others_unless_a_person_says_otherwise() -> None:
    eeg = recording(bads=("C3",))
    made, report = match(eeg)
    assert (dict(report.silent), report.interpolated, made.interpolated) == ({"C3": "marked bad"}, ("C3",), ("C3",))
    row = NAMES.index("C3")
    assert not np.array_equal(made.signal[row], eeg.signal[row])
    assert made.notes[-1] == "Marked bad in the file, and interpolated: C3."
    kept, report = match(eeg, keep_bads=True)
    assert np.array_equal(kept.signal, eeg.signal)
    assert report.silent == {}


def test_interpolated_electrodes_are_marked_wherever_they_are_named() -> None:
    made, _ = match(replace(recording(), bads=("Cz",)))
    space = MODELS["mca"].inputs(Sample("a", {"eeg": made})).spaces["psd"]
    assert space.interpolated == (NAMES.index("Cz"),)
    assert [name for name in space.marked if name.endswith("*")] == ["Cz*"]


REFERENCES = {
    "no mastoids": ("linked mastoids", "no pair of mastoids"), "no Cz": ("Cz", "no electrode Cz"),
    "too few for REST": ("REST", "needs 16 electrodes"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFERENCES)
def test_a_reference_that_cannot_be_made_says_so(fault: str) -> None:
    reference, words = REFERENCES[fault]
    with pytest.raises(SampleError, match=words):
        conditioned(recording(MINUTE[:4], NAMES[:4]), Condition(reference))  # type: ignore[arg-type]


# headers of systems


def header(data: bytes, field: int, values: Sequence[object]) -> bytes:
    """An EDF with other values in a field of its channels: 0 label, 2 unit, 3–6 ranges, 7 filters, 8 samples."""
    count, widths = int(data[252:256]), FIELDS
    at = 256 + count * sum(widths[:field])
    made = b"".join(str(value).encode("latin-1").ljust(widths[field])[: widths[field]] for value in values)
    return data[:at] + made + data[at + count * widths[field] :]


EEG4 = np.round(noise(4, 5.0))
FOUR = ("Fp1", "C3", "O1", "O2")
EDF4 = edf(EEG4, FOUR, limit=3276.7)


def test_channels_of_other_units_are_brought_to_one() -> None:
    for unit, factor, words in (("", 1, True), ("nV", 1e-3, False), ("mV", 1e3, False), ("V", 1e6, False)):
        made = open_eeg(header(EDF4, 2, ["uV", "uV", "uV", unit]), name="a.edf")
        assert made.unit == "µV"
        assert np.abs(made.recordings[0].signal - EEG4 * np.array([[1], [1], [1], [factor]])).max() < 1e-4 * factor
        said = "Channels without a known unit were taken as µV, as the others are: O2."
        assert (said in made.recordings[0].notes) == words
    assert read_eeg(header(EDF4, 2, ["", "%", "", "%"]), name="a.edf").channels == FOUR


def test_a_channel_without_a_scale_counts_as_bad_and_none_is_refused() -> None:
    flat = header(header(EDF4, 3, [-3276.7] * 3 + [0]), 4, [3276.7] * 3 + [0])
    eeg = read_eeg(flat, name="a.edf")
    assert eeg.bads == ("O2",)
    assert any("No scale: O2, whose minimum and maximum are the same" in warning for warning in eeg.warnings)
    with pytest.raises(SampleError, match="have no scale: minimum and maximum are the same"):
        open_eeg(header(header(EDF4, 5, [0] * 4), 6, [0] * 4), name="a.edf")


def test_ranges_that_run_downwards_turn_the_signal_round_at_a_glance_too() -> None:
    turned = header(header(EDF4, 5, [32767] * 4), 6, [-32767] * 4)
    assert np.abs(read_eeg(turned, name="a.edf").signal + EEG4).max() < 1e-4
    (down, up) = (overview_of(data, name="a.edf") for data in (turned, EDF4))
    assert down is not None
    assert up is not None
    assert down.spread == pytest.approx(up.spread)


HEADERS = {
    "zero bytes for spaces": lambda: EDF4[:256] + EDF4[256:1280].replace(b" ", b"\0") + EDF4[1280:],
    "a duration with a comma": lambda: EDF4[:244] + b"1,0     " + EDF4[252:],
    "ranges with a comma": lambda: header(header(EDF4, 3, ["-3276,7"] * 4), 4, ["3276,7"] * 4),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADERS)
def test_a_header_as_other_programs_write_it(case: str) -> None:
    eeg, seen = read_eeg(HEADERS[case](), name="a.edf"), overview_of(HEADERS[case](), name="a.edf")
    assert (eeg.channels, eeg.rate) == (FOUR, 128)
    assert np.abs(eeg.signal - EEG4).max() < 1e-4
    assert seen is not None
    assert np.isfinite(seen.spread).all()


def test_an_edf_called_bdf_and_a_bdf_called_edf_are_known_by_their_first_bytes() -> None:
    for name, bits, limit in (("a.bdf", 16, 3276.7), ("a.edf", 24, 8388607.0)):
        assert np.abs(read_eeg(edf(EEG4, FOUR, bits=bits, limit=limit), name=name).signal - EEG4).max() < 1e-3


def test_a_filter_with_a_decimal_comma() -> None:
    assert read_eeg(header(EDF4, 7, ["HP:0,5Hz LP:70Hz"] * 4), name="a.edf").passband == (0.5, 70.0)


WRONG = {
    "records of no length": (lambda: [("a.edf", EDF4[:244] + b"0       " + EDF4[252:])], "last 0 s"),
    "annotations alone": (lambda: [("a.edf", edf(EEG4, ["EDF Annotations"] * 4))], "annotations alone, no channel"),
    "averages": (lambda: [("a-ave.fif", averages())], "no recording and no epochs, but averages"),
    "an fdt cut short": (
        lambda: [("a.set", eeglab(EEG4, FOUR, data="a.fdt")), ("a.fdt", EEG4.T.astype("<f4").tobytes()[:-640])],
        "Incorrect number of samples (2400 != 2560). It may"),
    "two at once": (lambda: [("a.edf", EDF4), ("b.edf", EDF4)], "brought at once, should hold one recording"),
    "two folders": (lambda: [("a.zip", zipped({"1/a.edf": EDF4, "2/a.edf": EDF4}))], "these are several recordings"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_the_cause_is_the_real_one(fault: str) -> None:
    files, words = WRONG[fault]
    with pytest.raises(SampleError, match=re.escape(words)):
        open_eeg(*files())


def averages() -> bytes:
    info = mne.create_info(list(FOUR), 128.0, "eeg")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a-ave.fif"
        mne.EvokedArray(EEG4 * 1e-6, info).save(path, verbose="ERROR")
        return path.read_bytes()


def test_projections_that_nobody_applied_are_said() -> None:
    raw = systems.raw_of(EEG4, FOUR, 128)
    raw.set_eeg_reference(projection=True, verbose="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a_raw.fif"
        raw.save(path, verbose="ERROR")
        eeg = read_eeg(path)
    assert any("not applied: Average EEG reference" in note for note in eeg.notes)
    assert np.abs(eeg.signal - EEG4).max() < 1e-3


def test_stretches_avoid_the_boundaries_of_eeglab() -> None:
    (cut,) = np.zeros(1, dtype=[("type", object), ("latency", object), ("duration", object)])
    cut["type"], cut["latency"], cut["duration"] = "boundary", 257.0, 256.0
    held = scipy.io.loadmat(io.BytesIO(eeglab(noise(4, 70.0), FOUR)), simplify_cells=True)["EEG"]
    eeg = read_eeg(mat(EEG=held | {"event": np.array([cut, cut])}), name="a.set")
    marks = [mark for mark in eeg.annotations if mark.bad]
    assert [(mark.onset, mark.seconds) for mark in marks] == [(2.0, 0.0)] * 2  # what was cut out is not what follows
    assert any("Something was cut out at 2 s" in note for note in eeg.notes)
    assert best(eeg).start > 2


BRAINVISION = brainvision(EEG4, FOUR)


def old(name: str, data: bytes) -> bytes:
    """A header or marker file as programs of 2005 write it, with an event in German."""
    if name.endswith(".eeg"):
        return data
    text = data.decode().replace("Codepage=UTF-8\n", "").replace("rec.", "Prüfung.")
    return (text + "Mk2=Comment,Augen geöffnet,257,1,0\n" * name.endswith("vmrk")).encode("cp1252")


def test_brainvision_in_windows_letters() -> None:
    with zipfile.ZipFile(io.BytesIO(BRAINVISION)) as archive:
        files = [(name.replace("rec.", "Prüfung."), old(name, archive.read(name))) for name in archive.namelist()]
    eeg = read_eeg(*files)
    assert np.abs(eeg.signal - EEG4).max() < 0.05
    assert [(mark.onset, mark.label) for mark in eeg.annotations] == [(2.0, "Comment/Augen geöffnet")]


def test_brainvision_that_is_cut_short_says_so() -> None:
    with zipfile.ZipFile(io.BytesIO(BRAINVISION)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["rec.vhdr"] = files["rec.vhdr"].replace(b"SamplingInterval", b"DataPoints=640\nSamplingInterval")
    assert not read_eeg(*files.items()).warnings
    files["rec.eeg"] = files["rec.eeg"][: 4 * 2 * 200]
    assert any("the header says 640 samples, 200 are there" in w for w in read_eeg(*files.items()).warnings)


# tables of BIDS


def beside(table: str, names: Sequence[str] = FOUR, unit: str = "uV", scale: float = 1.0) -> Eeg:
    data = edf(EEG4 * scale, names, limit=3276.7 * scale, unit=unit)
    return read_eeg(("sub-1_eeg.edf", data), ("sub-1_channels.tsv", table.encode()))


def test_what_bids_marks_bad_is_bad_however_its_table_is_filled() -> None:
    head = "name\ttype\tunits\tstatus\n"
    assert beside(head + "C3\tEEG\tuV\tBad\nO1\tEEG\tuV\tgood\n", [f"EEG {n}-Ref" for n in FOUR]).bads == (
        "EEG C3-Ref",
    )
    assert beside(head + "".join(f"{n}\tn/a\tuV\tbad\n" for n in FOUR[:2])).bads == FOUR[:2]
    assert beside(head + "Fp1\nC3\tEEG\tuV\tbad\n").channels == FOUR  # a row that was cut says nothing of its type


def test_a_table_of_bids_that_fits_nothing_is_said_and_its_unit_counts_where_the_file_has_none() -> None:
    assert any("names no channel of the recording" in note for note in beside("name,type\nC3,EEG\n").notes)
    rows = "".join(f"{name}\tEEG\tmV\n" for name in FOUR)
    eeg = beside("name\ttype\tunits\n" + rows, unit="", scale=1e-3)
    assert "Unit: mV, as the file says." in eeg.notes
