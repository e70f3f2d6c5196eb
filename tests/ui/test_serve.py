"""What the server answers is sent as it is written."""

from __future__ import annotations

import socket

import pytest
from streamlit.web.server.starlette import starlette_server

from xviz.ui import serve


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_the_browsers_word_on_their_first_part(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ":" in address and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    monkeypatch.setattr(starlette_server, "_bind_socket", starlette_server._bind_socket)  # given back afterwards
    serve.send_at_once()
    try:
        listening = starlette_server._bind_socket(address, 0, 1)
    except OSError as error:
        pytest.skip(f"no {address} here: {error}")
    with listening:
        listening.setblocking(True)
        with socket.create_connection(listening.getsockname()[:2], timeout=10), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
