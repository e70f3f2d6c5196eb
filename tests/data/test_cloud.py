"""Every format of a cloud is read truly; odd ones are read with a word, bad ones refused in words."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from clouds import COUNT, las, npy, npz, pcd, ply, room, text, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from xviz.core.errors import SampleError
from xviz.core.sample import PointCloud
from xviz.data.cloud import columns
from xviz.data.cloud.read import LIMIT_POINTS, SUFFIXES, read_cloud

XYZ, RGB = room()
SEVEN = np.column_stack([XYZ, RGB, np.arange(COUNT) % 13])
FIELDS = np.zeros(COUNT, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("r", "u1"), ("g", "u1"), ("b", "u1")])
for _name, _column in zip("xyzrgb", np.column_stack([XYZ, RGB]).T, strict=True):
    FIELDS[_name] = _column
FILES: dict[str, bytes] = {
    "ascii.ply": ply(XYZ, RGB, form="ascii", faces=5),
    "little.ply": ply(XYZ, RGB),
    "big.ply": ply(XYZ, RGB, form="binary_big_endian", faces=3),
    "double.ply": ply(XYZ, RGB, kind="double"),
    "scene0000_00_vh_clean_2.ply": ply(XYZ, RGB, faces=9, alpha=True),
    "ascii.pcd": pcd(XYZ, RGB, form="ascii"),
    "binary.pcd": pcd(XYZ, RGB),
    "compressed.pcd": pcd(XYZ, RGB, form="binary_compressed"),
    "eight.las": las(XYZ, RGB),
    "sixteen.las": las(XYZ, RGB.astype(int) * 257),
    "sixteen.laz": las(XYZ, RGB.astype(int) * 257, packed=True),
    "plain.xyz": text(XYZ, RGB),
    "named.csv": text(XYZ, RGB, separator=",", header="X,Y,Z,Red,Green,Blue"),
    "semicolon.csv": text(XYZ, RGB, separator=";", header="x;y;z;r;g;b"),
    "comma.csv": text(XYZ, RGB, separator=";").replace(b".", b","),
    "cloudcompare.txt": text(XYZ, RGB, header="//X Y Z R G B"),
    "tabs.txt": text(XYZ, RGB, separator="\t").replace(b"\n", b"\r\n"),
    "room_1.txt": text(XYZ, RGB, form="%.3f %.3f %.3f %d %d %d"),
    "scan.pts": f"{COUNT}\n".encode() + text(XYZ, np.column_stack([np.full(COUNT, -5), RGB])),
    "six.npy": npy(np.column_stack([XYZ, RGB])),
    "seven.npy": npy(SEVEN.astype(np.float32)),
    "fields.npy": npy(FIELDS),
    "named.npz": npz(xyz=XYZ, rgb=RGB),
    "single.npz": npz(arr_0=np.column_stack([XYZ, RGB])),
    "pointcept.zip": zipped({"scene/coord.npy": npy(XYZ), "scene/color.npy": npy(RGB), "scene/segment.npy": npy(RGB)}),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_cloud(name: str) -> None:
    cloud = read_cloud(FILES[name], name=name)
    assert cloud.xyz == pytest.approx(XYZ, abs=2e-3 if name[-2:] == "as" or name.endswith("laz") else 1e-5)
    assert cloud.rgb is not None
    assert (cloud.rgb == RGB).all()
    assert not any("ends in" in note for note in cloud.notes)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("sixteen.las", "Colours have 16 bits"),
        ("seven.npy", "no names.*columns 4–6 as colours; not used: column 7"),
        ("scan.pts", "columns 5–7 as colours"),
        ("pointcept.zip", "“segment” is taken for classes"),
    ],
)
def test_what_was_assumed_is_said(name: str, pattern: str) -> None:
    import re

    assert any(re.search(pattern, note) for note in read_cloud(FILES[name]).notes)


def test_a_path_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "mine.ply").write_bytes(ply(XYZ))
    assert read_cloud(tmp_path / "mine.ply").rgb is None
    (tmp_path / "empty.ply").write_bytes(b"")
    with pytest.raises(SampleError, match=r"^empty\.ply: A file is needed; this one is empty"):
        read_cloud(tmp_path / "empty.ply")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ply(XYZ, RGB / 255, colour="float"), "from 0 to 1"),
        (ply(XYZ, RGB.astype(int) * 257, colour="ushort"), "16 bits"),
        (ply(XYZ, RGB / 127.5 - 1, colour="float"), "from −1 to 1"),
        (npz(coord=XYZ, color=RGB.astype(np.float32)), ""),
    ],
    ids=["0–1", "16 bits", "−1–1", "floats to 255"],
)
def test_colours_of_any_range_come_to_255(data: bytes, words: str) -> None:
    cloud = read_cloud(data)
    assert cloud.rgb is not None
    assert np.abs(cloud.rgb.astype(int) - RGB).max() <= 1
    assert any(words in note for note in cloud.notes) if words else not cloud.notes


@pytest.mark.parametrize("name", ["a.ply", "a.pcd", "a.las", "a.xyz", "a.npy"])
def test_colourless_clouds_stay_so(name: str) -> None:
    write = {"ply": ply, "pcd": pcd, "las": las, "xyz": text, "npy": npy}[name[2:]]
    assert read_cloud(write(XYZ), name=name).rgb is None
    assert any("All colours are zero" in text for text in read_cloud(las(XYZ, RGB * 0)).warnings)


def test_normals_are_no_colours() -> None:
    normals = np.random.default_rng(0).normal(size=(COUNT, 3))
    assert read_cloud(npy(np.column_stack([XYZ, normals]))).rgb is None


def test_points_without_a_place_are_dropped_and_said() -> None:
    holes = XYZ.copy()
    holes[:100, 1] = np.nan
    for data in (pcd(holes, RGB), ply(holes, RGB), text(holes, RGB), npz(xyz=holes, rgb=RGB)):
        cloud = read_cloud(data)
        assert cloud.xyz == pytest.approx(XYZ[100:], abs=1e-5)
        assert (cloud.rgb == RGB[100:]).all()
        assert any("100 of 400 points have no place" in note for note in cloud.notes)
    with pytest.raises(SampleError, match="No point of the file has a place"):
        read_cloud(ply(holes[:100], RGB[:100]))


def test_a_single_point_is_a_cloud() -> None:
    cloud = read_cloud(b"1 2 3\n", name="one.xyz")
    assert cloud.xyz.tolist() == [[1, 2, 3]]
    assert any("single point" in text for text in cloud.warnings)
    assert len(read_cloud(ply(XYZ[:1], RGB[:1])).xyz) == 1


@pytest.mark.parametrize(("factor", "unit_name"), [(1000, "millimetres"), (100, "centimetres"), (1, "")])
def test_other_units_are_seen_said_and_switchable(factor: float, unit_name: str) -> None:
    data = ply(XYZ * factor, RGB)
    cloud = read_cloud(data)
    assert cloud.xyz == pytest.approx(XYZ, abs=1e-4)
    assert (
        any(unit_name in text for text in cloud.warnings)
        if unit_name
        else not any("Taken as" in text for text in cloud.warnings)
    )
    assert read_cloud(data, unit="m").xyz == pytest.approx(XYZ * factor, rel=1e-5)
    assert read_cloud(data, unit="mm").xyz == pytest.approx(XYZ * factor / 1000, rel=1e-5)
    with pytest.raises(SampleError, match="A unit is one of m, cm, mm, ft, in"):
        read_cloud(data, unit="inch")


def test_a_wide_landscape_stays_in_metres_with_a_word() -> None:
    cloud = read_cloud(las(XYZ * [200, 200, 10] + [512_000, 5_400_000, 300]))
    assert np.ptp(cloud.xyz, axis=0) == pytest.approx(np.ptp(XYZ * [200, 200, 10], axis=0), abs=2e-2)
    assert any("no room is so. Choose another unit" in text for text in cloud.warnings)
    assert any("moved by -512000" in note for note in cloud.notes)


@pytest.mark.parametrize(
    ("up", "turned"),
    [("y", XYZ[:, [0, 2, 1]] * [1, 1, -1]), ("-y", XYZ[:, [0, 2, 1]] * [1, -1, 1]), ("x", XYZ[:, [2, 0, 1]])],
)
def test_another_axis_may_point_up(up: str, turned: np.ndarray) -> None:
    cloud = read_cloud(ply(turned, RGB), up=up)
    assert cloud.xyz == pytest.approx(XYZ, abs=1e-6)


def test_corrupt_lines_of_s3dis_are_left_out_and_said() -> None:
    lines = FILES["room_1.txt"].split(b"\n")
    lines[179] = b"22.348 6.692 2.048 185\x10187 186"
    lines[200] = b"19.302 6.0 1.0.5 60 60 60"
    cloud = read_cloud(b"\n".join(lines), name="hallway_6.txt")
    keep = np.delete(np.arange(COUNT), [179, 200])
    assert cloud.xyz == pytest.approx(XYZ[keep])
    assert any(
        "2 lines hold something else than the numbers of a point and were left out, the first in line 180" in n
        for n in cloud.notes
    )
    lines[20:60] = [b"no numbers here at all"] * 40
    with pytest.raises(SampleError, match="42 of 400 lines have something else, the first in line 21"):
        read_cloud(b"\n".join(lines))


def test_a_wrong_ending_is_said() -> None:
    cloud = read_cloud(FILES["plain.xyz"], name="room.ply")
    assert cloud.xyz == pytest.approx(XYZ)
    assert any("ends in .ply, the content is text" in note for note in cloud.notes)


def test_segments_of_the_file_are_counted_from_zero() -> None:
    cloud = read_cloud(npz(xyz=XYZ, rgb=RGB, superpoint=np.where(np.arange(COUNT) % 2, 70, 500)))
    assert cloud.segment is not None
    assert cloud.segment[:4].tolist() == [1, 0, 1, 0]


HEAD = (
    b"ply\nformat binary_little_endian 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float z\n"
)
BAD: dict[str, tuple[bytes, str]] = {
    "promises too much": (
        HEAD % 10**12 + b"end_header\n" + bytes(1200),
        "promises 1,000,000,000,000 points.*bytes for 100",
    ),
    "promises too much as text": (
        (HEAD % 10**12).replace(b"binary_little_endian", b"ascii") + b"end_header\n1 2 3\n",
        "promises 1,000,000,000,000",
    ),
    "faces only": (HEAD % 0 + b"element face 2\nproperty list uchar int v\nend_header\n", "no vertices, only 2 face"),
    "negative": (HEAD % -5 + b"end_header\n", "no vertices"),
    "no end": (HEAD % 5, "does not end"),
    "odd header": (b"ply\nformat binary 2.0\nend_header\n", "a line that PLY does not know"),
    "lists": (HEAD % 5 + b"property list uchar int v\nend_header\n" + bytes(99), "hold lists"),
    "no z": ((HEAD % 5).replace(b" z\n", b" w\n") + b"end_header\n" + bytes(99), "lacks z"),
    "says ascii": (ply(XYZ, RGB).replace(b"binary_little_endian", b"ascii"), "says ASCII, its content is not"),
    "says binary": (
        ply(XYZ, RGB, form="ascii").replace(b"ascii", b"binary_little_endian"),
        "says binary, its content is text",
    ),
    "ply cut": (ply(XYZ, RGB)[:-50], "is cut short or its header is wrong: it promises 400"),
    "ply ascii cut": (ply(XYZ, RGB, form="ascii")[:4000], "is cut short"),
    "pcd cut": (pcd(XYZ, RGB)[:-50], "promises 400 points"),
    "pcd ascii cut": (pcd(XYZ, RGB, form="ascii")[:5000], "is cut short"),
    "pcd compressed cut": (pcd(XYZ, RGB, form="binary_compressed")[:-50], "is cut short"),
    "pcd promises": (pcd(XYZ, RGB, count=10**12), "promises 1,000,000,000,000 points"),
    "pcd compressed promises": (
        pcd(XYZ, RGB, form="binary_compressed", count=10**12),
        "promises 1,000,000,000,000 points",
    ),
    "pcd says ascii": (
        pcd(XYZ, RGB).replace(b"DATA binary", b"DATA ascii"),
        "content is binary|no numbers|something else",
    ),
    "pcd header": (pcd(XYZ, RGB).replace(b"TYPE F", b"TYPE Q"), "header of the PCD file is damaged"),
    "las cut": (las(XYZ, RGB)[:-500], "promises 400 points"),
    "las header": (las(XYZ, RGB)[:100], "not even its header is whole"),
    "laz cut": (las(XYZ, RGB, packed=True)[:-500], "cut short|damaged"),
    "las promises": (
        las(XYZ, RGB)[:107] + struct.pack("<I", 2**32 - 1) + las(XYZ, RGB)[111:],
        "promises 4,294,967,295",
    ),
    "pickle": (npy(np.array([{"a": 1}], object)), "holds object"),
    "npz pickle": (npz(xyz=np.array([{"a": 1}], object)), "holds object"),
    "npy cut": (npy(XYZ)[:-30], "says .400, 3. and holds"),
    "npy shape": (npy(XYZ[:, :2]), r"x, y, z, red, green, blue; this one is \(400, 2\)"),
    "npz colours": (npz(xyz=XYZ, rgb=RGB[:5]), "400 points need colours"),
    "text of two": (b"1 2\n3 4\n", "this one has 2 columns"),
    "prose": (b"This is a letter.\nIt has no numbers.\n", "something else, such as “This is a letter.”"),
    "E57": (b"ASTM-E57" + bytes(99), "not as long as its header says"),
    "bytes": (bytes(range(256)) * 9, "none of these"),
    "scene zip": (zipped({"a/b.jpg": b"x"}), "holds no NumPy arrays"),
    "bomb": (zipped({"xyz.npy": bytes(80 * 2**20)}), "may unpack to"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_words(case: str) -> None:
    data, message = BAD[case]
    with pytest.raises(SampleError, match=message):
        read_cloud(data)


def test_too_many_points_are_refused_before_room_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "LIMIT_POINTS", 399)
    for name in ("little.ply", "binary.pcd", "compressed.pcd", "sixteen.laz", "six.npy", "named.npz"):
        with pytest.raises(SampleError, match=r"this one has 0\.0 million"):
            read_cloud(FILES[name])
    assert LIMIT_POINTS == 20_000_000


def test_a_promise_takes_no_memory() -> None:
    tracemalloc.start()
    for case in ("promises too much", "pcd promises", "pcd compressed promises", "las promises", "bomb"):
        with pytest.raises(SampleError):
            read_cloud(BAD[case][0])
    assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(FILES))
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_damage_is_refused_or_read_and_nothing_else(name: str, data: st.DataObject) -> None:
    hurt = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.one_of(st.integers(0, min(400, len(hurt) - 1)), st.integers(0, len(hurt) - 1)))
        hurt[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(hurt)), st.integers(0, len(hurt))))
    with suppress(SampleError):
        assert isinstance(read_cloud(bytes(hurt[:cut]), name=name), PointCloud)


def test_endings_cover_the_formats() -> None:
    assert {Path(name).suffix for name in FILES} - {".zip"} <= set(SUFFIXES)
