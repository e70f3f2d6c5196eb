"""One person's way through the EEG page in a real browser: choose, click an electrode, export."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.waiting import settled
from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.shipped import samples
from xviz.draw.scalp import flat
from xviz.drawings.head import REACH
from xviz.figures.figure import read_record

pytestmark = pytest.mark.browser
SLOW = 180_000  # ms
MM = 72 / 25.4
OZ = BIOSEMI32.index("Oz")


def drawing(page: Page, title: str):
    """The live component under a title; those of the recording before are still there for a moment, unseen."""
    return page.locator(".xv", has=page.locator(".title", has_text=re.compile(title))).filter(visible=True).first


def click(page: Page, title: str, electrode: int) -> None:
    """Click an electrode of the head under a title."""
    eeg = samples("mca")[1].load().parts["eeg"]
    assert isinstance(eeg, Eeg)
    x, y = flat(eeg.positions)[electrode]
    box = drawing(page, title).locator("canvas").first.bounding_box()
    assert box is not None
    unit = box["width"] / (2 * REACH)
    page.mouse.click(box["x"] + box["width"] / 2 + x * unit, box["y"] + box["height"] / 2 - y * unit)


def test_choose_pick_and_export(page: Page, server: Callable[[str], str]) -> None:
    hosts: set[str | None] = set()
    page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
    page.set_default_timeout(SLOW)
    page.set_viewport_size({"width": 1400, "height": 6000})
    page.goto(f"{server('app.py')}/mca")
    drawing(page, "Attention received, DE to PSD").wait_for()
    settled(page)

    page.get_by_role("combobox", name="Shipped recordings").click()
    page.get_by_role("option", name=samples("mca")[1].title).click()
    page.get_by_text("valence 7.5, arousal 2.5").wait_for()
    settled(page)

    page.get_by_text("Traces, and the outputs over time").click()
    traces = drawing(page, "32 electrodes, 63 s").locator("canvas").first
    traces.wait_for()
    box = traces.bounding_box()
    assert box is not None
    traces.click(position={"x": 46 + (box["width"] - 46) * 0.75, "y": 200})  # second 7.5 of the ten that are drawn
    page.get_by_text("Valence, 3–6 s").wait_for()  # after 3 s of rest
    settled(page)

    click(page, "Attention received, DE to PSD", OZ)
    drawing(page, "Attention from Oz, DE to PSD: alpha, DE 8–12 Hz, PSD 8–13 Hz").wait_for()
    settled(page)
    expect(drawing(page, "every row sums to one").locator(".say")).to_contain_text("query, DE Oz", timeout=SLOW)
    assert parse_qs(urlparse(page.url).query)["token"] == [f"electrode-{OZ + 1}"]

    settled(page)
    page.get_by_role("tab", name="Figure").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PDF").click()
    content = Path(waiting.value.path()).read_bytes()
    assert float(PdfReader(io.BytesIO(content)).pages[0].mediabox.width) == pytest.approx(183 * MM, abs=0.01)
    record = read_record(content)
    assert "Attention from Oz, DE to PSD, alpha, DE 8–12 Hz, PSD 8–13 Hz" in str(record["caption"])
    assert "Montage: 10–20 system" in str(record["caption"])
    assert record["provenance"]["model"] == "mca"  # type: ignore[index]
    assert hosts <= {"127.0.0.1", None}, "nothing is asked of another machine"
