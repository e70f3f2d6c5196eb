"""Curves and agreement against sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tests.explain import plain, tiny
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.faithfulness import agreement, curves


def scored(scores, space="regions") -> Explanation:
    return Explanation({space: scores}, "given", "out", "points", True, Provenance("", "", "", "", ""))


@pytest.mark.parametrize("kind", ["deletion", "insertion"])
def test_curves_follow_the_orders_one_sample_at_a_time(kind):
    loaded, run = tiny.run_of("mmca-parallel", absent=True)
    target = Target("score", "pieces", (0,))
    followed = curves(loaded, run, target, scored([0.1, 9.0, 0.3, -0.2, 0.3]), "regions", kind=kind, seeds=3)
    assert followed.shares.tolist() == [0, 0.25, 0.5, 0.75, 1]  # token 1 is absent, whatever its score

    def along(order):
        values = []
        for count in range(5):
            here = set(order[:count]) if kind == "insertion" else set(order) - set(order[:count])
            present = run.inputs.present["regions"].clone()
            present[:] = False
            present[list(here)] = True
            values.append(plain.value(loaded, run.inputs, target, present={**run.inputs.present, "regions": present}))
        return values

    best = [2, 4, 0, 3]  # equal scores in the order of the tokens
    np.testing.assert_allclose(followed.ranked, along(best), atol=1e-12)
    np.testing.assert_allclose(followed.inverse, along(best[::-1]), atol=1e-12)
    for seed in range(3):
        np.testing.assert_allclose(
            followed.random[seed], along(list(np.random.default_rng(seed).permutation([0, 2, 3, 4]))), atol=1e-12
        )
    ends = followed.ranked[[0, -1]] if kind == "deletion" else followed.ranked[[-1, 0]]
    assert ends[0] == pytest.approx(plain.value(loaded, run.inputs, target), abs=1e-12)
    np.testing.assert_allclose(followed.random[:, [0, -1]], np.tile(followed.ranked[[0, -1]], (3, 1)), atol=1e-12)


def test_tokens_of_several_spaces_go_together_in_one_order():
    loaded, run = tiny.run_of("two-together")
    target = Target("match")
    left, right = len(run.inputs.tokens["left"]), len(run.inputs.tokens["right"])
    rng = np.random.default_rng(0)
    scores = {"left": rng.random(left), "right": rng.random(right)}
    explanation = Explanation(scores, "given", "out", "points", True, Provenance("", "", "", "", ""))
    followed = curves(loaded, run, target, explanation, "left+right", seeds=1)
    order = np.argsort(-np.concatenate(list(scores.values())))
    for count in (1, 4, left + right - 1):
        gone = order[:count]
        present = {name: here.clone() for name, here in run.inputs.present.items()}
        present["left"][gone[gone < left].copy()] = False
        present["right"][(gone[gone >= left] - left).copy()] = False
        if any(not here.any() for here in present.values()):
            continue
        assert followed.ranked[count] == pytest.approx(
            plain.value(loaded, run.inputs, target, present=present), abs=1e-12
        )


def test_fewer_steps_keep_the_ends_and_the_true_shares():
    loaded, run = tiny.run_of("two-together")
    followed = curves(loaded, run, Target("match"), scored(np.arange(7.0), "right"), "right", steps=3, seeds=1)
    assert followed.shares.tolist() == [0, 2 / 7, 5 / 7, 1]


def test_area_band_and_what_is_beaten():
    loaded = tiny.model(tiny.planted(True))
    run = tiny.ran(loaded, tiny.planted_inputs(0, 3, 4))
    best = METHODS["occlusion"].explain(loaded, run, Target("score"))
    deletion = curves(loaded, run, Target("score"), best, "regions", seeds=40)
    insertion = curves(loaded, run, Target("score"), best, "regions", kind="insertion", seeds=40)
    full = run.outputs["score"]
    # the one region goes first: the score falls from full to zero within the first of eight steps
    assert deletion.area(deletion.ranked) == pytest.approx(full / 16, rel=1e-3)
    assert deletion.area(deletion.inverse) == pytest.approx(full * 15 / 16, rel=1e-2)
    assert insertion.area(insertion.ranked) == pytest.approx(full * 15 / 16, rel=1e-2)
    firsts = sum(np.random.default_rng(seed).permutation(8)[0] == 3 for seed in range(40))
    assert deletion.beaten() >= 1 - firsts / 40 - 1e-9
    low, high = deletion.band()
    np.testing.assert_array_equal(low, np.quantile(deletion.random, 0.025, axis=0))
    assert (low <= high).all()
    assert high[1] == pytest.approx(full, rel=1e-2)


def test_curves_refuse_what_they_cannot_order():
    loaded, run = tiny.run_of("mmca-parallel")
    with pytest.raises(ModelError, match="no scores for “regions”"):
        curves(loaded, run, Target("score"), METHODS["gradcam"].explain(loaded, run, Target("score")), "regions")
    with pytest.raises(ModelError, match="deletion or insertion"):
        curves(loaded, run, Target("score"), scored(np.zeros(5)), "regions", kind="both")


numbers = st.lists(st.integers(-3, 3), min_size=6, max_size=6)


@given(a=numbers, b=numbers)
def test_rank_correlation_is_scipys(a, b):
    spearman = agreement(scored(a), scored(b), "regions").spearman
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert spearman is None
    else:
        assert spearman == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)


def test_overlap_beside_chance():
    a, b = scored([9, 8, 7, 1, 2, 3, 0, 0]), scored([9, 0, 7, 8, 0, 0, 0, 0])
    compared = agreement(a, b, "regions", k=3)
    assert (compared.overlap, compared.chance, compared.k, compared.n) == (2 / 3, 3 / 8, 3, 8)
    assert agreement(a, b, "regions", k=99).chance == 1
    with pytest.raises(ModelError, match="do not both score"):
        agreement(a, scored([1.0]), "regions")
    with pytest.raises(ModelError, match="at least one"):
        agreement(a, b, "regions", k=0)


def test_chance_is_the_mean_overlap_of_random_orders():
    rng = np.random.default_rng(0)
    overlaps = [agreement(scored(rng.random(8)), scored(rng.random(8)), "regions", k=3).overlap for _ in range(4000)]
    assert np.mean(overlaps) == pytest.approx(3 / 8, abs=0.015)
