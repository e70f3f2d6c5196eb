import streamlit as st

from xviz.ui import page, trust
from xviz.ui.views import choose, explore, export, methods, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(here)
        export.show(here, looked, *methods.explore(here))


card = sample.choose_card()
above = page.heading(card)
with page.told():
    if brought := choose.choose(card):
        here = sample.show(card, *brought)
        page.notes(*here.sample.parts.values(), above=above, more=here.run.inputs.notes)
        linked()
        whatif.show(here)
        trust.show(here, trust.views(here.views, here.sounds))
