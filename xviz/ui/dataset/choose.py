"""Which batch the page is about: one that the app was started with, or an uploaded zip."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from xviz.batch import shown
from xviz.batch.opened import Batch, open_archive, open_folder
from xviz.batch.store import PLAN, ROWS, TABLE
from xviz.core.provenance import digest
from xviz.ui import page, uploads

LIMIT_MB = 500


def choose() -> Batch | None:
    """The batch that the visitor chose; None while there is none.

    Raises:
        XvizError: it cannot be opened.
    """
    with st.sidebar:
        st.header("Batch")
        name = (
            st.selectbox("Started with the app", list(shown.FOLDERS), key="batch", bind="query-params")
            if shown.FOLDERS
            else None
        )
        uploaded = uploads.single(
            "dataset.zip", "A batch as a zip", megabytes=LIMIT_MB,
            help_text="The folder that “xviz batch --out” wrote, zipped; scores/ may be left out. " + page.KEPT,
        )  # fmt: skip
    if uploaded is not None:
        batch = _archive(digest(uploaded[1]), uploaded[0], uploaded[1])
    elif name is not None:
        folder = shown.FOLDERS[name]
        changed = tuple((folder / file).stat().st_mtime_ns for file in (PLAN, ROWS, TABLE) if (folder / file).exists())
        batch = _folder(folder, changed)
    else:
        st.info(
            "No batch is open. Start the app with “xviz app --batch DIR”, or upload the zipped folder of “xviz batch” "
            "in the sidebar.",
            icon=":material/table_view:",
        )
        return None
    _about(batch)
    return batch


@st.cache_resource(max_entries=4, show_spinner="Opening the batch …")
def _folder(folder: Path, changed: tuple[int, ...]) -> Batch:
    return open_folder(folder)


@st.cache_resource(max_entries=4, show_spinner="Opening the batch …")
def _archive(which: str, _name: str, _content: bytes) -> Batch:
    return open_archive(_name, _content)


def _about(batch: Batch) -> None:
    """What it is of, and how far it is."""
    plan, failed = batch.plan, int(batch.table["error"].notna().sum()) if "error" in batch.table else 0
    methods = ", ".join(plan["methods"])
    done = f"{batch.done:,} of {plan['count']:,} samples" if batch.done < plan["count"] else f"{batch.done:,} samples"
    st.markdown(
        f"**{page.plain(str(plan['title']))}**, {done} of {page.plain(str(plan['data']))}: {page.plain(methods)}"
        + (f"; {failed:,} failed" if failed else "")
    )
