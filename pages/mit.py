import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.rooms import choose, explore, export, sample, whatif


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        parts = {
            "What if": lambda: whatif.without(opened, looked),
            "Class tokens": lambda: whatif.classes(opened),
            "Trust": lambda: trust.show(opened, whatif.TRIAL),
            "Figure": lambda: export.show(opened, looked),
        }
        page.tabs(parts)


card = MODELS["mit"]
above = page.heading(card)
with page.told():
    room = choose.choose(card)
    opened = sample.show(card, room)
    page.notes(*room.parts.values(), None if opened is None else opened.run.inputs, above=above)
    if opened is not None:
        with above:
            choose.warn(room)
        with opened.drawn.held():
            linked()
        opened.late()
