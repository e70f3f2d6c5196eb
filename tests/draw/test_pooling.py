"""A matrix pooled while its rows come, against the whole of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xviz.draw.blocks import masses
from xviz.draw.pooling import stream


def dense(weights: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """The value of greatest magnitude of every block, cell by cell."""
    rows, columns = weights.shape
    out = np.full((-(-rows // tall), -(-columns // wide)), np.nan, weights.dtype)
    for i, j in np.ndindex(*out.shape):
        block = weights[i * tall : (i + 1) * tall, j * wide : (j + 1) * wide].ravel()
        block = block[~np.isnan(block)]
        if block.size:
            out[i, j] = block[np.abs(block).argmax()]
    return out


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31), rows=st.integers(1, 40), columns=st.integers(1, 40), most=st.integers(1, 12),
    chunk=st.integers(1, 17), gaps=st.booleans(),
)  # fmt: skip
def test_pooled_as_it_comes_is_pooled_at_once(seed, rows, columns, most, chunk, gaps) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(rows, columns))
    if gaps:
        weights[rng.random(weights.shape) < 0.4] = np.nan
    cuts = ([rows // 2] if rows > 1 else [], [columns // 3] if columns > 2 else [])
    parts = [weights[start : start + chunk] for start in range(0, rows, chunk)]
    small = stream(parts, weights.shape, most, cuts)
    assert max(small.weights.shape) <= most
    np.testing.assert_array_equal(small.weights, dense(weights, small.tall, small.wide))
    down, across = np.moveaxis(small.cells(), -1, 0)
    has = ~np.isnan(small.weights)
    np.testing.assert_array_equal(weights[down[has], across[has]], small.weights[has])
    size = np.nan_to_num(np.abs(weights), nan=-1)
    assert [abs(value) for _, _, value in small.strongest if value == value] == [
        s for s in np.sort(size, None)[::-1][:20] if s >= 0
    ]
    for row, column, value in small.strongest:
        np.testing.assert_array_equal(weights[row, column], value)
    heights = np.diff([0, *cuts[0], rows])[:, None]
    np.testing.assert_allclose(small.sums / heights, masses(weights, cuts), atol=1e-12)


def test_a_small_matrix_stays_as_it_is() -> None:
    weights = np.random.default_rng(0).random((7, 9))
    small = stream([weights], weights.shape, 10)
    assert small.exact
    np.testing.assert_array_equal(small.weights, weights)
    assert small.which.dtype == np.uint8


def test_rows_too_few_are_refused() -> None:
    with pytest.raises(ValueError, match="9 rows expected; 4 came"):
        stream([np.zeros((4, 2))], (9, 2), 3)
