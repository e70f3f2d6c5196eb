"""Every page runs, and the matching page does what it says, without a browser."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.apps import told, unfolded
from xviz.data.shipped import samples
from xviz.explain import METHODS
from xviz.explain.methods import shap
from xviz.house import TABLE
from xviz.models import CARDS, MODELS

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))


def opened(page: str = "mmca.py", tab: str = "") -> AppTest:
    """A page, with a tab of it open; only that one is drawn."""
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    if tab:
        at.session_state["tabs"] = tab
    return at.switch_page(f"pages/{page}").run()


def turned(at: AppTest, tab: str) -> AppTest:
    """The page after a click on a tab."""
    at.session_state["tabs"] = tab
    return at.run()


def png(width: int = 96, height: int = 64) -> bytes:
    pixels = np.full((height, width, 3), 230, np.uint8)
    pixels[16:48, 24:60] = (200, 20, 30)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_runs(page: str) -> None:
    at = opened(page)
    assert not at.exception
    assert not at.error, told(at)
    assert at.title


def test_every_model_with_weights_has_a_page_in_the_menu() -> None:
    for card in CARDS:
        if card.checkpoint:
            title = "Sound and picture views" if card.page else card.short  # one page for all models with views
            assert TABLE[card.page or card.key].title == title
    assert {f"{key}.py" for key in TABLE} | {"home.py", "about.py", "dataset.py", "compare.py"} == set(PAGES)


def test_the_start_page_names_every_model_that_can_be_opened() -> None:
    said = " ".join(m.value for m in opened("home.py").markdown)
    for card in CARDS:
        assert (card.title in said) == bool(card.checkpoint)


def test_the_score_is_the_sum_of_its_parts_at_every_alpha() -> None:
    at = opened()
    at.slider(key="alpha").set_value(2.0).run()
    score, alone, joint = (float(metric.value.replace("−", "-")) for metric in at.metric)
    assert score == pytest.approx(alone + 2 * joint, abs=0.0016)


def test_another_sample_brings_its_own_sentence() -> None:
    at = opened()
    at.selectbox(key="sample").set_value(samples("mmca")[3].title).run()
    assert at.text_input(key="sentence").value == samples("mmca")[3].sentences[0]
    assert not at.error, told(at)


def test_editing_the_sentence_shows_the_change_against_the_original() -> None:
    at = opened()
    before = float(at.metric[0].value.replace("−", "-"))
    at.text_input(key="sentence").set_value("A photograph of the sea at night.").run()
    after = float(at.metric[0].value.replace("−", "-"))
    assert float(at.metric[0].delta) == pytest.approx(after - before, abs=0.0011)
    assert not at.error, told(at)


@pytest.mark.parametrize("method", [key for key in METHODS if key != "shap"])
def test_every_method_answers_for_a_word(method: str) -> None:
    at = opened()
    at.selectbox(key="method").set_value(METHODS[method].title).run()
    assert not at.exception
    assert not at.error, told(at)


def test_every_layer_and_head_can_be_looked_at() -> None:
    at = opened()
    for layer in at.selectbox(key="layer").options:
        at.selectbox(key="layer").set_value(layer).run()
        assert not at.exception, layer
    at.selectbox(key="head").set_value(at.selectbox(key="head").options[-1]).run()
    assert not at.exception


def test_every_layer_and_head_is_shown_at_a_glance() -> None:
    at = opened(tab="Layers and heads")
    unfolded(at, "heads table")
    rows = next(frame.value for frame in at.dataframe if "entropy (bits)" in frame.value)
    card = MODELS["mmca"]
    assert set(rows["layer"]) <= {title.title for title in card.calls.values()}
    assert len(rows) > 4
    assert rows["mass"].to_numpy() == pytest.approx(1.0, abs=1e-5)


def test_a_slow_method_waits_to_be_asked() -> None:
    at = opened()
    at.selectbox(key="method").set_value(METHODS["shap"].title).run()
    assert [button for button in at.button if "Compute" in button.label]
    assert not at.error, told(at)


def test_integrated_gradients_tell_both_ends_and_their_gap() -> None:
    at = opened()
    at.selectbox(key="method").set_value(METHODS["integrated"].title).run()
    said = [caption.value.replace("\\", "") for caption in at.caption]
    assert any("f(x) = " in one and "f(b) = " in one and "completeness gap" in one for one in said)


def test_a_warning_stands_in_the_place_of_a_ranking_that_chance_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST", "BUDGET"):
        monkeypatch.setattr(shap, name, 200)
    at = opened()
    at.selectbox(key="method").set_value(METHODS["shap"].title).run()
    next(button for button in at.button if "Compute" in button.label).click().run()
    assert not at.error, told(at)
    assert any("No ranking" in warning.value for warning in at.warning)
    assert not any("rank correlation **" in part.value for part in at.markdown)


def test_captions_and_pictures_are_ranked_when_asked_for() -> None:
    at = opened(tab="Ranking")
    at.button(key="match.rank").click().run()
    assert not at.error, told(at)
    sentences, pictures = (frame.value for frame in at.dataframe if "rank" in frame.value)
    assert len(sentences) == sum(len(one.sentences) for one in samples("mmca"))
    assert len(pictures) == len(samples("mmca"))
    assert sentences["score"].is_monotonic_decreasing
    assert pictures["score"].is_monotonic_decreasing


# Uploads


def with_picture(name: str, content: bytes, kind: str = "image/png") -> AppTest:
    at = opened()
    at.file_uploader(key="match.picture").set_value((name, content, kind))
    return at.run()


def test_an_own_picture_takes_the_shipped_sentence_away_and_is_matched_with_its_own() -> None:
    at = with_picture("mine", png())
    assert not at.error, told(at)
    assert at.text_input(key="sentence").value == ""
    assert not at.metric, "no score of another picture stays on the screen"
    assert "Type a sentence about your picture" in at.info[0].value
    at.text_input(key="sentence").set_value("A red box on a wall.").run()
    assert not at.error, told(at)
    assert len(at.metric) == 3


def test_a_sentence_that_was_typed_stays_with_an_own_picture() -> None:
    at = opened()
    at.text_input(key="sentence").set_value("A red box.").run()
    at.file_uploader(key="match.picture").set_value(("mine.png", png(), "image/png")).run()
    assert at.text_input(key="sentence").value == "A red box."
    assert len(at.metric) == 3


def test_an_upload_that_failed_leaves_no_answer_of_the_sample_before_it() -> None:
    for name, content in (("cut.png", png()[:60]), ("big.png", bytes(61 * 2**20))):
        at = with_picture(name, content)
        assert name in told(at)
        assert not at.metric
        assert not at.dataframe
    assert "has 61.0 MB; at most 60 MB are read here" in told(at)


def test_twelve_bits_are_told_above_the_score() -> None:
    values = np.tile(np.linspace(0, 4000, 96), (64, 1)).astype(np.uint16)
    Image.fromarray(values).save(file := io.BytesIO(), "PNG")
    at = with_picture("microscope.png", file.getvalue())
    at.text_input(key="sentence").set_value("A grey ramp.").run()
    assert any("taken as 12 bits" in warning.value for warning in at.warning)


def test_a_picture_whose_name_is_html_is_shown_as_text() -> None:
    at = with_picture("<img src=x onerror=alert(1)>.png", png())
    at.text_input(key="sentence").set_value("A red box.").run()
    assert not at.error, told(at)
    assert not at.exception


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cut.png", png()[:60], "mine|cut"),
        ("words.png", b"these are words, not a picture", "PNG, JPEG, WebP"),
        ("dot.png", png(1, 1), "1 × 1"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(name: str, content: bytes, said: str) -> None:
    at = with_picture(name, content)
    assert not at.exception
    assert any(part in told(at) for part in said.split("|")), told(at)
    assert len(told(at)) > 40, "a refusal says what to do"


@pytest.mark.parametrize("sentence", ["", "   ", "word " * 300])
def test_a_sentence_that_cannot_be_read_is_refused_in_words(sentence: str) -> None:
    at = opened()
    at.text_input(key="sentence").set_value(sentence).run()
    assert not at.exception
    assert "word" in told(at) or "sentence" in told(at), told(at)
    at.text_input(key="sentence").set_value("A red cup.").run()
    assert not at.error, "nothing is lost"


@pytest.mark.parametrize("sentence", ["一只猫坐在垫子上", "🐈 on a 🛋️", "<b>bold</b> cat & <script>", "قطة على الكرسي"])
def test_other_scripts_emoji_and_html_are_read(sentence: str) -> None:
    at = opened()
    at.text_input(key="sentence").set_value(sentence).run()
    assert not at.exception
    assert not at.error, told(at)
    warned = " ".join(warning.value for warning in at.warning)
    assert ("does not look like English" in warned) == (not sentence.isascii() and "on a" not in sentence)
    assert ("vocabulary has nothing for" in warned) == any(sign in sentence for sign in "只垫🐈")


def test_two_visitors_see_their_own_scores() -> None:
    one, other = opened(), opened()
    one.text_input(key="sentence").set_value("A green bottle.").run()
    other.selectbox(key="sample").set_value(samples("mmca")[5].title).run()
    again = opened()
    again.text_input(key="sentence").set_value("A green bottle.").run()
    assert one.metric[0].value == again.metric[0].value
    assert one.text_input(key="sentence").value != other.text_input(key="sentence").value
