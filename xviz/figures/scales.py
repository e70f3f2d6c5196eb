"""Scales for figures: those of `draw.scale`, in the colours and limits of the look in which a figure is drawn."""

from __future__ import annotations

from numpy.typing import ArrayLike

from xviz.draw import scale
from xviz.draw.scale import Scale
from xviz.figures.look import dressed


def sequential(
    scores: ArrayLike, *, limits: tuple[float, float] | None = None, label: str = "score", unit: str = ""
) -> Scale:
    """A scale for one-sided scores, as `draw.scale.sequential` makes it, dressed."""
    plain = scale.sequential(scores, limits=limits, label=label, unit=unit)
    return dressed(plain, scores, fixed=limits is not None)


def diverging(scores: ArrayLike, *, limit: float | None = None, label: str = "score", unit: str = "") -> Scale:
    """A scale for signed scores, as `draw.scale.diverging` makes it, dressed."""
    plain = scale.diverging(scores, limit=limit, label=label, unit=unit)
    return dressed(plain, scores, fixed=limit is not None)
