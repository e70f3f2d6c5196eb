"""Answers made before they are asked for: all picks of drawings with few tokens, once the first answer stands.

One thread of the server makes them, and rests as long as it works, and while visitors wait for a turn. A lower priority
would not do: a thread that is kept waiting while it holds Python's lock keeps all others waiting. What it makes is
named by a digest of run and question, as explanations are, and goes only to a page that asks for that very name.
"""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress

from xviz.core.run import Run
from xviz.drawings import answers
from xviz.drawings.answers import NONE
from xviz.ui import cache, components, turns
from xviz.ui.net import logged
from xviz.ui.state import Selection

MOST = 4 << 20  #: bytes of a table; a larger one is not sent
WAITING = 32  #: tables that may be asked for and not be made yet; then no more are taken
LOOKED = 0.5  #: seconds after which the thread looks whether the server ends
RESTED = 0.05  #: seconds after which it looks again whether anybody waits
PAUSE = 0.002  #: seconds between picks, at least, in which others are served; else as long as a pick took
Shown = Mapping[str, bytes]  #: name of a drawing → its message


class Maker:
    """Makes tables in a thread of its own, each once."""

    def __init__(self) -> None:
        self.tables, self.asked, self.lock = cache.Shelf(128), set[str](), threading.Lock()
        self.line: queue.Queue[tuple[str, Callable[[], Iterator[tuple[str, Shown]]]]] = queue.Queue(WAITING)
        self.ended = threading.Event()
        thread = threading.Thread(target=self._work, name="ahead", daemon=True)
        thread.start()
        atexit.register(self._end, thread)

    def get(self, name: str) -> bytes | None:
        """A table, if it is made."""
        table = self.tables.get(name)
        return table if isinstance(table, bytes) else None

    def ask(self, name: str, make: Callable[[], Iterator[tuple[str, Shown]]]) -> None:
        """Have a table made; one that is being made, has failed or is too large is not made again."""
        with self.lock:
            if name in self.asked:
                return
            with suppress(queue.Full):
                self.line.put_nowait((name, make))
                self.asked.add(name)

    def _end(self, thread: threading.Thread) -> None:
        """Before the interpreter goes: a thread that is in the middle of a computation then would end it rudely."""
        self.ended.set()
        thread.join(10)

    def _work(self) -> None:
        while not self.ended.is_set():
            with suppress(queue.Empty):
                name, make = self.line.get(timeout=LOOKED)
                try:
                    if (table := self._made(name, make)) is not None:
                        self.tables.put(name, table)
                        self.asked.discard(name)  # one that gave way to others may be asked for again
                except Exception as error:
                    logged(error)

    def _made(self, name: str, make: Callable[[], Iterator[tuple[str, Shown]]]) -> bytes | None:
        messages: dict[str, Shown] = {}
        begun = time.perf_counter()
        for pick, messages_of_pick in make():
            messages[pick] = messages_of_pick
            if self.ended.wait(max(PAUSE, time.perf_counter() - begun)):
                return None
            while turns.OPENING.waiting:  # visitors who wait come before those who may click
                if self.ended.wait(RESTED):
                    return None
            begun = time.perf_counter()
        table = answers.table(name, messages)
        return table if len(table) <= MOST else None


_MAKERS: list[Maker] = []  #: one, once a server runs; without one nothing is made ahead
_starting = threading.Lock()


def start() -> None:
    """Have tables made in this process."""
    with _starting:
        if not _MAKERS:
            _MAKERS.append(Maker())


def pick_name(pick: Selection | None) -> str:
    """What a pick is called in a table, as the browser calls it (``answerAtOnce``)."""
    return NONE if pick is None else f"{pick.space}-{pick.token}"


def pick_of(name: str) -> Selection | None:
    """The pick that ``pick_name`` calls so; None for ``NONE`` and for what is no name."""
    space, _, token = name.rpartition("-")
    return Selection(space, int(token)) if token.isascii() and token.isdecimal() else None


def prepare(
    run: Run, what: Hashable, make: Callable[[str], Iterator[tuple[str, Shown]]], *, key: str, begin: bool
) -> str:
    """The name of a table of answers, which the browser is given if it is made, and which is made if it is not.

    Args:
        run: That drawings show.
        what: All else that decides what they show, but for the pick.
        make: From the table's name to picks and the messages of the drawings for each; called in another thread, so
            that it may touch nothing of Streamlit.
        key: Of the component that carries the table.
        begin: Whether to have it made now; else it is only given where it is made already.
    """
    name = answers.name_of(cache.key(run), what)
    for maker in _MAKERS[:1]:
        if (table := maker.get(name)) is not None:
            components.keep(table, key=key)
        elif begin:
            maker.ask(name, lambda: make(name))
    return name


__all__ = ["Shown", "pick_name", "pick_of", "prepare", "start"]
