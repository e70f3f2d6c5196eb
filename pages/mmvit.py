import streamlit as st

from xviz.models import MODELS
from xviz.ui import finding, hearing, parts, take, viewing


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with parts.told():
        looked = viewing.explore(here)
        answers = finding.explore(here)
        take.show(here, looked, answers)


card = MODELS["mmvit"]
parts.heading(card)
with parts.told():
    here = hearing.show(card, hearing.choose(card))
    parts.notes(*here.sample.parts.values(), more=here.run.inputs.notes)
    linked()
    finding.without(here)
    parts.measured(card)
