"""``kill -9`` while people look at their uploads, and a new start on the same port: what their pages say then.

Each visitor is a page in headless Chromium: four bring a file of their own, one follows a link of a shipped sample.
After the new start nobody touches a page until it has connected again by itself; then the file is uploaded again.

    python benchmarks/restart.py
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from serving import ROOT, Server, end
from skimage import data

sys.path.insert(0, str(ROOT))
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.waiting import settled
from xviz.data.shipped import samples

READY = 180_000  #: ms
GONE = "is gone: the server was started anew since"


@dataclass
class Visitor:
    """A page, and what its visitor brings."""

    path: str  #: with the choices of the address
    file: tuple[str, bytes] | None  #: None for a shipped sample
    done: str  #: the name of a tab that stands on the page once there is an answer
    before: str = ""  #: what the page showed

    def bring(self, page: Page) -> None:
        """Upload the file, and wait for the answer."""
        assert self.file is not None
        name, content = self.file
        field = page.locator("[data-testid=stFileUploader] input[type=file]").first
        field.set_input_files(files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}])
        page.get_by_text(name).first.wait_for(timeout=READY)
        settled(page, quiet=2000, timeout=READY)
        page.get_by_role("tab", name=self.done).wait_for(timeout=READY)

    def shown(self, page: Page) -> str:
        """The outputs on the page, and what its address says beside the upload."""
        outputs = page.locator("[data-testid=stMetricValue]").all_inner_texts()
        query = {k: v for k, v in parse_qs(urlparse(page.url).query).items() if k != "own"}
        return f"{outputs} {sorted(query.items())}"


def visitors() -> list[Visitor]:
    """Four with files of every kind, and one with a link of a shipped sample."""

    def shipped(model: str, part: str) -> bytes:
        return Path(samples(model)[1].path(part)).read_bytes()

    Image.fromarray(data.chelsea()).save(cat := io.BytesIO(), "PNG")
    return [
        Visitor("mmca?sentence=A+cat+looks+up.&alpha=0.5", ("cat.png", cat.getvalue()), "Scores"),
        Visitor("mmvit?mmvit-class=seven", ("mine.flac", shipped("mmvit", "sound")), "Trust"),
        Visitor("mca", ("mine.npz", shipped("mca", "eeg")), "Trust"),
        Visitor("mit", ("mine.zip", shipped("mit", "room")), "Trust"),
        Visitor("mmca?sample=Luggage%2C+seedling%2C+diving+mask%2C+sneakers&alpha=0.5&token=region-3", None, "Scores"),
    ]


def main() -> None:
    """Run, and print what every page said; the exit code tells whether it was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of every page after the new start")
    folder = parser.parse_args().screenshots
    faults: list[str] = []
    with Server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        pages: list[tuple[Visitor, Page]] = []
        for visitor in visitors():
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.goto(f"{server.address}/{visitor.path}")
            page.get_by_role("tab", name=visitor.done).wait_for(timeout=READY)
            settled(page, quiet=2000, timeout=READY)
            if visitor.file is not None:
                visitor.bring(page)
            visitor.before = visitor.shown(page)
            pages.append((visitor, page))
        server.kill()
        time.sleep(3)
        print(f"killed, started again in {server.start():.1f} s")
        begun = time.monotonic()
        for number, (visitor, page) in enumerate(pages):
            own = visitor.file is not None
            if own:
                sentence = page.get_by_text(GONE)
                sentence.wait_for(timeout=READY)
            else:
                page.get_by_role("tab", name=visitor.done).wait_for(timeout=READY)
            settled(page, quiet=2000, timeout=READY)
            back = time.monotonic() - begun
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=folder / f"restart-{number}.png")
            said = page.get_by_text(GONE).first.inner_text() if own else "the shipped sample as before"
            if own and page.locator("[data-testid=stMetricValue]").count():
                faults.append(f"{visitor.path}: outputs of another sample are shown")
            if own:
                visitor.bring(page)
            after = visitor.shown(page)
            if after != visitor.before:
                faults.append(f"{visitor.path}: {visitor.before} before, {after} afterwards")
            name = visitor.file[0] if visitor.file is not None else "a link"
            print(f"{visitor.path.partition('?')[0]} with {name}, after {back:.1f} s: {said}")
        browser.close()
    end(faults)


if __name__ == "__main__":
    main()
