"""Fashion-MNIST over forms and seeds: with and without cross-attention, and each view alone.

``xviz compare mmvit-fashion --data DIR`` trains every form with every seed on the fixed split and writes accuracies on
the 10,000 test pictures. Trainings that stand in the record are not repeated. No weights are kept.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from xviz.train.common.records import compared, write
from xviz.train.mmvit.fashion.recipe import FASHION, FORMS, Recipe, train


def compare(data: Path, forms: Sequence[str], seeds: Sequence[int], recipe: Recipe, out: Path) -> None:
    """Train what is not yet in the record ``out``, one after another, and add it."""
    numbers = {key: value for key, value in asdict(recipe).items() if key != "seed"}
    for seed in seeds:
        for form in forms:
            if any((run["form"], run["seed"]) == (form, seed) for run in compared(out, numbers)["trainings"]["runs"]):
                continue
            begun = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                weights, settings = Path(folder) / "form.safetensors", replace(FASHION, **FORMS[form])
                model, accuracy = train(data, weights, replace(recipe, seed=seed), settings)
            run = {"form": form, "seed": seed, "accuracy": accuracy}
            run["parameters"] = sum(p.numel() for p in model.parameters())
            run["minutes"] = round((time.monotonic() - begun) / 60, 1)
            record = compared(out, numbers) | {"card": "mmvit-fashion"}
            record["trainings"]["runs"].append(run)
            write(record, out)
