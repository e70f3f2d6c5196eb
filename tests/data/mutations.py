"""Files of every reader, and ways to damage them that know what files are made of.

Headers, sizes, chunks, lines, members of zips, endings and truncation at every 64th: what a mutation is follows from
its number alone, so that one that found something can be made again.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import recordings
import rooms
import sounds
from clouds import zipped
from PIL import Image
from test_layouts import LAYOUTS

FIELDS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF)
WORDS = (
    b"nan",
    b"-1",
    b"0",
    b"1e999",
    b"inf",
    b"99999999999999999999",
    b"-0.0",
    b"",
    b"1.2.3",
    b"NULL",
    b"\xff\xfe",
    b"%s",
)
NAMES = (
    "../../evil", "/etc/evil", "C:\\evil.txt", "a\0b", "x" * 300, "<img src=x onerror=alert(1)>.png",
    "<svg onload=a()>", ".", "a/../../b", "\u202egnp.ply", "con", "$(touch evil)", "`id`", "'; drop", "{{7*7}}",
    "%2e%2e%2f",
)  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """A good file, and who reads it."""

    reader: str  #: picture, regions, sound, eeg, room, text
    name: str
    data: bytes


def readers() -> dict[str, Callable[[str, bytes], object]]:
    """Reader → what takes a name and bytes as the app does."""
    from xviz.core.sample import Sample
    from xviz.data.cloud.scene import candidates, read_room
    from xviz.data.eeg.channels import match
    from xviz.data.eeg.read import open_eeg
    from xviz.data.picture import read_picture
    from xviz.data.regions import read_regions
    from xviz.data.sound import outline, read_sound
    from xviz.data.text import read_text

    def sound(name: str, data: bytes) -> object:
        outline(data, name, bins=400)
        return Sample(name, {"sound": read_sound(data, name, most=2.0)}).digest

    def room(name: str, data: bytes) -> object:
        candidates([(name, data)])
        return Sample(name, read_room([(name, data)]).parts).digest

    def eeg(name: str, data: bytes) -> object:
        return match(open_eeg(data, name=name, rate=128.0 if name.endswith(("csv", "tsv")) else None).recordings[0])[1]

    return {
        "picture": lambda name, data: read_picture(data, name=name),
        "regions": lambda name, data: read_regions(data),
        "sound": sound,
        "eeg": eeg,
        "room": room,
        "text": lambda name, data: read_text(data.decode("utf-8", "surrogateescape")),
    }


def _saved(kind: str, **options: object) -> bytes:
    ramp = np.linspace(0, 255, 48 * 40 * 3).reshape(40, 48, 3).astype(np.uint8)
    Image.fromarray(ramp).save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def _pictures() -> Iterator[Seed]:
    import pillow_heif
    import tifffile

    exif = Image.Exif()
    exif[0x0112] = 6
    for ending, kind in (("png", "PNG"), ("jpg", "JPEG"), ("webp", "WebP"), ("avif", "AVIF"), ("tif", "TIFF"),
                         ("gif", "GIF"), ("bmp", "BMP"), ("jp2", "JPEG2000"), ("ppm", "PPM")):  # fmt: skip
        yield Seed("picture", f"a.{ending}", _saved(kind, **({"exif": exif.tobytes()} if kind == "JPEG" else {})))
    pillow_heif.from_pillow(Image.fromarray(np.zeros((40, 48, 3), np.uint8))).save(file := io.BytesIO())
    yield Seed("picture", "a.heic", file.getvalue())
    for values in (np.arange(1920, dtype=np.uint16).reshape(40, 48), np.ones((40, 48, 3), np.float32)):
        tifffile.imwrite(file := io.BytesIO(), values, photometric="rgb" if values.ndim == 3 else "minisblack")
        yield Seed("picture", "deep.tif", file.getvalue())
    Image.fromarray(np.arange(1920, dtype=np.uint16).reshape(40, 48)).save(file := io.BytesIO(), "PNG")
    yield Seed("picture", "deep.png", file.getvalue())
    arrays = {"features": np.ones((3, 8), np.float32), "boxes": np.array([[0, 0, 9, 9]] * 3, np.float32)}
    np.savez_compressed(file := io.BytesIO(), **arrays)
    yield Seed("regions", "r.npz", file.getvalue())


def _sounds() -> Iterator[Seed]:
    signal = sounds.speech(0.5)
    for ending, kind in (("wav", "WAV"), ("flac", "FLAC"), ("ogg", "OGG"), ("mp3", "MP3"), ("aiff", "AIFF"),
                         ("caf", "CAF"), ("w64", "W64"), ("rf64", "RF64"), ("au", "AU")):  # fmt: skip
        yield Seed("sound", f"a.{ending}", sounds.made(signal, kind=kind))
    yield Seed("sound", "a.opus", sounds.made(signal, kind="OGG", subtype="OPUS"))
    yield Seed("sound", "two.wav", sounds.made(np.stack([signal, -signal], 1), subtype="FLOAT"))
    for ending, form, codec in (("m4a", "ipod", "aac"), ("aac", "adts", "aac"), ("webm", "webm", "libopus"),
                                ("wma", "asf", "wmav2"), ("wv", "wv", "wavpack"),
                                ("mka", "matroska", "flac")):  # fmt: skip
        yield Seed("sound", f"a.{ending}", sounds.encoded(signal, form, codec))
    yield Seed("sound", "a.amr", sounds.amr(0.5))


def _recordings() -> Iterator[Seed]:
    noise, names = recordings.noise(seconds=3.0), list(recordings.NAMES)
    yield Seed("eeg", "a.edf", recordings.edf(noise, names))
    yield Seed("eeg", "a.bdf", recordings.edf(noise, names, bits=24))
    yield Seed("eeg", "pauses.edf", recordings.edf(noise, names, onsets=[0, 5, 9]))
    yield Seed("eeg", "a.gdf", recordings.gdf(noise, names))
    yield Seed("eeg", "a.zip", recordings.brainvision(noise, names))
    yield Seed("eeg", "a.set", recordings.eeglab(noise, names))
    yield Seed("eeg", "a.npz", recordings.npz(signal=noise, channels=np.array(names), rate=128.0))
    rows = "\n".join(",".join(f"{v:.2f}" for v in row) for row in noise.T[:200])
    yield Seed("eeg", "a.csv", (",".join(names) + "\n" + rows + "\n").encode())
    yield Seed("eeg", "s01.mat", recordings.mat(**recordings.deap(1, 63.0)))
    yield Seed("eeg", "s01.dat", recordings.python2(recordings.deap(1, 63.0)))


def _rooms(most: int) -> Iterator[Seed]:
    from test_cloud_formats import SAME, stl
    from test_cloud_text import SAME as TEXTS

    for name, (data, _) in SAME.items():
        ending = re.sub(r"[^a-z0-9]", "", name.split()[0].lower())
        yield Seed("room", f"c.{ending}", data)
    for name, made in TEXTS.items():
        yield Seed("room", "points3D.txt" if "COLMAP" in name else "c.txt", made[0])
    yield Seed("room", "c.stl", stl(True))
    for layout, made in list(LAYOUTS.items())[:most]:
        yield Seed("room", f"{re.sub('[^a-z0-9]', '', layout.lower())}.zip", zipped(made[0]()))
    yield Seed("room", "c.ply.gz", gzip.compress(next(iter(SAME.values()))[0]))
    yield Seed("room", "points.bin", rooms.colmap_binary()["sparse/0/points3D.bin"])


@cache
def seeds(layouts: int = 99) -> tuple[Seed, ...]:
    """Good files of every reader and ending, and so many layouts of rooms, which take longest."""
    text = [Seed("text", "", s.encode()) for s in ("A dog above a 🦊.", "猫が好き e\u0301 \u202e", "<b>x</b> 3.5 m't")]
    return (*_pictures(), *_sounds(), *_recordings(), *_rooms(layouts), *text)


# Mutations


def mutation(number: int, made: tuple[Seed, ...]) -> Seed:
    """The mutation of that number: the first are truncations at every 64th of every seed, all others are drawn."""
    cuts = 63 * len(made)
    if number < cuts:
        seed, part = made[number % len(made)], number // len(made) + 1
        return Seed(seed.reader, seed.name, seed.data[: len(seed.data) * part // 64])
    return drawn(number, made)


def drawn(number: int, made: tuple[Seed, ...]) -> Seed:
    """A mutation that is drawn by its number."""
    rng = np.random.default_rng(number)
    seed = made[int(rng.integers(len(made)))]
    if rng.random() < 0.04:  # another ending, or another reader's file
        other = made[int(rng.integers(len(made)))]
        return Seed(seed.reader, other.name if rng.random() < 0.5 else seed.name, other.data)
    data, name = seed.data, seed.name
    for _ in range(int(rng.integers(1, 4))):
        if data[:4] == b"PK\3\4" and rng.random() < 0.6:
            data = _in_zip(data, rng)
        elif data[:2] == b"\x1f\x8b" and rng.random() < 0.6:
            data = gzip.compress(_damaged(gzip.decompress(data), rng)) if rng.random() < 0.8 else gzip.compress(data)
        else:
            data = _damaged(data, rng)
            if data[:2] == b"\x1f\x8b":
                break
    if rng.random() < 0.05:
        name = str(rng.choice(NAMES)) + Path(seed.name).suffix
    return Seed(seed.reader, name, data)


def _damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One change to bytes: near the beginning, where headers are, as often as anywhere."""
    if not data:
        return bytes(rng.integers(0, 256, 8, np.uint8))
    out = bytearray(data)
    reach = min(len(out), 512) if rng.random() < 0.6 else len(out)
    at, way = int(rng.integers(0, reach)), int(rng.integers(0, 10))
    if way == 0:
        out[at] ^= 1 << int(rng.integers(8))
    elif way == 1:
        out[at] = int(rng.integers(256))
    elif way in (2, 3):  # a number in a header
        form = str(rng.choice(["<H", ">H", "<I", ">I", "<Q", ">Q"]))
        value = int(FIELDS[int(rng.integers(len(FIELDS)))]) & ((1 << 8 * struct.calcsize(form)) - 1)
        out[at : at + struct.calcsize(form)] = struct.pack(form, value)
    elif way == 4:
        del out[at : at + int(rng.integers(1, 64))]
    elif way == 5:
        out[at:at] = out[max(0, at - int(rng.integers(1, 256))) : at] or b"\0"
    elif way == 6:
        out = out[: len(out) * int(rng.integers(0, 65)) // 64]
    elif way == 7:  # a number or word in a text
        found = list(re.finditer(rb"[-+.\w]+", bytes(out[: min(len(out), 4096)])))
        if found:
            hit = found[int(rng.integers(len(found)))]
            out[hit.start() : hit.end()] = WORDS[int(rng.integers(len(WORDS)))]
    elif way == 8:  # a line left out, doubled or joined
        lines = bytes(out).split(b"\n")
        line = int(rng.integers(len(lines)))
        lines[line : line + 1] = [[], [lines[line]] * 2, [lines[line][: len(lines[line]) // 2]]][int(rng.integers(3))]
        out = bytearray(b"\n".join(lines))
    else:  # two blocks change places
        size = int(rng.integers(1, max(2, min(256, len(out) // 2))))
        to = int(rng.integers(0, max(1, len(out) - size)))
        out[at : at + size], out[to : to + size] = out[to : to + size], out[at : at + size]
    return bytes(out)


def _in_zip(data: bytes, rng: np.random.Generator) -> bytes:
    """One change to a member of a zip, to its name, or to the zip as a whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as held:
            files = {name: held.read(name) for name in held.namelist()}
    except Exception:
        return _damaged(data, rng)
    if not files:
        return data
    way, name = int(rng.integers(0, 6)), str(rng.choice(sorted(files)))
    if way <= 2:
        files[name] = _damaged(files[name], rng)
    elif way == 3:
        files[str(rng.choice(NAMES))] = files.pop(name)
    elif way == 4:
        del files[name]
    else:
        files[f"inner/{name}.zip"] = data[: 1 << 16]
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as held:
        for path, content in files.items():
            held.writestr(zipfile.ZipInfo(path.replace("\0", "0") or "x"), content)
    return file.getvalue()
