import streamlit as st

from xviz.ui import parts, texts

st.title("xviz")
st.markdown(texts.START)
parts.models()
st.markdown(texts.NOT_SHOWN)
