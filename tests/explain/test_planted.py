from __future__ import annotations

import numpy as np
import pytest

from xviz.explain.planted import HITS, chance, fit


def test_a_map_is_held_against_the_size_of_the_truth() -> None:
    truth = np.zeros((32, 5))
    truth.flat[: HITS * 2 : 2] = -np.arange(1, HITS + 1.0)
    right = fit(np.abs(truth), truth)
    assert (right.correlation, right.hits) == (pytest.approx(1.0), 1.0)
    assert fit(-truth, truth) == right
    assert fit(np.abs(truth) == 0, truth).hits == 0
    assert fit(np.ones((32, 5)), truth).correlation == 0


def test_chance_is_what_random_maps_reach() -> None:
    expected = chance(160)
    assert expected.correlation == pytest.approx(1.645 / 159**0.5, abs=0.02)  # normal approximation of Spearman's test
    assert 0.125 <= expected.hits <= 0.25  # hypergeometric: mean 1.6 of 16
    truth = np.random.default_rng(5).standard_normal(160)
    fits = [fit(np.random.default_rng(seed).random(160), truth) for seed in range(200)]
    assert np.mean([drawn.correlation < expected.correlation for drawn in fits]) == pytest.approx(0.95, abs=0.04)
