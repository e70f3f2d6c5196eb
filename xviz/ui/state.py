"""What a visitor has chosen beyond the widgets: the selected token, and what is left out, kept in the URL too.

Widgets keep their own values, and those that a link shall restore are bound to the URL by Streamlit. Nothing outside
this module touches ``st.session_state`` or ``st.query_params``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from xviz.house import TABLE

Files = tuple[tuple[str, bytes], ...]  #: names and contents
NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")  #: of a kind of token; a page passes over those that it does not have


@dataclass(frozen=True)
class Selection:
    """The selected token, as people count them: a word, a region, an electrode, a cell of a view, a patch, a class."""

    space: str  #: its kind, as the page calls it
    token: int  #: counted from 0

    def text(self) -> str:
        """As it stands in the URL: ``word-3``, counted from 1."""
        return f"{self.space}-{self.token + 1}"

    @classmethod
    def parse(cls, text: str | None) -> Selection | None:
        """The selection that a URL names; None where it names none."""
        space, _, number = (text or "").partition("-")
        if not NAME.fullmatch(space) or not number.isdecimal() or len(number) > 6 or int(number) < 1:
            return None
        return cls(space, int(number) - 1)


class Choices:
    """One page's choices for one sample."""

    def __init__(self, page: str) -> None:
        self.page = page

    def _get(self, name: str) -> object:
        return st.session_state.get(f"{self.page}.{name}")

    def _put(self, name: str, value: object) -> None:
        st.session_state[f"{self.page}.{name}"] = value

    def start(self, sample: str) -> None:
        """Begin with a sample: from the URL when the page is first opened, afresh when the sample changes.

        Args:
            sample: What tells one sample from another; editing a sentence does not make another one.
        """
        before = self._get("sample")
        if before == sample:
            return
        self._put("sample", sample)
        opened = before is None
        self._put("selection", Selection.parse(st.query_params.get("token")) if opened else None)
        self._put("cleared", False)
        self._put("masked", _numbers(st.query_params.get("masked")) if opened else ())
        self._put("photos", _numbers(st.query_params.get("without")) if opened else ())
        if not opened:
            self.write()

    @property
    def selection(self) -> Selection | None:
        """The selected token."""
        return self._get("selection")

    @property
    def cleared(self) -> bool:
        """Whether the visitor has cleared the selection on purpose."""
        return bool(self._get("cleared"))

    def select(self, selection: Selection | None) -> None:
        """Select a token, or none."""
        self._put("selection", selection)
        self._put("cleared", selection is None)
        self.write()

    @property
    def masked(self) -> tuple[int, ...]:
        """The regions or electrodes that the model is not shown."""
        return self._get("masked") or ()

    def mask(self, tokens: tuple[int, ...]) -> None:
        """Hide regions or electrodes from the model."""
        self._put("masked", tuple(sorted(set(tokens))))
        self.write()

    @property
    def photos(self) -> tuple[int, ...]:
        """The photos that the model is not shown."""
        return self._get("photos") or ()

    def leave_out(self, photos: tuple[int, ...]) -> None:
        """Hide photos from the model, and no others."""
        self._put("photos", tuple(sorted(set(photos))))
        self.write()

    def remember(self, name: str, value: object) -> None:
        """Keep a value of the page that no link restores."""
        self._put(name, value)

    def recall(self, name: str, default: object = None) -> object:
        """A value kept by ``remember``."""
        value = self._get(name)
        return default if value is None else value

    def write(self) -> None:
        """Say the selection, the masked tokens and the photos that are left out in the URL."""
        values = {
            "token": self.selection.text() if self.selection else "",
            "masked": ",".join(str(token + 1) for token in self.masked),
            "without": ",".join(str(photo + 1) for photo in self.photos),
        }
        for name, value in values.items():
            if value and st.query_params.get(name) != value:
                st.query_params[name] = value
            elif not value and name in st.query_params:
                del st.query_params[name]


def bring(files: Mapping[str, Files]) -> None:
    """Hand files to uploaders of another page, as if the visitor had given them there; none takes them away."""
    st.session_state["brought"] = dict(files)


def brought(uploader: str) -> Files:
    """What was handed to an uploader, names and bytes."""
    return st.session_state.get("brought", {}).get(uploader, ())


OWN = "own"  #: what the address calls the uploaders that have files: ``own=match.picture~1a2b3c``


def marked(uploader: str) -> str | None:
    """By which start of the server an uploader held files, as the address says; None where it says nothing."""
    return _marks().get(uploader)


def mark(uploader: str, start: str | None) -> None:
    """Say in the address that an uploader holds files; None takes that back."""
    marks = {name: start_ for name, start_ in _marks().items() if name != uploader}
    if start is not None:
        marks[uploader] = start
    if marks:
        st.query_params[OWN] = [f"{name}~{start_}" for name, start_ in sorted(marks.items())]
    elif OWN in st.query_params:
        del st.query_params[OWN]


def _marks() -> dict[str, str]:
    entries = (entry.rpartition("~") for entry in st.query_params.get_all(OWN))
    return {name: start for name, _, start in entries if name}


def arrive(table: Mapping[str, tuple[Mapping[str, Files], Mapping[str, object]]]) -> None:
    """Give a visit that begins what its address names: ``open=NAME`` is a key of the table.

    Args:
        table: Name → files for uploaders, and values of widgets that no address restores.
    """
    name = st.query_params.get("open")
    if name in table and "arrived" not in st.session_state:
        files, widgets = table[name]
        bring(files)
        st.session_state.update(widgets)
    st.session_state["arrived"] = True


def go(page: str, query: Mapping[str, str | list[str]], widgets: Mapping[str, object], choices: str) -> None:
    """Leave for another page in a state, whatever was chosen there before.

    Args:
        page: Name of the page, as in its address.
        query: What its address says then.
        widgets: Key → value of what no address restores.
        choices: Under which name the page keeps its choices.
    """
    for key in [key for key in st.session_state if str(key).startswith(f"{choices}.") or key in query]:
        del st.session_state[key]
    st.session_state.update(widgets)
    target = f"pages/{page}.py" if page in TABLE else st.Page(_found, url_path=page)
    st.switch_page(target, query_params=dict(query))


def _found() -> None:
    """Nothing: a page without a file is found among those of the app by its address."""


class Steps:
    """What widgets with a common prefix said, as JSON, step by step, so that it can be undone.

    Streamlit forgets widgets that are out of sight; what they said stays here.
    """

    MOST = 40

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    @property
    def all(self) -> list[dict[str, Any]]:
        """Every step, the newest last."""
        steps: list[dict[str, Any]] = st.session_state.setdefault(f"steps {self.prefix}", [{}])
        return steps

    def widgets(self) -> dict[str, Any]:
        """Name without the prefix → value of the widgets that are on the screen."""
        begun = [str(key) for key in st.session_state if str(key).startswith(self.prefix)]
        return {key.removeprefix(self.prefix): st.session_state[key] for key in begun}

    def keep(self, record: dict[str, Any]) -> None:
        """A new step, if it differs from the one before."""
        if record != self.all[-1]:
            self.all.append(record)
            del self.all[: -self.MOST]

    def back(self) -> None:
        """Takes the newest step away, but never the first."""
        if len(self.all) > 1:
            self.all.pop()

    def begin(self, name: str, value: object) -> str:
        """The key of a widget, which begins with a value where it is not on the screen yet."""
        st.session_state.setdefault(self.prefix + name, value)
        return self.prefix + name

    def forget(self) -> None:
        """The widgets begin anew."""
        for name in self.widgets():
            del st.session_state[self.prefix + name]


def leave(key: str, value: object) -> None:
    """Something for the next run; see ``take``."""
    st.session_state[f"left {key}"] = value


def take(key: str) -> object:
    """What was left for this run, once; None where nothing was."""
    return st.session_state.pop(f"left {key}", None)


def first_time(key: str, what: str) -> bool:
    """Whether this was not told before under a key."""
    known = st.session_state.get(f"seen {key}")
    st.session_state[f"seen {key}"] = what
    return bool(known != what)


def set_widget(key: str, value: object) -> None:
    """Set a widget's value before it is drawn, or in a callback."""
    st.session_state[key] = value


def widget(key: str, default: object = None) -> object:
    """A widget's value, also before it is drawn."""
    return st.session_state.get(key, default)


def picked_points(key: str) -> list[tuple[int, int]]:
    """What is picked in a Plotly chart: the number of the series and of the point in it, for every picked point."""
    selection = (st.session_state.get(key) or {}).get("selection") or {}
    return [(point.get("curve_number", 0), point["point_index"]) for point in selection.get("points", ())]


def dragged_stretch(key: str) -> tuple[float, float] | None:
    """From where to where a visitor dragged over a Plotly chart; None where nothing is selected."""
    boxes = ((st.session_state.get(key) or {}).get("selection") or {}).get("box") or []
    edges = boxes[0].get("x") if boxes else None
    return (float(min(edges)), float(max(edges))) if edges and len(edges) > 1 else None


def keep_old_links(key: str, options: Mapping[str, object]) -> None:
    """Let a widget follow a link that was made when its options had other names; call it before the widget.

    Args:
        key: Of the widget, which is bound to the URL.
        options: What the link says → the option that is meant.
    """
    if key not in st.session_state and (named := st.query_params.get(key)) in options:
        st.session_state[key] = options[named]


def _numbers(text: str | None) -> tuple[int, ...]:
    """Comma-separated numbers counted from 1 as a tuple counted from 0; anything else is passed over."""
    return tuple(sorted({int(n) - 1 for n in (text or "").split(",") if n.isdecimal() and 0 < int(n[:6]) < 10_000}))
