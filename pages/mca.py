import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, explore, export, maps, sample, signals, whatif

TABS = ("Attention", "Electrode × band × second", "Differences", "What if", "Trust", "Figure")


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        choice = explore.choose(opened)
        attention, cells, differences, edits, trusted, figure = st.tabs(TABS, key="tabs")
        with attention:
            looked = explore.show(opened, choice)
        with cells, page.told():
            maps.show(opened, looked)
        with differences, page.told():
            difference.show(opened, looked)
        with edits, page.told():
            whatif.show(opened, looked)
        with trusted:
            trust.show(opened, whatif.TRIAL)
        with figure:
            export.show(opened, looked)


card = MODELS["mca"]
above = page.heading(card)
with page.told():
    chosen = sample.choose(card)
    with above:
        sample.warn(chosen, card)
    opened = sample.answer(card, chosen)
    page.notes(opened.eeg, above=above, more=opened.run.inputs.notes)
    signals.show(opened)
    linked()
