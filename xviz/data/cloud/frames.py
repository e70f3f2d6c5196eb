"""Cameras as files beside photos: a pose of the same name each, and intrinsics for all, as in ScanNet and 3RScan.

Both of ScanNet's exporters (color/40.jpg with pose/40.txt, frame-000040.color.jpg with frame-000040.pose.txt and
_info.txt), 3RScan and mmdetection3d's posed_images are read so, and what people lay out like them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.data.cloud.cameras import Camera, Cameras, Size, fits, pinhole_matrix, rigid
from xviz.data.cloud.folder import Files

_LONGEST = 1 << 14  #: bytes of a file of a camera
_POSES = re.compile(r"(^|/)(poses?|cameras?|extrinsics?|cam2world|c2w)[^/]*/|[._-]pose\.txt$")


def stem_of(name: str) -> str:
    """What files of one frame share: 40 of color/40.jpg, frame-000040 of frame-000040.color.jpg."""
    return re.sub(r"[._-](colou?r|rgb|pose|depth|rendered\.depth)$", "", PurePosixPath(name).stem.lower())


def numbers(data: bytes) -> NDArray[np.float64] | None:
    """The numbers of a file of a camera; None where it holds something else."""
    try:
        return np.array(re.split(r"[\s,;]+", data[:_LONGEST].decode("ascii").strip()), np.float64)
    except (UnicodeDecodeError, ValueError):
        return None


def by_end(photos: Sequence[str]) -> Callable[[str], str | None]:
    """What finds a photo by the end of a path, with or without its ending."""
    table: dict[str, str] = {}
    for photo in photos:
        parts = PurePosixPath(photo).parts
        for begin in range(len(parts)):
            path = "/".join(parts[begin:])
            table.setdefault(path, photo)
            table.setdefault(path.rsplit(".", 1)[0], photo)

    def find(path: str) -> str | None:
        parts = [part for part in path.replace("\\", "/").split("/") if part not in (".", "..", "")]
        return next((table["/".join(parts[k:])] for k in range(len(parts)) if "/".join(parts[k:]) in table), None)

    return find


def measured(files: Files, photo: str) -> Size | None:
    """Height and width of a photo as it is stored, by its head; None where it cannot be read."""
    try:
        with Image.open(BytesIO(files.read(photo))) as image:
            return float(image.height), float(image.width)
    except Exception:  # Pillow fails in many ways; what reads the photo says why
        return None


def frames(files: Files, photos: Sequence[str]) -> Cameras:
    """A pose of the same name as each photo, and one file of intrinsics for all."""
    out = Cameras("files of poses")
    poses = _poses(files, photos, out)
    matrix, size, own = _intrinsics(files, photos, out)
    for photo in photos:
        if photo in poses or matrix is not None or photo in own:
            out.of[photo] = Camera(poses.get(photo), own.get(photo, matrix), size)
    return out


def _poses(files: Files, photos: Sequence[str], out: Cameras) -> dict[str, NDArray[np.float64]]:
    """Photo → its pose, where a file of one came and can be used."""
    named: dict[str, list[str]] = {}
    for name in files.named(r"\.(txt|csv)$"):
        if "intrinsic" not in name.lower():
            named.setdefault(stem_of(name), []).append(name)
    poses, came, lost, odd = {}, 0, 0, 0
    for photo in photos:
        able = [name for name in named.get(stem_of(photo), ()) if files.sizes.get(name, 0) <= _LONGEST]
        able.sort(key=lambda name: not _POSES.search(name.lower()))
        read = [(name, values) for name in able if (values := numbers(files.peek(name))) is not None]
        sized = [(name, values) for name, values in read if values.size in (12, 16)]
        if not able:
            continue
        came += 1
        name, values = (sized or read or [(able[0], np.zeros(0))])[0]
        out.used.add(name)
        if values.size not in (12, 16):
            odd += 1
        elif not np.isfinite(values).all():
            lost += 1
        elif (pose := rigid(values)) is None:
            odd += 1
        else:
            poses[photo] = pose
    if lost:
        out.notes.append(
            f"{lost} photos have no pose, as the tracking was lost (not finite); where they were is unknown."
        )
    if odd:
        out.notes.append(
            f"{odd} poses are no rotation and place of a camera and were left out; where it was is unknown."
        )
    if 0 < came < len(photos):
        out.notes.append(f"{len(photos) - came} photos came without a pose.")
    out.told = bool(lost or odd or 0 < came < len(photos))
    return poses


def _intrinsics(
    files: Files, photos: Sequence[str], out: Cameras
) -> tuple[NDArray[np.float64] | None, Size | None, dict[str, NDArray[np.float64]]]:
    """Intrinsics for all photos, the size that they are for, and those of single photos."""
    names = [name for name in files.named(r"intrinsic[^/]*(/[^/]+)?\.(txt|csv)$") if "depth" not in name.lower()]
    names.sort(key=lambda name: ("color" not in name.lower(), len(name)))
    settings = _settings(files, out)
    by_stem = {stem_of(name): name for name in names}
    own = {}
    for photo in photos:
        name = by_stem.get(stem_of(photo))
        if name and (matrix := _camera(files.peek(name))) is not None:
            own[photo] = matrix
            out.used.add(name)
    matrix = None
    shared = [name for name in names if name not in own.values() and stem_of(name) not in map(stem_of, photos)]
    for name in shared:
        matrix = _camera(files.peek(name))
        out.used.add(name)
        if matrix is not None:
            break
        out.notes.append(f"{PurePosixPath(name).name} holds no 3 × 3 or 4 × 4 intrinsics and was left out.")
    if matrix is None:
        keys = ("fx_color", "fy_color", "mx_color", "my_color")
        if set(keys) <= settings.keys():
            matrix = pinhole_matrix(*(settings[key] for key in keys))
    size = (
        (settings["colorheight"], settings["colorwidth"]) if {"colorheight", "colorwidth"} <= settings.keys() else None
    )
    size = size if size is not None and matrix is not None and fits(matrix, size) else None
    return matrix, size, own


def _camera(data: bytes) -> NDArray[np.float64] | None:
    """(3, 3) of a file with 3 × 3 or 4 × 4 numbers, or fx fy cx cy."""
    values = numbers(data)
    if values is None or not np.isfinite(values).all():
        return None
    if values.size == 4:
        return pinhole_matrix(*values)
    side = {9: 3, 16: 4}.get(values.size)
    if side is None or values.reshape(side, side)[2, 2] == 0:
        return None
    matrix = values.reshape(side, side)[:3, :3]
    return matrix if matrix[0, 0] > 0 and matrix[1, 1] > 0 else None


def _settings(files: Files, out: Cameras) -> dict[str, float]:
    """Numbers of ScanNet's scene0000_00.txt and of _info.txt, by the keys of the former; empty where neither came."""
    settings: dict[str, float] = {}
    for name in files.named(r"(scene\d{4}_\d\d|(^|/)_?info)\.txt$"):
        text = files.read(name)[:_LONGEST].decode("latin-1")
        pairs = re.findall(r"^\s*(\w+)\s*=\s*([-+\d.eE \t]+)\r?$", text, re.MULTILINE)
        if not pairs:
            continue
        out.used.add(name)
        for key, value in pairs:
            try:
                values = [float(v) for v in value.split()]
            except ValueError:
                continue
            key = {"m_colorwidth": "colorwidth", "m_colorheight": "colorheight"}.get(key.lower(), key.lower())
            if key == "m_calibrationcolorintrinsic" and len(values) == 16:
                fixed = dict(
                    zip(("fx_color", "mx_color", "fy_color", "my_color"), np.take(values, [0, 2, 5, 6]), strict=True)
                )
                settings |= {name: float(v) for name, v in fixed.items()}
            elif len(values) == 1:
                settings[key] = values[0]
    return {key: value for key, value in settings.items() if np.isfinite(value) and value > 0}
