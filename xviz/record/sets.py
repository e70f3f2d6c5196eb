"""What was measured of instruments and of object pictures, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from xviz.explain import METHODS
from xviz.record.digits import SWITCHED
from xviz.record.table import IDLE, beside_untrained, table


@dataclass(frozen=True)
class Words:
    """How one set is spoken of."""

    alone: str  #: title of the table of single things
    one: str  #: head of its column of numbers
    together: str  #: title of the table of two things
    pair: str  #: head of its column of numbers
    asked: str  #: what is asked of a method, and where its truth lies
    inside: str  #: head of the column of shares
    splits: dict[str, str]
    truth: str  #: sentence about a method: share, chance, untrained
    trained: str  #: what the model was trained on
    far: str  #: the split that is farthest from the training, and so nearest to what people bring


SETS = {
    "mmvit-instruments": Words(
        alone="**One note in a clip** (% right of ten families)",
        one="notes",
        together="**Notes of two families in a clip**, apart in pitch and beginning at different times",
        pair="clips",
        asked="**Family → time and frequency",
        inside="share of relevance where its note is heard",
        splits={
            "pitch": "held-out pitches of programs that were trained on",
            "instrument": "held-out instruments, one program of each family",
            "soundfont": "another soundfont, TimGM6mb, all programs and pitches",
        },
        truth="Measured on synthesised notes: {share:.0f} % of the relevance fell where the note was heard, in time "
        "and frequency, in {cases} clips of two notes (chance {chance:.0f} %, untrained model {idle:.0f} %).",
        trained="notes synthesised from two soundfonts",
        far="soundfont",
    ),
    "mmvit-objects": Words(
        alone="**One thing in a picture** (% right of twelve kinds)",
        one="pictures",
        together="**Two things in a picture**",
        pair="pictures",
        asked="**Kind → place",
        inside="share of relevance on the thing",
        splits={
            "view": "held-out views of models that were trained on",
            "model": "models that were never seen",
        },
        truth="Measured on rendered pictures: {share:.0f} % of the relevance fell on the thing, in {cases} pictures of "
        "two things (chance {chance:.0f} %, untrained model {idle:.0f} %).",
        trained="rendered pictures",
        far="model",
    ),
}


def trust(measured: dict[str, Any], method: str) -> str | None:
    """How much of a method's relevance lay where it should, beside chance and an untrained model."""
    planted = next(iter(measured["planted"].values()))
    if method not in planted["methods"]:
        return None
    own, idle = (planted["methods"][name]["share"] for name in (method, method + IDLE))
    return SETS[measured["card"]].truth.format(
        cases=planted["cases"], share=own, idle=idle, chance=planted["chance"]["share"]
    )


KINDS = frozenset({"mixed notes", "composed picture"})  #: of samples, on which methods were measured


def domain(measured: dict[str, Any]) -> str:
    """What it was trained on."""
    return SETS[measured["card"]].trained


def nearest(measured: dict[str, Any], method: str) -> str:
    """What was measured nearest to what people bring."""
    words = SETS[measured["card"]]
    far, line = measured["accuracy"][words.far], trust(measured, method) or ""
    return (
        f"{words.splits[words.far]}, {far['as it is']:.0f} % of {far['tested']} single {words.one} right. "
        f"{line.replace('Measured on', 'Of methods, measured on')}"
    )


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    words = SETS[measured["card"]]
    single = [_alone(measured, words), _together(measured, words)]
    return [*single, *_trainings(measured, words), *_planted(measured, words)]


def _alone(measured: dict[str, Any], words: Words) -> str:
    ways = {key: title for key, title in SWITCHED.items() if key in next(iter(measured["accuracy"].values()))}
    rows = [
        (title, str(numbers["tested"]), *(f"{numbers[switched]:.1f}" for switched in ways))
        for split, title in words.splits.items()
        if (numbers := measured["accuracy"].get(split))
    ]
    return table(words.alone, ["", words.one, *ways.values()], rows)


def _together(measured: dict[str, Any], words: Words) -> str:
    rows = [
        (title, str(numbers["cases"]), f"{numbers['exact']:.1f}", f"{numbers['mAP']:.1f}")
        for split, title in words.splits.items()
        if (numbers := measured["together"].get(split))
    ]
    return table(words.together, ["", words.pair, "exactly these two, %", "mean average precision, %"], rows)


def _planted(measured: dict[str, Any], words: Words) -> list[str]:
    """One table for each split: how far relevance for a class lies where it should."""
    head = ["method", words.inside, "strongest cell there", "the same, untrained model"]
    tables = []
    for split, numbers in measured["planted"].items():
        rows: list[tuple[str, ...]] = [
            (METHODS[key].title, f"{own['share']:.1f}", f"{own['hit']:.1f}", f"{idle['share']:.1f}, {idle['hit']:.1f}")
            for key, own, idle in beside_untrained(numbers["methods"])
        ]
        rows.append(("chance", *[f"{numbers['chance']['share']:.1f}"] * 2, ""))
        title = f"{words.asked}, {words.splits[split]}** ({numbers['cases']} {words.pair}; %)"
        tables.append(table(title, head, rows))
    return tables


def _trainings(measured: dict[str, Any], words: Words) -> list[str]:
    """The recipe with one thing changed: mean of the seeds, and least to greatest."""
    if not (runs := measured.get("trainings", {}).get("runs")):
        return []
    recipe = measured["trainings"]["recipe"]
    columns = {split: f"{title}, %" for split, title in words.splits.items() if split in runs[0]}
    columns["mAP"] = f"two in one of the {words.pair}, mAP, %"
    rows = []
    for form in dict.fromkeys(run["form"] for run in runs):
        alike = [run for run in runs if run["form"] == form]
        rows.append((form, str(len(alike)), *(_range(run[column] for run in alike) for column in columns)))
    title = (
        f"**Trained otherwise** (a shorter schedule of {recipe['epochs']} epochs, the same for all; mean over seeds, "
        "least to greatest)"
    )
    return [table(title, ["", "seeds", *columns.values()], rows)]


def _range(values: Iterable[float]) -> str:
    values = list(values)
    mean = f"{sum(values) / len(values):.1f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.1f}–{max(values):.1f})"
