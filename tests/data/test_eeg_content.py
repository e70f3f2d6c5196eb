"""Recordings whose names say nothing, or something else, are known by their first bytes."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from recordings import zipped
from test_eeg_formats import FORMATS

from xviz.core.errors import SampleError
from xviz.data.eeg.read import open_eeg, read_eeg

CASES = [
    "EDF", "BDF", "GDF", "BrainVision, a zip", "EEGLAB", "EEGLAB 7.3", "FIF", "FIF, gzip", "Neuroscan", "ANT",
    "Micromed", "XDF", "NPZ", "NPY", "MAT", "MAT 7.3",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_name_without_or_with_another_ending_gives_the_same_recording(case: str) -> None:
    make, options = FORMATS[case]
    ((name, data),) = make()
    expected = read_eeg((name, data), **options)
    for other in ("REC001", "patient 7.bin"):
        eeg = read_eeg((other, data), **options)
        assert (eeg.channels, eeg.rate) == (expected.channels, expected.rate)
        assert np.array_equal(eeg.signal, expected.signal)


@pytest.mark.parametrize("data", [b"%PDF-1.7 letter", b"PK\x03\x04 cut short", b"RIFF\0\0\0\0WAVEfmt "])
def test_what_is_no_recording_is_refused_by_its_name(data: bytes) -> None:
    with pytest.raises(SampleError, match="Recordings end in"):
        read_eeg(("letter.rec", data))


@pytest.mark.parametrize(
    ("name", "data", "step"),
    [
        ("a.csv.gz", gzip.compress(b"time,Cz\n0,1\n"), "Unpack it first"),
        ("a.xlsx", zipped({"[Content_Types].xml": b"x", "_rels/.rels": b"x"}), "Save the table as CSV"),
    ],
    ids=["packed", "workbook"],
)
def test_what_to_do_with_another_ending(name: str, data: bytes, step: str) -> None:
    with pytest.raises(SampleError, match=step):
        open_eeg(data, name=name)
