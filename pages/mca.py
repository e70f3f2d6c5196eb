from functools import partial

import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, events, explore, export, maps, outputs, sample, signals, spectra, whatif

#: tab → what it shows of what is looked at
PARTS = {
    "Attention": lambda looked, choice: explore.show(opened, choice),
    "Layers and heads": lambda looked, _: explore.at_a_glance(opened, looked),
    "Electrode × band × second": lambda looked, _: maps.show(opened, looked),
    "Differences": lambda looked, _: difference.show(opened, looked),
    "Band power": lambda looked, _: spectra.show(opened, looked),
    "Events": lambda looked, _: events.show(opened, chosen),
    "What if": lambda looked, _: whatif.show(opened, looked),
    "Trust": lambda looked, _: trust.show(opened, whatif.TRIAL),
    "Figure": lambda looked, choice: export.show(opened, explore.explained(opened, choice)),
}
NETWORK = ("Electrode × band × second", "What if", "Trust")  #: tabs that channels as they are do not have


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        choice = explore.choose(opened)
        names = [name for name in PARTS if not (chosen.native and name in NETWORK)]
        parts = {name: partial(PARTS[name], explore.look(opened, choice), choice) for name in names}
        page.tabs(parts, key="native" if chosen.native else "tabs")


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
