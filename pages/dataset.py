import streamlit as st

from xviz.ui import page
from xviz.ui.dataset import charts, choose, table

TABS = ("Table", "Distribution", "Scatter", "Heads", "Methods beside random", "Best and worst")


@st.fragment
def explored() -> None:
    """What follows a filter; only this part of the page runs again."""
    with page.told():
        rows = table.filtered(batch)
        listed, spread, scattered, heads, methods, extremes = st.tabs(TABS, key="tabs", on_change="rerun")
        with spread, page.told():
            charts.distribution(batch, rows)
        with scattered, page.told():
            rows = charts.scatter(batch, rows)
        with listed, page.told():
            table.show(batch, rows)
        with heads, page.told():
            charts.heads(batch, rows)
        with methods, page.told():
            if methods.open:  # thousands of samples drawn again take seconds
                charts.methods(batch, rows)
        with extremes, page.told():
            table.extremes(batch, rows)


st.title("Data set", help="What “xviz batch” measured: every sample in one table, and what it says as a whole.")
with page.told():
    batch = choose.choose()
    if batch is not None:
        explored()
