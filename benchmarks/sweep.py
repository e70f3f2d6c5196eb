"""Every page in every width, light and dark: does anything stick out, is anything cut off, does the console complain?

python benchmarks/sweep.py
python benchmarks/sweep.py --browser firefox --widths 390,1440 --screenshots DIR
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from serving import ROOT, Server

sys.path.insert(0, str(ROOT))
PAGES = ("", "mmca", "mmvit", "mca", "mit", "dataset", "compare", "about")
WIDTHS = (390, 768, 1024, 1440, 1920, 2560)
HEIGHT = 1100
QUIET = 1.2  #: seconds of rest before a page is looked at
PATIENCE = 120
RESTING = """(() => {
  const app = document.querySelector('[data-testid=stApp]');
  return app?.dataset.testScriptState === 'notRunning' && !document.querySelector('[data-stale=true]')
    && !!document.querySelector('[data-testid=stMain] h1');
})()"""
#: what reaches beyond the page, and texts of buttons, labels and headings that do not fit their place
FAULTS = """(() => {
  const wide = document.documentElement.clientWidth, faults = [];
  const main = document.querySelector('[data-testid=stMain]');
  const all_of_it = document.documentElement.scrollWidth;
  if (all_of_it > wide + 1) faults.push(`the page is ${all_of_it} wide`);
  if (main && main.scrollWidth > main.clientWidth + 1) faults.push(`what is in it is ${main.scrollWidth} wide`);
  const scrolls = (e) => {
    for (let up = e; up && up !== main; up = up.parentElement ?? up.getRootNode().host)
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return true;
    return false;
  };
  const all = (root) => [...root.querySelectorAll('*')].flatMap(e => e.shadowRoot ? [e, ...all(e.shadowRoot)] : [e]);
  const text = (e) => (e.textContent || e.className || '').toString().trim().slice(0, 40);
  const name = (e) => `${e.tagName.toLowerCase()} “${text(e)}”`;
  for (const e of main ? all(main) : []) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!box.width || !box.height || style.visibility === 'hidden' || e.closest('.js-plotly-plot')) continue;
    if ((box.right > wide + 1 || box.left < -1) && !scrolls(e))
      faults.push(`${name(e)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)}`);
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (own && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis' && e.scrollWidth > e.clientWidth + 2
        && e.clientWidth > 2 && !e.closest('[data-testid=stDataFrame]'))
      faults.push(`${name(e)} is cut at ${e.clientWidth} of ${e.scrollWidth}`);
  }
  return [...new Set(faults)].slice(0, 6);
})()"""


class Chromium:
    """One page of a headless Chromium."""

    def __init__(self, scheme: str) -> None:
        from playwright.sync_api import sync_playwright

        from tests.browser.conftest import CHROMIUM, FLAGS, _complains

        self.errors: list[str] = []
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        self._page = self._browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        self._page.on("console", lambda told: self.errors.append(told.text[:160]) if _complains(told) else None)
        self._page.on("pageerror", lambda error: self.errors.append(str(error)[:160]))

    def size(self, width: int, height: int) -> None:
        """Make the page so large."""
        self._page.set_viewport_size({"width": width, "height": height})

    def goto(self, address: str) -> None:
        """Open a page."""
        self._page.goto(address)

    def evaluate(self, script: str) -> Any:
        """The value of an expression."""
        return self._page.evaluate(script)

    def screenshot(self, path: Path) -> None:
        """A picture of what is seen."""
        self._page.screenshot(path=path)

    def close(self) -> None:
        """End it."""
        self._browser.close()
        self._playwright.stop()


def rest(browser: Any) -> None:
    """Wait until the page has come to rest."""
    begun = resting = time.monotonic()
    while time.monotonic() - resting < QUIET:
        time.sleep(0.1)
        if not browser.evaluate(RESTING):
            resting = time.monotonic()
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError("the page does not come to rest")


def main() -> None:
    """Sweep, and print what is wrong; the exit code tells whether anything is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--browser", choices=("chromium", "firefox"), default="chromium")
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    parser.add_argument("--pages", default=",".join(PAGES), help="names as in addresses; the start page is empty")
    parser.add_argument("--schemes", default="light,dark")
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of each")
    given = parser.parse_args()
    widths, faults, looked = [int(width) for width in given.widths.split(",")], 0, 0
    if given.screenshots is not None:
        given.screenshots.mkdir(parents=True, exist_ok=True)
    with Server() as server:
        for scheme in given.schemes.split(","):
            if given.browser == "firefox":
                from firefox import Firefox

                browser: Any = Firefox(scheme)
            else:
                browser = Chromium(scheme)
            for page in given.pages.split(","):
                browser.size(widths[0], HEIGHT)
                browser.goto(f"{server.address}/{page}")
                for width in widths:
                    browser.size(width, HEIGHT)
                    rest(browser)
                    wrong = [*browser.evaluate(FAULTS), *(f"console: {error}" for error in browser.errors)]
                    browser.errors.clear()
                    looked += 1
                    faults += len(wrong)
                    for what in wrong:
                        print(f"{given.browser}, {scheme}, {width} px, {page or 'start'}: {what}", flush=True)
                    if given.screenshots is not None:
                        browser.screenshot(
                            given.screenshots / f"{given.browser}-{scheme}-{page or 'start'}-{width}.png"
                        )
            browser.close()
    print(f"{given.browser}: {looked} views of {len(given.pages.split(','))} pages, faults: {faults}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
