"""Pictures of every kind that phones, cameras, scanners and microscopes save, and what is refused by name."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import Image

from tests.data.test_picture import BLUE, GREEN, RED, TURNED, WHITE, corners, quarters, saved
from xviz.core.errors import SampleError
from xviz.data.picture import orientation, read_picture


def heif(pixels: np.ndarray, **options: object) -> bytes:
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(file := io.BytesIO(), quality=-1, **options)
    return file.getvalue()


def tiff(values: np.ndarray, **options: object) -> bytes:
    tifffile.imwrite(file := io.BytesIO(), values, **options)
    return file.getvalue()


def png16(values: np.ndarray, sbit: int | None = None) -> bytes:
    """A PNG of 16 bits, grey or colour, with or without opacity."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    used = [] if sbit is None else [(b"sBIT", bytes([sbit] * channels))]
    chunks = [(b"IHDR", head), *used, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def ramp(most: int, height: int = 40, width: int = 64) -> np.ndarray:
    return np.tile(np.linspace(0, most, width).astype(np.uint16), (height, 1))


# Formats


@pytest.mark.parametrize(
    ("data", "close"),
    [
        (heif(quarters()), 2), (saved(quarters(), "AVIF", quality=100, subsampling="4:4:4"), 4),
        (saved(quarters(), "TIFF"), 0), (saved(quarters(), "TIFF", compression="tiff_lzw"), 0),
        (saved(quarters(), "BMP"), 0), (saved(quarters(), "GIF"), 0), (saved(quarters(), "JPEG2000"), 0),
        (saved(quarters(), "PPM"), 0),
        (tiff(quarters().transpose(2, 0, 1), planarconfig="separate", photometric="rgb"), 0),
        (saved(quarters(), "MPO", quality=98), 6),
    ],
    ids=["HEIC", "AVIF", "TIFF", "LZW", "BMP", "GIF", "JPEG 2000", "PPM", "planes", "MPO"],
)  # fmt: skip
def test_other_formats_are_the_same_picture(data: bytes, close: int) -> None:
    read = read_picture(data)
    assert read.pixels.shape == (60, 80, 3)
    np.testing.assert_allclose(corners(read.pixels), [RED, GREEN, BLUE, WHITE], atol=close)
    assert (read.notes, read.warnings) == ((), ())


def turned_file(kind: str, value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    if kind == "HEIC":
        return heif(quarters(), exif=exif.tobytes())
    if kind == "deep TIFF":
        return tiff(quarters().astype(np.uint16) * 257, photometric="rgb", extratags=[(274, 3, 1, value, True)])
    return saved(quarters(), kind, exif=exif, **({"quality": 100, "subsampling": "4:4:4"} if kind == "AVIF" else {}))


@pytest.mark.parametrize("kind", ["HEIC", "AVIF", "TIFF", "deep TIFF"])
@pytest.mark.parametrize("value", TURNED)
def test_every_format_is_turned_upright(kind: str, value: int) -> None:
    data = turned_file(kind, value)
    read, told = read_picture(data), TURNED[value](quarters())
    assert read.pixels.shape == told.shape
    np.testing.assert_allclose(corners(read.pixels), corners(told), atol=4)
    assert ("Turned upright, as the file asks." in read.notes) == (value > 1)
    assert read.size == told.shape[:2]
    if kind != "deep TIFF":
        assert orientation(data) == value


# Numbers


@pytest.mark.parametrize("bits", range(9, 15))
def test_greys_of_9_to_14_bits_in_16_keep_their_own_range(bits: int) -> None:
    full = (1 << bits) - 1
    told = ramp(full)
    for data in (png16(told), tiff(told), saved(Image.fromarray(told), "TIFF", compression="tiff_lzw")):
        read = read_picture(data)
        np.testing.assert_allclose(read.pixels[..., 1], told * (255 / full), atol=0.51)
        assert f"they were taken as {bits} bits (0–{full:,})" in read.warnings[0]
        assert "nearly black" in read.warnings[0]


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_colours_of_few_bits_in_16_keep_their_own_range(bits: int) -> None:
    full = (1 << bits) - 1
    told = (quarters().astype(np.uint16) > 0) * np.uint16(full)
    for data in (png16(told), tiff(told, photometric="rgb")):
        read = read_picture(data)
        np.testing.assert_array_equal(corners(read.pixels), [RED, GREEN, BLUE, WHITE])
        assert f"taken as {bits} bits" in read.warnings[0]


def test_a_file_that_says_how_many_bits_are_used_is_believed() -> None:
    read = read_picture(png16(ramp(1000), sbit=12))
    assert read.pixels.max() == round(1000 * 255 / 4095)
    assert (read.notes, read.warnings) == (("12-bit greys reduced to 8 bits.",), ())
    read = read_picture(tiff(ramp(1000), extratags=[(281, 3, 1, 4095, True)]))
    assert read.pixels.max() == round(1000 * 255 / 4095)


@pytest.mark.parametrize("hot", [65535, 40000])
def test_one_outlier_says_nothing_of_the_range(hot: int) -> None:
    told = ramp(4095)
    told[7, 9] = hot
    read = read_picture(png16(told))
    np.testing.assert_allclose(np.delete(read.pixels[..., 0], 7, 0), np.delete(told, 7, 0) * (255 / 4095), atol=0.51)
    assert "taken as 12 bits (0–4,095); 1 pixel far above it shown as white" in read.warnings[0]


def test_eight_bits_in_sixteen() -> None:
    told = ramp(255)
    read = read_picture(png16(told))
    np.testing.assert_array_equal(read.pixels[..., 0], told)
    assert "taken as 8 bits (0–255)" in read.warnings[0]
    whole = read_picture(png16(told * 257))
    np.testing.assert_array_equal(whole.pixels[..., 0], told)
    assert not whole.warnings


def test_sixteen_bits_of_colour_and_opacity() -> None:
    told = np.dstack([quarters().astype(np.uint16) * 257, np.full((60, 80), 65535, np.uint16)])
    told[:30, :40, 3] = 0
    read = read_picture(png16(told))
    np.testing.assert_array_equal(corners(read.pixels), [WHITE, GREEN, BLUE, WHITE])
    assert read.notes == ("16-bit colours reduced to 8 bits.", "Transparent parts stand on white.")
    grey = np.dstack([ramp(65535), np.full((40, 64), 65535, np.uint16)])
    np.testing.assert_allclose(read_picture(png16(grey)).pixels[..., 2], ramp(65535) / 257, atol=0.51)


@pytest.mark.parametrize(
    ("values", "white", "said"),
    [
        (np.tile(np.linspace(0, 1, 64, dtype=np.float32), (40, 1)), 255, "Floating-point greys, 0 to 1"),
        (np.tile(np.linspace(0, 255, 64, dtype=np.float32), (40, 1)), 255, "Floating-point greys, 0 to 255"),
        (np.tile(np.linspace(0, 4095, 64, dtype=np.float32), (40, 1)), 255, "taken as 12 bits"),
        (np.tile(np.linspace(-3, 9, 64, dtype=np.float32), (40, 1)), 255, "Numbers from -3 to 9 have no white"),
        (np.tile(np.linspace(0, 1e6, 64), (40, 1)).astype(np.int32), 255, "Numbers from 0 to 1e+06"),
        (np.tile(np.linspace(-500, 500, 64), (40, 1)).astype(np.int16), 255, "Numbers from -500 to 500"),
        (np.tile(np.linspace(0, 1, 64, dtype=np.float64), (40, 1)), 255, "0 to 1"),
        (np.dstack([np.tile(np.linspace(0, 1, 64, dtype=np.float32), (40, 1))] * 3), 255, "Floating-point colours"),
    ],
    ids=["unit", "bytes", "12 bits", "signed", "int32", "int16", "float64", "colours"],
)
def test_tiff_of_other_numbers(values: np.ndarray, white: int, said: str) -> None:
    read = read_picture(tiff(values, **({"photometric": "rgb"} if values.ndim == 3 else {})))
    assert read.pixels[..., 0].min() == 0
    assert read.pixels[..., 0].max() == white
    assert (np.diff(read.pixels[0, :, 0].astype(int)) >= 0).all()
    assert any(said in text for text in (*read.notes, *read.warnings)), (read.notes, read.warnings)


def test_values_that_are_no_numbers_are_told() -> None:
    values = np.full((40, 64), 0.5, np.float32)
    values[3:5, 3:6] = np.nan
    values[8, 8] = np.inf
    read = read_picture(tiff(values))
    assert "7 values are no numbers; they are shown as black" in read.warnings[0]
    assert read.pixels[20, 20, 0] == 128


def test_white_is_zero_in_some_scans() -> None:
    assert read_picture(tiff(ramp(65535), photometric="miniswhite")).pixels[0, 0, 0] == 255


def test_one_bit_palettes_cmyk_and_opacity_in_tiff() -> None:
    bits = saved(Image.fromarray(quarters()[..., 0] > 0), "TIFF", compression="group4")
    np.testing.assert_array_equal(read_picture(bits).pixels[..., 0], 255 * (quarters()[..., 0] > 0))
    palette = saved(Image.fromarray(quarters()).quantize(4, dither=Image.Dither.NONE), "TIFF")
    np.testing.assert_array_equal(read_picture(palette).pixels, quarters())
    cmyk = read_picture(saved(Image.fromarray(quarters()).convert("CMYK"), "TIFF"))
    np.testing.assert_allclose(corners(cmyk.pixels), [RED, GREEN, BLUE, WHITE], atol=2)
    clear = np.dstack([quarters(), np.full((60, 80), 255, np.uint8)])
    clear[:30, :40, 3] = 0
    np.testing.assert_array_equal(corners(read_picture(saved(clear, "TIFF")).pixels), [WHITE, GREEN, BLUE, WHITE])


# Several pictures in one


def test_of_several_pages_frames_and_pictures_the_first() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, GREEN, BLUE)]
    more = {"save_all": True, "append_images": frames[1:]}
    for kind, what in (("TIFF", "pages"), ("GIF", "frames"), ("AVIF", "frames")):
        read = read_picture(saved(frames[0], kind, **more))
        np.testing.assert_allclose(corners(read.pixels), [RED] * 4, atol=4)
        assert read.notes == (f"The first of 3 {what}.",)
    deep = read_picture(tiff(np.stack([ramp(65535), ramp(0)]), photometric="minisblack"))
    assert deep.pixels.max() == 255
    assert "The first of 2 pages." in deep.notes


# Sizes


def test_a_photo_of_61_million_pixels_is_read_at_an_eighth() -> None:
    data = saved(Image.fromarray(quarters(120, 90)).resize((9_000, 6_750)), "JPEG", quality=60)
    read = read_picture(data)
    assert read.pixels.shape == (768, 1024, 3)
    assert read.size == (6_750, 9_000)
    np.testing.assert_allclose(corners(read.pixels), [RED, GREEN, BLUE, WHITE], atol=10)
    assert read.notes == ("Reduced from 9000 × 6750 to 1024 × 768 pixels.",)
    with pytest.raises(SampleError, match="may have 50 million pixels; this one has 9000 × 6750"):
        read_picture(saved(Image.new("L", (9_000, 6_750)), "PNG"))


def test_sizes_are_checked_before_anything_is_decoded() -> None:
    huge = bytearray(tiff(ramp(65535)))
    for tag in (256, 257):  # width and height
        at = huge.index(struct.pack("<HH", tag, 4))
        struct.pack_into("<HHII", huge, at, tag, 4, 1, 2_000_000)
    with pytest.raises(SampleError, match="may have 50 million pixels"):
        read_picture(bytes(huge))


# Refused by name


def nef() -> bytes:
    """A preview whose sub-file holds what the camera measured, as Nikon writes it."""
    with tifffile.TiffWriter(file := io.BytesIO()) as out:
        make = [(271, 2, 6, "NIKON", True)]
        out.write(ramp(255).astype(np.uint8), subfiletype=1, subifds=1, extratags=make)
        out.write(ramp(4095))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xff\x0a" + bytes(60), "this is a JPEG XL file. Save it as PNG or JPEG; there is no reader"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(60), "camera RAW file. Develop it first: save it as JPEG or TIFF"),
        (b"\0\0\0\x18ftypcrx " + bytes(60), "camera RAW"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(60), "camera RAW"),
        (tiff(ramp(4000), extratags=[(50706, 1, 4, b"\1\4\0\0", True)]), "camera('s)? RAW.*Develop it first"),
        (nef(), "camera RAW"),
        (bytes(128) + b"DICM" + bytes(60), "a DICOM file. Save the picture as PNG or TIFF with the viewer"),
        (b"\x76\x2f\x31\x01" + bytes(60), "an? OpenEXR file"),
        (b"8BPS" + bytes(60), "a Photoshop file. Save it as PNG"),
        (b"<!DOCTYPE html><html></html>", "a HTML file. It is what a download that failed leaves"),
        (b"<svg onload='alert(1)'/>", "a SVG file. Save it as PNG"),
        (b"PK\x03\x04" + bytes(60), "a zip or office file. Unpack it"),
        (b"\0\0\0\x18ftypisom" + bytes(60), "a film file. Save one frame"),
        (saved(Image.fromarray(quarters()).convert("LAB"), "TIFF"), "colours are CIELAB"),
        (tiff(np.zeros((40, 64, 7), np.uint16), planarconfig="contig", photometric="minisblack"), "7"),
    ],
    ids=["jxl", "jxl box", "cr2", "cr3", "raf", "dng", "nef", "dicom", "exr", "psd", "html", "svg", "zip", "mp4", "lab",
         "channels"],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name_with_what_to_do(data: bytes, said: str) -> None:
    with pytest.raises(SampleError, match=said):
        read_picture(data)


SEEDS = {
    "HEIC": heif(quarters()), "AVIF": saved(quarters(), "AVIF"), "TIFF": saved(quarters(), "TIFF"),
    "deep TIFF": tiff(ramp(4095)), "GIF": saved(quarters(), "GIF"), "BMP": saved(quarters(), "BMP"),
    "JPEG 2000": saved(quarters(), "JPEG2000"), "PPM": saved(quarters(), "PPM"), "deep PNG": png16(ramp(4095)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", SEEDS)
def test_every_format_cut_off_anywhere_is_refused_in_words_or_read(kind: str) -> None:
    whole = SEEDS[kind]
    refused = 0
    for part in range(1, 64):
        try:
            read_picture(whole[: len(whole) * part // 64])
        except SampleError:
            refused += 1
    assert refused > 20
