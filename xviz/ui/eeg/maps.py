"""Electrode × band × second: what each method says of a cell, beside what the simulation did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz import record
from xviz.core.explanation import Facts
from xviz.core.run import Target
from xviz.data.shipped import simulation
from xviz.draw import scale
from xviz.draw.scale import signed
from xviz.drawings import matrix
from xviz.explain import METHODS, eeg_cells
from xviz.explain.planted import Fit, chance, fit
from xviz.ui import cache, components, methods, page, state
from xviz.ui.eeg.explore import banded, choose_electrode
from xviz.ui.eeg.sample import Opened
from xviz.ui.records import Looked
from xviz.ui.state import Selection

STEPS = (24, 48, 96, 192)  #: points of integrated gradients, until they are complete enough


@dataclass(frozen=True, eq=False)
class Map:
    """One number for each electrode and band."""

    title: str
    values: NDArray[np.float64]  #: (electrode, band)
    unit: str
    signed: bool
    truth: bool = False  #: whether it is what the simulation did
    short: str = ""  #: the title where there is little room


@dataclass(frozen=True, eq=False)
class Fine:
    """What takes longer: scores of single features, and of cells left out."""

    integrated: Mapping[str, NDArray[np.float64]]  #: feature → (electrode, band, step)
    left_out: NDArray[np.float64]  #: (electrode, band)
    complete: Facts  #: how complete the integrated gradients are


def show(opened: Opened, looked: Looked) -> None:
    """The maps side by side, how well they fit the truth, and the attribution over seconds."""
    st.subheader("Which electrode, which band, which second")
    fine = _fine(opened)
    maps = maps_of(opened, fine)
    for column, one in zip(st.columns(len(maps), gap="small"), maps, strict=True):
        with column:
            _draw(opened, one, looked.head)
    if fine is not None:
        methods.told(fine.complete, METHODS["integrated"].title)
    _fits(opened, maps)
    if fine is not None:
        _seconds(opened, fine, looked.head)


def _fine(opened: Opened) -> Fine | None:
    """Attributions of cells, begun when asked for."""
    place = f"cells {opened.run.provenance.json()} {opened.absent} {opened.output}"
    kept, work = opened.choices.recall(place), st.container()  # always there, so that what stands below keeps its place
    if kept is None and work.button("Compute attributions of cells", icon=":material/play_arrow:", key="eeg.cells"):
        with work, page.progress("Attributions") as move:
            kept = _compute(opened, move)
        opened.choices.remember(place, kept)
    if kept is None:
        work.caption(
            "Integrated gradients (Captum) for every electrode, band and second, and the answer with each cell of "
            "electrode and band left out; some seconds of work."
        )
    return kept if isinstance(kept, Fine) else None


def _compute(opened: Opened, move: page.Progress) -> Fine:
    loaded, count = cache.load(opened.card.key), len(opened.bands)
    found, complete = eeg_cells.integrated(
        loaded, opened.run, Target(opened.output), steps=STEPS, progress=lambda share, text: move(share / 2, text)
    )
    groups = eeg_cells.bands(opened.run, count)
    left = eeg_cells.leave_out(
        loaded, opened.run, Target(opened.output), groups, progress=lambda share, text: move(0.5 + share / 2, text)
    )
    shaped = {name: part.reshape(len(part), count, -1) for name, part in found.items()}
    return Fine(shaped, left.reshape(-1, count), complete)


def maps_of(opened: Opened, fine: Fine | None) -> list[Map]:
    """The maps that are known, over both features."""
    maps = [_of_attention(opened, key) for key in ("received", "relevance")]
    if fine is not None:
        summed = sum(part.sum(-1) for part in fine.integrated.values())
        maps.append(Map(METHODS["integrated"].title, summed, "logits", True))
        maps.append(Map("Leave one cell out", fine.left_out, "logits", True))
    if opened.example is not None and opened.example.kind == "simulated":
        maps.append(
            Map(f"Simulated: {opened.output}", simulation().change[opened.output], "dB, rating 2 to 8", True, True)
        )
    return maps


def _of_attention(opened: Opened, key: str) -> Map:
    """A method of attention asked about each band, both features together."""
    columns = []
    for band in range(len(opened.bands)):
        found = cache.explain(opened.run, cache.Question(key, Target(opened.output), head=band)).scores
        columns.append(sum(found.values()))
    title = METHODS[key].title  # five maps stand side by side, and their rows should be level
    return Map(title, np.stack(columns, 1), METHODS[key].unit, False, short=title.removesuffix(" attention"))


def _draw(opened: Opened, one: Map, band: int | None) -> None:
    """One map; of the picked electrode the band on the page is marked, or its strongest where that is their mean."""
    picked = opened.selection()
    marked = None
    if picked is not None:
        marked = picked.token, int(np.abs(one.values[picked.token]).argmax()) if band is None else band
    shown = np.where(
        np.isin(np.arange(len(opened.names)), opened.absent)[:, None] & (not one.truth), np.nan, one.values
    )
    view = matrix.matrix(
        shown,
        row_labels=opened.names,
        column_labels=[band.name for band in opened.bands],
        scale=(scale.diverging if one.signed else scale.sequential)(shown, label=one.unit),
        selected=marked,
        title=one.short or one.title,
        axes=("electrode", "band"),
        height=620,
    )
    components.mount(view, key=f"map {one.title} {opened.place}", on_pick=lambda pick: _picked(opened, pick))


def _picked(opened: Opened, pick: components.Pick) -> None:
    if isinstance(pick, tuple):
        opened.choices.select(Selection("electrode", pick[0]))
        state.set_widget("band", opened.bands[pick[1]].name)
    else:
        opened.choices.select(None)


def _fits(opened: Opened, maps: list[Map]) -> None:
    """How far this recording's maps agree, and how well they fit what the simulation did."""
    own, real = [one for one in maps if not one.truth], next((one for one in maps if one.truth), None)
    agreement = f"rank correlation with “{own[0].title}”"
    rows = [
        {"map": one.title, **_fit(one, real), agreement: signed(fit(one.values, own[0].values).correlation)}
        for one in own
    ]
    if real is not None:
        luck = chance(real.values.size)
        rows.append({"map": "95 % of random maps stay below", **_words(luck), agreement: signed(luck.correlation)})
    st.dataframe(rows, hide_index=True, width="stretch")
    if real is None:
        st.caption("Over all electrodes and bands, signs aside.")
        return
    st.caption(
        f"This one recording's maps against what the simulation did for {opened.output}, over all electrodes and "
        "bands, signs aside; hits are how many of the 16 strongest true cells are among the map's 16 strongest."
    )
    if found := record.read(opened.card.checkpoint or "").get("truth"):
        said = record.eeg.verdict(opened.output, found[opened.output])
        st.markdown(f":material/verified: On held-out recordings together: {said}")


def _fit(one: Map, real: Map | None) -> dict[str, str]:
    return {} if real is None else _words(fit(one.values, real.values))


def _words(found: Fit) -> dict[str, str]:
    return {"rank correlation with the simulation": signed(found.correlation), "hits": f"{found.hits:.0%}"}


def _seconds(opened: Opened, fine: Fine, band: int | None) -> None:
    """Integrated gradients of one band by electrode and second."""
    both = sum(fine.integrated.values())
    values = both.sum(1) if band is None else both[:, band]
    picked = opened.selection()
    view = matrix.matrix(
        values,
        row_labels=opened.names,
        column_labels=[str(second) for second in range(values.shape[1])],
        scale=scale.diverging(values, label="share of the answer", unit="logits"),
        selected=None if picked is None else (picked.token, int(np.abs(values[picked.token]).argmax())),
        title=f"Integrated gradients for {opened.output}: "
        f"{'all bands together' if band is None else banded(opened, band)}, by electrode and second",
        axes=("electrode", "second"),
        height=620,
    )
    components.mount(view, key=f"seconds {opened.place}", on_pick=lambda pick: choose_electrode(opened, pick))
    methods.told(fine.complete)
    st.caption("DE and PSD together. The last two seconds repeat those before them, as published.")
