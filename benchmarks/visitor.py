"""One visitor in Streamlit's own protocol, without a browser: what its page shows, uploads, picks, and checks."""

from __future__ import annotations

import asyncio
import http.client
import io
import random
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
#: page → its uploader, and the ending of what is brought
UPLOADERS = {
    "mmca": ("match.picture", "png"),
    "mmvit": ("mmvit.sound", "wav"),
    "mca": ("eeg.file", "npz"),
    "mit": ("rooms.files", "zip"),
}
SENTENCES = 6  #: of one visitor
PATIENCE = 240  #: seconds for one answer
COLOURS, THINGS = ("red", "green", "blue", "yellow", "white", "brown"), ("dog", "cup", "chair", "car", "cat", "ball")


@dataclass
class Seen:
    """What all visitors met."""

    opened: list[float] = field(default_factory=list)
    clicked: dict[str, list[float]] = field(default_factory=dict)  #: page → seconds
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
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
            if self.page in UPLOADERS:
                await self.bring()
            self.seen.opened.append(time.monotonic() - begun)
            self.check("opening")
            while time.monotonic() < until:
                await asyncio.sleep(self.random.uniform(2, 6))
                begun = time.monotonic()
                if not await self.pick():
                    return
                self.seen.clicked.setdefault(self.page, []).append(time.monotonic() - begun)
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
        """Upload an own file, and on the page of matching say an own sentence."""
        name = f"own-{self.number}-of.{UPLOADERS[self.page][1]}"
        await self.upload(name, await asyncio.to_thread(file_of, self.page, self.number))
        if self.page == "mmca":
            self.sentence = sentence(self.number, 0)
            self.states[self.widget("text_input", "sentence").id] = ("string_value", self.sentence)
            await self.run()

    async def upload(self, name: str, content: bytes) -> None:
        """Give a file to the uploader of the page."""
        key, _ = UPLOADERS[self.page]
        uploader = self.widget("file_uploader", key)
        asked = BackMsg()
        asked.file_urls_request.request_id = "r"
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self.session
        await self.line.send(asked.SerializeToString())
        while (message := await self.next()).WhichOneof("type") != "file_urls_response":
            pass
        urls = message.file_urls_response.file_urls[0]
        await asyncio.to_thread(self.put, urls.upload_url, name, content)
        state = FileUploaderState()
        one = state.uploaded_file_info.add()
        one.name, one.size, one.file_id = name, len(content), urls.file_id
        one.file_urls.CopyFrom(urls)
        self.states[uploader.id] = ("file_uploader_state_value", state)
        await self.run()

    def put(self, path: str, name: str, data: bytes) -> None:
        """Send a file as browsers do."""
        mark = "xvizboundary"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode()
        head += b"Content-Type: application/octet-stream\r\n\r\n"
        tail, view = f"\r\n--{mark}--\r\n".encode(), memoryview(data)
        pieces = (head, *(view[at : at + 2**20] for at in range(0, len(view), 2**20)), tail)
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        size = str(len(head) + len(data) + len(tail))
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}", "Content-Length": size}
        line.request("PUT", path, iter(pieces), kind)
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
        bad = [alert for alert in self.of("alert") if alert.format == alert.Format.ERROR]
        for alert in bad[:1]:
            (self.seen.errors if "bug_report" in alert.icon else self.seen.refused).append(f"{who}: {alert.body[:100]}")
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


def file_of(page: str, number: int) -> bytes:
    """A picture, a sound, a recording or a room that no other visitor has."""
    from xviz.data.shipped import samples

    if page == "mmca":
        return picture(number)
    file = io.BytesIO()
    if page == "mmvit":
        from xviz.core.sample import Sound
        from xviz.data.sound import write_wav

        rng, time_s = np.random.default_rng(number), np.arange(3 * 16_000) / 16_000
        tone = 0.3 * np.sin(2 * np.pi * (200 + 11 * number) * time_s) + 0.01 * rng.standard_normal(len(time_s))
        return write_wav(Sound(tone.astype(np.float32), 16_000.0))
    if page == "mca":
        with np.load(samples("mca")[number % 4].path("eeg"), allow_pickle=False) as held:
            arrays = dict(held)
        name = max(arrays, key=lambda key: arrays[key].size if arrays[key].dtype.kind in "fiu" else 0)
        arrays[name] = arrays[name] * arrays[name].dtype.type(1 + number / 1000)
        np.savez(file, **arrays)
        return file.getvalue()
    shipped = samples("mit")
    return Path(shipped[number % len(shipped)].path("room")).read_bytes()


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
