"""Answers to single picks that a browser fetches from the server, while Streamlit runs the page for all else.

Where a sample has too many tokens for a table of all their answers (``ahead``), the browser asks for one as soon as
the pointer rests on a token, or at the latest with the click (`frame.ANSWERS`). What it is given is what the page sends
for that pick. As with tables, an answer has the name of a digest of run and question, and goes only to who knows it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import TypeVar

from xviz.core.run import Run
from xviz.drawings import answers
from xviz.ui import ahead, cache
from xviz.ui.net import logged

MOST = 512  #: tables that are offered; the one that was asked for least lately goes
T = TypeVar("T")
_OFFERED = cache.Shelf(MOST)


def offer(run: Run, what: Hashable, owner: T, make: Callable[[T, str], ahead.Shown | None]) -> str:
    """Have picks answered as long as their page lives.

    Args:
        run: That drawings show.
        what: All else that decides what they show, but for the pick.
        owner: Of the page, not kept alive by this.
        make: From it and a pick, as ``ahead.pick_name`` calls it, to the messages of the drawings, None where there is
            no answer yet; called in any thread, so that it may touch nothing of Streamlit.

    Returns:
        the name of the table.
    """
    name = answers.name_of(cache.key(run), what)
    _OFFERED.put(name, (weakref.ref(owner), make))
    return name


def answer(name: str, pick: str) -> bytes | None:
    """A table with the answer to one pick; None where there is none."""
    if not isinstance(found := _OFFERED.get(name), tuple):
        return None
    owner, make = found
    if (alive := owner()) is None:
        return None
    try:
        shown = make(alive, pick)
    except Exception as error:  # the page itself says what is wrong
        logged(error)
        return None
    return None if shown is None else answers.table(name, {pick: shown})


__all__ = ["answer", "offer"]
