"""A photo that is turned upright takes its camera along; a camera that cannot be right is dropped, and this is said."""

from __future__ import annotations

import numpy as np
import pytest
import rooms
from clouds import ply, zipped
from PIL import Image

from xviz.core.sample import Photos, PointCloud
from xviz.data.cloud.scene import read_room
from xviz.geometry import pinhole

#: EXIF orientation → how the stored pixels become upright
UPRIGHT = {
    3: lambda pixels: pixels[::-1, ::-1], 6: lambda pixels: np.rot90(pixels, -1), 8: lambda pixels: np.rot90(pixels, 1),
}  # fmt: skip


def read(files: dict[str, bytes]) -> tuple[PointCloud, Photos]:
    """Cloud and photos."""
    parts = read_room(zipped(files), up="z", unit="m").parts
    return parts["points"], parts["views"]  # type: ignore[return-value]


def stored(orientation: int, *, upright_camera: bool = False) -> dict[str, bytes]:
    """A ScanNet scene whose photos EXIF asks to turn, its cameras those of the stored or of the upright pixels."""
    files = rooms.scannet()
    for i, pose in enumerate(rooms.POSES):
        files[f"s/color/{i}.jpg"] = rooms.jpeg(i, orientation)
        if upright_camera:
            quarter = np.eye(4)
            quarter[:3, :3] = [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]
            files[f"s/pose/{i}.txt"] = rooms.rows(pose @ np.linalg.matrix_power(quarter, {6: 1, 8: 3}[orientation]))
    if upright_camera:
        k = np.array([[rooms.K[1, 1], 0, 60.0], [0, rooms.K[0, 0], 80.0], [0, 0, 1]])
        files["s/intrinsic/intrinsic_color.txt"] = rooms.rows(k)
    return files


def greys_agree(cloud: PointCloud, views: Photos) -> float:
    """The correlation of greys of points and of the pixels on which they fall by the camera."""
    assert views.poses is not None
    assert views.intrinsics is not None
    correlations = []
    for pose, matrix, image in zip(views.poses, views.intrinsics, views.images, strict=True):
        seen, places = pinhole.visible(cloud.xyz, pose, matrix, image.shape[:2])
        column, row = places[seen].astype(int).T
        correlations.append(np.corrcoef(image[row, column].mean(1), cloud.rgb[seen].mean(1))[0, 1])  # type: ignore[index]
    return float(np.min(correlations))


def test_a_photo_that_stands_is_left_as_it_is() -> None:
    assert greys_agree(*read(rooms.scannet())) > 0.8


@pytest.mark.parametrize("orientation", [6, 8])
@pytest.mark.parametrize("upright_camera", [False, True])
def test_a_turned_photo_and_its_camera_agree(orientation: int, upright_camera: bool) -> None:
    cloud, views = read(stored(orientation, upright_camera=upright_camera))
    assert views.images[0].shape == (160, 120, 3)
    assert greys_agree(cloud, views) > 0.8
    assert (
        any("was turned upright, and its camera with it (4 photos are so)" in n for n in views.notes) != upright_camera
    )


@pytest.mark.parametrize("orientation", [6, 8])
def test_depths_are_turned_with_the_photo(orientation: int) -> None:
    _, views = read(stored(orientation))
    assert views.depths is not None
    assert views.depths[0] == pytest.approx(UPRIGHT[orientation](rooms.shot(0)[1]), abs=5e-3)


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 7])
def test_a_camera_that_cannot_be_right_is_dropped_and_this_is_said(orientation: int) -> None:
    _, views = read(stored(orientation))
    assert views.poses is None
    assert views.intrinsics is None
    reason = "fit both ways" if orientation == 3 else "mirror picture"
    assert any(reason in text and "camera was left out" in text for text in views.warnings)


def test_a_square_photo_leaves_it_open_which_way_its_camera_stands() -> None:
    files = {"a.ply": ply(rooms.XYZ, rooms.RGB), "intrinsic/a.txt": rooms.rows([[90, 0, 60], [0, 90, 60], [0, 0, 1]])}
    exif = Image.Exif()
    exif[0x0112] = 6
    square = rooms.encoded(rooms.shot(0)[0][:, 20:140], "JPEG", exif=exif)
    _, views = read(files | {"color/0.jpg": square, "pose/0.txt": rooms.rows(rooms.POSES[0])})
    assert views.poses is None
    assert any("fit both ways or none" in text for text in views.warnings)


def test_a_pose_without_intrinsics_is_dropped_with_the_turn() -> None:
    files = {
        "a.ply": ply(rooms.XYZ, rooms.RGB),
        "color/0.jpg": rooms.jpeg(0, 6),
        "pose/0.txt": rooms.rows(rooms.POSES[0]),
    }
    _, views = read(files)
    assert views.poses is None
    assert any("nothing says whether its pose is of the turned photo" in text for text in views.warnings)


def test_intrinsics_of_another_shape_are_left_out_and_this_is_said() -> None:
    files = rooms.nerfstudio()
    for i in range(rooms.FRAMES):
        files[f"images/frame_{i:05d}.jpg"] = rooms.encoded(rooms.shot(i)[0][:, 40:], "JPEG")
    _, views = read(files)
    assert views.intrinsics is None
    assert any("another shape: they were left out" in text for text in views.warnings)


def test_intrinsics_are_scaled_with_a_photo_that_was_made_smaller() -> None:
    files = rooms.nerfstudio()
    for i in range(rooms.FRAMES):
        files[f"images/frame_{i:05d}.jpg"] = rooms.encoded(rooms.shot(i)[0][::2, ::2], "JPEG")
    del files["images_2/frame_00000.jpg"]
    _, views = read(files)
    assert views.intrinsics is not None
    assert views.intrinsics[0] == pytest.approx(np.diag([0.5, 0.5, 1]) @ rooms.K)
    assert any("they were scaled to its 80 × 60 (4 photos are so)" in note for note in views.notes)


def test_fisheye_lenses_are_no_pinhole_cameras() -> None:
    files = rooms.colmap_text()
    name = "sparse/0/cameras.txt"
    files[name] = files[name].replace(b"PINHOLE", b"OPENCV_FISHEYE").replace(b"\n1 ", b"\n1 ").rstrip() + b" 0 0 0 0\n"
    _, views = read(files)
    assert views.poses is None
    assert any("fisheye lens" in text for text in views.warnings)


@pytest.mark.parametrize(("left", "whole"), [(-1, 3), (-60, 3), (-110, 2), (130, 1)])
def test_a_colmap_model_that_was_cut_short_keeps_the_cameras_that_are_whole(left: int, whole: int) -> None:
    files, name = rooms.colmap_binary(), "sparse/0/images.bin"
    files[name] = files[name][:left]
    _, views = read(files)
    assert views.poses is not None
    kept = np.isfinite(views.poses).all((1, 2))
    assert kept.tolist() == [True] * whole + [False] * (4 - whole)
    assert views.poses[kept] == pytest.approx(np.array(rooms.POSES[:whole]), abs=1e-5)
    said = f"images.bin is cut short: it promises 4 photos and holds {whole} whole; the others have no camera"
    assert any(said in text for text in views.warnings)


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("images.bin", lambda data: data[:70], "images.bin is cut short: it promises 4 photos and holds 0. Copy it"),
        ("images.bin", lambda data: data[:5], "images.bin is damaged"),
        ("cameras.bin", lambda data: data[:-1], "cameras.bin is cut short: it promises 1 cameras and holds 0. Copy it"),
        ("cameras.bin", lambda data: data[:12] + b"\x63" + data[13:], "its model 99 of a lens is none that is known"),
    ],
)
def test_a_colmap_model_without_anything_whole_is_named_as_the_cause(name: str, data, cause: str) -> None:
    files = rooms.colmap_binary()
    files[f"sparse/0/{name}"] = data(files[f"sparse/0/{name}"])
    _, views = read(files)
    assert views.poses is None
    assert any(cause in note for note in views.notes), views.notes
