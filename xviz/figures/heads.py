"""Recipes for EEG: topographies of all bands and both directions, and one electrode's row with its matrix.

The heads are MNE's drawing (``mne.viz.plot_topomap``) in our axes, so that they look as readers know them, and stay
vector graphics but for the field of colours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import ModelError
from xviz.core.provenance import Provenance
from xviz.core.tokens import Electrodes
from xviz.figures.caption import caption, limits
from xviz.figures.figure import Figure
from xviz.figures.grid import label_room, matrix_panel
from xviz.figures.lettering import contrasting, fit, write
from xviz.figures.page import Page
from xviz.figures.pair import SPACE, bar, bar_height
from xviz.figures.panel import FINE
from xviz.figures.style import MM, PRESETS, Preset, drawing
from xviz.scale import Scale, number, order, sequential
from xviz.scalp import flat

LEAST = 4  #: electrodes without which there is no topography
EDGE = 0.85  #: radii of the head beyond which names are drawn towards the middle
REACH = 1.28  #: half the side of a head's panel, in radii of the head


@dataclass(frozen=True, eq=False)
class Scalp:
    """The electrodes of a recording, and where they come from."""

    electrodes: Electrodes
    montage: str  #: "10–20 system, 32 electrodes of the BioSemi cap"
    absent: tuple[int, ...] = ()  #: electrodes that the model was not shown
    credit: str = ""  #: origin and licence of the recording

    @property
    def places(self) -> NDArray[np.float64]:
        """(n, 2) on the flat head."""
        return flat(self.electrodes.positions)


def head_panel(
    axes: Axes,
    scalp: Scalp,
    scores: ArrayLike,
    scale: Scale,
    *,
    selected: int | None = None,
    links: Sequence[tuple[int, int, float]] = (),
    names: bool = False,
    size: float = 5.5,
) -> None:
    """One topography, in MNE's drawing.

    Args:
        axes: Square.
        scalp: The electrodes.
        scores: (n,); absent electrodes and those without a place take no part.
        scale: Colours and limits.
        selected: An electrode to mark.
        links: From, to, and strength, drawn the thicker the stronger.
        names: Whether electrodes are named.
        size: Of the names, in points.

    Raises:
        ModelError: fewer than four electrodes have a place and a score.
    """
    from mne.viz import plot_topomap

    places, scores = scalp.places, np.asarray(scores, np.float64)
    good = np.isfinite(places).all(1) & np.isfinite(scores)
    good[list(scalp.absent)] = False
    if good.sum() < LEAST:
        raise ModelError(f"A topography needs {LEAST} electrodes whose place is known; here are {int(good.sum())}.")
    plot_topomap(
        np.clip(scores[good], scale.low, scale.high),
        places[good],
        sphere=(0.0, 0.0, 0.0, 1.0),
        axes=axes,
        show=False,
        cmap=ListedColormap(scale.lut()[1:, :3] / 255),
        vlim=(scale.low, scale.high),
        contours=0,
        sensors=False,
        res=128,
    )
    for line in axes.lines:  # the head's outline, seen on dark fields too
        line.set(linewidth=0.8, path_effects=[withStroke(linewidth=1.8, foreground="white")])
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    axes.set_axis_off()
    most = max((strength for *_, strength in links), default=1.0) or 1.0
    for start, end, strength in links:
        ends = places[[start, end]]
        for colour, more in (("white", 1.2), ("black", 0.0)):
            axes.plot(*ends.T, color=colour, linewidth=0.3 + 1.1 * strength / most + more, solid_capstyle="round")
    inks = [contrasting(colour) for colour in scale.lut()[scale.quantise(np.where(good, scores, np.nan))]]
    for index in np.flatnonzero(good):
        axes.plot(*places[index], "o", color=inks[index], markersize=1.2, markeredgewidth=0)
    axes.plot(*places[list(scalp.absent)].T, "x", color="black", markersize=2.5, markeredgewidth=FINE)
    if selected is not None:
        axes.plot(*places[[selected]].T, "o", color="white", markersize=4, markeredgecolor="black", markeredgewidth=0.8)
    for index in np.flatnonzero(np.isfinite(places).all(1)) if names else ():
        weight = "bold" if index == selected else "normal"
        upwards = any(index == end and places[end, 1] > places[start, 1] for start, end, _ in links)
        where, side = _beside(places[index], upwards)
        ink = inks[index] if good[index] else "black"
        write(axes, *where, scalp.electrodes.names[index], size=size, ha=side, weight=weight, color=ink)


def _beside(place: NDArray[np.float64], upwards: bool) -> tuple[NDArray[np.float64], str]:
    """Where an electrode's name stands and how it is aligned: inside the head, off a line that comes from below."""
    x, y = place
    outer = np.hypot(x, y) > EDGE
    if outer and abs(x) > abs(y):
        return place - (0.06 * np.sign(x), 0.025), "right" if x > 0 else "left"
    if outer:
        return place - (0, 0.16 if y > 0 else -0.1), "center"
    return place - (0, -0.05 if upwards else 0.11), "center"


def heads_figure(
    scalp: Scalp,
    received: Mapping[str, ArrayLike],
    bands: Sequence[str],
    provenance: Provenance,
    *,
    unit: str = "mean attention weight",
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """One row of heads for each direction, one head for each band: the attention that electrodes receive.

    Args:
        scalp: The electrodes.
        received: Direction in words → (electrode, band).
        bands: Names with their frequencies, in two lines.
        provenance: Of the run.
        unit: What a score measures.
        preset: The venue's sizes.

    Raises:
        ModelError: scores and bands do not fit.
    """
    tables = {name: np.asarray(values, np.float64) for name, values in received.items()}
    if any(table.shape != (len(scalp.electrodes), len(bands)) for table in tables.values()):
        raise ModelError(f"There should be scores for {len(scalp.electrodes)} electrodes and {len(bands)} bands.")
    scales = {name: sequential(_kept(scalp, table), label=unit) for name, table in tables.items()}
    with drawing():
        page, y = Page(preset), 0.0
        side = page.inner / len(bands)
        for letter, (name, table) in zip("abcdefgh", tables.items(), strict=False):
            y += page.title(letter, name, 0, y, page.inner)
            for index, band in enumerate(bands):
                y_label = _labelled(page, band, index * side, y, side)
                panel = page.axes(index * side, y + y_label, side, side)
                head_panel(panel, scalp, table[:, index], scales[name], size=page.preset.small_pt)
            y += y_label + side
            y += bar(page, scales[name], _kept(scalp, table), 0, y, page.inner) + SPACE
        drawn = page.finish(y - SPACE)
    told = [
        f"Attention that each electrode receives on the mean over all that ask, {name}, by band ("
        f"{'; '.join(' '.join(band.split()) for band in bands)}; {limits(scales[name])})."
        for name in tables
    ]
    text = caption(preset, told, provenance, credit=scalp.credit, notes=_notes(scalp))
    best = "; ".join(
        f"{name}: {scalp.electrodes.names[int(np.unravel_index(np.nanargmax(t), t.shape)[0])]}"
        for name, t in ((n, _kept(scalp, t)) for n, t in tables.items())
    )
    alt = f"Topographies of received attention in {len(bands)} bands. Strongest electrode, {best}."
    return Figure(drawn, text, provenance.but(figure="heads", preset=preset.key), alt)


def row_figure(
    scalp: Scalp,
    scores: ArrayLike,
    weights: ArrayLike,
    provenance: Provenance,
    *,
    direction: str,
    band: str,
    unit: str,
    selected: int | None = None,
    links: Sequence[tuple[int, int, float]] = (),
    preset: Preset = PRESETS["nature-double"],
) -> Figure:
    """(a) whom an electrode asks, or whom all ask on the mean, (b) the whole matrix.

    Args:
        scalp: The electrodes.
        scores: (electrode,) drawn in (a).
        weights: (electrode, electrode), rows ask.
        provenance: Of the scores.
        direction: "DE asks PSD".
        band: With its frequencies.
        unit: What a score measures.
        selected: The electrode that asks; None for the mean.
        links: Lines to its strongest partners: from, to, strength.
        preset: The venue's sizes.
    """
    scores, weights = np.asarray(scores, np.float64), np.asarray(weights, np.float64)
    names = scalp.electrodes.names
    who = "All electrodes" if selected is None else names[selected]
    scale = sequential(_kept(scalp, scores), label=unit)
    cells = sequential(weights, label="attention weight")
    with drawing():
        page = Page(preset)
        size, room = page.preset.small_pt, label_room(names, page.preset.small_pt) / MM
        beside = page.inner >= 110
        wide = 0.44 * page.inner if beside else page.inner
        high = page.title("a", f"{who} ask{'s' * (selected is not None)}: {direction}, {band}", 0, 0, wide)
        side = min(wide, 75.0)
        panel = page.axes((wide - side) / 2, high, side, side)
        head_panel(panel, scalp, scores, scale, selected=selected, links=links, names=side > 55, size=4.5)
        high += side + bar(page, scale, _kept(scalp, scores), 0, high + side, wide)
        left, top = (wide + 1.5 * SPACE, 0.0) if beside else (0.0, high + SPACE)
        width = page.inner - left
        y = top + page.title("b", "Who asks whom: rows ask", left, top, width)
        side = min(width - room, (page.preset.max_height_mm or 200.0) - y - room - bar_height(page) - 4)
        marks = [] if selected is None else [selected]
        matrix_panel(
            page.axes(left + room, y, side, side), weights, cells, row_labels=names, column_labels=names,
            marked=(marks, ()), size=size,
        )  # fmt: skip
        y += side + room
        y += bar(page, cells, weights, left, y, width)
        drawn = page.finish(max(high, y))
    lines = f"; lines: its {len(links)} strongest partners, the thicker the stronger" if links else ""
    told = [
        f"{'Attention of ' + who if selected is not None else 'Attention received on the mean over all electrodes'}, "
        f"{direction}, {band} ({limits(scale)}{lines}).",
        f"The attention matrix of the same band and direction; rows ask and sum to one ({limits(cells)}).",
    ]
    text = caption(preset, told, provenance, credit=scalp.credit, notes=_notes(scalp))
    strongest = ", ".join(f"{names[i]} ({number(scores[i])})" for i in order(_kept(scalp, scores))[:3])
    alt = f"A head and an attention matrix, {direction}, {band}. Strongest electrodes: {strongest}."
    return Figure(drawn, text, provenance.but(figure="row", preset=preset.key), alt)


def _kept(scalp: Scalp, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values without those of absent electrodes."""
    made = values.copy()
    made[list(scalp.absent)] = np.nan
    return made


def _labelled(page: Page, text: str, left: float, top: float, width: float) -> float:
    """A label of one line or two over a head; its height in mm."""
    size = page.preset.small_pt
    lines = text.split("\n")
    axes = page.axes(left, top, width, 1.3 * size * len(lines) / MM)
    for index, line in enumerate(lines):
        write(axes, width * MM / 2, (index + 0.95) * 1.25 * size, fit(line, size, width * MM), size=size, ha="center")
    return 1.3 * size * len(lines) / MM


def _notes(scalp: Scalp) -> list[str]:
    """Sentences about the electrodes."""
    said = [f"Montage: {scalp.montage}; between electrodes the colours are interpolated (MNE, cubic)."]
    if scalp.absent:
        lost = ", ".join(scalp.electrodes.names[i] for i in scalp.absent)
        said.append(f"Crosses: electrodes that took no part ({lost}).")
    return said
