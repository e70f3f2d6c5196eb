"""From inputs to a run: what is recorded is what the model did, and nothing is left behind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.explain import plain, tiny
from xviz import engine
from xviz.core.errors import ModelError
from xviz.models.layers import Unit

cards = pytest.mark.parametrize("key", tiny.CARDS)


def outputs(loaded, inputs):
    batch = (engine.batched(these) for these in (inputs.tokens, inputs.present, inputs.context))
    with torch.no_grad():
        return {name: float(value[0]) for name, value in loaded.module(*batch).items()}


@cards
def test_a_run_has_the_outputs_of_the_model_to_the_last_bit(key):
    loaded, run = tiny.run_of(key, absent=True)
    assert dict(run.outputs) == outputs(loaded, run.inputs)
    assert engine.outputs(loaded, run.inputs) == dict(run.outputs)
    assert run.target == loaded.card.target
    assert run.provenance.checkpoint == "untrained"
    assert run.provenance.sample_digest == tiny.SAMPLE.digest


@cards
def test_recorded_weights_and_gradients_are_those_of_autograd(key):
    loaded = tiny.model(tiny.CARDS[key])
    for output in loaded.card.outputs:
        run = tiny.ran(loaded, tiny.inputs_of(key, absent=True), output)
        for call, (weights, grads) in zip(run.calls, plain.gradients(loaded, run.inputs, output), strict=True):
            np.testing.assert_allclose(call.rows(), weights, atol=1e-13)
            if call.grad_out is None:
                assert not grads.any()
            else:
                seen = weights > 0  # autograd also says what weight an excluded key would have, had it one
                np.testing.assert_allclose(call.grad_rows().numpy()[seen], grads[seen], atol=1e-13)


@cards
def test_names_spaces_and_sizes_of_the_calls(key):
    loaded, run = tiny.run_of(key)
    modules = dict(loaded.module.named_modules())
    for call in run.calls:
        attend = modules[f"{call.name}.attend"]
        assert (call.queries, call.keys) == (attend.queries, attend.keys)
        assert not call.q.requires_grad
        assert call.q.shape[0] == tiny.HEADS
    assert len({call.name for call in run.calls}) == len(run.calls)


def test_a_module_called_twice_is_two_calls():
    class Twice(torch.nn.Module):
        def __init__(self, settings):
            super().__init__()
            self.unit = Unit("words", width=tiny.WIDTH, heads=2, hidden=4)

        def forward(self, tokens, present, context):
            once = self.unit(tokens["words"], present["words"])
            return {"out": self.unit(once, present["words"]).sum((1, 2)), "once": once[:, 0, 0]}

    loaded = tiny.model(tiny.card("twice", Twice, ("out", "once"), {}))
    run = tiny.ran(loaded, tiny.planted_inputs(0, 0, 0))
    assert [call.name for call in run.calls] == ["unit.attention", "unit.attention#2"]
    assert not torch.equal(run.calls[0].q, run.calls[1].q)
    assert engine.regrad(loaded, run, "once").calls[1].grad_out is None


@cards
def test_nothing_is_left_behind(key):
    loaded, _ = tiny.run_of(key)
    before = {name: value.clone() for name, value in loaded.module.state_dict().items()}
    rng = torch.get_rng_state()
    run = tiny.ran(loaded, tiny.inputs_of(key))
    assert torch.equal(rng, torch.get_rng_state())
    assert before.keys() == loaded.module.state_dict().keys()
    assert all(torch.equal(value, before[name]) for name, value in loaded.module.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in loaded.module.parameters())
    assert all(t.grad is None and not t.requires_grad for t in run.inputs.tokens.values())


def test_threads_that_share_a_model_record_only_their_own():
    loaded = tiny.model(tiny.CARDS["mmca-stacked"])

    def run_of_seed(seed):
        return tiny.ran(loaded, tiny.mmca_inputs(seed))

    alone = [run_of_seed(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for run, other in zip(alone, pool.map(run_of_seed, range(8)), strict=True):
            assert dict(run.outputs) == dict(other.outputs)
            assert [c.name for c in run.calls] == [c.name for c in other.calls]
            for call, same in zip(run.calls, other.calls, strict=True):
                for part in ("q", "k", "v", "grad_out"):
                    mine, theirs = getattr(call, part), getattr(same, part)
                    assert (mine is None and theirs is None) or torch.equal(mine, theirs)


def test_regrad_is_a_run_for_another_output():
    loaded, run = tiny.run_of("mmca-parallel")
    other, fresh = engine.regrad(loaded, run, "joint"), tiny.ran(loaded, run.inputs, "joint")
    assert other.target == "joint"
    assert run.target == "score"
    assert other.inputs is run.inputs
    assert other.provenance == fresh.provenance
    assert engine.regrad(loaded, run, "score") is run
    for call, same in zip(other.calls, fresh.calls, strict=True):
        assert (call.grad_out is None) == (same.grad_out is None)
        assert call.grad_out is None or torch.equal(call.grad_out, same.grad_out)
    with pytest.raises(ModelError, match="no output “colour”"):
        engine.regrad(loaded, run, "colour")


def test_adjusted_context_is_used_and_recorded():
    loaded, run = tiny.run_of("mmca-parallel")
    alone = tiny.ran(loaded, engine.adjust(run.inputs, alpha=0))
    assert alone.outputs["score"] == pytest.approx(run.outputs["alone"], abs=1e-12)
    assert alone.provenance.options["alpha"] == 0
    assert float(run.inputs.context["alpha"]) == pytest.approx(0.7)


def test_absent_tokens_take_no_part():
    loaded = tiny.model(tiny.CARDS["mmca-stacked"])
    inputs = tiny.inputs_of("mmca-stacked", absent=True)
    tokens = {name: t.clone() for name, t in inputs.tokens.items()}
    tokens["regions"][1], tokens["pieces"][3] = 7.0, -7.0
    loud = replace(inputs, tokens=tokens)
    assert outputs(loaded, loud) == pytest.approx(outputs(loaded, inputs), abs=1e-12)


def test_random_weights_come_from_the_seed_alone_in_all_threads():
    rng = torch.get_rng_state()
    card = tiny.CARDS["two-together"]

    def weights(seed):
        return engine.untrained(card, seed).module.state_dict()

    alone = [weights(seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for mine, other in zip(alone, pool.map(weights, range(6)), strict=True):
            assert all(torch.equal(value, other[name]) for name, value in mine.items())
    assert torch.equal(rng, torch.get_rng_state())
    assert not torch.equal(alone[0]["plain"], alone[1]["plain"])


def test_refusals():
    loaded, run = tiny.run_of("two-together")
    with pytest.raises(ModelError, match="no output “colour”; it has match, left"):
        tiny.ran(loaded, run.inputs, "colour")
    with pytest.raises(ModelError, match="ships without weights"):
        engine.load(loaded.card)
    loaded.module.train()
    with pytest.raises(ModelError, match="training mode"):
        tiny.ran(loaded, run.inputs)
