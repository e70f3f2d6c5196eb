"""One person's way through the page of a model that is not ours, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page

from tests.browser.test_accessibility import axe, nothing_of_ours_is_out_of_reach
from tests.browser.waiting import settled

pytestmark = pytest.mark.browser
__all__ = ["axe"]  # fixtures
MODELS = ("--model", "tests.pages.strangers:THREE", "--model", "tests.pages.strangers:PHOTOS")


def opened(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/three-streams{query}")
    page.locator(".multiples .map").first.wait_for(timeout=60_000)
    settled(page)


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.evaluate("location.href")).query)


def test_a_click_on_a_small_map_chooses_layer_and_head_and_a_link_brings_them_back(
    open_page: Callable[..., Page], server: Callable[..., str]
) -> None:
    page, address = open_page(height=2400), server("app.py", *MODELS)
    opened(page, address)
    page.locator("#map-0-1").click()
    settled(page)
    assert link(page)["three-streams-layer"] == ["sound: words to sound"]
    assert link(page)["three-streams-head"] == ["2"]
    assert page.locator("#map-0-1").get_attribute("aria-selected") == "true"
    page.get_by_text("sound, for “three”").first.wait_for()
    page.get_by_text("one", exact=True).first.click()
    page.get_by_text("sound, for “one”").first.wait_for()
    settled(page)
    assert link(page)["token"] == ["words-1"]
    again = open_page(height=2400)
    again.goto(page.url)
    again.get_by_text("sound, for “one”").first.wait_for(timeout=60_000)
    settled(again)
    assert again.locator("#map-0-1").get_attribute("aria-selected") == "true"


def test_picking_a_key_shows_the_attention_that_it_gets(
    open_page: Callable[..., Page], server: Callable[..., str]
) -> None:
    page = open_page(height=2400)
    opened(page, server("app.py", *MODELS))
    page.locator(".stage canvas").first.click(position={"x": 20, "y": 20})  # the first step of the face
    page.get_by_text("words, for face: step 1").first.wait_for()
    settled(page)
    assert link(page)["token"] == ["face-1"]


def test_nothing_of_ours_is_out_of_reach(open_page: Callable[..., Page], server: Callable[..., str], axe: str) -> None:
    page = open_page(height=2600, scheme="light")
    opened(page, server("app.py", *MODELS))
    nothing_of_ours_is_out_of_reach(page, axe)


def test_nothing_is_wider_than_a_telephone(open_page: Callable[..., Page], server: Callable[..., str]) -> None:
    page = open_page(width=390)
    page.goto(f"{server('app.py', *MODELS)}/words-and-photos")
    page.locator(".multiples .map").first.wait_for(timeout=60_000)
    settled(page)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
