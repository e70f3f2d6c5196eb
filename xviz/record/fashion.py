"""What was measured on Fashion-MNIST, in words, beside numbers that others published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xviz.record.table import table

README = "https://github.com/zalandoresearch/fashion-mnist"  #: README of the set, at COMMIT
COMMIT = "b2617bb6d3ff"
#: what others submitted to the README → accuracy on the test split, %; parameters in words where they stand there
PUBLISHED: Mapping[str, tuple[float, str]] = {
    "people without expertise, 1,000 of the pictures": (83.5, ""),
    "MLP of 256, 128 and 100 units": (88.33, ""),
    "2 convolutions": (92.5, "under 100,000"),
    "HOG and SVM": (92.6, ""),
    "2 convolutions, 3 dense layers": (93.2, "1.8 million"),
    "2 convolutions, 3 dense layers, augmentation, batch normalisation": (93.4, "500,000"),
    "DenseNet-BC with augmentation": (95.4, "768,000"),
}


def tables(measured: dict[str, Any]) -> list[str]:
    """The whole record as tables."""
    trainings = measured["trainings"]
    recipe, runs = trainings["recipe"], trainings["runs"]
    rows = []
    for form in dict.fromkeys(run["form"] for run in runs):
        same = [run for run in runs if run["form"] == form]
        right = [run["accuracy"] for run in same]
        spread = f" ({min(right):.2f}–{max(right):.2f})" if len(right) > 1 else ""
        rows.append((form, f"{same[0]['parameters']:,}", str(len(same)), f"{np.mean(right):.2f}{spread}"))
    epochs = "one epoch" if recipe["epochs"] == 1 else f"{recipe['epochs']} epochs"
    title = (
        f"**Fashion-MNIST** (% of the 10,000 test pictures right, mean and range over seeds; {epochs} over "
        f"{recipe['pictures']:,} training pictures, mirrored by chance)"
    )
    published = [(words, size, f"{percent:g}") for words, (percent, size) in PUBLISHED.items()]
    source = f"the [README of the set]({README}) at `{COMMIT}`"
    beside = f"**Published for comparison** (as others submitted to {source}, not tried here)"
    return [
        table(title, ["", "parameters", "trainings", "right, %"], rows),
        table(beside, ["", "parameters", "right, %"], published),
    ]
