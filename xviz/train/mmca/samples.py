"""Make the shipped samples: ``xviz samples mmca --data DIR``; without the folder, only their features anew.

Takes some scenes of the ``samples`` split (only cut-outs whose licences allow shipping: MIT, CC0, CC-BY) and the
photographs of the scikit-image package, writes ``xviz/data/samples/mmca/samples.json`` with every credit, and keeps the
frozen encoder's boxes and features of each, half precision, in ``regions.npz``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xviz.data.picture import read_picture
from xviz.data.shipped import FOLDER, ShippedSample, write
from xviz.models import regions
from xviz.models.boxes import find_boxes

CHOSEN = (10, 0, 1, 4, 5, 7, 9, 11, 13, 14, 15, 16, 21, 22)  #: scenes of the split ``samples``
OUT = FOLDER / "mmca"


def _shipped(name: str, title: str, kind: str, credit: str, picture: str, sentences: tuple[str, ...]) -> ShippedSample:
    files = {"picture": picture, "regions": "regions.npz"}
    return ShippedSample("mmca", name, title, kind, credit, files, sentences)


PHOTOGRAPHS = tuple(
    _shipped(name, f"Photograph: {thing}", "photograph", f"{credit}, from scikit-image", f"skimage:{file}", sentences)
    for name, thing, credit, file, sentences in (
        ("cat", "a cat", "“Chelsea” by Stefan van der Walt, CC0", "chelsea.png",
         ("A cat with green eyes.", "A brown cat looks at you.", "The face of an animal.")),
        ("coffee", "a cup of coffee", "“Coffee” by Rachel Michetti, CC0", "coffee.png",
         ("A cup of coffee and a spoon on a wooden table.", "A cup on a plate.", "A hot drink.")),
        ("rocket", "a rocket", "“Rocket” by SpaceX, CC0", "rocket.jpg",
         ("A rocket on its launch pad.", "A rocket with smoke below it.", "Towers at night.")),
        ("astronaut", "an astronaut", "“Eileen Collins” by NASA, public domain", "astronaut.png",
         ("A woman in an orange space suit in front of a flag.", "An astronaut with a model of a rocket.",
          "A smiling woman.")),
    )
)  # fmt: skip


def make(folder: Path) -> None:
    """Write the pictures, the list and the features, from the scenes of a folder."""
    OUT.mkdir(parents=True, exist_ok=True)
    scenes = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    listed = [_entry(folder, scenes[number]) for number in CHOSEN]
    listed += PHOTOGRAPHS
    write(OUT / "samples.json", listed)
    encode(listed)


def encode(listed: Sequence[ShippedSample]) -> None:
    """Keep boxes and features of the samples' pictures."""
    arrays = {}
    for shipped in listed:
        pixels = read_picture(shipped.path("picture")).pixels
        boxes = arrays[f"{shipped.name}.boxes"] = find_boxes(pixels, count=36)
        arrays[f"{shipped.name}.features"] = regions.encode(pixels, boxes).numpy().astype(np.float16)
    np.savez_compressed(OUT / "regions.npz", **arrays)
    print(f"{len(listed)} samples kept in {OUT}")


def _entry(folder: Path, scene: Mapping[str, Any]) -> ShippedSample:
    """A scene as an entry of the list; its sentences with the most mentions first."""
    names = list(dict.fromkeys(thing["name"] for thing in scene["objects"]))
    key = "-".join(names[:2]).replace(" ", "-").lower()
    shutil.copy(folder / scene["image"], OUT / f"{key}.jpg")
    sentences = sorted(scene["sentences"], key=lambda s: -len(s["mentions"]))
    credit = "; ".join(dict.fromkeys(thing["credit"] for thing in scene["objects"]))
    texts = tuple(sentence["text"] for sentence in sentences)
    return _shipped(key, ", ".join(names).capitalize(), "composed scene", credit, f"{key}.jpg", texts)
