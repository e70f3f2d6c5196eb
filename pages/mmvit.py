import streamlit as st

from xviz.ui import page, trust
from xviz.ui.views import choose, explore, export, methods, sample, whatif


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with page.told():
        looked = explore.explore(opened)
        export.show(opened, looked, *methods.explore(opened))


card = sample.choose_card()
above = page.heading(card)
with page.told():
    if brought := choose.choose(card):
        opened = sample.show(card, *brought)
        page.notes(*opened.sample.parts.values(), above=above, more=opened.run.inputs.notes)
        linked()
        whatif.show(opened)
        trust.show(opened, whatif.trial(opened))
