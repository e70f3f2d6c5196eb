"""The page that browsers are given first: with our styles and early code, at any address, and never a stale one."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import streamlit
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message
from streamlit.web.server.starlette import starlette_app
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from xviz.ui import frame

STATIC = Path(streamlit.__file__).parent / "static"


def asked(app: ASGIApp, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and content of an answer."""
    sent: list[Message] = []

    asked_before = []

    async def receive() -> Message:
        if asked_before:
            await asyncio.Event().wait()  # the browser stays
        asked_before.append(True)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "root_path": "", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }  # fmt: skip
    with ThreadPoolExecutor(1) as thread:  # in this one, a browser of another test may have a loop running
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    start = sent[0]
    headers_ = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers_, b"".join(message.get("body", b"") for message in sent[1:])


def served() -> ASGIApp:
    return frame.Frame(create_streamlit_static_handler(str(STATIC), None))


@pytest.mark.parametrize("path", ["/", "/mmca", "/no-such-page"])
def test_pages_carry_styles_code_and_their_own_address(path: str) -> None:
    status, headers, page = asked(served(), path)
    text = page.decode()
    assert status == 200
    assert int(headers["content-length"]) == len(page)
    assert frame.STYLES.read_text(encoding="utf-8") in text
    assert text.index("</style>") < text.index("</body>")
    assert f"const page = {json.dumps(path.rstrip('/'))};" in text
    for name in frame.early():
        assert f'"{name}"' in text


def test_an_address_cannot_end_the_script() -> None:
    _, _, page = asked(served(), "/</script><script>alert(1)</script>")
    assert b"<script>alert" not in page
    assert b"\\u003c/script>" in page


def test_a_browser_is_never_told_that_its_old_page_is_still_right() -> None:
    _, bare, _ = asked(create_streamlit_static_handler(str(STATIC), None), "/")
    status, headers, _ = asked(served(), "/", {"if-none-match": bare["etag"]})
    assert status == 200
    assert "etag" not in headers
    assert "last-modified" not in headers


def test_scripts_and_pictures_are_not_touched() -> None:
    name = next(iter(frame.early()))
    _, _, sent = asked(served(), f"/static/js/{name}")
    assert sent == (STATIC / "static" / "js" / name).read_bytes()


def test_pages_are_compressed_after_they_are_changed() -> None:
    _, headers, _ = asked(GZipMiddleware(served(), minimum_size=10), "/", {"accept-encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"


def test_this_release_of_streamlit_has_all_code_that_is_asked_for() -> None:
    found = {re.sub(r"\..*", "", name) for name in frame.early()}
    assert found == set(frame.EARLY)


def test_the_folder_that_the_app_is_served_under_is_no_part_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert frame.within({"path": "/mmca"}) == "/mmca"
    monkeypatch.setattr(frame.config, "get_option", {"server.baseUrlPath": "/lab/xviz/"}.get)
    assert frame.within({"path": "/lab/xviz/mmca"}) == "/mmca"
    assert frame.within({"path": "/lab/xviz/"}) == ""


def test_a_server_is_made_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starlette_app, "create_streamlit_middleware", starlette_app.create_streamlit_middleware)
    before = len(starlette_app.create_streamlit_middleware())
    frame.install()
    kinds = [each.cls for each in starlette_app.create_streamlit_middleware()]
    assert kinds[before:] == [frame.Frame]
