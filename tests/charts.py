"""Charts of a page as tests read them."""

from __future__ import annotations

import json

import pandas as pd
from streamlit.testing.v1 import AppTest


def drawn(at: AppTest) -> list[dict]:
    """Every Plotly figure on the page, as it is sent to the browser."""
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def class_bars(at: AppTest) -> pd.DataFrame:
    """The bars of the classes: a column "class", and one for each series."""
    figure = next(figure for figure in drawn(at) if figure["data"][0]["type"] == "bar")
    series = {data["name"]: data["x"] for data in figure["data"]}
    return pd.DataFrame({"class": figure["data"][0]["y"], **series})
