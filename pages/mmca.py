import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.matching import explore, export, ranking, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        whatif.show(opened, looked)
        export.show(opened, looked)


card = MODELS["mmca"]
above = page.heading(card)
with page.told():
    opened = sample.score(card, sample.choose(card))
    page.notes(*opened.sample.parts.values(), above=above, more=opened.run.inputs.notes)
    linked()
    trust.show(opened, whatif.TRIAL)
    ranking.show(opened)
