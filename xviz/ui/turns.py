"""Turns at long work: so many at once, the others wait in the order in which they came, and see their place.

A server has few cores. Without turns, the sampling of one visitor takes them all, and the clicks of the others wait;
with them, a core is left for clicks. Whoever cancels, closes the page or fails gives the turn back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, Semaphore, local

LONG = "XVIZ_LONG_WORK"  #: environment variable with the number of long computations at once


def allowed() -> int:
    """How many long computations may run at once: half of the cores, unless the environment says otherwise."""
    asked = os.environ.get(LONG, "")
    return int(asked) if asked.isdecimal() and int(asked) > 0 else max(1, (os.cpu_count() or 1) // 2)


class Turns:
    """A queue at ``limit`` places; safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit, self._lock, self._line = limit, Lock(), list[object]()

    def join(self) -> object:
        """Stand at the end of the line; the ticket that ``ahead`` and ``leave`` take."""
        ticket = object()
        with self._lock:
            self._line.append(ticket)
        return ticket

    def ahead(self, ticket: object) -> int:
        """How many must be done before it is this ticket's turn; 0 when it is."""
        with self._lock:
            return max(0, self._line.index(ticket) - self.limit + 1)

    def leave(self, ticket: object) -> None:
        """Give the turn, or the place in the line, back; again does nothing."""
        with self._lock:
            if ticket in self._line:
                self._line.remove(ticket)

    def __len__(self) -> int:
        """Those at work and those who wait."""
        with self._lock:
            return len(self._line)


TURNS = Turns(allowed())  #: of this server
_OPENING, _held = Semaphore(allowed()), local()


@contextmanager
def opening(told: Callable[[], AbstractContextManager[object]] = nullcontext) -> Iterator[None]:
    """So many samples are read and run at once, the others wait; a thread that has its turn keeps it further in.

    Samples that come at the same time would share the cores with every click; one after another they are open as soon,
    and a click meets a core that is free.

    Args:
        told: Stands around the wait of one who has to wait.
    """
    if getattr(_held, "turn", False):
        yield
        return
    had = _OPENING.acquire(blocking=False)
    try:
        if not had:
            with told():  # which may end the script of a visitor who has left meanwhile
                had = _OPENING.acquire()
        _held.turn = True
        yield
    finally:
        _held.turn = False
        if had:
            _OPENING.release()
