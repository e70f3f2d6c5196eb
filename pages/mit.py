import streamlit as st

from xviz.models import MODELS
from xviz.ui import inside, linking, parts, room_offer, rooms, trust


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with parts.told():
        looked = linking.explore(here)
        inside.without(here, looked)
        room_offer.show(here, looked)


card = MODELS["mit"]
parts.heading(card)
with parts.told():
    sample = rooms.choose(card)
    here = rooms.show(card, sample)
    parts.notes(*sample.parts.values(), more=() if here is None else here.run.inputs.notes)
    if here is not None:
        linked()
        inside.classes(here)
        trust.show(here, trust.ROOMS)
