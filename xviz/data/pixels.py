"""Numbers of pixels as 8-bit RGB: what range they have is judged from the numbers, and said.

Cameras and microscopes store 9 to 14 bits in files of 16, some programs 8; a single hot pixel says nothing of the
range. Where that makes a picture other than its numbers at face value, it is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.core.errors import SampleError

_FEW = 1e-4  #: share of the values that may be outliers
_FAR = 4  #: times the greatest of all others, from which these are outliers


@dataclass(eq=False)
class Told:
    """What was done on the way to pixels."""

    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def to_bytes(values: NDArray, told: Told, bits: int | None = None) -> NDArray[np.uint8]:
    """Numbers of any type as 0–255.

    Args:
        values: (height, width) or (height, width, channels).
        told: Takes what was done.
        bits: That the file says are used; None judges by the numbers.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * 255
    kinds = "colours" if values.ndim == 3 else "greys"
    if values.dtype.kind == "f":
        return _floats(values.astype(np.float32), told, kinds)
    low, high, beyond = _ends(values)
    if low < 0:
        return _stretched(values, low, high, told)
    if high >= 1 << 16:
        return _stretched(values, 0, high, told)
    used = bits if bits is not None and 8 <= bits <= 16 and high < 1 << bits else max(8, int(high).bit_length())
    if used >= 15:
        told.notes.append(f"16-bit {kinds} reduced to 8 bits.")
        used = 16
    elif bits is not None and used == bits:
        told.notes.append(f"{used}-bit {kinds} reduced to 8 bits.")
    else:
        told.warnings.append(
            f"Numbers of 16 bits that reach no more than {int(high):,} of 65,535: they were taken as {used} bits "
            f"(0–{(1 << used) - 1:,}){_and(beyond)}. At face value the picture would be nearly black."
        )
    full = (1 << used) - 1
    return np.round(np.clip(values, 0, full).astype(np.float64) * (255 / full)).astype(np.uint8)


def _ends(values: NDArray) -> tuple[float, float, int]:
    """Least and greatest value without outliers, and how many of these lie above."""
    flat = values.ravel()
    few = max(1, int(_FEW * flat.size))
    low, greatest = float(flat.min()), float(flat.max())
    if flat.size < 100:
        return low, greatest, 0
    limit = float(np.partition(flat, flat.size - 1 - few)[flat.size - 1 - few])
    if 0 < limit * _FAR <= greatest:
        return low, limit, int((flat > limit).sum())
    return low, greatest, 0


def _and(beyond: int) -> str:
    return f"; {beyond:,} pixel{'s' * (beyond != 1)} far above it shown as white" if beyond else ""


def _floats(values: NDArray[np.float32], told: Told, kinds: str) -> NDArray[np.uint8]:
    finite = np.isfinite(values)
    if lost := int((~finite).sum()):
        told.warnings.append(f"{lost:,} values are no numbers; they are shown as black.")
        values = np.where(finite, values, 0)
    low, high, beyond = _ends(values)
    for full, words in ((1.0, "0 to 1"), (255.0, "0 to 255")):
        if low >= 0 and high <= full * 1.001:
            told.notes.append(f"Floating-point {kinds}, {words}, reduced to 8 bits{_and(beyond)}.")
            return np.round(np.clip(values, 0, full) * (255 / full)).astype(np.uint8)
    if low >= 0 and high < 1 << 16:
        return to_bytes(np.clip(values, 0, 65535).round().astype(np.uint16), told)
    return _stretched(values, low, high, told)


def _stretched(values: NDArray, low: float, high: float, told: Told) -> NDArray[np.uint8]:
    told.warnings.append(
        f"Numbers from {low:,.4g} to {high:,.4g} have no white of their own: the least was made black, the greatest "
        "white."
    )
    span = high - low or 1.0
    return np.round((np.clip(values.astype(np.float64), low, high) - low) * (255 / span)).astype(np.uint8)


def rgb_of(values: NDArray, told: Told, bits: int | None = None) -> Image.Image:
    """Numbers of grey, grey and opacity, RGB, or RGB and opacity, as 8-bit RGB on white.

    Raises:
        SampleError: another number of channels.
    """
    channels = values.shape[2] if values.ndim == 3 else 1
    if channels not in (1, 2, 3, 4):
        raise SampleError(f"A picture has 1 to 4 channels; this one has {channels}. Save three of them as RGB.")
    if channels == 1:
        return Image.fromarray(to_bytes(values.reshape(values.shape[:2]), told, bits)).convert("RGB")
    if channels == 3:
        return Image.fromarray(to_bytes(values, told, bits))
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    opaque = np.clip(values[..., -1].astype(np.float64) * (255 / full), 0, 255).round().astype(np.uint8)
    colours = to_bytes(np.squeeze(values[..., :-1], 2) if channels == 2 else values[..., :-1], told, bits)
    image = Image.fromarray(colours).convert("RGB")
    image.putalpha(Image.fromarray(opaque))
    return rgb(image, told)


def cmyk_of(values: NDArray, told: Told) -> Image.Image:
    """Inks of any depth, (height, width, 4), as a picture of 8 bits; all of their range is used."""
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    told.notes.append("Inks reduced to 8 bits.")
    return Image.fromarray((values.astype(np.float64) * (255 / full)).clip(0, 255).round().astype(np.uint8), "CMYK")


def rgb(image: Image.Image, told: Told, bits: int | None = None) -> Image.Image:
    """A picture as Pillow decoded it, as 8-bit RGB on white.

    Raises:
        SampleError: its colours are of a kind that is not read.
    """
    if image.mode.startswith(("I", "F")):
        return rgb_of(np.asarray(image), told, bits)
    if image.mode == "LAB":
        raise SampleError("Its colours are CIELAB, which is not read. Save it as RGB.")
    if image.mode == "CMYK":
        told.notes.append("CMYK colours converted without a colour profile.")
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    if clear.getextrema()[3][0] < 255:
        told.notes.append("Transparent parts stand on white.")
    flat = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    if clear.getextrema()[3][1] > 0 and all(low == 255 for low, _ in flat.getextrema()):
        told.warnings.append(
            "All that can be seen in it is white, and so is the ground on which transparent parts stand: nothing is to "
            "be seen. Save it on another ground."
        )
    return flat
