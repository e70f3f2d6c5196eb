"""The pages of many samples: a batch of ten thousand rows, filtered, opened; two sides compared."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import told
from xviz.batch import shown
from xviz.core.errors import XvizError
from xviz.places import SAMPLES
from xviz.ui.dataset import charts

ROOT = Path(__file__).parents[2]


def batch(folder: Path, count: int = 200) -> Path:
    """A finished batch of spoken digits, with numbers that were never measured."""
    chance = np.random.default_rng(0)
    folder.mkdir()
    table = pd.DataFrame(
        {
            "index": np.arange(count), "sample": [f"{i}.flac" for i in range(count)],
            "label": [str(i % 10) for i in range(count)], "predicted": ["seven"] * count, "target": "seven",
            "output.seven": chance.normal(0, 3, count), "deletion.gradient": chance.normal(0, 1, count),
            "deletion.random": chance.normal(2, 1, count), "insertion.look": chance.normal(2, 1, count),
            "insertion.random": chance.normal(0, 1, count), "head.joint.1.across": chance.random(count),
            "head.joint.1.entropy": chance.random(count), "head.joint.2.across": chance.random(count),
            "head.joint.2.entropy": chance.random(count),
            "error": [None] * (count - 1) + ["the file is damaged"],
        }
    )  # fmt: skip
    table.to_parquet(folder / "table.parquet")
    item = {"name": "seven", "label": "7", "origin": {"files": [str(SAMPLES / "mmvit/seven.flac")], "kind": "sound"}}
    plan = {"xviz_batch": 1, "model": "mmvit", "title": "Digits", "methods": ["relevance", "gradient"], "targets": [],
            "count": count, "data": "recordings", "items": [item] * count}  # fmt: skip
    (folder / "batch.json").write_text(json.dumps(plan))
    return folder


def page(name: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    return app.switch_page(f"pages/{name}.py").run()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shown, "FOLDERS", {})
    folder = batch(tmp_path / "digits")
    shown.use(str(folder))
    return folder


def test_without_a_batch_the_page_says_how_to_open_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "FOLDERS", {})
    at = page("dataset")
    assert not at.exception
    assert "xviz app --batch DIR" in at.info[0].value


def test_a_batch_is_shown_filtered_and_its_best_samples_opened(opened: Path) -> None:
    at = page("dataset")
    assert not at.exception, at.exception
    assert not at.error, told(at)
    assert any("200 samples of recordings" in one.value and "1 failed" in one.value for one in at.markdown)
    table = next(frame.value for frame in at.dataframe if "sample" in frame.value)
    assert len(table) == 200
    assert list(table.columns[:2]) == ["index", "sample"]
    assert not [name for name in table if name.startswith("head.")], "heads are shown when asked for"
    at.session_state["tabs"] = "Methods beside random"
    at.run()
    assert not at.error, told(at)
    assert any("95 % bootstrap intervals" in one.value for one in at.caption)
    at.text_input(key="dataset.find").set_value("damaged").run()
    assert not at.error, told(at)
    table = next(frame.value for frame in at.dataframe if "sample" in frame.value)
    assert list(table["sample"]) == ["199.flac"]
    at.text_input(key="dataset.find").set_value("").run()
    at.selectbox(key="dataset.column").set_value("output.seven").run()
    at.slider(key="dataset.range output.seven").set_range(0.0, 1.0).run()
    table = next(frame.value for frame in at.dataframe if "sample" in frame.value)
    assert table["output.seven"].between(0, 1).all()
    assert 5 < len(table) < 60
    at.button(key="dataset.open most 0").click().run()
    assert not at.exception, at.exception
    assert not at.error, told(at)
    assert any("Opened here: seven" in one.value for one in at.caption)
    assert at.session_state["mmvit-class"] == "seven"
    assert at.session_state["methods"] == ["gradient", "relevance"]


def test_a_running_batch_and_a_folder_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "FOLDERS", {})
    folder = batch(tmp_path / "digits", 3)
    rows = pd.read_parquet(folder / "table.parquet").to_dict("records")[:2]
    (folder / "rows.jsonl").write_text("".join(json.dumps([row]) + "\n" for row in rows))
    (folder / "table.parquet").unlink()
    shown.use(str(folder))
    at = page("dataset")
    assert not at.exception, at.exception
    assert any("2 of 3 samples" in one.value for one in at.markdown)
    with pytest.raises(XvizError, match="is no folder of a batch"):
        shown.use(str(tmp_path))


def test_a_zip_is_opened_and_a_wrong_one_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "FOLDERS", {})
    folder = batch(tmp_path / "digits", 20)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as held:
        for path in folder.iterdir():
            held.write(path, f"digits/{path.name}")
    for given, expected in ((content.getvalue(), None), (b"PK no zip", "damaged or none at all")):
        monkeypatch.setattr("xviz.ui.dataset.choose.uploads.single", lambda *a, given=given, **k: ("a.zip", given))
        at = page("dataset")
        assert not at.exception, at.exception
        if expected:
            assert expected in told(at)
        else:
            assert any("20 samples" in one.value for one in at.markdown)


def test_a_batch_that_differs_in_its_numbers_alone_has_its_own_statistics() -> None:
    rows = {"index": [0, 1, 2], "deletion.look": [0.0, 1.0, 2.0], "deletion.random": [3.0, 4.0, 4.0]}
    first, _ = charts._statistics(pd.DataFrame(rows))
    second, _ = charts._statistics(pd.DataFrame(rows | {"deletion.look": [-9.0, -8.0, -7.0]}))
    assert first[0]["deletion"].mean != second[0]["deletion"].mean


def test_a_row_of_a_model_without_a_page_says_so(opened: Path) -> None:
    plan = json.loads((opened / "batch.json").read_text())
    (opened / "batch.json").write_text(json.dumps(plan | {"model": "mmca-paper"}))
    shown.use(str(opened))
    at = page("dataset")
    at.button(key="dataset.open most 0").click().run()
    assert not at.exception, at.exception
    assert "has no page here" in told(at)
