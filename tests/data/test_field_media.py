"""Pictures, sounds and endings of the field that were once read wrongly in silence, or refused with a wrong cause."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
import sounds
import systems
import tifffile
from clouds import furnished, text
from PIL import Image, PngImagePlugin

import xviz
from xviz.core.errors import SampleError
from xviz.data.cloud.read import SUFFIXES
from xviz.data.picture import read_picture
from xviz.data.read import AMBIGUOUS, ENDINGS
from xviz.data.sound import read_sound

ROWS, COLUMNS = np.mgrid[:40, :64]
PIXELS = np.dstack([COLUMNS * 4, ROWS * 6, ROWS + COLUMNS]).astype(np.uint8)
DEEP = PIXELS.astype(np.uint16) * 257


def tiff(values: np.ndarray, **more) -> bytes:
    """A TIFF."""
    tifffile.imwrite(file := io.BytesIO(), values, **more)
    return file.getvalue()


def png(values: np.ndarray, kind: int, more: bytes = b"") -> bytes:
    """A PNG of 16 bits, with chunks before its pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, kind, 0, 0, 0)
    whole = chunk(b"IHDR", head) + (chunk(more[:4], more[4:]) if more else b"")
    return b"\x89PNG\r\n\x1a\n" + whole + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def layer(value: int) -> np.ndarray:
    """One further channel of 16 bits."""
    return np.full((40, 64, 1), value, np.uint16)


def test_inks_of_16_bits_are_no_opacity() -> None:
    inks = np.dstack([65535 - DEEP, layer(0)])
    read = read_picture(tiff(inks, photometric="separated"))
    assert np.abs(read.pixels.astype(int) - PIXELS).max() <= 1


def test_a_further_channel_of_16_bits_is_opacity_only_where_the_file_says_so() -> None:
    infrared = read_picture(tiff(np.dstack([DEEP, layer(20_000)]), photometric="rgb", extrasamples=["unspecified"]))
    np.testing.assert_array_equal(infrared.pixels, PIXELS)
    assert "1 further channel that no colour is made of left out." in infrared.notes
    half = np.dstack([DEEP // 2, layer(32768)])
    read = read_picture(tiff(half, photometric="rgb", extrasamples=["assocalpha"]))
    assert np.abs(read.pixels - (PIXELS / 2 + 127.5)).max() <= 2


def test_channels_of_grey_that_are_shown_as_colours_are_told() -> None:
    values = np.dstack([DEEP, layer(20_000)])
    read = read_picture(tiff(values, photometric="minisblack", planarconfig="contig"))
    np.testing.assert_array_equal(read.pixels, PIXELS)
    assert "Its first three channels of grey are shown as red, green and blue." in read.notes


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (tiff(DEEP, photometric="cielab"), "CIELAB"),
        (tiff(DEEP[..., 0], photometric="palette", colormap=np.zeros((3, 65536), np.uint16)), "numbers of a palette"),
        (tiff(PIXELS[..., 0].astype(np.complex64)), "complex numbers"),
        (b"PF\n64 40\n-1.0\n" + bytes(64 * 40 * 12), "PFM of colours"),
    ],
    ids=["CIELAB", "palette", "complex", "PFM"],
)
def test_deep_pictures_of_other_colours_are_refused_by_name(data: bytes, cause: str) -> None:
    with pytest.raises(SampleError, match=cause):
        read_picture(data)


def test_the_clear_grey_of_16_bits_is_clear() -> None:
    grey = DEEP[..., 0].copy()
    grey[:20] = 12345
    read = read_picture(png(grey, 0, b"tRNS" + struct.pack(">H", 12345)))
    assert (read.pixels[:20] == 255).all()
    np.testing.assert_array_equal(read.pixels[20:, :, 0], PIXELS[20:, :, 0])


def with_gamma(mode: str, gamma: float, **options: object) -> bytes:
    """A PNG of 8 bits of ``PIXELS`` in a mode, whose numbers have that gamma by its own word."""
    image = Image.fromarray(PIXELS).convert("RGBA" if mode in ("LA", "RGBA") else "RGB")
    if mode in ("LA", "RGBA"):
        image.putalpha(200)
    chunk = PngImagePlugin.PngInfo()
    chunk.add(b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    image.convert(mode).save(file := io.BytesIO(), "PNG", pnginfo=chunk, **options)
    return file.getvalue()


@pytest.mark.parametrize("gamma", [1.0, 0.5556, 0.3])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA", "RGBA"])
def test_numbers_of_another_gamma_become_srgb(mode: str, gamma: float) -> None:
    plain, other = read_picture(with_gamma(mode, 0.45455)), read_picture(with_gamma(mode, gamma))
    assert f"Numbers brought to sRGB from the gamma that the file says, {gamma:.2g}." in other.notes
    assert not other.warnings
    assert not any("gamma" in note for note in plain.notes)
    share = 200 / 255 if mode in ("LA", "RGBA") else 1.0  # of the colour on white
    colours = (plain.pixels - 255 * (1 - share)) / share
    expected = 255 * (1 - share) + share * 255 * (colours.clip(0, 255) / 255) ** (0.45455 / gamma)
    steep = np.abs(other.pixels - expected)[colours > 30]
    assert steep.max() <= 3


def test_deep_numbers_of_another_gamma_become_srgb() -> None:
    linear = b"gAMA" + struct.pack(">I", 100_000)
    light = np.round(65535 * (DEEP / 65535) ** 2.2).astype(np.uint16)
    clear = np.dstack([light, layer(65535)])
    grey = np.repeat(PIXELS[..., :1], 3, 2)
    for values, kind, expected in ((light[..., 0], 0, grey), (light, 2, PIXELS), (clear, 6, PIXELS)):
        read = read_picture(png(values, kind, linear))
        assert np.abs(read.pixels.astype(int) - expected).max() <= 1
        assert any("Numbers brought to sRGB" in note for note in read.notes)


def test_a_gamma_that_no_picture_has_is_warned_of() -> None:
    read = read_picture(with_gamma("RGB", 20.0))
    np.testing.assert_array_equal(read.pixels, PIXELS)
    assert "the picture is darker than it should be" in read.warnings[0]
    dim = png(DEEP[..., 0] >> 4, 0, b"gAMA" + struct.pack(">I", 100_000))
    assert any("the picture is darker than it should be" in text for text in read_picture(dim).warnings)
    assert not read_picture(png(DEEP[..., 0], 0, b"gAMA" + struct.pack(">I", 45_455))).warnings


def test_white_on_nothing_is_warned_of() -> None:
    drawn = np.full((40, 64, 4), 255, np.uint8)
    drawn[:20, :, 3] = 0
    Image.fromarray(drawn).save(file := io.BytesIO(), "PNG")
    assert "nothing is to be seen" in read_picture(file.getvalue()).warnings[0]


@pytest.mark.parametrize(
    ("name", "data", "cause"),
    [
        ("a.psd", b"8BPS\0\1", "Photoshop"), ("a.cr2", b"II*\0\x10\0\0\0CR\2\0", "camera RAW"),
        ("a.svg", b"<svg/>", "SVG"), ("a.ico", b"\0\0\1\0\1\0", "ICO"),
    ],
)  # fmt: skip
def test_pictures_of_other_endings_are_refused_by_what_they_are(
    name: str, data: bytes, cause: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data + bytes(64))
    with pytest.raises(SampleError, match=f"this is a {cause} file"):
        xviz.read(tmp_path / name)


def test_pictures_of_any_ending_and_every_ending_of_clouds_are_read(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.picture", "PNG")
    assert "picture" in xviz.read(tmp_path / "a.picture").parts
    known = {*ENDINGS["room"], *AMBIGUOUS, ".dat", ".tsv"}
    assert set(SUFFIXES) <= known


@pytest.mark.parametrize("head", ["time,x,y,z,r,g,b", '"X","Y","Z",t,r,g,b'])
def test_a_table_of_places_with_a_time_is_a_cloud_and_no_eeg(head: str, tmp_path: Path) -> None:
    xyz, rgb = furnished(600)
    moment = np.arange(600) / 100
    columns = (moment, xyz, rgb) if head.startswith("time") else (xyz, moment, rgb)
    (tmp_path / "a.csv").write_bytes(head.encode() + b"\n" + text(np.column_stack(columns), separator=","))
    cloud = xviz.read(tmp_path / "a.csv").parts["points"]
    assert cloud.xyz == pytest.approx(xyz, abs=2e-3)


def test_a_text_of_openbci_is_no_cloud(tmp_path: Path) -> None:
    waves = 20 * np.random.default_rng(0).normal(size=(8, 2500))
    (tmp_path / "OpenBCI-RAW.txt").write_bytes(systems.openbci(waves, 250))
    assert "eeg" in xviz.read(tmp_path / "OpenBCI-RAW.txt").parts


SIGNAL = sounds.speech()


def tagged(size: int = 300) -> bytes:
    """An ID3 tag."""
    return b"ID3\3\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)


JOINED = {
    "WAV": sounds.made(SIGNAL) * 2,
    "Vorbis": sounds.made(SIGNAL, kind="OGG", subtype="VORBIS") * 2,
    "Opus": sounds.encoded(SIGNAL, "ogg", "libopus") * 2,
    "MP3": sounds.made(SIGNAL, kind="MP3") * 2,
}


@pytest.mark.parametrize("kind", JOINED)
def test_a_sound_behind_the_first_is_told(kind: str) -> None:
    data = JOINED[kind]
    assert any("the file holds another" in text_ for text_ in read_sound(data).warnings)
    assert not read_sound(data[: len(data) // 2]).warnings


@pytest.mark.parametrize("kind", ["WAV", "AAC", "zeros before MP3"])
def test_what_stands_before_a_sound_takes_nothing_from_it(kind: str) -> None:
    made = {"WAV": sounds.made(SIGNAL), "AAC": sounds.encoded(SIGNAL, "adts", "aac")}
    bare = made.get(kind) or sounds.made(SIGNAL, kind="MP3")
    whole = (bytes(2000) if kind.startswith("zeros") else tagged()) + bare
    np.testing.assert_array_equal(read_sound(whole).signal, read_sound(bare).signal)


def test_gsm_in_a_wav_is_read() -> None:
    heard = read_sound(sounds.made(SIGNAL, subtype="GSM610")).signal
    assert np.corrcoef(heard[: len(SIGNAL)], SIGNAL[: len(heard)])[0, 1] > 0.98


def test_further_tracks_of_sound_are_told() -> None:
    with av.open(file := io.BytesIO(), "w", format="matroska") as out:
        for stream in [out.add_stream("pcm_s16le", rate=sounds.RATE, layout="mono") for _ in range(2)]:
            values = np.round(SIGNAL * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
            frame.sample_rate, frame.pts = sounds.RATE, 0
            out.mux(stream.encode(frame))
    assert "has 2 tracks of sound" in read_sound(file.getvalue()).warnings[0]
