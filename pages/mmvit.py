import streamlit as st

from xviz.ui import page, trust
from xviz.ui.methods import warn_of_domain
from xviz.ui.views import choose, explore, export, methods, sample, whatif

TABS = ("Methods", "Attention between views", "Layers and heads", "What if", "Trust", "Figure")


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        compared, attention, heads, edits, trusted, figure = st.tabs(TABS, key="tabs")
        with compared:
            explanations, drawn = methods.explore(opened)
        with attention:
            looked = explore.explore(opened)
        with heads, page.told():
            explore.at_a_glance(opened, looked)
        with edits:
            whatif.show(opened)
        with trusted:
            trust.show(opened, whatif.trial(opened))
        with figure:
            export.show(opened, looked, explanations, drawn)


card = sample.choose_card()
above = page.heading(card)
with page.told():
    if brought := choose.choose(card):
        opened = sample.show(card, *brought)
        warn_of_domain(card, opened.sample, above)
        page.notes(*opened.sample.parts.values(), opened.run.inputs, above=above)
        linked()
