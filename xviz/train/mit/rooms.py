"""Compose, photograph and scan furnished rooms: the set that the model of points and photos learns from.

Run ``xviz make rooms --out DIR --rooms N --seed S``. Rooms of the parts train, val and test hold
different furniture (`xviz.train.mit.kinds.divided`). Scenes that are there already are kept, so that a run that was
cut goes on.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np

from xviz.train.mit.furnishing import Furnisher, Room
from xviz.train.mit.kinds import CLASSES, PARTS, divided, kinds, load
from xviz.train.mit.photographs import Camera, Photo
from xviz.train.mit.scanning import fused, path
from xviz.train.mit.scenefiles import is_whole, write_scene

#: frames of a scan and how many of them are kept as photos
FRAMES, PHOTOS = (22, 29), (8, 11)
#: share of rooms for validation and testing when all parts are made at once
SHARES = {"train": 18 / 21, "val": 1 / 21, "test": 2 / 21}
#: first number of each part's scenes
FIRST = {"train": 0, "val": 5000, "test": 7000}


def build(out: Path, folder: Path, number: int, seed: int, parts: tuple[str, ...] = PARTS) -> None:
    """Make the rooms of the parts.

    Args:
        out: Folder of the set.
        folder: The unpacked furniture package.
        number: Rooms in all; of one part if only one is made.
        seed: Seed of every room.
        parts: Parts to make.
    """
    out.mkdir(parents=True, exist_ok=True)
    classes = {"classes": list(CLASSES), "labels": "1 + index; 0 is none of them"}
    (out / "classes.json").write_text(json.dumps(classes, indent=1) + "\n", encoding="utf-8")
    every = kinds(folder)
    part_of = divided(every)
    camera = Camera()
    counts = {part: number if len(parts) == 1 else round(number * SHARES[part]) for part in parts}
    numbered = sorted(((n + 1) / counts[part], part, n) for part in parts for n in range(counts[part]))
    todo = [(part, n) for _, part, n in numbered if not is_whole(_scene(out, part, n))]
    furnishers = {}
    if todo:
        models = list(load(k for k in every if part_of[k.id] in counts))
        furnishers = {part: Furnisher([(k, s) for k, s in models if part_of[k.id] == part]) for part in parts}
    for part, n in todo:
        began = time.time()
        rng = np.random.default_rng([seed, PARTS.index(part), n])
        room = furnishers[part].furnish(rng, n)
        points = _write(_scene(out, part, n), room, camera, rng)
        took = f"{time.time() - began:.1f} s"
        print(
            f"{part} {n + 1} of {counts[part]}: {room.kind}, {len(room.boxes)} pieces, {points} points, {took}",
            flush=True,
        )


def _scene(out: Path, part: str, number: int) -> Path:
    return out / part / f"scene{FIRST[part] + number:04d}_00"


def _write(folder: Path, room: Room, camera: Camera, rng: np.random.Generator) -> int:
    """Photograph and scan one room; returns the number of points."""
    camera.load(room.solid, room.lamps, room.exposure)
    poses = path(room.plan, room.boxes, int(rng.integers(*FRAMES)), rng)
    count = int(rng.integers(PHOTOS[0], PHOTOS[1] + 1))
    chosen = set(np.linspace(0, len(poses), count, endpoint=False).astype(int).tolist())
    photos: list[Photo] = [camera.take(pose, fine=n in chosen) for n, pose in enumerate(poses)]
    scan = fused(photos, poses, rng)
    metadata = {
        "kind": room.kind,
        "height": round(room.plan.height, 3),
        "models": sorted({model.id for model in room.models}),
        "credits": sorted({model.credit for model in room.models}),
    }
    ordered = sorted(chosen)
    write_scene(folder, scan, [photos[n] for n in ordered], [poses[n] for n in ordered], metadata, CLASSES)
    return len(scan.xyz)
