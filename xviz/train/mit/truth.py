"""Links and places held against what is known of made rooms: poses, depth and labels, which the model never saw.

Links: the share of a patch's score on supervoxels whose middle lies within half a metre of what the patch's middle
truly shows, beside equal scores for all, an untrained model, photos in another light, and what one would score who knew
the class and the height of everything; and the share on points of the same class as that place. Places: the share of
each method's relevance for a class that lies on points of that class, beside the class map itself, alone and with
attention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz import engine
from xviz.core.run import Run, Target
from xviz.core.sample import Photos, Sample
from xviz.core.tokens import PatchGrid, Segments
from xviz.data.cloud.scene import read_scene
from xviz.explain import METHODS
from xviz.explain.class_map import fused
from xviz.geometry import pinhole
from xviz.models.photos import Frame
from xviz.train.mit.features import Room

RADIUS = 0.5  #: metres within which a link is right
HEIGHT = 0.3  #: metres within which a height is known
LIT, LIGHT = ", in another light", 0.2  #: photos so much brighter or darker than the cloud
PATCHES, COSTLY = 40, 1  #: of a room, for attention rows and for methods that take long
LINKED = ("rollout", "relevance", "gradient")
PLACED = ("look", "received", "rollout", "relevance", "gradcam", "gradient", "integrated")
STEPS = 8  #: of integrated gradients here, an eighth of the usual
CLASSES = 2  #: of a room whose places are asked for
EVERYWHERE = ("wall", "floor")  #: classes that are not asked for: most of a room is theirs


def runs(
    loaded: engine.Loaded, folder: Path, some: Sequence[Room]
) -> Iterator[tuple[Room, Sample, dict[str, tuple[engine.Loaded, Run]]]]:
    """Each room with its sample, and its runs by the trained model ("") and by an untrained one (", untrained")."""
    control = engine.untrained(loaded.card)
    for room in some:
        sample = Sample(room.name, read_scene(folder / room.name, unit="m", up="z"))
        prepared = loaded.card.prepare(sample, loaded.card.settings)
        assert loaded.card.encode is not None
        yield room, sample, {
            name: (each, engine.run_inputs(each, loaded.card.encode(each.module, prepared), sample))
            for name, each in (("", loaded), (", untrained", control))
        }  # fmt: skip


# Links


def links(loaded: engine.Loaded, folder: Path, some: Sequence[Room], seed: int = 0) -> dict[str, Any]:
    """Share of each patch's scores near what it shows, in per cent, by layer of the decoder and by method."""
    rng, shares_of, alike, chance, luck_alike = np.random.default_rng(seed), {}, {}, [], []
    known: dict[str, list[float]] = {}
    for room, sample, both in runs(loaded, folder, some):
        run = both[""][1]
        targets, true, names = list(seen(run, sample, rng, PATCHES)), shares(room), list(run.outputs)
        both = {**both, LIT: (loaded, engine.run(loaded, relit(sample)))}
        for suffix, (each, own) in both.items():
            middles = own.space("supervoxels", Segments).middles
            for index, (patch, truth) in enumerate(targets):
                shown_class = _class_at(room, own, truth)
                same = true[:, names.index(shown_class)]
                if not suffix:
                    for name, scores in knowing(middles, truth, same):
                        known.setdefault(name, []).append(pinhole.agreement(scores, middles, truth, radius=RADIUS)[0])
                costly = index < COSTLY and suffix != LIT
                for name, scores in _answers(each, own, patch, shown_class, costly=costly):
                    share, luck = pinhole.agreement(scores, middles, truth, radius=RADIUS)
                    shares_of.setdefault(name + suffix, []).append(share)
                    alike.setdefault(name + suffix, []).append(float(scores @ same / scores.sum()))
                    if not suffix and name == "layer 2":
                        chance.append(luck)
                        luck_alike.append(float(same.mean()))
    means, same_class = _per_cent(shares_of), _per_cent(alike)
    lit = [{n.removesuffix(LIT): part.pop(n) for n in list(part) if n.endswith(LIT)} for part in (means, same_class)]
    layers = {name: share for name, share in means.items() if name.startswith("layer")}
    return {
        "rooms": len(some),
        "patches": len(shares_of[next(iter(layers))]) if layers else 0,
        "metres": RADIUS,
        "chance": round(100 * float(np.nanmean(chance)), 1),
        "layers": layers,
        "methods": {name: share for name, share in means.items() if name not in layers},
        "asked of methods": COSTLY * len(some),
        "same class": same_class,
        "chance of the same class": round(100 * float(np.nanmean(luck_alike)), 1),
        "knowing": _per_cent(known),
        "in another light": dict(zip(("layers", "same class"), lit, strict=True)),
    }


def framed(loaded: engine.Loaded, sample: Sample, seed: int = 0) -> dict[str, Any]:
    """The same share, in per cent, for every patch of a real frame whose depth is known; there are no classes."""
    measured: dict[str, Any] = {"sample": sample.name, "metres": RADIUS}
    for name, each in (("layers", sample), ("in another light", relit(sample))):
        run, of_layers, luck = engine.run(loaded, each), {}, []
        middles, output = run.space("supervoxels", Segments).middles, next(iter(run.outputs))
        for patch, truth in seen(run, each, np.random.default_rng(seed), len(run.inputs.present["patches"])):
            for layer, scores in _answers(loaded, run, patch, output, costly=False):
                share, chance = pinhole.agreement(scores, middles, truth, radius=RADIUS)
                of_layers.setdefault(layer, []).append(share)
            luck.append(chance)
        measured |= {name: _per_cent(of_layers), "patches": len(luck), "chance": _per_cent({"": luck})[""]}
    return measured


def relit(sample: Sample) -> Sample:
    """The sample with photos by turns brighter and darker than the cloud."""
    views = sample.part("views", Photos)
    images = tuple(
        np.clip(image * (1 + LIGHT * (-1) ** number), 0, 255).astype(np.uint8)
        for number, image in enumerate(views.images)
    )
    return Sample(sample.name, {**sample.parts, "views": replace(views, images=images)})


def knowing(
    middles: NDArray[np.floating], truth: NDArray[np.floating], same: NDArray[np.floating]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Scores of the supervoxels by what could be known of a patch without where its camera stood.

    Args:
        middles: (supervoxels, 3) metres.
        truth: (3,) what the patch shows.
        same: (supervoxels,) the share of each that has the class at that place.
    """
    scores = np.maximum(same.astype(np.float64), 1e-9)
    yield "its class", scores
    yield "its class and height", scores * np.exp(-(((middles[:, 2] - truth[2]) / HEIGHT) ** 2) / 2)


def _per_cent(shares: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: round(100 * float(np.nanmean(values)), 1) for name, values in shares.items()}


def seen(run: Run, sample: Sample, rng: np.random.Generator, most: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Some patches with the place, (3,) metres, that the pixel in their middle shows; those without a depth are not."""
    views, grid = sample.part("views", Photos), run.space("patches", PatchGrid)
    assert views.poses is not None
    assert views.intrinsics is not None
    assert views.depths is not None
    present = run.inputs.present["patches"].numpy()
    for patch in rng.permutation(np.flatnonzero(present))[:most]:
        photo, row, column = grid.place(int(patch))
        x0, y0, x1, y1 = Frame(views.images[photo].shape[:2], grid.grid).box(row, column)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        tall, wide = views.images[photo].shape[:2]
        depth = views.depths[photo]
        metres = depth[int(y * depth.shape[0] / tall), int(x * depth.shape[1] / wide)]
        position = pinhole.back_project([(x, y)], [metres], views.poses[photo], views.intrinsics[photo])[0]
        if np.isfinite(position).all():
            yield int(patch), position


def _answers(
    loaded: engine.Loaded, run: Run, patch: int, output: str, *, costly: bool
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Scores of the supervoxels for one patch: attention rows layer by layer, and methods."""
    target = Target(output, "patches", (patch,))
    for call in run.calls:
        if call.name.endswith(".cross") and call.queries.endswith("patches"):
            row = METHODS["look"].explain(loaded, run, target, call=call.name)
            yield f"layer {int(call.name.split('.')[1]) + 1}", row.scores["supervoxels"]
    if costly:
        for method in LINKED:
            scores = METHODS[method].explain(loaded, run, target).scores["supervoxels"]
            if scores.max() > 0:
                yield method, np.maximum(scores, 0)


def _class_at(room: Room, run: Run, position: NDArray[np.float64]) -> str:
    """The class of the supervoxel nearest to a place, which is the output that methods explain."""
    nearest = np.linalg.norm(run.space("supervoxels", Segments).middles - position, axis=1).argmin()
    names = list(run.outputs)
    return names[int(shares(room)[nearest].argmax())]


# Places


def shares(room: Room) -> NDArray[np.float64]:
    """(supervoxels, classes) the share of each supervoxel's points that has each class."""
    counts = np.zeros((room.cut.supervoxels, room.labels.shape[1]))
    np.add.at(counts, room.cut.supervoxel, room.labels)
    return counts / np.maximum(np.bincount(room.cut.of_point, minlength=room.cut.supervoxels), 1)[:, None]


def places(loaded: engine.Loaded, folder: Path, some: Sequence[Room]) -> dict[str, Any]:
    """Share of each method's relevance for a class on points of it, in per cent, beside chance and an idle model."""
    shares_of: dict[str, list[float]] = {}
    chance, count = [], 0
    for room, _, both in runs(loaded, folder, some):
        true, names = shares(room), list(loaded.card.outputs)
        classes = [
            i for i, name in enumerate(names) if room.tags[i] and name not in EVERYWHERE and true[:, i].max() > 0.5
        ]
        for index in classes[:: max(1, len(classes) // CLASSES)][:CLASSES]:
            count += 1
            chance.append(float(true[:, index].mean()))
            for suffix, (each, run) in both.items():
                for name, scores in _of_class(each, run, names[index], index):
                    above = np.maximum(scores, 0)
                    share = float((above * true[:, index]).sum() / above.sum()) if above.sum() > 0 else 0.0
                    shares_of.setdefault(name + suffix, []).append(share)
    return {
        "rooms": len(some),
        "asked": count,
        "chance": round(100 * float(np.mean(chance)), 1),
        "methods": {name: round(100 * float(np.mean(values)), 1) for name, values in shares_of.items()},
    }


def _of_class(loaded: engine.Loaded, run: Run, output: str, index: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Scores of the supervoxels for one class: the class map, alone and with attention, and methods."""
    maps = fused(loaded, run)
    yield "class map", maps.map[:, index]
    yield "class map × attention", maps.weighted[:, index]
    yield "class map fused with attention", maps.fused[:, index]
    run = engine.regrad(loaded, run, output)
    for method in PLACED:
        method_record = METHODS[method]
        focus = method in ("look", "rollout")  # these know the class only through its token
        target = Target(output, "classes_3d", (index,)) if focus else Target(output)
        options: Mapping[str, Any] = {"n_steps": STEPS} if method == "integrated" else {}
        yield method, method_record.explain(loaded, run, target, **options).scores["supervoxels"]
