import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.matching import explore, export, ranking, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(here)
        whatif.show(here, looked)
        export.show(here, looked)


card = MODELS["mmca"]
above = page.heading(card)
with page.told():
    here = sample.score(card, sample.choose(card))
    page.notes(*here.sample.parts.values(), above=above, more=here.run.inputs.notes)
    linked()
    trust.show(here)
    ranking.show(here)
