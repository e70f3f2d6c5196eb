"""Cameras of photos: what a layout says of them, turned with a photo that is shown upright and scaled with it.

A camera is a pose, (4, 4) camera to world with x right, y down and z ahead, and intrinsics, (3, 3) in pixels of a size.
What files have otherwise (world to camera, y up and z back, quaternions) is brought to this where it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.geometry import pinhole

NEAR = 0.2  #: share by which twice the principal point may miss the size that intrinsics are for
_SAME = 0.03  #: share by which two pictures of one shape may differ in it
_RIGID = 0.05  #: by which a rotation times its transpose may miss the identity
#: y up and z back, as OpenGL, ARKit and nerfstudio have cameras → y down and z ahead
OPENGL = np.diag([1.0, -1, -1, 1])
#: EXIF orientation → quarter turns clockwise that show the photo upright; others mirror it
TURNS = {1: 0, 6: 1, 3: 2, 8: 3}

Size = tuple[float, float]  #: height, width in pixels


@dataclass(frozen=True, eq=False)
class Camera:
    """What a layout says of the camera of one photo."""

    pose: NDArray[np.float64] | None = None
    intrinsics: NDArray[np.float64] | None = None
    size: Size | None = None  #: that the intrinsics are for, where the layout says it


@dataclass(eq=False)
class Cameras:
    """What the files of one layout say."""

    layout: str = ""  #: in words
    of: dict[str, Camera] = field(default_factory=dict)  #: path of a photo → its camera
    used: set[str] = field(default_factory=set)  #: files that were read
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    told: bool = False  #: whether the notes say already how many photos have no pose
    up: str | None = None  #: axis up of the world that the layout fixes
    depth_scale: float | None = None  #: numbers of depth maps that are a metre; None where the layout does not say


def tell_bare(cameras: Cameras, photos: Sequence[str]) -> None:
    """Say how many photos have no whole camera where others have one, unless the layout has said it."""
    whole = [cameras.of.get(photo, Camera()) for photo in photos]
    lens = any(camera.intrinsics is not None for camera in whole)
    bare = sum(camera.pose is None or (lens and camera.intrinsics is None) for camera in whole)
    if 0 < bare < len(photos) and not cameras.told:
        cameras.notes.append(f"{bare} of {len(photos)} photos have no pose or intrinsics that can be read.")


def rigid(values: ArrayLike) -> NDArray[np.float64] | None:
    """(4, 4) of 12 or 16 numbers, if they are a rotation and a place; None where they are not."""
    try:
        values = np.asarray(values, np.float64).reshape(-1)
    except (ValueError, TypeError):  # rows of several lengths, or words
        return None
    if values.size not in (12, 16) or not np.isfinite(values).all():
        return None
    pose = np.vstack([values.reshape(-1, 4)[:3], [0, 0, 0, 1]])
    turn = pose[:3, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(turn @ turn.T - np.eye(3)).max()
    straight = values.size == 12 or np.allclose(values[12:], [0, 0, 0, 1], atol=1e-3)
    return pose if straight and off <= _RIGID and np.linalg.det(turn) > 0 else None


def from_quaternion(w: float, x: float, y: float, z: float, position: ArrayLike) -> NDArray[np.float64] | None:
    """(4, 4) of a quaternion and a place; None where it is no rotation."""
    q = np.array([w, x, y, z], np.float64)
    size = float(np.linalg.norm(q))
    if not np.isfinite(q).all() or not 0.5 < size < 2:
        return None
    w, x, y, z = q / size
    turn = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, np.asarray(position, np.float64)
    return pose if np.isfinite(pose).all() else None


def from_axis(turn: ArrayLike, position: ArrayLike) -> NDArray[np.float64] | None:
    """(4, 4) of a rotation as an axis times its angle in radians, and a place."""
    turn = np.asarray(turn, np.float64)
    angle = float(np.linalg.norm(turn))
    axis = turn / angle if angle > 0 else np.zeros(3)
    half = np.sin(angle / 2)
    x, y, z = (float(half * v) for v in axis)
    return from_quaternion(float(np.cos(angle / 2)), x, y, z, position)


def number(value: object) -> float:
    """What a file of cameras has for a number; NaN where it is none."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def size_of(height: object, width: object) -> Size | None:
    """Height and width; None where they cannot be."""
    size = number(height), number(width)
    return size if np.isfinite(size).all() and min(size) > 0 else None


def pinhole_matrix(fx: object, fy: object, cx: object, cy: object) -> NDArray[np.float64] | None:
    """(3, 3) intrinsics of numbers; None where they cannot be."""
    fx, fy, cx, cy = map(number, (fx, fy, cx, cy))
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    return matrix if np.isfinite(matrix).all() and fx > 0 and fy > 0 else None


def fits(matrix: NDArray[np.float64], size: Size) -> bool:
    """True where the principal point lies in the middle of a photo of that height and width."""
    middle = np.array([2 * matrix[1, 2] / size[0], 2 * matrix[0, 2] / size[1]])
    return bool((np.abs(middle - 1) <= NEAR).all())


def same_shape(size: Size, other: Size, within: float = _SAME) -> bool:
    """True for two sizes of one shape, within a share."""
    return abs(size[0] * other[1] / (size[1] * other[0]) - 1) <= within


def shown(
    camera: Camera, stored: Size, shown_at: Size, orientation: int, warnings: list[str]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Pose and intrinsics of a photo as it is shown.

    Args:
        camera: as the files have it.
        stored: height and width of the photo's file before it is turned upright.
        shown_at: height and width of the picture that is shown.
        orientation: of EXIF, 1 to 8.
        warnings: why something was dropped, or what was changed, is added.

    Returns:
        (4, 4) and (3, 3), None where unknown.
    """
    upright = stored if orientation < 5 else (stored[1], stored[0])
    matrix = camera.intrinsics
    if orientation == 1:
        return camera.pose, _scaled(matrix, camera.size, stored, shown_at, warnings)
    turned = TURNS.get(orientation)
    if turned is None:
        warnings.append("is stored as a mirror picture, which no camera takes: its camera was left out")
        return None, None
    if matrix is None:
        if camera.pose is not None:
            warnings.append(
                "was turned upright, and without intrinsics nothing says whether its pose is of the turned photo: its "
                "camera was left out"
            )
        return None, None
    before, after = (_is_for(matrix, camera.size, size) for size in (stored, upright))
    if turned == 2 or before == after:
        warnings.append("was turned upright, and its intrinsics fit both ways or none: its camera was left out")
        return None, None
    if after:
        return camera.pose, _scaled(matrix, camera.size, upright, shown_at, warnings)
    matrix, pose = _scaled(matrix, camera.size, stored, stored, warnings), camera.pose
    if matrix is None:
        return None, None
    for _ in range(turned):  # a quarter turn clockwise: what was down is left, what was right is down
        matrix = np.array([[0, -1, stored[0]], [1, 0, 0], [0, 0, 1.0]]) @ matrix @ _QUARTER[:3, :3]
        pose = None if pose is None else pose @ _QUARTER
        stored = (stored[1], stored[0])
    warnings.append("was turned upright, and its camera with it")
    return pose, pinhole.scaled(matrix, stored, shown_at)


#: axes of the turned camera in those of the one before
_QUARTER = np.array([[0.0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def _is_for(matrix: NDArray[np.float64], size: Size | None, photo: Size) -> bool:
    """True where intrinsics are for a photo of that height and width, or one of the same shape."""
    if size is not None:
        return same_shape(size, photo)
    return fits(matrix, photo)


def _scaled(
    matrix: NDArray[np.float64] | None, size: Size | None, photo: Size, now: Size, warnings: list[str]
) -> NDArray[np.float64] | None:
    """Intrinsics in pixels of a photo at another size; None where they are for a photo of another shape."""
    if matrix is None or not pinhole.known(np.eye(4), matrix):
        return None
    meant = next((fitting for fitting in (size, photo) if fitting is not None and fits(matrix, fitting)), None)
    guessed = meant is None and size is None
    meant = meant or size or (2 * matrix[1, 2], 2 * matrix[0, 2])
    if min(meant) <= 0 or not same_shape(meant, photo, 2 * NEAR if guessed else _SAME):
        warnings.append(
            f"has {photo[1]:.0f} × {photo[0]:.0f} pixels, its intrinsics are for {meant[1]:.0f} × {meant[0]:.0f}, "
            "another shape: they were left out"
        )
        return None
    if not same_size(meant, photo):
        warnings.append(
            f"has intrinsics for {meant[1]:.0f} × {meant[0]:.0f} pixels; they were scaled to its "
            f"{now[1]:.0f} × {now[0]:.0f}"
        )
    return pinhole.scaled(matrix, meant, now)


def same_size(size: Size, other: Size) -> bool:
    """True for sizes of the same pixels, to a pixel."""
    return abs(size[0] - other[0]) <= 1 and abs(size[1] - other[1]) <= 1
