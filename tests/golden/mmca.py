"""Writes ``mmca.json``: the outputs of the shipped weights for the shipped samples."""

from __future__ import annotations

import json
from pathlib import Path

from xviz import engine
from xviz.data.shipped import samples
from xviz.models import MODELS

loaded = engine.load(MODELS["mmca"])
outputs = {
    shipped.name: engine.outputs(loaded, loaded.card.prepare(shipped.load(), loaded.card.settings))
    for shipped in samples("mmca")
}
made = {"checkpoint_sha256": loaded.sha256, "outputs": outputs}
Path(__file__).with_suffix(".json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
