"""Matrices in blocks: what is summed keeps the mass."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.draw.blocks import masses


def test_masses_are_means_of_rows_and_sum_to_one() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(7), 7)
    shares = masses(weights, ((3,), (2,)))
    np.testing.assert_allclose(shares.sum(1), 1)
    assert shares[0, 1] == pytest.approx(np.mean([weights[i, 2:].sum() for i in range(3)]))
