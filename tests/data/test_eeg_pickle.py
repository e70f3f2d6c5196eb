from __future__ import annotations

import pickle
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from recordings import deap, python2

from xviz.core.errors import SampleError
from xviz.data.eeg.pickles import read_arrays
from xviz.data.eeg.read import open_eeg

ARRAYS = {"labels": np.arange(12.0).reshape(3, 4), "data": np.arange(60, dtype=np.float32).reshape(3, 4, 5)}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_of_python_3(protocol: int) -> None:
    made = read_arrays(pickle.dumps(ARRAYS, protocol))
    assert {name: value.tolist() for name, value in made.items()} == {n: v.tolist() for n, v in ARRAYS.items()}


def test_python_2() -> None:
    data = python2(ARRAYS)
    assert pickle.loads(data, encoding="latin1").keys() == ARRAYS.keys()  # Python itself reads what the test wrote
    made = read_arrays(data)
    assert all(np.array_equal(made[name], ARRAYS[name]) and made[name].dtype == ARRAYS[name].dtype for name in ARRAYS)


def test_order_and_endianness() -> None:
    arrays = {"f": np.asfortranarray(ARRAYS["labels"]), "big": ARRAYS["labels"].astype(">f8"), "i": np.arange(5)}
    for protocol in (2, 5):
        made = read_arrays(pickle.dumps(arrays, protocol))
        assert all(np.array_equal(made[name], arrays[name]) for name in arrays)


class Runs:
    """Runs something when it is unpickled."""

    def __init__(self, call, *arguments) -> None:
        self.what = call, arguments

    def __reduce__(self):
        return self.what


def traps(mark: Path) -> dict[str, bytes]:
    command = f"touch {mark}"
    write = f"open({str(mark)!r}, 'w').close()"
    evil = {
        "os.system": Runs(__import__("os").system, command),
        "subprocess": Runs(subprocess.check_output, ["touch", str(mark)]),
        "eval": Runs(eval, write),
        "exec": Runs(exec, write),
        "open": Runs(open, str(mark), "w"),
        "import": Runs(__import__, "antigravity"),
        "getattr": Runs(getattr, "text", "upper"),
        "numpy.load": Runs(np.load, str(mark)),
        "numpy.fromfile": Runs(np.fromfile, "/etc/passwd"),
        "numpy.memmap": Runs(np.memmap, str(mark), "u1", "w+", 0, (4,)),
    }
    made = {name: pickle.dumps({"data": ARRAYS["data"], "labels": one}, 2) for name, one in evil.items()}
    made["text protocol"] = b"cos\nsystem\n(S'" + command.encode() + b"'\ntR."
    made["inst"] = b"(S'" + command.encode() + b"'\nios\nsystem\n."
    made["obj"] = b"(cos\nsystem\nS'" + command.encode() + b"'\no."
    made["stack global"] = (
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c" + bytes([len(command)]) + command.encode() + b"\x85R."
    )
    made["builtins of python 2"] = b"c__builtin__\neval\n(S'" + write.replace("'", '"').encode() + b"'\ntR."
    made["dotted name"] = (
        b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93\x8c" + bytes([len(command)]) + command.encode() + b"\x85R."
    )
    return made


@pytest.mark.parametrize("name", list(traps(Path("/tmp/x"))))
def test_hostile_pickles_run_nothing(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    with pytest.raises(SampleError, match="was refused and nothing of it was run"):
        read_arrays(traps(mark)[name])
    assert not mark.exists()


def test_the_traps_would_work_elsewhere(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    pickle.loads(traps(mark)["os.system"])
    assert mark.exists()


def test_an_object_is_no_array() -> None:
    for listed in ({"data": np.array([{"a": 1}], object)}, [1, 2]):
        with pytest.raises(SampleError, match=r"instruction \(EMPTY_LIST\).* was refused"):
            read_arrays(pickle.dumps(listed, 2))
    with pytest.raises(SampleError, match="should hold numbers; its type is “U4”"):
        read_arrays(pickle.dumps({"data": np.array(["text"])}, 2))
    with pytest.raises(SampleError, match="“data” should be an array; it is a str"):
        read_arrays(pickle.dumps({"data": "text"}))
    with pytest.raises(SampleError, match="should hold a dict of arrays; this one holds a int"):
        read_arrays(pickle.dumps(5))
    with pytest.raises(SampleError, match="The arrays should have names; one is called by a int"):
        read_arrays(pickle.dumps({1: ARRAYS["data"]}))


def test_bytes_that_do_not_fit_the_shape() -> None:
    data = python2(ARRAYS).replace(
        struct.pack("<i", 4) + b"J" + struct.pack("<i", 5), b"\xff\xff\xff\x7fJ\xff\xff\xff\x7f"
    )
    with pytest.raises(SampleError, match="its bytes do not fit its shape"):
        read_arrays(data)


def test_a_pickle_cannot_change_the_reader_for_the_next() -> None:
    """BUILD with a pair sets attributes on whatever the stack holds, here on the stand-in for numpy.ndarray."""
    poison = b"\x80\x02}U\x01acnumpy\nndarray\n(N}U\x0c__setstate__K\x01stbs."
    with pytest.raises(SampleError, match="pickled dict of arrays"):
        read_arrays(poison)
    assert np.array_equal(read_arrays(python2(ARRAYS))["labels"], ARRAYS["labels"])


@pytest.mark.parametrize("keep", [0, 1, 50, 300, -3])
def test_cut_short(keep: int) -> None:
    with pytest.raises(SampleError, match=r"cut short|dict of arrays"):
        read_arrays(python2(ARRAYS)[:keep])


@pytest.mark.parametrize(
    ("data", "instruction"),
    [
        (b"\x80\x02U\x01aQ.", "BINPERSID"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x02N2\x86.", "DUP"),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", "LONG_BINPUT"),  # a list of two thousand million places in ten bytes
    ],
)
def test_instructions_that_arrays_do_not_need_are_refused(data: bytes, instruction: str) -> None:
    with pytest.raises(SampleError, match=rf"instruction \({instruction}\).* nothing of it was run"):
        read_arrays(data)


def test_a_tuple_of_tuples_cannot_grow_without_end() -> None:
    """Each step holds the last one twice; a dict's key is hashed, which sixty steps would make endless."""
    body = b"\x80\x02})" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(60))
    with pytest.raises(SampleError, match=r"instruction \(BINGET\)"):
        read_arrays(body + b"Ns.")


def test_a_size_that_is_not_there_is_not_set_aside() -> None:
    with pytest.raises(SampleError, match="cut short"):
        read_arrays(b"\x80\x04}\x8c\x04data\x8e\xff\xff\xff\xff\xff\x00\x00\x00abcs.")


def test_encoding_cannot_multiply() -> None:
    """Text may be encoded as latin1, and in sum no more of it than the file is long."""
    with pytest.raises(SampleError, match="encodes text in a way that arrays do not"):
        read_arrays(b"\x80\x02c_codecs\nencode\n(X\x03\x00\x00\x00abcX\x03\x00\x00\x00bz2tR.")
    text = b"X" + struct.pack("<i", 1000) + b"a" * 1000 + b"q\x00"
    body = b"\x80\x02}("
    for number in range(20):
        said = text if number == 0 else b"h\x00"
        body += b"U\x01" + bytes([65 + number]) + b"c_codecs\nencode\n(" + said + b"X\x06\x00\x00\x00latin1tR"
    assert len(body) < 3000
    with pytest.raises(SampleError, match="encodes text in a way that arrays do not"):
        read_arrays(body + b"u.")


def test_a_dat_that_is_not_deap() -> None:
    with pytest.raises(
        SampleError, match=r"should hold data \(40, 40, 8064\) and labels \(40, 4\); this one holds a \(2,\)"
    ):
        open_eeg(pickle.dumps({"a": np.ones(2)}, 2), name="a.dat")
    short = deap(1, 2.0)
    assert open_eeg(python2(short), name="s01.dat").recordings[0].rest == 2.0
