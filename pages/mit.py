import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.rooms import choose, explore, export, sample, whatif

TABS = ("What if", "Class tokens", "Trust", "Figure")


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        edits, classes, trusted, figure = st.tabs(TABS, key="tabs")
        with edits, page.told():
            whatif.without(opened, looked)
        with classes, page.told():
            whatif.classes(opened)
        with trusted:
            trust.show(opened, whatif.TRIAL)
        with figure:
            export.show(opened, looked)


card = MODELS["mit"]
above = page.heading(card)
with page.told():
    room = choose.choose(card)
    opened = sample.show(card, room)
    page.notes(*room.parts.values(), above=above, more=() if opened is None else opened.run.inputs.notes)
    if opened is not None:
        with above:
            choose.warn(room)
        linked()
