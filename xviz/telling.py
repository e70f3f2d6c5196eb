"""How far a command is: one line on a terminal, nothing where its output goes into a file or another program."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

WIDTH = 24  #: characters of the bar
EVERY = 0.1  #: seconds between two states of the line


class Bar:
    """A line that is written again and again; silent where the stream is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.shows = self.stream.isatty()
        self._last, self._wide = 0.0, 0

    def __call__(self, share: float, words: str = "") -> None:
        """Show how far the work is, 0–1, and what is going on."""
        if not self.shows or (time.monotonic() - self._last < EVERY and share < 1):
            return
        self._last = time.monotonic()
        filled = round(WIDTH * min(max(share, 0.0), 1.0))
        line = f"{'█' * filled}{'·' * (WIDTH - filled)} {100 * share:3.0f} % {words}"[:100]
        self.stream.write(f"\r{line.ljust(self._wide)}")
        self.stream.flush()
        self._wide = len(line)

    def clear(self) -> None:
        """Take the line away."""
        if self._wide:
            self.stream.write(f"\r{' ' * self._wide}\r")
            self.stream.flush()
            self._wide = 0


@contextmanager
def bar() -> Iterator[Bar]:
    """A bar that is taken away at the end."""
    drawn = Bar()
    try:
        yield drawn
    finally:
        drawn.clear()
