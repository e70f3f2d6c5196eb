"""Pages that have lost their server ask for themselves again once there is one, since it knows nothing of them."""

from __future__ import annotations

from functools import cache

import streamlit as st

from xviz.places import PACKAGE

SCRIPT = PACKAGE / "ui" / "components" / "alive.js"


def watch() -> None:
    """Once on every page; see ``alive.js``."""
    _component()(key="alive", on_again_change=_nothing)


def _nothing() -> None:
    """A trigger is only handed on where somebody listens."""


@cache
def _component():
    return st.components.v2.component("xviz_alive", js=SCRIPT.read_text(encoding="utf-8"))
