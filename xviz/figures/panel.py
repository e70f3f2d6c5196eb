"""Panels: functions that draw plain arrays into matplotlib axes, in points, readable in print and without colour.

Each panel measures its axes and draws in points from the top left corner; labels of a matrix stand outside the axes,
in the room that ``label_room`` and ``block_room`` tell. Call them inside ``style.drawing()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from xviz.draw.scale import Scale, number
from xviz.figures.cells import paint
from xviz.figures.lettering import contrasting, fit, flow, width_of, write
from xviz.figures.look import look
from xviz.figures.raster import heat, shrunk
from xviz.figures.style import MM

THIN, FINE = 0.5, 0.25  #: widths of lines in points


def in_points(axes: Axes) -> tuple[float, float]:
    """Width and height of the axes in points; from now on its units, counted from the top left corner."""
    axes.set_axis_off()
    width, height = (float(v) * 72 / axes.figure.dpi for v in axes.bbox.size)
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="auto")
    return width, height


@dataclass(frozen=True, eq=False)
class Marks:
    """What is outlined on a picture."""

    selected: int | None = None  #: a region to mark with a dashed outline and an “S”
    focus: ArrayLike | None = None  #: (4,) a box that is none of the regions, with a dashed outline alone
    known: ArrayLike | None = None  #: (m, 4) line segments in pixels around a place that is known, drawn dotted
    top: int = 3  #: how many regions get an outline at most; one with a score of 0 gets none
    scores: bool = True  #: whether the score stands beside the rank
    ranks: Mapping[int, int] | None = None  #: region → rank, in the place of the ``top`` strongest of this picture


STRONGEST = Marks()


def picture_panel(
    axes: Axes,
    pixels: NDArray[np.uint8],
    boxes: ArrayLike,
    scores: ArrayLike,
    scale: Scale,
    *,
    marks: Marks = STRONGEST,
    size: float = 5.5,
) -> None:
    """A picture in grey under the colours of its regions; the strongest outlined, ranked and with scores.

    Where boxes overlap, a pixel has the score of greatest magnitude among them, as on the screen.

    Args:
        axes: Filled whole; give it the picture's aspect ratio.
        pixels: (height, width, 3), 0–255.
        boxes: (n, 4) left, top, right, bottom in pixels.
        scores: (n,), NaN for a region without one.
        scale: Colours and limits.
        marks: What is outlined.
        size: Of the ranks, in points.
    """
    width, height = in_points(axes)
    selected = marks.selected
    boxes, scores = np.asarray(boxes, np.float64).reshape(-1, 4), np.asarray(scores, np.float64)
    small, factor = shrunk(pixels, width / 72)
    painted = heat(small, boxes * factor, scores, scale)
    axes.imshow(painted, extent=(0, width, height, 0), interpolation="none", aspect="auto")
    axes.set(xlim=(0, width), ylim=(height, 0))

    def placed(boxes: NDArray) -> NDArray:
        within = boxes * ([width / pixels.shape[1], height / pixels.shape[0]] * 2)
        return np.clip(within, 0.5, [width - 0.5, height - 0.5] * 2)

    places = placed(boxes)
    scored = np.isfinite(scores) & (scores != 0)  # a cell with nothing is not among the strongest
    chosen = look()
    strongest = [i for i in np.argsort(-np.abs(scores), kind="stable") if scored[i]][: chosen.marked(marks.top)]
    ranks = {index: rank for rank, index in enumerate(strongest, 1)}
    if marks.ranks is not None:
        strongest, ranks = list(marks.ranks), dict(marks.ranks)
    for index in [*(reversed(strongest) if chosen.outlines else ()), *(() if selected is None else (selected,))]:
        outline(axes, places[index], dashed=index == selected)
    if marks.focus is not None:
        outline(axes, placed(np.asarray(marks.focus, np.float64)), dashed=True)
    if marks.known is not None:
        _dotted(axes, np.asarray(marks.known) * ([width / pixels.shape[1], height / pixels.shape[0]] * 2))
    called = strongest if chosen.callouts else ()
    named = {
        index: f"{ranks[index]}: {number(scores[index])}" if marks.scores else str(ranks[index]) for index in called
    }
    if selected is not None:
        named = {**named, selected: f"S, {named[selected]}" if selected in named else "S"}
    tags: list[NDArray] = []
    for index, text in named.items():
        tags.append(_tag(axes, places[index], text, tags, [places[i] for i in named], size))


def outline(axes: Axes, box: NDArray, *, dashed: bool) -> None:
    """A box in points as a dark line on a light one, so that it shows on any picture."""
    corner, sides = box[:2], box[2:] - box[:2]
    for colour, width, style in (("white", 1.6, "-"), ("black", 0.7, (0, (3, 2)) if dashed else "-")):
        axes.add_artist(  # limits are known
            Rectangle(corner, *sides, fill=False, edgecolor=colour, linewidth=width, linestyle=style, joinstyle="miter")
        )


def _dotted(axes: Axes, segments: NDArray) -> None:
    """Line segments in points, dark dots on a light line."""
    for colour, width, style in (("white", 1.4, "-"), ("black", 1.0, (0, (1, 1.2)))):
        lines = LineCollection(segments.reshape(-1, 2, 2), color=colour, linewidth=width, linestyle=style, zorder=1)
        axes.add_collection(lines, autolim=False)  # below texts


def _tag(
    axes: Axes, box: NDArray, text: str, tags: Sequence[NDArray], boxes: Sequence[NDArray], size: float
) -> NDArray:
    """A text on white at a box, where it hides no other text and little of small boxes; its place (4,) in points."""
    (left, top, right, bottom), edges = box, in_points(axes)
    extent = np.array([width_of(text, size) + 0.5 * size, 1.3 * size])
    wide, tall = extent
    beside = [(x, y) for x in (left - wide, right) for y in (top, bottom - tall)]
    corners = [(x, y) for y in (top - tall, bottom, top, bottom - tall) for x in (left, right - wide)] + beside
    corners += [(x, y) for y in np.arange(0, edges[1] - tall, tall) for x in (left, right - wide)]
    spots = [np.clip(corner, 0, np.maximum(0, edges - extent)) for corner in corners]
    grounds = [np.r_[spot, spot + extent] for spot in spots]
    shift = [float(np.abs(spot - corner).sum()) / 100 for spot, corner in zip(spots, corners, strict=True)]
    hidden = _overlaps(np.array(grounds), np.reshape(tags, (-1, 4))).sum(1)
    covered = (_overlaps(np.array(grounds), np.reshape(boxes, (-1, 4))) / [_area(each) for each in boxes]).sum(1)
    cost = 1e3 * hidden + covered + shift + (np.arange(len(grounds)) >= 12)
    ground = grounds[int(np.argmin(cost))]
    axes.add_artist(Rectangle(ground[:2], wide, tall, facecolor="white", edgecolor="black", linewidth=FINE))
    write(axes, ground[0] + 0.25 * size, ground[1] + 1.02 * size, text, size=size)
    return ground


def _overlaps(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """The area that each of some boxes (n, 4) shares with each of others (m, 4), (n, m)."""
    first, second = first[:, None], second[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2])
    return np.maximum(sides, 0).prod(2)


def _area(box: NDArray) -> float:
    """The area of a box, at least one square point."""
    return max(1.0, float((box[2:] - box[:2]).prod()))


def words_panel(
    axes: Axes,
    words: Sequence[str],
    scores: ArrayLike,
    scale: Scale,
    *,
    selected: Sequence[int] = (),
    size: float = 6.5,
) -> None:
    """Words set like text, each on the colour of its score; selected ones framed.

    Where the scale is signed, words below zero are underlined, so that their sign survives a print in grey.

    Args:
        axes: As wide as the lines shall be, and ``lettering.words_height`` high.
        words: (n,) in reading order; right to left where most of them are.
        scores: (n,), NaN for a word without one.
        scale: Colours and limits.
        selected: Words to frame.
        size: Of the text, in points.
    """
    width, _ = in_points(axes)
    colours = scale.lut()[scale.quantise(scores)]  # (n, 4)
    below = scale.diverging & (np.asarray(scores, np.float64) < 0)
    for index, (chip, colour) in enumerate(zip(flow(words, size, width), colours, strict=True)):
        ground = colour / 255 if colour[3] else (1, 1, 1, 1)
        axes.add_patch(Rectangle((chip.x, chip.y), chip.width, chip.height, facecolor=ground, linewidth=0))
        if index in selected:
            # a light gap between ground and frame shows on dark grounds
            frame = (chip.x - 0.7, chip.y - 0.7), chip.width + 1.4, chip.height + 1.4
            axes.add_patch(Rectangle(*frame, fill=False, edgecolor="black", linewidth=0.8, clip_on=False))
        ink = contrasting(colour) if colour[3] else "black"
        if below[index]:
            ends = [chip.x + 0.25 * size, chip.x + chip.width - 0.25 * size]
            axes.plot(ends, [chip.y + 1.33 * size] * 2, color=ink, linewidth=THIN, solid_capstyle="butt")
        write(axes, chip.x + chip.width / 2, chip.y + 1.08 * size, chip.text, size=size, ha="center", color=ink)


def bar_width(scale: Scale, scores: ArrayLike, size: float) -> float:
    """Points that the colour bar of some scores needs so that nothing beside it is cut."""
    return 5 * MM + width_of(f"≥ {number(scale.low)}{number(scale.high)}{scale.legend(scores)}", size) + 1.7 * size


def colour_bar(
    axes: Axes, scale: Scale, scores: ArrayLike = (), *, size: float = 5.5, length: float = 12 * MM, named: bool = True
) -> None:
    """One line: lowest limit, colours, highest limit, what is measured; “≤” and “≥” where scores lie beyond.

    Args:
        axes: About 1.6 text sizes high.
        scale: What to tell.
        scores: What was drawn with it.
        size: Of the text, in points.
        length: Of the colours, in points.
        named: Whether what is measured stands beside it.
    """
    width, height = in_points(axes)
    finite, slack = np.asarray(scores, np.float64).ravel(), 1e-6 * (scale.high - scale.low)
    below, above = bool((finite < scale.low - slack).any()), bool((finite > scale.high + slack).any())
    low, high = f"{'≤ ' * below}{number(scale.low)}", f"{'≥ ' * above}{number(scale.high)}"
    legend = scale.legend(finite)
    base, x = height / 2 + 0.36 * size, 0.0
    write(axes, x, base, low, size=size)
    x += width_of(low, size) + 0.4 * size
    free = width - x - width_of(high, size) - 1.3 * size
    length = max(5 * MM, min(length, free - width_of(legend, size) * named))
    top, bottom = height / 2 - 0.45 * size, height / 2 + 0.45 * size
    colours = scale.lut()[None, 1:, :3]
    paint(axes, colours, np.linspace(x, x + length, colours.shape[1] + 1), np.array([top, bottom]))
    axes.add_patch(Rectangle((x, top), length, bottom - top, fill=False, edgecolor="black", linewidth=FINE))
    if scale.diverging:
        axes.plot([x + length / 2] * 2, [top, bottom], color="black", linewidth=FINE)
    x += length + 0.4 * size
    write(axes, x, base, high, size=size)
    x += width_of(high, size) + 0.8 * size
    if named and width - x > 3 * size:
        write(axes, x, base, fit(legend, size, width - x), size=size)
