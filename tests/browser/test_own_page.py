"""One person's way through the page of a model that is not ours, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page

from tests.browser.test_accessibility import axe, nothing_of_ours_is_out_of_reach
from tests.browser.waiting import settled
from tests.pages.strangers import GAZE, features

pytestmark = pytest.mark.browser
__all__ = ["axe"]  # fixtures
MODELS = tuple(part for name in ("THREE", "PHOTOS", "GAZE") for part in ("--model", f"tests.pages.strangers:{name}"))


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


@pytest.fixture
def large(open_page: Callable[..., Page], server: Callable[..., str]) -> Callable[..., tuple[Page, Locator, list[int]]]:
    """The matrix of 4,096 × 4,096 weights on its page, and the sizes of all that the server sends."""

    def large(**options: int) -> tuple[Page, Locator, list[int]]:
        page, sizes = open_page(**options), []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda sent: sizes.append(len(sent))))
        page.goto(f"{server('app.py', *MODELS)}/field")
        page.get_by_role("tab", name="Attention matrix").click(timeout=60_000)
        stage = page.locator(".stage[aria-roledescription=matrix]")
        stage.wait_for()
        settled(page)
        stage.scroll_into_view_if_needed()
        return page, page.locator(".xv").filter(has=stage), sizes

    return large


def middle(matrix: Locator) -> tuple[float, float]:
    """The middle of the cells, on the page."""
    box, at = matrix.locator("canvas").first.bounding_box(), matrix.evaluate("root => root.xvizView.layout")
    return box["x"] + at["left"] + at["width"] / 2, box["y"] + at["top"] + at["height"] / 2


def patch(label: str) -> int:
    """The number of a patch of the field, from “query row 3, column 5”."""
    row, column = map(int, re.findall(r"\d+", label))
    return 64 * (row - 1) + column - 1


def test_single_values_of_a_matrix_of_4096_tokens(large: Callable[..., tuple[Page, Locator, list[int]]]) -> None:
    page, matrix, sizes = large(height=1400)
    tip, note = matrix.locator(".tip"), matrix.locator(".note")
    x, y = middle(matrix)
    page.mouse.move(x, y)
    assert "strongest of 4 × 4" in tip.inner_text()
    before, limit = sum(sizes), matrix.locator(".limit").last.inner_text()
    page.mouse.down()
    page.mouse.move(x + 8, y + 8)
    page.mouse.move(x + 16, y + 16)
    page.mouse.up()
    note.get_by_text("Exact values of single cells").wait_for()
    assert sum(sizes) - before < 1_500_000, "the overview, which is larger, is not sent again"
    assert matrix.evaluate("root => root.dataset.messages") == "1"
    assert matrix.locator(".limit").last.inner_text() == limit
    for _ in range(5):
        matrix.get_by_role("button", name="Zoom in").click()
    page.mouse.move(*middle(matrix))
    query, key, value = tip.locator("div").all_inner_texts()
    q, k = (each.detach().double() for each in GAZE.build().heads(features(4096)))
    weights = (8**-0.5 * q[:, patch(query), None] @ k.mT).softmax(-1).mean((0, 1))
    assert float(value.replace("−", "-").split()[0]) == pytest.approx(float(weights[patch(key)]), rel=5e-3)
    page.mouse.click(*middle(matrix))
    settled(page)
    assert link(page)["token"] == [f"patches-{patch(query) + 1}"]
    assert matrix.evaluate("root => root.xvizView.selected") == [patch(query), patch(key)]
    page.keyboard.press("0")
    assert matrix.evaluate("root => root.xvizView.window") is None
    note.get_by_text("Zoom in for exact values").wait_for()
    page.keyboard.press("ArrowDown")
    assert "strongest of 4 × 4" in matrix.get_by_role("status").inner_text()
