"""What was measured of rooms, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from xviz.explain import METHODS
from xviz.record.table import IDLE, beside_untrained, table

STAGES = {
    "first stage": "first stage: class map of the supervoxels, nothing given",
    "first stage, classes given": "the same, with the room's list of classes given",
    "second stage": "**second stage**, nothing given",
    "largest class everywhere": "the commonest class everywhere",
}


def trust(found: dict[str, Any], method: str) -> str | None:
    """How much of a method's relevance for a class lay on points of it, beside chance and an untrained model."""
    found = found["places"]
    if method not in found["methods"]:
        return None
    own, idle = found["methods"][method], found["methods"][method + IDLE]
    return (
        f"In {found['asked']} questions about a class in {found['rooms']} rooms, {own:.0f} % of it lay on points of "
        f"the class (chance {found['chance']:.0f} %, untrained model {idle:.0f} %)."
    )


def tables(found: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    return [*_segmentation(found), *_otherwise(found), _classes(found["classes"]), *_truth(found)]


def _segmentation(found: dict[str, Any]) -> list[str]:
    """Intersection over union of the stages, and by class."""
    measured = found["segmentation"]
    rows = [
        (said, f"{measured[key]['mIoU']:.1f}", f"{measured[key]['accuracy']:.1f}")
        for key, said in STAGES.items()
    ]  # fmt: skip
    pseudo = measured["pseudo labels"]
    rooms = found["rooms"]
    first, second = (measured[key]["IoU"] for key in ("first stage", "second stage"))
    names = list(first)
    return [
        table(
            f"**Class of every point, furniture never seen** ({rooms['test']} test rooms; trained on {rooms['train']} "
            "rooms from lists of classes alone; %)",
            ["", "mIoU", "points right"],
            rows,
        ),
        f"The pseudo labels name {pseudo['labelled']:.1f} % of the points of the training rooms, "
        f"{pseudo['accuracy']:.1f} % of these right (mIoU {pseudo['mIoU']:.1f}).",
        table(
            "**The same by class** (IoU, %)",
            ["", *names],
            [
                ("first stage", *(f"{first[name]:.0f}" for name in names)),
                ("second stage", *(f"{second.get(name, 0):.0f}" for name in names)),
            ],
        ),
    ]


def _otherwise(found: dict[str, Any]) -> list[str]:
    """The same recipe with one thing changed, where it was trained."""
    kept = found.get("trained otherwise")
    if not kept:
        return []
    recipe = kept["recipe"]
    rows = []
    for name, seeds in kept["forms"].items():
        values = list(seeds.values())
        spread = f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else ""
        rows.append((name, f"{np.mean(values):.1f}{spread}", str(len(values))))
    title = (
        f"**Trained otherwise** (mIoU of the first stage's class map on the test rooms, %; {recipe['rooms']} rooms and "
        f"{recipe['epochs']} epochs each; mean and range over seeds)"
    )
    return [table(title, ["", "mIoU", "seeds"], sorted(rows, key=lambda row: -float(row[1].split()[0])))]


def _classes(found: dict[str, Any]) -> str:
    """Which classes are in a room."""
    each = "; ".join(f"{name} {value:.0f}" for name, value in found["average precision"].items())
    return (
        f"Which classes are in a room ({found['rooms']} test rooms, classes that some rooms have and some lack): mean "
        f"average precision {found['mAP']:.1f} % (chance {found['chance']:.1f}), answers right {found['right']:.1f} % "
        f"(always the commoner answer: {found['commoner answer']:.1f}). By class: {each}."
    )


def _truth(found: dict[str, Any]) -> list[str]:
    """Links and places beside chance and an untrained model."""
    links, places = found["links"], found["places"]
    rows = [(f"attention, {key}", f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["layers"])]
    rows += [(METHODS[key].title, f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["methods"])]
    rows.append(("chance (equal attention to all)", f"{links['chance']:.1f}", ""))
    placed = [
        (METHODS[key].title if key in METHODS else key, f"{own:.1f}", f"{idle:.1f}")
        for key, own, idle in beside_untrained(places["methods"])
    ]
    placed.append(("chance (equal relevance of all)", f"{places['chance']:.1f}", ""))
    return [
        table(
            f"**Patch → cloud: share within {links['metres']} m of what the patch shows** ({links['patches']} patches "
            f"of {links['rooms']} test rooms, {links['asked of methods']} for methods; %)",
            ["", "trained", "untrained model"],
            rows,
        ),
        table(
            f"**Class → cloud: share on points of the class** ({places['asked']} questions about "
            f"{places['rooms']} test rooms; %)",
            ["", "trained", "untrained model"],
            placed,
        ),
    ]
