"""Uploaded pictures and region files as parts: ``read_picture``, ``read_regions``.

Both read untrusted bytes: what a file claims to be is checked against limits before anything is decoded, nothing is
unpickled, and a damaged file is refused rather than filled up. Colour profiles are ignored: numbers are taken as sRGB.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from xviz.core.errors import SampleError
from xviz.core.sample import Picture, Regions
from xviz.data.files import NUMBERS, File, read_bytes, read_npy

LIMIT_PIXELS = 50_000_000
LIMIT_BYTES = 64 * 2**20
SHORTEST = 32  #: pixels of a side
ORIENTATION = 0x0112  #: the EXIF tag

#: How files begin that people might try.
_KINDS = {
    b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"BM": "BMP", b"II*\0": "TIFF",
    b"MM\0*": "TIFF", b"%PDF": "PDF", b"PK\x03\x04": "zip or office", b"<svg": "SVG", b"<?xml": "SVG or XML",
    b"\0\0\1\0": "ICO", b"8BPS": "Photoshop",
}  # fmt: skip

#: Plugins are called directly: ``Image.open`` would warn or fail on large headers before the size can be said.
_READERS = {"PNG": PngImageFile, "JPEG": JpegImageFile, "WebP": WebPImageFile}

#: What Pillow is known to raise on damaged files.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, struct.error, zlib.error)


def read_picture(file: File, *, name: str = "", limit_pixels: int = LIMIT_PIXELS, long_side: int = 1024) -> Picture:
    """A PNG, JPEG or WebP file as RGB pixels, upright, on white where it is transparent.

    Args:
        file: its bytes, an open file, or where it lies.
        name: how messages call it; the name of the path where there is one.
        limit_pixels: the most pixels, judged by the header before anything is decoded.
        long_side: pixels to which a larger picture is reduced.

    Raises:
        SampleError: the file is no such picture, is damaged, or its size is out of limits.
    """
    name = name or (file.name if isinstance(file, Path) else "")
    try:
        return _picture(read_bytes(file, LIMIT_BYTES), limit_pixels, long_side)
    except SampleError as error:
        raise SampleError(f"{name}: {error}" if name else str(error)) from error


def _picture(data: bytes, limit_pixels: int, long_side: int) -> Picture:
    """As ``read_picture``, without the name."""
    kind = _kind(data)
    if kind not in _READERS:
        what = f"a {kind} file" if kind else "none of these, or damaged at its start"
        raise SampleError(f"A picture must be a PNG, JPEG or WebP file; this is {what}. Save it as PNG.")
    try:
        image = _READERS[kind](BytesIO(data))
        _check_size(*image.size, limit_pixels, long_side)
        frames = getattr(image, "n_frames", 1) if kind != "JPEG" else 1
        image.load()
        notes = [f"The first of {frames} frames."] if frames > 1 else []
        upright = _upright(image, notes)
        pixels = _reduced(_rgb(upright, notes), long_side, notes)
    except _DAMAGE as error:
        raise SampleError(
            f"This {kind} file is damaged or cut short ({error}). Save the picture again, or take another."
        ) from error
    return Picture(pixels, tuple(notes), (upright.height, upright.width))


def _kind(data: bytes) -> str:
    """What the file is by its first bytes; empty where unknown."""
    if data[:4] == b"RIFF":
        return "WebP" if data[8:12] == b"WEBP" else "RIFF"
    if data[4:8] == b"ftyp":
        return {b"avif": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC"}.get(data[8:12], "video")
    return next((kind for start, kind in _KINDS.items() if data.lstrip(b"\xef\xbb\xbf \n").startswith(start)), "")


def _check_size(width: int, height: int, limit_pixels: int, long_side: int) -> None:
    """Refuse what is too large to decode or too small to look at."""
    if width * height > limit_pixels:
        raise SampleError(
            f"A picture may have {limit_pixels / 1e6:g} million pixels; this one has {width} × {height} "
            f"= {width * height / 1e6:.1f} million. Save it smaller."
        )
    if min(width, height) < SHORTEST:
        raise SampleError(
            f"A picture needs at least {SHORTEST} pixels a side; this one has {width} × {height}. Take a larger one."
        )
    if min(width, height) * long_side < SHORTEST * max(width, height):
        raise SampleError(
            f"A picture may be at most {long_side // SHORTEST} times as long as wide; this one has "
            f"{width} × {height} pixels. Cut it."
        )


def _upright(image: ImageFile, notes: list[str]) -> Image.Image:
    """The picture turned as its EXIF orientation asks."""
    if image.getexif().get(ORIENTATION, 1) not in range(2, 9):
        return image
    notes.append("Turned upright, as the file asks.")
    return ImageOps.exif_transpose(image)


def _rgb(image: Image.Image, notes: list[str]) -> Image.Image:
    """The picture as 8-bit RGB."""
    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        notes.append("16-bit greys reduced to 8 bits.")
        return Image.fromarray(((deep + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "CMYK":
        notes.append("CMYK colours converted without a colour profile.")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    if clear.getextrema()[3][0] < 255:
        notes.append("Transparent parts stand on white.")
    return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")


def _reduced(image: Image.Image, long_side: int, notes: list[str]) -> NDArray[np.uint8]:
    """(height, width, 3), neither side longer than ``long_side``."""
    width, height = image.size
    if (longest := max(width, height)) > long_side:
        size = round(width * long_side / longest), round(height * long_side / longest)
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        notes.append(f"Reduced from {width} × {height} to {size[0]} × {size[1]} pixels.")
    return np.array(image, np.uint8)


# Regions found by somebody else ------------------------------------------------------------------------------------

_MOST_REGIONS, _MOST_FEATURES, _MOST_MEMBERS = 100, 8192, 16
_FEATURES, _BOXES = ("features", "x", "feat"), ("boxes", "bbox")


def read_regions(file: File) -> Regions:
    """Region features of an ``.npz`` file, as bottom-up attention gives them: (36, 2048) features, (36, 4) boxes.

    Arrays are called features, x or feat, and boxes or bbox. The layout of MCAN, x as (2048, n), is turned. Boxes are
    x0, y0, x1, y1 in pixels; SCAN's files have none. Where image_w and image_h are given, boxes must lie inside.

    Raises:
        SampleError: the file is damaged, too large, or does not hold such arrays.
    """
    arrays = _arrays(read_bytes(file, LIMIT_BYTES))
    name = next((name for name in _FEATURES if name in arrays), None)
    if name is None:
        raise SampleError(
            f"A region file needs an array called {', '.join(_FEATURES[:-1])} or {_FEATURES[-1]}; "
            f"this one has {', '.join(sorted(arrays)) or 'none'}. Rename it."
        )
    features = _finite(arrays[name], "features")
    boxes = next((_finite(arrays[name], "boxes") for name in _BOXES if name in arrays), None)
    if features.ndim == 3 and len(features) == 1:
        features = features[0]
    notes = ("Boxes are not in the file: regions have no place in the picture.",) if boxes is None else ()
    if features.ndim == 2 and name == "x" and _lies_on_side(features, boxes):
        features = features.T
    if features.ndim != 2 or not 1 <= len(features) <= _MOST_REGIONS or not 1 <= features.shape[1] <= _MOST_FEATURES:
        raise SampleError(
            f"Region features must be (regions, features), such as (36, 2048), with at most {_MOST_REGIONS} regions "
            f"and {_MOST_FEATURES} features; these are {features.shape}. Save one picture's array."
        )
    if boxes is not None:
        _check_boxes(boxes, len(features), arrays)
    return Regions(boxes, np.ascontiguousarray(features), notes)


def _arrays(data: bytes) -> dict[str, NDArray]:
    """All plain arrays of an ``.npz`` file, each only as large as the zip directory says it is."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as held:
            members = held.infolist()
            size = sum(member.file_size for member in members)
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                raise NotImplementedError("its compression is not that of numpy")
            if len(members) > _MOST_MEMBERS or size > LIMIT_BYTES:
                raise SampleError(
                    f"A region file may hold {_MOST_MEMBERS} arrays and {LIMIT_BYTES // 2**20} MB unpacked; this one "
                    f"holds {len(members)} and {size / 2**20:.0f} MB. Save one picture's regions."
                )
            arrays = {}
            for member in members:
                with held.open(member) as opened:
                    arrays[member.filename.removesuffix(".npy")] = read_npy(opened, member.filename, NUMBERS + "U")
            return arrays
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, *_DAMAGE) as error:
        raise SampleError(
            f"Regions come as an .npz file of numpy arrays; this one cannot be read ({error}). "
            f"Save it with numpy.savez(file, features=…, boxes=…)."
        ) from error


def _finite(values: NDArray, what: str) -> NDArray[np.float32]:
    """The values as float32, refused where any is no finite number."""
    if values.dtype.kind not in "fiu":
        raise SampleError(f"Region {what} must be numbers; these are {values.dtype}. Save them as float32.")
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if wrong := int((~np.isfinite(values)).sum()):
        raise SampleError(f"Region {what} must be finite; {wrong} of {values.size} are not. Extract them again.")
    return values


def _lies_on_side(features: NDArray, boxes: NDArray | None) -> bool:
    """True where (features, regions) was saved instead of (regions, features)."""
    rows, columns = features.shape
    return rows > columns if boxes is None else rows != len(boxes) == columns


def _check_boxes(boxes: NDArray[np.float32], count: int, arrays: dict[str, NDArray]) -> None:
    """Refuse boxes that are not x0, y0, x1, y1 in pixels, one for each region, inside the picture."""
    if boxes.shape != (count, 4):
        raise SampleError(
            f"{count} regions need boxes of shape ({count}, 4); these are {boxes.shape}. Save both alike."
        )
    if boxes.max() <= 1:
        raise SampleError("Boxes must be in pixels; these are shares, 0 to 1. Multiply by the picture's sides.")
    if (wrong := (boxes[:, 2:] <= boxes[:, :2]).any(axis=1) | (boxes < 0).any(axis=1)).any():
        first = int(wrong.argmax())
        raise SampleError(
            f"Boxes must be x0, y0, x1, y1 with x0 < x1, y0 < y1 and nothing negative; box {first + 1} is "
            f"{boxes[first].round(1).tolist()}. Convert x, y, width, height."
        )
    if {"image_w", "image_h"} <= arrays.keys():
        sides = np.array([_finite(arrays[side], side).max() for side in ("image_w", "image_h")])
        if (boxes[:, 2:] > sides + 1).any():
            raise SampleError(
                f"Boxes must lie inside the picture of {sides[0]:g} × {sides[1]:g} pixels that the file names; one "
                f"reaches {boxes[:, 2].max():g}, {boxes[:, 3].max():g}. Use the sides the boxes were found on."
            )
