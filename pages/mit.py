import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.rooms import explore, export, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        whatif.without(opened, looked)
        export.show(opened, looked)


card = MODELS["mit"]
above = page.heading(card)
with page.told():
    room = sample.choose(card)
    opened = sample.show(card, room)
    page.notes(*room.parts.values(), above=above, more=() if opened is None else opened.run.inputs.notes)
    if opened is not None:
        linked()
        whatif.classes(opened)
        trust.show(opened, whatif.TRIAL)
