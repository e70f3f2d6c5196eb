"""Pictures in other colours than sRGB are converted by their profile, and it is said."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.data.profiles import ADOBE, P3, SRGB, in_srgb, of_greys, of_inks, of_primaries
from tests.data.test_picture import corners, quarters, saved
from tests.data.test_picture_kinds import heif, png16, tiff
from xviz.data.picture import read_picture

SAID = "Colours converted to sRGB from the picture’s own profile, “made by a test”."
MUTED = (quarters() * 0.6 + 40).astype(np.uint8)


def converted(data: bytes) -> np.ndarray:
    read = read_picture(data)
    assert SAID in read.notes
    assert not read.warnings
    return corners(read.pixels)


@pytest.mark.parametrize("primaries", [P3, ADOBE], ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WebP", "HEIC", "AVIF"])
def test_colours_of_a_profile_are_those_of_srgb(kind: str, primaries: np.ndarray) -> None:
    profile = of_primaries(primaries)
    lossy = {"JPEG": {"quality": 100, "subsampling": 0}, "WebP": {"lossless": True}, "AVIF": {"quality": 100}}
    if kind == "HEIC":
        data = heif(MUTED, icc_profile=profile)
    else:
        data = saved(MUTED, kind, icc_profile=profile, **lossy.get(kind, {}))
    expected = in_srgb(corners(MUTED), primaries)
    assert np.abs(expected - corners(MUTED)).max() > 8
    np.testing.assert_allclose(converted(data), expected, atol=8 if kind in ("HEIC", "AVIF", "JPEG") else 2)


def test_srgb_by_any_name_changes_no_number() -> None:
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (own, of_primaries(SRGB, 2.2)):
        read = read_picture(saved(MUTED, icc_profile=profile))
        if profile is own:
            assert not read.notes
            assert np.array_equal(read.pixels, MUTED)
        else:
            np.testing.assert_allclose(corners(read.pixels), in_srgb(corners(MUTED), SRGB), atol=2)


def test_opacity_stays_beside_converted_colours() -> None:
    image = Image.fromarray(MUTED)
    image.putalpha(Image.fromarray(np.tile(np.repeat([255, 0], 40).astype(np.uint8), (60, 1))))
    seen = converted(saved(image, icc_profile=of_primaries(P3)))
    np.testing.assert_allclose(seen[[0, 2]], in_srgb(corners(MUTED)[[0, 2]], P3), atol=2)
    assert (seen[[1, 3]] == 255).all()


def test_greys_and_palettes_have_profiles_too() -> None:
    grey = Image.fromarray(MUTED).convert("L")
    levels = corners(np.asarray(grey.convert("RGB")))
    linear = (levels / 255) ** 1.8
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(converted(saved(grey, icc_profile=of_greys(1.8))), expected, atol=2)
    palette = Image.fromarray(MUTED).quantize(16)
    expected = in_srgb(corners(np.asarray(palette.convert("RGB"))), P3)
    np.testing.assert_allclose(converted(saved(palette, icc_profile=of_primaries(P3))), expected, atol=2)


def test_sixteen_bits_with_a_profile() -> None:
    deep = saved(Image.fromarray(MUTED), icc_profile=of_primaries(P3))
    chunk = deep[deep.index(b"iCCP") - 4 :]
    size = int.from_bytes(chunk[:4], "big") + 12
    plain = png16(MUTED.astype(np.uint16) * 257)
    expected = in_srgb(corners(MUTED), P3)
    np.testing.assert_allclose(converted(plain[:33] + chunk[:size] + plain[33:]), expected, atol=2)
    data = tiff(MUTED.astype(np.uint16) * 257, photometric="rgb", iccprofile=of_primaries(P3))
    np.testing.assert_allclose(converted(data), expected, atol=2)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_converted_by_their_profile(kind: str) -> None:
    inks = np.zeros((60, 80, 4), np.uint8)
    inks[:30, 40:, 3], inks[30:, :40, 2] = 255, 255
    options = {"quality": 100} if kind == "JPEG" else {}
    seen = converted(saved(Image.fromarray(inks, "CMYK"), kind, icc_profile=of_inks(), **options))
    assert (seen[0] > 250).all()
    assert (seen[1] < 5).all()
    assert seen[2][2] < 120 < seen[2][0], "yellow"


def test_a_damaged_profile_or_one_of_other_pictures_is_warned_of() -> None:
    for profile in (b"no profile at all", of_primaries(P3)[:200], of_inks(), of_greys(1.8)):
        read = read_picture(saved(MUTED, icc_profile=profile))
        assert "colour profile is damaged" in " ".join(read.warnings)
        assert np.array_equal(read.pixels, MUTED)


def test_a_camera_that_says_adobe_rgb_without_a_profile_is_warned_of() -> None:
    image = Image.fromarray(MUTED)
    exif = image.getexif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    image.save(file := io.BytesIO(), "JPEG", exif=exif)
    assert "Adobe RGB" in " ".join(read_picture(file.getvalue()).warnings)
