"""Rooms of the field with one bad file of cameras, or with files whose names say something else than they hold."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import rooms
from clouds import ply, text, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud.scene import Room, read_room

POSES = np.array(rooms.POSES)


def views_of(room: Room) -> Photos:
    """The photos of a room."""
    views = room.parts["views"]
    assert isinstance(views, Photos)
    return views


def changed(make: Callable[[], dict[str, bytes]], name: str, change: Callable[[dict], None]) -> dict[str, bytes]:
    """The files of a layout, one JSON of which is changed."""
    files = make()
    held = json.loads(files[name])
    change(held)
    return files | {name: json.dumps(held).encode()}


def polycam() -> dict[str, bytes]:
    """The camera of a photo holds no numbers."""
    names = [f"keyframes/{kind}cameras/901.json" for kind in ("", "corrected_")]
    return rooms.polycam() | dict.fromkeys(names, b'{"t_00": null, "fx": null}')


def arkit() -> dict[str, bytes]:
    """The lens of a photo holds no numbers."""
    return rooms.arkitscenes() | {"48/lowres_wide_intrinsics/48_6101.100.pincam": b"160 120 a b"}


def stray() -> dict[str, bytes]:
    """The trajectory has lost a photo."""
    files = rooms.stray()
    return files | {"odometry.csv": files["odometry.csv"].replace(b" 000001,", b" nan,")}


#: layout → files of which one is bad, and the photos whose pose and whose intrinsics are lost
BAD: dict[str, tuple[dict[str, bytes], list[int], list[int]]] = {
    "Polycam": (polycam(), [1], [1]),
    "nerfstudio, a matrix": (
        changed(rooms.nerfstudio, "transforms.json", lambda t: t["frames"][1].update(transform_matrix=[[1, 0], [1]])),
        [1],
        [],
    ),
    "nerfstudio, a length": (
        changed(rooms.nerfstudio, "transforms.json", lambda t: t["frames"][1].update(fl_x="none")),
        [],
        [1],
    ),
    "Record3D": (changed(rooms.record3d, "metadata.json", lambda m: m["poses"].__setitem__(1, None)), [1], []),
    "ARKitScenes": (arkit(), [], [1]),
    "Stray Scanner": (stray(), [1], [1]),
    "Stray Scanner, no lens": (rooms.stray() | {"camera_matrix.csv": b"none"}, [], [0, 1, 2, 3]),
}


@pytest.mark.parametrize("name", BAD)
def test_one_bad_camera_takes_none_from_the_others(name: str) -> None:
    files, poses, lenses = BAD[name]
    views = views_of(read_room(zipped(files), unit="m", up="z"))
    assert views.poses is not None
    kept = np.isfinite(views.poses).all((1, 2))
    assert np.flatnonzero(~kept).tolist() == poses
    assert views.poses[kept] == pytest.approx(POSES[kept], abs=1e-5)
    known = np.zeros(4, bool) if views.intrinsics is None else np.isfinite(views.intrinsics).all((1, 2))
    assert np.flatnonzero(~known).tolist() == lenses
    if len(lenses) < 4:
        assert any("1 of 4 photos have no pose or intrinsics" in note for note in views.notes)


def test_photos_without_a_camera_are_counted_whatever_words_other_notes_have() -> None:
    files, _, _ = BAD["nerfstudio, a matrix"]
    beside = {
        "poses/frame_00000.txt": b"1 2 3\n"
    }  # of which the layout that is not taken says “1 poses are no rotation”
    views = views_of(read_room(zipped(files | beside), unit="m", up="z"))
    assert any("1 poses are no rotation" in note for note in views.notes)
    assert any("1 of 4 photos have no pose or intrinsics" in note for note in views.notes)


def test_an_empty_file_of_a_pose_in_a_folder_takes_none_from_the_others(tmp_path) -> None:
    for path, data in (rooms.scannet() | {"s/pose/1.txt": b""}).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    views = views_of(read_room(tmp_path, up="z"))
    assert views.poses is not None
    assert np.isfinite(views.poses).all((1, 2)).tolist() == [True, False, True, True]


def test_an_angle_of_view_without_a_size_is_of_the_photo() -> None:
    def change(held: dict) -> None:
        for key in ("w", "h", "fl_x", "fl_y", "cx", "cy"):
            del held[key]
        held["camera_angle_x"] = float(2 * np.arctan(80 / 110))

    views = views_of(read_room(zipped(changed(rooms.nerfstudio, "transforms.json", change)), up="z"))
    assert views.intrinsics is not None
    assert views.intrinsics[0] == pytest.approx(np.array([[110, 0, 80], [0, 110, 60], [0, 0, 1]]), abs=1e-3)


def test_depths_of_which_nothing_says_the_unit_are_told() -> None:
    files = {name: data for name, data in rooms.replica().items() if name != "cam_params.json"}
    views = views_of(read_room(zipped(files), up="z"))
    assert any("Nothing says the unit of the depth maps" in note for note in views.notes)
    known = views_of(read_room(zipped(rooms.replica()), up="z"))
    assert not any("unit of the depth maps" in note for note in known.notes)


def test_files_of_cameras_are_no_choice_for_the_cloud() -> None:
    for make in (rooms.stray, rooms.tum):
        cloud = read_room(zipped(make()), up="z").parts["points"]
        assert isinstance(cloud, PointCloud)
        assert not any("can be the cloud" in text_ for text_ in cloud.warnings)


@pytest.mark.parametrize("name", ["room_with_labels.ply", "my_label_scan.txt"])
def test_a_cloud_that_alone_came_is_read_whatever_its_name_says(name: str) -> None:
    data = ply(rooms.XYZ, rooms.RGB) if name.endswith("ply") else text(rooms.XYZ, rooms.RGB)
    assert read_room([(name, data)], up="z").cloud == name


def test_labels_of_semantic3d_are_no_cloud_and_masks_are_no_maps_of_confidence() -> None:
    files = {"station1.txt": text(rooms.XYZ, rooms.RGB), "station1.labels": b"1\n2\n" * 400, "rgb/0.jpg": rooms.jpeg(0)}
    room = read_room(zipped(files | {"masks/0.png": rooms.encoded(np.eye(64, dtype=np.uint8) * 255)}), up="z")
    assert room.clouds == ("station1.txt",)
    assert "labels or masks" in room.left_out["station1.labels"]
    assert "labels or masks" in room.left_out["masks/0.png"]


def test_parts_of_a_room_of_s3dis_alone_are_refused_as_such() -> None:
    files = {name: data for name, data in rooms.s3dis().items() if "Annotations" in name}
    with pytest.raises(SampleError, match="Only parts of a room came"):
        read_room(zipped(files))


def test_depth_maps_among_photos_of_the_same_names_are_told_apart() -> None:
    files = {"c.ply": ply(rooms.XYZ, rooms.RGB)}
    for i in range(rooms.FRAMES):
        files |= {f"p/{2 * i}.png": rooms.encoded(rooms.shot(i)[0]), f"p/{2 * i + 1}.png": rooms.deep(i)}
    views = views_of(read_room(zipped(files), up="z"))
    assert views.names == ("0.png", "2.png", "4.png", "6.png")
