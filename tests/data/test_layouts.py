"""Every layout that people export gives the same room: cloud, photos, cameras and depths, with the rest named."""

from __future__ import annotations

import numpy as np
import pytest
import rooms
from clouds import ply, text, zipped

from xviz.core.errors import SampleError
from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud.scene import Room, candidates, read_room

#: name → files, whether depths can be read, what must be among the files left out
LAYOUTS = {
    "ScanNet": (rooms.scannet, True, ["labels.ply", "label/0.png", "instance/0.png"]),
    "ScanNet, C++": (rooms.scannet_cpp, True, []),
    "3RScan": (rooms.three_rscan, True, ["labels.instances.annotated.v2.ply", "semseg.v2.json"]),
    "ARKitScenes": (rooms.arkitscenes, True, ["confidence/48_6100.100.png", "48_3dod_annotation.json"]),
    "Replica": (rooms.replica, True, []),
    "Stray Scanner": (rooms.stray, True, ["confidence/000000.png", "rgb.mp4"]),
    "Polycam": (rooms.polycam, True, ["confidence/900.png", "keyframes/images/900.jpg", "thumbnail.jpg"]),
    "Record3D": (rooms.record3d, False, []),
    "nerfstudio": (rooms.nerfstudio, False, ["images_2/frame_00000.jpg"]),
    "COLMAP as text": (rooms.colmap_text, False, []),
    "COLMAP as binary": (rooms.colmap_binary, False, []),
    "S3DIS": (rooms.s3dis, True, ["Annotations/ceiling_1.txt", "Annotations/chair_1.txt", "domain_semantic.png"]),
    "mmdetection3d": (rooms.mmdetection3d, True, ["semantic_mask/scene0001_00.bin", "instance_mask/scene0001_00.bin"]),
    "TUM RGB-D": (rooms.tum, True, []),
}


def parts(room: Room) -> tuple[PointCloud, Photos]:
    """Cloud and photos of a room."""
    cloud, views = room.parts["points"], room.parts["views"]
    assert isinstance(cloud, PointCloud)
    assert isinstance(views, Photos)
    return cloud, views


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_gives_cloud_photos_and_cameras(name: str) -> None:
    make, deep, left = LAYOUTS[name]
    files = make()
    room = read_room(
        zipped(files | {"README.md": b"# A room\n", ".DS_Store": b"\0", "__MACOSX/._a": b"\0"}), unit="m", up="z"
    )
    cloud, views = parts(room)
    step = 3 if name == "COLMAP as text" else 1
    assert cloud.xyz == pytest.approx(rooms.XYZ[::step], abs=2e-3)
    assert cloud.rgb is not None
    assert np.abs(cloud.rgb.astype(int) - rooms.RGB[::step]).max() <= 1
    assert len(views.images) == rooms.FRAMES
    assert views.poses == pytest.approx(np.array(rooms.POSES), abs=1e-5)
    assert views.intrinsics == pytest.approx(np.tile(rooms.K, (rooms.FRAMES, 1, 1)), abs=1e-3)
    assert (views.depths is not None) == deep
    if views.depths is not None:
        assert views.depths[1] == pytest.approx(rooms.shot(1)[1], abs=5e-3)
    assert not any("convention" in text or "only so" in text for text in views.warnings)
    for end in (*left, "README.md"):
        assert any(path.endswith(end) for path in room.left_out), end


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (2, b"1 1 0 0 0 0 0 1 torn"),
        (2, b"garbage"),
        (2, b"1 nan 0 0 0 0 0 0 1 a photo 0.jpg"),
        (2, "1 1 0 0 0 0 0 0 one café.jpg".encode("latin-1")),
    ],
)
def test_one_bad_line_of_colmap_costs_one_photo_its_camera_and_is_named(line: int, instead: bytes) -> None:
    files = rooms.colmap_text()
    lines = files["sparse/0/images.txt"].split(b"\n")
    lines[line - 1] = instead
    room = read_room(zipped(files | {"sparse/0/images.txt": b"\n".join(lines)}), unit="m", up="z")
    _, views = parts(room)
    assert views.poses is not None
    assert np.isnan(views.poses[0]).all()
    assert views.poses[1:] == pytest.approx(np.array(rooms.POSES[1:]), abs=1e-5)
    said = next(text for text in views.warnings if "images.txt" in text)
    assert "not as COLMAP writes photos (1; number 2)" in said


def test_an_image_of_colmap_without_its_own_line_does_not_shift_the_others() -> None:
    files = rooms.colmap_text()
    lines = files["sparse/0/images.txt"].split(b"\n")
    lines[2] = b"1.0 2.0 -1 3.0 4.0 7 5.0 6.0 9"
    del lines[1]
    _, views = parts(read_room(zipped(files | {"sparse/0/images.txt": b"\n".join(lines)}), unit="m", up="z"))
    assert views.poses is not None
    assert np.isnan(views.poses[0]).all()
    assert views.poses[1:] == pytest.approx(np.array(rooms.POSES[1:]), abs=1e-5)


def test_an_image_of_colmap_may_be_named_by_a_number_alone() -> None:
    files = rooms.colmap_text()
    images = files["sparse/0/images.txt"] + b"99 1 0 0 0 0 0 0 1 0001\n1.0 2.0 -1\n"
    _, views = parts(read_room(zipped(files | {"sparse/0/images.txt": images}), unit="m", up="z"))
    assert views.poses == pytest.approx(np.array(rooms.POSES), abs=1e-5)
    assert not any("images.txt" in text for text in views.warnings)


def test_bad_lines_of_colmaps_cameras_are_named_and_none_is_python() -> None:
    files = rooms.colmap_text()
    cameras = files["sparse/0/cameras.txt"] + b"2 PINHOLE 640 480 one two 3 4\n3\n"
    _, views = parts(read_room(zipped(files | {"sparse/0/cameras.txt": cameras}), unit="m", up="z"))
    assert views.intrinsics == pytest.approx(np.tile(rooms.K, (rooms.FRAMES, 1, 1)), abs=1e-3)
    said = next(text for text in views.warnings if "cameras.txt" in text)
    assert "not as COLMAP writes cameras (2; number 3, 4)" in said


def test_supervoxels_of_mmdetection3d_are_read() -> None:
    cloud, _ = parts(read_room(zipped(rooms.mmdetection3d())))
    assert cloud.segment is not None
    assert cloud.segment[[0, 49, 50, -1]].tolist() == [0, 0, 1, len(rooms.XYZ) // 50 - 1]


@pytest.mark.parametrize("variant", ["inverse", "flipped", "both"])
def test_poses_of_another_convention_are_found_by_the_colours_and_said(variant: str) -> None:
    files = rooms.scannet()
    for i, pose in enumerate(rooms.POSES):
        held = pose @ rooms.FLIP if variant in ("flipped", "both") else pose
        files[f"s/pose/{i}.txt"] = rooms.rows(np.linalg.inv(held) if variant in ("inverse", "both") else held)
    _, views = parts(read_room(zipped(files), up="z"))
    assert views.poses == pytest.approx(np.array(rooms.POSES), abs=1e-5)
    assert any("only so do photos show the points in their colours" in text for text in views.warnings)


def test_cameras_of_another_room_are_told() -> None:
    files = rooms.scannet()
    for i in range(rooms.FRAMES):
        files[f"s/pose/{i}.txt"] = rooms.rows(rooms.look((3.5, 4.5, 1.2), (0.5, 1 + i / 5, 2.4)))
    _, views = parts(read_room(zipped(files), up="z"))
    assert any("Photos hardly have the colours of the points" in text for text in views.warnings)


def test_a_bad_file_refuses_nothing_else() -> None:
    files = rooms.scannet() | {
        "s/aaa.ply": b"ply\nformat", "s/broken.las": b"LASF", "s/color/9.jpg": b"\xff\xd8\xff no",
        "s/._color.jpg": b"\0\5\x16\7",
        "s/notes.txt": b"recorded on Monday\n", "s/labels.txt": b"1\n2\n3\n" * 40, "s/Thumbs.db": b"x",
    }  # fmt: skip
    room = read_room(zipped(files), up="z")
    cloud, views = parts(room)
    assert len(cloud.xyz) == len(rooms.XYZ)
    assert len(views.images) == rooms.FRAMES
    assert "JPEG file is damaged" in room.left_out["s/color/9.jpg"]
    assert "operating system" in room.left_out["s/._color.jpg"]
    assert any("1 of 5 photos cannot be read" in text for text in views.warnings)


def test_candidates_are_tried_until_one_reads_and_a_person_can_choose() -> None:
    small = ply(rooms.XYZ[:500], rooms.RGB[:500])
    files = {
        "a.ply": b"ply\nformat ascii 1.0\n" + bytes(10**6),
        "b.ply": ply(rooms.XYZ, rooms.RGB),
        "c.ply": small,
        "p.jpg": rooms.jpeg(0),
    }
    room = read_room(zipped(files), up="z")
    assert room.cloud == "b.ply"
    assert "header of the PLY file does not end" in room.left_out["a.ply"]
    assert any("files can be the cloud; “b.ply” was taken, not c.ply" in text for text in parts(room)[0].warnings)
    assert set(candidates(zipped(files))[0]) == {"a.ply", "b.ply", "c.ply"}
    chosen = read_room(zipped(files), up="z", cloud="c.ply")
    assert (chosen.cloud, len(parts(chosen)[0].xyz)) == ("c.ply", 500)
    with pytest.raises(SampleError, match="header of the PLY file does not end"):
        read_room(zipped(files), cloud="a.ply")


def test_photos_can_be_chosen() -> None:
    files = rooms.nerfstudio()
    assert candidates(zipped(files))[1] == ("images/frame_#.jpg", "images_2/frame_#.jpg")
    room = read_room(zipped(files), up="z", photos="images_2/frame_#.jpg")
    _, views = parts(room)
    assert room.photos == ("images_2/frame_#.jpg",)
    assert views.images[0].shape == (60, 80, 3)


def test_rooms_of_one_zip_are_not_mixed() -> None:
    other = {name.replace("scene0001", "scene0002").replace("s/", "t/"): data for name, data in rooms.scannet().items()}
    other["t/scene0002_00_vh_clean_2.ply"] = ply(rooms.XYZ[:400], rooms.RGB[:400])
    room = read_room(zipped(rooms.scannet() | other), up="z")
    cloud, views = parts(room)
    assert len(cloud.xyz) == len(rooms.XYZ)
    assert len(views.images) == rooms.FRAMES
    assert "another room" in room.left_out["t/color/0.jpg"]
    assert any("“s/scene0001_00_vh_clean_2.ply” was taken" in text for text in cloud.warnings)
    assert (
        len(parts(read_room(zipped(rooms.scannet() | other), cloud="t/scene0002_00_vh_clean_2.ply", up="z"))[0].xyz)
        == 400
    )


def test_a_zip_of_windows_is_read() -> None:
    files = {name.replace("/", "\\"): data for name, data in rooms.scannet().items()}
    _, views = parts(read_room(zipped(files), up="z"))
    assert views.poses is not None


def test_cameras_move_and_scale_with_the_cloud() -> None:
    away = np.array([512_000, 5_400_000, 300])
    files = rooms.scannet_cpp() | {"scene.ply": ply((rooms.XYZ + away).astype(float), rooms.RGB, kind="double")}
    for i, pose in enumerate(rooms.POSES):
        moved = pose.copy()
        moved[:3, 3] += away
        files[f"seq/frame-{i:06d}.pose.txt"] = rooms.rows(moved)
    _, views = parts(read_room(zipped(files), up="z"))
    floor = np.floor((rooms.XYZ + away).min(0))
    assert views.poses is not None
    assert views.poses[:, :3, 3] == pytest.approx(np.array([p[:3, 3] + away - floor for p in rooms.POSES]), abs=2e-3)
    files = rooms.scannet_cpp() | {"scene.ply": ply(rooms.XYZ * 1000, rooms.RGB)}
    for i, pose in enumerate(rooms.POSES):
        scaled = pose.copy()
        scaled[:3, 3] *= 1000
        files[f"seq/frame-{i:06d}.pose.txt"] = rooms.rows(scaled)
    cloud, views = parts(read_room(zipped(files), up="z"))
    assert cloud.xyz == pytest.approx(rooms.XYZ, abs=1e-3)
    assert views.poses == pytest.approx(np.array(rooms.POSES), abs=1e-4)


def test_depths_of_another_unit_are_held_against_the_cloud() -> None:
    files = rooms.scannet() | {f"s/depth/{i}.png": rooms.deep(i, 5000) for i in range(rooms.FRAMES)}
    _, views = parts(read_room(zipped(files), up="z"))
    assert views.depths is not None
    assert views.depths[0] == pytest.approx(rooms.shot(0)[1], abs=5e-3)
    assert any("5000 is a metre, not 1000" in note for note in views.notes)


def test_what_came_instead_of_a_room_is_said() -> None:
    with pytest.raises(SampleError, match=r"A room needs a cloud"):
        read_room(zipped({"pose/0.txt": rooms.rows(rooms.POSES[0]), "a.jpg": rooms.jpeg(0)}))
    with pytest.raises(SampleError, match=r"A room needs a cloud"):
        read_room(zipped({"a.txt": b"words and words\n" * 9}))
    with pytest.raises(SampleError, match="So were 1 others"):
        read_room(zipped({"a.ply": b"ply\n", "b.las": b"LASF"}))
    assert read_room([("scan.weird", text(rooms.XYZ, rooms.RGB))], up="z").cloud == "scan.weird"
