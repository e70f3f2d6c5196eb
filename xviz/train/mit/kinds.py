"""Which furniture is of which class, where it stands, and which models the rooms of each part may hold."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xviz.train.common.furniture import described, entries
from xviz.train.common.sources import SourceError
from xviz.train.mit.solids import Solid, fitted, read_obj, thinned

#: classes in the order of their labels, which are 1 + index; 0 is what is none of them
CLASSES = (
    "wall", "floor", "door", "window", "bed", "cabinet", "chair", "lamp", "plant", "screen", "bookcase", "sofa",
    "table", "bath", "appliance",
)  # fmt: skip
PARTS = ("train", "val", "test")
#: class, where it stands, pattern of the name, pattern of the category; the first that fits counts
RULES = (
    ("door", "opening", r"^(exterior |glass |double )?door( with panes)?$", "Doors"),
    ("window", "opening", r"window(?! (shutter|blind))", "Doors"),
    ("cabinet", "wall", r"bedside table|wardrobe|cupboard|^dresser|^chest$|^(drawers|lower|high) cabinet|^small lower"
     r"|television cabinet|tv stand|filing cabinet|^safe$|sideboard|buffet", ""),
    ("cabinet", "hung", r"upper cabinet|glass door cabinet", "Kitchen"),
    ("bookcase", "wall", r"bookcase|shelves(?! cabinet)", "Living|Bedroom|Office"),
    ("bed", "wall", r"\bbed$|^futon$|^crib$", "Bedroom"),
    ("sofa", "wall", r"sofa|couch|^(winchester |modern )?armchair|^day bed|ottoman", "Living|Bedroom"),
    ("chair", "round", r"chair|stool|class seat", "Living|Kitchen|Office"),
    ("lamp", "lamp", r"lamp|light|lantern", "Lights"),
    ("plant", "plant", r"plant|ficus|yucca|bonsai|tulips|lily|orchids|spathiphyllum|bamboo|^flowers|christmas", ""),
    ("screen", "screen", r"\btv\b(?! (remote|stand|cab))|imac|ibook|laptop|monitor", "Living|Office"),
    ("table", "desk", r"desk(?! lamp)|dressing table|workbench", "Living|Office|Bedroom"),
    ("table", "middle", r"table\b(?! (fan|lamp|tennis))", "Living|Office"),
    ("bath", "wall", r"^bath$|bathtub|island bath|toilets unit|bidet|vanity|^(small )?(washbasin|lavatory)|urinal"
     r"|shower stall", "Bathroom"),
    ("appliance", "wall", r"fridge|refrigerator|freezer|(washing|dryer) machine|stove|double oven|dishwasher",
     "Kitchen"),
    ("appliance", "on", r"microwave|small oven|coffee (machine|maker)|deep fryer", "Kitchen"),
)  # fmt: skip
#: names that the patterns catch and that do not belong in a room
NOT = re.compile(
    r"baby high|child(ren)? (chair|table)|wheelchair|street|park light|porch|outdoor|lamppost|camping|elevator|garage"
    r"|shutter|remote|football|pool table|sink|aquarium|contemporary living|corner", re.I
)  # fmt: skip
#: heights of furniture that stands on other furniture, metres
ON_TOP = 0.75
#: models of one library and class whose sizes differ by less than this share count as one when models are divided
ALIKE = 0.15
#: share of the models that rooms for testing and for validation hold
TEST, VAL = 0.25, 0.15


@dataclass(frozen=True)
class Kind:
    """One model and what is known about where it belongs."""

    id: str
    label: str  #: class
    stands: str  #: "opening", "wall", "hung", "round", "floor", "on", "ceiling", "desk" or "middle"
    title: str  #: name in the catalogue
    size: tuple[float, float, float]  #: width, height, depth in centimetres
    elevation: float  #: metres above the floor
    archive: Path
    obj: str
    rotation: tuple[float, ...]
    credit: str


def kinds(folder: Path) -> tuple[Kind, ...]:
    """Every model of the unpacked package that fits a class.

    Raises:
        SourceError: No library lies in the folder.
    """
    archives = sorted(folder.rglob("*.sh3f"))
    if not archives:
        raise SourceError(f"Expected .sh3f libraries under {folder}; found none. Delete the folder and fetch it again.")
    by_id: dict[str, Kind] = {}
    for archive in archives:
        for entry in entries(archive):
            kind = _kind(archive, entry)
            if kind is not None:
                by_id.setdefault(kind.id, kind)
    return tuple(by_id.values())


def divided(models: Iterable[Kind]) -> dict[str, str]:
    """The part ("train", "val" or "test") of every model id; models that look alike stay together.

    The order in which groups are dealt out comes from their names, so that no seed changes it.
    """
    by_label: dict[str, list[list[Kind]]] = defaultdict(list)
    for kind in sorted(models, key=lambda k: k.id):
        groups = by_label[kind.label]
        near = [group for group in groups if any(_alike(kind, other) for other in group)]
        for group in near:
            groups.remove(group)
        groups.append([kind, *(other for group in near for other in group)])
    part = {}
    for groups in by_label.values():
        total = sum(len(group) for group in groups)
        sizes = {"test": 0, "val": 0}
        for group in sorted(groups, key=lambda g: (len(g) > total / 8, _order(g))):
            for name, share, least in (("test", TEST, 2), ("val", VAL, 1)):
                if sizes[name] < least or sizes[name] + len(group) <= share * total + 1:
                    sizes[name] += len(group)
                    part |= dict.fromkeys((k.id for k in group), name)
                    break
            else:
                part |= dict.fromkeys((k.id for k in group), "train")
    return part


def load(models: Iterable[Kind]) -> Iterator[tuple[Kind, Solid]]:
    """Each model at its true size, thinned and labelled; models whose files cannot be read are left out."""
    by_archive: dict[Path, list[Kind]] = defaultdict(list)
    for kind in models:
        by_archive[kind.archive].append(kind)
    for archive, group in by_archive.items():
        with zipfile.ZipFile(archive) as pack:
            for kind in group:
                try:
                    solid = read_obj(pack, kind.obj)
                except (ValueError, KeyError, OSError):
                    continue
                solid = thinned(fitted(solid, kind.size, kind.rotation))
                solid.label[:] = 1 + CLASSES.index(kind.label)
                yield kind, solid


def shelf(solid: Solid) -> float | None:
    """Height of the flat top on which things can stand, metres; None where there is none."""
    edges = solid.corners[:, 1:] - solid.corners[:, :1]
    normal = np.cross(edges[:, 0], edges[:, 1])
    area = np.linalg.norm(normal, axis=1) / 2
    flat = np.abs(normal[:, 2]) > 0.97 * 2 * np.maximum(area, 1e-12)
    width, depth, height = solid.size
    heights = solid.corners[flat].mean(1)[:, 2]
    top = heights > height - 0.03
    return float(height) if area[flat][top].sum() > 0.5 * width * depth else None


def _kind(archive: Path, entry: dict[str, str]) -> Kind | None:
    name, category = entry["name"], entry["category"]
    if NOT.search(name):
        return None
    for label, stands, names, categories in RULES:
        if re.search(names, name, re.I) and re.search(categories, category):
            model = described(archive, name, entry)
            up = float(entry.get("elevation") or 0) / 100
            where = _where(stands, name, model.size[1] / 100, up)
            if where is None or max(model.size) > 320:
                return None
            return Kind(model.id, label, where, name, model.size, up, archive, model.obj, model.rotation, model.credit)
    return None


def _where(stands: str, name: str, height: float, up: float) -> str | None:
    if stands == "lamp":
        if re.search(r"wall", name, re.I):
            return "hung"
        if up > 1.2:
            return "ceiling" if height < 1.0 else None
    if stands == "screen":
        return "hung" if up > 0.5 else "on"
    if stands in ("lamp", "plant"):
        return "on" if height < ON_TOP else "floor"
    return stands


def _alike(kind: Kind, other: Kind) -> bool:
    if kind.archive != other.archive:
        return False
    return bool(np.all(np.abs(np.log(np.divide(kind.size, other.size))) < ALIKE))


def _order(group: list[Kind]) -> str:
    return hashlib.sha256(group[0].id.encode()).hexdigest()
