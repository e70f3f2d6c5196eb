"""What the visitor of a page of views brings: a shipped sample, a file or a recording."""

from __future__ import annotations

import streamlit as st

from xviz.core.sample import Sample
from xviz.data.shipped import ShippedSample, samples
from xviz.models.card import ModelCard
from xviz.ui import page
from xviz.ui.views import picture, sound


def choose(card: ModelCard) -> tuple[Sample, ShippedSample | None] | None:
    """The sample, and what is known of it where it is a shipped one; None while there is none.

    Raises:
        SampleError: what was given cannot be used.
    """
    sounds = card.settings.part == "sound"
    with st.sidebar:
        st.header("Sample")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = None
        if titles:
            title = st.selectbox("Example", list(titles), key=f"{card.key}-sample", bind="query-params")
        own = sound.own(card) if sounds else picture.own(card)
        if own is None and title is not None:
            st.caption(page.plain(titles[title].credit))
    if isinstance(own, Sample):
        return own, None
    if own is not None:
        return sound.stretched(card, *own), None
    if title is None:
        st.info(f"Upload {next(iter(card.wants.values()))} to begin.", icon=":material/upload:")
        return None
    return titles[title].load(), titles[title]
