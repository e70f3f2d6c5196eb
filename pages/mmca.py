import streamlit as st

from xviz.models import MODELS
from xviz.ui import explore, offer, parts, ranking, scene, trust, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with parts.told():
        looked = explore.explore(here)
        whatif.show(here, looked)
        offer.show(here, looked)


card = MODELS["mmca"]
parts.heading(card)
with parts.told():
    here = scene.score(card, scene.choose(card))
    parts.notes(*here.sample.parts.values(), more=here.run.inputs.notes)
    linked()
    trust.show(here)
    ranking.show(here)
