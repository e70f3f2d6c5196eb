"""A Streamlit server and a real browser; nothing here is imported unless a browser test asks for it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: the browser to drive; None is Playwright's own
CHROMIUM = os.environ.get("XVIZ_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = (
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-angle=swiftshader", "--enable-unsafe-swiftshader"),  # WebGL2 without a graphics card
    *("--disable-gpu-compositing", "--disable-gpu-rasterization"),  # pages themselves the quicker way without one
)


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[..., str]]:
    """Serves a Streamlit script on a free port, once per session, and gives its address; options are of the app."""
    with contextlib.ExitStack() as stack:
        running: dict[tuple[Path, tuple[str, ...]], str] = {}

        def serve(script: Path | str, *given: str) -> str:
            path = (ROOT / script).resolve()
            if (path, given) not in running:
                running[path, given] = stack.enter_context(_streamlit(path, given))
            return running[path, given]

        yield serve


@contextlib.contextmanager
def _streamlit(script: Path, given: Sequence[str] = ()) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("--server.headless=true", "--server.fileWatcherType=none", "--browser.gatherUsageStats=false")
    where = (f"--server.port={port}", "--server.address=127.0.0.1")
    start = ("-m", "xviz", "app") if script == ROOT / "app.py" else ("-m", "streamlit", "run", str(script))
    command = [sys.executable, *start, *where, *options, *given]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str, process: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"streamlit ended with {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1):
            return
        time.sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium for the session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Opens pages of a given width and colour scheme; after the test, the console must have stayed free of errors."""
    contexts, complaints = [], []

    def open_page(*, width: int = 1280, height: int = 1000, scheme: str = "light", ratio: float = 1):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=ratio
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # a first start beside others reads and compiles all that it imports
        page.on("console", lambda message: complaints.append(message.text) if _complains(message) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def _complains(message) -> bool:
    """Whether it is an error; on a page's own address Streamlit looks for its server in two places, and finds one."""
    return message.type == "error" and "/_stcore/" not in message.location["url"]


@pytest.fixture
def page(open_page):
    """A page 1280 pixels wide, in light colours."""
    return open_page()
