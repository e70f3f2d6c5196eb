"""Hostile files: nothing in them is executed, nothing is written, no name is rendered.

Two hundred pickles in every carrier that pickles travel in, zips with paths that lead out, weights that are none, and
names that are markup.
"""

from __future__ import annotations

import io
import pickle
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import mutations
import numpy as np
import pytest
import recordings
import rooms
from clouds import ply, room
from torch import nn

from xviz.checkpoints import Checkpoint, load_into
from xviz.core.errors import XvizError
from xviz.ui.page import plain

READERS = mutations.readers()


class Runs:
    """Something that runs a function when it is unpickled."""

    def __init__(self, call: Callable[..., object], *given: object) -> None:
        self.call, self.given = call, given

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.given


def by_name(module: str, name: str, *given: str) -> bytes:
    """A pickle of protocol 0 that calls a function by its name, which need not be importable here."""
    told = b"".join(b"V" + text.encode("raw_unicode_escape") + b"\n" for text in given)
    return f"c{module}\n{name}\n".encode() + b"(" + told + b"tR."


def payloads(marker: Path) -> dict[str, bytes]:
    """Pickles that would make a file."""
    write = f"open({str(marker)!r}, 'w').close()"
    shell = f"touch {marker}"
    made = {
        f"{name} {protocol}": pickle.dumps(Runs(call, *given), protocol)
        for protocol in range(6)
        for name, (call, given) in {
            "eval": (eval, (write,)),
            "exec": (exec, (write,)),
            "open": (open, (str(marker), "w")),
            "touch": (Path.touch, (marker,)),
        }.items()
    }
    for module, name, given in (
        ("os", "system", shell), ("posix", "system", shell), ("subprocess", "getoutput", shell),
        ("subprocess", "call", shell), ("builtins", "eval", write), ("__builtin__", "eval", write),
        ("runpy", "run_path", str(marker)), ("numpy.testing._private.utils", "runstring", write),
        ("numpy", "load", str(marker)), ("numpy.core.multiarray", "fromfile", str(marker)),
        ("torch.hub", "load", str(marker)), ("code", "interact", write), ("pty", "spawn", "/bin/sh"),
        ("importlib", "import_module", "antigravity"), ("pickle", "loads", write), ("webbrowser", "open", "http://x"),
        ("timeit", "timeit", write), ("cProfile", "run", write), ("shutil", "rmtree", str(marker.parent / "none")),
    ):  # fmt: skip
        made[f"{module}.{name}"] = by_name(module, name, given)
    made["state"] = b"\x80\x04cbuiltins\neval\n(V" + write.encode() + b"\ntR}b."
    made["nested"] = pickle.dumps({"data": [Runs(eval, write)], "labels": np.ones(3)})
    return made


def carried(name: str, data: bytes) -> dict[str, tuple[str, str, bytes]]:
    """A pickle in everything that it may travel in: carrier → reader, name of the file, its bytes."""
    head = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + data
    with zipfile.ZipFile(npz := io.BytesIO(), "w") as held:
        for part in ("features", "boxes", "signal", "xyz", "points"):
            held.writestr(f"{part}.npy", array)
    return {
        "dat": ("eeg", "s01.dat", data), "npz of eeg": ("eeg", "a.npz", npz.getvalue()),
        "npy": ("room", "c.npy", array), "npz of a room": ("room", "c.npz", npz.getvalue()),
        "regions": ("regions", "r.npz", npz.getvalue()),
    }  # fmt: skip


def test_no_pickle_is_executed_in_any_carrier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    marker, count = tmp_path / "executed", 0
    for name, data in payloads(marker).items():
        for reader, file, content in carried(name, data).values():
            with suppress(XvizError):
                READERS[reader](file, content)
            count += 1
        (weights := tmp_path / "w.safetensors").write_bytes(data)
        with pytest.raises(XvizError):
            load_into(nn.Linear(2, 2), Checkpoint("mmca", weights, "", "mmca", "", ""))
        count += 1
        weights.unlink()
        assert not list(tmp_path.iterdir()), f"{name} did something"
    assert count >= 200


@pytest.mark.parametrize("reader", ["room", "eeg"])
def test_no_path_of_a_zip_leads_out_of_it(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    files = {"c.ply": ply(*room(200)), "1.jpg": rooms.jpeg(0)}
    if reader == "eeg":
        with zipfile.ZipFile(io.BytesIO(recordings.brainvision(recordings.noise(), recordings.NAMES))) as held:
            files = {name: held.read(name) for name in held.namelist()}
    outside = Path("/etc/evil").exists()
    for evil in mutations.NAMES:
        for link in (False, True):
            with zipfile.ZipFile(file := io.BytesIO(), "w") as made:
                for name, content in files.items():
                    made.writestr(name, content)
                entry = zipfile.ZipInfo(evil.replace("\0", "0"))
                if link:
                    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                made.writestr(entry, b"/etc/passwd")
            with suppress(XvizError):
                READERS[reader]("a.zip", file.getvalue())
    assert not list(inside.iterdir())
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert Path("/etc/evil").exists() == outside


@pytest.mark.parametrize("name", mutations.NAMES)
def test_no_name_is_rendered(name: str) -> None:
    said = plain(name)
    for sign in "<>[]`$*_":
        assert said.count(sign) == said.count(f"\\{sign}"), said


@pytest.mark.parametrize("name", ["a\0b.gdf", "x" * 300 + ".gdf"])
def test_a_recording_whose_name_no_file_can_have_is_refused_in_words(name: str) -> None:
    seed = next(seed for seed in mutations.seeds() if seed.name == "a.gdf")
    with pytest.raises(XvizError, match="Rename the file"):
        mutations.readers()["eeg"](name, seed.data)
