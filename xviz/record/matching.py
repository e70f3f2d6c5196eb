"""What was measured of image–sentence matching, in words."""

from __future__ import annotations

from typing import Any

from xviz.explain import METHODS
from xviz.record.table import IDLE, beside_untrained, table

SPLITS = {
    "test": "held-out scenes of concepts seen in training",
    "unseen": "scenes of concepts never seen in training",
    "photos": "single real photographs with their human captions, never trained on",
}
WAYS = {"image to text": "image → text", "text to image": "text → image"}
BRANCHES = {
    "alone": "self-attention part alone",
    "joint": "cross-attention part alone",
    "both": "both",
    "names": "names of ImageNet classes without training",
}


def trust(measured: dict[str, Any], method: str) -> str | None:
    """How often a method's strongest region lay on the named thing, beside chance and an untrained model."""
    measured = measured["alignment"]["test"]
    if method not in measured["methods"]:
        return None
    own, idle = measured["methods"][method]["pointing"], measured["methods"][method + IDLE]["pointing"]
    return (
        f"Measured on composed scenes: the strongest region lies on the named thing in {own:.0f} % of "
        f"{measured['things']} cases (chance {measured['chance']['pointing']:.0f} %, untrained model {idle:.0f} %)."
    )


KINDS = frozenset({"composed scene"})  #: of samples, on which alignment was measured


def domain(measured: dict[str, Any]) -> str:
    """What it was trained on."""
    return "composed scenes"


def nearest(measured: dict[str, Any], method: str) -> str:
    """What was measured nearest to real photographs."""
    unseen, photos = measured["alignment"]["unseen"], measured["retrieval"]["photos"]
    lead = ""
    if method in unseen["methods"]:
        lead = (
            f"composed scenes of concepts never seen in training, {unseen['methods'][method]['pointing']:.0f} % of "
            f"{unseen['things']} named things pointed at (chance {unseen['chance']['pointing']:.0f} %). "
        )
    recall = photos["image to text"]["both"]["R@10"]
    return (
        f"{lead}Of real photographs only retrieval: the right caption of {photos['pictures']} is among the first ten "
        f"in {recall:.0f} % (chance {photos['chance']['R@10']:.0f} %)."
    )


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    ranked = [*_choices(measured["choices"]), *_retrieval(measured["retrieval"]), _linear(measured["linear"])]
    return [*ranked, _foils(measured["foils"]), *_alignment(measured["alignment"])]


def _choices(measured: dict[str, Any]) -> list[str]:
    """How the two parts were weighed, and how class names were."""
    by = {name: {split: _tried(recall) for split, recall in own.items()} for name, own in measured["by"].items()}
    return [
        f"The score is i0 · c0 + α i1 · c1 with α = {measured['alpha']:g}, the most within half a point of the best "
        f"on validation scenes (mean R@1 of both directions by α: {by['alpha']['val']}).",
        "Names of classes make half of i0 · c0 where the picture network is as sure as `doubt` = "
        f"{measured['doubt']:g}, with which it was trained. Mean R@1 of both directions by `doubt`, on validation "
        f"scenes: {by['doubt']['val']}; on photographs of concepts seen in training: {by['doubt']['known']}.",
    ]


def _tried(measured: dict[str, float]) -> str:
    return ", ".join(f"{value}: {recall:.1f}" for value, recall in measured.items())


def _retrieval(measured: dict[str, Any]) -> list[str]:
    """One table of recall for each split."""
    tables = []
    for split, named in SPLITS.items():
        numbers = measured[split]
        rows = [
            (words, *(_three(numbers[direction][name]) for direction in WAYS))
            for name, words in BRANCHES.items()
            if name in numbers["text to image"]
        ]
        rows.append(("chance", *[_three(numbers["chance"])] * len(WAYS)))
        title = f"**Retrieval, {named}** ({numbers['pictures']} pictures, one sentence each; recall in %)"
        tables.append(table(title, ["", *(f"{words} R@1 / 5 / 10" for words in WAYS.values())], rows))
    return tables


def _three(recall: dict[str, float]) -> str:
    return " / ".join(f"{recall[key]:.1f}" for key in ("R@1", "R@5", "R@10"))


def _linear(measured: dict[str, Any]) -> str:
    """The photographs once more, without a network."""
    words = "; ".join(
        f"penalty {float(ridge):,.0f}: " + " and ".join(f"{numbers[direction]['R@10']:.1f}" for direction in WAYS)
        for ridge, numbers in measured.items()
    )
    return (
        "For comparison, a ridge regression from the frozen region features to the frozen word features, with the true "
        f"boxes of the photographs given, R@10 image → text and text → image: {words}."
    )


def _foils(measured: dict[str, Any]) -> str:
    """How often a true sentence beats the same sentence with one thing changed."""
    title = "**True sentence against its foil** (one thing changed; % scored right, number of pairs; chance 50)"
    return table(title, list(measured), [[f"{kind['right']:.1f} ({kind['pairs']})" for kind in measured.values()]])


def _alignment(measured: dict[str, Any]) -> list[str]:
    """One table of word → region alignment for each split."""
    head = ["method", "strongest region's centre on the thing", "overlap ≥ 0.5", "the same, untrained model"]
    tables = []
    for split, numbers in measured.items():
        rows = [
            (METHODS[key].title, *_two(own), ", ".join(_two(idle)))
            for key, own, idle in beside_untrained(numbers["methods"])
        ]
        rows += [(name, *_two(numbers[name]), "") for name in ("chance", "boxes' bound")]
        tables.append(table(f"**Word → region, {SPLITS[split]}** ({numbers['things']} named things; %)", head, rows))
    return tables


def _two(measured: dict[str, float]) -> tuple[str, str]:
    return f"{measured['pointing']:.1f}", f"{measured['overlap']:.1f}"
