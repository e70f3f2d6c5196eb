"""The matrix panel: cells as vectors, blocks on limits of their own, labels at their cells, shares beside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.figures.test_panels import canvas, check_inside
from xviz.draw.scale import Scale, sequential
from xviz.figures.grid import matrix_panel
from xviz.figures.quadrants import limits, told
from xviz.figures.sides import Group, Side


def cell(axes, row: int, column: int, ys, xs) -> np.ndarray:
    """The colour (0–255) painted last over the middle of a cell."""
    x, y = (xs[column] + xs[column + 1]) / 2, (ys[row] + ys[row + 1]) / 2
    found = None
    for cells in axes.collections:
        for path, colour in zip(cells.get_paths(), cells.get_facecolors(), strict=True):
            if path.contains_point((x, y)):
                found = colour
    return np.round(found[:3] * 255)


def test_matrix_cells_labels_and_shares():
    weights = np.array([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375], [0.0, 0.25, np.nan]])
    axes = Figure(figsize=(4, 4), dpi=300).add_axes((0.3, 0.3, 0.4, 0.4))
    scale = sequential(weights)
    side = Side.of(Group(("1", "2"), "regions"), Group(("cat",), "words", (0,)))
    matrix_panel(axes, weights, scale, rows=side, columns=side, shares=True, numbers=True)
    expected = scale.lut()[scale.quantise(weights)][..., :3]
    expected[2, 2] = 255
    edges = np.unique(np.concatenate(side.edges(axes.get_xlim()[1], 5.5)))  # 0, 1, 2, then a gap, 3 and 4
    edges = np.array([edges[0], edges[1], edges[2], edges[4]])
    for row, column in np.ndindex(3, 3):
        np.testing.assert_array_equal(cell(axes, row, column, edges, edges), expected[row, column])
    texts_drawn = [t.get_text() for t in axes.texts]
    for line in ("from regions", "0.69 to regions", "0.31 to words", "0.25 to regions", "0.00 to words", "–", "0.375"):
        assert line in texts_drawn
    assert [t.get_text() for t in axes.texts if t.get_fontweight() == "bold"] == ["cat"] * 2
    assert texts_drawn.count("2 regions") == 2
    check_inside(axes.figure)


@pytest.mark.parametrize("count", [128, 129])
def test_cells_are_vectors_up_to_128_a_side_and_a_picture_above(count: int):
    axes = canvas()
    weights = np.random.default_rng(0).random((count, count))
    matrix_panel(axes, weights, sequential(weights))
    assert bool(axes.images) == (count > 128)
    assert bool(axes.collections) == (count <= 128)


def test_each_block_is_painted_on_its_own_limits():
    weights, side = np.diag([0.9, 0.8, 0.01]), Side.of(Group(("1", "2"), "regions"), Group(("cat",), "words"))
    scales = limits(weights, (side, side))
    assert [[scale.high for scale in row] for row in scales] == [[0.9, 1.0], [1.0, 0.01]]
    axes = canvas(100, 100)
    matrix_panel(axes, weights, scales, rows=side, columns=side)
    edges = side.edges(100.0, 5.5)[1]
    strongest = np.round(scales[1][1].lut()[-1, :3])
    np.testing.assert_array_equal(cell(axes, 0, 0, edges, edges), strongest)
    assert isinstance(limits(weights, (side, side), own=False), Scale)
    assert isinstance(limits(np.full((3, 3), 0.3), (side, side)), Scale), "one scale does for all"
    said = told(scales, weights, (side, side), "")
    assert "regions to regions 0 … 0.9; regions to words all 0; words to regions all 0; words to words 0 … 0.01" in said


@given(
    st.lists(st.tuples(st.integers(1, 150), st.booleans()), min_size=1, max_size=5), st.floats(60, 500),
    st.sampled_from([5.0, 6.0, 7.0]),
)  # fmt: skip
def test_labels_stand_at_their_cells_a_line_apart(groups, extent, size):
    side = Side(tuple(Group([f"token {i}" for i in range(count)], "kind", all=every) for count, every in groups))
    edges = side.edges(extent, size)
    assert edges[0][0] == 0
    assert edges[-1][-1] == pytest.approx(extent)
    assert all((np.diff(at) > 0).all() for at in edges)
    places = [at for _, at, _ in side.shown(edges, size)]
    assert not places or np.diff(places).min(initial=99) >= 1.05 * size - 1e-6


def test_a_group_whose_words_would_not_fit_is_given_room_by_the_larger_one():
    side = Side.of(Group([""] * 36, "regions", all=False), Group([f"word{i}" for i in range(20)], "words"))
    edges = side.edges(180.0, 6.0)
    assert len(side.shown(edges, 6.0)) == 20
    assert np.diff(edges[0])[0] < np.diff(edges[1])[0] == pytest.approx(1.05 * 6)


def test_ticks_below_stand_at_their_cells_and_no_turned_label_is_lost_or_leaves_the_cells():
    side, size = Side.of(Group([f"a long name {i}" for i in range(100)])), 7.0
    axes = canvas(100, 100)
    matrix_panel(axes, np.eye(100), sequential(np.eye(100)), columns=side, size=size)
    shown = side.shown(side.edges(100.0, size), size)
    ticks = [line.get_xdata()[0] for line in axes.lines if line.get_xdata()[0] == line.get_xdata()[1]]
    labels = [text for text in axes.texts if text.get_rotation() == 90]
    assert ticks == pytest.approx([x for _, x, _ in shown])
    assert [text.get_text() for text in labels] == [label for label, *_ in shown]
    places = [text.get_position()[0] for text in labels]
    assert np.diff(places).min() >= 1.05 * size - 1e-6
    assert places[-1] == pytest.approx(100 - 1.05 * size / 2)
    assert places[-1] < ticks[-1]


def test_names_under_braces_take_a_second_line_before_they_are_cut():
    side, size = Side.of(*(Group(["a"] * n, "tokens", brace=f"view {n}, pooled: {n} tokens") for n in (9, 4))), 7.0
    assert [lines for lines, *_ in side.braces(side.edges(300.0, size), size, side.lines(size, 300.0))] == [
        ("view 9, pooled: 9 tokens",), ("view 4, pooled: 4 tokens",),
    ]  # fmt: skip
    assert side.brace(size, 300.0) < side.brace(size, 130.0) == side.brace(size)
    found = side.braces(side.edges(130.0, size), size, side.lines(size, 130.0))
    assert [lines for lines, *_ in found] == [("view 9, pooled:", "9 tokens"), ("view 4, pooled:", "4 tokens")]
    assert side.lines(size, 80.0) == 3
    assert side.braces(side.edges(80.0, size), size, 3)[1][0] == ("view 4,", "pooled:", "4 tokens")
    assert side.braces(side.edges(130.0, size), size, 1)[0][0][0].endswith("…"), "where there is no room for two"
