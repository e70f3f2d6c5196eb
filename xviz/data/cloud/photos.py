"""Photos of a room with what is known of their cameras and depths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.errors import SampleError
from xviz.core.sample import Picture
from xviz.data.cloud.cameras import TURNS, Camera, Cameras, same_shape, shown
from xviz.data.cloud.folder import Files
from xviz.data.cloud.frames import stem_of
from xviz.data.cloud.layouts import number_of
from xviz.data.cloud.roles import Series
from xviz.data.picture import LIMIT_PIXELS, orientation, read_picture

_SAID = 4  #: notes on single photos, at most


@dataclass(eq=False)
class Album:
    """The photos that are shown, with their cameras in the coordinates of the files."""

    names: list[str]  #: paths
    images: list[NDArray[np.uint8]]
    poses: NDArray[np.float64]  #: (photos, 4, 4) camera to world, NaN where unknown
    intrinsics: NDArray[np.float64]  #: (photos, 3, 3), NaN where unknown
    depths: list[NDArray[np.float64] | None]  #: numbers of the maps at the size of each image, before any unit
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def short(self) -> tuple[str, ...]:
        """File names, with folders where two are the same."""
        short = [PurePosixPath(name).name for name in self.names]
        return tuple(short if len(set(short)) == len(short) else self.names)


def album_of(files: Files, photos: Sequence[str], cameras: Cameras, series: Sequence[Series], most: int) -> Album:
    """The photos, evenly so many of them, each with its camera turned and scaled as the photo was.

    Args:
        files: all files; photos that cannot be read are added to those left out.
        photos: paths of the photos, in their order.
        cameras: what is known of them.
        series: all pictures, among them the depth maps.
        most: photos that are kept.

    Raises:
        SampleError: none of the photos can be read.
    """
    notes, first = [], None
    if len(photos) > most:
        chosen = np.linspace(0, len(photos) - 1, most).round().astype(int)
        notes.append(f"{most} of {len(photos):,} photos were taken, evenly.")
        photos = [photos[i] for i in chosen]
    pictures: dict[str, Picture] = {}
    for name in photos:
        try:
            pictures[name] = read_picture(files.read(name), name=PurePosixPath(name).name)
        except SampleError as error:
            first = first or error
            files.left_out[name] = str(error)
    if not pictures:
        raise first or SampleError("None of the photos can be read. Save them as JPEG.")
    notes += [f"{name}: {note}" for name, photo in pictures.items() for note in photo.notes][:_SAID]
    out = Album(list(pictures), [photo.pixels for photo in pictures.values()], *_unknown(len(pictures)), [], notes)
    out.warnings += [f"{name}: {text}" for name, photo in pictures.items() for text in photo.warnings][:_SAID]
    if missing := len(photos) - len(pictures):
        out.warnings.append(f"{missing} of {len(photos)} photos cannot be read and were left out.")
    out.notes += cameras.notes
    out.warnings += cameras.warnings
    maps = _maps(files, series)
    photos_of: dict[str, list[str]] = {}
    for index, (name, picture) in enumerate(pictures.items()):
        turned = orientation(files.read(name))
        height, width = picture.size or picture.pixels.shape[:2]
        stored = (height, width) if turned < 5 else (width, height)
        texts: list[str] = []
        pose, matrix = shown(cameras.of.get(name, Camera()), stored, picture.pixels.shape[:2], turned, texts)
        for text in texts:
            photos_of.setdefault(text, []).append(PurePosixPath(name).name)
        if pose is not None:
            out.poses[index] = pose
        if matrix is not None:
            out.intrinsics[index] = matrix
        out.depths.append(_depth(files, _map_of(name, maps), picture.pixels.shape[:2], turned))
    for text, which in photos_of.items():
        several = f" ({len(which)} photos are so)" if len(which) > 1 else ""
        (out.warnings if "left out" in text else out.notes).append(f"{which[0]} {text}{several}.")
    return out


def _unknown(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poses and intrinsics of which nothing is known."""
    return np.full((count, 4, 4), np.nan), np.full((count, 3, 3), np.nan)


def _maps(files: Files, series: Sequence[Series]) -> dict[tuple[str, object], str]:
    """Depth maps by stem and by number."""
    out: dict[tuple[str, object], str] = {}
    for group in series:
        if group.kind == "depth" and not group.key.lower().endswith(".exr"):
            for name in group.names:
                out.setdefault(("stem", _frame(name)), name)
                if (number := number_of(name)) is not None:
                    out.setdefault(("number", number), name)
    return out


def _frame(name: str) -> str:
    """What a photo and its depth map share in 2D-3D-S and elsewhere."""
    return stem_of(name).replace("domain_depth", "domain_rgb").replace("_rgb.png", "_rgb")


def _map_of(photo: str, maps: dict[tuple[str, object], str]) -> str | None:
    """The depth map of a photo: of its stem, else of its number."""
    return maps.get(("stem", _frame(photo))) or maps.get(("number", number_of(photo)))


def _depth(files: Files, name: str | None, size: tuple[int, int], orientation: int) -> NDArray[np.float64] | None:
    """(height, width) numbers of a depth map at the image's size by nearest pixels, turned as the photo was."""
    if name is None:
        return None
    try:
        with Image.open(BytesIO(files.read(name)), formats=("PNG", "PPM", "TIFF")) as image:
            if not image.mode.startswith(("I", "F")) or image.width * image.height > LIMIT_PIXELS:
                return None
            values = np.asarray(image, np.float64)
    except Exception:  # Pillow fails in many ways on damaged files; the depth is then unknown
        return None
    quarters = TURNS.get(orientation)
    if orientation != 1:
        stored = (size[1], size[0]) if orientation >= 5 else size
        if quarters in (None, 2) or (same_shape(stored, values.shape) and same_shape(size, values.shape)):
            return None
        values = np.rot90(values, -quarters) if same_shape(stored, values.shape) else values
    row = ((np.arange(size[0]) + 0.5) * values.shape[0] / size[0]).astype(np.int64)
    column = ((np.arange(size[1]) + 0.5) * values.shape[1] / size[1]).astype(np.int64)
    return np.nan_to_num(values[row[:, None], column], nan=0.0, posinf=0.0)
