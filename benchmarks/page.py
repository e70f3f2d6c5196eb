"""How fast pages answer in a real browser: ``python benchmarks/page.py [--clicks 20] [--profile [matching EEG …]]``.

Times are taken in headless Chromium with software rendering, from the click or upload until the browser has drawn both
sides again. A ratio compares them with a bare Streamlit rerun (moving a slider of an empty script) in the same run.
With ``--profile``, a click on every page is cut into browser, protocol, Python and drawing (``clicking.py``).
"""

from __future__ import annotations

import argparse
import io
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import clicking
from PIL import Image
from playwright.sync_api import Page, Playwright, sync_playwright
from skimage import data

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from conftest import CHROMIUM, FLAGS  # noqa: E402

#: the key of the first picture on the page, which names its sample, once it is drawn
FIRST_PICTURE = """[...document.querySelectorAll("[class*='st-key-method-regions-']")]
    .filter(e => [...e.querySelectorAll('*')].some(c => c.shadowRoot && c.shadowRoot.querySelector('canvas')))
    .map(e => e.className)[0]"""
#: the titles of both pictures, remembered as long as they stand, so that watching them costs next to nothing
TITLES = """window.shown = () => {
    if (!window.titles || titles.length !== 2 || titles.some(t => !t.isConnected))
        window.titles = [...document.querySelectorAll('*')].filter(e => e.shadowRoot)
            .flatMap(e => [...e.shadowRoot.querySelectorAll('*')])
            .filter(e => !e.children.length && e.textContent.startsWith('Regions, scores for'))
    return titles.map(t => t.textContent)
}"""
OWN = ("--model", str(ROOT / "examples" / "captioner.py:SPEC"))  #: the model of one's own that has a page then
BARE = """
import streamlit as st
value = st.slider("bare", 0, 100, 0)
st.text(f"value {value}")
"""


@contextmanager
def served(script: Path, *start: str) -> Iterator[tuple[str, int]]:
    """A Streamlit server on a free port: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = ("-m", "xviz", "app") if script == ROOT / "app.py" else ("-m", "streamlit", "run", str(script))
    start = start or app
    command = [sys.executable, *start, f"--server.port={port}", "--server.headless=true"]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        while True:
            with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                break
            time.sleep(0.02)
        print(f"server ready after {time.monotonic() - begun:.1f} s", file=sys.stderr)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(10)


def bare(page: Page, address: str, count: int) -> list[float]:
    """Milliseconds from a key press on a slider to the new value on the page."""
    page.goto(address)
    slider = page.get_by_role("slider")
    slider.focus()
    times = []
    for value in range(1, count + 1):
        begun = time.perf_counter()
        page.keyboard.press("ArrowRight")
        page.get_by_text(f"value {value}", exact=True).wait_for()
        times.append(1000 * (time.perf_counter() - begun))
    return times


def warm_up(page: Page, address: str) -> None:
    """The first visit after a start, which imports and loads everything."""
    page.goto(f"{address}/mmca")
    page.get_by_role("tab", name="Figure").wait_for(timeout=120_000)
    page.wait_for_timeout(5000)
    page.close()


def clicks(page: Page, address: str, count: int) -> list[float]:
    """Milliseconds from a press on a word to both pictures showing its scores, by the browser's clock."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.add_init_script("addEventListener('pointerdown', () => { window.pressed = performance.now() }, true)")
    page.goto(f"{address}/mmca")
    page.get_by_role("tab", name="Figure").wait_for(timeout=120_000)
    page.wait_for_timeout(6000)
    words = page.get_by_label("Sentence", exact=True).input_value().rstrip(".").replace(",", " ").split()
    unique = [word for word in words if words.count(word) == 1]
    page.evaluate(TITLES)
    assert page.evaluate("shown().length") == 2
    times = []
    for turn in range(count + len(unique)):
        word = unique[turn % len(unique)]
        page.get_by_text(word, exact=True).first.click()
        drawn = page.wait_for_function(
            "word => shown().filter(t => t === `Regions, scores for “${word}”`).length === 2"
            " && performance.now() - pressed",
            arg=word,
            polling=5,
        )
        times.append(drawn.json_value())
        page.wait_for_timeout(300)
    return times[len(unique) :]


def uploads(page: Page, address: str) -> float:
    """Seconds from choosing a file to its first map."""
    page.goto(f"{address}/mmca")
    page.get_by_role("tab", name="Figure").wait_for(timeout=120_000)
    page.wait_for_timeout(3000)
    file = io.BytesIO()
    Image.fromarray(data.chelsea()).save(file, "PNG")
    before = page.evaluate(FIRST_PICTURE)
    begun = time.perf_counter()
    page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(
        files=[{"name": "cat.png", "mimeType": "image/png", "buffer": file.getvalue()}]
    )
    page.wait_for_function(
        f"before => {{ const now = {FIRST_PICTURE}; return now && now !== before }}", arg=before, timeout=60_000
    )
    return time.perf_counter() - begun


def profile(playwright: Playwright, names: Sequence[str], count: int) -> None:
    """Print what a click on every page is made of, and a bare rerun beside it."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    with tempfile.TemporaryDirectory() as folder:
        script, log = Path(folder) / "bare.py", Path(folder) / "log"
        script.write_text(BARE, encoding="utf-8")
        log.touch()
        with served(script) as (address, _):
            print(f"bare rerun: {statistics.median(bare(browser.new_page(), address, count)):.0f} ms")
        rows = {}
        with served(ROOT / "app.py", str(ROOT / "benchmarks" / "timed_app.py"), str(log), *OWN) as (address, pid):
            for name in names:
                page = browser.new_page()
                rows[name] = clicking.row(*clicking.visit(page, address, name, pid, log, count))
                print(json.dumps({name: rows[name]}, ensure_ascii=False), file=sys.stderr)
                page.close()
        print(clicking.table(rows))
    browser.close()


def main() -> None:
    """Print the measurements as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--profile", nargs="*", choices=list(clicking.PAGES), help="all pages, or those that are named")
    options = parser.parse_args()
    count = options.clicks
    if options.profile is not None:
        with sync_playwright() as playwright:
            profile(playwright, options.profile or list(clicking.PAGES), count)
        return
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        script = Path(folder) / "bare.py"
        script.write_text(BARE, encoding="utf-8")
        with served(script) as (address, _):
            empty = bare(browser.new_page(), address, count)
        with served(ROOT / "app.py") as (address, _):
            warm_up(browser.new_page(), address)
            answered = clicks(browser.new_page(), address, count)
            first = uploads(browser.new_page(), address)
        browser.close()
    middle, plain = statistics.median(answered), statistics.median(empty)
    found = {
        "clicks": len(answered),
        "click → both sides redrawn, median ms": round(middle),
        "click → both sides redrawn, worst ms": round(max(answered)),
        "bare rerun, median ms": round(plain),
        "click / bare rerun": round(middle / plain, 1),
        "upload → first map, s": round(first, 2),
    }
    print(json.dumps(found, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
