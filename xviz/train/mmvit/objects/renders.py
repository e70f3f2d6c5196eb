"""Make the training set of object pictures: furniture models under many views and lights, as cut-outs.

``xviz make renders --out DIR`` fetches the Debian package ``sweethome3d-furniture``, renders
its models of twelve kinds of things, each under ``VIEWS`` views and lights of its own, and writes ``objects.npz`` (the
cut-outs) and ``objects.json`` (the models with their credits and splits). Pictures are put together from cut-outs and
made backgrounds when they are needed (`xviz.train.mmvit.objects.pictures`), so that the true mask of every thing is
known.

One model in five of every kind, at least two, is for testing alone (``model``). Models of one library with one title
are taken as one, since many differ in colour or side only. Of the others, the last views are for testing (``view``).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xviz.train.common import furniture
from xviz.train.common.furniture import Model, Shot
from xviz.train.common.sources import SourceError, fetch
from xviz.train.common.tables import paired

#: name in the catalogue, as the scenes say it → kind of thing
KINDS: Mapping[str, str] = dict(
    paired(
        """
    chair=chair, table=table, coffee table=table, glass table=table, desk=table, sofa=sofa, armchair=sofa, bed=bed,
    crib=bed, bunk bed=bed, hospital bed=bed, cabinet=cabinet, wardrobe=cabinet, cupboard=cabinet, vanity=cabinet,
    lamp=lamp, table lamp=lamp, desk lamp=lamp, hanging lamp=lamp, street lamp=lamp, window=window, door=door,
    double door=door, potted plant=plant, bush=plant, bamboo=plant, tulips=plant, tree=tree, pine tree=tree,
    coconut tree=tree, palm tree=tree, Christmas tree=tree, peach blossom=tree, car=vehicle, SUV=vehicle,
    van=vehicle, truck=vehicle, bus=vehicle, city bus=vehicle, man=person, woman=person, boy=person, girl=person
    """
    )
)
SIDE = 96  #: longer side of a cut-out, pixels
MOST = 26  #: models of one kind
VIEWS = 16  #: of each model
NEW_VIEWS = 3  #: of these, the last ones of models that are trained on, kept for testing
TESTED = 0.2  #: share of a kind's models kept for testing


def build(out: Path, cache: Path, *, seconds: float = 1800.0) -> None:
    """Fetch, render and write the set.

    Raises:
        SourceError: the package cannot be had, or nothing was rendered.
    """
    every = furniture.catalogue(fetch(cache, keys=("furniture",))["furniture"], most=60)
    models = chosen(every)
    folder = cache / "objects"
    shots = {model.id: shots_of(model) for model in models}
    furniture.render(models, folder, shots=shots, side=2 * SIDE, seconds=seconds)
    write(out, models, folder)


def chosen(every: Iterable[Model]) -> list[Model]:
    """The models of the kinds, at most ``MOST`` of each, by chance that hangs on their names alone."""
    by_kind: dict[str, dict[str, Model]] = defaultdict(dict)
    for model in every:
        if model.name in KINDS:
            by_kind[KINDS[model.name]].setdefault(model.id, model)
    groups = [sorted(models.values(), key=lambda model: _chance(model.id))[:MOST] for models in by_kind.values()]
    return sorted((model for models in groups for model in models), key=lambda model: (model.archive.name, model.id))


def shots_of(model: Model) -> list[Shot]:
    """Views from the front half, each under a lamp from somewhere above, every third under even light."""
    rng = np.random.default_rng(int(_chance(model.id)[:12], 16))
    shots = []
    for view in range(VIEWS):
        lamp = None if view % 3 == 0 else (float(rng.uniform(-80, 80)), float(rng.uniform(5, 70)))
        shots.append(Shot(float(rng.uniform(-70, 70)), float(rng.uniform(2, 35)), lamp))
    return shots


def splits(models: Sequence[Model]) -> dict[str, str]:
    """Model → ``train`` or ``model``: about one in five of each kind is only tested, titles as a whole."""
    titles: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for model in models:
        titles[KINDS[model.name]][model.archive.name, model.title].append(model.id)
    tested: set[str] = set()
    for these in titles.values():
        room = max(2, round(TESTED * sum(map(len, these.values()))))
        for title in sorted(these, key=lambda title: _chance("".join(title))):
            if len(these[title]) <= room:
                tested |= set(these[title])
                room -= len(these[title])
    return {model.id: "model" if model.id in tested else "train" for model in models}


def write(out: Path, models: Sequence[Model], folder: Path) -> None:
    """Pack the rendered pictures of a folder and list their models.

    Raises:
        SourceError: the folder holds none.
    """
    split, cutouts, sizes, rows, parts, listed = splits(models), [], [], [], [], []
    for model, view, path in furniture.pictures(models, folder, VIEWS):
        if not listed or listed[-1]["id"] != model.id:
            listed.append({"id": model.id, "kind": KINDS[model.name], "title": model.title, "credit": model.credit})
            listed[-1] |= {"licence": model.licence, "split": split[model.id]}
        own, size = squared(Image.open(path))
        cutouts.append(own)
        sizes.append(size)
        rows.append(len(listed) - 1)
        parts.append("view" if split[model.id] == "train" and view >= VIEWS - NEW_VIEWS else split[model.id])
    if not cutouts:
        raise SourceError(f"Expected rendered pictures in {folder}; found none. Delete the folder and build again.")
    out.mkdir(parents=True, exist_ok=True)
    pixels = np.stack(cutouts)
    np.savez_compressed(out / "objects.npz", cutouts=pixels, sizes=np.array(sizes), models=rows, splits=parts)
    text = json.dumps({"kinds": sorted(set(KINDS.values())), "models": listed}, indent=1, ensure_ascii=False)
    (out / "objects.json").write_text(text + "\n", encoding="utf-8")


def squared(picture: Image.Image) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """A cut-out scaled to ``SIDE`` at its longer side, (SIDE, SIDE, 4) in the upper left, and its height and width."""
    scale = SIDE / max(picture.size)
    wide, tall = (max(1, round(side * scale)) for side in picture.size)
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[:tall, :wide] = np.asarray(
        picture.convert("RGBa").resize((wide, tall), Image.Resampling.BOX).convert("RGBA")
    )
    return pixels, (tall, wide)


def _chance(text: str) -> str:
    return hashlib.sha256(f"xviz objects {text}".encode()).hexdigest()
