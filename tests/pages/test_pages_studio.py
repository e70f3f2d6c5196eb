"""The studio beside a figure: what is chosen holds, is checked, can be undone, and comes back with a figure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import xviz
from xviz.figures.look import Look
from xviz.places import SAMPLES

ROOT = Path(__file__).parents[2]
KEY = "match.studio.match."
STEPS = f"steps {KEY}"


@pytest.fixture
def at() -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    at.session_state["tabs"] = "Figure"
    at.switch_page("pages/mmca.py").run()
    return at.toggle(key="match.studio").set_value(True).run()


def said(at: AppTest) -> str:
    shown = (one.value for one in (*at.caption, *at.warning, *at.error))
    return " ".join(shown).replace("\\", "")


def looks(at: AppTest) -> list[dict]:
    return at.session_state[STEPS]


def test_what_is_chosen_holds_is_checked_and_can_be_undone(at: AppTest) -> None:
    assert not at.exception
    assert "No text overlaps, is cut or leaves the page" in said(at) or "Smallest text" in said(at)
    at.multiselect(key=f"{KEY}panels").set_value(["c", "a"]).run()
    assert "a, Joint attention of" in said(at)
    at.text_input(key=f"{KEY}title of c").set_value("Who reads whom").run()
    at.selectbox(key=f"{KEY}limits").set_value("typed").run()
    at.number_input(key=f"{KEY}typed limits of attention weight top").set_value(0.02).run()
    assert "beyond the limits" in said(at)
    assert looks(at)[-1]["titles"] == {"c": "Who reads whom"}
    at.text_input(key=f"{KEY}labels").set_value("region 1, sofa").run()
    at.selectbox(key=f"{KEY}blocks").set_value(False).run()
    assert (looks(at)[-1]["labels"], looks(at)[-1]["blocks"]) == (["region 1", "sofa"], False)
    for _ in range(2):
        at.button(key="match.undo match").click().run()
    assert "blocks" not in looks(at)[-1]
    assert at.text_input(key=f"{KEY}labels").value == ""
    at.number_input(key=f"{KEY}typed limits of attention weight top").set_value(-1.0).run()
    assert "Limits rise from the first to the second" in said(at)
    at.button(key="match.undo match").click().run()
    assert at.number_input(key=f"{KEY}typed limits of attention weight top").value == 0.02
    at.button(key="match.undo match").click().run()
    assert "beyond the limits" not in said(at)
    at.button(key="match.reset match").click().run()
    assert looks(at)[-1] == {}
    assert not at.exception


def test_a_look_outlasts_the_studio_and_the_sample_and_is_what_is_saved_and_copied(at: AppTest) -> None:
    at.multiselect(key=f"{KEY}panels").set_value(["b"]).run()
    at.number_input(key=f"{KEY}width_mm").set_value(60.0).run()
    at.toggle(key="match.studio").set_value(False).run()
    names = at.selectbox(key="sample").options
    at.selectbox(key="sample").select_index((at.selectbox(key="sample").index + 1) % len(names)).run()
    at.toggle(key="match.copy").set_value(True).run()
    command, python, latex = (block.value for block in at.code)
    assert '"panels": ["b"]' in command
    assert "Look.parse({'panels': ['b'], 'width_mm': 60.0})" in python
    assert r"\includegraphics[width=60mm" in latex
    at.toggle(key="match.studio").set_value(True).run()
    assert at.multiselect(key=f"{KEY}panels").value == ["b"]
    assert not at.exception


def test_a_figure_that_is_opened_brings_its_look_kind_and_width(at: AppTest) -> None:
    sample = xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text="a dog house above a salt shaker")
    session = xviz.run(xviz.load("mmca"), sample)
    chosen = Look(sequential="plasma", panels=("a",))
    figure = xviz.figure(session, xviz.explain(session, "look", picked="dog"), venue="lncs", look=chosen)
    at.file_uploader(key="match.look file").set_value(("old.svg", figure.to_bytes("svg"), "image/svg+xml")).run()
    assert not at.exception
    assert looks(at)[-1] == chosen.record()
    assert at.selectbox(key="match.preset").value == "lncs"
    assert at.selectbox(key=f"{KEY}sequential").value == "plasma"
    record = json.dumps({"marks": 1}).encode()
    at.file_uploader(key="match.look file").set_value(("look.json", record, "application/json")).run()
    assert looks(at)[-1] == {"marks": 1}
    for name, content, words in (
        ("a.json", b'{"marks": "many"}', "This look cannot be read"),
        ("a.pdf", b"nothing", "An xviz figure was expected"),
    ):
        at.file_uploader(key="match.look file").set_value((name, content, "")).run()
        assert words in said(at)
        assert looks(at)[-1] == {"marks": 1}
    assert not at.exception
