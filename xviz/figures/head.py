"""One topography: MNE's drawing in our axes, so that it looks as readers know it, and vector graphics throughout.

MNE draws the field between electrodes as an image; here it becomes filled contours, cut at the same circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import ModelError
from xviz.core.tokens import Electrodes
from xviz.draw.scale import Scale
from xviz.draw.scalp import flat, rim
from xviz.figures.lettering import contrasting, write, write_haloed
from xviz.figures.panel import FINE

LEAST = 4  #: electrodes without which there is no topography
EDGE = 0.93  #: radii of the head beyond which names are drawn outside
STEPS = 48  #: of colour in the field
LINK = "#d0021b"  #: colour of lines to partners
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
    _as_contours(axes, scale)
    for line in axes.lines:  # the head's outline, seen on dark fields too
        line.set(linewidth=0.8, path_effects=[withStroke(linewidth=1.8, foreground="white")])
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    axes.set_axis_off()
    strongest = max((strength for *_, strength in links), default=1.0) or 1.0
    for start, end, strength in links:
        ends = places[[start, end]]
        for colour, more in (("white", 1.0), (LINK, 0.0)):
            axes.plot(*ends.T, color=colour, linewidth=0.4 + 1.4 * strength / strongest + more, solid_capstyle="round")
    inks = [contrasting(colour) for colour in scale.lut()[scale.quantise(np.where(good, scores, np.nan))]]
    for index in np.flatnonzero(good):
        ring = index in scalp.electrodes.interpolated
        looks = (
            {"markersize": 2.4, "fillstyle": "none", "markeredgewidth": FINE}
            if ring
            else {"markersize": 1.2, "markeredgewidth": 0}
        )
        axes.plot(*places[index], "o", color=inks[index], **looks)
    axes.plot(*places[list(scalp.absent)].T, "x", color="black", markersize=2.5, markeredgewidth=FINE)
    if selected is not None:
        axes.plot(*places[[selected]].T, "o", color="white", markersize=4, markeredgecolor="black", markeredgewidth=0.8)
    if names:
        _names(axes, scalp, np.where(good, inks, "black"), selected, links, size)


def _as_contours(axes: Axes, scale: Scale) -> None:
    """MNE's image of the field as filled contours, cut at the same circle."""
    image = axes.images[0]
    values, (left, right, low, high) = image.get_array(), image.get_extent()
    rows, columns = values.shape
    drawn = axes.contourf(
        left + (np.arange(columns) + 0.5) * (right - left) / columns,
        low + (np.arange(rows) + 0.5) * (high - low) / rows,
        np.clip(values, scale.low, scale.high),
        np.linspace(scale.low, scale.high, STEPS + 1),
        cmap=image.get_cmap(),
        norm=image.norm,
        zorder=0,
    )
    drawn.set(edgecolor="face", linewidth=0.25)  # no seam between two steps
    drawn.set_clip_path(image.get_clip_path())
    image.remove()


def _names(
    axes: Axes,
    scalp: Scalp,
    inks: NDArray[np.str_],
    selected: int | None,
    links: Sequence[tuple[int, int, float]],
    size: float,
) -> None:
    """The electrodes' names: of outer ones outside the head, of others below, or above a line that comes from below."""
    places = scalp.places
    edge = rim(places) + 0.04
    for index in np.flatnonzero(np.isfinite(places).all(1)):
        point, looks = places[index], {"weight": "bold" if index == selected else "normal"}
        away = np.hypot(*point)
        if away > EDGE:
            side = "center" if abs(point[0]) < 0.25 * away else "left" if point[0] > 0 else "right"
            write(axes, *point * edge / away, scalp.electrodes.marked[index], size=size, ha=side, va="center", **looks)
            continue
        upwards = any(index == end and places[end, 1] > places[start, 1] for start, end, _ in links)
        ground = "black" if inks[index] == "white" else "white"
        write_haloed(
            axes,
            *point - (0, -0.05 if upwards else 0.11),
            scalp.electrodes.marked[index],
            size=size,
            ground=ground,
            ha="center",
            color=inks[index],
            **looks,
        )
