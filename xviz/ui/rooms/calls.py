"""Attention in a room as the page asks for it: what was computed before is found again."""

from __future__ import annotations

from functools import partial

from xviz.core.explanation import Explanation
from xviz.core.run import Run
from xviz.plates import ways
from xviz.plates.ways import DIRECTIONS, PATCHES, POINTS, mean, sides
from xviz.ui import cache
from xviz.ui.state import Selection

__all__ = ["DIRECTIONS", "OLD_DIRECTIONS", "PATCHES", "POINTS", "ask", "mean", "received", "sides"]
OLD_DIRECTIONS = {
    "what the picked one attends to": "own",
    "points ask photos": "points",
    "photos ask points": "photos",
    "each side asks itself (encoder)": "within",
}  #: as older links name them


def ask(run: Run, output: str, picked: Selection, direction: str, layer: int | None, head: int | None) -> Explanation:
    """The attention of a picked token; see ``ways.attention``."""
    answer = partial(cache.explain, run)
    return ways.attention(answer, run, output, (picked.space, picked.token), direction, layer, head)


def received(run: Run, output: str, direction: str, layer: int | None, head: int | None) -> Explanation:
    """What each token receives; see ``ways.received``."""
    return ways.received(partial(cache.explain, run), run, output, direction, layer, head)
