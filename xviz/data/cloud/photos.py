"""Photos of a room with what is known of their cameras, found among files by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from xviz.core.errors import SampleError
from xviz.core.sample import Views
from xviz.data.picture import LIMIT_PIXELS, read_picture
from xviz.geometry import pinhole

#: what names of photos look like
PHOTOS = re.compile(r"\.(jpe?g|png|webp)$")
_NO_PHOTO = re.compile(r"(^|/)(depth|label|instance|semantic|mask)[^/]*/|[._-](depth|label|mask)s?\.[a-z]+$")
_COLOUR = re.compile(r"(^|/)(colou?rs?|rgb|images?|photos?)/")
_LONGEST = 1 << 14  #: bytes of a file of a camera
_NEAR = 0.2  #: share by which twice the principal point may miss the size that intrinsics are for
_RIGID = 0.05  #: by which a rotation times its transpose may miss the identity


@dataclass(frozen=True, eq=False)
class Files:
    """Files by path, each read when asked for."""

    held: Mapping[str, Callable[[], bytes]]

    @property
    def names(self) -> tuple[str, ...]:
        """All paths."""
        return tuple(self.held)

    def read(self, name: str) -> bytes:
        """The bytes of one."""
        return self.held[name]()


def views_of(files: Files, most: int) -> Views:
    """The photos among files, evenly so many of them, with cameras and depths where there are files of the same name.

    Raises:
        SampleError: there is no photo, or one is damaged.
    """
    photos = [name for name in files.names if PHOTOS.search(name.lower()) and not _NO_PHOTO.search(name.lower())]
    coloured = [name for name in photos if _COLOUR.search(name.lower())]
    photos = sorted(coloured or photos, key=_natural)
    if not photos:
        raise SampleError("Photos are PNG, JPEG or WebP files; none came. Add some, such as every 20th of a recording.")
    notes = []
    if len(photos) > most:
        chosen = np.linspace(0, len(photos) - 1, most).round().astype(int)
        notes.append(f"{most} of {len(photos):,} photos were taken, evenly.")
        photos = [photos[i] for i in chosen]
    pictures = [read_picture(files.read(name), name=PurePosixPath(name).name) for name in photos]
    images = tuple(picture.pixels for picture in pictures)
    sizes = [picture.size or picture.pixels.shape[:2] for picture in pictures]
    notes += [f"{photo}: {note}" for photo, one in zip(photos, pictures, strict=True) for note in one.notes][:4]
    poses = _poses(files, photos, notes)
    intrinsics = _intrinsics(files, sizes, [image.shape[:2] for image in images], notes)
    if poses is not None and intrinsics is None:
        notes.append("No intrinsics came, so that pixels and points cannot be compared by geometry.")
    return Views(images, _named(photos), poses, intrinsics, _depths(files, photos, images, notes), tuple(notes))


def _natural(name: str) -> list[tuple[int, int | str]]:
    """A key that sorts 2.jpg before 10.jpg."""
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in re.split(r"(\d{1,18})", name) if part]


def _named(photos: list[str]) -> tuple[str, ...]:
    """File names, with folders where two are the same."""
    short = [PurePosixPath(name).name for name in photos]
    return tuple(short if len(set(short)) == len(short) else photos)


def stem_of(name: str) -> str:
    """What files of one frame share: 40 of color/40.jpg, frame-000040 of frame-000040.color.jpg."""
    return re.sub(r"[._-](colou?r|rgb|pose|depth)$", "", PurePosixPath(name).stem.lower())


def _matrix(data: bytes) -> NDArray[np.float64] | None:
    """The numbers of a file of a camera; None where it holds something else."""
    try:
        return np.array(re.split(r"[\s,;]+", data[:_LONGEST].decode("ascii").strip()), np.float64)
    except (UnicodeDecodeError, ValueError):
        return None


def _poses(files: Files, photos: list[str], notes: list[str]) -> NDArray[np.float64] | None:
    """(photos, 4, 4), NaN where unknown; None where no file of a pose came, or none can be used."""
    found = {stem_of(name): name for name in files.names if name.lower().endswith(".txt") and "intrinsic" not in name}
    poses, came, lost, odd = np.full((len(photos), 4, 4), np.nan), 0, 0, 0
    for at, photo in enumerate(photos):
        name = found.get(stem_of(photo))
        if name is None:
            continue
        came += 1
        values = _matrix(files.read(name))
        if values is None or values.size not in (12, 16):
            odd += 1
        elif not np.isfinite(values).all():
            lost += 1
        elif (pose := rigid(values)) is None:
            odd += 1
        else:
            poses[at] = pose
    if lost:
        notes.append(f"{lost} photos have no pose, as the tracking was lost (not finite); where they were is unknown.")
    if odd:
        notes.append(f"{odd} poses are no rotation and place of a camera and were left out; where it was is unknown.")
    if 0 < came < len(photos):
        notes.append(f"{len(photos) - came} photos came without a pose.")
    return poses if np.isfinite(poses).any() else None


def rigid(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(4, 4) of 12 or 16 numbers, if they are a rotation and a place; None where they are not."""
    pose = np.vstack([values.reshape(-1, 4)[:3], [0, 0, 0, 1]])
    turn = pose[:3, :3]
    with np.errstate(over="ignore", invalid="ignore"):
        off = np.abs(turn @ turn.T - np.eye(3)).max()
    straight = values.size == 12 or np.allclose(values[12:], [0, 0, 0, 1], atol=1e-3)
    return pose if straight and off <= _RIGID and np.linalg.det(turn) > 0 else None


def _intrinsics(
    files: Files, sizes: list[tuple[int, int]], shown: list[tuple[int, int]], notes: list[str]
) -> NDArray[np.float64] | None:
    """(photos, 3, 3) in pixels of each image as shown; None where no file of them came, or it cannot be used.

    Args:
        files: all files.
        sizes: height and width of each photo's file.
        shown: height and width of each image, after reduction.
        notes: what was assumed is added.
    """
    names = [name for name in files.names if "intrinsic" in name.lower() and name.lower().endswith(".txt")]
    names = sorted(
        (name for name in names if "depth" not in name.lower()), key=lambda name: "color" not in name.lower()
    )
    said = _settings(files)
    matrix = _camera(files.read(names[0])) if names else None
    if names and matrix is None:
        notes.append(f"{PurePosixPath(names[0]).name} holds no 3 × 3 or 4 × 4 intrinsics and was left out.")
    if matrix is None and {"fx_color", "fy_color", "mx_color", "my_color"} <= said.keys():
        fx, fy, cx, cy = (said[key] for key in ("fx_color", "fy_color", "mx_color", "my_color"))
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    if matrix is None or not pinhole.known(np.eye(4), matrix):
        return None
    told = (said["colorheight"], said["colorwidth"]) if {"colorheight", "colorwidth"} <= said.keys() else None
    out = []
    for size, now in zip(sizes, shown, strict=True):
        of = next((one for one in (size, told) if one is not None and _fits(matrix, one)), None)
        of = of or (2 * matrix[1, 2], 2 * matrix[0, 2])
        out.append(pinhole.scaled(matrix, of, now))
        if of != size and len(out) == 1:
            notes.append(
                f"The intrinsics are for {of[1]:.0f} × {of[0]:.0f} pixels; they were scaled to the photos' "
                f"{now[1]} × {now[0]}."
            )
    return np.stack(out)


def _fits(matrix: NDArray[np.float64], size: tuple[float, float]) -> bool:
    """True where the principal point lies in the middle of a photo of that height and width."""
    middle = np.array([2 * matrix[1, 2] / size[0], 2 * matrix[0, 2] / size[1]])
    return bool((np.abs(middle - 1) <= _NEAR).all())


def _camera(data: bytes) -> NDArray[np.float64] | None:
    """(3, 3) of a file with 3 × 3 or 4 × 4 numbers, or fx fy cx cy."""
    values = _matrix(data)
    if values is None or not np.isfinite(values).all():
        return None
    if values.size == 4:
        return np.array([[values[0], 0, values[2]], [0, values[1], values[3]], [0, 0, 1.0]])
    side = {9: 3, 16: 4}.get(values.size)
    return None if side is None or values.reshape(side, side)[2, 2] == 0 else values.reshape(side, side)[:3, :3]


def _settings(files: Files) -> dict[str, float]:
    """Numbers of ScanNet's scene0000_00.txt, key → value; empty where there is none."""
    name = next((name for name in files.names if re.search(r"scene\d{4}_\d\d\.txt$", name.lower())), None)
    if name is None:
        return {}
    pairs = re.findall(r"^\s*(\w+)\s*=\s*([-+\d.eE]+)\s*$", files.read(name)[:_LONGEST].decode("latin-1"), re.MULTILINE)
    said = {}
    for key, value in pairs:
        try:
            said[key.lower()] = float(value)
        except ValueError:
            continue
    return {key: value for key, value in said.items() if np.isfinite(value) and value > 0}


def _depths(
    files: Files, photos: list[str], images: tuple[NDArray[np.uint8], ...], notes: list[str]
) -> tuple[NDArray[np.float32], ...] | None:
    """Metres for each pixel of each image, 0 where unknown; None where no depths came."""
    found = {stem_of(name): name for name in files.names if re.search(r"depth[^/]*[/.].*\.?png$", name.lower())}
    if not any(stem_of(photo) in found for photo in photos):
        return None
    out, odd = [], 0
    for photo, image in zip(photos, images, strict=True):
        name, size = found.get(stem_of(photo)), image.shape[:2]
        depth = _depth(files.read(name), size) if name else None
        odd += name is not None and depth is None
        out.append(np.zeros(size, np.float32) if depth is None else depth)
    if odd:
        notes.append(f"{odd} depths are no PNG of 16 bits and were left out.")
    return tuple(out)


def _depth(data: bytes, size: tuple[int, int]) -> NDArray[np.float32] | None:
    """(height, width) metres of a 16-bit PNG in millimetres, at the image's size by nearest pixels."""
    try:
        image = PngImageFile(BytesIO(data))
        if not image.mode.startswith("I") or image.width * image.height > LIMIT_PIXELS:
            return None
        image.load()
        return np.asarray(image.resize(size[::-1], Image.Resampling.NEAREST), np.float32) / 1000
    except Exception:  # Pillow fails in many ways on damaged files; the depth is then unknown
        return None
