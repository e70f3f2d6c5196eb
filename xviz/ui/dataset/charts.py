"""What a batch says as a whole: distributions, scatter plots that filter, heads, methods beside random orders."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from xviz.batch import statistics
from xviz.batch.opened import Batch
from xviz.explain import METHODS
from xviz.models import MODELS
from xviz.ui import page
from xviz.ui.charts import FIRST, REFERENCE, SECOND, draw
from xviz.ui.dataset.table import numeric

HEAD = re.compile(r"head\.(.+)\.(\d+)\.(entropy|across)")
WHAT = {"across": "mass across modalities", "entropy": "entropy, of its greatest"}
HEIGHT = 380  #: of a chart, CSS pixels


def _column(table: pd.DataFrame, label: str, key: str, index: int = 0) -> str | None:
    """A column of numbers; None where there is none."""
    columns = numeric(table)
    if not columns:
        st.info("No column of these rows varies.")
        return None
    return str(st.selectbox(label, columns, index=min(index, len(columns) - 1), key=key, width=360))


def _colour(table: pd.DataFrame, key: str) -> str | None:
    names = [n for n in ("label", "predicted", "correct", "target") if n in table and 1 < table[n].nunique() <= 12]
    chosen = st.selectbox("Colour by", ["none", *names], key=key, width=200)
    return None if chosen == "none" else str(chosen)


def distribution(batch: Batch, table: pd.DataFrame) -> None:
    """How the values of a column are spread."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column, by = _column(table, "Column", "dataset.spread"), _colour(table, "dataset.spread by")
    if column is None:
        return
    figure = go.Figure()
    values = table[column].dropna()
    low, high = float(values.min()), float(values.max())
    size = (high - low) / 40 or 1.0
    bins = {"start": low, "end": high + size, "size": size}  # what lies on the last edge belongs to a bin too
    groups = [("all", table)] if by is None else [(str(name), rows) for name, rows in table.groupby(by)]
    for name, rows in groups:
        figure.add_histogram(
            x=rows[column], name=name, xbins=bins, opacity=0.75, marker_color=FIRST if by is None else None
        )
    figure.update_layout(barmode="overlay", xaxis_title=column, yaxis_title="samples", height=HEIGHT)
    draw(
        figure,
        "dataset.histogram",
        f"Distribution of {column}: mean {values.mean():.3g}, from {low:.3g} to {high:.3g}.",
    )
    st.caption(
        f"Mean {values.mean():.4g}, median {values.median():.4g}, standard deviation {values.std():.4g}, "
        f"n = {len(values):,}."
    )


def scatter(batch: Batch, table: pd.DataFrame) -> pd.DataFrame:
    """Two columns against each other; the rows that are selected in it, or all."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        x = _column(table, "Across", "dataset.x")
        y = _column(table, "Up", "dataset.y", 1)
        by = _colour(table, "dataset.scatter by")
    if x is None or y is None:
        return table
    figure = go.Figure()
    groups = [("all", table)] if by is None else [(str(name), rows) for name, rows in table.groupby(by)]
    for name, rows in groups:
        figure.add_scattergl(
            x=rows[x], y=rows[y], name=name, mode="markers", text=rows["sample"], customdata=rows.index.to_numpy(),
            marker={"size": 6, "opacity": 0.7, **({"color": FIRST} if by is None else {})},
            hovertemplate="%{text}<br>%{x:.4g}, %{y:.4g}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(xaxis_title=x, yaxis_title=y, dragmode="select", height=440)
    alt = f"{y} against {x} of {len(table):,} samples."
    chosen = draw(figure, "dataset.scatter", alt, on_select="rerun", selection_mode=("box", "lasso"))
    both = table[[x, y]].dropna()
    rank = both[x].corr(both[y], method="spearman") if len(both) > 2 else np.nan
    st.caption(f"Rank correlation {rank:.3f}, n = {len(both):,}. Draw a box to keep its samples in the other tabs.")
    if not chosen.selection.points:
        return table
    places = [_index(point["customdata"]) for point in chosen.selection.points]
    rows_picked = table.loc[[index for index in places if index in table.index]]
    st.caption(f"{len(rows_picked):,} rows are selected.")
    return rows_picked


def _index(value: object) -> int:
    """The row of a point; Plotly hands it back as a number, a list or a mapping."""
    if isinstance(value, dict):
        value = next(iter(value.values()))
    return int(value[0] if isinstance(value, list | tuple) else value)


def heads(batch: Batch, table: pd.DataFrame) -> None:
    """Every layer and head as a cell."""
    names = [HEAD.fullmatch(name) for name in table.columns]
    columns = [match for match in names if match]
    if not columns:
        st.info("This batch has no numbers of single heads (--no-heads).")
        return
    number = st.segmented_control(
        "Number", list(WHAT), default="across", format_func=WHAT.get, key="dataset.what", required=True
    )
    calls = list(dict.fromkeys(match[1] for match in columns))
    heads_ = max(int(match[2]) for match in columns)
    cells = np.full((len(calls), heads_), np.nan)
    for match in columns:
        if match[3] == number:
            cells[calls.index(match[1]), int(match[2]) - 1] = table[match[0]].mean()
    if np.isnan(cells).all():
        st.info("No token of these layers has keys of another modality.")
        return
    card = MODELS.get(str(batch.plan["model"]))
    calls = [card.calls[call].title if card and call in card.calls else call for call in calls]
    figure = go.Figure(
        go.Heatmap(
            z=cells, x=[f"head {i + 1}" for i in range(heads_)], y=calls, colorscale="Viridis", zmin=0, zmax=1,
            hovertemplate="%{y}, %{x}: %{z:.3f}<extra></extra>", colorbar={"title": WHAT[str(number)]},
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(height=120 + 34 * len(calls))
    best = np.unravel_index(int(np.nanargmax(cells)), cells.shape)
    alt = f"{WHAT[str(number)]} of {len(calls)} layers and {heads_} heads; greatest "
    alt += f"{calls[best[0]]}, head {best[1] + 1}."
    draw(figure, "dataset.heads picture", alt)
    st.caption(
        f"Mean of {len(table):,} samples.",
        help="Mass across: the mean weight that a token of the sample gives to tokens of another modality. Entropy of "
        "a row over its greatest, the logarithm of the number of keys: 1 is uniform.",
    )


@st.cache_data(max_entries=64, show_spinner="Drawing samples again …")
def _statistics(table: pd.DataFrame):
    """Methods beside random orders, and what else has intervals; once for the same rows."""
    more = {"weights randomised": statistics.sanities(table), "modalities": statistics.modalities(table)}
    return statistics.faithfulness(table), more


def methods(batch: Batch, table: pd.DataFrame) -> None:
    """Every method's areas beside those of random orders of the same samples."""
    rows, more = _statistics(table)
    if not rows:
        st.info("This batch has no deletion and insertion curves (--steps 0).")
        return
    figure = go.Figure()
    titles = [METHODS[row["method"]].title if row["method"] in METHODS else row["method"] for row in rows]
    for kind, colour in (("deletion", FIRST), ("insertion", SECOND)):
        known = [(title, row[kind]) for title, row in zip(titles, rows, strict=True) if kind in row]
        figure.add_scatter(
            x=[mean.mean for _, mean in known], y=[title for title, _ in known], mode="markers", name=kind,
            marker={"color": colour, "size": 10},
            error_x={"type": "data", "symmetric": False, "array": [m.high - m.mean for _, m in known],
                     "arrayminus": [m.mean - m.low for _, m in known]},
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": REFERENCE, "dash": "dash"}, annotation_text="random order",
                     annotation_position="top", annotation_yshift=14)  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(
        xaxis_title="area better than that of random orders", scattermode="group", height=140 + 60 * len(rows)
    )
    summary = "; ".join(
        f"{title}: {row['deletion'].text()}" for title, row in zip(titles, rows, strict=True) if "deletion" in row
    )
    draw(figure, "dataset.faithful", f"Methods beside random orders, deletion: {summary}.")
    st.caption(
        f"Means of {len(table):,} samples with 95 % bootstrap intervals. Right of the line is better than chance.",
        help="Deletion: area of random orders less that of the method. Insertion: the other way round. A method whose "
        "interval holds zero is not shown to be better than chance.",
    )
    cells = [
        {name: title if name == "method" else _cell(value) for name, value in row.items()}
        for title, row in zip(titles, rows, strict=True)
    ]
    st.dataframe(cells, hide_index=True)
    for title, part in more.items():
        if part:
            st.markdown(f"**{page.plain(title.capitalize())}**")
            st.dataframe([{k: _cell(v) for k, v in row.items()} for row in part], hide_index=True)


def _cell(value: object) -> object:
    if isinstance(value, statistics.Mean):
        return value.text()
    return f"{value:.0%}" if isinstance(value, float) else value
