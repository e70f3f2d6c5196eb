"""Pictures whose numbers Pillow would shorten to 8 bits on the way, or does not read: deep PNG and TIFF."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import TiffImagePlugin

from xviz.core.errors import SampleError

#: tags of TIFF
_BITS, _ORIENTATION, _MAKE, _PREVIEW, _SUB, _DNG, _HIGHEST, _PROFILE = 258, 274, 271, 254, 330, 50706, 281, 34675
_INKS, _PREMULTIPLIED, _OPACITY = 5, 1, 2  #: values of the tags of colours and of further channels
_UNREAD = {3: "numbers of a palette", 6: "YCbCr", 8: "CIELAB", 9: "CIELAB", 10: "CIELAB", 32844: "LogLuv"}


@dataclass(frozen=True, eq=False)
class Deep:
    """The numbers of a picture."""

    values: NDArray  #: (height, width) or (height, width, channels), as stored
    bits: int | None = None  #: that the file says are used
    orientation: int = 1  #: EXIF
    frames: int = 1
    profile: bytes | None = None  #: of its colours (ICC)
    inks: bool = False  #: whether they are cyan, magenta, yellow and black
    notes: tuple[str, ...] = ()  #: what was left out


def png_depth(data: bytes) -> tuple[int, int]:
    """Bits of a sample, and type of colour, as the header of a PNG says."""
    return (data[24], data[25]) if len(data) > 25 else (8, 2)


def significant(data: bytes) -> int | None:
    """Bits that a PNG says are used (its chunk sBIT); None where it does not."""
    offset = 8
    while offset + 8 <= len(data) and (name := data[offset + 4 : offset + 8]) not in (b"IDAT", b"PLTE"):
        size = int.from_bytes(data[offset : offset + 4], "big")
        if name == b"sBIT" and 1 <= size <= 4:
            return max(data[offset + 8 : offset + 8 + size], default=None)
        offset += 12 + size
    return None


def by_ffmpeg(data: bytes, form: str) -> NDArray:
    """The first picture of a file, its numbers as stored (height, width, channels).

    Raises:
        ValueError: it cannot be decoded.
    """
    import av

    av.logging.set_level(av.logging.PANIC)
    with av.open(io.BytesIO(data), format=form) as container:
        for frame in container.decode(video=0):
            if frame.format.name == "ya16be":  # grey and opacity, which PyAV does not give as an array
                rows = np.frombuffer(bytes(frame.planes[0]), ">u2").reshape(frame.height, -1)
                return rows[:, : 2 * frame.width].reshape(frame.height, frame.width, 2)
            return frame.to_ndarray()
    raise ValueError("there is no picture in it")


def raw_of_camera(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether a TIFF is a camera's RAW: it says so, or its first picture is a small preview of others."""
    tags = image.tag_v2
    return _DNG in tags or (_SUB in tags and _MAKE in tags and bool(tags.get(_PREVIEW, 0) & 1))


def plain(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether Pillow gives all bits of a TIFF."""
    bits = image.tag_v2.get(_BITS, (1,))
    return max(bits if isinstance(bits, tuple) else (bits,)) <= 8


def tiff(data: bytes, limit_pixels: int) -> Deep:
    """The first page of a TIFF with numbers of any depth.

    Raises:
        SampleError: it is too large, or a camera's RAW.
        Exception: of tifffile, where it is damaged.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page: Any = file.pages[0]
        height, width, depth = page.imagelength, page.imagewidth, page.samplesperpixel
        if width * height * max(1, depth) * max(1, page.imagedepth) > 4 * limit_pixels:
            raise SampleError(
                f"A picture may have {limit_pixels / 1e6:g} million pixels; this one has {width} × {height} with "
                f"{depth} channels. Save it smaller."
            )
        if _DNG in page.tags:
            raise SampleError("This is a camera's RAW. Develop it first: save it as JPEG or TIFF.")
        try:
            values = np.asarray(page.asarray())
        except (ValueError, ImportError) as error:
            if "imagecodecs" not in str(error):
                raise
            values = by_ffmpeg(data, "tiff_pipe")
        if values.ndim == 3 and page.axes.startswith("S"):
            values = values.transpose(1, 2, 0)
        if values.ndim > 3 or values.size == 0:
            raise ValueError(f"its first page has the axes {page.axes}")
        values, inks, notes = _colours(page, values)
        if int(page.photometric) == 0 and values.dtype.kind in "ub":
            values = (1 if values.dtype == np.bool_ else (1 << page.bitspersample) - 1) - values
        tags = page.tags
        orientation = int(tags[_ORIENTATION].value) if _ORIENTATION in tags else 1
        declared = tags[_HIGHEST].value if _HIGHEST in tags else None
        highest = max(declared) if isinstance(declared, tuple) else declared
        bits = int(highest).bit_length() if highest else page.bitspersample
        profile = tags[_PROFILE].value if _PROFILE in tags else None
        return Deep(
            values, bits if 8 < bits < 16 else None, orientation, len(file.pages),
            profile if isinstance(profile, bytes) else None, inks, notes,
        )  # fmt: skip


def _colours(page: Any, values: NDArray) -> tuple[NDArray, bool, tuple[str, ...]]:
    """The numbers as greys, RGB, inks, or with opacity that is not in the colours yet; whether they are inks; notes.

    Raises:
        SampleError: they are of a kind that is not read.
    """
    kind, extra, notes = int(page.photometric), tuple(int(v) for v in page.extrasamples), ()
    if kind in _UNREAD or values.dtype.kind == "c":
        kinds = "complex numbers" if values.dtype.kind == "c" else _UNREAD[kind]
        raise SampleError(f"Its colours are {kinds} of more than 8 bits, which are not read. Save it as RGB.")
    plain = 4 if kind == _INKS else 3 if kind == 2 else 1
    if kind == _INKS and page.samplesperpixel - len(extra) != 4:
        raise SampleError(f"It has {page.samplesperpixel - len(extra)} inks; four are read. Save it as RGB.")
    if plain == 1 and len(extra) in (2, 3) and values.ndim == 3:
        return values[..., :3], False, ("Its first three channels of grey are shown as red, green and blue.",)
    if values.ndim == 3 and (len(extra) == 1 or (plain > 1 and extra)) and values.shape[2] == plain + len(extra):
        if kind == _INKS or extra[0] not in (_PREMULTIPLIED, _OPACITY):
            notes = (f"{len(extra)} further channel{'s' * (len(extra) > 1)} that no colour is made of left out.",)
            values = values[..., :plain] if plain > 1 else values[..., 0]
        else:
            values = values[..., : plain + 1]
            if extra[0] == _PREMULTIPLIED:
                values = _divided(values)
    return values, kind == _INKS, notes


def _divided(values: NDArray) -> NDArray:
    """Colours that were multiplied by their opacity, as they were before."""
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    opacity = values[..., -1:].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        colours = np.nan_to_num(values[..., :-1] * full / opacity).clip(0, full)
    return np.concatenate([colours.astype(values.dtype), values[..., -1:]], 2)
