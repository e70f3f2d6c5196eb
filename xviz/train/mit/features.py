"""Rooms as the recipes of the interlaced Transformer take them: cut, with the features of their photos, kept on disk.

Cutting a cloud and looking at its photos takes seconds, a training step tenths of one; so both are done once for each
room and kept under ``DIR/supervoxels-…``, whose name is a digest of what they depend on. Labels of points are kept
beside them as counts; they are for measuring and for the fully supervised bound, no other training reads them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xviz.core.errors import SampleError
from xviz.core.provenance import digest
from xviz.core.sample import Photos, PointCloud, Sample
from xviz.data.cloud.scene import read_scene
from xviz.models import photos
from xviz.models.clouds import Cut, cut
from xviz.models.mit_settings import COLOURS, Settings

_PLY = {"float": "<f4", "uchar": "u1", "ushort": "<u2"}
Light = NDArray[np.float32]
ARRAYS = ("of_point", "small_voxel", "places", "colours", "upright", "supervoxel")


@dataclass(frozen=True, eq=False)
class Room:
    """One room of a training set."""

    name: str
    cut: Cut
    features: Tensor  #: (photos, patches, 1280) half precision; three more where tokens say their colour
    here: Tensor  #: (photos, patches) bool
    tags: NDArray[np.float32]  #: (classes,) 1 where the room has the class
    labels: NDArray[np.int64]  #: (small voxels, classes) points of each class

    @property
    def truth(self) -> NDArray[np.int64]:
        """(small voxels,) the class of most points, −1 where none is known."""
        return np.where(self.labels.any(1), self.labels.argmax(1), -1)


def make_room(
    name: str,
    cloud: PointCloud,
    views: Photos,
    tags: NDArray[np.float32],
    label: NDArray[np.int64],
    settings: Settings,
) -> Room:
    """A room out of its parts; ``label`` (points,) is the class of each point, −1 for none."""
    cut_cloud = cut(cloud, settings)
    features, present = photos.look(views.images, settings.grid, colours=settings.colours)
    count = len(settings.classes)
    known = label >= 0
    counts = np.bincount(
        cut_cloud.small_voxel[known] * count + label[known], minlength=len(cut_cloud.supervoxel) * count
    )
    return Room(
        name,
        cut_cloud,
        features.half().unflatten(0, (len(views.names), -1)),
        present.unflatten(0, (len(views.names), -1)),
        tags,
        counts.reshape(-1, count),
    )


def rooms(folder: Path, split: str, settings: Settings, *, limit: int = 0) -> list[Room]:
    """The rooms of a split ("train", "val" or "test"), by name; the first so many where there is a limit.

    Raises:
        SampleError: there are none, or they were made for other classes.
    """
    known = tuple(json.loads((folder / "classes.json").read_text(encoding="utf-8"))["classes"])
    if known != tuple(settings.classes):
        raise SampleError(f"The rooms of {folder.name} have the classes {known}; the model's are {settings.classes}.")
    scenes = sorted(path for path in (folder / split).glob("scene*") if path.is_dir())
    if not scenes:
        raise SampleError(
            f"There are no rooms under {split} of {folder.name}; make some with “xviz make rooms --out DIR”."
        )
    made_of = (settings.small_voxel, settings.grid, known, *(("colours",) if settings.colours else ()))
    store = folder / f"supervoxels-{digest(*map(str, made_of))[:8]}" / split
    loaded = []
    for scene in scenes[: limit or None]:
        path = store / f"{scene.name}.npz"
        if not path.is_file() or path.stat().st_mtime < (scene / "tags.json").stat().st_mtime:
            save(_room(scene, settings), path)
        loaded.append(load(path))
    return loaded


def _room(scene: Path, settings: Settings) -> Room:
    """The room of a scene folder."""
    sample = Sample(scene.name, read_scene(scene, unit="m", up="z"))
    listed = json.loads((scene / "tags.json").read_text(encoding="utf-8"))["classes"]
    cloud, views = sample.part("points", PointCloud), sample.part("views", Photos)
    tags = np.array([name in listed for name in settings.classes], np.float32)
    return make_room(scene.name, cloud, views, tags, labels_of(scene), settings)


def labels_of(scene: Path) -> NDArray[np.int64]:
    """(points,) the class of every point of a scene that “xviz make rooms” made, −1 for none."""
    data = (scene / f"{scene.name}_vh_clean_2.labels.ply").read_bytes()
    start = data.index(b"end_header\n") + len(b"end_header\n")
    words = [line.split() for line in data[:start].decode("ascii").splitlines()]
    kinds = [(word[2], _PLY[word[1]]) for word in words if word[0] == "property"]
    count = next(int(word[2]) for word in words if word[0] == "element")
    return np.frombuffer(data, np.dtype(kinds), count, start)["label"].astype(np.int64) - 1


def save(room: Room, path: Path) -> None:
    """Keep a room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {name: getattr(room.cut, name) for name in ARRAYS}
    part = path.with_suffix(f".{os.getpid()}.npz")  # two processes may cut the same room
    np.savez(part, **arrays, features=room.features.numpy(), here=room.here.numpy(), tags=room.tags, labels=room.labels)
    part.replace(path)  # whole or not at all


def load(path: Path) -> Room:
    """A room that was kept."""
    with np.load(path) as arrays:
        cut_cloud = Cut(*(arrays[name] for name in ARRAYS))
        features, present = torch.from_numpy(arrays["features"]), torch.from_numpy(arrays["here"])
        return Room(path.stem, cut_cloud, features, present, arrays["tags"], arrays["labels"])


def turned(cut_cloud: Cut, rng: np.random.Generator, *, grey: float = 0.05, light: Light | None = None) -> Cut:
    """The cloud turned about the vertical, mirrored, scaled, in another light; in a share ``grey`` without colours."""
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    places = cut_cloud.places.copy()
    places[:, :2] = places[:, :2] @ turn.T * [rng.choice([-1, 1]), 1]
    light = drawn_light(rng) if light is None else light
    colours = (cut_cloud.colours + 1) * light - 1 + rng.normal(0, 0.05, cut_cloud.colours.shape).astype(np.float32)
    colours = np.zeros_like(colours) if rng.random() < grey else np.clip(colours, -1, 1)
    return replace(cut_cloud, places=(places * scale).astype(np.float32), colours=colours)


def drawn_light(rng: np.random.Generator) -> Light:
    """How much of red, green and blue a light has."""
    return rng.uniform(0.8, 1.2, 3).astype(np.float32) * rng.uniform(0.8, 1.2)


def in_light(features: Tensor, light: Light, rng: np.random.Generator) -> Tensor:
    """Features that end in a mean colour, each photo of which is seen in nearly the light of its cloud.

    Args:
        features: (photos, patches, d).
        light: (3,) of the cloud.
        rng: Draws how each photo differs from it.
    """
    others, colours = features[..., :-COLOURS], features[..., -COLOURS:]
    count = len(features)
    own = torch.from_numpy(
        light * rng.uniform(0.95, 1.05, (count, 1, 1)) * rng.uniform(0.99, 1.01, (count, 1, COLOURS))
    )
    return torch.cat([others, ((colours + 1) * own.float() - 1).clamp(-1, 1)], -1)


def some_photos(room: Room, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Features (count, patches, 1280) and presence of some photos: one out of each of ``count`` runs of the order.

    A room with fewer photos gives all.
    """
    total = len(room.features)
    if total <= count:
        return room.features.float(), room.here
    edges = np.linspace(0, total, count + 1)
    chosen = [int(rng.integers(int(a), max(int(a) + 1, int(b)))) for a, b in pairwise(edges)]
    return room.features[chosen].float(), room.here[chosen]
