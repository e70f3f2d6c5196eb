"""One person's way through the matching page in a real browser: upload, pick, export, come back by a link."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Request, expect
from pypdf import PdfReader
from skimage import data

from tests.browser.waiting import corrected, settled
from xviz.figures.figure import read_record

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
MM = 72 / 25.4


@pytest.fixture(scope="session")
def app(server: Callable[[str], str]) -> str:
    return server("app.py")


@pytest.fixture
def asked(page: Page) -> Iterator[list[str]]:
    hosts: list[str] = []

    def note(request: Request) -> None:
        hosts.append(urlparse(request.url).hostname or urlparse(request.url).scheme)

    page.on("request", note)
    yield hosts
    assert set(hosts) <= {"127.0.0.1", "data", "blob"}, "nothing is asked of another machine"


def opened(page: Page, app: str, query: str = "") -> None:
    page.set_viewport_size({"width": 1280, "height": 3600})
    page.goto(f"{app}/mmca{query}")
    page.get_by_role("tab", name="Figure").wait_for(timeout=60_000)
    settled(page)


def link(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.evaluate("location.href")).query)


def pick_word(page: Page, word: str) -> None:
    page.get_by_text(word, exact=True).first.click()
    page.get_by_text(f"Regions, scores for “{word}”").first.wait_for()
    settled(page)


def test_upload_pick_export_and_come_back(page: Page, app: str, asked: list[str], tmp_path: Path) -> None:
    opened(page, app)
    page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(
        files=[{"name": "cat <b>.png", "mimeType": "image/png", "buffer": png(data.chelsea())}]
    )
    settled(page)
    page.get_by_label("Sentence", exact=True).fill("A cat with green eyes")
    page.get_by_label("Sentence", exact=True).press("Enter")
    page.get_by_text("eyes", exact=True).first.wait_for()
    settled(page)

    pick_word(page, "cat")
    assert link(page)["token"] == ["word-2"]

    picture = page.locator("[class*='st-key-method-regions'] canvas").first.bounding_box()
    assert picture is not None
    page.mouse.click(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2)
    page.get_by_text(re.compile(r"Regions, scores for region \d+")).first.wait_for()
    settled(page)
    assert link(page)["token"][0].startswith("region-")

    page.get_by_role("tab", name="Figure").click()
    with page.expect_download(timeout=60_000) as waiting:
        page.get_by_role("button", name="PDF").click()
    content = Path(waiting.value.path()).read_bytes()
    reader = PdfReader(io.BytesIO(content))
    width = float(reader.pages[0].mediabox.width)
    assert width == pytest.approx(183 * MM, abs=0.01)
    fonts = [str(font) for font in fonts_of(reader)]
    assert fonts
    assert not any("Type3" in font for font in fonts)
    said = read_record(content)
    provenance = said["provenance"]
    assert provenance["model"] == "mmca"  # type: ignore[index]
    assert provenance["sample"] == "cat <b>.png"  # type: ignore[index]
    assert "sha256" in json.dumps(provenance)


def png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def fonts_of(reader: PdfReader) -> Iterator[object]:
    for held in reader.pages[0]["/Resources"].get("/Font", {}).values():
        font = held.get_object()
        yield font["/Subtype"]
        for inner in font.get("/DescendantFonts", []):
            yield inner.get_object()["/Subtype"]


def test_a_link_restores_what_was_seen(page: Page, app: str, asked: list[str]) -> None:
    opened(page, app)
    page.get_by_role("combobox", name="Head").click()
    page.get_by_role("option", name="3", exact=True).click()
    settled(page)
    word = page.get_by_label("Sentence", exact=True).input_value().split()[1]
    pick_word(page, word)
    address = page.evaluate("location.href")

    other = page.context.new_page()
    other.set_viewport_size({"width": 1280, "height": 3600})
    other.goto(address)
    other.get_by_text(f"Regions, scores for “{word}”").first.wait_for(timeout=60_000)
    assert "head=3" in address
    assert "token=word-2" in address
    other.close()


def test_a_tab_stays_open_when_the_whole_page_runs_again(page: Page, app: str, asked: list[str]) -> None:
    opened(page, app)
    page.get_by_role("tab", name="What if").click()
    picture = page.locator("[class*='st-key-method-regions'] canvas").first.bounding_box()
    assert picture is not None
    page.mouse.click(picture["x"] + 0.3 * picture["width"], picture["y"] + 0.6 * picture["height"])
    page.get_by_role("button", name=re.compile(r"Hide region \d+")).click()
    page.get_by_text(re.compile(r"Hidden: region \d+")).wait_for()
    settled(page)
    assert page.get_by_role("tab", name="What if").get_attribute("aria-selected") == "true"


def test_every_page_opens_without_an_error(page: Page, app: str, asked: list[str]) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    for path, title in (("", "xviz"), ("/about", "About and limits"), ("/mmca", "Image–sentence matching")):
        page.goto(f"{app}{path}")
        page.get_by_role("heading", name=title).first.wait_for(timeout=60_000)
        settled(page)
        assert page.locator("[data-testid=stException]").count() == 0
    assert not wrong


def test_a_pick_is_answered_before_the_server_hears_of_it(page: Page, app: str) -> None:
    opened(page, app)
    expect(page.get_by_label("Sentence", exact=True)).not_to_have_value("")
    words = page.get_by_label("Sentence", exact=True).input_value().rstrip(".").replace(",", " ").split()
    first, second, third = [word for word in words if words.count(word) == 1][:3]
    pick_word(page, first)  # has the table made, in a thread that others may keep waiting
    for word in 6 * [second, first]:  # the first answer after that brings it
        page.wait_for_timeout(2000)
        pick_word(page, word)
        if page.evaluate("() => window.xvizTables?.size"):
            break
    shown = page.evaluate(
        """word => {
          const roots = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean);
          const chips = roots.flatMap(r => [...r.querySelectorAll('.chip')]);
          chips.find(c => c.firstChild.textContent === word).click();
          return roots.flatMap(r => [...r.querySelectorAll('.title')]).map(t => t.textContent);
        }""",
        third,
    )
    assert f"Regions, scores for “{third}”" in shown, "in the very event of the click"
    settled(page)
    assert corrected(page) == [], "the server says the same"
