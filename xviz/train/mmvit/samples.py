"""Make the shipped samples of instruments and object pictures.

``xviz samples mmvit-instruments --data DIR`` mixes held-out notes of two families and writes FLAC files with
the true box, in time and frequency, of every note. ``--objects DIR --cache CACHE`` puts held-out models in pairs, from
the pictures that the builder rendered, and writes JPEG files with the true mask of every thing.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from xviz.data.shipped import FOLDER, ShippedSample, Truth, write
from xviz.models.mel import Mel
from xviz.models.mmvit_cards import FAMILIES, INSTRUMENTS, KINDS
from xviz.train.mmvit.instruments.clips import notes
from xviz.train.mmvit.instruments.measure import mixtures
from xviz.train.mmvit.instruments.notes import FREE
from xviz.train.mmvit.objects.pictures import Cutout, backgrounds, composed
from xviz.train.mmvit.objects.renders import VIEWS

SOUNDS, PICTURES = FOLDER / "mmvit-instruments", FOLDER / "mmvit-objects"
COUNT = 6  #: samples of each set, every family and kind at most twice
SIDE = 256  #: of a picture, pixels
FONT = "Notes of FluidR3 GM by Frank Wen and others (MIT; Debian fluid-soundfont-gm), rendered and mixed here."


def instruments(folder: Path) -> None:
    """Write the sounds."""
    definition = Mel.of(INSTRUMENTS)
    listed: list[ShippedSample] = []
    every = notes(folder, definition.rate, FAMILIES)
    tested = [note for note in every if note.split == "pitch" and note.font == FREE]
    for clip in mixtures(tested, definition, 60, seed=3):
        order = np.argsort([start for start, _ in clip.places])
        names = [FAMILIES[clip.families[index]] for index in order]
        if not fits(names, listed):
            continue
        key = "-".join(names)
        signal = 0.7 * clip.signal / np.abs(clip.signal).max()
        soundfile.write(SOUNDS / f"{key}.flac", signal, round(definition.rate), subtype="PCM_16")
        boxes = {name: rounded(clip.box(index, definition)) for name, index in zip(names, order, strict=True)}
        files, truth = {"sound": f"{key}.flac"}, Truth(places=boxes)
        listed.append(ShippedSample(SOUNDS.name, key, ", ".join(names), "mixed notes", FONT, files, truth=truth))
    write(SOUNDS / "samples.json", listed)


def objects(folder: Path, cache: Path) -> None:
    """Write the pictures and masks."""
    every = json.loads((folder / "objects.json").read_text(encoding="utf-8"))["models"]
    tested = [entry for entry in every if entry["split"] == "model"]
    grounds, rng = backgrounds(60, SIDE, seed=4), np.random.default_rng(4)
    listed: list[ShippedSample] = []
    for ground in grounds:
        chosen = [tested[index] for index in rng.permutation(len(tested))[:2]]
        names = [entry["kind"] for entry in chosen]
        paths = [cache / "objects" / f"{entry['id']}_{rng.integers(VIEWS)}.png" for entry in chosen]
        if not fits(names, listed) or not all(path.is_file() and path.stat().st_size for path in paths):
            continue
        cutouts = [
            Cutout(np.asarray(Image.open(path).convert("RGBA")), KINDS.index(name), 0, "model")
            for path, name in zip(paths, names, strict=True)
        ]
        picture, key = composed(cutouts, ground, rng), "-".join(names)
        Image.fromarray(picture.pixels).save(PICTURES / f"{key}.jpg", quality=92)
        masks = {name: f"{key}.{name}.png" for name in names}
        for name, mask in zip(names, picture.masks, strict=True):
            Image.fromarray(mask).save(PICTURES / masks[name], optimize=True)
        credit = "; ".join([*(entry["credit"] for entry in chosen), "rendered and put together here"])
        files, truth = {"picture": f"{key}.jpg"}, Truth(masks=masks)
        title, kind = ", ".join(names), "composed picture"
        listed.append(ShippedSample(PICTURES.name, key, title, kind, credit, files, truth=truth))
    write(PICTURES / "samples.json", listed)


def fits(names: list[str], listed: list[ShippedSample]) -> bool:
    """Whether one more sample of two different classes is wanted."""
    listed_names = [name for shipped in listed for name in shipped.title.split(", ")]
    return len(listed) < COUNT and len(set(names)) == 2 and all(listed_names.count(name) < 2 for name in names)


def rounded(box: tuple[float, float, float, float]) -> tuple[float, ...]:
    """Seconds to thousandths, hertz to tenths."""
    return tuple(round(value, digits) for value, digits in zip(box, (3, 3, 1, 1), strict=True))
