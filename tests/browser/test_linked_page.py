"""``xviz.show`` as a colleague opens it: a file, offline; a click on one side, and the other answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import xviz
from tests.test_linked import SPACES, session

pytestmark = pytest.mark.browser


def opened(page, tmp_path: Path, asks: str, answers: str):
    """The saved page of one pair of spaces; any request to another place is counted."""
    away = []
    page.on(
        "request", lambda request: away.append(request.url) if not request.url.startswith(("file:", "blob:")) else None
    )
    page.goto(xviz.show(session(SPACES[asks], SPACES[answers])).save(tmp_path / "page.html").as_uri())
    page.locator("#right .xv[data-messages='1']").wait_for()
    return away


def test_words_and_patches_answer_each_other(page, tmp_path: Path) -> None:
    away = opened(page, tmp_path, "words", "patches")
    page.locator("#left .chip", has_text="dog").click()
    page.locator("#right .title", has_text="attention from “dog”").wait_for()
    assert page.locator("#right .bar .limit").first.inner_text() == "0"
    page.locator("select[name=head]").select_option("1")
    page.locator("#right canvas").first.click(position={"x": 12, "y": 12})
    page.locator("#left .title", has_text="attention to “row 1, column 1”").wait_for()
    assert page.locator("#left .chip .score").count() == 4
    page.locator("#left .stage").press("Escape")
    assert away == []


def test_electrodes_and_names_answer_each_other_in_the_frame_of_a_notebook(open_page) -> None:
    page = open_page(scheme="dark")
    page.set_content(f"<p>Out[1]:</p>{xviz.show(session(SPACES['names'], SPACES['electrodes']))._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("#left .chip", has_text="two").click()
    frame.locator("#right .title", has_text="attention from “two”").wait_for()
    frame.locator("#left .chip", has_text="<img src=x").click()  # a name that is HTML is a name
    frame.locator("#right .title", has_text="<img src=x").wait_for()
    assert frame.locator("img").count() == 0


def test_scores_that_may_not_be_ranked_are_not_coloured(page, tmp_path: Path) -> None:
    asked = session(SPACES["patches"], SPACES["words"])
    known = xviz.explain(asked, "occlusion")
    unsure = replace(known, facts=replace(known.facts, ranked=False, warnings=("Too few draws.",)))
    page.goto(xviz.show(asked, known, unsure).save(tmp_path / "page.html").as_uri())
    page.locator("select[name=show]").select_option("0")
    page.locator(".chip .score").first.wait_for()
    page.locator("select[name=show]").select_option("1")
    page.locator("#now", has_text="Too few draws.").wait_for()
    assert page.locator(".chip .score").count() == 0
