"""Make the shipped samples: ``xviz samples mmca --data DIR``.

Takes some scenes of the ``samples`` split (only cut-outs whose licences allow shipping: MIT, CC0, CC-BY) and the
photographs of the scikit-image package, writes ``xviz/data/samples/samples.json`` with every credit, and keeps the
frozen encoder's boxes and features of each, half precision, in ``regions.npz``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from xviz.data.picture import read_picture
from xviz.data.shipped.scenes import FOLDER, examples
from xviz.models import regions
from xviz.models.boxes import find_boxes

CHOSEN = (10, 0, 1, 4, 5, 7, 9, 11, 13, 14, 15, 16, 21, 22)  #: scenes of the split ``samples``
PHOTOGRAPHS = (
    {
        "key": "cat",
        "title": "Photograph: a cat",
        "picture": "skimage:chelsea.png",
        "sentences": ["A cat with green eyes.", "A brown cat looks at you.", "The face of an animal."],
        "kind": "photograph",
        "credit": "“Chelsea” by Stefan van der Walt, CC0, from scikit-image",
    },
    {
        "key": "coffee",
        "title": "Photograph: a cup of coffee",
        "picture": "skimage:coffee.png",
        "sentences": ["A cup of coffee and a spoon on a wooden table.", "A cup on a plate.", "A hot drink."],
        "kind": "photograph",
        "credit": "“Coffee” by Rachel Michetti, CC0, from scikit-image",
    },
    {
        "key": "rocket",
        "title": "Photograph: a rocket",
        "picture": "skimage:rocket.jpg",
        "sentences": ["A rocket on its launch pad.", "A rocket with smoke below it.", "Towers at night."],
        "kind": "photograph",
        "credit": "“Rocket” by SpaceX, CC0, from scikit-image",
    },
    {
        "key": "astronaut",
        "title": "Photograph: an astronaut",
        "picture": "skimage:astronaut.png",
        "sentences": [
            "A woman in an orange space suit in front of a flag.",
            "An astronaut with a model of a rocket.",
            "A smiling woman.",
        ],
        "kind": "photograph",
        "credit": "“Eileen Collins” by NASA, public domain, from scikit-image",
    },
)


def make(folder: Path) -> None:
    """Write the pictures, the list and the features, from the scenes of a folder."""
    FOLDER.mkdir(exist_ok=True)
    scenes = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    listed = [_entry(folder, scenes[number]) for number in CHOSEN]
    text = json.dumps([*listed, *PHOTOGRAPHS], indent=1, ensure_ascii=False)
    (FOLDER / "samples.json").write_text(text + "\n", encoding="utf-8")
    examples.cache_clear()
    kept = {}
    for one in examples():
        pixels = read_picture(one.path()).pixels
        kept[f"{one.key}.boxes"] = find_boxes(pixels, count=36)
        kept[f"{one.key}.features"] = regions.encode(pixels, kept[f"{one.key}.boxes"]).numpy().astype(np.float16)
    np.savez_compressed(FOLDER / "regions.npz", **kept)
    print(f"{len(examples())} samples kept in {FOLDER.name}")


def _entry(folder: Path, scene: Mapping[str, Any]) -> dict[str, Any]:
    """A scene as an entry of the list; its sentences with the most mentions first."""
    names = list(dict.fromkeys(thing["name"] for thing in scene["objects"]))
    key = "-".join(names[:2]).replace(" ", "-").lower()
    shutil.copy(folder / scene["image"], FOLDER / f"{key}.jpg")
    sentences = sorted(scene["sentences"], key=lambda s: -len(s["mentions"]))
    return {
        "key": key,
        "title": ", ".join(names).capitalize(),
        "picture": f"{key}.jpg",
        "sentences": [sentence["text"] for sentence in sentences],
        "kind": "composed scene",
        "credit": "; ".join(dict.fromkeys(thing["credit"] for thing in scene["objects"])),
    }
