"""Answers to single picks: given as long as their page lives, to who knows their name, and never with an error."""

from __future__ import annotations

import gc

import pytest

from tests.ui.test_ahead import shown
from tests.ui.test_frame import asked, served
from xviz.core.run import Run
from xviz.drawings import answers
from xviz.drawings.payload import unpack
from xviz.ui import ahead, cache, direct, frame


class Page:
    """What offers answers."""

    def __init__(self, called: str) -> None:
        self.called = called


def answer_of(page: Page, pick: str) -> ahead.Shown | None:
    if pick == "fails":
        raise ValueError("no")
    return None if pick == "late" else shown(f"{page.called} {pick}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(cache, "key", lambda run: run)
    return "a run"


def test_a_pick_is_answered_as_long_as_its_page_lives(run: Run) -> None:
    page = Page("first")
    name = direct.offer(run, "all else", page, answer_of)
    assert answers.message(direct.answer(name, "patch-3"), "drawing", "patch-3") == unpack(
        shown("first patch-3")["drawing"]
    )
    assert direct.answer(name[::-1], "patch-3") is None
    assert direct.offer(run, "something else", page, answer_of) != name
    del page
    gc.collect()
    assert direct.answer(name, "patch-3") is None


@pytest.mark.parametrize("pick", ["fails", "late"])
def test_what_cannot_be_answered_is_left_to_the_page(run: Run, pick: str) -> None:
    page = Page("second")
    assert direct.answer(direct.offer(run, pick, page, answer_of), pick) is None


def test_a_browser_fetches_an_answer_by_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page("third")
    name = direct.offer(run, "all else", page, answer_of)
    for folder in ("", "/lab/xviz"):
        monkeypatch.setattr(frame.config, "get_option", {"server.baseUrlPath": folder}.get)
        status, headers, sent = asked(served(), f"{folder}{frame.ANSWERS}{name}/patch-3")
        assert (status, headers["cache-control"]) == (200, "no-store")
        assert sent == direct.answer(name, "patch-3")
    for path in (f"{name}/late", f"{name}/fails", "nothing/patch-3", "../../app.py"):
        status, _, sent = asked(served(), f"/lab/xviz{frame.ANSWERS}{path}")
        assert (status, sent) == (204, b""), path
