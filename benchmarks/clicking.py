"""Clicks on every page's first drawing, each timed from the press of the pointer to the last pixel; for ``page.py``.

The browser notes when the pointer is pressed, when messages leave and arrive, and when a drawing or the page changes;
``timed_app.py`` notes when scripts run. Both clocks are the machine's, so that one line of time is cut into: browser
(press until the message leaves), protocol (until the script begins, and from its end until its last message arrives),
Python (the script, split into model, method, packing and sending) and drawing (until nothing changes any more).
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Page


class Place(NamedTuple):
    """Where a page is clicked."""

    address: str
    tab: str = ""  #: that is opened first, where another is at first
    within: str = ""  #: CSS of what holds the drawing


#: pages, by what people call them
PAGES = {
    "matching": Place("mmca"),
    "sounds": Place("mmvit?model=Spoken digits", "Attention between views", ".st-key-asking"),
    "pictures": Place("mmvit?model=Object pictures", "Attention between views", ".st-key-asking"),
    "EEG": Place("mca", "Attention"),
    "rooms": Place("mit"),
    "a model of one's own": Place("captioner"),
    "comparison": Place("compare"),
}
WATCH = """
const now = () => performance.timeOrigin + performance.now();
window.seen = {};
const changed = (name) => { seen[name] = now(); };
addEventListener('pointerdown', () => { window.seen = { pressed: now() }; }, true);
class Watched extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', (event) => {
      seen.received = now();
      seen.first ??= seen.received;
      seen.messages = 1 + (seen.messages ?? 0);
      seen.bytes = (event.data.byteLength ?? event.data.size ?? 0) + (seen.bytes ?? 0);
    });
  }
  send(data) { seen.sent ??= now(); super.send(data); }
}
window.WebSocket = Watched;
const flat = ['drawImage', 'fillRect', 'putImageData', 'clearRect', 'stroke'], deep = ['drawArrays', 'drawElements'];
for (const [type, names] of [[CanvasRenderingContext2D, flat], [WebGL2RenderingContext, deep]])
  for (const name of names) {
    const draw = type.prototype[name];
    type.prototype[name] = function (...given) { changed('drawn'); return draw.apply(this, given); };
  }
const seenBy = ['style', 'class', 'aria-selected']; // not the counters that tests read
const everything = { subtree: true, childList: true, characterData: true, attributeFilter: seenBy };
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (...given) {
  const root = attach.apply(this, given);
  new MutationObserver(() => changed('drawn')).observe(root, everything);
  return root;
};
new MutationObserver((all) => {
  if (all.some((m) => m.target.parentElement?.closest('[data-testid=stMain]'))) changed('page');
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
#: where to press, in shares of the drawing
SHARES = [(x / 8, y / 8) for y in (4, 3, 5, 2, 6) for x in (3, 5, 2, 6, 4)]
#: the canvases of drawings that are on view and can be picked, first to last; WITHIN is what holds them
STAGES = """[...document.querySelectorAll('WITHIN *')].filter(e => e.shadowRoot)
  .flatMap(e => [...e.shadowRoot.querySelectorAll('.stage[role=application] canvas')])
  .filter(c => c.clientWidth > 100 && c.checkVisibility())"""
#: the script is at rest and nothing has arrived for so many milliseconds
REST = """quiet => { const t = performance.timeOrigin + performance.now();
  return document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && t - Math.max(seen.received ?? 0, seen.pressed ?? 0) > quiet; }"""


@dataclass(frozen=True)
class Click:
    """One click; times in milliseconds."""

    browser: float
    protocol: float
    script: Mapping[str, float]  #: part → time; "script" is all that is not another
    drawing: float  #: from the last message to the last change
    both: float  #: press → every drawing as it stays
    last: float  #: press → nothing on the page changes any more
    cpu: float  #: of the server's process, all threads
    messages: int
    kilobytes: float


def processor(pid: int) -> float:
    """Seconds of the processor that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def clicked(page: Page, pid: int, log: Path, spot: tuple[float, float], quiet: int = 700) -> Click | None:
    """Press at a spot of the window; None where that picked nothing."""
    before, lines = processor(pid), len(log.read_text(encoding="utf-8").splitlines())
    page.mouse.move(*spot)
    page.wait_for_timeout(80)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_timeout(120)
    if page.evaluate("seen.sent") is None:
        return None
    page.wait_for_function(
        f"quiet => ({REST})(quiet) && performance.timeOrigin + performance.now()"
        " - Math.max(seen.drawn ?? 0, seen.page ?? 0) > quiet",
        arg=quiet,
        polling=50,
        timeout=60_000,
    )
    seen = page.evaluate("seen")
    runs = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()[lines:]]
    if not runs:
        return None
    begun, ended = 1000 * runs[0]["begun"], 1000 * runs[-1]["ended"]
    parts: dict[str, float] = {}
    for run in runs:
        for name, value in run.items():
            if name not in ("begun", "ended", "cpu"):
                parts[name] = parts.get(name, 0.0) + 1000 * value
    pressed, drawn = seen["pressed"], seen.get("drawn", seen["pressed"])
    last = max(drawn, seen.get("page", 0.0))
    return Click(
        browser=seen["sent"] - pressed,
        protocol=begun - seen["sent"] + max(0.0, seen["received"] - ended),
        script=parts,
        drawing=max(0.0, last - seen["received"]),
        both=drawn - pressed,
        last=last - pressed,
        cpu=1000 * (processor(pid) - before),
        messages=seen["messages"],
        kilobytes=seen["bytes"] / 1000,
    )


def spots(page: Page, within: str) -> list[tuple[float, float]]:
    """Where the first drawing of the page can be pressed, in the window; the page is scrolled to it."""
    stages = STAGES.replace("WITHIN", within)
    page.wait_for_function(f"() => {stages}.length", timeout=120_000)
    page.wait_for_function(REST, arg=2500, polling=100, timeout=120_000)
    page.evaluate(f"() => {stages}[0].scrollIntoView({{ block: 'center' }})")
    page.wait_for_timeout(300)
    left, top, width, height = page.evaluate(
        f"() => {{ const box = {stages}[0].getBoundingClientRect(); return [box.x, box.y, box.width, box.height]; }}"
    )
    return [(left + x * width, top + y * height) for x, y in SHARES]


def visit(page: Page, address: str, name: str, pid: int, log: Path, count: int) -> tuple[list[Click], list[Click]]:
    """Clicks on one page: each place for the first time, and so many on places that were pressed before."""
    place = PAGES[name]
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.add_init_script(WATCH)
    page.goto(f"{address}/{place.address}")
    if place.tab:
        page.get_by_role("tab", name=place.tab, exact=True).click(timeout=120_000)
    pressed = {spot: clicked(page, pid, log, spot) for spot in spots(page, place.within)[:12]}
    useful, clicks = [spot for spot, click in pressed.items() if click is not None], []
    if not useful:
        raise RuntimeError(f"nothing could be picked on {place.address}")
    for turn in range(count):
        if (click := clicked(page, pid, log, useful[turn % len(useful)])) is not None:
            clicks.append(click)
    return [click for click in pressed.values() if click is not None][1:], clicks


def row(first: Sequence[Click], clicks: Sequence[Click]) -> dict[str, Any]:
    """What is told of a page: medians, the 95th percentile of what visitors feel, means of the processor's time."""

    def middle(values: Sequence[float]) -> float:
        return round(statistics.median(values), 1)

    both = sorted(click.both for click in clicks)
    parts = sorted({part for click in clicks for part in click.script})
    return {
        "clicks": len(clicks),
        "both sides": middle(both),
        "both sides, p95": round(both[min(len(both) - 1, round(0.95 * len(both)))], 1),
        "last pixel": middle([click.last for click in clicks]),
        "browser": middle([click.browser for click in clicks]),
        "protocol": middle([click.protocol for click in clicks]),
        **{f"Python: {part}": middle([click.script.get(part, 0.0) for click in clicks]) for part in parts},
        "drawing": middle([click.drawing for click in clicks]),
        "server's processor": round(statistics.mean(click.cpu for click in clicks), 1),
        "picked for the first time: both sides": middle([click.both for click in first]),
        "picked for the first time: server's processor": round(statistics.mean(click.cpu for click in first), 1),
        "messages": middle([click.messages for click in clicks]),
        "kB": middle([click.kilobytes for click in clicks]),
    }


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """As Markdown, a column a page; milliseconds."""
    names = list(dict.fromkeys(key for values in rows.values() for key in values))
    lines = ["| ms | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    return "\n".join(
        [*lines, *(f"| {n} | " + " | ".join(str(v.get(n, "")) for v in rows.values()) + " |" for n in names)]
    )
