import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.rooms import explore, export, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(here)
        whatif.without(here, looked)
        export.show(here, looked)


card = MODELS["mit"]
above = page.heading(card)
with page.told():
    room = sample.choose(card)
    here = sample.show(card, room)
    page.notes(*room.parts.values(), above=above, more=() if here is None else here.run.inputs.notes)
    if here is not None:
        linked()
        whatif.classes(here)
        trust.show(here, trust.ROOMS)
