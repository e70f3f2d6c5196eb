import streamlit as st

from xviz.models import MODELS
from xviz.ui import methods, page, trust
from xviz.ui.matching import explore, export, ranking, sample, whatif


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        parts = {
            "Attention matrix": lambda: explore.show_matrix(opened, looked),
            "Layers and heads": lambda: explore.at_a_glance(opened, looked),
            "Scores": lambda: explore.show_scores(opened, looked),
            "What if": lambda: whatif.show(opened, looked),
            "Trust": lambda: trust.show(opened, whatif.TRIAL),
            "Ranking": lambda: ranking.show(opened),
            "Figure": lambda: export.show(opened, looked),
        }
        page.tabs(parts)


card = MODELS["mmca"]
above = page.heading(card)
with page.told():
    if chosen := sample.choose(card):
        opened = sample.score(card, chosen)
        methods.warn_of_domain(card, opened.sample, above)
        page.notes(*opened.sample.parts.values(), opened.run.inputs, above=above)
        linked()
