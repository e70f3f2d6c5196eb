"""Does each part of a recipe help? Instruments and object pictures over seeds, with one thing changed.

``xviz compare mmvit-instruments --data DIR`` trains every form with every seed, on a schedule
that is shorter than the checkpoint's (``SHORTER``), and adds the numbers of each to the record. Trainings of the same
numbers that stand there are not repeated, so that the command can be stopped and started again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from xviz.models import MODELS
from xviz.train.common.records import compared, write

SEEDS = (0, 1, 2)
#: checkpoint → recipe and measurement (modules of ``xviz.train``)
MODULES = {
    "mmvit-instruments": ("mmvit.instruments.recipe", "mmvit.instruments.measure"),
    "mmvit-objects": ("mmvit.objects.recipe", "mmvit.objects.measure"),
}
SHORTER = {
    "mmvit-instruments": {"epochs": 5, "rounds": 1, "alone_epochs": 3},
    "mmvit-objects": {"epochs": 8, "alone_epochs": 4},
}
BOTH = {"the recipe": ({}, {}), "without cross-attention": ({"cross": "none"}, {})}
#: checkpoint → form → what differs in the card's settings, what differs in the recipe
FORMS: Mapping[str, Mapping[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "mmvit-instruments": {
        **BOTH,
        "without CutMix": ({}, {"cutmix": 0.0}),
        "from the weights for pictures, channels summed": ({}, {"start": "sum"}),
        "from the weights for pictures, channels averaged": ({}, {"start": "mean"}),
    },
    "mmvit-objects": {**BOTH, "with CutMix along the columns": ({}, {"cutmix": 0.3})},
}


def compare(name: str, data: Path, forms: list[str], seeds: list[int], out: Path) -> None:
    """Train what is not yet in the record, one after another."""
    recipe, measure = (import_module(f"xviz.train.{module}") for module in MODULES[name])
    shorter = replace(recipe.Recipe(), **SHORTER[name])
    numbers = {key: value for key, value in asdict(shorter).items() if key != "seed"}
    for seed in seeds:
        for form in forms:
            if any((run["form"], run["seed"]) == (form, seed) for run in compared(out, numbers)["trainings"]["runs"]):
                continue
            settings, changed = FORMS[name][form]
            begun = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                model = recipe.train(
                    data,
                    Path(folder) / "form.safetensors",
                    replace(shorter, seed=seed, **changed),
                    replace(MODELS[name].settings, **settings),
                )
            minutes = round((time.monotonic() - begun) / 60, 1)
            scores = {"form": form, "seed": seed, "minutes": minutes, **measure.brief(model, data)}
            record = compared(out, numbers)
            record["trainings"]["runs"].append(scores)
            write(record, out)
