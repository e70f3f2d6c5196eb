"""The probe, leave one out and KernelSHAP, against one sample at a time."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb
from zlib import crc32

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation
from scipy.stats import spearmanr

from tests.explain import plain, tiny
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.core.tokens import Pieces
from xviz.explain import METHODS
from xviz.explain.methods import occlusion as occlusion_method
from xviz.explain.methods import shap as shap_method
from xviz.explain.methods.shap import draw, estimate, game
from xviz.explain.methods.shap import players as players_of_shap
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
    loaded, run = tiny.run_of(key, absent=True)
    inputs, rng = run.inputs, torch.Generator().manual_seed(1)
    masks = torch.rand(7, len(players(inputs)), generator=rng) < 0.5
    masks[0], masks[1] = True, False  # all, and none at all
    present = shown(inputs, masks)
    for target in targets(loaded, run):
        outputs = probe(loaded, inputs, target, batch=batch)(repeated(inputs.tokens, 7), present)
        want = [plain.value(loaded, inputs, target, present={n: p[i] for n, p in present.items()}) for i in range(7)]
        np.testing.assert_allclose(outputs.numpy(), want, atol=1e-12)
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
    loaded, run = tiny.run_of("two-together")
    loaded.module.baseline = None
    with pytest.raises(ModelError, match="no baseline"):
        occlusion(loaded, run, Target("match"))
    loaded.module.baseline = lambda: {"left": torch.zeros(8)}
    with pytest.raises(ModelError, match=r"lacks \['right'\]"):
        occlusion(loaded, run, Target("match"))


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_occlusion_leaves_out_one_by_one(key, absent):
    loaded, run = tiny.run_of(key, absent=absent)
    for target in targets(loaded, run):
        explanation = occlusion(loaded, run, target)
        for space, scores in explanation.scores.items():
            for i, score in enumerate(scores):
                less = {n: p.clone() for n, p in run.inputs.present.items()}
                less[space][i] = False
                lost = plain.value(loaded, run.inputs, target) - plain.value(loaded, run.inputs, target, present=less)
                assert score == pytest.approx(lost, abs=1e-12)


def test_what_one_model_gave_is_not_taken_for_another_that_lies_where_it_lay():
    """Weights of a model that is gone are at the address of another's sooner or later."""
    loaded, run = tiny.run_of("mmca-parallel")
    before = occlusion(loaded, run, Target("score")).scores["regions"]
    twin, _ = tiny.run_of("mmca-parallel")  # written to as often
    for tensor, other in zip(twin.module.parameters(), loaded.module.parameters(), strict=True):
        tensor.data = other.data
    for tensor, other in zip(twin.module.buffers(), loaded.module.buffers(), strict=True):
        tensor.data = other.data
    twin.module.register_forward_hook(lambda module, given, outputs: {name: 2 * out for name, out in outputs.items()})
    after = occlusion(twin, run, Target("score")).scores["regions"]
    np.testing.assert_allclose(after, 2 * before, atol=1e-12)


def test_the_only_focus_token_gets_its_own_effect_and_others_the_interaction():
    loaded, run = tiny.run_of("mmca-parallel")
    alone = occlusion(loaded, run, Target("score")).scores
    about = occlusion(loaded, run, Target("score", "pieces", (2,))).scores
    assert about["pieces"][2] == pytest.approx(alone["pieces"][2], abs=1e-12)
    without = run.inputs.without({"pieces": (2,)})
    less = occlusion(loaded, tiny.ran(loaded, without), Target("score")).scores
    np.testing.assert_allclose(about["regions"], alone["regions"] - less["regions"], atol=1e-12)


@pytest.mark.parametrize("pairs", [512, 2])
def test_what_two_tokens_lose_together_is_asked_of_the_model_once(monkeypatch, pairs):
    monkeypatch.setattr(occlusion_method, "PAIRS", pairs)
    loaded, run = tiny.run_of("mmca-parallel")
    asked = []
    loaded.module.register_forward_hook(lambda module, given, outputs: asked.append(len(outputs["score"])))
    count = len(players(run.inputs))
    first = occlusion(loaded, run, Target("score", "regions", (1,))).scores
    assert sum(asked) == (2 * count if pairs > count else 2 * (count + 1))  # without it alone is known in advance
    asked.clear()
    told = []
    second = occlusion(
        loaded, run, Target("score", "pieces", (2,)), progress=lambda share, _: told.append(share)
    ).scores
    assert sum(asked) == (count - 2 if pairs > count else count + 1)
    assert first["pieces"][2] == pytest.approx(second["regions"][1], abs=1e-12)
    assert told == sorted(told)
    assert told[-1] <= 1
    if pairs > count:
        assert first["pieces"][2] == second["regions"][1]
        for space, token in players(run.inputs):  # the last has nothing left to ask
            about = occlusion(loaded, run, Target("score", space, (token,)), progress=lambda *_: None).scores
            assert about["regions"][1] == pytest.approx(first[space][token], abs=1e-12)


@pytest.mark.parametrize("key", tiny.CARDS)
def test_a_sample_repeated_without_copies_is_the_same_as_copies(key):
    """Layers that look at one token alone see such a batch once (``models.layers.once``)."""
    loaded, run = tiny.run_of(key)
    inputs, rng = run.inputs, torch.Generator().manual_seed(2)
    present = shown(inputs, torch.rand(5, len(players(inputs)), generator=rng) < 0.7)
    value = probe(loaded, inputs, Target(loaded.card.target))
    whole = repeated(inputs.tokens, 5)
    copies = {name: tokens.clone() for name, tokens in whole.items()}
    np.testing.assert_allclose(value(whole, present), value(copies, present), atol=1e-12)
    for tokens in copies.values():
        tokens.requires_grad_()
    once_for_all = {name: tokens.clone().requires_grad_() for name, tokens in inputs.tokens.items()}
    value(copies, present).sum().backward()
    value({n: t.expand(5, *t.shape) for n, t in once_for_all.items()}, present).sum().backward()
    for name, tokens in copies.items():
        np.testing.assert_allclose(once_for_all[name].grad, tokens.grad.sum(0), atol=1e-10)


@pytest.mark.parametrize("key", tiny.CARDS)
def test_occlusion_is_captums_feature_ablation(key):
    loaded, run = tiny.run_of(key, absent=True)
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
    score = occlusion(loaded, run, Target("match")).scores["right"][0]
    plainly = {**run.inputs.tokens, "right": loaded.module.plain[1:]}
    want = run.outputs["match"] - plain.value(loaded, run.inputs, Target("match"), tokens=plainly)
    assert score == pytest.approx(want, abs=1e-12)


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
def test_shap_of_few_tokens_is_exact(focus):
    loaded = tiny.model(tiny.CARDS["two-together"])
    run = tiny.ran(loaded, tiny.pair_inputs(left=3, right=4))
    target = Target("match", "left" if focus else None, focus)
    want, worth = shapley(loaded, run.inputs, target)
    explanation = shap(loaded, run, target)
    np.testing.assert_allclose(np.concatenate(list(explanation.scores.values())), want, atol=1e-12)
    numbers = explanation.facts.numbers
    assert (numbers["exact"], numbers["samples"], explanation.facts.ranked) == (True, 2**7, True)
    assert numbers["value"] - numbers["value_of_none"] == pytest.approx(worth[frozenset(range(7))] - worth[frozenset()])


def test_the_pieces_of_a_word_are_one_player():
    loaded, inputs = tiny.run_of("mmca-parallel")[0], tiny.inputs_of("mmca-parallel", absent=True)
    of_word = np.array([0, 1, 1, 2])
    spaces = {**inputs.spaces, "pieces": Pieces("pieces", ("a", "b", "##c", "d"), of_word, ("a", "bc", "d"))}
    run = tiny.ran(loaded, replace(inputs, spaces=spaces))
    groups = players_of_shap(run.inputs)
    words = [[i for _, i in group] for group in groups if group[0][0] == "pieces"]
    here = np.flatnonzero(run.inputs.present["pieces"])
    assert sorted(i for word in words for i in word) == here.tolist()
    assert all(len({of_word[i] for i in word}) == 1 for word in words)
    assert len(words) == len({of_word[i] for i in here})
    worth = {}
    for size in range(len(groups) + 1):
        for some in combinations(range(len(groups)), size):
            present = {name: torch.zeros(len(p), dtype=torch.bool) for name, p in run.inputs.present.items()}
            for player in some:
                for name, token in groups[player]:
                    present[name][token] = True
            worth[frozenset(some)] = plain.value(loaded, run.inputs, Target("score"), present=present)
    scores, n = shap(loaded, run, Target("score")).scores, len(groups)
    for player, group in enumerate(groups):
        want = sum(
            (worth[some | {player}] - value) / (n * comb(n - 1, len(some)))
            for some, value in worth.items()
            if player not in some
        )
        for name, token in group:
            assert scores[name][token] == pytest.approx(want / len(group), abs=1e-10)


def additive(count, seed=0):
    """A game of known Shapley values: a player's own, half of what each pair adds, a third of what each trio adds."""
    rng = np.random.default_rng(seed)
    own, pair, trio = rng.normal(size=count), np.triu(rng.normal(size=(count, count)), 1), rng.normal(size=count - 2)

    def ask(coalitions):
        x = coalitions.astype(float)
        return x @ own + ((x @ pair) * x).sum(1) + x[:, :-2] * x[:, 1:-1] * x[:, 2:] @ trio + 3.0

    values = own + (pair + pair.T).sum(1) / 2
    for at in range(count - 2):
        values[at : at + 3] += trio[at] / 3
    return ask, values


def test_pairs_cancel_what_two_players_add():
    rng = np.random.default_rng(3)
    own, pair = rng.normal(size=14), np.triu(rng.normal(size=(14, 14)), 1)
    values, facts = estimate(lambda c: c @ own + ((c @ pair) * c).sum(1), 14, first=200, most=200, seed=1)
    np.testing.assert_allclose(values, own + (pair + pair.T).sum(1) / 2, atol=1e-9)
    assert facts.numbers["rank_correlation_of_two_seeds"] == pytest.approx(1)
    assert facts.numbers["standard_error"] < 1e-9


def test_shap_comes_to_the_shapley_values_with_an_honest_error():
    ask, want = additive(16)
    few, facts = estimate(ask, 16, first=400, most=400, seed=0)
    many, finer = estimate(ask, 16, first=40_000, most=40_000, seed=0)
    assert np.abs(many - want).max() < 0.02 * np.ptp(want)
    assert many.sum() == pytest.approx(want.sum(), abs=1e-9)  # the constraint is met, whatever the samples
    assert few.sum() == pytest.approx(want.sum(), abs=1e-9)
    assert finer.numbers["standard_error"] < facts.numbers["standard_error"] / 5
    for values, of_estimate in ((few, facts), (many, finer)):
        real = np.sqrt(np.mean((values - want) ** 2))
        assert 0.4 < real / of_estimate.numbers["standard_error"] < 2.5


def test_shap_is_least_squares_over_its_coalitions():
    """Restated: all coalitions of sizes 1 and n − 1 at the kernel's weight, the drawn ones share what is left of it."""
    ask, _ = additive(9)
    values, _ = estimate(ask, 9, first=98, most=98, seed=5)
    n, single = 9, np.concatenate([np.eye(9, dtype=bool), ~np.eye(9, dtype=bool)])
    drawn = np.concatenate([draw(n, (98 - 20) // 4, np.random.default_rng([5, half])) for half in (0, 1)])
    kernel = {s: (n - 1) / (comb(n, s) * s * (n - s)) for s in range(1, n)}
    mass = {s: kernel[s] * comb(n, s) for s in kernel}
    inner = sum(mass[s] for s in range(2, n - 1))
    weights = np.r_[np.full(2 * n, kernel[1]), np.full(len(drawn), inner / len(drawn))]
    x = np.concatenate([single, drawn]).astype(float)
    none, every = ask(np.array([[False] * n, [True] * n]))
    y = ask(np.concatenate([single, drawn])) - none
    root = np.sqrt(weights)[:, None]  # the last value is what remains of the sum
    free = np.linalg.lstsq(root * (x[:, :-1] - x[:, -1:]), root[:, 0] * (y - x[:, -1] * (every - none)), rcond=None)[0]
    np.testing.assert_allclose(values, np.append(free, every - none - free.sum()), atol=1e-9)


def test_coalitions_have_the_sizes_of_the_kernel_and_their_complements():
    drawn = draw(7, 20_000, np.random.default_rng(0))
    assert (drawn[::2] == ~drawn[1::2]).all()
    sizes = np.bincount(drawn.sum(1), minlength=8) / len(drawn)
    weights = np.array([0, 0, *(1 / (k * (7 - k)) for k in range(2, 6)), 0, 0])
    np.testing.assert_allclose(sizes, weights / weights.sum(), atol=0.01)
    for size in range(2, 6):
        np.testing.assert_allclose(drawn[drawn.sum(1) == size].mean(0), size / 7, atol=0.02)


def test_two_seeds_settle_the_ranking_or_it_is_refused():
    ask, _ = additive(20)
    values, facts = estimate(ask, 20, first=256, most=65_536, seed=0)
    assert facts.ranked
    assert facts.numbers["rank_correlation_of_two_seeds"] >= 0.9
    assert facts.numbers["samples"] < 65_536
    assert not facts.warnings
    count = facts.numbers["samples"]  # as many at once are the same ones
    np.testing.assert_allclose(estimate(ask, 20, first=count, most=count, seed=0)[0], values, atol=1e-10)
    other, _ = estimate(ask, 20, first=256, most=65_536, seed=1)
    assert spearmanr(values, other).statistic > 0.9

    def noise(coalitions):
        return np.array([crc32(row.tobytes()) % 1000 for row in coalitions]) / 1000.0

    _, facts = estimate(noise, 20, first=256, most=1024, seed=0)
    assert not facts.ranked
    assert facts.numbers["samples"] <= 1024
    assert f"{facts.numbers['rank_correlation_of_two_seeds']:.2f}" in facts.warnings[0]
    assert "standard error" in facts.notes[0]


def test_the_time_of_a_slow_model_ends_too(monkeypatch):
    ask, _ = additive(20)
    monkeypatch.setattr(shap_method, "SECONDS", 0.0)
    assert estimate(ask, 20, first=256, most=65_536, seed=0)[1].numbers["samples"] <= 256


def test_coalitions_without_the_focus_need_no_run():
    loaded, run = tiny.run_of("mmca-parallel")
    target, groups = Target("score", "pieces", (2,)), players_of_shap(run.inputs)
    coalitions = np.random.default_rng(0).random((40, len(groups))) < 0.5
    values = game(loaded, run.inputs, target, groups)(coalitions)
    for row, value in zip(coalitions, values, strict=True):
        present = {name: torch.zeros(len(p), dtype=torch.bool) for name, p in run.inputs.present.items()}
        for player in np.flatnonzero(row):
            for name, token in groups[player]:
                present[name][token] = True
        assert value == pytest.approx(plain.value(loaded, run.inputs, target, present=present), abs=1e-12)


def test_shap_refuses_too_few_samples():
    loaded, run = tiny.run_of("mmca-parallel")
    least = 2 * len(players_of_shap(run.inputs)) + 6
    with pytest.raises(ModelError, match=f"at least {least} samples"):
        shap(loaded, run, Target("score"), n_samples=least - 1)


@pytest.mark.parametrize("key", ["occlusion", "shap", "integrated", "gradient", "gradcam"])
def test_methods_of_the_whole_model_refuse_a_layer_or_head(key):
    loaded, run = tiny.run_of("mmca-parallel")
    for question in ({"call": "joint.0.attention"}, {"head": 0}):
        with pytest.raises(ModelError, match="explains the whole model"):
            METHODS[key].explain(loaded, run, Target("score"), **question)
