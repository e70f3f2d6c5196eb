import streamlit as st

from xviz.ui import page
from xviz.ui.compare import show, side
from xviz.ui.state import Choices

st.title(
    "Compare", help="Two of anything side by side on one scale, and their signed difference where tokens correspond."
)
choices = Choices("compare")
choices.start("both")
with page.told():
    left, right = st.columns(2, gap="medium")
    with left:
        first = side.choose("a", choices)
    with right:
        second = side.choose("b", choices, first)
    if first is not None and second is not None:
        show.both(first, second, choices)
