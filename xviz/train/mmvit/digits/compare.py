"""The spoken-digits recipe over voices and seeds, and with one thing changed: does each part of it help?

``xviz compare mmvit-digits --data DIR --voices DIR`` trains, one after another, the recipe with each of
the six voices left out, as it is, without synthesised voices and with voices varied more instead, then each form of it
with three seeds over the shorter schedule ``SHORT``, and adds the last accuracies of every training to the record of
the checkpoint. Trainings of the same recipe that stand there are not repeated, so that the command can be stopped and
started again, or run twice at once on forms or voices named apart; nor is that of the shipped checkpoint, whose log has
them. ``--pictures FILE`` names a checkpoint of the same model for pictures, from which the two transferred forms start;
without one they are left out.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from xviz.checkpoints import FOLDER
from xviz.core.errors import CheckpointError
from xviz.models.mmvit_cards import SOUND, SoundSettings
from xviz.record.digits import BARE, SHIPPED, VARIED
from xviz.train.common.records import compared, logged, write
from xviz.train.mmvit.digits.recipe import Recipe, train

#: form → what differs in the card's settings, what differs in the recipe
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    SHIPPED: ({}, {}),
    "without cross-attention": ({"cross": "none"}, {}),
    BARE: ({}, {"made": 0}),
    "without CutMix": ({}, {"cutmix": 0.0}),
    "every view asks every other (pairwise)": ({"cross": "pairwise"}, {}),
    "every view asks the next coarser (sequential)": ({"cross": "sequential"}, {}),
    VARIED: ({}, {"made": 0, "stretch": 0.1, "tilt": 6.0, "hidden": 8}),
}
#: the same, starting from a model of pictures whose colour channels are joined by this rule
TRANSFERRED = {f"transferred from pictures ({rule})": rule for rule in ("sum", "mean")}
VOICES = ("yweweler", "george", "jackson", "lucas", "nicolas", "theo")  #: the shipped checkpoint's own first
SEEDS = (0, 1, 2)
EPOCHS = {SHIPPED: Recipe().epochs, BARE: 18, VARIED: 18}  #: of the forms with which every voice is left out once
SHORT = {
    "epochs": 8,
    "alone_epochs": 3,
    "real_epochs": 2,
}  #: the schedule on which forms are compared, all on the same one
RECORD = FOLDER / "mmvit-digits.json"


@dataclass(frozen=True)
class Training:
    """One training of the comparison."""

    form: str
    voice: str  #: left out of the training
    seed: int
    epochs: int


def planned(forms: list[str], left_out: Sequence[str] = VOICES) -> Iterator[Training]:
    """Every voice left out once with each of three forms, then every form with every seed and the recipe's voice."""
    for form, epochs in EPOCHS.items():
        yield from (Training(form, voice, 0, epochs) for voice in left_out if form in forms)
    for seed in SEEDS if Recipe().without in left_out else ():
        yield from (Training(form, Recipe().without, seed, SHORT["epochs"]) for form in forms)


def compare(
    data: Path,
    forms: list[str],
    *,
    left_out: Sequence[str] = VOICES,
    voices: Path | None = None,
    pictures: Path | None = None,
    record: Path = RECORD,
) -> None:
    """Train what is planned and not yet in the record, and put the accuracies there after each.

    Args:
        data: The folder of recordings.
        forms: Which of ``FORMS`` and ``TRANSFERRED``.
        left_out: Which voices; the forms over seeds are trained with the recipe's own.
        voices: The folder of synthesised voices.
        pictures: Weights of a model of pictures, for ``TRANSFERRED``.
        record: File to add to.

    Raises:
        CheckpointError: a transferred form is asked for without weights.
    """
    if pictures is None and set(forms) & set(TRANSFERRED):
        raise CheckpointError("A transferred form starts from a model of pictures. Name its weights with --pictures.")
    recipe = {name: value for name, value in first_stage(Recipe()).items() if name not in ("without", "seed")}
    for training in planned(forms, left_out):
        if any(asdict(training).items() <= run.items() for run in compared(record, recipe, alike)["trainings"]["runs"]):
            continue
        accuracies = trained(training, data, voices, pictures)
        measured = compared(record, recipe, alike)
        measured["trainings"] |= {"short": SHORT["epochs"]}
        measured["trainings"]["runs"].append(asdict(training) | accuracies)
        write(measured, record)


def trained(training: Training, data: Path, voices: Path | None, pictures: Path | None) -> dict[str, float]:
    """The last accuracies of one training, per cent, and how long it took."""
    settings, numbers = FORMS.get(training.form, ({}, {}))
    short = SHORT if training.epochs == SHORT["epochs"] else {"epochs": training.epochs}
    recipe, begun = replace(Recipe(), without=training.voice, seed=training.seed, **short, **numbers), time.monotonic()
    if (known := shipped(recipe, replace(SOUND, **settings))) is not None:
        return known
    start = None if training.form in FORMS or pictures is None else (load_file(pictures), TRANSFERRED[training.form])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "form.safetensors"
        train(data, out, recipe, replace(SOUND, **settings), start=start, voices=voices)
        last = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))["epochs"][-1]
    return {
        "own split": last["own split"],
        "new speaker": last["new speaker"],
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def first_stage(recipe: Recipe) -> dict[str, Any]:
    """The numbers of a recipe without those of its second stage, which the comparison leaves out."""
    return {name: value for name, value in asdict(recipe).items() if not name.startswith("late_")}


def alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two recipes are the same; a number that one of them does not have yet is 0, by which nothing happens."""
    return all(before.get(name, 0) == now.get(name, 0) for name in {*before, *now})


def shipped(recipe: Recipe, settings: SoundSettings) -> dict[str, float] | None:
    """The last accuracies of the shipped checkpoint's first stage, where it was trained in just this way."""
    log = json.loads(RECORD.with_name("mmvit-digits.log.json").read_text(encoding="utf-8"))
    own = json.loads(json.dumps(logged(settings)))
    if not alike(log["recipe"], first_stage(recipe)) or log["settings"] != own:
        return None
    return {name: log["epochs"][-1][name] for name in ("own split", "new speaker")}
