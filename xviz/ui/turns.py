"""Turns at long work: so many at once, the others wait in the order in which they came, and see their place.

A server has few cores. Without turns, the sampling of one visitor takes them all, and the clicks of the others wait;
with them, a core is left for clicks. Whoever cancels, closes the page or fails gives the turn back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Condition, Lock, local
from time import thread_time

LONG = "XVIZ_LONG_WORK"  #: environment variable with the number of long computations at once


def allowed() -> int:
    """How many long computations may run at once: half of the cores, unless the environment says otherwise."""
    setting = os.environ.get(LONG, "")
    return int(setting) if setting.isdecimal() and int(setting) > 0 else max(1, (os.cpu_count() or 1) // 2)


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
QUICK = 0.5  #: seconds of the processor; work that takes no longer has turns of its own


class Lanes:
    """Turns at opening samples, in the order of coming, but what is soon done passes what takes long; safe for threads.

    How long work of a kind takes is learnt from what was done of it; what was never done counts as long.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self._changed, self._line = limit, Condition(), list[tuple[object, Hashable]]()
        self._seconds, self._busy = dict[Hashable, float](), {True: 0, False: 0}

    @property
    def waiting(self) -> bool:
        """Whether anybody waits."""
        with self._changed:
            return bool(self._line)

    def quick(self, kind: Hashable) -> bool:
        """Whether work of a kind is soon done."""
        return self._seconds.get(kind, float("inf")) <= QUICK

    @contextmanager
    def turn(self, kind: Hashable, told: Callable[[], AbstractContextManager[object]]) -> Iterator[None]:
        """Wait for a turn at work of a kind, and have it; see ``opening``."""
        ticket, lane = (object(), kind), None
        try:
            with self._changed:
                self._line.append(ticket)
                lane = self._take(ticket)
            if lane is None:
                with told():  # which may end the script of a visitor who has left meanwhile
                    lane = self._wait(ticket)
            begun = thread_time()
            yield
            self._seconds[kind] = thread_time() - begun
        finally:
            with self._changed:
                if lane is None:
                    self._line.remove(ticket)
                else:
                    self._busy[lane] -= 1
                self._changed.notify_all()

    def _wait(self, ticket: tuple[object, Hashable]) -> bool:
        with self._changed:
            while (lane := self._take(ticket)) is None:
                self._changed.wait()
            return lane

    def _take(self, ticket: tuple[object, Hashable]) -> bool | None:
        """Take the ticket's turn, if it is the first of its lane and a place is free; the lane it was taken in."""
        lane = self.quick(ticket[1])
        first = next(other for other in self._line if self.quick(other[1]) is lane)
        if first is not ticket or self._busy[lane] >= self.limit:
            return None
        self._line.remove(ticket)
        self._busy[lane] += 1
        self._changed.notify_all()
        return lane


OPENING, _held = Lanes(allowed()), local()


@contextmanager
def opening(kind: Hashable = None, told: Callable[[], AbstractContextManager[object]] = nullcontext) -> Iterator[None]:
    """So many samples are read and run at once, the others wait; a thread that has its turn keeps it further in.

    Samples that come at the same time would share the cores with every click; one after another they are open as soon,
    and a click meets a core that is free. A sentence does not wait for a room.

    Args:
        kind: Of the work; work of one kind takes about as long each time.
        told: Stands around the wait of one who has to wait.
    """
    if getattr(_held, "turn", False):
        yield
        return
    with OPENING.turn(kind, told):
        _held.turn = True
        try:
            yield
        finally:
            _held.turn = False
