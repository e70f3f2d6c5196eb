"""The channels of a recording: what became of each, which are left out, and what a person calls them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xviz.core.sample import BIOSEMI32, Eeg
from xviz.data.eeg.channels import electrodes_of
from xviz.models.mca_features import resampled
from xviz.ui import page
from xviz.ui.eeg.sample import Chosen, Opened

DRAWN = 200.0  #: Hz; traces of a higher rate are drawn at the model's


def drawn_rate(eeg: Eeg, rate: float) -> Eeg:
    """The recording at a rate that a screen can show."""
    if eeg.rate <= DRAWN:
        return eeg
    return Eeg(resampled(eeg, rate).astype(np.float32), rate, eeg.channels, eeg.positions, eeg.rest)


def show(opened: Opened) -> None:
    """What became of every channel."""
    report = opened.report
    counts: tuple[tuple[int, str], ...]
    counts = (
        (len(report.renamed), "under another name"),
        (len(report.missing), "missing"),
        (sum(why == "marked bad" for why in report.silent.values()), "marked bad in the file"),
        (sum(why != "marked bad" for why in report.silent.values()), "flat or broken"),
        (len(report.interpolated), "interpolated from their neighbours"),
        (len(report.duplicates), "named twice"),
        (len(report.unused), "channel not used" if len(report.unused) == 1 else "channels not used"),
    )
    matched = f"{len(report.matched) + len(report.renamed)} of {len(opened.names)} electrodes found"
    if opened.card.formula:
        counts, matched = (), f"{len(opened.names)} channels as they are"

    def shown() -> None:
        if reference := opened.eeg.reference:
            st.caption(page.plain(f"Reference: {reference}."))
        st.dataframe(report.rows(), hide_index=True, width="stretch")
        _left_out(opened)
        st.caption("Missing electrodes are interpolated or left out: see “Import options” beside the recording.")

    told = ", ".join([matched, *(f"{count} {words}" for count, words in counts if count)])
    page.folded(f"Channels: {told}", shown, key="channels")


def _left_out(opened: Opened) -> None:
    """Electrodes to leave out by hand, such as bad ones."""
    masked = tuple(i for i in opened.choices.masked if i < len(opened.names))
    present = opened.before.inputs.present["psd"].tolist()
    hidden, spare = [opened.names[i] for i in masked if present[i]], sum(present) - opened.fewest
    chosen = st.multiselect(
        "Leave electrodes out",
        [name for name, is_present in zip(opened.names, present, strict=True) if is_present],
        default=hidden,
        max_selections=max(1, spare, len(hidden)),
        disabled=spare < 1,
        key=f"left out {opened.place} {masked}",  # hidden or shown elsewhere on the page, it starts afresh
        help="The model runs without these electrodes: they have no token and get no attention.",
    )
    gone = tuple(opened.names.index(name) for name in chosen)
    if set(gone) != {i for i in masked if present[i]}:
        opened.choices.mask(gone)
        st.rerun()


def rename(chosen: Chosen) -> None:
    """Which electrode each channel is, as a person says; not offered where all are bipolar."""
    eeg, report = chosen.eeg, chosen.report
    others = [name for name in report.unused if name not in report.bipolar]
    if not others:
        return
    names = dict(chosen.choices.recall(f"rename {eeg.channels}") or {})
    known = electrodes_of(eeg, names).electrodes
    open_ = bool(report.refusal) and len(report.bipolar) < len(eeg.channels) / 3
    with st.expander("Rename channels", expanded=open_):
        rows = [{"channel": name, "electrode": names.get(name) or None} for name in others]
        changed = st.data_editor(
            rows,
            hide_index=True,
            key=f"renaming {hash(eeg.channels)} {len(names)}",
            disabled=["channel"],
            width="stretch",
            column_config={"electrode": st.column_config.SelectboxColumn("electrode", options=list(BIOSEMI32))},
        )
        chosen_names = {row["channel"]: row["electrode"] for row in changed if row["electrode"]}
        st.caption(
            f"{sum(bool(name) for name in known)} of {len(known)} channels are electrodes by name, layout or place."
        )
        if chosen_names != names and st.button("Apply these names", key="eeg.rename", icon=":material/check:"):
            chosen.choices.remember(f"rename {eeg.channels}", chosen_names)
            st.rerun()
