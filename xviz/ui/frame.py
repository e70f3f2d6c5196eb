"""The page that a browser is given before anything runs: Streamlit's own, with our styles and code that it needs soon.

Streamlit's page fetches the code of each kind of widget when the first of them is to be drawn, and stands something of
another height in its place meanwhile; our styles come with the first script. Both make the page jump, and cost a third
of the time until the first map. Here styles stand in the page from the start, and the code is fetched while Streamlit
asks for its server. Without this, as under ``streamlit run app.py``, all is shown as well, only later.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette import starlette_app

from xviz.places import PACKAGE

STYLES = PACKAGE / "ui" / "page.css"
ANSWERS = "/xviz/answers/"  #: where answers to picks are fetched, followed by the name of a table and a pick
SCRIPTS = Path(streamlit.__file__).parent / "static" / "static" / "js"
#: code of widgets and drawings that our pages begin with, by the names of Streamlit's files; charts and tables are
#: large and come after the first map
EARLY = (
    "BidiComponent", "Html", "Selectbox", "FileUploader", "AudioInput", "TextInput", "NumberInput", "Slider", "Radio",
    "Checkbox", "ButtonGroup", "Multiselect", "Metric", "Button", "Spinner",
)  # fmt: skip
END = b"</body>"
CONDITIONS = (b"if-none-match", b"if-modified-since")  #: headers of one who asks whether a page has changed


def install() -> None:
    """Have the server of this process give the page that way."""
    own = starlette_app.create_streamlit_middleware

    def with_frame() -> list[Middleware]:
        return [*own(), Middleware(Frame)]

    starlette_app.create_streamlit_middleware = with_frame


#: names the folder of the app, in which Streamlit would look last; asks for code once Streamlit has found its server
SCRIPT = """<script>{
const page = %s;
if (location.pathname.endsWith(page)) {
  const base = location.origin + location.pathname.slice(0, -page.length || undefined);
  window.__streamlit ??= { BACKEND_BASE_URL: base };
  const answers = base.replace(/[/]$/, '') + %s;
  window.xvizAnswer = async (pick) => {
    const reply = await fetch(answers + pick);
    return reply.status === 200 ? reply.arrayBuffer() : null;
  };
}
new PerformanceObserver((seen, watch) => {
  if (!seen.getEntries().some((one) => one.name.endsWith('_stcore/host-config'))) return;
  watch.disconnect();
  for (const name of %s) import(new URL(`./static/js/${name}`, document.baseURI));
}).observe({ type: 'resource', buffered: true });
}</script>"""


@cache
def styles() -> str:
    """Of every page."""
    return f"<style>{STYLES.read_text(encoding='utf-8')}</style>"


@cache
def early() -> tuple[str, ...]:
    """Names of the files with the code of ``EARLY``; of another release of Streamlit perhaps fewer."""
    wanted = re.compile(rf"({'|'.join(EARLY)})\.[^.]+\.js")
    return tuple(sorted(path.name for path in SCRIPTS.glob("*.js") if wanted.fullmatch(path.name)))


def added(page: str) -> bytes:
    """What is put at the end of the page at an address within the app, such as ``/mmca``."""
    told = (json.dumps(value).replace("<", "\\u003c") for value in (page, ANSWERS, early()))
    return f"{styles()}{SCRIPT % tuple(told)}".encode()


def within(scope: Scope) -> str:
    """The address of a page within the app, without the folder that it is served under."""
    folder = str(config.get_option("server.baseUrlPath")).strip("/")
    path = str(scope["path"]).rstrip("/")
    return path.removeprefix(f"/{folder}") if folder else path


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    """What is shown for a pick, or nothing; see ``direct``."""
    from xviz.ui import direct  # with all that models need, which a server does not wait for

    name, _, pick = within(scope).removeprefix(ANSWERS).partition("/")
    found = await run_in_threadpool(direct.answer, name, pick)
    status, headers = 204 if found is None else 200, {"cache-control": "no-store"}
    await Response(found, status, headers, media_type="application/octet-stream")(scope, receive, send)


class Frame:
    """Puts ``added`` into pages, and lets all else through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        if within(scope).startswith(ANSWERS):
            await _answer(scope, receive, send)
            return
        if "." not in str(scope["path"]).rpartition("/")[2]:  # a page, and a browser may still have Streamlit's own
            kept = [header for header in scope["headers"] if header[0] not in CONDITIONS]
            scope = {**scope, "headers": kept}
        begun: Message | None = None
        page = bytearray()

        async def changed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                html = MutableHeaders(scope=message).get("content-type", "").startswith("text/html")
                if html and message["status"] == 200:
                    begun = message
                    return
            elif begun is not None and message["type"] == "http.response.body":
                page.extend(message.get("body", b""))
                if message.get("more_body", False):
                    return
                content = bytes(page).replace(END, added(within(scope)) + END)
                headers = MutableHeaders(scope=begun)
                headers["content-length"] = str(len(content))
                for name in ("etag", "last-modified"):  # of a file that is not what is sent
                    del headers[name]
                await send(begun)
                message = {**message, "body": content}
            await send(message)

        await self.app(scope, receive, changed)
