"""How fast the page of rooms is in a real browser: ``python benchmarks/room_page.py [--points N] [--clicks N]``.

With ``--points 1000000`` the cloud has as many points as are shown at most.

Times are taken in headless Chromium with software rendering, by the browser's clock, from the press of the mouse on a
patch until the cloud has been drawn in its new colours; the room is that of the tests in as many points as are shown.
A ratio compares with a bare Streamlit rerun in the same run; beside it stand the bytes of an answer, the memory of the
server, and how long a turned cloud takes until its first points and then all are drawn, with the longest of the frames
meanwhile. With ``--upload N`` a PLY of so many points and twelve photos are uploaded to the app, and the time is taken
until their cloud is drawn, first in part and then whole, and the page has come to rest.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser"), str(ROOT / "benchmarks")]
from conftest import CHROMIUM, FLAGS  # noqa: E402
from page import BARE, bare, served  # noqa: E402

from tests.room import room  # noqa: E402

COLOURS = ("red", "green", "blue")
#: the clouds that the page shows
CLOUDS = """[...document.querySelectorAll('*')].filter(e => e.shadowRoot?.querySelector('.xv'))
    .map(e => e.shadowRoot.querySelector('.xv').xvizView).filter(view => view?.gl && view.still)"""
#: notes when the pointer went down and when the cloud was drawn with other scores; bytes of each message to the page
WATCH = """() => {
    const pixel = new Uint8Array(4);  // until it is there; finish() returns at once
    window.until = (gl) => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    const views = () => [...document.querySelectorAll('*')].filter(e => e.shadowRoot?.querySelector('.xv'))
        .map(e => e.shadowRoot.querySelector('.xv').xvizView).filter(Boolean);
    window.cloud = views().find(view => view.gl);
    window.album = views().find(view => view.boxOf);
    addEventListener('pointerdown', () => {
        Object.assign(window, {pressed: performance.now(), drawn: null, before: cloud.arrays});
    }, true);
    let arrays = cloud.arrays;
    Object.defineProperty(cloud, 'arrays', {
        get: () => arrays, set: (came) => { [arrays, window.came] = [came, performance.now()]; },
    });
    const paint = cloud.gl.drawArrays.bind(cloud.gl);
    cloud.gl.drawArrays = (...what) => {
        paint(...what);
        if (what[0] !== cloud.gl.TRIANGLES) return;  // no colours yet
        if (!window.pressed || window.drawn || cloud.arrays === window.before) return;
        until(cloud.gl);
        window.drawn = performance.now() - window.pressed;
        (window.drawing ??= []).push(performance.now() - window.came);
    };
    return cloud.drawn; }"""
WHOLE = f"() => {CLOUDS}.some(view => view.drawn === view.still.header.drawn)"
#: turns the cloud: milliseconds to its first points, to all of them, and the longest frame meanwhile
TURN = """async () => {
    const frame = () => new Promise(done => requestAnimationFrame(done));
    const all = cloud.still.header.drawn, begun = performance.now();
    cloud.camera.turn += 0.1;
    cloud.draw();
    await frame();
    until(cloud.gl);
    const first = performance.now() - begun;
    let [before, longest] = [performance.now(), 0];
    while (cloud.drawn < all) {
        await frame();
        longest = Math.max(longest, performance.now() - before);
        before = performance.now();
    }
    until(cloud.gl);
    return [first, performance.now() - begun, longest]; }"""


#: starts a script as ``xviz app`` starts the app
FRAMED = """import sys
from xviz.ui import frame, serve
serve.alone()
frame.install()
from streamlit.web import cli
sys.argv = ["streamlit", "run", "%s", *sys.argv[1:]]
cli.main()"""
DRAWING: list[float] = []  #: milliseconds from an answer's arrival at the cloud to its last pixel


def clicks(page: Page, address: str, count: int) -> tuple[list[float], int, list[int], list[float]]:
    """Milliseconds from a press on a patch to the recoloured cloud; points drawn; bytes of each answer; a turn."""
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: sizes.append(len(frame))))
    page.goto(address)
    page.get_by_role("tab", name="Trust").wait_for(timeout=300_000)
    page.wait_for_function(WHOLE, timeout=60_000)
    page.wait_for_timeout(6000)
    points = page.evaluate(WATCH)
    page.locator("[class*='st-key-cloud'] canvas").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    box = page.evaluate("(() => { const b = album.canvas.getBoundingClientRect(); return [b.left, b.top]; })()")
    times, sent = [], []
    for turn in range(count + 3):  # the first warm up
        x, y, w, h = page.evaluate(f"album.boxOf(album.header.order[0] * 80 + {11 + 2 * turn})")
        sizes.clear()
        page.mouse.click(box[0] + x + w / 2, box[1] + y + h / 2)
        page.wait_for_function("() => window.drawn", polling=5, timeout=30_000)
        times.append(page.evaluate("window.drawn"))
        page.wait_for_timeout(700)
        sent.append(sum(sizes))
    DRAWING.extend(page.evaluate("window.drawing.slice(3)"))
    turns = [page.evaluate(TURN) for _ in range(5)]
    return times[3:], points, sent[3:], [statistics.median(each) for each in zip(*turns, strict=True)]


def uploads(page: Page, address: str, points: int) -> dict[str, float]:
    """Seconds from choosing a cloud and photos to the first picture of that cloud, and to a page at rest."""
    made = room(points, 12)
    cloud = np.zeros(len(made.xyz), [(name, "<f4") for name in "xyz"] + [(name, "u1") for name in COLOURS])
    for k, name in enumerate("xyz"):
        cloud[name], cloud[COLOURS[k]] = made.xyz[:, k], made.rgb[:, k]
    said = "".join(f"property {'float' if name in 'xyz' else 'uchar'} {name}\n" for name in cloud.dtype.names)
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(cloud)}\n{said}end_header\n"
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "room.ply"]
        files[0].write_bytes(head.encode() + cloud.tobytes())
        for number, image in enumerate(made.images):
            files.append(Path(folder) / f"photo{number:02d}.png")
            Image.fromarray(image).save(files[-1])
        page.goto(f"{address}/mit")
        page.get_by_role("tab", name="Trust").wait_for(timeout=300_000)
        page.wait_for_timeout(6000)
        before = page.evaluate(f"{CLOUDS}.map(view => view.still.arrays.token.length).join()")
        begun = time.perf_counter()
        page.locator("[data-testid=stFileUploader] input[type=file]").first.set_input_files(files)
        page.wait_for_function(
            f"before => {{ const now = {CLOUDS}; return now.length && now.map(v => v.still.arrays.token.length).join()"
            " !== before }",
            arg=before, timeout=300_000, polling=20,
        )  # fmt: skip
        first = time.perf_counter() - begun
        page.wait_for_function(WHOLE, timeout=300_000, polling=20)
        whole = time.perf_counter() - begun
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=300_000)
        rest = time.perf_counter() - begun
        return {"first_picture_s": round(first, 1), "whole_cloud_s": round(whole, 1), "at_rest_s": round(rest, 1)}


def main() -> None:
    """Measures and prints a record."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=150_000)
    options.add_argument("--clicks", type=int, default=20)
    options.add_argument("--upload", type=int, metavar="N", help="measure the upload of N points instead")
    chosen = options.parse_args()
    if chosen.upload:
        with sync_playwright() as play, served(ROOT / "app.py") as (address, _):
            browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            found = {"points": chosen.upload, **uploads(page, address, chosen.upload)}
            print(json.dumps(found | {"load_average": round(os.getloadavg()[0], 1)}, indent=1))
        return
    os.environ["XVIZ_BENCHMARK_POINTS"] = str(chosen.points)
    script = ROOT / "benchmarks" / "room_app.py"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with served(script, "-c", FRAMED % str(script)) as (address, pid):
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            times, points, sent, turn = clicks(page, address, chosen.clicks)
            memory = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        plain = ROOT / "benchmarks" / "bare_app.py"
        plain.write_text(BARE, encoding="utf-8")
        try:
            with served(plain) as (address, _):
                base = bare(browser.new_page(), address, chosen.clicks)
        finally:
            plain.unlink()
        browser.close()
    median = statistics.median(times)
    found = {
        "points_drawn": points, "clicks": len(times),
        "of_these_drawing_median_ms": round(statistics.median(DRAWING)), "median_ms": round(median),
        "p95_ms": round(float(np.percentile(times, 95))), "greatest_ms": round(max(times)),
        "bare_rerun_median_ms": round(statistics.median(base)), "ratio": round(median / statistics.median(base), 2),
        "turned_first_ms": round(turn[0]), "turned_whole_ms": round(turn[1]), "longest_frame_ms": round(turn[2]),
        "server_mb": round(memory / 1e6), "answer_median_bytes": round(statistics.median(sent)),
        "load_average": round(os.getloadavg()[0], 1),
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
