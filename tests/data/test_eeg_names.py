"""Names of channels as devices write them: electrode, reference, bipolar chains, and caps without 10–20 names."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import NAMES, noise

from xviz.core.sample import Eeg
from xviz.data.eeg.channels import as_they_are, inspect, match
from xviz.data.eeg.names import montage, parts
from xviz.data.eeg.naming import naming

WANTED = {name.upper() for name in NAMES}

#: how a device writes the electrode Fp1
WRITTEN = (
    "Fp1", "FP1", "fp1 ", "Fp1.", "EEG Fp1", "EEG FP1-REF", "EEG Fp1-CPz", "EEG Fp1-Cz", "EEG FP1-LE", "Fp1-AVE",
    "Fp1-M1M2", "EEG Fp1-A1+A2", "Fp1-(A1+A2)/2", "Fp1-Ref1", "POL Fp1", "POL FP1-Ref", "EEG.Fp1", "RAW_Fp1",
    "Value Fp1", "Fp1 (uV)", "Fp1 [µV]", "Fp1:M2", "Fp1-G2", "EEGFp1", "FP1REF", "Ch1 Fp1", "1-Fp1", "EEG Fp1-A2",
    "Fp1-0", "EEG Fp1-Ref-0",
)  # fmt: skip
#: what is no electrode, though an electrode's name stands in it
OTHERS = (
    "CQ_AF3",
    "POW.AF3.Alpha",
    "Alpha_TP9",
    "EOG Fp1",
    "ECG A1-A2",
    "O2 Sat",
    "SaO2",
    "Status",
    "EEG 001",
    "HSI_TP9",
    "LOC-A2",
    "E1-M2",
)


@pytest.mark.parametrize("name", WRITTEN)
def test_an_electrode_whatever_stands_around_it(name: str) -> None:
    assert parts(name)[0] == "FP1"


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_electrode(name: str) -> None:
    assert parts(name)[0] == ""


@pytest.mark.parametrize(
    ("after", "reference"),
    [
        ("-CPz", "CPz"), ("-Cz", "Cz"), ("-FCz", "FCz"), ("-LE", "linked ears"), ("-AVE", "the average"),
        ("-M1M2", "linked mastoids"), ("-A1+A2", "linked ears"), ("-Ref1", "a common reference (“Ref1”)"), ("", ""),
        ("-Nz", "Nz"),
    ],
)  # fmt: skip
def test_the_reference_is_named(after: str, reference: str) -> None:
    named = naming([f"EEG {name}{after}" for name in NAMES])
    assert (set(named.electrodes), named.reference, named.bipolar) == (WANTED, reference, ())


def test_ears_of_each_side_are_a_reference_and_no_chain() -> None:
    named = naming(["Fp1-A1", "Fp2-A2", "C3-A1", "C4-A2", "O1-A1", "O2-A2"])
    assert named.bipolar == ()
    assert named.reference == "the ear or mastoid of each side (A1, A2)"


@pytest.mark.parametrize("mark", ["-", "–", "_", "/", " ", ""])
def test_a_chain_is_told_however_it_is_written(mark: str) -> None:
    chain = [
        ("Fp1", "F7"),
        ("F7", "T3"),
        ("T3", "T5"),
        ("T5", "O1"),
        ("Fp2", "F8"),
        ("F8", "T4"),
        ("T4", "T6"),
        ("T6", "O2"),
    ]
    names = [f"{first}{mark}{second}" for first, second in chain]
    named = naming(names)
    assert named.bipolar == tuple(names)
    assert not any(named.electrodes)


def test_one_bipolar_channel_beside_electrodes_is_left_out() -> None:
    named = naming(["Fp1", "Fp2", "Cz", "Fp1-F8"])
    assert (named.electrodes, named.bipolar) == (("FP1", "FP2", "CZ", ""), ("Fp1-F8",))


@pytest.mark.parametrize(("sheets", "pairs"), [
    ("A", {"A1": "FP1", "A7": "T7", "A32": "CZ"}),
    ("AB", {"A1": "FP1", "A27": "O1", "B32": "O2"}),
    ("ABCD", {"A1": "CZ", "A19": "PZ", "A23": "OZ", "C21": "FZ", "D19": "C3", "B22": "C4", "C29": "FP1"}),
    ("ABCDEFGH", {"A1": "CZ"}),
])  # fmt: skip
def test_biosemi(sheets: str, pairs: dict[str, str]) -> None:
    names = [f"{sheet}{i + 1}" for sheet in sheets for i in range(32)]
    named = naming(names)
    assert {name: named.electrodes[names.index(name)] for name in pairs} == pairs
    assert set(named.electrodes) >= WANTED
    assert "BioSemi" in named.layout


def test_biosemi_with_the_number_of_its_box() -> None:
    named = naming([f"1-{sheet}{i + 1}" for sheet in "AB" for i in range(32)])
    assert set(named.electrodes) >= WANTED


@pytest.mark.parametrize(("count", "pairs"), [
    (64, {"E10": "FP1", "E6": "FZ", "E37": "OZ"}),
    (128, {"E22": "FP1", "E11": "FZ", "E36": "C3", "E70": "O1", "E83": "O2", "E62": "PZ"}),
    (256, {"E37": "FP1", "E21": "FZ", "E116": "O1", "E150": "O2"}),
])  # fmt: skip
def test_egi(count: int, pairs: dict[str, str]) -> None:
    names = [*(f"E{i + 1}" for i in range(count)), "Cz"]
    named = naming(names)
    assert {name: named.electrodes[names.index(name)] for name in pairs} == pairs
    assert len(WANTED.intersection(named.electrodes)) >= 30
    assert named.reference.startswith("Cz")
    assert inspect(Eeg(noise(count + 1, 2).astype(np.float32), 128.0, tuple(names))).refusal == ""


def test_any_cap_by_its_places() -> None:
    held = montage("easycap-M1")
    chosen = [name for name in held if name.upper() in WANTED]
    names = tuple(f"electrode {i}" for i in range(len(chosen)))
    places = 1.1 * np.stack([held[name] for name in chosen]).astype(np.float32)
    made, report = match(Eeg(noise(len(names), 2).astype(np.float32), 128.0, names, places))
    assert {name: names.index(own) for name, own in report.renamed.items()} == {
        name: chosen.index(name) for name in report.renamed
    }
    assert len(report.renamed) >= 30
    assert made.channels == NAMES


def test_a_person_may_say_which_electrode_a_channel_is() -> None:
    names = ("left front", *NAMES[1:])
    eeg = Eeg(noise(32, 2).astype(np.float32), 128.0, names)
    made, report = match(eeg, rename={"left front": "Fp1"})
    assert np.array_equal(made.signal, eeg.signal)
    assert dict(report.renamed) == {"Fp1": "left front"}


def test_channels_as_they_are_keep_their_names_and_get_places() -> None:
    eeg = as_they_are(Eeg(noise(4, 2).astype(np.float32), 128.0, ("Fp1-F7", "F7-T7", "T8-P8", "T8-P8")))
    assert eeg.channels == ("Fp1-F7", "F7-T7", "T8-P8 (3)", "T8-P8 (4)")
    assert eeg.positions is not None
    assert np.isfinite(eeg.positions).all()
    assert any("in the middle" in note for note in eeg.notes)
