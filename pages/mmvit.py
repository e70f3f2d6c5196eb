import streamlit as st

from xviz.ui import page, trust
from xviz.ui.methods import warn_of_domain
from xviz.ui.views import choose, explore, export, methods, sample, whatif

TABS = ("Methods", "Attention between views", "Layers and heads", "What if", "Trust", "Figure")


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        compared, attention, heads, edits, trusted, figure = st.tabs(TABS, key="tabs", on_change="rerun")
        if compared.open or figure.open:  # figures show what these two tabs ask for
            with compared:
                explanations, drawn = methods.explore(opened)
        if attention.open or heads.open or figure.open:
            with attention:
                looked = explore.explore(opened)
        if heads.open:
            with heads, page.told():
                explore.at_a_glance(opened, looked)
        if edits.open:
            with edits, page.told():
                whatif.show(opened)
        if trusted.open:
            with trusted, page.told():
                trust.show(opened, whatif.trial(opened))
        if figure.open:
            with figure, page.told():
                export.show(opened, looked, explanations, drawn)


card = sample.choose_card()
above = page.heading(card)
with page.told():
    if brought := choose.choose(card):
        opened = sample.show(card, *brought)
        warn_of_domain(card, opened.sample, above)
        sample.warn_of_absence(opened, above)
        page.notes(*opened.sample.parts.values(), opened.run.inputs, above=above)
        linked()
        opened.late()
