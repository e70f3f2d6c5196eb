"""The measured record of a checkpoint (``checkpoints/NAME.json``), said in words."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from xviz.checkpoints import FOLDER, manifest
from xviz.explain import METHODS
from xviz.models.card import ModelCard


@cache
def read(checkpoint: str) -> dict[str, Any]:
    """The record that ``python -m xviz measure`` wrote; empty where there is none."""
    path = FOLDER / f"{checkpoint}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def line(card: ModelCard) -> str:
    """Paper and weights in one line."""
    if card.checkpoint is None:
        return f"{card.paper}. No weights are shipped."
    weights = manifest()[card.checkpoint]
    return f"{card.paper}. Weights: {weights.name}, sha256 {weights.sha256[:12]}…, {weights.origin}"


def trust(card: ModelCard, method: str) -> str | None:
    """How often a method's strongest region lay on the named thing, beside chance and an untrained model."""
    found = read(card.checkpoint or "").get("alignment", {}).get("test")
    if not found or method not in found["methods"]:
        return None
    own, idle = found["methods"][method]["pointing"], found["methods"][f"{method}, untrained"]["pointing"]
    return (
        f"On {found['things']} named things in held-out scenes, the strongest region lies on the thing in {own:.0f} % "
        f"(chance {found['chance']['pointing']:.0f} %, untrained model {idle:.0f} %)."
    )


def heard(card: ModelCard, method: str) -> str | None:
    """How much of a method's relevance lay where the digit was said, beside chance and an untrained model."""
    found = read(card.checkpoint or "").get("places", {}).get("own split")
    if not found or method not in found["methods"]:
        return None
    own, idle = found["methods"][method], found["methods"][f"{method}, untrained"]
    return (
        f"In {found['clips']} clips of several digits, {own['share']:.0f} % of it lay where the digit was said (chance "
        f"{found['chance']['share']:.0f} %, untrained model {idle['share']:.0f} %)."
    )


def as_markdown(found: dict[str, Any]) -> str:
    """The whole record as tables."""
    if not found:
        return "Not measured yet."
    if "places" in found:
        return "\n\n".join([_digits(found), *_otherwise(found), *_places(found["places"])])
    return "\n\n".join([*_retrieval(found["retrieval"]), _foils(found["foils"]), *_alignment(found["alignment"])])


SPLITS = {
    "test": "held-out scenes of concepts seen in training",
    "unseen": "scenes of concepts never seen in training",
    "photos": "single real photographs with their human captions, never trained on",
}
BRANCHES = {"alone": "self-attention part alone", "joint": "cross-attention part alone", "both": "both"}


def _retrieval(found: dict[str, Any]) -> list[str]:
    """One table of recall for each split."""
    tables = []
    for split, numbers in found.items():
        rows = [
            f"**Retrieval, {SPLITS[split]}** ({numbers['pictures']} pictures, one sentence each; recall in %)",
            "",
            "| | image → text R@1 / 5 / 10 | text → image R@1 / 5 / 10 |",
            "|---|---|---|",
        ]
        rows += [
            f"| {said} | {_three(numbers['image to text'][name])} | {_three(numbers['text to image'][name])} |"
            for name, said in BRANCHES.items()
        ]
        rows.append(f"| chance | {_three(numbers['chance'])} | {_three(numbers['chance'])} |")
        tables.append("\n".join(rows))
    return tables


def _three(recall: dict[str, float]) -> str:
    return " / ".join(f"{recall[key]:.1f}" for key in ("R@1", "R@5", "R@10"))


def _foils(found: dict[str, Any]) -> str:
    """How often a true sentence beats the same sentence with one thing changed."""
    cells = " | ".join(f"{numbers['right']:.1f} ({numbers['pairs']})" for numbers in found.values())
    return "\n".join(
        [
            "**True sentence against its foil** (one thing changed; % scored right, number of pairs; chance 50)",
            "",
            f"| {' | '.join(found)} |",
            f"|{'---|' * len(found)}",
            f"| {cells} |",
        ]
    )


def _alignment(found: dict[str, Any]) -> list[str]:
    """One table of word → region alignment for each split."""
    tables = []
    for split, numbers in found.items():
        rows = [
            f"**Word → region, {SPLITS[split]}** ({numbers['things']} named things; %)",
            "",
            "| method | strongest region's centre on the thing | overlap ≥ 0.5 | the same, untrained model |",
            "|---|---|---|---|",
        ]
        for method in [name for name in numbers["methods"] if not name.endswith(", untrained")]:
            own, idle = numbers["methods"][method], numbers["methods"][f"{method}, untrained"]
            rows.append(
                f"| {METHODS[method].title} | {own['pointing']:.1f} | {own['overlap']:.1f} "
                f"| {idle['pointing']:.1f}, {idle['overlap']:.1f} |"
            )
        for name in ("chance", "boxes' bound"):
            rows.append(f"| {name} | {numbers[name]['pointing']:.1f} | {numbers[name]['overlap']:.1f} | |")
        tables.append("\n".join(rows))
    return tables


SWITCHED = {
    "as it is": "as it is",
    "without cross_1": "cross-attention of stage 1 off",
    "without cross_2": "of stage 2 off",
    "without cross_3": "of stage 3 off",
    "without any": "of all stages off",
}
VOICES = {
    "own split": "the set's own test split, voices of the training",
    "speaker never heard": "a voice that was left out of the training",
}


_SPLITS = {"own split": "own split", "new speaker": "speaker never heard"}  #: in a training's log → in the record


def _digits(found: dict[str, Any]) -> str:
    """Accuracy on single digits, and on several in a row."""
    accuracy, strings = found["accuracy"], found["strings"]
    rows = [
        f"**One digit in a clip** (% right; never heard: {found['never heard']})",
        "",
        f"| | recordings | {' | '.join(SWITCHED.values())} |",
        f"|---|---{'|---' * len(SWITCHED)}|",
    ]
    rows += [
        f"| {said} | {accuracy[key]['recordings']} | {' | '.join(f'{accuracy[key][way]:.1f}' for way in SWITCHED)} |"
        for key, said in VOICES.items()
    ]
    rows += [
        "",
        "**Two or three different digits in a clip**",
        "",
        "| | clips | exactly these digits, % | mean average precision, % |",
        "|---|---|---|---|",
    ]
    rows += [
        f"| {said} | {strings[key]['clips']} | {strings[key]['exact']:.1f} | {strings[key]['mAP']:.1f} |"
        for key, said in VOICES.items()
    ]
    return "\n".join(rows)


def _otherwise(found: dict[str, Any]) -> list[str]:
    """The same recipe with one thing changed, where it was trained."""
    forms = {"as shipped": {name: found["accuracy"][split]["as it is"] for name, split in _SPLITS.items()}}
    forms |= found.get("trained otherwise", {})
    if len(forms) < 2:
        return []
    rows = [
        "**Trained otherwise** (one digit in a clip, % right; one training and one seed each)",
        "",
        f"| | {VOICES['own split']} | {VOICES['speaker never heard']} |",
        "|---|---|---|",
    ]
    rows += [f"| {name} | {one['own split']:.1f} | {one['new speaker']:.1f} |" for name, one in forms.items()]
    return ["\n".join(rows)]


def _places(found: dict[str, Any]) -> list[str]:
    """One table for each split: how far relevance for a digit lies where it is said."""
    tables = []
    for split, numbers in found.items():
        rows = [
            f"**Digit → time, {VOICES[split]}** ({numbers['clips']} clips of two or three digits; %)",
            "",
            "| method | share of relevance while the digit is said | strongest cell then | the same, untrained model |",
            "|---|---|---|---|",
        ]
        for method in [name for name in numbers["methods"] if not name.endswith(", untrained")]:
            own, idle = numbers["methods"][method], numbers["methods"][f"{method}, untrained"]
            rows.append(
                f"| {METHODS[method].title} | {own['share']:.1f} | {own['hit']:.1f} "
                f"| {idle['share']:.1f}, {idle['hit']:.1f} |"
            )
        rows.append(f"| chance | {numbers['chance']['share']:.1f} | {numbers['chance']['share']:.1f} | |")
        tables.append("\n".join(rows))
    return tables
