"""The page “Compare”: two of anything, on one scale, picks linked, and the figure of it with its command."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.apps import followed
from tests.pages.test_pages import png, told
from xviz import checkpoints, cli, custom_weights, own_models
from xviz.core.forms import Words
from xviz.core.tokens import Pieces
from xviz.figures.figure import read_record
from xviz.places import SAMPLES
from xviz.ui import cache
from xviz.ui.compare import bring, show, side
from xviz.ui.compare.side import Side

ROOT = Path(__file__).parents[2]
CAPTIONER = str(ROOT / "examples" / "captioner.py")


@pytest.fixture(autouse=True)
def nothing_of_ones_own() -> Iterator[None]:
    yield
    for table in (own_models.SPECS, own_models.SOURCES, checkpoints.OWN, custom_weights.NAMED):
        table.clear()
    cache.load.clear()


def page(**query: str) -> AppTest:
    return followed("compare", query)


def said(at: AppTest) -> str:
    return " ".join(one.value.replace("\\", "") for one in [*at.caption, *at.info])


def command(at: AppTest) -> list[str]:
    at.toggle(key="compare.copy").set_value(True).run()
    assert not at.error, told(at)
    return shlex.split(next(block.value for block in at.code if block.value.startswith("xviz figure")))


def other(words: list[str]) -> dict:
    """Side B of a command."""
    return json.loads(next(word for word in words if word.startswith("beside=")).removeprefix("beside="))


def test_two_heads_of_a_sample_are_compared_with_their_difference() -> None:
    at = page()
    assert not at.exception, at.exception
    assert not at.error, told(at)
    assert [one.value for one in at.header if one.value in ("A", "B")] == ["A", "B"], "headings go down by one"
    assert side._model("mmca", "") is cache.load("mmca"), "weights are loaded once"
    at.selectbox(key="b-head of 8").set_value(2).run()
    assert not at.error, told(at)
    assert any("Greatest difference" in one.value for one in at.caption)
    at.text_input(key="b-train-sofa-sentence").set_value("a fire truck and a cat on a very long road").run()
    assert not at.error, told(at)
    said = " ".join(one.value for one in at.caption)
    assert "do not correspond" in said
    at.selectbox(key="b-method").set_value("gradient").run()
    assert not at.error, told(at)
    assert any("each has a scale of its own" in one.value for one in at.info)


def test_sides_are_coloured_as_their_words_are_painted() -> None:
    """A word of two pieces has the sum of their scores, which the colours must reach."""
    pieces = Pieces("words", ("do", "##g"), np.array([0, 0]), ("dog",))
    forms = {"words": Words(labels=pieces.words, of_token=pieces.of_word)}
    session = SimpleNamespace(run=SimpleNamespace(spaces={"words": pieces}))
    sides = [
        Side(session, SimpleNamespace(scores={"words": np.array(scores)}, signed=False, unit="weight"), "", forms)
        for scores in ((0.25, 0.25), (0.5, 0.25))
    ]
    assert show._scale(sides, "words").high == 0.75


def test_a_pick_counts_for_both_sides_and_the_command_draws_both(tmp_path: Path) -> None:
    words = command(
        page(token="pieces-4", **{"a-method": "Attention of the picked token", "b-method": "Gradient × input"})
    )
    assert words[words.index("--picked") + 1] == "pieces:4"
    assert other(words)["question"]["space"] == "pieces"
    assert other(words)["question"]["tokens"] == [3]
    cli.main([*words[1:-1], str(tmp_path / "figure.svg")])
    record = read_record((tmp_path / "figure.svg").read_bytes())
    assert record["recipe"]["figure"] == "compare"
    assert "there is no difference" in record["caption"]


def test_own_files_stand_beside_a_shipped_sample() -> None:
    at = page(**{"a-model": "Spoken digits", "b-model": "Spoken digits"})
    at.selectbox(key="b-mmvit-sample").set_value(bring.OWN).run()
    assert "Give a sound" in said(at)
    sound = (SAMPLES / "mmvit/seven.flac").read_bytes()
    at.file_uploader(key="b-mmvit-files").set_value([("mine.flac", sound, "audio/flac")]).run()
    assert not at.error, told(at)
    assert "No difference" not in said(at), "patches of a spectrogram lie where they lie"
    assert "Greatest difference" in said(at)
    assert other(command(at))["origin"] == {"files": ["mine.flac"], "kind": "sound"}


def test_weights_of_ones_own_stand_beside_the_shipped_and_random_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    shutil.copy(checkpoints.FOLDER / "mmca.safetensors", path)
    custom_weights.use(f"mmca={path}")
    at = page(**{"b-weights": custom_weights.SHIPPED, "b-head of 8": "mean"})
    assert at.selectbox(key="a-weights").options == ["mine.safetensors", custom_weights.SHIPPED, custom_weights.RANDOM]
    assert "Greatest difference 0;" in said(at), "the same weights under two names"
    at.selectbox(key="b-weights").set_value(custom_weights.RANDOM).run()
    assert "Greatest difference 0;" not in said(at)
    assert other(command(at))["weights"] == custom_weights.RANDOM


def test_a_model_of_ones_own_stands_on_both_sides() -> None:
    key = own_models.use(CAPTIONER)
    title = own_models.SPECS[key].title
    at = page(**{"a-model": title, "b-model": title})
    assert "Greatest difference" in said(at)
    at.file_uploader(key=f"b-{key} picture").set_value([("mine.png", png(), "image/png")]).run()
    assert not at.error, told(at)
    words = command(at)
    assert words[2] == "captioner.py:SPEC"
    assert other(words)["origin"] == {"shipped": "A red square", "parts": {"picture": "mine.png"}}
