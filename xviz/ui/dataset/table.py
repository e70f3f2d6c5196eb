"""The rows of a batch: filtered, sorted, opened on their model's page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from xviz import opening, own_models
from xviz.batch.opened import Batch
from xviz.core.errors import SampleError
from xviz.core.run import Target
from xviz.explain.ask import Question
from xviz.links import pages
from xviz.links.link import Asked
from xviz.models import MODELS
from xviz.ui import cache, page, state

FIRST = ("index", "sample", "label", "predicted", "correct", "target", "error")  #: columns that stand first
LATER = ("head.", "mass.", "sanity.")  #: beginnings of columns that are shown when asked for
EXTREME = 8  #: best and worst samples
HEIGHT = 420  #: px


def numeric(table: pd.DataFrame) -> list[str]:
    """The columns of numbers that vary, those of single heads last."""
    numbers = table.select_dtypes("floating")
    varies = numbers.max() > numbers.min()
    return sorted(numbers.columns[varies], key=lambda name: name.startswith(LATER))


def filtered(batch: Batch) -> pd.DataFrame:
    """The rows that pass the filters of the page."""
    table = batch.table
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Find in names and reasons", key="dataset.find", width=260)
        column = st.selectbox("Keep by", ["all rows", *_choices(table)], key="dataset.column", width=300)
        if column != "all rows":
            table = _kept(table, str(column))
    if text:
        by_name = table["sample"].astype(str).str.contains(text, case=False, regex=False)
        reasons = table["error"].astype(str) if "error" in table else table["sample"].astype(str)
        table = table[by_name | reasons.str.contains(text, case=False, regex=False)]
    if len(table) < len(batch.table):
        st.caption(f"{len(table):,} of {len(batch.table):,} rows.")
    return table


def _choices(table: pd.DataFrame) -> list[str]:
    texts = [n for n in ("label", "predicted", "correct", "target", "error") if n in table and table[n].notna().any()]
    return [*texts, *numeric(table)]


def _kept(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows whose value of a column is chosen."""
    values = table[column]
    if values.dtype.kind == "f":
        low, high = float(values.min()), float(values.max())
        chosen = st.slider("From … to …", low, high, (low, high), key=f"dataset.range {column}", width=360)
        return table[values.between(*chosen)]
    known = sorted(values.dropna().astype(str).unique())[:500]
    wanted = st.multiselect("Values", known, key=f"dataset.values {column}", width=360)
    return table[values.astype(str).isin(wanted)] if wanted else table


def show(batch: Batch, table: pd.DataFrame) -> None:
    """The table, sorted by a click on a column's head; a row that is picked can be opened."""
    whole = st.toggle("Columns of single heads", key="dataset.heads")
    first = [name for name in FIRST if name in table and table[name].notna().any()]
    others = [
        n for n in table.columns if n not in FIRST and (whole or not n.startswith(LATER)) and not n.endswith("digest")
    ]
    picked = st.dataframe(
        table[[*first, *others]], hide_index=True, height=HEIGHT, key="dataset.table", on_select="rerun",
        selection_mode="single-row",
    )  # fmt: skip
    rows = picked.selection.rows
    if rows and rows[0] < len(table):
        opener(batch, table.iloc[rows[0]], "picked")
    else:
        st.caption("Sort by a column's head; tick a row to open its sample.")


def extremes(batch: Batch, table: pd.DataFrame) -> None:
    """The samples with the greatest and the least value of a column."""
    columns = numeric(table)
    if not columns:
        st.info("No column of these rows varies.")
        return
    chance = [c for c in columns if c.startswith(("deletion.", "insertion.")) and "random" not in c]
    column = st.selectbox(
        "By", columns, index=columns.index(chance[0]) if chance else 0, key="dataset.extreme", width=360
    )
    ordered = table.dropna(subset=[column]).sort_values(column)
    for title, side, rows in (
        ("Least", "least", ordered.head(EXTREME)),
        ("Greatest", "most", ordered.tail(EXTREME)[::-1]),
    ):
        st.markdown(f"**{title}**")
        for number, (_, row) in enumerate(rows.iterrows()):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{row[column]:.4g} · {page.plain(str(row['sample']))}", width=420)
                opener(batch, row, f"{side} {number}", _method(batch, str(column)))


def _method(batch: Batch, column: str) -> str | None:
    """The method that a column measures; None where it measures none, or several."""
    return next((word for word in column.split(".") if word in batch.plan.get("methods", ())), None)


def opener(batch: Batch, row: pd.Series, key: str, method: str | None = None) -> None:
    """A button that opens the sample of a row on its model's page, with its output and the batch's methods.

    Args:
        batch: What is looked at.
        row: Of its table.
        key: Of the button.
        method: That stands first, where the row was found by it.
    """
    name = str(row["sample"])
    if st.button(f"Open {name}", key=f"dataset.open {key}", icon=":material/open_in_new:"):
        model = _model(batch)
        loaded, origin = cache.load(model), batch.plan["items"][int(row["index"])]["origin"]
        files = [Path(file) for file in opening.files(origin)]
        if missing := [file.name for file in files if not file.is_file()]:
            raise SampleError(f"{missing[0]} is not on this machine any more, so that its sample cannot be opened.")
        output = str(row["target"]) if row.get("target") in loaded.spec.outputs else loaded.spec.target
        methods = sorted(batch.plan.get("methods", ()), key=lambda method_: method_ != method)
        question = Asked(
            loaded, origin, tuple(Question(method_, Target(output)) for method_ in methods), {"target": output}
        )
        link = pages.of(question, model)
        state.bring({
            uploader: tuple((file.name, file.read_bytes()) for file in own) for uploader, own in link.files.items()
        })  # fmt: skip
        state.go(link.page, link.query, link.widgets, model)


def _model(batch: Batch) -> str:
    """The key of a batch's model, which has a page.

    Raises:
        SampleError: there is none here.
    """
    card = MODELS.get(str(batch.plan["model"]))
    if card is not None and (card.page or card.key) in pages.PAGES:
        return card.key
    for key, spec in own_models.SPECS.items():
        if spec.title == batch.plan["title"]:
            return key
    raise SampleError(
        f"{batch.plan['title']} has no page here that opens its samples. One of your own has where the app was started "
        "with its --model."
    )
