"""Recipes for EEG: topographies of all bands and both directions, and one electrode's row with its matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.draw.scale import number, order
from xviz.figures.caption import caption, measured
from xviz.figures.figure import Figure
from xviz.figures.grid import below_room, matrix_panel
from xviz.figures.head import REACH, Scalp, head_panel
from xviz.figures.lettering import width_of, wrap, write
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, bar, bar_height
from xviz.figures.scales import sequential
from xviz.figures.sides import Group, Side
from xviz.figures.style import MM, PRESETS, Preset, drawing

HEAD = 75.0  #: mm, the most that a head takes in a single column


def heads_figure(
    scalp: Scalp,
    scores: Mapping[str, ArrayLike],
    bands: Sequence[str],
    provenance: Provenance,
    *,
    what: str = "Attention that each electrode receives on the mean over all queries",
    unit: str = "mean attention weight",
    limits: tuple[float, float] | None = None,
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """One row of heads for each direction, one head for each band.

    Args:
        scalp: The electrodes.
        scores: Direction in words → (electrode, band).
        bands: Names with their frequencies, in two lines.
        provenance: Of the run.
        what: What is drawn, for people.
        unit: What a score measures.
        limits: Of the colours; None for each direction's own, from zero.
        preset: The venue's sizes.

    Raises:
        ModelError: scores and bands do not fit.
    """
    tables = {name: np.asarray(values, np.float64) for name, values in scores.items()}
    if any(table.shape != (len(scalp.electrodes), len(bands)) for table in tables.values()):
        raise ModelError(f"There should be scores for {len(scalp.electrodes)} electrodes and {len(bands)} bands.")
    scales = {name: sequential(_kept(scalp, table), limits=limits, label=unit) for name, table in tables.items()}
    with drawing():
        page, y = Page(preset), 0.0
        side = page.inner / len(bands)
        for letter, (name, table) in zip("abcdefgh", tables.items(), strict=False):
            y += page.title(letter, f"{what}, {name}", 0, y, page.inner)
            y_label = max(_labelled(page, band, index * side, y, side) for index, band in enumerate(bands))
            for index in range(len(bands)):
                panel = page.axes(index * side, y + y_label, side, side)
                head_panel(panel, scalp, table[:, index], scales[name], size=page.preset.small_pt)
            y += y_label + side
            y += bar(page, scales[name], _kept(scalp, table), 0, y, page.inner) + SPACE
        drawn = page.finish(y - SPACE)
    named = "; ".join(" ".join(band.split()) for band in bands)
    sentences = [
        f"{what}, {name}, by band ({named}; {measured(scales[name], _kept(scalp, table))})."
        for name, table in tables.items()
    ]
    text = caption(preset, sentences, provenance, credit=scalp.credit, notes=_notes(scalp))
    best = "; ".join(
        f"{name}: {scalp.electrodes.marked[int(np.unravel_index(np.nanargmax(t), t.shape)[0])]}"
        for name, t in ((n, _kept(scalp, t)) for n, t in tables.items())
    )
    alt = f"{what}: topographies of {len(bands)} bands. Strongest electrode, {best}."
    return Figure(drawn, text, provenance.but(figure="heads", preset=preset.key), alt)


def row_figure(
    scalp: Scalp,
    explanation: Explanation,
    weights: ArrayLike,
    *,
    direction: str,
    band: str,
    links: Sequence[tuple[int, int, float]] = (),
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """(a) what an electrode attends to, or what each receives on the mean over all, (b) the whole matrix.

    Args:
        scalp: The electrodes.
        explanation: Scores of the electrodes, drawn in (a); its focus is the electrode whose attention is shown.
        weights: (electrode, electrode), rows are queries.
        direction: "DE to PSD".
        band: With its frequencies.
        links: Lines to its strongest partners: from, to, strength.
        preset: The venue's sizes.
    """
    (scores,) = (np.asarray(values, np.float64) for values in explanation.scores.values())
    weights, names = np.asarray(weights, np.float64), scalp.electrodes.marked
    selected = None if explanation.focus is None else explanation.focus[1][0]
    whose = "Attention received" if selected is None else f"Attention from {names[selected]}"
    scale = sequential(_kept(scalp, scores), label=explanation.unit)
    cells = sequential(weights, label="attention weight")
    asking, answering = direction.split(" to ")
    title = (
        f"Attention that {answering} electrodes receive from {asking}"
        if selected is None
        else f"Attention from {names[selected]} ({asking}) to {answering} electrodes"
    )
    short = band if band.startswith("mean") else f"{band.partition(',')[0]} band"
    marks = [] if selected is None else [selected]
    rows = Side.of(Group(names, f"{asking} electrodes (queries)", marks))
    columns = Side.of(Group(names, f"{answering} electrodes (keys)"))
    with drawing():
        page, size = Page(preset), preset.small_pt
        beside = page.inner >= 110
        wide = (page.inner - 1.5 * SPACE) / 2 if beside else page.inner
        room = (preset.max_height_mm or 200.0) - 2 * page.margin
        high = page.title("a", f"{title}, {short}", 0, 0, wide)
        side = min(wide, room - high - bar_height(page), HEAD if not beside else wide)
        panel = page.axes((wide - side) / 2, high, side, side)
        head_panel(
            panel, scalp, scores, scale, selected=selected, links=links, names=_apart(scalp, side, size), size=size
        )
        high += side + bar(page, scale, _kept(scalp, scores), 0, high + side, wide)
        left, top = (wide + 1.5 * SPACE, 0.0) if beside else (0.0, high + SPACE)
        width = page.inner - left
        y = top + page.title("b", f"Attention matrix, {short}", left, top, width)
        across = width - rows.room(size) / MM
        foot = below_room(columns, across * MM, size) / MM
        tall = min(across, room - y - foot - bar_height(page))
        matrix_panel(
            page.axes(left + width - across, y, across, tall), weights, cells, rows=rows, columns=columns, size=size
        )
        y += tall + foot
        y += bar(page, cells, weights, left, y, width)
        drawn = page.finish(max(high, y))
    lines = f"; lines: its {len(links)} strongest partners, the thicker the stronger" if links else ""
    sentences = [
        f"{whose}{' on the mean over all electrodes' if selected is None else ''}, {direction}, {band} "
        f"({measured(scale, _kept(scalp, scores))}{lines}).",
        f"The attention matrix of the same band and direction; rows are queries and sum to one "
        f"({measured(cells, weights)}).",
    ]
    provenance = explanation.provenance
    text = caption(preset, sentences, provenance, credit=scalp.credit, notes=_notes(scalp))
    strongest = ", ".join(f"{names[i]} ({number(scores[i])})" for i in order(_kept(scalp, scores))[:3])
    alt = f"A head and an attention matrix, {direction}, {band}. Strongest electrodes: {strongest}."
    return Figure(drawn, text, provenance.but(figure="row", preset=preset.key), alt)


def _apart(scalp: Scalp, side: float, size: float) -> bool:
    """Whether the names of electrodes fit on a head so wide, in mm, without touching each other."""
    places = scalp.places[np.isfinite(scalp.places).all(1)] * side * MM / (2 * REACH)
    wide = max(width_of(name, size) for name in scalp.electrodes.marked)
    away = np.abs(places[:, None] - places[None])
    touching = (away[..., 0] < wide) & (away[..., 1] < 1.25 * size)
    return bool(touching.sum() == len(places))


def _kept(scalp: Scalp, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values without those of absent electrodes."""
    present = values.copy()
    present[list(scalp.absent)] = np.nan
    return present


def _labelled(page: Page, text: str, left: float, top: float, width: float) -> float:
    """A label of a line or more over a head; its height in mm."""
    size = page.preset.small_pt
    lines = [line for part in text.split("\n") for line in wrap(part, size, width * MM - 2)]
    axes = page.axes(left, top, width, 1.3 * size * len(lines) / MM)
    for index, line in enumerate(lines):
        write(axes, width * MM / 2, (index + 0.95) * 1.25 * size, line, size=size, ha="center")
    return 1.3 * size * len(lines) / MM


def _notes(scalp: Scalp) -> list[str]:
    """Sentences about the electrodes."""
    notes = [f"Montage: {scalp.montage}; between electrodes the colours are interpolated (MNE, cubic)."]
    if scalp.electrodes.interpolated:
        made_up = ", ".join(scalp.electrodes.names[i] for i in scalp.electrodes.interpolated)
        notes.append(
            f"Stars and rings: electrodes that were not recorded but interpolated from their neighbours ({made_up})."
        )
    if scalp.absent:
        absent = ", ".join(scalp.electrodes.names[i] for i in scalp.absent)
        notes.append(f"Crosses: electrodes that took no part ({absent}).")
    return notes
