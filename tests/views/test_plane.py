"""A plane with axes: cells stand on the pixels of what they cover."""

from __future__ import annotations

import numpy as np

from xviz.views.plane import GROUND, framed


def test_cells_lie_on_their_pixels() -> None:
    plane = np.zeros((4, 6))
    plane[1, 2] = 1.0
    drawn = framed(plane, x_ticks=[(3, "0.5")], y_ticks=[(2, "440")], names=("time (s)", "Hz"), zoom=(7, 5))
    x0, y0, x1, y1 = drawn.place([[2, 1, 3, 2]])[0].astype(int)
    assert (drawn.pixels[y0:y1, x0:x1] == 245).all()
    assert (drawn.pixels[y0 - 1, x0:x1] == 20).all()
    left, top, right, bottom = drawn.place([[0, 0, 6, 4]])[0].astype(int)
    inner = drawn.pixels[top:bottom, left:right]
    assert set(np.unique(inner)) == {20, 245}


def test_ticks_and_names_stand_in_the_margins() -> None:
    bare = framed(np.zeros((40, 60)), x_ticks=[], y_ticks=[], names=("", ""))
    told = framed(np.zeros((40, 60)), x_ticks=[(30, "0.5")], y_ticks=[(20, "440")], names=("time (s)", "Hz"))
    changed = (bare.pixels != told.pixels).any(-1)
    left, top, right, bottom = told.place([[0, 0, 60, 40]])[0].astype(int)
    assert changed[:, :left].any()
    assert changed[bottom:].any()
    assert not changed[top:bottom, left:right].any()
    assert (bare.pixels[-1] == GROUND).all()
