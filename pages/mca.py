import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, explore, export, maps, sample, signals, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        maps.show(opened, looked)
        difference.show(opened, looked)
        export.show(opened, looked)
        whatif.show(opened, looked)


card = MODELS["mca"]
above = page.heading(card)
with page.told():
    opened = sample.answer(card, sample.choose(card))
    page.notes(opened.eeg, above=above, more=opened.run.inputs.notes)
    signals.show(opened)
    linked()
    trust.show(opened, whatif.TRIAL)
