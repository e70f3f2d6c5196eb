"""One person's way through the page of spoken digits in a real browser: pick a cell, the other view answers, export."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page

from tests.browser.test_mmca_page import app, asked, settled
from xviz.figures.figure import read_record

pytestmark = pytest.mark.browser
__all__ = ["app", "asked"]  # fixtures


def test_pick_a_cell_and_take_the_figure(page: Page, app: str, asked: list[str]) -> None:
    page.set_viewport_size({"width": 1280, "height": 3600})
    page.goto(f"{app}/mmvit")
    page.get_by_text("Answers to the class token").wait_for(timeout=180_000)
    page.get_by_role("heading", name="What if the views could not ask each other?").wait_for(timeout=180_000)
    settled(page)

    picture = page.locator(".st-key-asking canvas").first.bounding_box()
    assert picture is not None
    page.mouse.click(picture["x"] + 0.45 * picture["width"], picture["y"] + 0.5 * picture["height"])
    page.get_by_text("Answers to view 1").wait_for()
    settled(page)
    assert parse_qs(urlparse(page.evaluate("location.href")).query)["token"][0].startswith("view1-")

    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG").click()
    provenance = read_record(Path(waiting.value.path()).read_bytes())["provenance"]
    assert provenance["model"] == "mmvit"  # type: ignore[index]
    assert provenance["options"]["figure"] == "views"  # type: ignore[index]
