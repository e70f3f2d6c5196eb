"""What visitors bring that no other visitor has, and what the library says of it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
COLOURS, THINGS = ("red", "green", "blue", "yellow", "white", "brown"), ("dog", "cup", "chair", "car", "cat", "ball")


def picture(number: int) -> bytes:
    """A picture that no other visitor has."""
    rng = np.random.default_rng(number)
    pixels = np.full((96, 128, 3), rng.integers(0, 256, 3), np.uint8)
    pixels[20:60, 30:90] = rng.integers(0, 256, 3)
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def file_of(page: str, number: int) -> bytes:
    """A picture, a sound, a recording or a room that no other visitor has."""
    from xviz.data.shipped import samples

    if page == "mmca":
        return picture(number)
    file = io.BytesIO()
    if page == "mmvit":
        from xviz.core.sample import Sound
        from xviz.data.sound import write_wav

        rng, time_s = np.random.default_rng(number), np.arange(3 * 16_000) / 16_000
        tone = 0.3 * np.sin(2 * np.pi * (200 + 11 * number) * time_s) + 0.01 * rng.standard_normal(len(time_s))
        return write_wav(Sound(tone.astype(np.float32), 16_000.0))
    if page == "mca":
        with np.load(samples("mca")[number % 4].path("eeg"), allow_pickle=False) as held:
            arrays = dict(held)
        name = max(arrays, key=lambda key: arrays[key].size if arrays[key].dtype.kind in "fiu" else 0)
        arrays[name] = arrays[name] * arrays[name].dtype.type(1 + number / 1000)
        np.savez(file, **arrays)
        return file.getvalue()
    shipped = samples("mit")
    return Path(shipped[number % len(shipped)].path("room")).read_bytes()


def sentence(number: int, which: int) -> str:
    """One that no other visitor says."""
    return f"A {COLOURS[which % 6]} {THINGS[(number + which) % 6]} beside {number + 2} {COLOURS[number % 6]} boxes."


_expected: dict[tuple[int, str], float] = {}
_parts: dict[int, object] = {}


def expected(number: int, said: str) -> float:
    """The score of a visitor's pair by the library."""
    from xviz import engine
    from xviz.core.sample import Regions, Sample
    from xviz.data.picture import read_picture
    from xviz.data.text import read_text
    from xviz.models import MODELS, regions
    from xviz.models.boxes import find_boxes

    if (number, said) not in _expected:
        card = MODELS["mmca"]
        if number not in _parts:
            read = read_picture(picture(number))
            boxes = find_boxes(read.pixels, count=card.settings.regions)
            _parts[number] = {"picture": read, "regions": Regions(boxes, regions.encode(read.pixels, boxes).numpy())}
        loaded = _parts.setdefault(-1, engine.load(card))
        sample = Sample("own", {**_parts[number], "text": read_text(said)})
        _expected[number, said] = engine.outputs(loaded, engine.prepare(loaded, sample))["score"]
    return _expected[number, said]
