import streamlit as st

from xviz.ui import page, texts

st.title("xviz")
st.markdown(texts.START)
page.models()
st.markdown(texts.NOT_SHOWN)
