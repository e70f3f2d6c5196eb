"""The bars panel: a few numbers per label, one bar for each method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from xviz.draw.scale import number
from xviz.figures.lettering import fit, width_of, write
from xviz.figures.panel import FINE, THIN, in_points

INKS = ("#004488", "#ddaa33", "#bb5566", "#888888", "#000000")  #: Tol's high-contrast scheme, grey and black


def bars_panel(
    axes: Axes,
    labels: Sequence[str],
    values: Mapping[str, ArrayLike],
    *,
    unit: str,
    limits: tuple[float, float] | None = None,
    size: float = 5.5,
) -> None:
    """Horizontal bars from zero, one group per label and one bar per method, with numbers, an axis and a key.

    Args:
        axes: At least (methods + 0.6) · 1.25 text sizes high per label, and four more for key and axis.
        labels: (n,).
        values: Method → (n,), finite; at most five methods.
        unit: What the axis measures.
        limits: Ends of the axis; from the values where None.
        size: Of the text, in points.
    """
    if not 1 <= len(values) <= len(INKS):
        raise ValueError(f"bars are drawn for 1 to {len(INKS)} methods; {len(values)} came")
    width, height = in_points(axes)
    table = np.array([np.asarray(v, np.float64) for v in values.values()])  # methods, labels
    low, high = limits or (min(0.0, table.min(initial=0.0)), max(0.0, table.max(initial=0.0)) or 1.0)
    texts = [fit(label, size, 0.4 * width) for label in labels]
    left = max((width_of(t, size) for t in texts), default=0.0) + 0.6 * size
    figures = 3.2 * size  # room for a number beside a bar
    left += figures * (low < 0)
    x_of = partial(np.interp, xp=(low, high), fp=(left, width - figures))
    key, foot = 1.8 * size * (len(values) > 1), 3.2 * size
    step = (height - key - foot) / max(len(labels), 1)
    bar = step / (len(values) + 0.6)
    for row, text in enumerate(texts):
        middle = key + (row + 0.5) * step
        write(axes, 0, middle + 0.36 * size, text, size=size)
        for which, value in enumerate(table[:, row]):
            y = middle + (which - len(values) / 2) * bar
            ends = sorted((x_of(0.0), x_of(value)))
            axes.add_patch(Rectangle((ends[0], y), ends[1] - ends[0], 0.9 * bar, facecolor=INKS[which], linewidth=0))
            said = {"ha": "right" if value < 0 else "left", "size": size}
            beside = x_of(value) + (-0.3 if value < 0 else 0.3) * size
            write(axes, beside, y + bar / 2 + 0.36 * size, number(value), **said)
    _axis(axes, {v: x_of(v) for v in (low, 0.0, high)}, key, height - foot, unit, size)
    if key:
        _key(axes, list(values), left, size)


def _axis(axes: Axes, ticks: Mapping[float, float], top: float, base: float, unit: str, size: float) -> None:
    """A horizontal axis at ``base`` with ticks (value → x), a zero line up to ``top``, and its unit below."""
    axes.plot([min(ticks.values()), max(ticks.values())], [base] * 2, color="black", linewidth=THIN, clip_on=False)
    axes.plot([ticks[0.0]] * 2, [top, base], color="black", linewidth=FINE)
    for value, x in ticks.items():
        axes.plot([x, x], [base, base + 2], color="black", linewidth=THIN)
        write(axes, x, base + 2 + 1.1 * size, number(value), size=size, ha="center")
    middle = (min(ticks.values()) + max(ticks.values())) / 2
    write(axes, middle, base + 2 + 2.3 * size, unit, size=size, ha="center")


def _key(axes: Axes, names: Sequence[str], x: float, size: float) -> None:
    """Colour patches with names in a row, on top."""
    room = (in_points(axes)[0] - x) / len(names)
    for name, ink in zip(names, INKS, strict=False):
        axes.add_patch(Rectangle((x, 0.2 * size), 0.9 * size, 0.9 * size, facecolor=ink, linewidth=0))
        write(axes, x + 1.2 * size, size, fit(name, size, room - 2 * size), size=size)
        x += room
