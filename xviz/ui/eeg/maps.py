"""Electrode × band × second: the score of each cell by several methods, beside what the simulation did."""

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
from xviz.drawings.drawing import Surround
from xviz.explain import METHODS, eeg_cells
from xviz.explain.planted import Fit, chance, fit
from xviz.ui import cache, components, methods, page, state
from xviz.ui.eeg.explore import pick_electrode
from xviz.ui.eeg.heads import banded
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
class CellScores:
    """What takes longer: scores of single features, and of cells left out."""

    integrated: Mapping[str, NDArray[np.float64]]  #: feature → (electrode, band, step)
    left_out: NDArray[np.float64]  #: (electrode, band)
    facts: Facts  #: how complete the integrated gradients are


def show(opened: Opened, looked: Looked) -> None:
    """The maps side by side, how well they fit the truth, and the attribution over seconds."""
    cells = _cells(opened)
    maps = maps_of(opened, cells)
    for column, map_ in zip(st.columns(len(maps), gap="small"), maps, strict=True):
        with column:
            _draw(opened, map_, looked.head)
    if cells is not None:
        methods.told(cells.facts, METHODS["integrated"].title)
    _fits(opened, maps)
    if cells is not None:
        _seconds(opened, cells, looked.head)


def _cells(opened: Opened) -> CellScores | None:
    """Scores of cells, computed when asked for."""
    key = f"cells {opened.run.provenance.json()} {opened.absent} {opened.output}"
    scores, work = opened.choices.recall(key), st.container()  # always there, so that what stands below keeps its place
    if scores is None and work.button("Compute scores of cells", icon=":material/play_arrow:", key="eeg.cells"):
        with work, page.progress("Attributions") as move:
            scores = _compute(opened, move)
        opened.choices.remember(key, scores)
    if scores is None:
        work.caption(
            "Integrated gradients for every electrode, band and second, and the change of the output when an "
            "electrode's band is left out. Takes some seconds."
        )
    return scores if isinstance(scores, CellScores) else None


def _compute(opened: Opened, move: page.Progress) -> CellScores:
    loaded, count = cache.load(opened.card.key), len(opened.bands)
    integrated, facts = eeg_cells.integrated(
        loaded, opened.run, Target(opened.output), steps=STEPS, progress=lambda share, text: move(share / 2, text)
    )
    groups = eeg_cells.bands(opened.run, count)
    left_out = eeg_cells.leave_out(
        loaded, opened.run, Target(opened.output), groups, progress=lambda share, text: move(0.5 + share / 2, text)
    )
    by_feature = {name: scores.reshape(len(scores), count, -1) for name, scores in integrated.items()}
    return CellScores(by_feature, left_out.reshape(-1, count), facts)


def maps_of(opened: Opened, cells: CellScores | None) -> list[Map]:
    """The maps that are known, over both features."""
    maps = [_of_attention(opened, key) for key in ("received", "relevance")]
    if cells is not None:
        summed = sum(scores.sum(-1) for scores in cells.integrated.values())
        maps.append(Map(METHODS["integrated"].title, summed, "logits", True))
        maps.append(Map("Leave one cell out", cells.left_out, "logits", True))
    if opened.example is not None and opened.example.kind == "simulated":
        maps.append(
            Map(f"Simulated: {opened.output}", simulation().change[opened.output], "dB, rating 2 to 8", True, True)
        )
    return maps


def _of_attention(opened: Opened, key: str) -> Map:
    """A method of attention for each band, both features together."""
    columns = []
    for band in range(len(opened.bands)):
        scores = cache.explain(opened.run, cache.Question(key, Target(opened.output), head=band)).scores
        columns.append(sum(scores.values()))
    title = METHODS[key].title  # five maps stand side by side, and their rows should be level
    return Map(title, np.stack(columns, 1), METHODS[key].unit, False, short=title.removesuffix(" attention"))


def _draw(opened: Opened, drawn: Map, band: int | None) -> None:
    """One map; of the picked electrode the band on the page is marked, or its strongest where that is their mean."""
    picked = opened.selection()
    marked = None
    if picked is not None:
        marked = picked.token, int(np.abs(drawn.values[picked.token]).argmax()) if band is None else band
    values = np.where(
        np.isin(np.arange(len(opened.names)), opened.absent)[:, None] & (not drawn.truth), np.nan, drawn.values
    )
    drawing = matrix.matrix(
        values,
        row_labels=opened.marked,
        column_labels=[band.name for band in opened.bands],
        scale=(scale.diverging if drawn.signed else scale.sequential)(values, label=drawn.unit),
        selected=marked,
        axes=("electrode", "band"),
        surround=Surround(drawn.short or drawn.title, height=620),
    )
    components.mount(drawing, key=f"map {drawn.title} {opened.place}", on_pick=lambda pick: _picked(opened, pick))


def _picked(opened: Opened, pick: components.Pick) -> None:
    if isinstance(pick, tuple):
        opened.choices.select(Selection("electrode", pick[0]))
        state.set_widget("band", opened.bands[pick[1]].name)
    else:
        opened.choices.select(None)


def _fits(opened: Opened, maps: list[Map]) -> None:
    """How far this recording's maps agree, and how well they fit what the simulation did."""
    explaining = [map_ for map_ in maps if not map_.truth]
    simulated = next((map_ for map_ in maps if map_.truth), None)
    first = explaining[0]
    agreement = f"rank correlation with “{first.title}”"
    rows = [
        {
            "map": map_.title,
            **_fit(map_, simulated),
            agreement: signed(fit(map_.values, first.values).correlation),
        }
        for map_ in explaining
    ]
    if simulated is not None:
        random = chance(simulated.values.size)
        rows.append({"map": "chance (95th percentile)", **_words(random), agreement: signed(random.correlation)})
    st.dataframe(rows, hide_index=True, width="stretch")
    if simulated is None:
        st.caption("Over all electrodes and bands, regardless of sign.")
        return
    st.caption(
        f"Maps of this recording compared with what the simulation changed for {opened.output}.",
        help="Over all electrodes and bands, regardless of sign. Hits: how many of the 16 cells that the simulation "
        "changed most are among the 16 strongest of the map.",
    )
    if truth_rows := record.read(opened.card.checkpoint or "").get("truth"):
        verdict = record.eeg.verdict(opened.output, truth_rows[opened.output])
        st.markdown(f":material/verified: Measured on held-out simulated recordings: {verdict}")


def _fit(map_: Map, simulated: Map | None) -> dict[str, str]:
    return {} if simulated is None else _words(fit(map_.values, simulated.values))


def _words(measured: Fit) -> dict[str, str]:
    return {"rank correlation with the simulation": signed(measured.correlation), "hits": f"{measured.hits:.0%}"}


def _seconds(opened: Opened, cells: CellScores, band: int | None) -> None:
    """Integrated gradients of one band by electrode and second."""
    bands = "all bands together" if band is None else banded(opened, band)
    both = sum(cells.integrated.values())
    values = both.sum(1) if band is None else both[:, band]
    picked = opened.selection()
    drawing = matrix.matrix(
        values,
        row_labels=opened.marked,
        column_labels=[str(second) for second in range(values.shape[1])],
        scale=scale.diverging(values, label="share of the output", unit="logits"),
        selected=None if picked is None else (picked.token, int(np.abs(values[picked.token]).argmax())),
        axes=("electrode", "second"),
        surround=Surround(f"Integrated gradients for {opened.output}: {bands}, by electrode and second", height=620),
    )
    components.mount(drawing, key=f"seconds {opened.place}", on_pick=lambda pick: pick_electrode(opened, pick))
    methods.told(cells.facts)
    st.caption("DE and PSD summed. The last two seconds repeat the two before them, as published.")
