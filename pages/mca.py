import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, explore, export, maps, sample, signals, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(here)
        maps.show(here, looked)
        difference.show(here, looked)
        export.show(here, looked)
        whatif.show(here, looked)


card = MODELS["mca"]
above = page.heading(card)
with page.told():
    here = sample.answer(card, sample.choose(card))
    page.notes(here.eeg, above=above, more=here.run.inputs.notes)
    signals.show(here)
    linked()
    trust.show(here, trust.RECORDINGS)
