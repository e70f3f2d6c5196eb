"""Uploaded pictures as parts: ``read_picture``.

It reads untrusted bytes: what a file claims to be is checked against limits before anything is decoded, and a
damaged file is refused rather than filled up. By a profile or a gamma, colours become sRGB; others are taken as it.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from xviz.core.errors import SampleError
from xviz.core.sample import Picture
from xviz.data import kinds
from xviz.data.colour import bent, bent_deep, power_of, to_srgb
from xviz.data.deep import by_ffmpeg, plain, png_depth, raw_of_camera, significant, tiff
from xviz.data.files import File, read_bytes
from xviz.data.pixels import Told, cmyk_of, rgb, rgb_of

LIMIT_PIXELS = 50_000_000
REDUCED = 8  #: times as many pixels may a JPEG have that can be decoded at an eighth of its sides
LIMIT_BYTES = 64 * 2**20
SHORTEST = 32  #: pixels of a side
ORIENTATION = 0x0112  #: the EXIF tag


def _heif(file: BytesIO) -> ImageFile:
    from pillow_heif import HeifImageFile

    return HeifImageFile(file)


#: Plugins are called directly: ``Image.open`` would warn or fail on large headers before the size can be said.
_READERS: dict[str, Callable[[BytesIO], ImageFile]] = {
    "PNG": PngImageFile, "JPEG": JpegImageFile, "WebP": WebPImageFile, "AVIF": AvifImageFile, "HEIC": _heif,
    "TIFF": TiffImageFile, "GIF": GifImageFile, "BMP": BmpImageFile, "JPEG 2000": Jpeg2KImageFile, "PPM": PpmImageFile,
}  # fmt: skip


def read_picture(file: File, *, name: str = "", limit_pixels: int = LIMIT_PIXELS, long_side: int = 1024) -> Picture:
    """A picture file of the usual kinds as RGB pixels, upright, on white where it is transparent.

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
    kind = kinds.of(data)
    if kind not in _READERS:
        format_seen = f"a {kind} file" if kind else "none of these, or damaged at its start"
        advice = kinds.ADVICE.get(kind, "Save it as PNG")
        raise SampleError(f"A picture must be a {kinds.READ} file; this is {format_seen}. {advice}.")
    texts = Told()
    try:
        upright, size = _decoded(kind, data, limit_pixels, long_side, texts)
        pixels = _reduced(upright, size, long_side, texts.notes)
    except SampleError:
        raise
    except ModuleNotFoundError as error:
        raise SampleError(
            f"Reading a {kind} file needs the package {error.name}. Run: pip install {error.name}, or save it as PNG."
        ) from error
    except Exception as error:  # decoders of ten formats: Pillow, libheif, tifffile and FFmpeg raise what they like
        raise SampleError(
            f"This {kind} file is damaged or cut short ({error}). Save the picture again, or take another."
        ) from error
    return Picture(pixels, tuple(texts.notes), size[::-1], tuple(texts.warnings))


def _decoded(
    kind: str, data: bytes, limit_pixels: int, long_side: int, texts: Told
) -> tuple[Image.Image, tuple[int, int]]:
    """The picture upright in RGB, and width and height that it has in the file, upright."""
    depth, colour = png_depth(data) if kind == "PNG" else (8, 2)
    try:
        image = _READERS[kind](BytesIO(data))
    except SyntaxError:
        if kind != "TIFF":
            raise
        return _tiff(data, limit_pixels, long_side, texts)
    width, height = image.size
    whole_jpeg = kind == "JPEG" and "progressive" not in image.info
    _check_size(width, height, limit_pixels * (REDUCED if whole_jpeg else 1), long_side)
    if kind == "TIFF":
        if raw_of_camera(image):
            raise SampleError(f"This is a camera RAW file. {kinds.ADVICE['camera RAW']}.")
        if not plain(image):
            return _tiff(data, limit_pixels, long_side, texts)
    turned = _orientation(image)  # looks behind the pixels of a PNG, so that sizes have been checked before
    frames = getattr(image, "n_frames", 1) if kind != "JPEG" else 1
    if frames > 1:
        texts.notes.append(f"The first of {frames} {'pages' if kind == 'TIFF' else 'frames'}.")
    if whole_jpeg and width * height > limit_pixels:
        image.draft(image.mode, (long_side, long_side))
    power = power_of(image) if kind == "PNG" else None
    if depth == 16 and colour in (2, 4, 6):
        deep = _deep_png(data)
        if power is not None:
            deep = bent_deep(deep, power, texts, opacity=deep.shape[-1] in (2, 4))
        pixels = to_srgb(rgb_of(deep, texts, significant(data)), texts, image.info.get("icc_profile"))
        if turned != 1:
            pixels.getexif()[ORIENTATION] = turned
            pixels = _upright(pixels, turned, texts.notes)
        return pixels, pixels.size
    image.load()
    upright = _upright(image, turned, texts.notes)
    if upright.size in ((width, height), (height, width)):
        width, height = upright.size
    elif (upright.width > upright.height) != (width > height):
        width, height = height, width
    clear = image.info.get("transparency")
    if upright.mode.startswith("I;16") and isinstance(clear, int):  # Pillow leaves it at this
        grey = np.asarray(upright).astype(np.uint16)
        opacity = np.where(grey == clear, 0, 65535).astype(np.uint16)
        grey = grey if power is None else bent_deep(grey, power, texts)
        return rgb_of(np.dstack([grey, opacity]), texts, None), (width, height)
    if power is not None and upright.mode.startswith("I"):
        upright = Image.fromarray(bent_deep(np.asarray(upright).astype(np.uint16), power, texts))
    elif power is not None:
        upright = bent(upright, power, texts)
    if not upright.mode.startswith(("I", "F")) and upright.mode != "LAB":
        upright = to_srgb(upright, texts, image.info.get("icc_profile"))
    return rgb(upright, texts, significant(data) if kind == "PNG" else None), (width, height)


def _deep_png(data: bytes) -> NDArray:
    """(height, width, channels) numbers of 16 bits of a PNG, of which Pillow would keep 8."""
    values = by_ffmpeg(data, "png_pipe")
    return values.astype(values.dtype.newbyteorder("="))


def _tiff(data: bytes, limit_pixels: int, long_side: int, texts: Told) -> tuple[Image.Image, tuple[int, int]]:
    """A TIFF of deep numbers, upright."""
    deep = tiff(data, limit_pixels)
    _check_size(deep.values.shape[1], deep.values.shape[0], limit_pixels, long_side)
    if deep.frames > 1:
        texts.notes.append(f"The first of {deep.frames} pages.")
    texts.notes += deep.notes
    image = cmyk_of(deep.values, texts) if deep.inks else rgb_of(deep.values, texts, deep.bits)
    image = to_srgb(image, texts, deep.profile)
    image = rgb(image, texts) if deep.inks else image
    if deep.orientation in range(2, 9):
        image.getexif()[ORIENTATION] = deep.orientation
        image = _upright(image, deep.orientation, texts.notes)
    return image, image.size


def orientation(data: bytes) -> int:
    """The EXIF orientation of a picture file as it is stored, 1 to 8; 1 where it has none or cannot be read."""
    kind = kinds.of(data)
    if kind == "PNG" and b"eXIf" not in data:
        return 1
    try:
        return _orientation(_READERS[kind](BytesIO(data)))
    except Exception:  # the picture itself may be read all the same; without its EXIF it stands as it is stored
        return 1


def _orientation(image: ImageFile) -> int:
    """As the file says; HEIC files are turned by their decoder, which keeps what it did."""
    value = image.info.get("original_orientation") or image.getexif().get(ORIENTATION, 1)
    return value if value in range(1, 9) else 1


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


def _upright(image: Image.Image, turned: int, notes: list[str]) -> Image.Image:
    """The picture turned as its EXIF orientation asks; TIFF and HEIC have been turned by their decoders."""
    if turned == 1:
        return image
    notes.append("Turned upright, as the file asks.")
    return ImageOps.exif_transpose(image)


def _reduced(image: Image.Image, whole: tuple[int, int], long_side: int, notes: list[str]) -> NDArray[np.uint8]:
    """(height, width, 3), neither side longer than ``long_side``; ``whole`` is the size in the file."""
    width, height = whole
    if (longest := max(width, height)) > long_side:
        size = round(width * long_side / longest), round(height * long_side / longest)
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        notes.append(f"Reduced from {width} × {height} to {size[0]} × {size[1]} pixels.")
    return np.array(image, np.uint8)
