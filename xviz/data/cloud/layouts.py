"""Where programs and data sets that people export from write the cameras of photos; each layout is one function.

Sources: the format descriptions of COLMAP, nerfstudio (transforms.json), ARKitScenes (Baruch et al. 2021), Polycam,
Record3D, Stray Scanner, NICE-SLAM's Replica (Zhu et al. 2022), TUM RGB-D (Sturm et al. 2012) and 2D-3D-S (Armeni et al.
2017). What a pose file beside each photo says is read by ``frames``, COLMAP's models by ``models``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.cameras import (
    OPENGL,
    Camera,
    Cameras,
    from_axis,
    from_quaternion,
    number,
    pinhole_matrix,
    rigid,
    size_of,
    tell_bare,
)  # fmt: skip
from xviz.data.cloud.folder import Files
from xviz.data.cloud.frames import by_end, frames, measured
from xviz.data.cloud.models import colmap

#: what fails where files of cameras hold something else than they should
_WRONG = (SampleError, ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError)
_LONGEST = 1 << 26  #: bytes of a file of cameras
_NEARBY = 0.02  #: seconds between a photo and its line in a trajectory
_DISTORTED = 0.05  #: of the first coefficient, from which straight lines are visibly bent


def cameras_of(files: Files, photos: Sequence[str]) -> Cameras:
    """The cameras of photos, by the layout that knows most of them; intrinsics alone may be those of another.

    Args:
        files: all files of the room.
        photos: paths of the photos.
    """
    best, lenses = Cameras(), Cameras()
    for layout in (transforms, colmap, arkit, polycam, record3d, stray, stanford, frames, trajectory):
        try:
            cameras = layout(files, photos)
        except _WRONG as error:
            cause = str(error) if isinstance(error, SampleError) else f"{type(error).__name__}: {error!s:.100}"
            best.notes.append(f"Cameras were not read: {cause.removesuffix('.')}.")
            continue
        if any(camera.intrinsics is not None for camera in cameras.of.values()) and not lenses.of:
            lenses = cameras
        if _known(cameras) > _known(best):
            cameras.notes += best.notes
            cameras.warnings += best.warnings if not best.of else []
            best = cameras
        else:
            best.notes += [note for note in cameras.notes if note not in best.notes]
            best.warnings += cameras.warnings if not cameras.of else []
            best.used |= cameras.used
    if lenses.of and all(camera.intrinsics is None for camera in best.of.values()):
        for photo in best.of.keys() & lenses.of.keys():
            lens = lenses.of[photo]
            best.of[photo] = Camera(best.of[photo].pose, lens.intrinsics, lens.size)
    tell_bare(best, photos)
    return best


def _known(cameras: Cameras) -> int:
    """How much is known: a pose counts more than intrinsics."""
    return sum(2 * (camera.pose is not None) + (camera.intrinsics is not None) for camera in cameras.of.values())


def _json(files: Files, name: str) -> dict:
    """An object of JSON; empty where it is none."""
    try:
        value = json.loads(files.read(name)[:_LONGEST])
    except (SampleError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def number_of(photo: str) -> int | None:
    """The last number in a photo's name: 40 of frame-000040.color.jpg."""
    numbers = re.findall(r"\d{1,15}", PurePosixPath(photo).name.rsplit(".", 1)[0])
    return int(numbers[-1]) if numbers else None


def transforms(files: Files, photos: Sequence[str]) -> Cameras:
    """Nerfstudio's and instant-ngp's ``transforms.json``: frames with a path and a camera to world, y up and z back."""
    out = Cameras("transforms.json")
    for name in files.named(r"(^|/)(transforms|cameras)[^/]*\.json$"):
        record = _json(files, name)
        frames_ = record.get("frames")
        if not isinstance(frames_, list):
            continue
        out.used.add(name)
        ends = by_end(photos)
        for frame in frames_:
            photo = ends(str(frame.get("file_path", ""))) if isinstance(frame, dict) else None
            if photo is None:
                continue
            settings = {**record, **frame}
            pose = rigid(frame.get("transform_matrix", ()))
            size = size_of(settings.get("h"), settings.get("w")) or measured(files, photo)
            height, width = size or (0.0, 0.0)
            fx = settings.get("fl_x")
            if fx is None and width and isinstance(settings.get("camera_angle_x"), int | float):
                fx = width / 2 / np.tan(settings["camera_angle_x"] / 2)
            matrix = None
            if fx:
                middle = (settings.get("cx", width / 2), settings.get("cy", height / 2))
                matrix = pinhole_matrix(fx, settings.get("fl_y") or fx, *middle)
            out.of[photo] = Camera(None if pose is None else pose @ OPENGL, matrix, size)
        if any(abs(float(record.get(key) or 0)) > _DISTORTED for key in ("k1", "k2", "k3", "k4")):
            out.warnings.append(
                "The photos' lenses bend straight lines (k1 …), which is not undone: places are off at the edges."
            )
    return out


def _rows(data: bytes, columns: Sequence[int]) -> NDArray[np.float64]:
    """(lines, columns) the lines of a text that have so many numbers; others are left out."""
    rows = []
    for line in data[:_LONGEST].decode("latin-1").splitlines():
        cells = re.split(r"[\s,;]+", line.strip())
        if len(cells) in columns:
            try:
                rows.append([float(cell) for cell in cells])
            except ValueError:
                continue
    width = max(map(len, rows), default=max(columns))
    return np.array([row for row in rows if len(row) == width], np.float64).reshape(-1, width)


def arkit(files: Files, photos: Sequence[str]) -> Cameras:
    """ARKitScenes: ``.pincam`` beside each photo (width height fx fy cx cy) and a ``.traj`` of world to camera."""
    out = Cameras("ARKitScenes (.pincam, .traj)", up="z")
    pins, lines = files.named(r"\.pincam$"), files.named(r"\.traj$")
    if not pins and not lines:
        return out
    by_stem = {PurePosixPath(name).stem: name for name in pins}
    moments = np.concatenate([np.zeros((0, 7)), *(_rows(files.read(name), [7]) for name in lines)])
    out.used |= {*pins, *lines}
    far = 0
    for photo in photos:
        stem = PurePosixPath(photo).stem
        matrix, size, pose = None, None, None
        if name := by_stem.get(stem):
            values = _rows(files.read(name), [6])
            if len(values):
                width, height, *lens = values[0]
                matrix, size = pinhole_matrix(*lens), (float(height), float(width))
        stamp = re.search(r"(\d+\.\d+)$", stem)
        if stamp and len(moments):
            apart = np.abs(moments[:, 0] - float(stamp[1]))
            if apart.min() <= _NEARBY:
                row = moments[apart.argmin()]
                outward = from_axis(row[1:4], row[4:7])
                pose = None if outward is None else np.linalg.inv(outward)
            else:
                far += 1
        if matrix is not None or pose is not None:
            out.of[photo] = Camera(pose, matrix, size)
    if far:
        out.notes.append(f"{far} photos have no line of their moment in the trajectory (.traj): no pose.")
        out.told = True
    return out


def polycam(files: Files, photos: Sequence[str]) -> Cameras:
    """Polycam's keyframes: a JSON beside each photo with t_00 … t_23, camera to world, y up and z back."""
    out = Cameras("Polycam", up="y")
    names = files.named(r"cameras/[^/]+\.json$")
    for name in names:
        settings = _json(files, name)
        if "t_00" not in settings or "fx" not in settings:
            continue
        out.used.add(name)
        folder = PurePosixPath(name).parent.name.lower().replace("cameras", "images")
        stem = PurePosixPath(name).stem
        pose = rigid([number(settings.get(f"t_{row}{column}")) for row in range(3) for column in range(4)])
        matrix = pinhole_matrix(*(settings.get(key) for key in ("fx", "fy", "cx", "cy")))
        size = size_of(settings.get("height"), settings.get("width"))
        for photo in photos:
            path = PurePosixPath(photo)
            where = path.parent.name.lower()
            near = where == folder or (where in ("images", "rgb", "photos") and photo not in out.of)
            if path.stem == stem and near:
                out.of[photo] = Camera(None if pose is None else pose @ OPENGL, matrix, size)
    return out


def record3d(files: Files, photos: Sequence[str]) -> Cameras:
    """Record3D: ``metadata`` with K by columns and poses as quaternion and place, y up and z back; photos by number."""
    out = Cameras("Record3D", up="y")
    for name in files.named(r"(^|/)metadata(\.json)?$"):
        settings = _json(files, name)
        if not {"K", "poses"} <= settings.keys():
            continue
        out.used.add(name)
        k = np.asarray(settings["K"], np.float64).reshape(3, 3).T
        matrix = pinhole_matrix(k[0, 0], k[1, 1], k[0, 2], k[1, 2])
        size = size_of(settings.get("h"), settings.get("w"))
        for photo in photos:
            index = number_of(photo)
            if index is None or index >= len(settings["poses"]):
                continue
            values = settings["poses"][index]
            x, y, z, w, *position = map(number, values if isinstance(values, list) and len(values) == 7 else [None] * 7)
            pose = from_quaternion(w, x, y, z, position)
            out.of[photo] = Camera(None if pose is None else pose @ OPENGL, matrix, size)
    return out


def stray(files: Files, photos: Sequence[str]) -> Cameras:
    """Stray Scanner: ``odometry.csv`` (timestamp, frame, x y z, qx qy qz qw) and ``camera_matrix.csv``."""
    out = Cameras("Stray Scanner", up="y")
    lines, cameras = files.named(r"(^|/)odometry\.csv$"), files.named(r"(^|/)camera_matrix\.csv$")
    if not lines:
        return out
    rows = _rows(files.read(lines[0]), range(9, 20))
    k = _rows(files.read(cameras[0]), [3]) if cameras else np.zeros((0, 3))
    matrix = pinhole_matrix(k[0, 0], k[1, 1], k[0, 2], k[1, 2]) if len(k) >= 3 else None
    out.used |= {*lines, *cameras, *files.named(r"(^|/)imu\.csv$")}
    by_frame = {int(row[1]): row for row in rows if np.isfinite(row[1])}
    for photo in photos:
        row = by_frame.get(index) if (index := number_of(photo)) is not None else None
        if row is None:
            continue
        x, y, z, w = row[5:9]
        own = pinhole_matrix(*row[9:13]) if len(row) >= 13 else None
        out.of[photo] = Camera(from_quaternion(w, x, y, z, row[2:5]), own if own is not None else matrix)
    return out


def stanford(files: Files, photos: Sequence[str]) -> Cameras:
    """2D-3D-S, the photos of S3DIS: ``…_pose.json`` with camera_k_matrix and camera_rt_matrix, world to camera."""
    out = Cameras("2D-3D-S", up="z", depth_scale=512)
    names = {re.sub(r"_domain_pose$", "", PurePosixPath(name).stem): name for name in files.named(r"_pose\.json$")}
    for photo in photos if names else ():
        name = names.get(re.sub(r"_domain_rgb.*$", "", PurePosixPath(photo).name))
        settings = _json(files, name) if name else {}
        if "camera_rt_matrix" not in settings:
            continue
        out.used.add(str(name))
        outward = rigid(settings["camera_rt_matrix"])
        k = np.asarray(settings.get("camera_k_matrix", np.full((3, 3), np.nan)), np.float64).reshape(3, 3)
        matrix = pinhole_matrix(k[0, 0], k[1, 1], k[0, 2], k[1, 2])
        out.of[photo] = Camera(None if outward is None else np.linalg.inv(outward), matrix)
    return out


def trajectory(files: Files, photos: Sequence[str]) -> Cameras:
    """One file of all poses: NICE-SLAM's ``traj.txt`` (16 numbers a line), or TUM's (moment, place, quaternion)."""
    out = Cameras("a trajectory")
    names = files.named(r"(^|/)(traj|trajectory|poses?|groundtruth|camera_poses?|traj_w_c)[^/]*\.(txt|csv|log)$")
    if not names:
        return out
    settings = next((record for name in files.named(r"cam[^/]*\.json$") if (record := _json(files, name))), {})
    settings = settings.get("camera", settings) if isinstance(settings.get("camera", settings), dict) else settings
    matrix = size = None
    if {"fx", "fy", "cx", "cy"} <= settings.keys():
        matrix = pinhole_matrix(*(settings[key] for key in ("fx", "fy", "cx", "cy")))
        size = size_of(settings.get("h"), settings.get("w"))
        out.depth_scale = float(settings["scale"]) if isinstance(settings.get("scale"), int | float) else None
    for name in names:
        rows = _rows(files.read(name), [8, 12, 16, 17])
        out.used.add(name)
        if not len(rows):
            continue
        for photo in photos:
            pose = _line(rows, photo)
            out.of[photo] = Camera(pose, matrix, size)
        break
    return out


def _line(rows: NDArray[np.float64], photo: str) -> NDArray[np.float64] | None:
    """The pose of a photo among lines: by its moment where lines have one, else by its number."""
    if rows.shape[1] == 8:
        stamp = re.search(r"(\d+\.\d+)", PurePosixPath(photo).name)
        apart = np.abs(rows[:, 0] - float(stamp[1])) if stamp else np.full(len(rows), np.inf)
        if apart.min() > _NEARBY:
            return None
        _, *position, x, y, z, w = rows[apart.argmin()]
        return from_quaternion(w, x, y, z, position)
    index = number_of(photo)
    return (
        rigid(rows[index][-16:] if rows.shape[1] >= 16 else rows[index])
        if index is not None and index < len(rows)
        else None
    )
