"""What was measured of rooms, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from xviz.explain import METHODS
from xviz.record.table import IDLE, beside_untrained, table

STAGES = {
    "first stage": "first stage: class map of the supervoxels, nothing given",
    "first stage, classes given": "the same, with the room's list of classes given",
    "second stage, points alone": "second stage: points alone, nothing given",
    "second stage, each alone": "points and photos, before neighbours have a say",
    "second stage": "**second stage: points, photos and neighbours**, nothing given",
    "second stage, in another light": "the same, photos a fifth brighter or darker than the cloud",
    "second stage, classes given": "the same, with the room's list of classes given",
    "true class of every supervoxel": "who knew the commonest class of every supervoxel",
    "largest class everywhere": "the commonest class everywhere",
}
#: rows of the table by class that say where a class is lost
BY_CLASS = {
    "first stage": "first stage",
    "second stage, points alone": "second stage, points alone",
    "second stage": "second stage, points and photos",
    "pseudo labels": "pseudo labels of the training rooms",
    "true class of every supervoxel": "who knew the commonest class of every supervoxel",
}


def trust(measured: dict[str, Any], method: str) -> str | None:
    """How much of a method's relevance for a class lay on points of it, beside chance and an untrained model."""
    measured = measured["places"]
    if method not in measured["methods"]:
        return None
    own, idle = measured["methods"][method], measured["methods"][method + IDLE]
    return (
        f"Measured on composed rooms: {own:.0f} % of the relevance fell on points of the class, in {measured['asked']} "
        f"questions about {measured['rooms']} rooms (chance {measured['chance']:.0f} %, untrained model {idle:.0f} %)."
    )


LIT = "photos a fifth brighter or darker than the cloud"
KINDS = frozenset({"composed"})  #: of samples, on which methods were measured


def domain(measured: dict[str, Any]) -> str:
    """What it was trained on."""
    return "composed rooms"


def nearest(measured: dict[str, Any], method: str) -> str:
    """What was measured nearest to real scans."""
    places = measured["places"]
    own = places["methods"][method]
    return (
        f"composed rooms with furniture never seen in training, {own:.0f} % of the relevance on points of the class, "
        f"in {places['asked']} questions about {places['rooms']} rooms (chance {places['chance']:.0f} %). No real scan "
        "was measured."
    )


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    return [*_segmentation(measured), *_otherwise(measured), _classes(measured["classes"]), *_truth(measured)]


def _segmentation(measured: dict[str, Any]) -> list[str]:
    """Intersection over union of the stages, and by class."""
    segmentation = measured["segmentation"]
    rows = [
        (words, f"{segmentation[key]['mIoU']:.1f}", f"{segmentation[key]['accuracy']:.1f}")
        for key, words in STAGES.items()
        if key in segmentation
    ]
    pseudo = segmentation["pseudo labels"]
    rooms = measured["rooms"]
    names = list(segmentation["first stage"]["IoU"])
    return [
        table(
            f"**Class of every point, furniture never seen** ({rooms['test']} test rooms; trained on {rooms['train']} "
            f"rooms from lists of classes alone, the second stage on {rooms.get('second', rooms['train'])}; %)",
            ["", "mIoU", "points right"],
            rows,
        ),
        f"The pseudo labels name {pseudo['labelled']:.1f} % of the points of the training rooms, "
        f"{pseudo['accuracy']:.1f} % of these right (mIoU {pseudo['mIoU']:.1f}).",
        table(
            "**The same by class** (IoU, %)",
            ["", *names],
            [
                *(
                    (words, *(f"{segmentation[key]['IoU'].get(name, 0):.0f}" for name in names))
                    for key, words in BY_CLASS.items()
                    if key in segmentation
                ),
            ],
        ),
    ]


def _otherwise(measured: dict[str, Any]) -> list[str]:
    """The same recipe with one thing changed, a table for each schedule on which that was trained."""
    told = [_forms(schedule) for schedule in measured.get("trained otherwise", ())]
    return [*told, _photos_otherwise(measured["photos otherwise"])] if "photos otherwise" in measured else told


def _photos_otherwise(measured: dict[str, Any]) -> str:
    """The second stage with and without photos."""
    recipe = measured["recipe"]
    parts = ("pseudo labels", "points alone", "points and photos")
    return table(
        f"**Photos in the second stage, {recipe['rooms']} rooms and {recipe['second_epochs']} epochs of it** (mIoU, %, "
        "of the pseudo labels on the training rooms and of the answer on the test rooms; mean and range over seeds)",
        ["the training rooms are named by", "pseudo labels", "answer by points alone", "by points and photos", "seeds"],
        [
            (name, *(_spread(seeds, part) for part in parts), str(len(seeds)))
            for name, seeds in measured["forms"].items()
        ],
    )


def _forms(schedule: dict[str, Any]) -> str:
    """The forms of one schedule, the best class map first."""
    recipe = schedule["recipe"]
    rows = sorted(schedule["forms"].items(), key=lambda form: -np.mean([seed["mIoU"] for seed in form[1].values()]))
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
    values = [seed[name] for seed in seeds.values() if name in seed]
    if not values:
        return "–"
    return f"{np.mean(values):.1f}" + (f" ({min(values):.1f}–{max(values):.1f})" if len(values) > 1 else "")


def _classes(measured: dict[str, Any]) -> str:
    """Which classes are in a room."""
    each = "; ".join(f"{name} {value:.0f}" for name, value in measured["average precision"].items())
    return (
        f"Which classes are in a room ({measured['rooms']} test rooms, classes that some rooms have and some lack): "
        f"mean average precision {measured['mAP']:.1f} % (chance {measured['chance']:.1f}), outputs right "
        f"{measured['right']:.1f} % (always the majority class: {measured['commoner answer']:.1f})."
        f"{_alone(measured)} By class: {each}."
    )


def _alone(measured: dict[str, Any]) -> str:
    """What the class tokens of either side know before they meet."""
    own = measured.get("before they met")
    if not own:
        return ""
    return f" Before they meet, class tokens of points reach {own['points']:.1f}, those of photos {own['photos']:.1f}."


def _truth(measured: dict[str, Any]) -> list[str]:
    """Links and places beside chance and an untrained model."""
    links, places = measured["links"], measured["places"]
    rows = [(f"attention, {key}", f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["layers"])]
    rows += [(METHODS[key].title, f"{own:.1f}", f"{idle:.1f}") for key, own, idle in beside_untrained(links["methods"])]
    lit = links.get("in another light", {"layers": {}, "same class": {}})
    rows += [(f"attention, {key}, {LIT}", f"{value:.1f}", "") for key, value in lit["layers"].items()]
    rows += [(f"who knew {key} of everything", f"{value:.1f}", "") for key, value in links.get("knowing", {}).items()]
    rows.append(("chance (uniform attention)", f"{links['chance']:.1f}", ""))
    alike = links.get("same class", {})
    same = [
        (METHODS[key].title if key in METHODS else f"attention, {key}", f"{own:.1f}", f"{idle:.1f}")
        for key, own, idle in beside_untrained(alike)
    ]
    same += [(f"attention, {key}, {LIT}", f"{value:.1f}", "") for key, value in lit["same class"].items()]
    same.append(("chance (uniform attention)", f"{links.get('chance of the same class', 0):.1f}", ""))
    placed = [
        (METHODS[key].title if key in METHODS else key, f"{own:.1f}", f"{idle:.1f}")
        for key, own, idle in beside_untrained(places["methods"])
    ]
    placed.append(("chance (uniform relevance)", f"{places['chance']:.1f}", ""))
    title = "**Patch → cloud: share on points of the class that the patch shows** (the same patches; %)"
    classes = [table(title, ["", "trained", "untrained model"], same)] if alike else []
    if real := measured.get("real frame"):
        classes.append(_real(real))
    if steady := measured.get("steady"):
        classes.append(_steady(steady))
    if other := measured.get("linked otherwise"):
        classes.append(_linked_otherwise(other))
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


def _linked_otherwise(measured: dict[str, Any]) -> str:
    """The stage of links with one thing changed, the best links first."""
    recipe = measured["recipe"]
    forms = sorted(measured["forms"].items(), key=lambda form: -np.mean(list(form[1]["near"].values())))
    rows = [
        (
            name,
            " / ".join(f"{value:.1f}" for value in form["near"].values()),
            " / ".join(f"{value:.1f}" for value in form["same class"].values()),
            f"{form['mAP']:.1f}",
        )
        for name, form in forms
    ]
    return table(
        f"**Linked otherwise, {recipe['rooms']} rooms and {recipe['link_epochs']} epochs of the stage of links** (the "
        "same patches, layer by layer, and mean average precision of the classes found; %)",
        ["", "within 0.5 m", "same class", "mAP"],
        rows,
    )


def _steady(measured: dict[str, Any]) -> str:
    """How far the answer stays when a scan is turned, thinner, or half."""
    rows = [
        (
            name,
            *(f"{measured[where][name][part]:.1f}" for where in ("composed", "real") for part in ("points", "outputs")),
        )
        for name in measured["composed"]
    ]
    return table(
        "**The same room scanned otherwise** (share of the points that keep their predicted class, and of the outputs "
        "that stay on their side of even odds, %; the shipped composed rooms, and the frame of a depth camera)",
        ["", "composed: points", "outputs", "real: points", "outputs"],
        rows,
    )


def _real(frame: dict[str, Any]) -> str:
    """The one real frame."""
    layers, lit = (
        ", ".join(f"{value:.1f} % in {key}" for key, value in frame[name].items())
        for name in ("layers", "in another light")
    )
    return (
        f"On the one real frame at hand, of a depth camera ({frame['patches']} patches): {layers} within "
        f"{frame['metres']} m; with its photo a fifth brighter than the cloud {lit} (chance {frame['chance']:.1f} %)."
    )


def linked(measured: dict[str, Any]) -> str:
    """How much attention falls on the true place, in a sentence; whether that is more than chance comes first."""
    links = measured["links"]
    own = {key: value for key, value in links["layers"].items() if "untrained" not in key}
    alike = [f"{value:.1f} % in {key}" for key, value in links.get("same class", {}).items() if key in own]
    of_class = f" On points of the class that the patch shows: {', '.join(alike)} (chance " if alike else ""
    of_class += f"{links['chance of the same class']:.1f} %)." if alike else ""
    verdict = "more often than" if min(own.values()) > 1.5 * links["chance"] else "no more often than"
    shares = ", ".join(f"{value:.1f} % in {key}" for key, value in own.items())
    return (
        f"Measured on composed rooms with unseen furniture: attention from a patch falls on the place that it shows "
        f"{verdict} chance, {shares} within {links['metres']} m (uniform attention {links['chance']:.1f} %).{of_class}"
    )
