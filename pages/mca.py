import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, events, explore, export, maps, outputs, sample, signals, spectra, whatif

#: tab → what it shows of what is looked at; "Attention", which says what that is, stands before them
PARTS = {
    "Layers and heads": lambda looked: explore.at_a_glance(opened, looked),
    "Electrode × band × second": lambda looked: maps.show(opened, looked),
    "Differences": lambda looked: difference.show(opened, looked),
    "Band power": lambda looked: spectra.show(opened, looked),
    "Events": lambda looked: events.show(opened, chosen),
    "What if": lambda looked: whatif.show(opened, looked),
    "Trust": lambda looked: trust.show(opened, whatif.TRIAL),
    "Figure": lambda looked: export.show(opened, looked),
}
NETWORK = ("Electrode × band × second", "What if", "Trust")  #: tabs that channels as they are do not have


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        choice = explore.choose(opened)
        names = ["Attention", *(name for name in PARTS if not (chosen.native and name in NETWORK))]
        attention, *tabs = st.tabs(names, key="native" if chosen.native else "tabs")
        with attention:
            looked = explore.show(opened, choice)
        for name, tab in zip(names[1:], tabs, strict=True):
            with tab, page.told():
                PARTS[name](looked)


card = MODELS["mca"]
above = page.heading(card)
with page.told():
    chosen = sample.choose(card)
    with above:
        outputs.warn(chosen, card)
    opened = outputs.opened(card, chosen)
    if opened is not None:
        page.notes(opened.eeg, above=above, more=opened.run.inputs.notes)
        sample.overview(chosen)
        signals.show(opened, chosen)
        linked()
