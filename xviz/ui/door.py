"""Whether a visitor may come in: everybody, unless the server's secrets name an identity provider (docs/deploy.md)."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage


def configured() -> bool:
    """Whether the server asks who its visitors are: ``[auth]`` stands in ``.streamlit/secrets.toml``."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def entered() -> bool:
    """Whether this visitor may see the pages."""
    if not configured():
        return True
    if getattr(st.user, "is_logged_in", False):
        with st.sidebar:
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)
        return True
    return False


def pages() -> list[StreamlitPage]:
    """The one page of whoever has not signed in."""
    return [st.Page(_ask, title="Sign in")]


def _ask() -> None:
    st.title("xviz")
    st.markdown("This server shows its pages to people who have signed in.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
