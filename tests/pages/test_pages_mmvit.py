"""The page of views does what it says, without a browser."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from tests.charts import class_bars
from tests.pages.test_pages import opened, told
from xviz import engine, record
from xviz.data.shipped import ShippedSample, samples
from xviz.explain import METHODS
from xviz.models import MODELS
from xviz.ui.methods import MOST_PROBABLE
from xviz.ui.views.methods import DEFAULTS
from xviz.ui.views.sample import view_name

EXAMPLES = samples("mmvit")


def page(tab: str = "") -> AppTest:
    return opened("mmvit.py", tab)


def wav(signal: np.ndarray, rate: int = 8000, kind: str = "WAV", subtype: str = "FLOAT") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, signal, rate, format=kind, subtype=subtype)
    return file.getvalue()


def noise(seconds: float, rate: int = 8000, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, (round(seconds * rate), channels))


def captions(at: AppTest) -> str:
    return " ".join(caption.value.replace("\\", "") for caption in at.caption)


def test_the_probabilities_are_those_of_the_model() -> None:
    at = page()
    shown = class_bars(at)
    found = engine.run(engine.load(MODELS["mmvit"]), EXAMPLES[0].load()).outputs
    for digit, probability in zip(shown["class"], shown["probability"], strict=True):
        assert probability == pytest.approx(1 / (1 + np.exp(-found[digit])), abs=1e-5)
    assert shown["probability"].is_monotonic_decreasing
    assert at.multiselect(key="methods").label == f"Methods that explain “{shown['class'][0]}”"


def test_another_sound_and_another_digit() -> None:
    at = page()
    at.selectbox(key="mmvit-sample").set_value(EXAMPLES[1].title).run()
    at.selectbox(key="mmvit-class").set_value("three").run()
    assert not at.error, told(at)
    assert at.multiselect(key="methods").label == "Methods that explain “three”"
    assert at.selectbox(key="mmvit-class").options[0] == MOST_PROBABLE


def test_where_a_digit_is_said_is_told_only_of_digits_that_are_said() -> None:
    at = page()
    said, other = next(iter(EXAMPLES[0].truth.places)), "eight"
    at.selectbox(key="mmvit-class").set_value(said).run()
    assert f"where “{said}” is, known" in captions(at)
    assert captions(at).count("inside the dashed area") == len(DEFAULTS)
    at.selectbox(key="mmvit-class").set_value(other).run()
    assert "ashed" not in captions(at)


def test_every_block_can_be_looked_at() -> None:
    at = page("Attention between views")
    names = at.selectbox(key="mmvit-block").options
    assert MODELS["mmvit"].calls["stage2.block2.joint"].title in names
    for name in (names[0], names[2], names[-1]):  # the third is of the second view alone: the class token is no query
        at.selectbox(key="mmvit-block").set_value(name).run()
        assert not at.exception
        assert not at.error, told(at)


def test_the_masses_of_the_stages_are_those_of_the_weights() -> None:
    at = page("Attention between views")
    table = next(d.value for d in at.dataframe if "query → key" in d.value)
    run = engine.run(engine.load(MODELS["mmvit"]), EXAMPLES[0].load())
    call = run.call("stage1.block1.joint")
    rows, first, keys = call.rows().double().mean(0), len(run.spaces["view1"]) + 1, len(run.spaces["view1.keys1"]) + 1
    expected = float(rows[first:, 1:keys].sum() / (len(rows) - first))
    row = table[table["query → key"] == "view 2 → view 1"].iloc[0]
    assert float(row["stage 1, block 1"].split()[0]) == pytest.approx(expected, abs=6e-4)
    assert len([name for name in table if name.startswith("stage")]) == 3


@pytest.mark.parametrize("one", [True, False])
def test_every_method_answers_on_one_scale_and_on_its_own(one: bool) -> None:
    at = page()
    at.multiselect(key="methods").set_value([key for key in METHODS if key != "shap"]).run()
    at.toggle(key="one-scale").set_value(one).run()
    assert not at.exception
    assert not at.error, told(at)
    assert all(any(f"**{METHODS[key].title}**" == m.value for m in at.markdown) for key in METHODS if key != "shap")


def test_no_method_at_all_is_no_mistake_and_the_figure_says_what_to_do() -> None:
    at = page("Figure")
    at.multiselect(key="methods").set_value([]).run()
    assert not at.error, told(at)
    at.toggle(key="views.preview").set_value(True).run()
    assert "No method has been computed yet" in told(at)


def test_switching_off_cross_attention_changes_the_answer() -> None:
    at = page("What if")
    at.toggle(key="mmvit.cross_3").set_value(True).run()
    assert not at.error, told(at)
    table = next(d.value for d in at.dataframe if "switched off" in d.value)
    assert (table["original"] - table["switched off"]).abs().max() > 1e-3
    odds = np.log(table["switched off"] / (1 - table["switched off"]))
    before = np.log(table["original"] / (1 - table["original"]))
    np.testing.assert_allclose(odds - before, table["change of logit"], atol=0.02)


def test_deletion_takes_the_patches_of_both_views_and_beats_chance_or_says_so() -> None:
    at = page("Trust")
    at.button(key="views.measure").click().run()
    assert not at.error, told(at)
    assert "of them larger" in captions(at)
    at.button(key="views.replace").click().run()
    assert not at.error, told(at)
    assert "uniform" in list(next(d.value for d in at.dataframe if "weights" in d.value)["weights"])


def with_sound(name: str, content: bytes) -> AppTest:
    at = page()
    at.file_uploader(key="mmvit.sound").set_value((name, content, "audio/wav"))
    return at.run()


def test_an_own_long_sound_is_heard_where_it_is_loudest_or_where_one_says() -> None:
    signal = np.zeros((20 * 16_000, 1))
    signal[10 * 16_000 : 10 * 16_000 + 4000] = noise(0.25, 16_000)
    signal[3 * 16_000 : 3 * 16_000 + 4000] = 0.1 * noise(0.25, 16_000)
    at = with_sound("<b>mine</b>.wav", wav(signal, 16_000))
    assert not at.error, told(at)
    begins = next(number for number in at.number_input if "starts" in number.label)
    assert begins.value < 10 < begins.value + 1.6
    assert "resampled from 16000 Hz" in captions(at)
    begins.set_value(2.5).run()
    assert not at.error, told(at)
    assert next(number for number in at.number_input if "starts" in number.label).value == 2.5
    begins.set_value(15.0).run()
    assert "silent here" in told(at), "and the stretch can still be moved"
    assert any("starts" in number.label for number in at.number_input)


def test_eight_hours_are_opened_in_bounded_memory() -> None:
    hours = np.zeros((8 * 3600 * 4000, 1), np.int16)
    hours[100_000_000 : 100_000_000 + 2000] = 20_000 * noise(0.5, 4000).clip(-1, 1)
    content = wav(hours, 4000, "FLAC", "PCM_16")
    del hours
    tracemalloc.start()
    at = with_sound("night.flac", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not at.error, told(at)
    assert "8 h 0 min" in " ".join(m.value for m in at.markdown)
    start = next(number for number in at.number_input if "starts" in number.label).value
    assert start < 25_000 < start + 1.6
    assert peak < 150e6, f"{peak / 1e6:.0f} MB; the samples would take {8 * 3600 * 4000 * 4 / 1e6:.0f} MB"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"these are words", "no sound that can be read"),
        (b"", "no sound that can be read"),
        (wav(np.zeros((8000, 1))), "silent"),
        (wav(np.full((1, 1), 0.5)), "at least 50 ms"),
        (wav(np.full((8000, 1), np.nan)), "not finite"),
        (wav(np.full((8000, 1), np.inf)), "not finite"),
        (wav(noise(1))[:50], "no sound that can be read"),
    ],
    ids=["words", "empty", "silent", "one sample", "not a number", "infinite", "cut in its head"],
)
def test_what_is_no_sound_is_refused_in_words_and_nothing_is_lost(content: bytes, said: str) -> None:
    at = with_sound("mine.wav", content)
    assert not at.exception
    assert said in told(at)
    assert len(told(at)) > 40, "a refusal says what to do"
    assert at.file_uploader(key="mmvit.sound").value is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wav((50 * noise(1)).clip(-1, 1)), "the recording is clipped"),
        (wav(noise(1, 192_000), 192_000), "resampled from 192000 Hz"),
        (wav(noise(1, 8000, 8)), "8 channels; their mean is heard"),
        (wav(noise(2))[:30_000], "is cut short"),
        (wav(noise(3), kind="FLAC", subtype="PCM_16"), ""),
        (wav(noise(3), kind="OGG", subtype="VORBIS"), ""),
        (wav(noise(3), kind="MP3", subtype="MPEG_LAYER_III"), ""),
        (wav(noise(2) + 0.2), "A constant offset of +0.2 of full scale was taken out"),
        (wav(3 * noise(2)), "Values reach 1.18 times full scale"),
    ],
    ids=["clipped", "192 kHz", "8 channels", "cut short", "flac", "ogg", "mp3", "offset", "beyond full scale"],
)
def test_what_is_unusual_is_heard_and_said(content: bytes, said: str) -> None:
    at = with_sound("mine.wav", content)
    assert not at.exception
    assert not at.error, told(at)
    assert said in captions(at)


def test_channels_out_of_phase_are_told_above_and_another_can_be_chosen() -> None:
    said = EXAMPLES[0].load().parts["sound"]
    both = np.stack([said.signal, -0.98 * said.signal], 1)
    at = with_sound("balanced.wav", wav(both, round(said.rate)))
    assert any("out of phase" in warning.value for warning in at.warning)
    shown = class_bars(at)
    alone = engine.run(engine.load(MODELS["mmvit"]), EXAMPLES[0].load()).outputs
    assert shown["class"][0] == max(alone, key=lambda name: alone[name])
    channel = next(box for box in at.selectbox if box.label == "Channel")
    assert channel.options == ["Detect automatically", "Mean of all", "1", "2"]
    channel.set_value("Mean of all").run()
    assert any("nearly cancels" in warning.value for warning in at.warning)
    channel.set_value("2").run()
    assert not at.error, told(at)
    assert not any("phase" in warning.value for warning in at.warning)


def test_a_faint_sound_is_told_above_the_result() -> None:
    at = with_sound("far.wav", wav(1e-3 * noise(2)))
    assert any("This sound is very quiet" in warning.value for warning in at.warning)


def test_a_clip_in_which_no_digit_is_likely_is_told_above_the_result() -> None:
    at = with_sound("hum.wav", wav(0.1 * np.sin(2 * np.pi * 50 * np.arange(12_800) / 8000)[:, None]))
    lines = [warning.value.replace("\\", "") for warning in at.warning]
    line = next(line for line in lines if line.startswith("No digit is likely said here"))
    assert "of computed noises and music" in line
    assert max(class_bars(at)["probability"]) < record.read("mmvit-digits")["speech"]["threshold"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_where_a_digit_is_said_nothing_is_told_of_none(example: ShippedSample) -> None:
    outputs = engine.run(engine.load(MODELS["mmvit"]), example.load()).outputs
    assert record.absence(MODELS["mmvit"], outputs) is None


def test_views_are_named_by_what_sets_them_apart() -> None:
    assert view_name(MODELS["mmvit"], "view1") == "view 1, fine in time"
    assert view_name(MODELS["mmvit"], "view2") == "view 2, fine in frequency"
    assert view_name(MODELS["mmvit-paper"], "view2") == "view 2, patches of 11 × 11 pixels"


def test_the_figure_is_shown_when_asked_for() -> None:
    at = page("Figure")
    at.toggle(key="views.preview").set_value(True).run()
    assert not at.error, told(at)
    assert "Model: mmvit" in captions(at)
    assert "the same in all panels" in captions(at)
