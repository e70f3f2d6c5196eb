"""The page of spoken digits does what it says, without a browser."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import opened, told
from xviz import engine
from xviz.data.sounds import load_sound, sound_examples
from xviz.explain import METHODS
from xviz.models import MODELS
from xviz.ui.hearing import MOST_PROBABLE
from xviz.ui.viewing import call_name


def page() -> AppTest:
    return opened("mmvit.py")


def wav(signal: np.ndarray, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, signal, rate, format="WAV", subtype="FLOAT")
    return file.getvalue()


def test_the_probabilities_are_those_of_the_model() -> None:
    at = page()
    shown = at.dataframe[0].value
    found = engine.run(engine.load(MODELS["mmvit"]), load_sound(sound_examples()[0].key)).outputs
    for digit, probability in zip(shown["digit"], shown["probability"], strict=True):
        assert probability == pytest.approx(1 / (1 + np.exp(-found[digit])), abs=1e-5)
    assert shown["probability"].is_monotonic_decreasing
    assert f"Where was “{shown['digit'][0]}” heard?" in [s.value for s in at.subheader]


def test_another_sound_and_another_digit() -> None:
    at = page()
    at.selectbox(key="sound").set_value(sound_examples()[1].title).run()
    at.selectbox(key="digit").set_value("three").run()
    assert not at.error, told(at)
    assert "Where was “three” heard?" in [s.value for s in at.subheader]
    assert at.selectbox(key="digit").options[0] == MOST_PROBABLE


def test_every_block_can_be_looked_at() -> None:
    at = page()
    names = at.selectbox(key="block").options
    assert call_name("stage2.block2.joint") in names
    for name in (names[0], names[2], names[-1]):  # the third is of the second view alone: the class token asks nothing
        at.selectbox(key="block").set_value(name).run()
        assert not at.exception
        assert not at.error, told(at)


@pytest.mark.parametrize("method", [key for key in METHODS if key not in ("shap", "relevance", "occlusion")])
def test_every_method_answers(method: str) -> None:
    at = page()
    at.selectbox(key="found").set_value(METHODS[method].title).run()
    assert not at.exception
    assert not at.error, told(at)


def test_switching_off_cross_attention_changes_the_answer() -> None:
    at = page()
    at.toggle(key="digits.cross_3").set_value(True).run()
    assert not at.error, told(at)
    table = at.dataframe[-1].value
    assert (table["as it is"] - table["switched off"]).abs().max() > 1e-3
    odds = np.log(table["switched off"] / (1 - table["switched off"]))
    before = np.log(table["as it is"] / (1 - table["as it is"]))
    np.testing.assert_allclose(odds - before, table["change of log-odds"], atol=0.02)


def with_sound(name: str, content: bytes) -> AppTest:
    at = page()
    at.file_uploader(key="digits.sound").set_value((name, content, "audio/wav"))
    return at.run()


def test_an_own_long_sound_is_heard_where_it_is_loudest() -> None:
    signal = np.zeros((20 * 16_000, 1))
    signal[10 * 16_000 : 10 * 16_000 + 4000] = np.random.default_rng(0).normal(0, 0.2, (4000, 1))
    at = with_sound("<b>mine</b>.wav", wav(signal, 16_000))
    assert not at.error, told(at)
    start = next(slider for slider in at.slider if "begins" in slider.label).value
    assert start < 10 < start + 1.6
    assert any("resampled from 16000 Hz" in caption.value.replace("\\", "") for caption in at.caption)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"these are words", "no sound that can be read"),
        (wav(np.zeros((8000, 1))), "silent"),
        (wav(np.full((1, 1), 0.5)), "at least 50 ms"),
        (wav(np.full((8000, 1), np.nan)), "not finite"),
    ],
    ids=["words", "silent", "one sample", "not a number"],  # the bytes of a sound hold the time at which it was made
)
def test_what_is_no_sound_is_refused_in_words_and_nothing_is_lost(content: bytes, said: str) -> None:
    at = with_sound("mine.wav", content)
    assert not at.exception
    assert said in told(at)
    assert len(told(at)) > 40, "a refusal says what to do"


def test_the_figure_is_shown_when_asked_for() -> None:
    at = page()
    at.toggle(key="digits.preview").set_value(True).run()
    assert not at.error, told(at)
    assert any("Model: mmvit" in caption.value.replace("\\", "") for caption in at.caption)
