import streamlit as st

from xviz.ui import page
from xviz.ui.compare import show, side

st.title(
    "Compare", help="Two of anything side by side on one scale, and their signed difference where tokens correspond."
)
with page.told():
    left, right = st.columns(2, gap="medium")
    with left:
        first = side.choose("a")
    with right:
        second = side.choose("b", first)
    if first is not None and second is not None:
        show.both(first, second)
