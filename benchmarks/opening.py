"""From an address, or a file, to the first map: ``python benchmarks/opening.py [--repeat 5] [--pages matching EEG …]``.

In headless Chromium with software rendering. A page of a shipped sample is opened in a new tab while the server is
warm, and timed from the navigation to the first frame in which a drawing of the sample stands; layout shifts more than
1.5 s after it began are summed, as browsers score them. Then a file is given to the page: a picture, a sound, a minute
of EEG, a room of 60,000 points and one of a million, each timed from the choice of the file to the first frame with a
drawing of it. Files are made anew for each repetition, so that nothing is remembered. Last, the app is started anew for
each repetition, and timed until it answers at its address, until its start page has the links to all models, and, at
another start, until the first map of the page of matching.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from skimage import data

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]
from brought import file_of  # noqa: E402
from conftest import CHROMIUM, FLAGS  # noqa: E402
from serving import Server  # noqa: E402

from xviz.models import CARDS  # noqa: E402

WAIT = 120_000  #: ms
STILL = 3000  #: ms after the first map in which shifts are counted
#: notes when drawings appear, by the name of their place, and how far the page shifts
WATCH = """
window.maps = {}; window.shifts = []; window.begun = 0;
class Watched extends WebSocket {
  constructor(...given) { super(...given); window.asked ??= performance.now(); }
}
window.WebSocket = Watched;
new PerformanceObserver((list) => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) shifts.push([e.startTime, e.value]);
}).observe({ type: 'layout-shift', buffered: true });
const place = (e) => [...(e.closest("[class*='st-key-']")?.classList ?? [])].find((c) => c.startsWith('st-key-'));
const drawn = (canvas) => {
  if (canvas.clientWidth <= 60 || (canvas.width === 300 && canvas.height === 150)) return false; // not yet sized
  const context = canvas.getContext('2d'); // none where it is drawn by the graphics processor
  const { width, height } = canvas;
  return !context || context.getImageData(0, height >> 1, width, 1).data.some((value, i) => i % 4 === 3 && value);
};
const look = () => {
  for (const e of document.querySelectorAll("[class*='st-key-'] *"))
    for (const canvas of e.shadowRoot?.querySelectorAll('.stage canvas') ?? [])
      if (place(e) && !(place(e) in maps) && drawn(canvas)) maps[place(e)] = performance.now();
};
setInterval(look, 40); // a look every frame would take the time that it measures
addEventListener('change', (e) => { if (e.target.type === 'file') begun = performance.now(); }, true);
"""
#: the time of the first map that is asked for, after the beginning
FIRST = """([names, known]) => { const found = Object.entries(maps)
  .filter(([k, t]) => t > begun && names.some(n => k.startsWith('st-key-' + n)) && !known.includes(k))
  .map(([k, t]) => t);
  return found.length ? Math.min(...found) - begun : null; }"""


@dataclass(frozen=True)
class Case:
    """A page, and what is brought to it."""

    address: str
    maps: tuple[str, ...]  #: how the places of its maps begin
    files: tuple[tuple[str, Callable[[int], bytes]], ...] = ()  #: what is brought → the file of a repetition
    uploader: str = ""  #: its key


def picture(number: int) -> bytes:
    """A photograph of 451 × 300."""
    pixels = np.array(data.chelsea())
    pixels[:4, :4] = number
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def recording(number: int) -> bytes:
    """A minute of 32 channels at 128 Hz."""
    from xviz.core.sample import BIOSEMI32

    signal = np.random.default_rng(number).standard_normal((32, 60 * 128)).cumsum(1)
    signal = 20 * (signal - signal.mean(1, keepdims=True)) / signal.std(1, keepdims=True)
    np.savez(file := io.BytesIO(), eeg=signal.astype(np.float32), channels=np.array(BIOSEMI32), rate=128.0)
    return file.getvalue()


def room(points: int, number: int) -> bytes:
    """A box of a room as binary PLY, with two photos."""
    rng = np.random.default_rng(number)
    xyz = rng.uniform(0, (4, 5, 2.5), (points, 3)).astype(np.float32)
    side = rng.integers(0, 5, points)  # four walls and the floor
    for wall, (axis, value) in enumerate(((2, 0), (0, 0), (0, 4), (1, 0), (1, 5))):
        xyz[side == wall, axis] = value
    cloud = np.zeros(points, [*((axis, "<f4") for axis in "xyz"), *((name, "u1") for name in ("red", "green", "blue"))])
    for axis, values in zip("xyz", xyz.T, strict=True):
        cloud[axis] = values
    for name in ("red", "green", "blue"):
        cloud[name] = (60 * side + number) % 256
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {points}\n"
    head += "".join(f"property float {axis}\n" for axis in "xyz")
    head += "".join(f"property uchar {name}\n" for name in ("red", "green", "blue")) + "end_header\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("room.ply", head.encode() + cloud.tobytes())
        for photo in range(2):
            packed.writestr(f"photo{photo}.png", picture(number + photo))
    return file.getvalue()


CASES = {
    "matching": Case("mmca", ("method-regions",), (("picture", picture),), "match.picture"),
    "sounds": Case("mmvit?model=Spoken digits", ("find-",), (("sound", partial(file_of, "mmvit")),), "mmvit.sound"),
    "pictures": Case("mmvit?model=Object pictures", ("find-",), (("picture", picture),), "mmvit-objects.picture"),
    "EEG": Case("mca", ("attention-head", "map-", "traces"), (("minute of EEG", recording),), "eeg.file"),
    "rooms": Case(
        "mit", ("cloud-",),
        (("room, 60,000 points", lambda n: room(60_000, n)), ("room, 1,000,000 points", lambda n: room(1_000_000, n))),
        "rooms.files",
    ),
}  # fmt: skip


def first_map(page: Page, case: Case, known: Sequence[str] = ()) -> float:
    """Seconds from the beginning to the first map of a page that is not known yet; waits for it."""
    found = page.wait_for_function(FIRST, arg=[case.maps, list(known)], polling=20, timeout=WAIT)
    return found.json_value() / 1000


def links(page: Page) -> None:
    """Wait until the start page has those to all models."""
    page.get_by_role("link", name="Open").nth(sum(card.opens for card in CARDS) - 1).wait_for(timeout=WAIT)


def opened(page: Page, address: str, case: Case) -> tuple[float, float, float]:
    """Seconds to the first map, the layout shift later than 1.5 s, and the seconds until the server is asked."""
    page.goto(f"{address}/{case.address}")
    first = first_map(page, case)
    page.wait_for_timeout(STILL)
    shift = page.evaluate("shifts.filter(([t]) => t > 1500).reduce((all, [, v]) => all + v, 0)")
    return first, shift, page.evaluate("asked") / 1000


def brought(page: Page, case: Case, name: str, content: bytes) -> float:
    """Seconds from the choice of a file to the first map of it."""
    known = page.evaluate("Object.keys(maps)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        key = case.uploader.replace(".", "-")
        page.locator(f".st-key-{key} input[type=file]").first.set_input_files(str(path))
        if case.address == "mmca":  # an own picture has no sentence yet
            page.get_by_label("Sentence", exact=True).fill("A cat looks at us.", timeout=WAIT)
            page.get_by_label("Sentence", exact=True).press("Enter")
        return first_map(page, case, known)


def started(tab: Callable[[], Page], repeat: int) -> dict[str, float]:
    """Median seconds from the start of the app."""
    matching = CASES["matching"]
    waited: dict[str, tuple[str, Callable[[Page], object]]] = {
        "to the start page": ("", links),
        "to the first map of matching": (matching.address, partial(first_map, case=matching)),
    }
    times: dict[str, list[float]] = {"to its address": [], **{what: [] for what in waited}}
    for _ in range(repeat):
        for what, (address, wait) in waited.items():
            page, begun = tab(), time.monotonic()
            with Server() as server:
                times["to its address"].append(time.monotonic() - begun)
                page.goto(f"{server.address}/{address}")
                wait(page)
                times[what].append(time.monotonic() - begun)
            page.context.close()
    return {what: round(statistics.median(each), 2) for what, each in times.items()}


def main() -> None:
    """Measure, and print one row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--pages", nargs="*", choices=list(CASES), default=list(CASES))
    given = parser.parse_args()
    endings = {"picture": "png", "sound": "wav", "minute of EEG": "npz"}
    table: dict[str, dict[str, float]] = {}
    with Server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        def tab() -> Page:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            page.add_init_script(WATCH)
            return page

        for name in given.pages:
            case, times, shifts, asked = CASES[name], [], [], []
            for turn in range(given.repeat + 1):  # the first one warms the server up
                page = tab()
                seconds, shift, turned = opened(page, server.address, case)
                if turn:
                    times.append(seconds)
                    shifts.append(shift)
                    asked.append(turned)
                page.context.close()
            table[f"{name}: open"] = {
                "median s": round(statistics.median(times), 2), "most s": round(max(times), 2),
                "of these until the server is asked, median s": round(statistics.median(asked), 2),
                "shift after 1.5 s": round(max(shifts), 3),
            }  # fmt: skip
            for what, make in case.files:
                times = []
                for turn in range(given.repeat + 1):
                    page = tab()
                    opened(page, server.address, case)
                    times.append(brought(page, case, f"own{turn}.{endings.get(what, 'zip')}", make(turn)))
                    page.context.close()
                times = times[1:]
                table[f"{name}: {what}"] = {
                    "median s": round(statistics.median(times), 2),
                    "most s": round(max(times), 2),
                }
            print(json.dumps(table, indent=1, ensure_ascii=False), file=sys.stderr)
        server.kill()
        table["start, median s"] = started(tab, given.repeat)
        browser.close()
    print(json.dumps(table, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
