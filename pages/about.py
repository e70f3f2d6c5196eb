import streamlit as st

from xviz.ui import about, texts

st.title("About and limits")
st.markdown(texts.ABOUT)
methods, measurements, versions = st.tabs(("Methods", "Measurements", "Versions"))
with methods:
    about.methods()
with measurements:
    about.measurements()
with versions:
    about.versions()
