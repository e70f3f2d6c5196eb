"""Start the app: ``xviz app``, which ``make app`` calls.

As ``streamlit run app.py``, but a link to a page works on a fresh server too: until some visitor has opened the
start page, Streamlit would take the folder ``pages/`` for an app without a page table, and run the page alone.
``--weights NAME=FILE`` runs weights of one's own in place of a shipped checkpoint's, ``--model file.py:SPEC`` gives a
model of one's own a page, for every visitor of this server.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from threading import Thread

from streamlit import config, runtime
from streamlit.runtime import RuntimeState
from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli
from streamlit.web.server.starlette import starlette_server

from xviz.core.errors import ForeignError, XvizError
from xviz.places import APP
from xviz.ui import frame, warm

POLLED = 0.1  #: seconds after which one who waits for the server looks again
THREADS = "OMP_NUM_THREADS"  #: environment variable: threads of one computation, of PyTorch's and of NumPy's libraries


def serve(options: Sequence[str] = (), ready: Callable[[str], None] | None = None) -> None:
    """Run the server until it is stopped.

    Args:
        options: Streamlit's own, ``--model``, ``--weights`` and ``--batch``.
        ready: Told the address once the server answers there.
    """
    alone()
    options = _with_own(options)
    if ready is not None:
        Thread(target=_wait, args=(ready,), daemon=True).start()
    warm.start()
    frame.install()
    send_at_once()
    PagesManager.uses_pages_directory = False
    sys.argv = ["streamlit", "run", str(APP), *options]
    cli.main()


def alone() -> None:
    """One thread for each computation, unless the environment says otherwise; before NumPy or PyTorch is loaded.

    Threads of a computation wait for each other at full speed. Where another program or visitor has one of the cores,
    most computations here, which are small, take tens of times as long as on one thread.
    """
    os.environ.setdefault(THREADS, "1")


def send_at_once() -> None:
    """Have what this server answers leave as it is written.

    Streamlit opens its socket in a way that asyncio does not know as TCP, so that the second part of an answer waits
    for the browser's word on the first (Nagle's algorithm), which comes 40 ms late: for every file of a page, every
    message and every answer to a pick. Connections take the option over from the socket that accepts them.
    """
    own = starlette_server._bind_socket

    def bound(address: str, port: int, backlog: int) -> socket.socket:
        listening = own(address, port, backlog)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening

    starlette_server._bind_socket = bound


def _wait(ready: Callable[[str], None]) -> None:
    """Tell the address of this server once it listens; its port is known then only."""
    while not (runtime.exists() and runtime.get_instance().state != RuntimeState.INITIAL):
        time.sleep(POLLED)
    host, path = config.get_option("server.address"), str(config.get_option("server.baseUrlPath")).strip("/")
    host = "localhost" if host in (None, "0.0.0.0", "::") else host
    scheme = "https" if config.get_option("server.sslCertFile") else "http"
    ready("/".join(filter(None, (f"{scheme}://{host}:{config.get_option('server.port')}", path))))


def _with_own(options: Sequence[str]) -> list[str]:
    """Take the models and weights that the options name; the rest of the options. Exits where they do not fit.

    They may stand before or after ``--``, which Streamlit would put before options of a script.
    """
    parser = argparse.ArgumentParser(prog="xviz app", add_help=False, allow_abbrev=False)
    parser.add_argument("--model", action="append", default=[], metavar="MODULE:SPEC")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--batch", action="append", default=[], metavar="DIR")
    before, after = _parted(options)
    chosen, passed_on = parser.parse_known_args(before)
    chosen, more = parser.parse_known_args(after, chosen)
    if chosen.model or chosen.weights or chosen.batch:
        try:
            take(chosen.model, chosen.weights, chosen.batch)
        except ForeignError as error:
            sys.exit(f"{error.trace}xviz: {error}")
        except XvizError as error:
            sys.exit(f"xviz: {error}")
    return [*passed_on, *(["--", *more] if more else [])]


def _parted(options: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before and after ``--``."""
    options = list(options)
    cut = options.index("--") if "--" in options else len(options)
    return options[:cut], options[cut + 1 :]


def take(models: Sequence[str], weights: Sequence[str], batches: Sequence[str]) -> None:
    """Show models, weights and batches of one's own to every visitor of this server.

    Raises:
        ForeignError: code of a model failed.
        XvizError: one of them does not fit.
    """
    from xviz import custom_weights, own_models
    from xviz.batch import shown

    for folder in batches:
        shown.use(folder)
    for name in models:
        own_models.use(name)
    for setting in weights:
        if setting.partition("=")[0] in own_models.SPECS:
            own_models.use_weights(setting)
        else:
            custom_weights.use(setting)
