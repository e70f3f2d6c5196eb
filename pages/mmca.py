import streamlit as st

from xviz.models import MODELS
from xviz.ui import methods, page, trust
from xviz.ui.matching import explore, export, ranking, sample, whatif

TABS = ("Attention matrix", "Layers and heads", "Scores", "What if", "Trust", "Ranking", "Figure")


@st.fragment
def linked() -> None:
    """What follows a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        matrix, heads, scores, edits, trusted, ranked, figure = st.tabs(TABS, key="tabs")
        with matrix:
            explore.show_matrix(opened, looked)
        with heads:
            explore.at_a_glance(opened, looked)
        with scores:
            explore.show_scores(opened, looked)
        with edits:
            whatif.show(opened, looked)
        with trusted:
            trust.show(opened, whatif.TRIAL)
        with ranked:
            ranking.show(opened)
        with figure:
            export.show(opened, looked)


card = MODELS["mmca"]
above = page.heading(card)
with page.told():
    if chosen := sample.choose(card):
        opened = sample.score(card, chosen)
        methods.warn_of_domain(card, opened.sample, above)
        page.notes(*opened.sample.parts.values(), opened.run.inputs, above=above)
        linked()
