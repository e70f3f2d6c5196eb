import streamlit as st

from xviz.ui import parts, texts

st.title("About and limits")
st.markdown(texts.ABOUT)
parts.methods()
parts.checkpoints()
parts.versions()
