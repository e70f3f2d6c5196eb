"""What a batch keeps and tells: newer scores, plans and rows that are damaged, reasons without folders."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from xviz import engine, opening
from xviz.batch import store
from xviz.batch.listing import Item
from xviz.batch.measure import Wanted, measure
from xviz.batch.opened import open_archive, open_folder
from xviz.core.errors import XvizError
from xviz.engine import Loaded

OWN = "examples/captioner.py:SPEC"
PLAN = {"xviz_batch": 1}


@pytest.fixture(scope="module")
def model() -> Loaded:
    return opening.model(OWN)


def test_scores_that_are_newer_than_their_shard_outlive_a_kill(tmp_path: Path) -> None:
    def keep(kept: store.Store, value: float, error: str | None) -> None:
        kept.add([{"index": 0, "error": error}], {"look": np.array([value])})

    first = store.Store(tmp_path, {})
    keep(first, 1.0, "one target failed")
    first.finish()
    first.close()
    again = store.Store(tmp_path, {})
    keep(again, 2.0, None)
    os.utime(next(again.pending.glob("*.npz")), (2e9, 2e9))
    again.close()  # as a kill leaves it, before scores are packed
    store.Store(tmp_path, {}).close()
    assert store.scores(tmp_path, 0)["look"] == [2.0]


def zipped(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, text in files.items():
            made.writestr({"plan": "batch.json", "rows": "rows.jsonl"}[name], text)
    return held.getvalue()


@pytest.mark.parametrize("plan", ["{", "[1]", "{}", "7", '{"xviz_batch": null}', "[" * 100_000])
def test_a_damaged_plan_in_a_zip_is_told(plan: str) -> None:
    with pytest.raises(XvizError, match="is no plan of a batch"):
        open_archive("a.zip", zipped(plan=plan, rows='[{"index": 0}]\n'))


def test_a_batch_without_samples_and_one_with_damaged_rows_are_told(tmp_path: Path) -> None:
    for rows, told in (("", "has no sample yet"), ("what\n", "damaged")):
        with pytest.raises(XvizError, match=told):
            open_archive("a.zip", zipped(plan=json.dumps(PLAN), rows=rows))
    kept = store.Store(tmp_path, {})
    kept.finish()
    kept.close()
    with pytest.raises(XvizError, match="has no sample yet"):
        open_folder(tmp_path)


def test_the_model_runs_for_targets_only_where_they_depend_on_the_sample(
    model: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "a.png")
    item, asked, outputs = Item(0, "a", {"files": [str(tmp_path / "a.png")]}), [], engine.outputs
    monkeypatch.setattr(engine, "outputs", lambda *given: asked.append(given) or outputs(*given))
    for targets, count in (((), 0), (("next word",), 0), (("predicted",), 1)):
        asked.clear()
        [row], _ = measure(model, item, Wanted(OWN, ("look",), targets, steps=0))
        assert (row["target"], len(asked)) == ("next word", count)


def test_reasons_name_no_folder(model: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my  data").mkdir()
    monkeypatch.chdir(tmp_path)
    for file in (tmp_path / "my  data" / "none.png", Path("my  data/none.png")):
        [row], _ = measure(model, Item(0, "a", {"files": [str(file)]}), Wanted(OWN, ("look",), ()))
        assert row["error"].startswith("There is no file none.png")
        assert "data/" not in row["error"]


def test_the_folder_of_a_batch_is_written_without_torch() -> None:
    code = "import sys, xviz.batch.store; print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["False", "False"]
