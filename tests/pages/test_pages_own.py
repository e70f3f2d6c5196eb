"""The page of a model that is not ours, without a browser: made of its spaces' types, its errors told as its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest

from tests.pages.strangers import ALONE, GAZE, PHOTOS, RIGHT, THREE, UNFED, WRONG, features
from tests.pages.test_pages import png, told
from xviz import cli, engine, opening, own_models
from xviz.core.errors import CheckpointError
from xviz.drawings.overview import Part
from xviz.explain import METHODS
from xviz.figures.figure import read_record
from xviz.ui import cache, components, serve
from xviz.ui.own import matrix

ROOT = Path(__file__).parents[2]
CAPTIONER = str(ROOT / "examples" / "captioner.py")


@pytest.fixture(autouse=True)
def no_models() -> Iterator[None]:
    own_models.SPECS.clear()
    yield
    own_models.SPECS.clear()
    cache.load.clear()


def script(key: str) -> None:
    from xviz.ui.own import page

    page.show(key)


def page(spec, tab: str = "") -> AppTest:
    at = AppTest.from_function(script, kwargs={"key": own_models.add(spec)}, default_timeout=60)
    if tab:
        at.session_state["tabs"] = tab
    return at.run()


def said(at: AppTest) -> str:
    parts = [*at.caption, *at.warning, *at.info, *at.markdown]
    return " ".join(part.value.replace("\\", "") for part in parts)


@pytest.mark.parametrize("name", RIGHT)
def test_models_of_every_kind_have_their_page(name: str) -> None:
    at = page(RIGHT[name])
    assert not at.exception
    assert not at.error, told(at)
    assert ("random" in said(at)) == ("random" in RIGHT[name].weights)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_model_is_told_on_its_page(name: str) -> None:
    spec, sentence = WRONG[name]
    at = page(spec)
    assert not at.exception
    assert sentence in told(at)
    assert at.title[0].value.replace("\\", "") == name


def test_a_failing_model_shows_its_own_part_of_the_traceback_alone() -> None:
    at = page(WRONG["Forward fails"][0])
    (trace,) = at.code
    assert "strangers.py" in trace.value
    assert "RuntimeError: the plug was pulled" in trace.value
    assert "xviz/engine" not in trace.value


def test_a_model_without_a_sample_says_what_it_needs_and_takes_it() -> None:
    at = page(UNFED)
    assert "a sentence" in said(at)
    at.text_input[0].set_value("one two three four").run()
    assert not at.error, told(at)
    assert at.metric


def test_an_address_restores_the_token_and_layers_are_named_by_their_tokens() -> None:
    own_models.add(THREE)
    at = AppTest.from_function(script, kwargs={"key": "three-streams"}, default_timeout=60)
    at.query_params["token"] = "words-2"
    at.session_state["tabs"] = "What if"
    at.run()
    assert not at.error, told(at)
    assert "Leave out “two”" in [button.label for button in at.button]
    at.selectbox(key="three-streams-layer").set_value("sound").run()
    assert not at.error, told(at)
    options = at.selectbox(key="three-streams-layer").options
    assert options == ["sound: words to sound", "face: words to face",
                       "joint: words and sound and face to words and sound and face"]  # fmt: skip


def test_reasons_of_methods_that_are_not_offered_are_told() -> None:
    at = page(ALONE, "Model")
    table = next(frame.value for frame in at.dataframe if "why not" in frame.value)
    refused = table[table["offered"] == "no"]
    assert set(refused["method"]) == {
        METHODS[k].title for k in ("integrated", "gradient", "gradcam", "occlusion", "shap")
    }
    assert refused["why not"].str.len().min() > 20
    assert "no cross-attention" in said(at)
    assert at.selectbox(key="self-attention-alone-direction").options == [
        "from the picked token",
        "to the picked token",
    ]


def test_leaving_a_token_out_changes_the_output_as_the_engine_does() -> None:
    at = page(PHOTOS, "What if")
    before = float(at.metric[0].value.replace("−", "-"))
    next(button for button in at.button if button.label.startswith("Leave out")).click().run()
    assert not at.error, told(at)
    assert at.metric[0].delta
    after = float(at.metric[0].value.replace("−", "-"))
    loaded, sample = engine.built(PHOTOS), next(iter(PHOTOS.samples().values()))
    inputs = engine.prepare(loaded, sample)
    assert before == pytest.approx(engine.outputs(loaded, inputs)["yes"], rel=5e-3)
    assert after == pytest.approx(engine.outputs(loaded, inputs.without({"words": (3,)}))["yes"], rel=5e-3)
    next(button for button in at.button if button.label == "Bring all back").click().run()
    assert float(at.metric[0].value.replace("−", "-")) == before


def test_curves_and_interventions_are_computed_when_asked_for() -> None:
    at = page(THREE, "Trust")
    for label in ("Compute curve", "Replace the weights"):
        next(button for button in at.button if button.label == label).click().run()
        assert not at.error, told(at)
    assert "Area under the curve" in said(at)
    assert any("weights" in frame.value for frame in at.dataframe)


def test_a_large_matrix_is_computed_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "LARGE", 2**20)
    monkeypatch.setattr(
        components, "mount", lambda drawing, *, key, closer=None, **_: drawn.append((key, drawing, closer))
    )
    drawn: list = []
    at = page(GAZE, "Attention matrix")
    (button,) = [each for each in at.button if "Compute the matrix of 4096 × 4096 weights" in each.label]
    assert not any(key.startswith("matrix") for key, _, _ in drawn)
    at = button.click().run()
    assert not at.error, told(at)
    ((_, drawing, closer),) = [each for each in drawn if each[0].startswith("matrix")]
    assert drawing.shape == (4096, 4096)
    q, k = (each.detach().double() for each in GAZE.build().heads(features(4096)))
    weights = (8**-0.5 * q[:, 700:760] @ k.mT).softmax(-1).mean(0)
    np.testing.assert_allclose(closer.cut(Part(700, 760, 30, 99)), weights[:, 30:99], rtol=1e-4)
    strongest, alone = closer.seen.cells.strongest[0], drawing.table[1][2]
    assert strongest[2] == alone == closer.seen.cells.weights.max()


def test_a_figure_comes_out() -> None:
    at = page(PHOTOS, "Figure")
    at.selectbox(key="words-and-photos.figure").set_value("glance")
    at.toggle(key="words-and-photos.preview").set_value(True).run()
    assert not at.error, told(at)
    assert "Attention from “barks” in every layer" in said(at)


def test_an_upload_takes_the_place_of_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    at = page(PHOTOS)
    assert [one.label for one in at.file_uploader] == ["Your own left", "Your own right", "Your own back"]
    at.file_uploader[0].set_value(("mine.png", png(), "image/png")).run()
    assert not at.error, told(at)


def test_parts_without_an_example_are_taken_by_what_the_spec_says_of_them() -> None:
    wants = {"plate": "an image of what was eaten", "question": "what is asked", "other": "something"}
    at = page(replace(UNFED, key="", title="Wants", wants=wants))
    assert [one.label for one in at.file_uploader] == ["Your own plate", "Your own other"]
    assert [one.label for one in at.text_input] == ["Your own question"]
    at.text_input[0].set_value("one two").run()
    assert "Wants needs also: plate, other." in told(at)


def test_no_visitor_meets_the_sample_of_another() -> None:
    first, second = page(ALONE), AppTest.from_function(script, kwargs={"key": "self-attention-alone"}).run()
    before = second.metric[0].value
    first.text_input[0].set_value("something that is entirely secret").run()
    assert first.metric[0].value != before
    second.run()
    assert second.metric[0].value == before
    assert "secret" not in said(second)


def test_two_models_of_one_name_have_pages_of_their_own(tmp_path: Path) -> None:
    first, second = own_models.use(CAPTIONER), own_models.use(CAPTIONER)
    assert (first, second) == ("captioner", "captioner-2")
    assert own_models.SPECS[second].key == second
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not at.exception


# xviz app --model


def served(monkeypatch: pytest.MonkeyPatch, *options: str) -> list[str]:
    monkeypatch.setattr(serve.cli, "main", lambda: None)
    monkeypatch.setattr(serve.warm, "start", lambda: None)
    monkeypatch.setattr(sys, "argv", ["xviz"])
    serve.serve(options)
    return sys.argv[3:]


def test_models_are_taken_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    left = served(
        monkeypatch, "--server.port", "9", "--model", CAPTIONER, "--", "--model", "tests.pages.strangers:ALONE"
    )
    assert left == ["--server.port", "9"]
    assert list(own_models.SPECS) == ["captioner", "self-attention-alone"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("nowhere.py:SPEC", "There is no file nowhere.py"),
        ("nowhere:SPEC", "There is no module “nowhere”"),
        ("tests.pages.strangers:NOBODY", "has no “NOBODY”"),
    ],
)
def test_a_wrong_name_is_told_before_the_server_starts(
    model: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit) as left:
        served(monkeypatch, "--model", model)
    assert sentence in str(left.value)


def test_a_module_that_fails_is_told_with_its_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.py").write_text("import math\nmath.nothing\n")
    with pytest.raises(SystemExit) as left:
        served(monkeypatch, "--model", str(tmp_path / "bad.py"))
    assert "math.nothing" in str(left.value)
    assert "bad.py, line 2" in str(left.value)


@pytest.mark.parametrize("ending", ["safetensors", "pt"])
def test_weights_of_ones_own_are_loaded_and_named(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = THREE.build()
    weights = {name: torch.full_like(tensor, 0.01) for name, tensor in module.state_dict().items()}
    path = tmp_path / f"mine.{ending}"
    save_file(weights, path) if ending == "safetensors" else torch.save(weights, path)
    served(monkeypatch, "--model", "tests.pages.strangers:THREE", "--weights", f"three-streams={path}")
    loaded = cache.load("three-streams")
    assert float(loaded.module.joint.in_proj_weight.detach().min()) == pytest.approx(0.01)
    assert "mine" in own_models.SPECS["three-streams"].weights
    del weights["joint.in_proj_weight"]
    save_file(weights, tmp_path / "less.safetensors")
    with pytest.raises(CheckpointError, match=r"less.safetensors does not fit Three streams.*in_proj_weight"):
        own_models.use_weights(f"three-streams={tmp_path / 'less.safetensors'}")


@pytest.mark.parametrize("kind", ["tokens", "matrix", "glance"])
def test_every_figure_of_the_page_has_a_command_that_draws_it(kind: str, tmp_path: Path) -> None:
    key = own_models.use(CAPTIONER)
    at = AppTest.from_function(script, kwargs={"key": key}, default_timeout=60)
    at.session_state["tabs"] = "Figure"
    at.run()
    at.selectbox(key=f"{key}.figure").set_value(kind)
    at.toggle(key=f"{key}.copy").set_value(True).run()
    assert not at.error, told(at)
    command = shlex.split(next(block.value for block in at.code if block.value.startswith("xviz figure")))
    assert command[2] == "captioner.py:SPEC", "where somebody works is nobody's business"
    words = ["figure", f"{CAPTIONER}:SPEC", *command[3:-1], str(tmp_path / "figure.svg")]
    cli.main(words)
    record = read_record((tmp_path / "figure.svg").read_bytes())
    assert record["recipe"]["figure"] == kind


def test_a_sentence_in_the_place_of_the_examples_is_read_again() -> None:
    key = own_models.use(CAPTIONER)
    loaded = cache.load(key)
    assert loaded.source == "captioner.py:SPEC"
    origin = {"shipped": "A red square", "texts": {"text": "a blue dot"}}
    again = opening.sample(loaded, origin)
    assert again.origin == origin
    assert " ".join(again.parts["text"].words) == "a blue dot"
    assert "picture" in again.parts, "the example's own"
