"""Files that a visitor gives: every uploader of the app, what it is given, and what is said once that is gone.

An uploader takes files of any ending: their reader says what they are, and what to do where they cannot be used.
Uploads live in the memory of one visit. So the address says which uploaders had files (``own=match.picture``), and by
which start of the server they were held: where they are gone, a page says so instead of showing an example as if it
were theirs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import streamlit as st

from xviz.core.errors import SampleError
from xviz.core.provenance import digest
from xviz.core.sample import Picture
from xviz.data.picture import read_picture
from xviz.ui import memory, net, page, state

START = secrets.token_hex(3)  #: tells this start of the server from others
MB = 2**20  #: bytes, as uploaders count
LARGEST = 500  #: MB of one file; the server itself takes 512, which widgets would call 1 GB


@dataclass(frozen=True, eq=False)
class Upload:
    """One file that was given."""

    name: str
    data: bytes = field(repr=False)
    ident: str  #: tells it from every other upload


def given(
    key: str,
    label: str,
    *,
    help_text: str,
    many: bool = True,
    megabytes: int = LARGEST,
    on_change: Callable[[], None] | None = None,
) -> list[Upload]:
    """The files of an uploader; none while there are none.

    Args:
        key: Of the widget.
        label: Of the widget.
        help_text: Which files are read.
        many: Whether it takes several.
        megabytes: The most of one file. The widget itself would leave the sample before it on the page.
        on_change: What else is done when files come or go.

    Raises:
        SampleError: one is larger.
        page.Gone: there were some, and they are gone.
    """
    limit = f"At most {megabytes} MB{' a file' if many else ''}."
    with st.container(key=f"uploader {key}"):
        uploaded = st.file_uploader(
            label, accept_multiple_files=many, key=key, max_upload_size=LARGEST, help=f"{help_text} {limit}",
            on_change=partial(_changed, key, on_change),
        )  # fmt: skip
    files = uploaded if isinstance(uploaded, list) else [] if uploaded is None else [uploaded]
    for file in files:
        if file.size > megabytes * MB:
            raise SampleError(
                f"{file.name} has {file.size / MB:.1f} MB; at most {megabytes} MB are read here. Save it smaller, or "
                "cut it."
            )
    return kept(key, label, [Upload(file.name, file.getvalue(), file.file_id) for file in files])


def single(
    key: str, label: str, *, megabytes: int, help_text: str, on_change: Callable[[], None] | None = None
) -> tuple[str, bytes] | None:
    """As ``given``, of an uploader that takes one file: its name and bytes; None while there is none."""
    files = given(key, label, megabytes=megabytes, help_text=help_text, many=False, on_change=on_change)
    return (files[0].name, files[0].data) if files else None


def picture(name: str, data: bytes) -> Picture:
    """A picture file as read, once for every upload.

    Raises:
        SampleError: it cannot be read.
    """
    return _picture(digest(name, data), name, data)


@memory.kept()
def _picture(digest: str, _name: str, _data: bytes) -> Picture:
    with net.reading(_name):
        return read_picture(_data, name=_name)


def recorded(key: str, label: str) -> tuple[str, bytes] | None:
    """A recording with the microphone, as name and bytes; None while there is none.

    Raises:
        page.Gone: there was one, and it is gone.
    """
    sound = st.audio_input(label, key=key, on_change=partial(_changed, key, None))
    files = kept(key, label, [] if sound is None else [Upload("recording.wav", sound.getvalue(), "")], "recorded")
    return (files[0].name, files[0].data) if files else None


def kept(key: str, label: str, uploads: list[Upload], verb: str = "uploaded") -> list[Upload]:
    """The uploads, or what another page or “xviz open” handed over; the address says that there are any.

    Raises:
        page.Gone: the address says so, and there are none.
    """
    if not uploads:
        uploads = [Upload(name, data, digest(name, data)) for name, data in _brought(key)]
    start = state.marked(key)
    if uploads:
        if start != START:
            state.mark(key, START)
    elif start is not None:
        again = "Record it" if verb == "recorded" else "Upload it"
        why = (
            "the server was started anew since (or another server answers here)"
            if start != START
            else "this page was opened anew, or left, since"
        )
        raise page.Gone(
            f"What you had {verb} under “{label}” is gone: {why}, and xviz keeps such files in memory only, for one "
            f"visit. {again} again: what else you chose stands in the address, and is kept.",
            partial(state.mark, key, None),
        )
    return uploads


def _brought(key: str) -> state.Files:
    """The files that another page or “xviz open” handed over, for the uploader of that key; they go with a button."""
    files = state.brought(key)
    if files:
        st.caption(f"Opened here: {page.plain(', '.join(name for name, _ in files))}")
        st.button("Back to the examples", key=f"{key} back", on_click=_back, args=(key,))
    return files


def _back(key: str) -> None:
    state.bring({})
    state.mark(key, None)


def _changed(key: str, on_change: Callable[[], None] | None) -> None:
    """An uploader that the visitor empties has no file in the address."""
    if not state.widget(key):
        state.mark(key, None)
    if on_change is not None:
        on_change()
