"""What holds for every method on every model: the question, the answer, and no trace left behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.explain import plain, tiny
from xviz.core.errors import ModelError
from xviz.core.run import Inputs, Target
from xviz.core.tokens import Joined
from xviz.explain import METHODS

QUICK = {"shap": {"n_samples": 128}, "integrated": {"n_steps": 8}}


def ask(key, loaded, run, target, **question):
    return METHODS[key].explain(loaded, run, target, **QUICK.get(key, {}), **question)


def fits(key, card, target):
    method = METHODS[key]
    return (card.convolutions or not method.needs_convolution) and (target.space or not method.needs_focus)


def questions(loaded, run):
    first, second = run.inputs.tokens
    output = loaded.card.target
    focus = "left" if loaded.card.key == "classes" else second  # in that model the right tokens ask nothing
    return Target(output), Target(output, first, (0,)), Target(output, focus, (0, 2))


@pytest.mark.parametrize("model", tiny.CARDS)
@pytest.mark.parametrize("key", METHODS)
def test_every_method_on_every_model(key, model):
    method, (loaded, run) = METHODS[key], tiny.run_of(model, absent=True)
    for target in questions(loaded, run):
        if not fits(key, loaded.card, target):
            with pytest.raises(ModelError):
                ask(key, loaded, run, target)
            continue
        explanation = ask(key, loaded, run, target)
        assert explanation.method == method.key == key
        assert (explanation.unit, explanation.signed) == (method.unit, method.signed)
        assert explanation.focus == (None if target.space is None else (target.space, target.tokens))
        assert explanation.provenance.options["method"] == key
        assert explanation.provenance.options["target"] == target.output
        assert explanation.provenance.sample_digest == tiny.SAMPLE.digest
        assert explanation.scores
        for name, scores in explanation.scores.items():
            assert not isinstance(run.spaces[name], Joined)
            assert scores.shape == (len(run.spaces[name]),)
            assert scores.any() or key in ("relevance", "gradcam")
            if name in run.inputs.present:
                assert not scores[~run.inputs.present[name].numpy()].any()
        if method.signed:
            assert min(scores.min() for scores in explanation.scores.values()) < 0


@pytest.mark.parametrize("key", METHODS)
def test_the_record_of_a_method_is_for_people(key):
    method = METHODS[key]
    assert METHODS[method.key] is method
    assert method.kind in ("attention", "gradient", "perturbation")
    assert len(method.words) > 80
    assert method.words.endswith(".")
    assert method.source
    assert method.unit


@pytest.mark.parametrize("key", METHODS)
def test_nothing_is_left_behind(key):
    loaded, run = tiny.run_of("mmca-parallel")
    target = Target("score", "pieces", (1,))
    before = {name: value.clone() for name, value in loaded.module.state_dict().items()}
    state, rng = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    ask(key, loaded, run, target)
    assert torch.equal(torch.get_rng_state(), state)
    assert (np.random.get_state()[1] == rng).all()  # noqa: NPY002
    assert all(torch.equal(value, before[name]) for name, value in loaded.module.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in loaded.module.parameters())
    assert all(t.grad is None and not t.requires_grad for t in run.inputs.tokens.values())
    for part in loaded.module.modules():
        assert not part._forward_hooks
        assert not part._forward_pre_hooks
        assert not part._backward_hooks
    assert not loaded.module.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("key", METHODS)
def test_progress_is_told_and_may_cancel(key):
    loaded, run = tiny.run_of("mmca-parallel")
    target, shares = Target("score", "pieces", (1,)), []

    class Cancelled(Exception):
        pass

    def cancel(share, words):
        raise Cancelled

    quiet = ask(key, loaded, run, target)
    explanation = ask(key, loaded, run, target, progress=lambda share, words: shares.append(share))
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    for name, scores in quiet.scores.items():
        np.testing.assert_array_equal(explanation.scores[name], scores)
    with pytest.raises(Cancelled):
        ask(key, loaded, run, target, progress=cancel)
    assert not any(part._forward_hooks for part in loaded.module.modules())
    again = ask(key, loaded, run, target)
    for name, scores in quiet.scores.items():
        np.testing.assert_array_equal(again.scores[name], scores)


def test_threads_that_share_a_model_get_what_they_would_get_alone():
    for model in ("mmca-stacked", "two-together"):
        loaded = tiny.model(tiny.CARDS[model])

        def everything(seed, loaded=loaded, model=model):
            run = tiny.ran(loaded, tiny.inputs_of(model, seed))
            target = Target(loaded.card.target, next(iter(run.inputs.tokens)), (1,))
            return {k: ask(k, loaded, run, target) for k in METHODS if fits(k, loaded.card, target)}

        alone = [everything(seed) for seed in range(6)]
        with ThreadPoolExecutor(6) as pool:
            together = list(pool.map(everything, range(6)))
        for explanations_alone, other in zip(alone, together, strict=True):
            for key, explanation in explanations_alone.items():
                for name, scores in explanation.scores.items():
                    np.testing.assert_array_equal(other[key].scores[name], scores, err_msg=f"{key} {name}")


def permuted(inputs: Inputs, order: dict[str, list[int]]) -> Inputs:
    tokens = {name: t[order[name]] if name in order else t for name, t in inputs.tokens.items()}
    present = {name: p[order[name]] if name in order else p for name, p in inputs.present.items()}
    context = {name: c[order["regions"]] if name == "places" else c for name, c in inputs.context.items()}
    return Inputs(tokens, present, inputs.spaces, context)


@pytest.mark.parametrize("key", [key for key in METHODS if key != "shap"])  # whose coalitions are drawn by position
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_permuted_tokens_have_permuted_scores(key, data):
    for model, spaces in (("mmca-parallel", ("regions",)), ("two-together", ("left", "right"))):  # words have an order
        inputs = tiny.inputs_of(model, absent=True)
        order = {name: data.draw(st.permutations(range(len(inputs.tokens[name])))) for name in spaces}
        loaded = tiny.model(tiny.CARDS[model])
        if not fits(key, loaded.card, Target("", "x")):
            continue
        run_as_it_is, other = tiny.ran(loaded, inputs), tiny.ran(loaded, permuted(inputs, order))
        space = spaces[-1]
        here = ask(key, loaded, run_as_it_is, Target(loaded.card.target, space, (0, 2)))
        there = Target(loaded.card.target, space, (order[space].index(0), order[space].index(2)))
        for name, scores in ask(key, loaded, other, there).scores.items():
            want = here.scores[name][order[name]] if name in order else here.scores[name]
            np.testing.assert_allclose(scores, want, atol=1e-6 if key == "integrated" else 1e-11)


def top(explanation, space):
    return int(np.argmax(explanation.scores[space])) if np.ptp(explanation.scores[space]) > 1e-9 else None


SEES = {
    "look": (), "received": ("regions", "words"), "rollout": ("regions", "words"), "relevance": ("regions", "words"),
    "integrated": ("regions", "words"), "gradient": ("regions", "words"), "gradcam": ("words",),
    "occlusion": ("regions", "words"), "shap": ("regions", "words"),
}  # fmt: skip


@pytest.mark.parametrize("key", METHODS)
def test_planted_truth_is_found(key):
    loaded = tiny.model(tiny.planted(True))
    for seed in range(8):
        region, word = seed % 8, seed % 6
        run = tiny.ran(loaded, tiny.planted_inputs(seed, region, word))
        options = {"n_samples": 150} if key == "shap" else QUICK.get(key, {})
        for space in SEES[key]:
            explanation = METHODS[key].explain(loaded, run, Target("score"), **options)
            assert top(explanation, space) == {"regions": region, "words": word}[space]
        if key == "gradcam":
            continue
        seen = METHODS[key].explain(loaded, run, Target("score", "words", (word,)), **options)
        assert top(seen, "regions") == region
        if key != "received" and METHODS[key].kind != "attention":  # what is owed to another word is nothing
            idle = METHODS[key].explain(loaded, run, Target("score", "words", ((word + 1) % 6,)), **options)
            assert max(np.abs(scores).max() for scores in idle.scores.values()) < 0.02


@pytest.mark.parametrize("key", [key for key in METHODS if SEES[key]])
def test_an_untrained_model_finds_no_more_than_chance(key):
    hits, chance, runs = dict.fromkeys(SEES[key], 0), {"regions": 1 / 8, "words": 1 / 6}, 80
    for seed in range(runs):
        loaded = tiny.model(tiny.planted(False), seed)
        run = tiny.ran(loaded, tiny.planted_inputs(seed, seed % 8, seed % 6))
        options = {"n_samples": 1024} if key == "shap" else QUICK.get(key, {})
        explanation = METHODS[key].explain(loaded, run, Target("score"), **options)
        for space in SEES[key]:
            hits[space] += top(explanation, space) == {"regions": seed % 8, "words": seed % 6}[space]
    for space, count in hits.items():
        p = chance[space]
        assert count <= runs * p + 3.3 * (runs * p * (1 - p)) ** 0.5, f"{space}: {count} of {runs}"


def test_the_planted_answer_depends_on_nothing_else():
    loaded = tiny.model(tiny.planted(True))
    inputs = tiny.planted_inputs(3, 5, 2)
    full = plain.value(loaded, inputs, Target("score"))
    assert full > 1.5
    for space, true in (("regions", 5), ("words", 2)):
        rest = [i for i in range(len(inputs.tokens[space])) if i != true]
        assert plain.value(loaded, inputs.without({space: tuple(rest)}), Target("score")) == pytest.approx(
            full, abs=0.01
        )
        assert abs(plain.value(loaded, inputs.without({space: (true,)}), Target("score"))) < 1e-9


def test_unknown_options_are_refused():
    loaded, run = tiny.run_of("two-together")
    with pytest.raises(TypeError, match="colour"):
        METHODS["occlusion"].explain(loaded, run, Target("match"), colour="red")


def test_a_listed_path_that_is_not_in_the_run_is_refused():
    loaded, run = tiny.run_of("two-together")
    lost = replace(loaded, spec=replace(loaded.card, paths={"match": ("elsewhere",)}))
    with pytest.raises(ModelError, match="elsewhere"):
        METHODS["rollout"].explain(lost, run, Target("match"))
