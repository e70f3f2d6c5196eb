"""Damaged files of every format and layout are read or refused in words, and nothing else happens."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
import rooms
from clouds import zipped
from test_cloud_formats import SAME, stl
from test_cloud_text import SAME as TEXTS
from test_layouts import LAYOUTS

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud.read import read_cloud
from xviz.data.cloud.scene import read_room

FILES = {name: data for name, (data, _) in SAME.items()}
FILES |= {name: TEXTS[name][0] for name in ("PTX", "COLMAP", "quotes", "brackets", "UTF-16", "ParaView")}
FILES |= {
    "STL": stl(True),
    "STL as text": stl(False),
    "floats": rooms.mmdetection3d()["points/scene0001_00.bin"][:9600],
}
WRONG = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"9999", b"-1.5", b"nan ", b'""""', b"1e99")


def hurt(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bytes changed, left out or doubled, and perhaps cut at a 64th."""
    out = bytearray(data)
    for _ in range(rng.integers(0, 5)):
        at = int(rng.integers(0, max(1, min(400, len(out)) if rng.random() < 0.5 else len(out))))
        way = rng.random()
        if way < 0.5:
            out[at : at + 1] = bytes([rng.integers(0, 256)])
        elif way < 0.7:
            out[at : at + 4] = WRONG[rng.integers(0, len(WRONG))]
        elif way < 0.85:
            del out[at : at + int(rng.integers(1, 40))]
        else:
            out[at:at] = out[max(0, at - 30) : at]
    return bytes(out[: len(out) * int(rng.integers(0, 65)) // 64]) if rng.random() < 0.4 else bytes(out)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_cloud_is_read_or_refused(name: str) -> None:
    rng = np.random.default_rng(len(name))
    for ending in ("a.bin", "a.ply", "", "points3D.txt", "a.obj", "a.stl") * 2:
        with suppress(SampleError):
            assert isinstance(read_cloud(hurt(FILES[name], rng), name=ending), PointCloud)


@pytest.mark.filterwarnings("ignore:.*EXIF.*:UserWarning")
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_damaged_room_is_read_or_refused(name: str) -> None:
    rng = np.random.default_rng(len(name))
    whole = LAYOUTS[name][0]()
    for _ in range(5):
        files = dict(whole)
        for path in rng.choice(sorted(files), 3, replace=False):
            files[path] = hurt(files[path], rng)
        files.pop(str(rng.choice(sorted(files))))
        with suppress(SampleError):
            assert read_room(zipped(files)).cloud in files
