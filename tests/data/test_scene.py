"""Scenes and photos: what belongs together is found, what is odd is said, tricks in zips are refused."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from clouds import npy, ply, room, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from xviz.core.errors import SampleError
from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud.scene import read_photos, read_room, read_scene
from xviz.geometry import pinhole

XYZ, RGB = room()
CAMERA = np.array([[300.0, 0, 160, 0], [0, 300, 120, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
POSE = np.array([[1.0, 0, 0, 2], [0, 0, 1, -1], [0, -1, 0, 1.2], [0, 0, 0, 1]])


def picture(width: int = 320, height: int = 240, form: str = "JPEG") -> bytes:
    """A photo of two colours."""
    file = io.BytesIO()
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = [200, 120, 40]
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


def depth(metres: float = 2.0) -> bytes:
    """A 16-bit PNG in millimetres."""
    file = io.BytesIO()
    Image.fromarray(np.full((480, 640), round(1000 * metres), np.uint16)).save(file, "PNG")
    return file.getvalue()


def numbers(matrix: np.ndarray) -> bytes:
    """A matrix as text."""
    return "\n".join(" ".join(f"{v:.6f}" for v in row) for row in matrix).encode()


def scene(photos: int = 3, **more: bytes) -> dict[str, bytes]:
    """An exported ScanNet scene; ``more`` files, with __ for / and no ending changed."""
    files = {
        "scene0000_00/scene0000_00_vh_clean_2.ply": ply(XYZ, RGB, faces=4, alpha=True),
        "scene0000_00/scene0000_00_vh_clean_2.labels.ply": ply(XYZ),
        "scene0000_00/scene0000_00.txt": b"axisAlignment = 1 0 0 0\ncolorHeight = 968\ncolorWidth = 1296\nfps = x\n",
        "scene0000_00/intrinsic/intrinsic_color.txt": numbers(CAMERA),
        "scene0000_00/intrinsic/intrinsic_depth.txt": numbers(2 * CAMERA),
        "scene0000_00/tags.json": b"[]",
    }
    for i in range(photos):
        at = 20 * i
        files[f"scene0000_00/color/{at}.jpg"] = picture()
        files[f"scene0000_00/depth/{at}.png"] = depth()
        files[f"scene0000_00/label/{at}.png"] = picture(form="PNG")
        files[f"scene0000_00/pose/{at}.txt"] = numbers(POSE + at * np.eye(4, k=3) / 100)
    return files | {f"scene0000_00/{name}": data for name, data in more.items()}


def views(parts: dict) -> Photos:
    """The photos of a scene."""
    assert isinstance(parts["views"], Photos)
    return parts["views"]


def cloud(parts: dict) -> PointCloud:
    """The cloud of a scene."""
    assert isinstance(parts["points"], PointCloud)
    return parts["points"]


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """The files in a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("how", ["zip", "folder", "open zip", "zip on disk", "names and bytes", "zip among others"])
def test_a_scene_is_the_same_however_it_comes(how: str, tmp_path: Path) -> None:
    files = scene()
    source = {
        "zip": lambda: zipped(files),
        "folder": lambda: write(tmp_path, files),
        "open zip": lambda: io.BytesIO(zipped(files)),
        "zip on disk": lambda: write(tmp_path, {"scene.zip": zipped(files)}) / "scene.zip",
        "names and bytes": lambda: list(files.items()),
        "zip among others": lambda: [("scene.zip", zipped(files))],
    }[how]()
    parts = read_scene(source)
    assert cloud(parts).xyz == pytest.approx(XYZ)
    assert (cloud(parts).rgb == RGB).all()
    seen = views(parts)
    assert seen.names == ("0.jpg", "20.jpg", "40.jpg")
    assert seen.poses is not None
    assert seen.poses[1] == pytest.approx(POSE + 0.2 * np.eye(4, k=3))
    assert seen.intrinsics is not None
    assert seen.intrinsics[0] == pytest.approx(CAMERA[:3, :3])
    assert seen.depths is not None
    assert seen.depths[0].shape == (240, 320)
    assert seen.depths[0] == pytest.approx(2.0)


def test_supervoxels_are_counted_anew_and_only_where_they_fit() -> None:
    held = {"segIndices": np.where(np.arange(len(XYZ)) % 3, 900, 17).tolist()}
    name = "scene0000_00_vh_clean_2.0.010000.segs.json"
    read = cloud(read_scene(zipped(scene(**{name: json.dumps(held).encode()}))))
    assert read.segment is not None
    assert read.segment[:4].tolist() == [0, 1, 1, 0]
    for wrong in (b'{"segIndices": [1, 2]}', b"{", b"[" * 90000, b'{"segIndices": "no"}', b"{}"):
        read = cloud(read_scene(zipped(scene(**{name: wrong}))))
        assert read.segment is None
        assert any("do not fit and were not read" in note for note in read.notes)


def test_photos_are_taken_evenly_and_in_the_order_of_their_numbers() -> None:
    seen = views(read_scene(zipped(scene(40))))
    assert len(seen.images) == 16
    assert seen.names[:3] == ("0.jpg", "60.jpg", "100.jpg")
    assert seen.names[-1] == "780.jpg"
    assert "16 of 40 photos were taken, evenly." in seen.notes


@pytest.mark.parametrize(
    ("pose", "reason"),
    [
        (np.full((4, 4), -np.inf), "1 photos have no pose, as the tracking was lost"),
        (np.zeros((4, 4)), "1 poses are no rotation"),
        (np.diag([1.0, 1, -1, 1]), "1 poses are no rotation"),
        (np.diag([2.0, 1, 1, 1]), "1 poses are no rotation"),
    ],
    ids=["−inf", "flat", "mirror", "stretched"],
)
def test_poses_that_cannot_be_are_unknown_and_said(pose: np.ndarray, reason: str) -> None:
    seen = views(read_scene(zipped(scene(**{"pose/20.txt": numbers(pose)}))))
    assert seen.poses is not None
    assert np.isnan(seen.poses[1]).all()
    assert np.isfinite(seen.poses[[0, 2]]).all()
    assert any(reason in note for note in seen.notes)
    alone = read_photos([("20.jpg", picture()), ("20.txt", numbers(pose))])
    assert alone.poses is None


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1296, 968), (2592, 1936)])
@pytest.mark.parametrize("of", [(320, 240), (1296, 968)])
def test_intrinsics_are_brought_to_the_size_of_the_photo(size: tuple[int, int], of: tuple[int, int]) -> None:
    camera = pinhole.scaled(CAMERA[:3, :3], (240, 320), of[::-1])
    files = scene(1, **{"color/0.jpg": picture(*size), "intrinsic/intrinsic_color.txt": numbers(camera)})
    seen = views(read_scene(zipped(files)))
    shown = seen.images[0].shape[:2]
    assert shown[1] <= 1024
    assert seen.intrinsics is not None
    assert seen.intrinsics[0] == pytest.approx(pinhole.scaled(CAMERA[:3, :3], (240, 320), shown), rel=0.01)
    assert any("they were scaled to its" in note for note in seen.notes) == (size != of)


def test_photos_alone_of_any_size_and_without_cameras() -> None:
    seen = read_photos([("b.png", picture(90, 300, "PNG")), ("a.jpg", picture(500, 100))])
    assert seen.names == ("a.jpg", "b.png")
    assert [image.shape for image in seen.images] == [(100, 500, 3), (300, 90, 3)]
    assert (seen.poses, seen.intrinsics, seen.depths) == (None, None, None)


def test_photos_beside_any_cloud() -> None:
    files = [
        ("40.txt", numbers(POSE)),
        ("40.jpg", picture()),
        ("41.jpg", picture()),
        ("my room.txt", b"1 2 3\n2 3 4\n"),
    ]
    parts = read_scene(files)
    assert cloud(parts).xyz.tolist() == [[1, 2, 3], [2, 3, 4]]
    assert any("1 photos came without a pose" in note for note in views(parts).notes)
    assert any("No intrinsics came" in note for note in views(parts).notes)
    assert set(read_scene([("a.ply", ply(XYZ))])) == {"points"}
    assert set(read_scene(ply(XYZ))) == {"points"}


def test_cameras_turn_with_the_cloud() -> None:
    turned = XYZ[:, [0, 2, 1]] * [1, 1, -1]
    back = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    files = scene(1, **{"scene0000_00_vh_clean_2.ply": ply(turned, RGB), "pose/0.txt": numbers(back @ POSE)})
    parts = read_scene(zipped(files), up="y")
    assert cloud(parts).xyz == pytest.approx(XYZ, abs=1e-6)
    assert views(parts).poses[0] == pytest.approx(POSE)


def test_arrays_of_pointcept_are_a_cloud() -> None:
    read = cloud(
        read_scene(zipped({"s/coord.npy": npy(XYZ), "s/color.npy": npy(RGB), "s/segment20.npy": npy(RGB[:, 0])}))
    )
    assert read.xyz == pytest.approx(XYZ)
    assert (read.rgb == RGB).all()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"color/0.jpg": picture()}, "A room needs a cloud.*1 file came, of .jpg"),
        ({"scene.sens": b"x"}, "ScanNet's .sens is not read"),
        ({"a.ply": ply(XYZ), "b.jpg": b"\xff\xd8\xff no"}, "b.jpg: This JPEG file is damaged"),
        ({"a.ply": b"no cloud"}, "a.ply: "),
        ({}, "A room needs a cloud"),
    ],
)
def test_what_is_missing_is_said(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(SampleError, match=message):
        read_scene(zipped(files))


def link(name: str) -> zipfile.ZipInfo:
    """An entry that is a symbolic link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def tricky(case: str) -> bytes:
    """A zip that plays a trick."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ply", ply(XYZ))
        if case == "link":
            archive.writestr(link("color/0.jpg"), "/etc/passwd")
        elif case == "bomb":
            archive.writestr("b.ply", bytes(100 * 2**20))
        elif case == "thousands":
            for i in range(5001):
                archive.writestr(f"{i}.txt", "")
        elif case == "lzma":
            archive.writestr("b.ply", ply(XYZ), zipfile.ZIP_LZMA)
        else:
            archive.writestr(case, b"x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("../../etc/passwd", "leads out of the zip"),
        ("/etc/passwd", "leads out of the zip"),
        ("C:/windows/a.ply", "leads out of the zip"),
        ("a\\..\\b.ply", "leads out of the zip"),
        ("link", "is a link to another file"),
        ("bomb", "may unpack to 2,048 MB and 100 times its own size; this one claims 100 MB"),
        ("thousands", "may hold 5,000 files; this one holds 5,002"),
    ],
)
def test_tricks_in_zips_are_refused(case: str, message: str) -> None:
    with pytest.raises(SampleError, match=message):
        read_scene(tricky(case))


@pytest.mark.parametrize(
    ("case", "name", "why"),
    [
        ("inner.zip", "inner.zip", "an archive inside the zip"),
        ("inner.tar.gz", "inner.tar.gz", "an archive inside the zip"),
        ("lzma", "b.ply", "compressed in an unusual way"),
    ],
)
def test_a_file_of_a_zip_that_cannot_be_used_is_named_and_the_rest_read(case: str, name: str, why: str) -> None:
    room_ = read_room(tricky(case))
    assert cloud(room_.parts).xyz == pytest.approx(XYZ)
    assert room_.left_out == {name: why}


def test_a_zip_that_lies_about_sizes_is_refused() -> None:
    lying = bytearray(zipped({"a.ply": ply(XYZ)}))
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(SampleError, match=r"not as long as the zip says|damaged"):
        read_scene(bytes(lying))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_zips_are_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    hurt = bytearray(zipped(scene(2)))
    for _ in range(data.draw(st.integers(0, 4))):
        hurt[data.draw(st.integers(0, len(hurt) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.just(len(hurt)), st.integers(0, len(hurt))))
    with suppress(SampleError):
        assert "points" in read_scene(bytes(hurt[:cut]))
