"""The probe, leave one out and KernelSHAP, against one sample at a time."""

from __future__ import annotations

from itertools import combinations, islice
from math import comb

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation

from tests.explain import plain, tiny
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.methods.shap import coalitions
from xviz.explain.probe import per_space, players, probe, repeated, shown

occlusion, shap = METHODS["occlusion"].explain, METHODS["shap"].explain


def targets(loaded, run):
    first, second = run.inputs.tokens
    return (
        Target(loaded.card.target),
        Target(loaded.card.target, first, (0,)),
        Target(loaded.card.target, second, (2, 0)),
    )


@pytest.mark.parametrize("batch", [1, 3, 64])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_the_probe_is_the_model_one_sample_at_a_time(key, batch):
    loaded, run = tiny.made(key, absent=True)
    inputs, rng = run.inputs, torch.Generator().manual_seed(1)
    masks = torch.rand(7, len(players(inputs)), generator=rng) < 0.5
    masks[0], masks[1] = True, False  # all, and none at all
    present = shown(inputs, masks)
    for target in targets(loaded, run):
        got = probe(loaded, inputs, target, batch=batch)(repeated(inputs.tokens, 7), present)
        want = [plain.value(loaded, inputs, target, present={n: p[i] for n, p in present.items()}) for i in range(7)]
        np.testing.assert_allclose(got.numpy(), want, atol=1e-12)
    assert probe(loaded, inputs, Target(loaded.card.target))(
        repeated(inputs.tokens, 1), repeated(inputs.present, 1)
    ).item() == pytest.approx(run.outputs[loaded.card.target], abs=1e-12)


def test_players_there_and_back():
    inputs = tiny.inputs_of("mmca-parallel", absent=True)
    assert players(inputs) == [*(("regions", i) for i in (0, 2, 3, 4)), *(("pieces", i) for i in range(3))]
    scores = per_space(inputs, torch.arange(1, 8))
    assert scores["regions"].tolist() == [1, 0, 2, 3, 4]
    assert scores["pieces"].tolist() == [5, 6, 7, 0]


def test_a_model_without_baseline_is_refused():
    loaded, run = tiny.made("two-together")
    loaded.module.baseline = None
    with pytest.raises(ModelError, match="no baseline"):
        occlusion(loaded, run, Target("match"))
    loaded.module.baseline = lambda: {"left": torch.zeros(8)}
    with pytest.raises(ModelError, match=r"lacks \['right'\]"):
        occlusion(loaded, run, Target("match"))


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_occlusion_leaves_out_one_by_one(key, absent):
    loaded, run = tiny.made(key, absent=absent)
    for target in targets(loaded, run):
        got = occlusion(loaded, run, target)
        for space, scores in got.scores.items():
            for i, score in enumerate(scores):
                less = {n: p.clone() for n, p in run.inputs.present.items()}
                less[space][i] = False
                lost = plain.value(loaded, run.inputs, target) - plain.value(loaded, run.inputs, target, present=less)
                assert score == pytest.approx(lost, abs=1e-12)


def test_the_only_focus_token_gets_its_own_effect_and_others_the_interaction():
    loaded, run = tiny.made("mmca-parallel")
    alone = occlusion(loaded, run, Target("score")).scores
    about = occlusion(loaded, run, Target("score", "pieces", (2,))).scores
    assert about["pieces"][2] == pytest.approx(alone["pieces"][2], abs=1e-12)
    without = run.inputs.without({"pieces": (2,)})
    less = occlusion(loaded, tiny.ran(loaded, without), Target("score")).scores
    np.testing.assert_allclose(about["regions"], alone["regions"] - less["regions"], atol=1e-12)


@pytest.mark.parametrize("key", tiny.CARDS)
def test_occlusion_is_captums_feature_ablation(key):
    loaded, run = tiny.made(key, absent=True)
    inputs = run.inputs
    for target in targets(loaded, run):
        value = probe(loaded, inputs, target)
        ablation = FeatureAblation(
            lambda kept, value=value: value(repeated(inputs.tokens, len(kept)), shown(inputs, kept))
        )
        with torch.no_grad():
            want = ablation.attribute(torch.ones(1, len(players(inputs))), perturbations_per_eval=5)[0]
        for space, scores in occlusion(loaded, run, target).scores.items():
            np.testing.assert_allclose(scores, per_space(inputs, want)[space], atol=1e-6)  # Captum's sums are float32


def test_a_space_of_one_token_can_be_left_out():
    loaded = tiny.model(tiny.CARDS["two-together"])
    run = tiny.ran(loaded, tiny.pair_inputs(right=1))
    got = occlusion(loaded, run, Target("match")).scores["right"][0]
    plainly = {**run.inputs.tokens, "right": loaded.module.plain[1:]}
    want = run.outputs["match"] - plain.value(loaded, run.inputs, Target("match"), tokens=plainly)
    assert got == pytest.approx(want, abs=1e-12)


def shapley(loaded, inputs, target):
    """The values themselves, over all coalitions."""
    everyone = players(inputs)
    worth = {}
    for size in range(len(everyone) + 1):
        for group in combinations(range(len(everyone)), size):
            mask = torch.zeros(1, len(everyone))
            mask[0, list(group)] = 1
            present = {name: p[0] for name, p in shown(inputs, mask).items()}
            worth[frozenset(group)] = plain.value(loaded, inputs, target, present=present)
    n, values = len(everyone), np.zeros(len(everyone))
    for player in range(n):
        for group, value in worth.items():
            if player not in group:
                values[player] += (worth[group | {player}] - value) / (n * comb(n - 1, len(group)))
    return values, worth


@pytest.mark.parametrize("focus", [(), (1,)])
def test_shap_comes_to_the_shapley_values(focus):
    loaded = tiny.model(tiny.CARDS["two-together"])
    run = tiny.ran(loaded, tiny.pair_inputs(left=3, right=4))
    target = Target("match", "left" if focus else None, focus)
    want, worth = shapley(loaded, run.inputs, target)
    got = shap(loaded, run, target, n_samples=4000)
    found = np.concatenate(list(got.scores.values()))
    assert np.abs(found - want).max() < 0.05 * np.ptp(want)
    gap = worth[frozenset(range(7))] - worth[frozenset()]
    assert found.sum() == pytest.approx(gap, abs=2e-3 * np.ptp(want))


def test_shap_is_least_squares_over_its_coalitions():
    loaded, run = tiny.made("mmca-parallel", absent=True)
    inputs, target, m = run.inputs, Target("score"), 60
    x = torch.cat(list(islice(coalitions(7, 5), m)))
    y = []
    for row in x:
        present = {name: p[0] for name, p in shown(inputs, row[None]).items()}
        y.append(plain.value(loaded, inputs, target, present=present))
    # the two ends are met exactly: φ_0 = y[none], Σφ = y[all] − y[none]; the last coefficient is what remains
    x, y = x[2:].double().numpy(), np.array(y)
    gap = y[0] - y[1]
    free = np.linalg.lstsq(x[:, :-1] - x[:, -1:], y[2:] - y[1] - x[:, -1] * gap, rcond=None)[0]
    want = np.append(free, gap - free.sum())
    got = shap(loaded, run, target, n_samples=m, seed=5).scores
    np.testing.assert_allclose(np.concatenate([got["regions"][[0, 2, 3, 4]], got["pieces"][:3]]), want, atol=1e-4)


def test_coalitions_have_the_sizes_of_the_kernel():
    drawn = torch.cat(list(islice(coalitions(6, 0), 8_002)))[2:]
    sizes = np.bincount(drawn.sum(1), minlength=7) / len(drawn)
    weights = np.array([0, *(1 / (k * (6 - k)) for k in range(1, 6)), 0])
    np.testing.assert_allclose(sizes, weights / weights.sum(), atol=0.02)
    np.testing.assert_allclose(drawn.double().mean(0), 0.5, atol=0.02)


def test_shap_refuses_too_few_samples():
    loaded, run = tiny.made("mmca-parallel")
    with pytest.raises(ModelError, match="at least 11 samples"):
        shap(loaded, run, Target("score"), n_samples=10)


@pytest.mark.parametrize("key", ["occlusion", "shap", "integrated", "gradient", "gradcam"])
def test_methods_of_the_whole_model_refuse_a_layer_or_head(key):
    loaded, run = tiny.made("mmca-parallel")
    for question in ({"call": "joint.0.attention"}, {"head": 0}):
        with pytest.raises(ModelError, match="explains the whole model"):
            METHODS[key].explain(loaded, run, Target("score"), **question)
