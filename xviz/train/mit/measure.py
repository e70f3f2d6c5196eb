"""What the rooms checkpoint can do and how far its links and explanations can be trusted: the numbers of its record.

Segmentation, of furniture never seen: intersection over union of the first stage's class map, of the pseudo labels on
the training rooms, and of the second stage. Classes: which of them are in a room, mean average precision. Links and
places: see `xviz.train.mit.truth`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xviz import engine
from xviz.checkpoints import FOLDER
from xviz.core.sample import Sample
from xviz.data.cloud.scene import read_scene
from xviz.data.shipped import load_sample, samples
from xviz.models.clouds import laid
from xviz.models.mit import MIT
from xviz.models.mit_cards import MIT_CARD
from xviz.models.mit_encode import with_neighbours, with_photos
from xviz.train.common.placement import average_precision
from xviz.train.mit.features import Room, rooms
from xviz.train.mit.labelling import tokens_of
from xviz.train.mit.second import first_map, shape_of, turned_map
from xviz.train.mit.shown import as_tokens
from xviz.train.mit.steady import steadiness
from xviz.train.mit.steps import scores
from xviz.train.mit.truth import framed, links, places, relit
from xviz.train.mit.truth import shares as of_supervoxels

REAL = "kinect"  #: the one sample that is no made room
LIT = "second stage, in another light"
OTHERWISE = ("trained otherwise", "linked otherwise", "photos otherwise")  #: parts of the record that ``compare`` makes


def measure(folder: Path, out: Path, *, scenes: int = 10) -> dict[str, Any]:
    """Measure the shipped checkpoint on the rooms of a folder and write the record ``out`` (JSON)."""
    torch.set_num_threads(1)
    loaded = engine.load(MIT_CARD)
    model, settings = loaded.model(MIT), MIT_CARD.settings
    log = json.loads((FOLDER / "mit.log.json").read_text(encoding="utf-8"))
    fit = rooms(folder, "train", settings, limit=log["recipe"]["rooms"])
    test = rooms(folder, "test", settings)
    record: dict[str, Any] = {
        "card": MIT_CARD.key,
        "checkpoint_sha256": loaded.sha256,
        "parameters": {name: _count(part) for name, part in _parts(model).items()},
        "rooms": {"train": log["recipe"]["rooms"], "second": log["second rooms"], "test": len(test)},
        "segmentation": segmentation(model, fit, test)
        | {"pseudo labels": _by_class(log["pseudo"], settings.classes)}
        | {LIT: in_another_light(loaded, folder / "test", test)},
        "classes": found_classes(model, test),
        "links": links(loaded, folder / "test", test[:scenes]),
        "places": places(loaded, folder / "test", test[:scenes]),
        "real frame": framed(loaded, load_sample(REAL)),
        "steady": {
            "composed": steadiness(loaded, [entry.load() for entry in samples(MIT_CARD.key) if entry.name != REAL]),
            "real": steadiness(loaded, [load_sample(REAL)]),
        },
    }
    if out.is_file():
        before = json.loads(out.read_text(encoding="utf-8"))
        record |= {name: before[name] for name in OTHERWISE if name in before}
    out.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return record


def _parts(model: MIT) -> dict[str, torch.nn.Module | None]:
    return {"all": model, "3D network": model.unet, "3D network of the second stage": model.second}


def _count(module: torch.nn.Module | None) -> int:
    return 0 if module is None else sum(p.numel() for p in module.parameters())


def segmentation(model: MIT, fit: Sequence[Room], test: Sequence[Room]) -> dict[str, Any]:
    """Intersection over union by class, of both stages on the test rooms; ``fit`` says which class is commonest."""
    settings = model.settings
    assert model.second is not None
    assert model.classify_second is not None
    net, classify = model.second, model.classify_second

    def first(room: Room) -> NDArray[np.float32]:
        return first_map(model, room)

    @torch.no_grad()
    def second(room: Room, *, photos: bool = True, neighbours: bool = True) -> NDArray[np.float32]:
        classes = torch.from_numpy(turned_map(net, classify, room, settings))
        tokens, present, places = tokens_of(model, room)
        if photos and settings.photos_say:
            classes = with_photos(model, classes, tokens, present, places)
        return (with_neighbours(model, classes, tokens, places) if neighbours else classes).numpy()

    ways = {
        "first stage": scores((first(r).argmax(1)[r.cut.supervoxel], r) for r in test),
        "first stage, classes given": scores(((first(r) * r.tags).argmax(1)[r.cut.supervoxel], r) for r in test),
        "second stage, points alone": scores((second(r, photos=False).argmax(1)[r.cut.supervoxel], r) for r in test),
        "second stage, each alone": scores((second(r, neighbours=False).argmax(1)[r.cut.supervoxel], r) for r in test),
        "second stage": scores((second(r).argmax(1)[r.cut.supervoxel], r) for r in test),
        "second stage, classes given": scores(((second(r) * r.tags).argmax(1)[r.cut.supervoxel], r) for r in test),
        "true class of every supervoxel": scores((of_supervoxels(r).argmax(1)[r.cut.supervoxel], r) for r in test),
        "largest class everywhere": scores((np.full(len(r.cut.supervoxel), largest(fit)), r) for r in test),
    }
    return {name: _by_class(in_percent, settings.classes) for name, in_percent in ways.items()}


def in_another_light(loaded: engine.Loaded, folder: Path, test: Sequence[Room]) -> dict[str, Any]:
    """Intersection over union of the answer where photos are by turns brighter and darker than the cloud."""

    def answer(room: Room) -> NDArray[np.int64]:
        sample = relit(Sample(room.name, read_scene(folder / room.name, unit="m", up="z")))
        second = engine.prepare(loaded, sample).context["second"]
        return second.argmax(1).numpy()[room.cut.supervoxel]

    return _by_class(scores((answer(room), room) for room in test), loaded.model(MIT).settings.classes)


def _by_class(in_percent: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """The scores with intersection over union by the name of the class."""
    return in_percent | {"IoU": {classes[int(i)]: value for i, value in in_percent["IoU"].items()}}


def largest(fit: Sequence[Room]) -> int:
    """The class of most points."""
    return int(sum(room.labels.sum(0) for room in fit).argmax())


def found_classes(model: MIT, test: Sequence[Room]) -> dict[str, Any]:
    """Mean average precision of the classes in a room, over classes that some rooms have and some do not.

    Beside the answer, that of the class tokens of either side before they met.
    """
    outputs_of_room = [answers(model, room) for room in test]
    outputs = np.array([outputs_here.pop("joint") for outputs_here in outputs_of_room])
    true = np.array([room.tags for room in test]) > 0
    some = np.flatnonzero(true.any(0) & ~true.all(0))
    each = {model.settings.classes[i]: average_precision(outputs[:, i], true[:, i]) for i in some}
    chance = float(np.mean(true[:, some].mean(0)))
    right = float(((outputs > 0) == true)[:, some].mean())
    return {
        "rooms": len(test),
        "mAP": round(100 * float(np.mean(list(each.values()))), 1),
        "chance": round(100 * chance, 1),
        "right": round(100 * right, 1),
        "commoner answer": round(100 * float(np.mean(np.maximum(true.mean(0), 1 - true.mean(0))[some])), 1),
        "before they met": {
            name: _precision(np.array([outputs_here[name] for outputs_here in outputs_of_room]), true, some)
            for name in outputs_of_room[0]
        },
        "average precision": {name: round(100 * float(value), 1) for name, value in each.items()},
    }


def _precision(outputs: NDArray[np.floating], true: NDArray[np.bool_], some: NDArray[np.int64]) -> float:
    """Mean average precision over some classes, in per cent."""
    return round(100 * float(np.mean([average_precision(outputs[:, i], true[:, i]) for i in some])), 1)


@torch.no_grad()
def answers(model: MIT, room: Room) -> dict[str, NDArray[np.float32]]:
    """(classes,) log-odds of a kept room with all photos, "joint", and of "points" and "photos" before they meet."""
    tokens = {"supervoxels": shape_of(model.unet, room, model.settings)}
    present = {"supervoxels": torch.ones(room.cut.supervoxels, dtype=torch.bool)}
    if model.sights:
        tokens[model.sights], present[model.sights] = as_tokens(room.features.float(), room.here, model.sights)
    context = {"places": laid(room.cut, model.settings)["places"]}
    fused = model.fuse(engine.batched(tokens), engine.batched(present), engine.batched(context))
    sides = {"joint": fused.joint} if fused.own_views is None else {
        "joint": fused.joint, "points": fused.own_points, "photos": fused.own_views
    }  # fmt: skip
    return {name: own[0].numpy() for name, own in sides.items()}
