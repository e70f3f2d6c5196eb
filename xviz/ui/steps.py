"""A first look at a page is sent in steps, so that a browser draws what matters before it is given the rest.

Browsers draw all that they were sent in one go, which takes a page of sixty elements a second or two. And React stands
something in the place of what it has no code for, and leaves it there for 0.3 s at least; a drawing that comes when the
code is there is drawn at once. Each step sleeps once a visit, holding nothing that others wait for.
"""

from __future__ import annotations

import time

from streamlit import runtime

from xviz.ui import state

FRAME, MAP = 0.12, 0.25  #: seconds in which a browser draws the frame of the app, and a page up to its first map


def frame_sent() -> None:
    """After the frame of the app."""
    _rest("frame", FRAME)


def map_sent(page: str) -> None:
    """After the first map of a page, named by its model's key."""
    _rest(f"map {page}", MAP)


def _rest(step: str, seconds: float) -> None:
    if runtime.exists() and state.first_time(step, "sent"):
        time.sleep(seconds)
