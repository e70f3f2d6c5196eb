"""Matrices in blocks: what is pooled keeps the strongest cell, what is summed keeps the mass."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.draw.blocks import masses, pooled


def test_masses_are_means_of_rows_and_sum_to_one() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(7), 7)
    shares = masses(weights, ((3,), (2,)))
    np.testing.assert_allclose(shares.sum(1), 1)
    assert shares[0, 1] == pytest.approx(np.mean([weights[i, 2:].sum() for i in range(3)]))


def test_pooling_keeps_the_strongest_cell_and_small_matrices() -> None:
    weights = np.zeros((2500, 10))
    weights[1234, 5] = -3
    strongest, members, block = pooled(weights, 1000)
    assert block == (3, 1)
    assert strongest.shape == (834, 10)
    assert strongest[1234 // 3, 5] == -3
    assert members is not None
    assert members[1234 // 3, 5].tolist() == [1234, 5]
    same, members, block = pooled(weights[:1000], 1000)
    assert same.shape == (1000, 10)
    assert members is None
    assert block == (1, 1)
