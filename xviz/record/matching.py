"""What was measured of image–sentence matching, in words."""

from __future__ import annotations

from typing import Any

from xviz.explain import METHODS

SPLITS = {
    "test": "held-out scenes of concepts seen in training",
    "unseen": "scenes of concepts never seen in training",
    "photos": "single real photographs with their human captions, never trained on",
}
BRANCHES = {"alone": "self-attention part alone", "joint": "cross-attention part alone", "both": "both"}


def trust(found: dict[str, Any], method: str) -> str | None:
    """How often a method's strongest region lay on the named thing, beside chance and an untrained model."""
    found = found["alignment"]["test"]
    if method not in found["methods"]:
        return None
    own, idle = found["methods"][method]["pointing"], found["methods"][f"{method}, untrained"]["pointing"]
    return (
        f"On {found['things']} named things in held-out scenes, the strongest region lies on the thing in {own:.0f} % "
        f"(chance {found['chance']['pointing']:.0f} %, untrained model {idle:.0f} %)."
    )


def tables(found: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    ranked = [_alpha(found["alpha"]), *_retrieval(found["retrieval"]), _linear(found["linear"])]
    return [*ranked, _foils(found["foils"]), *_alignment(found["alignment"])]


def _alpha(found: dict[str, Any]) -> str:
    """How the two parts were weighed."""
    tried = ", ".join(f"{alpha}: {recall:.1f}" for alpha, recall in found["R@1 on the validation split"].items())
    return (
        f"The score is i0 · c0 + α i1 · c1 with α = {found['chosen']:g}, the most within half a point of the best on "
        f"validation scenes (mean R@1 of both directions by α: {tried})."
    )


def _retrieval(found: dict[str, Any]) -> list[str]:
    """One table of recall for each split."""
    tables = []
    for split in SPLITS:
        numbers = found[split]
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


def _linear(found: dict[str, Any]) -> str:
    """The photographs once more, without a network."""
    ways = ("image to text", "text to image")
    said = "; ".join(
        f"penalty {float(ridge):,.0f}: " + " and ".join(f"{numbers[way]['R@10']:.1f}" for way in ways)
        for ridge, numbers in found.items()
    )
    return (
        "For comparison, a ridge regression from the frozen region features to the frozen word features, with the true "
        f"boxes of the photographs given, R@10 image → text and text → image: {said}."
    )


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
