"""A plane with axes: cells stand on the pixels of what they cover, and what is known is outlined."""

from __future__ import annotations

import numpy as np

from xviz.drawings import image
from xviz.drawings.payload import unpack
from xviz.drawings.plane import Clock, Plane, blocks, outlines


def test_cells_lie_on_their_pixels() -> None:
    values = np.zeros((4, 6))
    values[1, 2] = 1.0
    drawn = Plane(blocks(values, zoom=(7, 5)), (4, 6))
    assert drawn.pixels.shape == (20, 42, 3)
    x0, y0, x1, y1 = drawn.place([[2, 1, 3, 2]])[0].astype(int)
    assert (drawn.pixels[y0:y1, x0:x1] == 245).all()
    assert (drawn.pixels[y0 - 1, x0:x1] == 20).all()
    assert set(np.unique(drawn.pixels)) == {20, 245}


def test_the_component_is_told_of_ticks_names_and_clock() -> None:
    plane = Plane(
        blocks(np.zeros((4, 6))), (4, 6), ((0.5, "0.8"),), ((0.25, "440"),), ("time (s)", "Hz"), Clock("p", 1, 3)
    )
    sent, _ = unpack(image.regions(plane.pixels, np.zeros((0, 4)), labels=[], look=image.Look(plane)).payload)
    expected = {"x": [[0.5, "0.8"]], "y": [[0.25, "440"]], "names": ["time (s)", "Hz"], "clock": ["p", 1, 3]}
    assert sent["frame"] == expected
    assert unpack(image.regions(plane.pixels, np.zeros((0, 4)), labels=[]).payload)[0]["frame"] is None


def test_outlines_go_round_what_is_known_and_join_neighbours() -> None:
    mask = np.zeros((5, 8), bool)
    mask[1:3, 2:6] = True
    mask[2, 5] = False
    lines = {tuple(line) for line in outlines(mask).tolist()}
    assert lines == {(2, 1, 6, 1), (2, 3, 5, 3), (5, 2, 6, 2), (2, 1, 2, 3), (5, 2, 5, 3), (6, 1, 6, 2)}
    assert len(outlines(np.zeros((3, 3), bool))) == 0
    assert len(outlines(np.ones((3, 3), bool))) == 4, "the border counts"
