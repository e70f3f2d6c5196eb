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
    """The same recipe with one thing changed, a table for each schedule on which that was trained."""
    return [_forms(schedule) for schedule in found.get("trained otherwise", ())]


def _forms(schedule: dict[str, Any]) -> str:
    """The forms of one schedule, the best class map first."""
    recipe = schedule["recipe"]
    rows = sorted(schedule["forms"].items(), key=lambda form: -np.mean([one["mIoU"] for one in form[1].values()]))
    title = (
        f"**Trained otherwise, {recipe['rooms']} rooms and {recipe['epochs']} epochs** (first stage on the test rooms, "
        "%: mIoU of the class map, mean average precision of the classes found; mean and range over seeds)"
    )
    return table(
        title,
        ["", "mIoU", "mAP", "seeds"],
        [(name, _spread(seeds, "mIoU"), _spread(seeds, "mAP"), str(len(seeds))) for name, seeds in rows],
    )


def _spread(seeds: dict[str, dict[str, float]], name: str) -> str:
    """Mean and range of a number over seeds; a dash where no seed has it."""
    values = [one[name] for one in seeds.values() if name in one]
    if not values:
        return "–"
    return f"{np.mean(values):.1f}" + (f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else "")


def _classes(found: dict[str, Any]) -> str:
    """Which classes are in a room."""
    each = "; ".join(f"{name} {value:.0f}" for name, value in found["average precision"].items())
    return (
        f"Which classes are in a room ({found['rooms']} test rooms, classes that some rooms have and some lack): mean "
        f"average precision {found['mAP']:.1f} % (chance {found['chance']:.1f}), answers right {found['right']:.1f} % "
        f"(always the commoner answer: {found['commoner answer']:.1f}).{_alone(found)} By class: {each}."
    )


def _alone(found: dict[str, Any]) -> str:
    """What the class tokens of either side know before they meet."""
    own = found.get("before they met")
    if not own:
        return ""
    return f" Before they meet, class tokens of points reach {own['points']:.1f}, those of photos {own['photos']:.1f}."


def _truth(found: dict[str, Any]) -> list[str]:
    """Links and places beside chance and an untrained model."""
    links, places = found["links"], found["places"]
    rows = [(f"attention, {key}", f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["layers"])]
    rows += [(METHODS[key].title, f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["methods"])]
    rows.append(("chance (equal attention to all)", f"{links['chance']:.1f}", ""))
    alike = links.get("same class", {})
    same = [
        (METHODS[key].title if key in METHODS else f"attention, {key}", f"{own:.1f}", f"{idle:.1f}")
        for key, own, idle in beside_untrained(alike)
    ]
    same.append(("chance (equal attention to all)", f"{links.get('chance of the same class', 0):.1f}", ""))
    placed = [
        (METHODS[key].title if key in METHODS else key, f"{own:.1f}", f"{idle:.1f}")
        for key, own, idle in beside_untrained(places["methods"])
    ]
    placed.append(("chance (equal relevance of all)", f"{places['chance']:.1f}", ""))
    title = "**Patch → cloud: share on points of the class that the patch shows** (the same patches; %)"
    classes = [table(title, ["", "trained", "untrained model"], same)] if alike else []
    return [
        table(
            f"**Patch → cloud: share within {links['metres']} m of what the patch shows** ({links['patches']} patches "
            f"of {links['rooms']} test rooms, {links['asked of methods']} for methods; %)",
            ["", "trained", "untrained model"],
            rows,
        ),
        *classes,
        table(
            f"**Class → cloud: share on points of the class** ({places['asked']} questions about "
            f"{places['rooms']} test rooms; %)",
            ["", "trained", "untrained model"],
            placed,
        ),
    ]


def linked(found: dict[str, Any]) -> str:
    """How far links of attention meet the true place, in a sentence; whether that is more than luck is said first."""
    links = found["links"]
    own = {key: value for key, value in links["layers"].items() if "untrained" not in key}
    alike = [f"{value:.1f} % in {key}" for key, value in links.get("same class", {}).items() if key in own]
    of_class = f" On points of the class that the patch shows lie {', '.join(alike)} (chance " if alike else ""
    of_class += f"{links['chance of the same class']:.1f} %)." if alike else ""
    verdict = "more often than" if min(own.values()) > 1.5 * links["chance"] else "no more often than"
    said = ", ".join(f"{value:.1f} % in {key}" for key, value in own.items())
    return (
        f"Measured on unseen rooms, these weights link a patch to the place it shows {verdict} chance: {said} of the "
        f"attention within {links['metres']} m ({links['chance']:.1f} % if all were alike).{of_class}"
    )
