"""DREAMER's one file: read as a whole where it is small, else one subject of it at a time."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
from recordings import EPOC, FILM, SIGNAL, dreamer_of, mat

from xviz.core.errors import SampleError
from xviz.data.eeg import datasets
from xviz.data.eeg.read import open_eeg


def test_dreamer() -> None:
    held = dreamer_of(2)
    made = open_eeg(("DREAMER.mat", mat(DREAMER=held)))
    assert made.titles[3].startswith("subject 2, film 2 (valence 2.0, arousal 5.0")
    eeg = made.recordings[3]
    assert (eeg.channels, eeg.rate, eeg.rest, eeg.seconds) == (EPOC, 128.0, 5.0, 66.0)
    assert np.array_equal(eeg.signal, np.concatenate([FILM[:, :640], SIGNAL + 1], 1))


@pytest.mark.parametrize("kind", ["cell", "struct", "uncompressed", "7.3"])
def test_of_a_large_dreamer_one_subject_is_read(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "LARGE", 10**6)
    held = dreamer_of(3)
    if kind == "struct":
        held["Data"] = np.array(
            [tuple(one.values()) for one in held["Data"]], [(name, "O") for name in held["Data"][0]]
        )
    data = dreamer_hdf(held) if kind == "7.3" else mat(compress=kind != "uncompressed", DREAMER=held)
    for number in range(3):
        made = open_eeg(("DREAMER.mat", data), part=number)
        assert made.parts == ("subject 1", "subject 2", "subject 3")
        assert made.titles[1] == f"subject {number + 1}, film 2 (valence 2.0, arousal 5.0, dominance {number}.0)"
        assert np.array_equal(made.recordings[0].signal[:, 640:], (SIGNAL + number).astype(np.float32))
        assert f"The file holds 3 subjects: subject {number + 1} was read." in made.recordings[0].notes
    with pytest.raises(SampleError, match="3 subjects, counted from 0; there is no 3"):
        open_eeg(("DREAMER.mat", data), part=3)


@pytest.mark.parametrize("at", [200, 5000, 0.5, 0.99])
@pytest.mark.parametrize("compress", [True, False])
def test_a_cut_dreamer_is_said_to_be_cut(at: float, compress: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "LARGE", 10**6)
    data = mat(compress=compress, DREAMER=dreamer_of(3))
    with pytest.raises(SampleError, match=r"DREAMER\.mat is damaged or cut short"):
        open_eeg(("DREAMER.mat", data[: at if at > 1 else int(at * len(data))]), part=2)


def dreamer_hdf(held: dict) -> bytes:
    """The same as version 7.3 has it."""
    made = io.BytesIO()
    with h5py.File(made, "w", userblock_size=512) as file:

        def put(group: h5py.Group, name: str, value: object) -> h5py.HLObject:
            if isinstance(value, dict):
                inside = group.create_group(name)
                for key, each in value.items():
                    put(inside, key, each)
                return inside
            if isinstance(value, np.ndarray) and value.dtype == object:
                references = [put(file, f"#refs#/{name}{id(value)}_{i}", each).ref for i, each in enumerate(value)]
                return group.create_dataset(name, data=np.array(references, h5py.ref_dtype)[:, None])
            if isinstance(value, str):
                made = group.create_dataset(name, data=np.array([[ord(c)] for c in value], np.uint16))
                made.attrs["MATLAB_class"] = np.bytes_("char")
                return made
            return group.create_dataset(name, data=np.atleast_2d(value).T)

        put(file, "DREAMER", held)
    return b"MATLAB 7.3 MAT-file".ljust(512) + made.getvalue()[512:]


def test_another_damaged_file_is_not_called_dreamer() -> None:
    data = bytearray(mat(djc_eeg1=np.zeros((62, 400))))
    data[136:150] = b"\xff" * 14
    with pytest.raises(SampleError, match=r"The \.mat file is damaged or cut short"):
        open_eeg(("1_20160518.mat", bytes(data)))
