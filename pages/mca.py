import streamlit as st

from xviz.models import MODELS
from xviz.ui import difference, eeg_offer, electrodes, hiding, maps, parts, recording, signals, trust


@st.fragment
def linked() -> None:
    """What answers a click; only this part of the page runs again."""
    with parts.told():
        looked = electrodes.explore(here)
        maps.show(here, looked)
        difference.show(here, looked)
        eeg_offer.show(here, looked)
        hiding.show(here, looked)


card = MODELS["mca"]
parts.heading(card)
with parts.told():
    here = recording.answer(card, recording.choose(card))
    parts.notes(here.eeg, more=here.run.inputs.notes)
    signals.show(here)
    linked()
    trust.show(here, trust.RECORDINGS)
