import streamlit as st

from xviz.models import MODELS
from xviz.ui import page, trust
from xviz.ui.eeg import difference, events, explore, export, maps, outputs, sample, signals, spectra, whatif

TABS = (
    "Attention", "Layers and heads", "Electrode × band × second", "Differences", "Band power", "Events", "What if",
    "Trust", "Figure",
)  # fmt: skip


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        choice = explore.choose(opened)
        attention, heads, cells, differences, power, marked, edits, trusted, figure = st.tabs(TABS, key="tabs")
        with attention:
            looked = explore.show(opened, choice)
        with heads, page.told():
            explore.at_a_glance(opened, looked)
        with cells, page.told():
            maps.show(opened, looked)
        with differences, page.told():
            difference.show(opened, looked)
        with power, page.told():
            spectra.show(opened, looked)
        with marked, page.told():
            events.show(opened, chosen)
        with edits, page.told():
            whatif.show(opened, looked)
        with trusted:
            trust.show(opened, whatif.TRIAL)
        with figure:
            export.show(opened, looked)


@st.fragment
def native() -> None:
    """The same for channels as they are, of which no network says anything."""
    with page.told():
        choice = explore.choose(opened)
        attention, heads, differences, power, marked, figure = st.tabs([*TABS[:2], *TABS[3:6], TABS[8]], key="native")
        with attention:
            looked = explore.show(opened, choice)
        with heads, page.told():
            explore.at_a_glance(opened, looked)
        with differences, page.told():
            difference.show(opened, looked)
        with power, page.told():
            spectra.show(opened, looked)
        with marked, page.told():
            events.show(opened, chosen)
        with figure:
            export.show(opened, looked)


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
        (native if chosen.native else linked)()
