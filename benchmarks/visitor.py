"""One visitor in Streamlit's own protocol, without a browser: what its page shows, uploads, picks, and checks."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import time
from dataclasses import dataclass, field

import websockets
from brought import expected, file_of, sentence
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PAGES = ("mmca", "mmvit", "mca", "mit", "about")
#: page → its uploader, and the ending of what is brought
UPLOADERS = {
    "mmca": ("match.picture", "png"),
    "mmvit": ("mmvit.sound", "wav"),
    "mca": ("eeg.file", "npz"),
    "mit": ("rooms.files", "zip"),
}
#: page → how the keys of drawings begin in which tokens are picked
DRAWINGS = {
    "mmca": ("method regions", "method words"), "mmvit": ("ask",), "mca": ("attention head", "given head", "traces"),
    "mit": ("cloud", "photos"),
}  # fmt: skip
TABS = {"mmvit": "Attention between views"}  #: page → the tab that the visitor opens
TOKENS = 8  #: picked among the first of a drawing
PICKS = 0.8  #: share of the clicks that pick a token; the others choose in a box, or say another sentence
SENTENCES = 6  #: of one visitor
PATIENCE = 240  #: seconds for one answer
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


@dataclass
class Seen:
    """What all visitors met."""

    opened: list[float] = field(default_factory=list)
    clicked: dict[str, list[float]] = field(default_factory=dict)  #: what was clicked → seconds
    slow: list[tuple[float, str]] = field(default_factory=list)  #: seconds of a click, what was changed and when
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
        self.fragments: dict[tuple[int, ...], str] = {}  #: place of an element → the part of the page it is in
        self.tabs: dict[str, str] = {}  #: tabs → the part of the page they are in
        self.count = 0  #: of picks
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
            await self.open_tab()
            self.seen.opened.append(time.monotonic() - begun)
            self.check("opening")
            while time.monotonic() < until:
                await asyncio.sleep(self.random.uniform(2, 6))
                begun = time.monotonic()
                changed = await self.pick()
                if not changed:
                    return
                took = time.monotonic() - begun
                kind = changed.partition(":")[0]
                self.seen.clicked.setdefault(f"{self.page}, {kind}", []).append(took)
                self.seen.slow.append((took, f"{self.page}, {changed}, {until - begun:.0f} s before the end"))
                self.check("a click")

    async def run(self, fragment: str = "") -> None:
        """Ask for the page as its widgets stand, and take what comes until the script has ended.

        Args:
            fragment: The part of the page that runs again, as browsers ask where a widget lies in one.
        """
        asked = BackMsg()
        asked.rerun_script.page_name = self.page
        asked.rerun_script.page_script_hash = self.hash
        asked.rerun_script.fragment_id = fragment
        for name, (kind, value) in self.states.items():
            state = asked.rerun_script.widget_states.widgets.add()
            state.id = name
            if kind == "file_uploader_state_value":
                state.file_uploader_state_value.CopyFrom(value)
            else:
                setattr(state, kind, value)
        await self.line.send(asked.SerializeToString())
        for place in [place for place, part in self.fragments.items() if not fragment or part == fragment]:
            self.elements.pop(place, None)
            self.fragments.pop(place)
        started = False
        while True:
            message = await self.next()
            kind = message.WhichOneof("type")
            if kind == "new_session":
                started = True
                self.session = message.new_session.initialize.session_id or self.session
            elif kind == "navigation":
                self.hash = message.navigation.page_script_hash
            elif kind == "delta":
                self.take(tuple(message.metadata.delta_path), message.delta)
            elif kind == "script_finished" and started and message.script_finished in ENDS:
                return

    def take(self, place: tuple[int, ...], delta: object) -> None:
        """Remember an element or tabs, and the part of the page that they are in."""
        if delta.WhichOneof("type") == "new_element":
            self.elements[place], self.fragments[place] = delta.new_element, delta.fragment_id
        elif delta.add_block.WhichOneof("type") == "tab_container" and delta.add_block.tab_container.id:
            self.tabs[delta.add_block.tab_container.id] = delta.fragment_id

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

    def part(self, widget: object) -> str:
        """The part of the page that a widget is in."""
        return next(
            self.fragments[place] for place, each in self.elements.items()
            if getattr(getattr(each, each.WhichOneof("type")), "id", None) == widget.id
        )  # fmt: skip

    async def open_tab(self) -> None:
        """Open the tab of the page in which tokens are picked, where the first one is another."""
        if self.page in TABS:
            tabs = next(name for name in self.tabs if name.endswith("-tabs"))
            self.states[tabs] = ("string_value", TABS[self.page])
            await self.run(self.tabs[tabs])

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

    async def pick(self) -> str:
        """Pick a token or choose something, and say what; nothing where the page has nothing to change."""
        drawings = [
            drawing for drawing in self.of("bidi_component")
            if drawing.component_name != "xviz_still"
            and drawing.id.split("-", 2)[-1].startswith(DRAWINGS.get(self.page, ("none",)))
        ]  # fmt: skip
        if drawings and self.random.random() < PICKS:
            drawing, self.count = self.random.choice(drawings), self.count + 1
            told = {"pick": [self.random.randrange(TOKENS), self.count]}
            self.states[drawing.id] = ("json_value", json.dumps(told))
            await self.run(self.part(drawing))
            return "a pick"
        if self.page == "mmca":
            self.sentence = sentence(self.number, self.random.randrange(SENTENCES))
            self.states[self.widget("text_input", "sentence").id] = ("string_value", self.sentence)
            await self.run()
            return "a sentence"
        boxes = [box for box in self.of("selectbox") if len(box.options) > 1 and not box.disabled]
        if not boxes:
            return ""
        box = self.random.choice(boxes)
        chosen = self.random.choice(list(box.options))
        self.states[box.id] = ("string_value", chosen)
        await self.run(self.part(box))
        return f"a choice: {box.label}, {chosen}"

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
