import streamlit as st

from xviz.ui import apart, bringing, finding, parts, subject, take, trust, viewing


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with parts.told():
        looked = viewing.explore(here)
        take.show(here, looked, *finding.explore(here))


card = subject.choose_card()
parts.heading(card)
with parts.told():
    if brought := bringing.choose(card):
        here = subject.show(card, *brought)
        parts.notes(*here.sample.parts.values(), more=here.run.inputs.notes)
        linked()
        apart.show(here)
        trust.show(here, trust.views(here.views, here.sounds))
