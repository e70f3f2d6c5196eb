"""Many visitors at once, in Streamlit's own protocol without browsers: how long they wait, and whose answers they see.

Starts a server, lets visitors open every page, and lets each pick something every 2 to 6 seconds. Visitors of the
matching page upload a picture of their own with a sentence of their own; the score on their page is held against what
the library gives for that pair, so that a wrong or a foreign answer is seen.

    python benchmarks/visitors.py --visitors 50 --seconds 300
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import io
import os
import random
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import websockets
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
PAGES = ("mmca", "mmvit", "mca", "mit", "about")
SENTENCES = 6  #: of one visitor
PATIENCE = 240  #: seconds for one answer
COLOURS, THINGS = ("red", "green", "blue", "yellow", "white", "brown"), ("dog", "cup", "chair", "car", "cat", "ball")


@dataclass
class Seen:
    """What all visitors met."""

    opened: list[float] = field(default_factory=list)
    clicked: list[float] = field(default_factory=list)
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


class Visitor:
    """One connection, with what its page shows."""

    def __init__(self, number: int, port: int, seen: Seen) -> None:
        self.number, self.port, self.seen = number, port, seen
        self.page, self.random = PAGES[number % len(PAGES)], random.Random(number)
        self.elements: dict[tuple[int, ...], object] = {}
        self.states: dict[str, tuple[str, object]] = {}
        self.cached: dict[str, bytes] = {}
        self.hash, self.session = "", ""

    async def visit(self, until: float) -> None:
        """Open the page and pick until the time is over."""
        address = f"ws://127.0.0.1:{self.port}/_stcore/stream"
        async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as self.line:
            begun = time.monotonic()
            await self.run()
            if self.page == "mmca":
                await self.bring()
            self.seen.opened.append(time.monotonic() - begun)
            self.check("opening")
            while time.monotonic() < until:
                await asyncio.sleep(self.random.uniform(2, 6))
                begun = time.monotonic()
                if not await self.pick():
                    return
                self.seen.clicked.append(time.monotonic() - begun)
                self.check("a click")

    async def run(self) -> None:
        """Ask for the page as its widgets stand, and take what comes until the script has ended."""
        asked = BackMsg()
        asked.rerun_script.page_name = self.page
        asked.rerun_script.page_script_hash = self.hash
        for name, (kind, value) in self.states.items():
            state = asked.rerun_script.widget_states.widgets.add()
            state.id = name
            if kind == "file_uploader_state_value":
                state.file_uploader_state_value.CopyFrom(value)
            else:
                setattr(state, kind, value)
        await self.line.send(asked.SerializeToString())
        self.elements, started = {}, False
        while True:
            message = await self.next()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                started = True
                self.session = message.new_session.initialize.session_id or self.session
            elif kind == "navigation":
                self.hash = message.navigation.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self.elements[tuple(message.metadata.delta_path)] = message.delta.new_element
            elif kind == "script_finished" and started and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return

    async def next(self) -> ForwardMsg:
        """The next message, from the cache where the server only names it."""
        message = ForwardMsg.FromString(await asyncio.wait_for(self.line.recv(), PATIENCE))
        if message.WhichOneof("type") == "ref_hash":
            kept = ForwardMsg.FromString(self.cached[message.ref_hash])
            kept.metadata.CopyFrom(message.metadata)
            return kept
        if message.hash:
            self.cached[message.hash] = message.SerializeToString()
        return message

    def of(self, kind: str) -> list[object]:
        """All elements of a kind."""
        return [getattr(e, kind) for e in self.elements.values() if e.WhichOneof("type") == kind]

    def widget(self, kind: str, key: str) -> object | None:
        """The widget with that key."""
        return next((widget for widget in self.of(kind) if widget.id.endswith(f"-{key}")), None)

    async def bring(self) -> None:
        """Upload an own picture, and say an own sentence."""
        uploader = self.widget("file_uploader", "match.picture")
        asked = BackMsg()
        asked.file_urls_request.request_id = "r"
        asked.file_urls_request.file_names.append("own.png")
        asked.file_urls_request.session_id = self.session
        await self.line.send(asked.SerializeToString())
        while (message := await self.next()).WhichOneof("type") != "file_urls_response":
            pass
        urls = message.file_urls_response.file_urls[0]
        await asyncio.to_thread(self.put, urls.upload_url, picture(self.number))
        state = FileUploaderState()
        one = state.uploaded_file_info.add()
        one.name, one.size, one.file_id = "own.png", len(picture(self.number)), urls.file_id
        one.file_urls.CopyFrom(urls)
        self.states[uploader.id] = ("file_uploader_state_value", state)
        await self.run()
        self.sentence = sentence(self.number, 0)
        self.states[self.widget("text_input", "sentence").id] = ("string_value", self.sentence)
        await self.run()

    def put(self, path: str, data: bytes) -> None:
        """Send a file as browsers do."""
        mark = "xvizboundary"
        body = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="own.png"\r\n'.encode()
        body += b"Content-Type: image/png\r\n\r\n" + data + f"\r\n--{mark}--\r\n".encode()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        line.request("PUT", path, body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
        answer = line.getresponse()
        assert answer.status < 300, f"the upload was answered with {answer.status}"

    async def pick(self) -> bool:
        """Change something; False where the page has nothing to change."""
        if self.page == "mmca":
            self.sentence = sentence(self.number, self.random.randrange(SENTENCES))
            self.states[self.widget("text_input", "sentence").id] = ("string_value", self.sentence)
        else:
            boxes = [box for box in self.of("selectbox") if len(box.options) > 1 and not box.disabled]
            if not boxes:
                return False
            box = self.random.choice(boxes)
            self.states[box.id] = ("string_value", self.random.choice(list(box.options)))
        await self.run()
        return True

    def check(self, when: str) -> None:
        """Hold what is on the page against what must be there."""
        who = f"visitor {self.number} on {self.page} after {when}"
        if self.of("exception"):
            self.seen.errors.append(f"{who}: {self.of('exception')[0].message[:120]}")
        bad = [alert.body for alert in self.of("alert") if alert.format == alert.Format.ERROR]
        self.seen.errors += [f"{who}: {text[:100]}" for text in bad[:1]]
        if len(self.elements) < 5:
            self.seen.lost.append(who)
        if self.page == "mmca" and not bad:
            shown = next((m.body.replace("−", "-") for m in self.of("metric") if m.label == "Score"), "none")
            told = f"{expected(self.number, self.sentence):.3f}"
            self.seen.answers += 1
            if shown != told:
                self.seen.wrong.append(f"{who}: {shown} instead of {told}")


def picture(number: int) -> bytes:
    """A picture that no other visitor has."""
    rng = np.random.default_rng(number)
    pixels = np.full((96, 128, 3), rng.integers(0, 256, 3), np.uint8)
    pixels[20:60, 30:90] = rng.integers(0, 256, 3)
    Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def sentence(number: int, which: int) -> str:
    """One that no other visitor says."""
    return f"A {COLOURS[which % 6]} {THINGS[(number + which) % 6]} beside {number + 2} {COLOURS[number % 6]} boxes."


_expected: dict[tuple[int, str], float] = {}
_parts: dict[int, object] = {}


def expected(number: int, said: str) -> float:
    """The score of a visitor's pair by the library."""
    from xviz import engine
    from xviz.core.sample import Regions, Sample
    from xviz.data.picture import read_picture
    from xviz.data.text import read_text
    from xviz.models import MODELS, regions
    from xviz.models.boxes import find_boxes

    if (number, said) not in _expected:
        card = MODELS["mmca"]
        if number not in _parts:
            read = read_picture(picture(number))
            boxes = find_boxes(read.pixels, count=card.settings.regions)
            _parts[number] = {"picture": read, "regions": Regions(boxes, regions.encode(read.pixels, boxes).numpy())}
        loaded = _parts.setdefault(-1, engine.load(card))
        sample = Sample("own", {**_parts[number], "text": read_text(said)})
        _expected[number, said] = engine.outputs(loaded, engine.prepare(loaded, sample))["score"]
    return _expected[number, said]


def memory(process: int) -> float:
    """MB that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def summary(name: str, values: list[float]) -> str:
    """Median and 95th percentile."""
    half, most = np.percentile(values or [0], [50, 95])
    return f"{name}: median {half:.2f} s, 95th percentile {most:.2f} s ({len(values)})"


async def all_of(visitors: int, seconds: float, port: int, seen: Seen) -> None:
    """Let the visitors come one after another, and wait until all have left."""
    until = time.monotonic() + seconds

    async def one(number: int) -> None:
        await asyncio.sleep(number * 20 / visitors)
        try:
            await Visitor(number, port, seen).visit(until)
        except Exception as error:
            seen.lost.append(f"visitor {number} on {PAGES[number % len(PAGES)]}: {error!r}"[:160])

    await asyncio.gather(*(one(number) for number in range(visitors)))


def main() -> None:
    """Run, and print what was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    given = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for number in range(0, given.visitors, len(PAGES)):  # before the server has the processors
        for which in range(SENTENCES):
            expected(number, sentence(number, which))
    options = [
        "--client.showErrorDetails",
        "full",
        "--server.port",
        str(port),
        "--server.enableXsrfProtection",
        "false",
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "xviz", "app", *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    seen = Seen()
    try:
        for _ in range(600):
            time.sleep(0.2)
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
        before = memory(server.pid)
        asyncio.run(all_of(given.visitors, given.seconds, port, seen))
        after = memory(server.pid)
    finally:
        server.terminate()
    print(f"{given.visitors} visitors for {given.seconds:g} s")
    print(summary("open", seen.opened))
    print(summary("click", seen.clicked))
    print(f"memory of the server: {before:.0f} MB at the start, {after:.0f} MB at the end")
    print(f"wrong answers: {len(seen.wrong)} of {seen.answers}; errors: {len(seen.errors)}; lost: {len(seen.lost)}")
    for line in (*seen.wrong[:5], *seen.errors[:5], *seen.lost[:5]):
        print("  ", line)
    sys.exit(bool(seen.wrong or seen.errors or seen.lost))


if __name__ == "__main__":
    main()
