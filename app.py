"""The page table. Nothing heavy is imported here, so that the frame of the app stands at once."""

import streamlit as st

from xviz.house import TABLE
from xviz.places import PACKAGE
from xviz.ui import alive, door, first, handed, own, steps

UI = PACKAGE / "ui"
ICON = UI / "icon.png"  # a symbol's name would be fetched from another host

st.set_page_config(page_title="xviz", page_icon=str(ICON), layout="wide")
st.html(UI / "page.css")
alive.watch()
pages = {
    "": [st.Page("pages/home.py", title="Start", icon=":material/home:", default=True)],
    "Models": [st.Page(f"pages/{key}.py", title=entry.title, icon=entry.icon) for key, entry in TABLE.items()],
    "Your models": own.pages(),
    "Many samples": [
        st.Page("pages/dataset.py", title="Data set", icon=":material/table_view:"),
        st.Page("pages/compare.py", title="Compare", icon=":material/compare:"),
    ],
    "xviz": [st.Page("pages/about.py", title="About and limits", icon=":material/info:")],
}
entered = door.entered()
page = st.navigation(pages if entered else door.pages())
first.ready(first.START if page.url_path == "" else first.ALL)
steps.frame_sent()
first.scripts()
if entered:
    handed.take()
page.run()
