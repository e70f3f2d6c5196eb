"""The page of views with a model of pictures; its weights are random, so that it proves the page and nothing else."""

from __future__ import annotations

import io
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.charts import class_bars
from tests.pages.test_pages import opened, png, told, turned
from xviz import engine
from xviz.data import shipped
from xviz.data.shipped import ShippedSample, Truth
from xviz.models import CARDS, MODELS
from xviz.models.mmvit_cards import PAPERS, card
from xviz.plates import views
from xviz.ui import cache
from xviz.ui.views import sample

THINGS = ("chair", "table", "lamp")
SMALL = replace(
    PAPERS, input=(56, 56), views=(((4, 4), (4, 4), (0, 0)), ((8, 8), (8, 8), (0, 0))), stages=("C", "SC"),
    width=16, kv_stride=((2, 2), (1, 1)), classes=THINGS,
)  # fmt: skip


def pictured(**changed: object):
    return card(
        "mmvit-pictured", settings=SMALL, checkpoint="mmvit-digits", title="Things in pictures (MMViT)", **changed,
        short="Things in pictures", icon=":material/chair:", story="Which things are seen?",
        wants={"picture": "a picture (PNG, JPEG, HEIC, TIFF, …)"}, outputs=dict.fromkeys(THINGS, "log-odds"),
    )  # fmt: skip


def page(monkeypatch: pytest.MonkeyPatch, **changed: object) -> AppTest:
    made = pictured(**changed)
    monkeypatch.setattr(cache, "MODELS", MappingProxyType({**MODELS, made.key: made}))
    monkeypatch.setattr(sample, "CARDS", (*CARDS, made))
    load = engine.load
    monkeypatch.setattr(engine, "load", lambda one: engine.untrained(one) if one.key == made.key else load(one))
    cache.load.clear()
    at = opened("mmvit.py")
    return at.segmented_control(key="model").set_value(made.key).run()


def brought(at: AppTest, content: bytes, name: str = "mine.png") -> AppTest:
    at.file_uploader(key="mmvit-pictured.picture").set_value((name, content, "image/png"))
    return at.run()


def test_without_a_picture_the_page_says_what_to_bring(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(monkeypatch)
    assert not at.error, told(at)
    assert at.title[0].value == "Things in pictures (MMViT)"
    assert [info.value for info in at.info] == ["Upload a picture (PNG, JPEG, HEIC, TIFF, …) to begin."]


def test_a_picture_goes_all_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    at = brought(page(monkeypatch), png())
    assert not at.exception
    assert not at.error, told(at)
    shown = class_bars(at)
    assert set(shown["class"]) == set(THINGS)
    assert at.multiselect(key="methods").label == f"Methods that explain “{shown['class'][0]}”"
    turned(at, "What if").toggle(key="mmvit-pictured.cross_2").set_value(True).run()
    turned(at, "Trust").button(key="views.measure").click().run()
    assert not at.error, told(at)
    said = " ".join(caption.value.replace("\\", "") for caption in at.caption)
    assert "The model sees the whole picture as 56 × 56 pixels" in said
    turned(at, "Figure").toggle(key="views.preview").set_value(True).run()
    assert not at.error, told(at)
    caption = " ".join(caption.value.replace("\\", "") for caption in at.caption)
    assert "% from the left" in caption
    assert "Model: mmvit-pictured" in caption
    assert turned(at, "What if").toggle(key="mmvit-pictured.cross_2").value, "a closed tab forgets nothing"


def test_probabilities_of_one_among_all_sum_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    at = brought(page(monkeypatch, one_of=True), png())
    assert class_bars(at)["probability"].sum() == pytest.approx(1, abs=1e-6)


def tiny(width: int, height: int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height), 255 if mode == "L" else None).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("content", [b"", b"these are words", png()[:60]], ids=["empty", "words", "cut short"])
def test_what_is_no_picture_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    at = brought(page(monkeypatch), content)
    assert not at.exception
    assert len(told(at)) > 40, "a refusal says what to do"


@pytest.mark.parametrize(
    "content", [tiny(300, 40), tiny(64, 64, "L"), tiny(64, 64, "RGBA")], ids=["flat", "grey", "clear"]
)
def test_unusual_pictures_are_seen(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    at = brought(page(monkeypatch), content)
    assert not at.exception
    assert not at.error, told(at)


def test_the_true_place_of_a_shipped_picture_is_its_mask_at_the_models_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    mask = np.zeros((112, 112), np.uint8)
    mask[20:60, 30:81] = 255
    folder = tmp_path / "mmvit-pictured"
    folder.mkdir()
    Image.fromarray(mask).save(folder / "mask.png")
    (folder / "thing.png").write_bytes(png(112, 112))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    one = ShippedSample(
        "mmvit-pictured", "a", "A lamp", "picture", "made here (CC0)", {"picture": "thing.png"},
        truth=Truth(masks={"lamp": "mask.png"}),
    )  # fmt: skip
    found = views.truth(pictured(), one, "lamp")
    assert found.shape == (56, 56)
    np.testing.assert_allclose(found[10:30, 15:40], 1)
    np.testing.assert_allclose(found[10:30, 40], 0.5, atol=1e-6)
    assert found.sum() == pytest.approx(20 * 25.5)
    assert views.truth(pictured(), one, "chair") is None
    shipped.write(folder / "samples.json", [one])
    at = page(monkeypatch)
    at.selectbox(key="mmvit-pictured-class").set_value("lamp").run()
    assert not at.error, told(at)
    assert any("inside the dashed area" in caption.value for caption in at.caption)
