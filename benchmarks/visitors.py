"""Many visitors at once, in Streamlit's own protocol without browsers: how long they wait, and whose answers they see.

Starts a server, lets visitors open every page, upload a file of their own where a page takes one, and click every 2 to
6 seconds: four of five clicks pick a token in a drawing, the others choose in a box or say another sentence, which may
run the model anew or read the file otherwise. The score on the page of matching is held against what the library gives
for that pair, so that a wrong or a foreign answer is seen. Beside them, ``--browsers`` click in headless Chromium, on
the same processors.

    python benchmarks/visitors.py --visitors 50 --seconds 300 --browsers 8
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time

import numpy as np
from brought import expected, sentence
from serving import ROOT, Server
from visitor import PAGES, SENTENCES, Seen, Visitor

READY = 240_000  #: ms
SLOWEST = 20  #: clicks that are printed one by one
#: true once no script of the page runs
REST = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


def summary(name: str, values: list[float]) -> str:
    """Median and 95th percentile."""
    half, most = np.percentile(values or [0], [50, 95])
    return f"{name}: median {half:.2f} s, 95th percentile {most:.2f} s ({len(values)})"


async def all_of(visitors: int, browsers: int, seconds: float, server: Server, seen: Seen, watched: Seen) -> None:
    """Let the visitors come one after another, and wait until all have left."""
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        await asyncio.sleep(number * 20 / visitors)
        try:
            await Visitor(number, server.port, seen).visit(until)
        except Exception as error:
            seen.lost.append(f"visitor {number} on {PAGES[number % len(PAGES)]}: {error!r}"[:160])

    await asyncio.gather(*(one(number) for number in range(visitors)), looked(browsers, until, server, watched))


async def looked(browsers: int, until: float, server: Server, watched: Seen) -> None:
    """Pages in real browsers, each on one page of the app, picking in its first boxes."""
    if not browsers:
        return
    from playwright.async_api import async_playwright

    sys.path.insert(0, str(ROOT))
    from tests.browser.conftest import CHROMIUM, FLAGS

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        async def one(number: int) -> None:
            path, page = PAGES[number % 4], await browser.new_page(viewport={"width": 1280, "height": 900})
            page.on("pageerror", lambda error: watched.errors.append(f"browser {number} on {path}: {error}"[:160]))
            try:
                begun = time.monotonic()
                await page.goto(f"{server.address}/{path}", timeout=READY)
                await page.get_by_role("tab").first.wait_for(timeout=READY)
                await page.wait_for_function(REST, timeout=READY)
                watched.opened.append(time.monotonic() - begun)
                step = 0
                while time.monotonic() < until:
                    await asyncio.sleep(4)
                    boxes = page.locator("[data-testid=stMain] [data-testid=stSelectbox] input")
                    box = boxes.nth(step % max(1, min(3, await boxes.count())))
                    step += 1
                    begun = time.monotonic()
                    await box.press("ArrowDown", timeout=READY)
                    await box.press("ArrowDown")
                    await box.press("Enter")
                    await page.wait_for_timeout(100)
                    await page.wait_for_function(REST, timeout=READY)
                    watched.clicked.setdefault(path, []).append(time.monotonic() - begun)
                    if not await page.locator("[data-testid=stMain] h1").count():
                        watched.lost.append(f"browser {number} on {path}: its page is empty")
            except Exception as error:
                watched.lost.append(f"browser {number} on {path}: {error!r}"[:160])

        await asyncio.gather(*(one(number) for number in range(browsers)))
        await browser.close()


def told(seen: Seen, who: str) -> None:
    """Print what some of them met."""
    print(summary(f"{who}, open", seen.opened))
    print(summary(f"{who}, click", [value for values in seen.clicked.values() for value in values]))
    for kind in ("a pick", "a choice", "a sentence"):
        if values := [each for name, values in seen.clicked.items() if name.endswith(kind) for each in values]:
            print(summary(f"{who}, {kind}", values))
    for page, values in sorted(seen.clicked.items()):
        print("  ", summary(page, values))
    print(
        f"{who}: wrong or foreign answers {len(seen.wrong)} of {seen.answers}; "
        f"errors {len(seen.errors)}; lost {len(seen.lost)}; refusals in words {len(seen.refused)}"
    )
    for took, what in sorted(seen.slow, reverse=True)[:SLOWEST]:
        print(f"   slowest: {took:.1f} s, {what}")
    for line in (*seen.wrong[:5], *seen.errors[:5], *seen.lost[:5], *sorted(set(seen.refused))[:3]):
        print("  ", line)


def main() -> None:
    """Run, and print what was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--browsers", type=int, default=0)
    given = parser.parse_args()
    for number in range(0, given.visitors, len(PAGES)):  # before the server has the processors
        for which in range(SENTENCES):
            expected(number, sentence(number, which))
    seen, watched = Seen(), Seen()
    with Server("--client.showErrorDetails", "full", "--server.enableXsrfProtection", "false") as server:
        before = server.memory()
        asyncio.run(all_of(given.visitors, given.browsers, given.seconds, server, seen, watched))
        after = server.memory()
    print(f"{given.visitors} visitors and {given.browsers} browsers for {given.seconds:g} s on {os.cpu_count()} cores")
    told(seen, "visitors")
    if given.browsers:
        told(watched, "browsers")
    print(f"memory of the server: {before:.0f} MB at the start, {after:.0f} MB at the end")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    sys.exit(bool(seen.wrong or seen.errors or seen.lost or watched.lost or watched.errors))


if __name__ == "__main__":
    main()
