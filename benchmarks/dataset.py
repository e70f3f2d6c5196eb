"""The page “Data set” with ten thousand rows, and every layer and head at a glance of a large model.

    OMP_NUM_THREADS=1 python benchmarks/dataset.py page
    OMP_NUM_THREADS=1 python benchmarks/dataset.py glance

Runs the pages' scripts without a browser, as Streamlit's tests do; prints one JSON object with seconds of the clock.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

ROOT = Path(__file__).parents[1]
ROWS, REPEATS = 10_000, 5


def batch(folder: Path) -> Path:
    """A batch of spoken digits with as many columns as one has: 10 outputs, three methods, all layers and heads."""
    import numpy as np
    import pandas as pd

    from xviz.models import MODELS

    chance, columns = np.random.default_rng(0), {}
    card = MODELS["mmvit"]
    columns |= {f"output.{name}": chance.normal(0, 3, ROWS) for name in card.outputs}
    for method in ("look", "relevance", "received", "random"):
        columns |= {f"{kind}.{method}": chance.normal(0, 1, ROWS) for kind in ("deletion", "insertion")}
    for call in card.calls:
        for head in range(1, 5):
            columns |= {f"head.{call}.{head}.{what}": chance.random(ROWS) for what in ("entropy", "across")}
    table = pd.DataFrame(
        {"index": np.arange(ROWS), "sample": [f"{i % 10}_person_{i}.wav" for i in range(ROWS)],
         "label": [str(i % 10) for i in range(ROWS)], "predicted": chance.choice(list(card.outputs), ROWS),
         "target": "seven", "error": [None] * (ROWS - 1) + ["damaged"], **columns}
    )  # fmt: skip
    folder.mkdir()
    table.to_parquet(folder / "table.parquet")
    item = {"name": "a", "label": "7", "origin": {"files": ["a.wav"], "kind": "sound"}}
    plan = {"xviz_batch": 1, "model": "mmvit", "title": card.title, "methods": ["look", "relevance", "received"],
            "targets": [], "count": ROWS, "data": "recordings", "items": [item] * ROWS}  # fmt: skip
    (folder / "batch.json").write_text(json.dumps(plan))
    return folder


def page() -> dict[str, object]:
    """Seconds until the page stands, first and again, and until it follows a filter; the start of the app is not in."""
    from streamlit.testing.v1 import AppTest

    from xviz.batch import shown

    with tempfile.TemporaryDirectory() as folder:
        shown.use(str(batch(Path(folder) / "digits")))
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        at = at.switch_page("pages/dataset.py")
        opened, filtered = [_seconds(at.run)], []
        assert not at.exception
        for number in range(REPEATS):
            at.text_input(key="dataset.find").set_value(f"person_{number}1")
            filtered.append(_seconds(at.run))
            assert not at.exception
        for number in range(REPEATS):
            at.text_input(key="dataset.find").set_value("")
            at.selectbox(key="dataset.column").set_value("label").run()
            at.multiselect(key="dataset.values label").set_value([str(number)])
            filtered.append(_seconds(at.run))
        at.multiselect(key="dataset.values label").set_value([]).run()
        again = [_seconds(at.run) for _ in range(REPEATS)]
    return {
        "rows": ROWS, "open": round(opened[0], 2), "all rows again": round(median(again), 2),
        "filter, median": round(median(filtered), 2), "filter, most": round(max(filtered), 2),
    }  # fmt: skip


def _seconds(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def glances() -> dict[str, object]:
    """Every layer and head at a glance: 12 layers of 12 heads, 512 tokens; seconds and bytes to the browser."""
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional

    import xviz
    from xviz.core.run import Inputs
    from xviz.core.sample import Sample, Text
    from xviz.core.tokens import Named
    from xviz.draw import scale
    from xviz.drawings import multiples
    from xviz.explain.glance import glance
    from xviz.ui.forms import Forms

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(768, 3 * 768), nn.Linear(768, 768)

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(len(x), -1, 3, 12, 64).permute(2, 0, 3, 1, 4)
            return x + self.out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    torch.manual_seed(0)
    module, words = nn.Sequential(*(Block() for _ in range(12))).eval(), tuple(f"word{i}" for i in range(512))
    features = torch.randn(512, 768)
    spec = xviz.Spec(
        title="Large", outputs={"mean": "of all features"},
        read=lambda sample: Inputs.of(Named("words", words), tokens={"words": features}),
        call=lambda module, tokens, present, context: {"mean": module(tokens["words"]).mean((1, 2))},
    )  # fmt: skip
    loaded = xviz.wrap(module.requires_grad_(False), spec)
    session = xviz.run(loaded, Sample("a", {"text": Text(words, " ".join(words))}))
    forms = Forms(session.sample)(loaded, session.run)
    times, size = [], 0
    for token in range(REPEATS):
        began = time.perf_counter()
        found = glance(session.run, forms, "words", (100 + token,))
        limits = scale.sequential(np.concatenate([one.maps.ravel() for one in found.layers]), label="attention weight")
        drawing = multiples.multiples(found.layers, scale=limits)
        times.append(time.perf_counter() - began)
        size = len(drawing.payload)
    return {"layers": len(session.run.calls), "seconds, median": round(median(times), 3), "KiB": round(size / 1024)}


if __name__ == "__main__":
    print(json.dumps({"page": page, "glance": glances}[sys.argv[1]](), indent=1))
