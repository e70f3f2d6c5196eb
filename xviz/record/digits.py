"""What was measured of spoken digits, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xviz.explain import METHODS
from xviz.record.table import IDLE, beside_untrained, table

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
SHIPPED = "as shipped"  #: the form of the comparison that is the recipe itself
BARE = "without synthesised voices"
VARIED = "voices and microphones varied more instead of synthesised"  #: with stretch, equaliser and silent bands
_SPLITS = {"own split": "own split", "new speaker": "speaker never heard"}  #: in a training's log → in the record


#: kinds of clips without a digit: those that a signal without speech has, then words; none is learnt from
SOUNDS = {
    "noise": "computed noise, brown or blue, steady or in gusts",
    "hum": "computed buzz of mains at 60 Hz",
    "clicks": "computed knocks",
    "tones": "computed square waves, sirens and telephone keys",
    "room tone": "computed room tone, of which training has no kind",
    "music": "music of the soundfont TimGM6mb",
}
WORDS = {
    "synthesised words": "other words, synthesised",
    "words of a person": "letters and other words that a person said (Asterisk core sounds)",
}
MEASURES = {
    "model": "highest probability of the model",
    "modulation": "share of loudness's changes at 2–10 Hz",
    "voicing": "periodicity of heard moments",
}
TIMES = ("before", "after")  #: the stage that learns from clips without a digit


def trust(measured: dict[str, Any], method: str) -> str | None:
    """How much of a method's relevance lay where the digit was said, beside chance and an untrained model."""
    measured = measured["places"]["own split"]
    if method not in measured["methods"]:
        return None
    own, idle = measured["methods"][method], measured["methods"][method + IDLE]
    return (
        f"Measured on recorded digits: {own['share']:.0f} % of the relevance fell where the digit was said, in "
        f"{measured['clips']} clips of several (chance {measured['chance']['share']:.0f} %, untrained model "
        f"{idle['share']:.0f} %)."
    )


KINDS = frozenset({"spoken digits"})  #: of samples, on which methods were measured


def domain(measured: dict[str, Any]) -> str:
    """What it was trained on."""
    return "recorded and synthesised English digits, computed noises, rendered music and other synthesised words"


def nearest(measured: dict[str, Any], method: str) -> str:
    """What was measured nearest to other recordings."""
    heard, own = measured["accuracy"]["speaker never heard"], measured["places"]["own split"]
    share = own["methods"][method]["share"]
    return (
        f"a voice never heard in training, {heard['as it is']:.0f} % of {heard['recordings']} digits right; where the "
        f"relevance falls, on recorded digits of voices of the training alone, {share:.0f} % where the digit was said "
        f"(chance {own['chance']['share']:.0f} %)."
    )


def unlikely(measured: dict[str, Any], highest: float) -> tuple[str, str] | None:
    """That no digit is likely said, and how often such a warning is right; None where one may be.

    Args:
        measured: The record.
        highest: Probability of the most probable digit.
    """
    speech = measured.get("speech")
    if speech is None or highest >= speech["threshold"]:
        return None
    others, missed = speech["others warned"], speech["digits warned"]["speaker never heard"]
    mute = [others[kind] for kind in SOUNDS]
    return (
        f"No digit is likely said here: even the most probable one has {100 * highest:.0f} %.",
        f"Of digits of a voice never heard in training, {missed:.1f} % are that low (below "
        f"{100 * speech['threshold']:.0f} %); of computed noises and music, {min(mute):.0f} to {max(mute):.0f} %, "
        f"and of letters and other words of a person, {others['words of a person']:.0f} %.",
    )


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    return [*_digits(measured), *_digitless(measured), *_otherwise(measured), *_places(measured["places"])]


def _digitless(measured: dict[str, Any]) -> list[str]:
    """Clips in which no digit is said, digits with sounds behind them, and how well a warning tells both apart."""
    if "digitless" not in measured:
        return []
    return [_sure(measured["digitless"]), _behind(measured["behind"]), _warned(measured["speech"])]


def _sure(clips: Mapping[str, Any]) -> str:
    """How sure the model is where no digit is said."""
    times = [time for time in TIMES if time in next(iter(clips.values()))]
    head = ["clips"]
    head += [f"{time}: a digit above 50 %, % of clips" for time in times]
    head += [f"{time}: mean of the highest probability, %" for time in times]
    head += [f"{time}: most often" for time in times]
    rows = []
    for kind, words in (SOUNDS | WORDS).items():
        own = clips[kind]
        numbers = [f"{own[time][name]:.1f}" for name in ("sure", "mean") for time in times]
        rows.append((words, str(own["clips"]), *numbers, *(own[time]["most often"] for time in times)))
    title = "**No digit in a clip** (before and after the stage that learns from other clips without a digit)"
    return table(title, ["", *head], rows)


def _behind(splits: Mapping[str, Any]) -> str:
    """Single digits alone and with a sound behind them."""
    rows = []
    for condition in ("alone", "behind"):
        for split, words in VOICES.items():
            own = splits[split]
            label = "alone" if condition == "alone" else f"a sound behind, {own['decibels']:.0f} dB softer"
            right = [f"{own[time][condition]:.1f}" for time in TIMES if time in own]
            rows.append((f"{words}, {label}", str(own["recordings"]), *right))
    times = [time for time in TIMES if time in next(iter(splits.values()))]
    return table("**One digit in a clip, before and after that stage** (% right)", ["", "recordings", *times], rows)


def _warned(speech: Mapping[str, Any]) -> str:
    """What the page warns of, and how well it and measures of the signal tell a digit from other clips."""
    rows = [(words, f"{speech['digits warned'][split]:.1f}", *[""] * len(MEASURES)) for split, words in VOICES.items()]
    for kind, words in (SOUNDS | WORDS).items():
        apart = [f"{100 * speech['separation'][measure][kind]:.0f}" for measure in MEASURES]
        rows.append((words, f"{speech['others warned'][kind]:.1f}", *apart))
    title = (
        f"**Is a digit said at all?** (the page warns below {100 * speech['threshold']:.0f} %; and in how many "
        "of 100 pairs a measure is higher for a digit than for such a clip, 50 by chance)"
    )
    return table(title, ["", "warned of, %", *MEASURES.values()], rows)


def _digits(measured: dict[str, Any]) -> list[str]:
    """Accuracy on single digits, and on several in a row."""
    accuracy, strings = measured["accuracy"], measured["strings"]
    return [
        table(
            f"**One digit in a clip** (% right; never heard: {measured['never heard']})",
            ["", "recordings", *SWITCHED.values()],
            [
                (words, str(accuracy[key]["recordings"]), *(f"{accuracy[key][switched]:.1f}" for switched in SWITCHED))
                for key, words in VOICES.items()
            ],
        ),
        table(
            "**Two or three different digits in a clip**",
            ["", "clips", "exactly these digits, %", "mean average precision, %"],
            [
                (words, str(strings[key]["clips"]), f"{strings[key]['exact']:.1f}", f"{strings[key]['mAP']:.1f}")
                for key, words in VOICES.items()
            ],
        ),
    ]


def _places(measured: dict[str, Any]) -> list[str]:
    """One table for each split: how far relevance for a digit lies where it is said."""
    head = ["method", "share of relevance while the digit is said", "strongest cell then", "the same, untrained model"]
    tables = []
    for split, numbers in measured.items():
        rows: list[tuple[str, ...]] = [
            (METHODS[key].title, f"{own['share']:.1f}", f"{own['hit']:.1f}", f"{idle['share']:.1f}, {idle['hit']:.1f}")
            for key, own, idle in beside_untrained(numbers["methods"])
        ]
        rows.append(("chance", *[f"{numbers['chance']['share']:.1f}"] * 2, ""))
        title = f"**Digit → time, {VOICES[split]}** ({numbers['clips']} clips of two or three digits; %)"
        tables.append(table(title, head, rows))
    return tables


def _voices(runs: Sequence[Mapping[str, Any]], short: int) -> list[str]:
    """The recipe with each voice left out in turn: as it is, without synthesised voices, with voices varied more."""
    tables = []
    for form in (SHIPPED, BARE, VARIED):
        measured = {run["voice"]: run for run in runs if run["form"] == form and run["epochs"] != short}
        rows = [(voice, *(f"{run[split]:.1f}" for split in _SPLITS)) for voice, run in sorted(measured.items())]
        if len(measured) > 1:
            means = (f"{np.mean([run[split] for run in measured.values()]):.1f}" for split in _SPLITS)
            rows.append((f"mean of {len(measured)}", *means))
        if rows:
            epochs = next(iter(measured.values()))["epochs"]
            title = f"**A voice left out, {form}** (one digit in a clip, % right; one training of {epochs} epochs each)"
            tables.append(table(title, ["never heard", VOICES["own split"], "that voice"], rows))
    return tables


def _forms(runs: Sequence[Mapping[str, Any]], epochs: int) -> list[str]:
    """Forms of the recipe on one shorter schedule, over seeds: mean and range."""
    short = [run for run in runs if run["epochs"] == epochs]
    forms = {form: [run for run in short if run["form"] == form] for form in dict.fromkeys(r["form"] for r in short)}
    if len(forms) < 2:
        return []
    rows = [
        (form, str(len(some)), *(_spread([run[s] for run in some]) for s in _SPLITS)) for form, some in forms.items()
    ]
    title = (
        f"**Trained otherwise** (one digit in a clip, % right, mean and range over seeds; all forms on one short "
        f"schedule of {short[0]['epochs']} epochs, on which none is as good as the shipped one)"
    )
    return [table(title, ["", "trainings", *(VOICES[split] for split in _SPLITS.values())], rows)]


def _spread(values: Sequence[float]) -> str:
    """Mean, least and greatest."""
    return f"{np.mean(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def _otherwise(measured: dict[str, Any]) -> list[str]:
    """The trainings of “xviz compare mmvit-digits”."""
    trainings = measured.get("trainings", {"runs": [], "short": 0})
    return [*_voices(trainings["runs"], trainings["short"]), *_forms(trainings["runs"], trainings["short"])]
