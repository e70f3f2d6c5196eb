"""Odd pictures are read truly, bad ones are refused in words; so are region files."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from xviz.core.errors import SampleError
from xviz.data.picture import read_picture
from xviz.data.regions import read_regions

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quarters(width: int = 80, height: int = 60) -> np.ndarray:
    """Red and green above blue and white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return pixels


def saved(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def corners(pixels: np.ndarray) -> np.ndarray:
    """The colours a few pixels inside the four corners: above left, above right, below left, below right."""
    return pixels[[5, 5, -6, -6], [5, -6, 5, -6]].astype(int)


def png(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of that claimed size with hardly any data."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


# Accepted ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [("PNG", {}, 0), ("WebP", {"lossless": True}, 0), ("JPEG", {"quality": 95}, 6), ("WebP", {"quality": 95}, 25)],
)
def test_three_formats(kind, options, tolerance):
    read = read_picture(saved(quarters(), kind, **options))
    assert read.pixels.shape == (60, 80, 3)
    assert read.pixels.dtype == np.uint8
    assert read.notes == ()
    np.testing.assert_allclose(corners(read.pixels), [RED, GREEN, BLUE, WHITE], atol=tolerance)


def test_bytes_files_and_paths_are_the_same(tmp_path):
    data = saved(quarters())
    path = tmp_path / "four.png"
    path.write_bytes(data)
    for file in (data, io.BytesIO(data), path):
        np.testing.assert_array_equal(read_picture(file).pixels, quarters())


TURNED = {
    1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1), 6: lambda p: np.rot90(p, -1), 7: lambda p: np.rot90(p, 2).swapaxes(0, 1),
    8: lambda p: np.rot90(p, 1),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
@pytest.mark.parametrize("orientation", TURNED)
def test_exif_orientation_is_followed(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(saved(quarters(), kind, exif=exif.tobytes(), quality=95))
    told = TURNED[orientation](quarters())
    assert read.pixels.shape == told.shape
    np.testing.assert_allclose(corners(read.pixels), corners(told), atol=25)
    assert read.notes == (("Turned upright, as the file asks.",) if orientation > 1 else ())


def test_an_impossible_orientation_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 77
    np.testing.assert_array_equal(read_picture(saved(quarters(), exif=exif.tobytes())).pixels, quarters())


def test_greys_are_grey():
    ramp = np.tile(np.arange(64, dtype=np.uint8) * 4, (40, 1))
    np.testing.assert_array_equal(read_picture(saved(ramp)).pixels, np.repeat(ramp[..., None], 3, axis=2))
    bits = Image.fromarray(ramp > 100)
    assert bits.mode == "1"
    np.testing.assert_array_equal(read_picture(saved(bits)).pixels[..., 0], 255 * (ramp > 100))


def test_sixteen_bit_greys_keep_their_share_of_white():
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (40, 1))
    read = read_picture(saved(ramp))
    np.testing.assert_allclose(read.pixels[..., 1], ramp / 257, atol=0.51)
    assert read.pixels.min() == 0
    assert read.pixels.max() == 255
    assert read.notes == ("16-bit greys reduced to 8 bits.",)


def test_palettes_with_and_without_a_clear_colour():
    palette = Image.fromarray(quarters()).quantize(4, dither=Image.Dither.NONE)
    np.testing.assert_array_equal(read_picture(saved(palette)).pixels, quarters())
    clear = palette.getpixel((5, 5))  # red becomes clear
    read = read_picture(saved(palette, transparency=clear))
    np.testing.assert_array_equal(corners(read.pixels), [WHITE, GREEN, BLUE, WHITE])
    assert read.notes == ("Transparent parts stand on white.",)


@pytest.mark.parametrize("kind", ["PNG", "WebP"])
def test_transparency_stands_on_white(kind):
    pixels = np.dstack([quarters(), np.full((60, 80), 255, np.uint8)])
    pixels[:30, :40, 3] = 0
    pixels[:30, 40:, 3] = 51  # a fifth of green, four fifths of white
    read = read_picture(saved(pixels, kind, lossless=True))
    np.testing.assert_allclose(corners(read.pixels), [WHITE, (204, 255, 204), BLUE, WHITE], atol=1)
    assert read.notes == ("Transparent parts stand on white.",)


def test_grey_with_transparency():
    pixels = np.zeros((40, 40, 2), np.uint8)
    pixels[:, 20:, 1] = 255
    read = read_picture(saved(Image.fromarray(pixels, "LA")))
    np.testing.assert_array_equal(corners(read.pixels), [WHITE, (0, 0, 0), WHITE, (0, 0, 0)])


def test_an_opaque_alpha_is_not_worth_a_note():
    assert read_picture(saved(Image.fromarray(quarters()).convert("RGBA"))).notes == ()


def test_cmyk():
    read = read_picture(saved(Image.fromarray(quarters()).convert("CMYK"), "JPEG", quality=95))
    np.testing.assert_allclose(corners(read.pixels), [RED, GREEN, BLUE, WHITE], atol=8)
    assert read.notes == ("CMYK colours converted without a colour profile.",)


@pytest.mark.parametrize("kind", ["PNG", "WebP"])
def test_of_an_animation_the_first_frame(kind):
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, GREEN, BLUE)]
    read = read_picture(saved(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    np.testing.assert_array_equal(corners(read.pixels), [RED] * 4)
    assert read.notes == ("The first of 3 frames.",)


def test_large_pictures_are_reduced():
    read = read_picture(saved(quarters(2100, 1400)), long_side=1024)
    assert read.pixels.shape == (683, 1024, 3)
    np.testing.assert_array_equal(corners(read.pixels), [RED, GREEN, BLUE, WHITE])
    assert read.notes == ("Reduced from 2100 × 1400 to 1024 × 683 pixels.",)
    assert read_picture(saved(quarters(1024, 64))).notes == ()


# Refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (saved(quarters(), "ICO"), "a ICO file"),
        (b"%PDF-1.7 ...", "a PDF file"),
        (b"<?xml version='1.0'?><svg/>", "a SVG or XML file"),
        (b"hello, I am a picture", "none of these"),
        (b"\0", "none of these"),
    ],
)
def test_other_files_are_refused_by_name(data, what):
    with pytest.raises(SampleError, match=f"PNG, JPEG, WebP, .* file; this is {what}.*Save it as PNG"):
        read_picture(data)


def test_empty_files_are_refused():
    with pytest.raises(SampleError, match="A file is needed; this one is empty"):
        read_picture(b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_files_cut_short_are_refused(kind, share):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = saved(noise, kind)
    with pytest.raises(SampleError, match=f"This {kind} file is damaged or cut short"):
        read_picture(data[: int(share * len(data))])


def test_messages_name_the_file(tmp_path):
    (path := tmp_path / "holiday.jpg").write_bytes(b"no picture")
    with pytest.raises(SampleError, match=r"^holiday\.jpg: A picture must be"):
        read_picture(path)
    with pytest.raises(SampleError, match=r"^mine\.png: A picture must be"):
        read_picture(b"no picture", name="mine.png")


def test_bombs_are_refused_by_their_header():
    with pytest.raises(SampleError, match=r"may have 50 million pixels; this one has 60000 × 50000 = 3000\.0 million"):
        read_picture(png(60000, 50000))
    with pytest.raises(SampleError, match="damaged"):  # within limits: now decoded, and there is no data
        read_picture(png(5000, 5000))
    with pytest.raises(SampleError, match=r"may have 0\.001 million pixels; this one has 80 × 60"):
        read_picture(saved(quarters()), limit_pixels=1000)


def test_text_bombs_are_refused():
    data = saved(quarters())
    body = b"Comment\0\0" + zlib.compress(b"x" * 100_000_000)
    bomb = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    with pytest.raises(SampleError, match="damaged"):
        read_picture(data[:33] + bomb + data[33:])


@pytest.mark.parametrize("size", [(1, 1), (31, 500), (500, 31)])
def test_tiny_pictures_are_refused(size):
    with pytest.raises(SampleError, match=rf"at least 32 pixels a side; this one has {size[0]} × {size[1]}\."):
        read_picture(saved(quarters(*size)))


def test_ribbons_are_refused():
    with pytest.raises(SampleError, match="at most 32 times as long as wide; this one has 40 × 2000 pixels"):
        read_picture(saved(quarters(40, 2000)))


def test_files_too_large_are_refused():
    with pytest.raises(SampleError, match="may have 64 MB; this one has more"):
        read_picture(io.BytesIO(bytes(64 * 2**20 + 1)))


SEEDS = [saved(quarters(48, 40), kind) for kind in ("PNG", "JPEG", "WebP")]


@pytest.mark.filterwarnings("ignore:.*EXIF.*")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6))
def test_damage_anywhere_is_refused_or_harmless(data, damage):
    harmed = bytearray(data)
    for at, value in damage:
        harmed[at % len(harmed)] = value
    try:
        read = read_picture(bytes(harmed))
    except SampleError:
        return
    assert read.pixels.ndim == 3
    assert read.pixels.dtype == np.uint8


# Regions -----------------------------------------------------------------------------------------------------------

BOXES = np.array([[0, 0, 100, 50], [10, 20, 60, 70.5]], np.float32)
FEATURES = np.arange(2 * 2048, dtype=np.float32).reshape(2, 2048)


def packed(**arrays: object) -> bytes:
    np.savez(file := io.BytesIO(), **arrays)
    return file.getvalue()


def zipped(**members: bytes) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as held:
        for name, content in members.items():
            held.writestr(f"{name}.npy", content)
    return file.getvalue()


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize("features", ["features", "x", "feat"])
@pytest.mark.parametrize("boxes", ["boxes", "bbox"])
def test_names_of_the_field_are_known(features, boxes):
    read = read_regions(packed(**{features: FEATURES, boxes: BOXES}, image_w=100, image_h=80, source="somewhere"))
    np.testing.assert_array_equal(read.features, FEATURES)
    np.testing.assert_array_equal(read.boxes, BOXES)
    assert read.notes == ()


def test_thirty_six_regions_without_boxes(tmp_path):
    features = np.random.default_rng(0).random((36, 2048))
    (path := tmp_path / "scan.npz").write_bytes(packed(features=features))
    for file in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        read = read_regions(file)
        assert read.boxes is None
        assert read.features.dtype == np.float32
        np.testing.assert_allclose(read.features, features, rtol=1e-6)
        assert "Boxes are not in the file" in read.notes[0]


def test_mcan_features_on_their_side_are_turned():
    np.testing.assert_array_equal(read_regions(packed(x=FEATURES.T, bbox=BOXES)).features, FEATURES)
    np.testing.assert_array_equal(read_regions(packed(x=FEATURES.T)).features, FEATURES)


def test_other_layouts_of_the_same_numbers():
    for features in (FEATURES[None], np.asfortranarray(FEATURES), FEATURES.astype(">f8"), FEATURES.astype(np.int64)):
        np.testing.assert_array_equal(read_regions(packed(features=features)).features, FEATURES)
    np.savez_compressed(file := io.BytesIO(), features=FEATURES, boxes=BOXES.astype(np.int32))
    np.testing.assert_array_equal(read_regions(file.getvalue()).boxes, BOXES.astype(np.int32))


def nan(values: np.ndarray, value: float = np.nan) -> np.ndarray:
    values = values.copy()
    values[1, 2] = value
    return values


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"boxes": BOXES}, "needs an array called features, x or feat; this one has boxes. Rename it"),
        ({"features": FEATURES[0]}, r"must be \(regions, features\), such as \(36, 2048\).*these are \(2048,\)"),
        ({"features": np.zeros((101, 8))}, r"at most 100 regions and 8192 features; these are \(101, 8\)"),
        ({"features": np.zeros((2, 8193))}, r"these are \(2, 8193\)"),
        ({"features": np.zeros((0, 8))}, r"these are \(0, 8\)"),
        ({"features": nan(FEATURES)}, "features must be finite; 1 of 4096 are not. Extract them again"),
        ({"features": nan(FEATURES.astype(float), 1e300)}, "features must be finite; 1 of 4096"),
        ({"features": FEATURES, "boxes": nan(BOXES)}, "boxes must be finite; 1 of 8"),
        ({"features": np.array([["a", "b"]])}, "features must be numbers; these are <U1"),
        ({"features": np.array([[object()]])}, "must be of numbers; “features.npy” holds object"),
        ({"features": FEATURES, "boxes": BOXES[:1]}, r"2 regions need boxes of shape \(2, 4\); these are \(1, 4\)"),
        ({"features": FEATURES, "boxes": BOXES / 100}, "must be in pixels; these are shares, 0 to 1"),
        ({"features": FEATURES, "boxes": BOXES[:, [2, 1, 0, 3]]}, r"box 1 is \[100.0, 0.0, 0.0, 50.0\]"),
        ({"features": FEATURES, "boxes": BOXES - 5}, "nothing negative; box 1"),
        (
            {"features": FEATURES, "boxes": BOXES, "image_w": 90, "image_h": 80},
            "inside the picture of 90 × 80 pixels that the file names; one reaches 100, 70.5",
        ),
    ],
)
def test_region_files_that_hold_something_else_are_refused(arrays, message):
    with pytest.raises(SampleError, match=message):
        read_regions(packed(**arrays))


@pytest.mark.parametrize(
    "data",
    [
        b"no zip",
        packed(features=FEATURES)[:-200],
        packed(features=FEATURES)[:500],
        zipped(features=b"no array"),
        zipped(features=header("(2, 2048)") + b"\0" * 80),
        zipped(features=header("(10000000000, 2048)")),
        zipped(features=header("(-1, 4)")),
        zipped(features=header("(2, 2)").replace(b"\x01\x00", b"\x03\x00", 1) + bytes(16)),
    ],
)
def test_damaged_region_files_are_refused(data):
    with pytest.raises(SampleError, match=r"come as an \.npz file of numpy arrays; this one cannot be read"):
        read_regions(data)


def test_zip_bombs_are_refused_by_their_directory():
    bomb = zipped(features=header("(17000, 1000)") + bytes(68_000_000))
    assert len(bomb) < 200_000
    with pytest.raises(SampleError, match=r"may hold 16 arrays and 64 MB unpacked; this one holds 1 and 65 MB"):
        read_regions(bomb)
    with pytest.raises(SampleError, match="holds 17 and 0 MB"):
        read_regions(zipped(**{f"a{i}": b"" for i in range(17)}))


def test_a_lie_about_the_unpacked_size_does_not_help():
    bomb = zipped(features=header("(4000000,)") + bytes(16_000_000))
    told = struct.pack("<I", 128 + 16_000_000)
    assert bomb.count(told) == 2
    with pytest.raises(SampleError, match="cannot be read"):
        read_regions(bomb.replace(told, struct.pack("<I", 1000)))


def test_other_compressions_are_refused():
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_LZMA) as held:
        held.writestr("features.npy", header("(1, 4)") + bytes(16))
    with pytest.raises(SampleError, match="its compression is not that of numpy"):
        read_regions(file.getvalue())


def test_empty_region_files_are_refused(tmp_path: Path):
    (path := tmp_path / "none.npz").write_bytes(b"")
    with pytest.raises(SampleError, match="this one is empty"):
        read_regions(path)
    with pytest.raises(SampleError, match="this one has none"):
        read_regions(packed())
