"""Integrated gradients, gradient × input and Grad-CAM against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.explain import plain, tiny
from xviz import engine
from xviz.core.errors import ModelError
from xviz.core.features import twin_of
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.methods.gradients import completeness, integrate

integrated, times_input, gradcam = (METHODS[key].explain for key in ("integrated", "gradient", "gradcam"))


def gradient(loaded, run, target, tokens):
    """d target / d tokens, one sample, by autograd alone."""
    tokens = {name: t.detach().clone().requires_grad_() for name, t in tokens.items()}

    def output(present):
        batch = engine.batched(tokens), engine.batched(present), engine.batched(run.inputs.context)
        return loaded.module(*batch)[target.output][0]

    value = output(run.inputs.present)
    if target.space is not None:
        value = value - output(run.inputs.without({target.space: target.tokens}).present)
    grads = torch.autograd.grad(value, list(tokens.values()))
    return dict(zip(tokens, grads, strict=True))


def targets(loaded, run):
    first, second = run.inputs.tokens
    return (
        Target(loaded.card.target),
        Target(loaded.card.target, first, (0,)),
        Target(loaded.card.target, second, (2, 0)),
    )


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_integrated_gradients_are_the_mean_gradient_times_the_way(key, absent):
    loaded, run = tiny.run_of(key, absent=absent)
    points, weights = np.polynomial.legendre.leggauss(7)
    plainly = {n: loaded.module.baseline()[n].expand_as(t) for n, t in run.inputs.tokens.items()}
    for target in targets(loaded, run):
        total = dict.fromkeys(plainly, 0.0)
        for at, weight in zip((points + 1) / 2, weights / 2, strict=True):
            tokens = {n: plainly[n] + at * (t - plainly[n]) for n, t in run.inputs.tokens.items()}
            for name, grad in gradient(loaded, run, target, tokens).items():
                total[name] = total[name] + weight * grad
        explanation = integrated(loaded, run, target, n_steps=7)
        for name, tokens in run.inputs.tokens.items():
            want = ((tokens - plainly[name]) * total[name]).sum(-1)
            np.testing.assert_allclose(explanation.scores[name], want, atol=2e-6)  # Captum's step weights are float32


@pytest.mark.parametrize("key", tiny.CARDS)
def test_integrated_gradients_are_complete_up_to_the_recorded_delta(key):
    loaded, run = tiny.run_of(key)
    plainly = {n: loaded.module.baseline()[n].expand_as(t) for n, t in run.inputs.tokens.items()}
    for target in targets(loaded, run):
        explanation = integrated(loaded, run, target)
        gap = plain.value(loaded, run.inputs, target) - plain.value(loaded, run.inputs, target, tokens=plainly)
        total = sum(scores.sum() for scores in explanation.scores.values())
        delta = explanation.provenance.options["delta"]
        assert total - gap == pytest.approx(delta, abs=1e-6)
        assert abs(delta) < (1e-6 if not key.startswith("mmca") else 0.02)  # the maximum over places has kinks
        numbers = explanation.facts.numbers
        assert numbers["completeness_gap"] == delta
        assert numbers["value"] == pytest.approx(plain.value(loaded, run.inputs, target), abs=1e-6)
        assert numbers["value"] - numbers["value_of_baseline"] == pytest.approx(gap, abs=1e-6)
        assert f"{numbers['completeness_gap_share']:.1%} of the difference" in explanation.facts.notes[0]


def test_steps_are_added_until_the_gap_is_small():
    loaded, run = tiny.run_of("two-together")
    target = Target("match")
    tried = [integrate(loaded, run, target, steps=(count,)) for count in (1, 2, 32)]
    assert [attempt.small for attempt in tried] == [False, False, True]
    assert integrate(loaded, run, target, steps=(1, 2, 32, 64)).steps == 32
    least = min(tried[:2], key=lambda attempt: abs(attempt.gap))
    assert integrate(loaded, run, target, steps=(1, 2)).gap == least.gap


def test_a_large_gap_is_a_warning():
    facts = completeness(1.0, 0.5, -0.2, 3)
    assert facts.numbers["completeness_gap_share"] == pytest.approx(0.4)
    assert "40%" in facts.warnings[0]
    assert not completeness(1.0, 0.5, 0.02, 3).warnings
    assert facts.ranked


def test_more_steps_come_closer():
    loaded, run = tiny.run_of("two-together")
    few, many = (abs(integrated(loaded, run, Target("match"), n_steps=n).provenance.options["delta"]) for n in (2, 32))
    assert many < few / 100
    with pytest.raises(ModelError, match="at least one step"):
        integrated(loaded, run, Target("match"), n_steps=0)


@pytest.mark.parametrize("key", tiny.CARDS)
def test_gradient_times_the_way_from_the_baseline(key):
    loaded, run = tiny.run_of(key, absent=True)
    for target in targets(loaded, run):
        grads = gradient(loaded, run, target, run.inputs.tokens)
        explanation = times_input(loaded, run, target)
        for name, tokens in run.inputs.tokens.items():
            want = ((tokens - loaded.module.baseline()[name]) * grads[name]).sum(-1)
            np.testing.assert_allclose(explanation.scores[name], want, atol=1e-12)


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("branches", ["parallel", "stacked"])
def test_gradcam_is_its_formula(branches, absent):
    loaded, run = tiny.run_of(f"mmca-{branches}", absent=absent)

    def maps(output, present):
        """Σ_c mean_p(∂ output / ∂ A_cp) A_cp of every layer, with hooks of the test's own on a second module."""
        module, kept = twin_of(loaded.module), {}
        for name in tiny.CONVOLUTIONS:
            module.get_submodule(name).register_forward_hook(lambda m, i, out, name=name: kept.update({name: out}))
        tokens = {n: t[None].clone().requires_grad_() for n, t in run.inputs.tokens.items()}
        value = module(tokens, engine.batched(present), engine.batched(run.inputs.context))[output]
        grads = torch.autograd.grad(value.sum(), list(kept.values()), allow_unused=True, materialize_grads=True)
        return [(g.mean(-1, keepdim=True) * a).sum(1)[0].detach() for a, g in zip(kept.values(), grads, strict=True)]

    here = run.inputs.present["pieces"]
    for output in ("score", "joint"):
        want = sum(F.relu(cam) for cam in maps(output, run.inputs.present)) * here
        np.testing.assert_allclose(gradcam(loaded, run, Target(output)).scores["pieces"], want, atol=1e-12)
        less = run.inputs.without({"regions": (0, 2)}).present
        pairs = zip(maps(output, run.inputs.present), maps(output, less), strict=True)
        want = sum(F.relu(cam - other) for cam, other in pairs) * here
        explanation = gradcam(loaded, run, Target(output, "regions", (0, 2)))
        np.testing.assert_allclose(explanation.scores["pieces"], want, atol=1e-12)
    assert list(explanation.scores) == ["pieces"]


def test_gradcam_stretches_a_shorter_layer_over_the_tokens():
    class Strided(tiny.Planted):
        def __init__(self, settings):
            super().__init__(settings)
            self.coarse = torch.nn.Conv1d(tiny.WIDTH, 3, 2, stride=2)

        def forward(self, tokens, present, context):
            return {"score": (self.coarse(tokens["words"].mT) ** 2).sum((1, 2)) + tokens["regions"].sum((1, 2))}

    loaded = tiny.model(tiny.card("strided", Strided, ("score",), {"planted": False}, convolutions={"coarse": "words"}))
    inputs = tiny.planted_inputs(0, 1, 2)
    run = tiny.Run({"score": 0.0}, "score", (), inputs, tiny.ran(tiny.model(tiny.planted(True)), inputs).provenance)
    coarse = loaded.module.coarse(inputs.tokens["words"].mT[None])[0]  # 3, 3
    cam = (2 * coarse).mean(-1) @ coarse
    want = np.interp((np.arange(6) + 0.5) / 2 - 0.5, np.arange(3), cam.numpy()).clip(0)
    np.testing.assert_allclose(gradcam(loaded, run, Target("score")).scores["words"], want, atol=1e-12)


def test_gradcam_refuses_models_without_convolutions():
    loaded, run = tiny.run_of("two-together")
    with pytest.raises(ModelError, match="no convolutions"):
        gradcam(loaded, run, Target("match"))


def test_the_twin_shares_weights_but_not_hooks():
    loaded, _ = tiny.run_of("mmca-parallel")
    twin = twin_of(loaded.module)
    for name, weight in loaded.module.state_dict(keep_vars=True).items():
        assert twin.state_dict(keep_vars=True)[name] is weight
    twin.region.register_forward_hook(lambda *_: None)
    assert not loaded.module.region._forward_hooks
