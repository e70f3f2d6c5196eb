"""Colour profiles of pictures (ICC) and gammas of PNGs: colours become sRGB, in which models read them.

Little CMS does the conversion, through Pillow. A profile that is sRGB itself, by what it does and not by its name,
changes no number.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from xviz.data.pixels import Told

LARGEST = 8 * 2**20  #: bytes of a profile
ALIKE = 2  #: of 255 by which numbers may differ that are called the same
SRGB = 0.45455  #: gamma that a PNG says where its numbers are sRGB
_NEAR = 0.05  #: share by which a gamma may miss it and mean the same
_ODD = 10  #: times as much or as little, from which it is no gamma of a picture
_SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  #: of a profile → mode of the pictures that it describes
_INTEROPERABILITY, _ADOBE = 0xA005, "R03"  #: EXIF: cameras that write Adobe RGB without a profile
_INTENT, _FLAGS = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION


def to_srgb(image: Image.Image, told: Told, profile: bytes | None = None) -> Image.Image:
    """The picture with its colours in sRGB, opacity as it was; the same picture where nothing is to be done.

    Args:
        image: As Pillow decoded it, 8 bits a channel.
        told: Takes what was done.
        profile: The picture's own, where ``image.info`` does not have it.
    """
    profile = profile or image.info.get("icc_profile")
    if not profile:
        if _adobe(image):
            told.warnings.append(
                "The camera says that its colours are Adobe RGB, without a profile: they were taken as sRGB, and are "
                "duller than they should be. Save the picture as sRGB."
            )
        return image
    try:
        return _converted(image, told, bytes(profile))
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError, TypeError):
        told.warnings.append("Its colour profile is damaged or of a kind that is not read: colours were taken as sRGB.")
        return image


def _converted(image: Image.Image, told: Told, profile: bytes) -> Image.Image:
    if len(profile) > LARGEST:
        raise ValueError("the profile is too large")
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = _SPACES[own.profile.xcolor_space.strip()]
    colours, opacity = _apart(image)
    if colours.mode != space:
        if space == "CMYK" or colours.mode == "CMYK":
            raise ValueError("the profile describes other pictures")
        if space == "L":  # a grey profile beside colours; they are the same greys, or it does not belong here
            grey = colours.convert("L")
            if np.ptp(np.asarray(colours), axis=2).max(initial=0):
                raise ValueError("the profile is of grey pictures")
            colours = grey
        else:
            colours = colours.convert("RGB")
    transform: Any = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), space, "RGB", _INTENT, _FLAGS)
    if space != "CMYK" and _same(transform, space):
        return image
    converted = ImageCms.applyTransform(colours, transform)
    assert converted is not None  # it is where the conversion is not in place
    told.notes.append(f"Colours converted to sRGB from the picture’s own profile, “{_name(own)}”.")
    if opacity is not None:
        converted.putalpha(opacity)
    return converted


def power_of(image: Image.Image) -> float | None:
    """The power that brings a PNG's numbers from the gamma that it says (gAMA) to sRGB's; None where they are sRGB."""
    gamma = image.info.get("gamma")
    if not isinstance(gamma, float) or gamma <= 0 or "srgb" in image.info or "icc_profile" in image.info:
        return None
    power = SRGB / gamma
    return None if abs(power - 1) <= _NEAR else power


def bent(picture: Image.Image, power: float, told: Told) -> Image.Image:
    """A picture of 8 bits a channel, its colours to a power, opacity as it was."""
    if not _bends(power, told):
        return picture
    colours, opacity = _apart(picture)
    table = [round(255 * (level / 255) ** power) for level in range(256)]
    out = colours.point(table * len(colours.getbands()))
    out.info.pop("transparency", None)
    if opacity is not None:
        out.putalpha(opacity)
    return out


def bent_deep(values: NDArray[np.uint16], power: float, told: Told, *, opacity: bool = False) -> NDArray[np.uint16]:
    """Numbers of 16 bits to a power, but those of the last channel where it is opacity."""
    if not _bends(power, told, fills=int(values.max(initial=0)) >= 1 << 14):
        return values
    table = np.round(65535 * (np.arange(65536) / 65535) ** power).astype(np.uint16)
    return np.dstack([table[values[..., :-1]], values[..., -1:]]) if opacity else table[values]


def _bends(power: float, told: Told, *, fills: bool = True) -> bool:
    """Whether numbers are to be brought to sRGB, which is said; not where no picture has such a gamma.

    Nor where they do not fill their 16 bits (``fills``), so that nobody knows which of them is white.
    """
    said = f"{SRGB / power:.2g}"
    if fills and 1 / _ODD <= power <= _ODD:
        told.notes.append(f"Numbers brought to sRGB from the gamma that the file says, {said}.")
        return True
    shade = "darker" if power < 1 else "lighter"
    told.warnings.append(
        f"The file says that its numbers have a gamma of {said}, not {SRGB:.2g} as sRGB: they were taken as "
        f"sRGB, and the picture is {shade} than it should be. Save it as sRGB."
    )
    return False


def _apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours or greys, and opacity where there is any."""
    opacity = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode in ("RGB", "L", "CMYK") and opacity is None:
        return image, None
    return image.convert("L" if image.mode in ("L", "LA", "1") else "RGB"), opacity


def _same(transform: Any, space: str) -> bool:
    """Whether a transform leaves the numbers as they are, on a grid of all colours."""
    steps = np.linspace(0, 255, 18).astype(np.uint8)
    if space == "L":
        grid = steps[None]
        expected = np.repeat(grid[..., None], 3, 2)
    else:
        grid = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
        expected = grid
    converted = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform))
    return bool(np.abs(converted.astype(int) - expected).max() <= ALIKE)


def _name(profile: ImageCms.ImageCmsProfile) -> str:
    text = " ".join(ImageCms.getProfileDescription(profile).split())
    return text[:60] or "unnamed"


def _adobe(image: Image.Image) -> bool:
    try:
        return bool(image.getexif().get_ifd(_INTEROPERABILITY).get(1) == _ADOBE)
    except Exception:  # EXIF of any camera; what cannot be read says nothing
        return False
