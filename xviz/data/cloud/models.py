"""The cameras of COLMAP's models, as text and binary: world to camera, with the sizes that intrinsics are for.

Source: COLMAP documentation, output format and camera models.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.cameras import Camera, Cameras, from_quaternion, pinhole_matrix
from xviz.data.cloud.folder import Files

#: number of a model → its name and how many parameters it has
_MODELS = {
    0: ("SIMPLE_PINHOLE", 3), 1: ("PINHOLE", 4), 2: ("SIMPLE_RADIAL", 4), 3: ("RADIAL", 5), 4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8), 6: ("FULL_OPENCV", 12), 7: ("FOV", 5), 8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5), 10: ("THIN_PRISM_FISHEYE", 12),
}  # fmt: skip
_ONE_FOCAL = {"SIMPLE_PINHOLE", "SIMPLE_RADIAL", "RADIAL", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE"}
_DISTORTED = 0.05  #: of a coefficient, from which straight lines are visibly bent

Model = tuple[str, float, float, tuple[float, ...]]  #: name, width, height, parameters
Taken = tuple[tuple[float, ...], int, str]  #: quaternion w x y z and place, number of the camera, name of the photo
T = TypeVar("T")
#: how many records were promised where the file ends before them, the records, and numbers of lines that are none
Part = tuple[int | None, list[T], list[int]]
NAMED = 5  #: lines that are none, by number, at most


def colmap(files: Files, photos: Sequence[str]) -> Cameras:
    """The cameras of the first model of which both files came; photos by the ends of their paths."""
    out = Cameras("COLMAP")
    for form in ("txt", "bin"):
        cameras, images = (files.named(rf"(^|/){stem}\.{form}$") for stem in ("cameras", "images"))
        if not cameras or not images:
            continue
        folder = PurePosixPath(images[0]).parent
        name = next((name for name in cameras if PurePosixPath(name).parent == folder), cameras[0])
        out.used |= {name, images[0], *files.named(rf"(^|/)(rigs|frames|project|database)\.({form}|ini|db)$")}
        read = (_cameras_text, _images_text) if form == "txt" else (_cameras_binary, _images_binary)
        models = dict(_read(read[0], files, name, out))
        posed = _read(read[1], files, images[0], out)
        _match(out, models, posed, photos)
        return out
    return out


def _read(reader: Callable[[bytes], Part[T]], files: Files, name: str, out: Cameras) -> list[T]:
    """What a file of a model holds; where it ends too soon, what comes before, with a warning.

    Raises:
        SampleError: it is damaged, or holds nothing whole.
    """
    try:
        promised, records, bad = reader(files.read(name))
    except (struct.error, ValueError, IndexError, KeyError, OverflowError) as error:
        raise SampleError(f"{name} is damaged ({error!s:.60}). Copy it again.") from error
    what = "photos" if reader in (_images_text, _images_binary) else "cameras"
    if bad:
        numbers = ", ".join(map(str, bad[:NAMED])) + ", …" * (len(bad) > NAMED)
        told = f"{name} has lines that are not as COLMAP writes {what} ({len(bad):,}; number {numbers})"
        if not records:
            raise SampleError(f"{told}, and no other. Export the model again, or bring the photos without it.")
        out.warnings.append(f"{told}: they were left out, and what they are of has no camera.")
    if promised is not None:
        short = f"{name} is cut short: it promises {promised:,} {what} and holds {len(records):,}"
        if promised and not records:
            raise SampleError(f"{short}. Copy it again.")
        out.warnings.append(f"{short} whole; the others have no camera. Copy it again.")
    return records


def _match(out: Cameras, models: dict[int, Model], posed: list[Taken], photos: Sequence[str]) -> None:
    """Give each photo the camera that the model has for its name."""
    by_name = {}
    for values, camera, name in posed:
        by_name.setdefault(name.replace("\\", "/"), (values, camera))
        by_name.setdefault(PurePosixPath(name).name, (values, camera))
    bent = False
    for photo in photos:
        parts = PurePosixPath(photo).parts
        key = next((path for k in range(len(parts)) if (path := "/".join(parts[k:])) in by_name), None)
        if key is None:
            continue
        values, camera = by_name[key]
        w, x, y, z = values[:4]
        outward = from_quaternion(w, x, y, z, values[4:])
        pose = None if outward is None else np.linalg.inv(outward)
        if camera not in models:
            out.of[photo] = Camera(pose)
            continue
        model, width, height, numbers = models[camera]
        if "FISHEYE" in model or model == "FOV":
            note = f"Photos have a fisheye lens ({model}), which no pinhole camera is: their cameras were left out."
            out.warnings += [note] if note not in out.warnings else []
            continue
        one_focal = model in _ONE_FOCAL
        matrix = pinhole_matrix(numbers[0], numbers[0 if one_focal else 1], *numbers[1 if one_focal else 2 :][:2])
        bent |= any(abs(v) > _DISTORTED for v in numbers[3 if one_focal else 4 :])
        out.of[photo] = Camera(pose, matrix, (height, width))
    if bent:
        out.warnings.append("The photos' lenses bend straight lines, which is not undone: places are off at the edges.")


def _lines(data: bytes) -> list[tuple[int, str]]:
    """Number and text of lines that are no comments; empty ones stay, as an image without points has one."""
    lines = enumerate(data.decode("utf-8", "replace").splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if not line.startswith("#")]


def _numbers(cells: Sequence[str]) -> tuple[float, ...] | None:
    """Cells as finite numbers; None where one is none."""
    try:
        values = tuple(map(float, cells))
    except ValueError:
        return None
    return values if all(map(math.isfinite, values)) else None


def _cameras_text(data: bytes) -> Part[tuple[int, Model]]:
    """Number and model of each camera."""
    cameras: list[tuple[int, Model]] = []
    bad: list[int] = []
    parameters = dict(_MODELS.values())
    for number, line in _lines(data):
        if cells := line.split():
            values = _numbers(cells[2:])
            if (
                not cells[0].isdecimal()
                or not values
                or len(values) < 5
                or len(values) - 2 < parameters.get(cells[1], 3)
            ):
                bad.append(number)
            else:
                cameras.append((int(cells[0]), (cells[1], values[0], values[1], values[2:])))
    return None, cameras, bad


def _images_text(data: bytes) -> Part[Taken]:
    """Pose, camera and name of each image; the line after it has its points."""
    lines, index = _lines(data), 0
    taken: list[Taken] = []
    bad: list[int] = []
    while index < len(lines):
        number, line = lines[index]
        cells = line.split(maxsplit=9)
        pose = _numbers(cells[1:8])
        points = len(line.split()) % 3 == 0 and _numbers(line.split())  # of an image whose own line is missing
        index += 1 if not cells or points else 2
        if cells and (points or not pose or len(cells) < 10 or not cells[8].isdecimal()):
            bad.append(number)
        elif cells and pose:
            taken.append((pose, int(cells[8]), cells[9]))
    return None, taken, bad


def _cameras_binary(data: bytes) -> Part[tuple[int, Model]]:
    """Number and model of each camera."""
    count, offset = struct.unpack_from("<Q", data)[0], 8
    cameras: list[tuple[int, Model]] = []
    while len(cameras) < count:
        if offset + 24 > len(data):
            return count, cameras, []
        number, model, width, height = struct.unpack_from("<IiQQ", data, offset)
        if model not in _MODELS:
            raise ValueError(f"its model {model} of a lens is none that is known")
        name, parameters = _MODELS[model]
        if offset + 24 + 8 * parameters > len(data):
            return count, cameras, []
        cameras.append((number, (name, width, height, struct.unpack_from(f"<{parameters}d", data, offset + 24))))
        offset += 24 + 8 * parameters
    return None, cameras, []


def _images_binary(data: bytes) -> Part[Taken]:
    """Pose, camera and name of each image."""
    count, offset = struct.unpack_from("<Q", data)[0], 8
    taken: list[Taken] = []
    while len(taken) < count:
        end = data.find(b"\0", offset + 64)
        if end < 0 or end + 9 > len(data):
            return count, taken, []
        _, *values, camera = struct.unpack_from("<I7dI", data, offset)
        points = struct.unpack_from("<Q", data, end + 1)[0]
        if end + 9 + 24 * points > len(data):
            return count, taken, []
        taken.append((tuple(values), camera, data[offset + 64 : end].decode("utf-8")))
        offset = end + 9 + 24 * points
    return None, taken, []
