"""Uploads: of any ending, at most so large, and never silently replaced by an example once they are gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.test_pages import png, told
from xviz.places import ROOT
from xviz.ui import uploads

HELD = "a1b2c3"


def warned(at: AppTest) -> str:
    return " ".join(warning.value.replace("\\", "") for warning in at.warning)


def opened(page: str, **query: str | list[str]) -> AppTest:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run().switch_page(f"pages/{page}.py")
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def test_uploaders_take_every_ending_and_stand_in_one_place() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "xviz").rglob("*.py")}
    holders = {name: text for name, text in texts.items() if re.search(r"st\.(file_uploader|audio_input)\(", text)}
    assert set(holders) == {"uploads.py", "studio.py"}, "the studio's takes a look over, and holds no sample"
    for text in holders.values():
        for call in re.findall(r"st\.file_uploader\((.*?)\n    +\)", text, re.DOTALL):
            assert not re.search(r"\btype=", call)


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("mmca", "match.picture"), ("mmca", "match.regions"), ("mmvit", "mmvit.sound"),
        ("mmvit", "mmvit.microphone"), ("mit", "rooms.files"), ("mca", "eeg.file"), ("dataset", "dataset.zip"),
    ],
)  # fmt: skip
def test_every_page_says_that_an_upload_is_gone_and_shows_no_example_instead(page: str, key: str) -> None:
    at = opened(page, own=f"{key}~{HELD}")
    assert not at.exception
    assert not at.error, told(at)
    assert "is gone: the server was started anew since" in warned(at)
    assert ("Record it" if "microphone" in key else "Upload it again") in warned(at)
    assert not at.metric
    assert not at.tabs
    assert any(button.label == "Go on without it" for button in at.button)


def test_an_upload_comes_back_with_what_the_address_says(monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened("mmca", sentence="A red box on a wall.")
    at.file_uploader(key="match.picture").set_value(("mine.png", png(), "image/png")).run()
    assert f"match.picture~{uploads.START}" in at.query_params["own"]
    score = at.metric[0].value
    monkeypatch.setattr(uploads, "START", HELD)
    again = opened("mmca", **{**at.query_params, "token": "region-2"})
    assert "“Your own picture” is gone: the server was started anew" in warned(again)
    assert not again.metric
    again.file_uploader(key="match.picture").set_value(("mine.png", png(), "image/png")).run()
    assert "gone" not in warned(again)
    assert again.metric[0].value == score
    assert f"match.picture~{HELD}" in again.query_params["own"]
    assert again.session_state["mmca.selection"].text() == "region-2"


def test_without_it_the_example_is_shown_and_an_emptied_uploader_is_not_missed() -> None:
    at = opened("mmca", own=f"match.picture~{uploads.START}")
    assert "is gone: this page was opened anew, or left, since" in warned(at)
    next(button for button in at.button if button.label == "Go on without it").click().run()
    assert len(at.metric) == 3
    assert "own" not in at.query_params
    at.file_uploader(key="match.picture").set_value(("mine.png", png(), "image/png")).run()
    assert "own" in at.query_params
    at.file_uploader(key="match.picture").set_value(None).run()
    assert "own" not in at.query_params
    assert len(at.metric) == 3


def test_a_server_takes_no_more_than_the_uploaders_say() -> None:
    settings = (Path(ROOT) / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert int(re.search(r"maxUploadSize = (\d+)", settings)[1]) >= uploads.LARGEST
