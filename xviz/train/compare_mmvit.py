"""The spoken-digits recipe with one thing changed: cross-attention, CutMix, or the voice that is left out.

``python -m xviz.train.compare_mmvit --data DIR`` trains each form once, with the seed of the recipe, and adds its last
accuracies to the record of the checkpoint under “trained otherwise”. Forms that stand there already are not repeated.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from xviz.checkpoints import FOLDER
from xviz.models.mmvit_cards import SOUND
from xviz.train.mmvit import Recipe, train

#: form → what differs in the card's settings, what differs in the recipe
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "without cross-attention": ({"cross": "none"}, {}),
    "without CutMix": ({}, {"cutmix": 0.0}),
    "another voice left out: theo": ({}, {"without": "theo"}),
    "another voice left out: nicolas": ({}, {"without": "nicolas"}),
    "every view asks every other (pairwise)": ({"cross": "pairwise"}, {}),
}
RECORD = FOLDER / "mmvit-digits.json"


def compare(data: Path, forms: list[str]) -> None:
    """Train the forms and put their accuracies into the record, one after another."""
    for name in forms:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
        found = record.setdefault("trained otherwise", {})
        if name in found:
            continue
        settings, numbers = FORMS[name]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "form.safetensors"
            train(data, out, replace(Recipe(), **numbers), {**SOUND, **settings})
            last = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))["epochs"][-1]
        found[name] = {key: last[key] for key in ("own split", "new speaker")}
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the Free Spoken Digit Dataset")
    parser.add_argument("--form", action="append", choices=list(FORMS), help="one form; all where none is named")
    given = parser.parse_args()
    compare(given.data, given.form or list(FORMS))
