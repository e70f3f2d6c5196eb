import streamlit as st

from xviz.ui import page, texts

st.title("About and limits")
st.markdown(texts.ABOUT)
page.methods()
page.checkpoints()
page.versions()
