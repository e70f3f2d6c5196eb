"""Recipes: whole figures out of explanations, ready for a column of a paper."""

from __future__ import annotations

from xviz.figures.match import match_figure
from xviz.figures.methods import methods_figure
from xviz.figures.pair import Pair, scale_for
from xviz.figures.room import Overlay, room_figure
from xviz.figures.scanned import Room
from xviz.figures.views import Background, views_figure

__all__ = [
    "Background",
    "Overlay",
    "Pair",
    "Room",
    "match_figure",
    "methods_figure",
    "room_figure",
    "scale_for",
    "views_figure",
]
