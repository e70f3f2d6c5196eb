"""The live components: heatmap, picture, photos, sentence, cloud, head, traces, waveform, maps; `Drawing` in, pick out.

They stand on ``st.components.v2``. A view goes to the browser as bytes; a click sends back nothing but the token's
number, and the script answers with a new view under the same key. What does not change from pick to pick (a picture, a
geometry) travels in a second, invisible component, which Streamlit does not send again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import streamlit as st
from numpy.typing import NDArray

from xviz.drawings.answers import addressed
from xviz.drawings.drawing import Drawing
from xviz.drawings.overview import Overview, Part
from xviz.drawings.scripts import ALONE, STUB, library, script
from xviz.ui import memory, page, state

Pick = int | tuple[int, ...] | None  #: a token's number, (row, column) of a matrix, or nothing


@dataclass(frozen=True)
class Ahead:
    """Where a drawing finds what it shows for the next pick before the server has answered (`drawings/answers.py`)."""

    table: str  #: its name; the browser may have it or not
    group: str  #: drawings of a group follow each other's picks
    space: str | tuple[str, ...]  #: what a pick in this drawing is; of every row of a matrix
    single: bool = False  #: whether the browser fetches the answers one by one (`direct`)


@dataclass(frozen=True, eq=False)
class Closer:
    """Where a drawing of ``matrix.large`` finds exact parts when somebody looks closer."""

    seen: Overview  #: that is drawn
    cut: Callable[[Part], NDArray]  #: gives the weights of a part, (rows, columns)


def message(view: Drawing, key: str, ahead: Ahead | None) -> bytes:
    """What a drawing is sent at a place of the page."""
    if ahead is None:
        return view.payload
    return addressed(view.payload, key, ahead.table, ahead.group, ahead.space, single=ahead.single)


def keep(table: bytes, *, key: str) -> None:
    """Give the browser a table of answers; it is sent once."""
    _component("answers")(data=table, key=f"answers {key}")  # page.css takes it out of the flow


def hold(still: bytes | None, *, key: str) -> None:
    """Give the browser what stays the same between picks, outside of the fragment that picks run again.

    Streamlit sends nothing twice, but reads and hashes every message of what runs again, which for a large cloud takes
    as long as an answer. The drawing is then mounted with ``held``.
    """
    if still is not None:
        _component("still")(data=still, key=f"held {key}")  # page.css takes it out of the flow


def mount(
    view: Drawing,
    *,
    key: str,
    on_pick: Callable[[Pick], None] | None = None,
    ahead: Ahead | None = None,
    closer: Closer | None = None,
    held: bool = False,
) -> Pick:
    """Shows a view and gives the token the visitor picked in it: a number, (row, column) of a matrix, or None.

    ``on_pick`` is told of every new pick before the script runs again, so that views drawn earlier can answer it too.

    The camera and the pick live as long as the key does, so use one key per place on the page and sample:
    ``key=f"cloud-{sample.digest}"`` starts afresh with each sample. A pick that names no token of this view is None.
    With ``held`` the browser is given what stays the same elsewhere (`hold`).
    """

    def changed() -> None:  # a state is only handed back if its change has a listener
        if on_pick is not None:
            on_pick(picked(view, key=key))

    with st.container(gap=None, key=f"{key}-frame"):
        if view.still is not None and not held:
            _component("still")(data=view.still, key=f"{key}-still")
        result = _component(view.kind)(data=message(view, key, ahead), key=key, on_pick_change=changed)
        if view.rest is not None and not held:
            _component("still")(data=view.rest, key=f"{key}-still-rest")
        if closer is not None:
            _parts(closer, key=f"{key}-parts")
    return view.resolve(token_of(result.pick))


def token_of(sent: object) -> object:
    """The token of a pick as it is sent: ``[token, counter]``, since the same value twice would be no change."""
    return sent[0] if isinstance(sent, list) and len(sent) == 2 else None


def picked(view: Drawing, *, key: str) -> Pick:
    """What `mount` with this key is going to give, before it is called: the pick as the last rerun left it."""
    value = state.widget(key)
    return view.resolve(token_of(value.get("pick"))) if isinstance(value, Mapping) else None


@st.fragment
def camera(name: str, *, key: str, kept: dict[str, Any]) -> None:
    """Keeps in ``kept["camera"]`` where the camera of the cloud of that name has come to rest.

    It is a fragment of its own, so that turning a cloud runs nothing else again and makes no click wait.
    """
    result = _component("eye")(data={"name": name}, key=key, on_camera_change=lambda: None)
    if result.camera:
        kept["camera"] = dict(result.camera)


@st.fragment
def _parts(closer: Closer, *, key: str) -> None:
    """Answers a browser that looks closer; a fragment of its own, so that nothing else runs and no overview is sent."""
    seen, asked = closer.seen, state.widget(key)
    part = seen.part(asked.get("part")) if isinstance(asked, Mapping) else None
    message = seen.tile()
    with page.told():
        message = message if part is None else _tile(seen.digest, part, closer)
    _component("parts")(data=message, key=key, on_part_change=lambda: None)


@memory.kept()
def _tile(digest: str, part: Part, _closer: Closer) -> bytes:
    """The message with a part of the matrix whose overview has this digest."""
    return _closer.seen.tile(part, _closer.cut(part))


@cache
def _component(kind: str):
    """The mounting function of one component, registered at first use and then kept."""
    if kind in ALONE:
        return st.components.v2.component(f"xviz_{kind}", js=script(kind))
    if kind == "library":
        return st.components.v2.component("xviz_library", js=library())
    return st.components.v2.component(f"xviz_{kind}", html='<div class="xv"></div>', js=STUB % kind)


def ready() -> None:
    """Give the browser the scripts of all drawings, once; a message of a drawing then carries none."""
    with st.container(key="xviz-library"):
        _component("library")(data=None, key="library")
