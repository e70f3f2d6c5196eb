"""Charts in Plotly, one look for all: units on the axes, values on hover, one colour for one meaning in both themes.

A chart has an alternative text, and where a point or a bar means something a click on it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import ArrayLike

from xviz.ui import state

FIRST, SECOND, REFERENCE = "#3b7dd8", "#c26a00", "#8a8a8a"  #: told apart by colour-blind readers and in grey, too
COLOURS = (FIRST, SECOND, REFERENCE)
BAND = "rgba(138, 138, 138, 0.25)"
NAMED = 8  #: marks whose names stand in the chart, at most
BETWEEN = 0.25  #: of a row that is left between bars
ROW, ROWS, AXIS = 20, 15, 56  #: px: the height of a bar's row, where several stand together, and of an axis
STRETCHES = 230  #: px: the height of a chart on which a stretch is chosen

ABOVE = {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left", "traceorder": "normal"}
ROOM = 44  #: px to the right of axes, for values and words that stand there

Pick = Callable[[int, int], None]  #: called with the number of the line or bar series and of the point in it


@dataclass(frozen=True)
class Axis:
    """What an axis shows."""

    title: str  #: with its unit
    format: str = ""  #: of its numbers, as d3 writes it: ".0%"
    values: str = ".3g"  #: of the values beside bars, as Python and d3 write it
    limits: tuple[float, float] | None = None  #: None: those of the data
    zero: str = ""  #: what zero means; of a vertical axis, a dashed line with these words where there are any


@dataclass(frozen=True)
class Band:
    """An area between two lines, such as a confidence band."""

    low: ArrayLike
    high: ArrayLike


def lines(
    x: ArrayLike,
    values: Mapping[str, ArrayLike],
    axes: tuple[Axis, Axis],
    *,
    key: str,
    alt: str,
    band: Band | None = None,
    pick: Pick | None = None,
    height: int = 340,
) -> None:
    """Draw lines over one another.

    Args:
        x: (n,) where the values are, for all lines.
        values: Name of the line → (n,) values; the third and later lines are grey, the references.
        axes: Horizontal and vertical.
        key: Of the chart on its page; another key is another chart, in which nothing is picked.
        alt: What a reader who cannot see it is told.
        band: Drawn behind the lines.
        pick: Called with the line and its point that a visitor clicks.
        height: In pixels.
    """
    drawn = tuple((name, _numbers(heights)) for name, heights in values.items())
    area = None if band is None else (_numbers(band.low), _numbers(band.high))
    _picked(_lines(_numbers(x), drawn, axes, area, pick is not None, height), key, alt, pick)


Numbers = tuple[float, ...]


def _numbers(values: ArrayLike) -> Numbers:
    return tuple(np.asarray(values, np.float64).tolist())


@lru_cache(maxsize=256)
def _lines(
    x: Numbers, values: tuple[tuple[str, Numbers], ...], axes: tuple[Axis, Axis], band: tuple[Numbers, Numbers] | None,
    picked: bool, height: int,
) -> go.Figure:  # fmt: skip
    """The figure, built once: Plotly takes longer to build one than a page takes for all else that a click changes."""
    figure = go.Figure()
    mode = "lines+markers" if picked else "lines"
    for number, (name, heights) in enumerate(values):
        colour = COLOURS[min(number, len(COLOURS) - 1)]
        dash = "dot" if colour == REFERENCE else "solid"
        figure.add_scatter(
            x=x, y=heights, name=name, mode=mode, line={"color": colour, "dash": dash}, marker={"size": 7},
            unselected={"marker": {"opacity": 0.5}},
        )  # fmt: skip
    if band is not None:
        edge = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(y=band[0], **edge)
        figure.add_scatter(y=band[1], fill="tonexty", fillcolor=BAND, **edge)
    if axes[1].zero:
        figure.add_hline(y=0, line={"color": REFERENCE, "width": 1, "dash": "dash"}, annotation_text=axes[1].zero)
    figure.update_layout(height=height, legend=ABOVE, hovermode="closest" if picked else "x unified")
    _axes(figure, axes)
    return _framed(figure, ROOM)


def bars(
    names: Sequence[str],
    values: Mapping[str, Sequence[float]],
    axis: Axis,
    *,
    key: str,
    alt: str,
    strong: str = "",
    pick: Pick | None = None,
) -> None:
    """Draw a bar for every name, the first on top, and beside it those of further series.

    Args:
        names: What the bars are of.
        values: Name of the series → a value for every name.
        axis: Of the values.
        key: Of the chart on its page.
        alt: What a reader who cannot see it is told.
        strong: The name whose bars stand out; none where it is empty.
        pick: Called with the series and the bar that a visitor clicks.
    """
    drawn = tuple((series, _numbers(lengths)) for series, lengths in values.items())
    _picked(_bars(tuple(names), drawn, axis, strong), key, alt, pick)


def bars_height(names: int, series: int) -> int:
    """Pixels of a chart of so many bars for each of so many series."""
    return _row(series) * names * max(1, series) + AXIS + 24 * (series > 1)


def _row(series: int) -> int:
    return ROW if series == 1 else ROWS


@lru_cache(maxsize=256)
def _bars(names: tuple[str, ...], values: tuple[tuple[str, Numbers], ...], axis: Axis, strong: str) -> go.Figure:
    """The figure, built once, as lines are."""
    figure, row = go.Figure(), _row(len(values))
    for number, (series, lengths) in enumerate(values):
        colour = COLOURS[0] if number == 0 else REFERENCE
        opacity = [1.0 if name == strong or not strong else 0.5 for name in names]
        figure.add_bar(
            y=names, x=lengths, name=series, orientation="h",
            marker={"color": colour, "opacity": opacity},
            hovertemplate="%{y}: %{x:" + axis.values + "}<extra>" + series + "</extra>",
            unselected={"marker": {"opacity": 0.5}},
        )  # fmt: skip
        lower = row * (1 - BETWEEN) * (number - (len(values) - 1) / 2)
        for name, length in zip(names, lengths, strict=True):  # a bar with a text of its own cannot be picked
            figure.add_annotation(
                x=length, y=name, text=format(length, axis.values), font={"size": 12 if len(values) == 1 else 11},
                showarrow=False, xanchor="left", xshift=2, yshift=-lower,
            )  # fmt: skip
    figure.update_layout(
        height=bars_height(len(names), len(values)), barmode="group", bargap=BETWEEN, showlegend=len(values) > 1,
        legend=ABOVE,
    )  # fmt: skip
    _axes(figure, (axis, Axis("")))
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return _framed(figure, ROOM)


@dataclass(frozen=True)
class Span:
    """A stretch of the horizontal axis that is shaded."""

    start: float
    end: float
    label: str = ""  #: stands in the chart where there are few
    bad: bool = False


def stretches(
    x: ArrayLike,
    values: Mapping[str, ArrayLike],
    axes: tuple[Axis, Axis],
    *,
    key: str,
    alt: str,
    chosen: Span,
    marks: Sequence[Span],
    drag: Callable[[float, float], None],
) -> None:
    """Draw lines on a logarithmic axis, what is marked in them, and the chosen stretch; dragging chooses another.

    Args:
        x: (n,) where the values are, for all lines.
        values: Name of the line → (n,) values above zero.
        axes: Horizontal and vertical.
        key: Of the chart on its page.
        alt: What a reader who cannot see it is told.
        chosen: The stretch with an outline.
        marks: What is shaded: red where it is bad, grey else.
        drag: Called with the edges of the stretch that a visitor drags over.
    """
    figure = go.Figure()
    for name, colour in zip(values, COLOURS, strict=False):
        figure.add_scatter(x=x, y=values[name], name=name, mode="lines", line={"color": colour, "width": 1})
    for mark in marks:
        colour = "#d0021b" if mark.bad else REFERENCE
        words = {"annotation_text": mark.label, "annotation_font_size": 10} if len(marks) <= NAMED else {}
        figure.add_vrect(
            x0=mark.start, x1=mark.end, fillcolor=colour, opacity=0.25, line_width=0, layer="below", **words,
            **({"annotation_position": "top left"} if words else {}),
        )  # fmt: skip
    figure.add_vrect(x0=chosen.start, x1=chosen.end, line={"color": FIRST, "width": 2}, fillcolor=FIRST, opacity=0.12)
    figure.update_layout(height=STRETCHES, legend=ABOVE, hovermode="x unified", selectdirection="h")
    _axes(figure, axes)
    figure.update_yaxes(type="log", dtick="D2")
    figure.update_layout(dragmode="select")

    def dragged() -> None:
        if (edges := state.dragged_stretch(key)) is not None:
            drag(*edges)

    draw(figure, key, alt, room=ROOM, on_select=dragged, selection_mode="box")


def _axes(figure: go.Figure, axes: tuple[Axis, Axis]) -> None:
    for update, axis in zip((figure.update_xaxes, figure.update_yaxes), axes, strict=True):
        update(
            title_text=axis.title, tickformat=axis.format or None, range=axis.limits, automargin=True, fixedrange=True
        )  # fmt: skip


def _picked(figure: go.Figure, key: str, alt: str, pick: Pick | None) -> None:
    """The figure, as ``_framed`` left it; a click on a point of it is answered where there is an answer."""
    if pick is None:
        _shown(figure, key, alt)
        return

    def picked() -> None:
        points = state.picked_points(key)
        if points:
            pick(*points[0])

    _shown(figure, key, alt, on_select=picked, selection_mode="points")


def draw(figure: go.Figure, key: str, alt: str, *, room: int = 8, **select: Any) -> Any:
    """Put a figure on the page in the theme of the app, without a tool bar; nothing of it is fetched from elsewhere.

    Args:
        figure: With its height.
        key: Of the chart on its page.
        alt: What a reader who cannot see it is told.
        room: Pixels to the right of its axes.
        select: ``on_select`` and ``selection_mode`` of ``st.plotly_chart``, whose answer is returned.
    """
    return _shown(_framed(figure, room), key, alt, **select)


def _framed(figure: go.Figure, room: int) -> go.Figure:
    """The figure with its margins; what is kept for others is not changed after this."""
    top = 4 if figure.layout.showlegend is False else 24
    return figure.update_layout(margin={"l": 8, "r": room, "t": top, "b": 8})


def _shown(figure: go.Figure, key: str, alt: str, **select: Any) -> Any:
    config = {"displayModeBar": False, "scrollZoom": False}
    return st.plotly_chart(figure, key=key, alt=alt, config=config, **select)
