"""Attention in a room as the page names it."""

from __future__ import annotations

from xviz.plates.ways import DIRECTIONS, PATCHES, POINTS, mean, sides

__all__ = ["DIRECTIONS", "OLD_DIRECTIONS", "PATCHES", "POINTS", "mean", "sides"]
OLD_DIRECTIONS = {
    "what the picked one attends to": "own",
    "points ask photos": "points",
    "photos ask points": "photos",
    "each side asks itself (encoder)": "within",
}  #: as older links name them
