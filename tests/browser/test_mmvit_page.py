"""One person's way through the page of views in a real browser: listen, pick, move the stretch, export."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.test_mmca_page import app, asked
from tests.browser.waiting import corrected, settled
from xviz.figures.figure import read_record

pytestmark = pytest.mark.browser
__all__ = ["app", "asked"]  # fixtures
SLOW = 180_000  # ms
MM = 72 / 25.4
#: where the lines stand that show the player's time
HANDS = """() => {
  const found = [];
  const walk = (root) => root.querySelectorAll("*").forEach((node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    const shown = node.classList.contains("hand") && node.style.display === "block" && node.offsetParent;
    if (shown) found.push(parseFloat(node.style.left));
  });
  walk(document);
  return found;
}"""

#: what is said of the keys of every view
KEYS = """() => [...document.querySelectorAll("[class*='st-key-answer-'] *")].map((e) => e.shadowRoot).filter(Boolean)
  .flatMap((r) => [...r.querySelectorAll('.stage')]).filter((s) => s.checkVisibility()).map((s) => s.ariaLabel)"""
#: the same before and after a click on a patch, in the event of the click
CLICKED = f"""() => {{
  const says = {KEYS};
  const roots = [...document.querySelectorAll('.st-key-asking *')].map((e) => e.shadowRoot).filter(Boolean);
  const canvas = roots.map((r) => r.querySelector('canvas')).find(Boolean), box = canvas.getBoundingClientRect();
  const before = says(), at = {{ clientX: box.x + 0.2 * box.width, clientY: box.y + 0.3 * box.height }};
  canvas.dispatchEvent(new MouseEvent('click', {{ bubbles: true, ...at }}));
  return [before, says()];
}}"""


def opened(page: Page, app: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 5200})
    page.goto(f"{app}/mmvit")
    page.get_by_role("tab", name="Figure").wait_for(timeout=SLOW)
    settled(page, timeout=SLOW)


def turned_to(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab).click()
    settled(page)


def test_the_line_of_every_drawing_follows_the_player(page: Page, app: str, asked: list[str]) -> None:
    opened(page, app)
    player = page.locator(".wave").first
    player.focus()
    seen = []
    for _ in range(2):
        for _ in range(4):
            player.press("ArrowRight")  # a tenth of a second
        seen.append(page.evaluate(HANDS))
    page.get_by_role("button", name="Play").click()
    page.get_by_text("1.60 s of 0.00–1.60 s").wait_for(timeout=SLOW)  # it plays on to its end
    page.get_by_role("button", name="Play").wait_for(timeout=SLOW)
    seen.append(page.evaluate(HANDS))
    assert len(seen[0]) == 12, "waveform, spectrogram, five methods of two views"
    assert [len(lines) for lines in seen] == [12, 12, 12]
    for early, later, last in zip(*seen, strict=True):
        assert later - early == pytest.approx((last - later) / 2, rel=0.02), "0.4 s, 0.8 s and 1.6 s"
    turned_to(page, "Attention between views")
    page.wait_for_function(f"() => ({HANDS})().length > 5", timeout=SLOW)  # a busy machine draws the last one later
    lines = page.evaluate(HANDS)
    assert len(lines) == 6, "waveform, spectrogram, queries and keys of two views: they follow where they are not seen"
    assert all(line > 0 for line in lines)


def test_pick_a_cell_and_take_the_figure(page: Page, app: str, asked: list[str]) -> None:
    opened(page, app)
    turned_to(page, "Attention between views")
    picture = page.locator(".st-key-asking canvas").first.bounding_box()
    assert picture is not None
    page.mouse.click(picture["x"] + 0.45 * picture["width"], picture["y"] + 0.5 * picture["height"])
    page.get_by_text("Attention from view 1").wait_for(timeout=SLOW)
    settled(page)
    assert parse_qs(urlparse(page.evaluate("location.href")).query)["token"][0].startswith("view1-")

    for share in 6 * (0.3, 0.7):  # the answer after the table was made, in a thread, brings it
        page.wait_for_timeout(2000)
        page.mouse.click(picture["x"] + share * picture["width"], picture["y"] + 0.5 * picture["height"])
        settled(page)
        if page.evaluate("() => window.xvizTables?.size"):
            break
    before, after = page.evaluate(CLICKED)
    assert len(before) == len(after) == 2, "keys of two views"
    assert all(a != b for a, b in zip(before, after, strict=True)), "in the very event of the click"
    settled(page)
    assert page.evaluate(KEYS) == after
    assert corrected(page) == [], "the server says the same"

    turned_to(page, "Figure")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PDF").click()
    content = Path(waiting.value.path()).read_bytes()
    size = PdfReader(io.BytesIO(content)).pages[0].mediabox
    assert float(size.width) == pytest.approx(183 * MM, abs=0.01)
    assert float(size.height) <= 170 * MM + 0.01, "five methods fit on the page"
    record = read_record(content)
    assert record["provenance"]["model"] == "mmvit"  # type: ignore[index]
    assert record["provenance"]["options"]["figure"] == "views"  # type: ignore[index]
    assert "the same in all panels" in str(record["caption"])
    assert "Dotted: where it is known to be" in str(record["caption"])


def test_the_stretch_of_a_long_file_is_chosen_on_its_waveform(page: Page, app: str, asked: list[str]) -> None:
    opened(page, app)
    rng = np.random.default_rng(0)
    signal = 0.01 * rng.standard_normal(8000 * 600)
    signal[8000 * 400 : 8000 * 400 + 3000] += 0.3 * rng.standard_normal(3000)
    file = io.BytesIO()
    soundfile.write(file, signal, 8000, format="WAV")
    page.locator("input[type=file]").first.set_input_files(
        {"name": "ten minutes.wav", "mimeType": "audio/wav", "buffer": file.getvalue()}
    )
    page.get_by_text("lasts 10 min").wait_for(timeout=SLOW)
    settled(page)
    begins = page.get_by_label("Time window starts at (s)")
    assert 398.4 < float(begins.input_value()) <= 400.4, "where it is loudest"

    def clicked(number: int, share: float) -> float:
        wave = page.locator(".wave canvas").nth(number).bounding_box()
        assert wave is not None
        before = begins.input_value()
        page.mouse.click(wave["x"] + 46 + share * (wave["width"] - 56), wave["y"] + 30)
        expect(begins).not_to_have_value(before, timeout=SLOW)
        settled(page)
        return float(begins.input_value())

    assert clicked(0, 0.25) == pytest.approx(150 - 0.8, abs=1.5)
    near = clicked(1, 0.75)  # of the minute around it
    assert near == pytest.approx(150 + 15 - 0.8, abs=1.5)
    page.get_by_text(f"of {near:.2f}–{near + 1.6:.2f} s").wait_for(timeout=SLOW)  # the player has it
