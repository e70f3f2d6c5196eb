"""What was measured of spoken digits, in words."""

from __future__ import annotations

from typing import Any

from xviz.explain import METHODS

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


def trust(found: dict[str, Any], method: str) -> str | None:
    """How much of a method's relevance lay where the digit was said, beside chance and an untrained model."""
    found = found["places"]["own split"]
    if method not in found["methods"]:
        return None
    own, idle = found["methods"][method], found["methods"][f"{method}, untrained"]
    return (
        f"In {found['clips']} clips of several digits, {own['share']:.0f} % of it lay where the digit was said (chance "
        f"{found['chance']['share']:.0f} %, untrained model {idle['share']:.0f} %)."
    )


def tables(found: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    return [_digits(found), *_otherwise(found), *_places(found["places"])]


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
