"""The page of a model that is not ours, made of what its spec says; one for each model that ``xviz app`` was given."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from xviz import own_models


def pages() -> list[StreamlitPage]:
    """A page for each model; what it shows is imported when it is opened."""
    return [
        st.Page(partial(_show, key), title=spec.title, icon=":material/memory:", url_path=key)
        for key, spec in own_models.SPECS.items()
    ]


def _show(key: str) -> None:
    from xviz.ui.own import page

    page.show(key)
