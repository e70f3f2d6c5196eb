"""The page about xviz: its methods, what was measured with each checkpoint, and the versions that it runs on."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

import streamlit as st

from xviz import __version__, record
from xviz.checkpoints import manifest
from xviz.explain import METHODS
from xviz.ui import page

PACKAGES = (
    "torch", "captum", "streamlit", "matplotlib", "numpy", "scikit-image", "mne", "soundfile", "soxr",
    "av", "pillow", "pillow-heif",
)  # fmt: skip


def methods() -> None:
    """Every method, what it shows and what it does not."""
    rows = [
        {
            "method": method.title,
            "based on": method.kind,
            "unit of a score": method.unit,
            "what it shows": method.words,
            "source": method.source,
        }
        for method in METHODS.values()
    ]
    st.table(rows)


def measurements() -> None:
    """The record of one checkpoint, which the visitor chooses, with its origin and licence."""
    weights = manifest()
    name = st.selectbox("Checkpoint", list(weights), key="checkpoint", bind="query-params", width=300)
    chosen = weights[name]
    st.markdown(f"{page.plain(chosen.origin)} Licence: {page.plain(chosen.licence)}. sha256 `{chosen.sha256}`")
    st.markdown(record.as_markdown(record.read(name)))


def versions() -> None:
    """What this app runs on."""
    st.table(_versions())


@cache
def _versions() -> list[dict[str, str]]:
    """Looked up once: every look goes through the folder of all packages."""
    return [{"package": "xviz", "version": __version__}, *({"package": n, "version": version(n)} for n in PACKAGES)]
