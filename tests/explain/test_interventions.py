"""Other weights in the place of attention, against attention written out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tests.explain import plain, tiny
from xviz import engine
from xviz.core.attention import Attend, listening, replaced
from xviz.core.errors import ModelError
from xviz.explain.interventions import _permuted, _uniform, intervene


def test_replacing_the_weights_by_their_softmax_changes_nothing():
    for key in tiny.CARDS:
        loaded, run = tiny.run_of(key, absent=True)
        with replaced(lambda _, logits: logits.softmax(-1)):
            same = engine.outputs(loaded, run.inputs)
        for name, value in run.outputs.items():
            assert same[name] == pytest.approx(value, abs=1e-12)
        assert engine.outputs(loaded, run.inputs)[loaded.card.target] == pytest.approx(run.outputs[loaded.card.target])


@pytest.mark.parametrize("bias", [False, True])
def test_logits_are_those_of_the_fused_kernel(bias):
    rng = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, 4, generator=rng, dtype=torch.float64) for n in (5, 6, 6))
    shift = torch.randn(2, 1, 5, 6, generator=rng, dtype=torch.float64) if bias else None
    attend = Attend("a", "b")
    with replaced(lambda _, logits: logits.softmax(-1)):
        written = attend(q, k, v, bias=shift, first_key=2, scale=0.3)
    torch.testing.assert_close(written, attend(q, k, v, bias=shift, first_key=2, scale=0.3), rtol=0, atol=1e-14)


def test_uniform_weights_are_the_mean_of_the_values():
    loaded, run = tiny.run_of("two-together", absent=True)
    change = intervene(loaded, run, "uniform", call="left_to_right.1")
    assert change.after["match"].shape == (1,)
    wanted = run.call("left_to_right.1")
    mean = wanted.v[:, run.inputs.present["right"]].mean(1, keepdim=True).expand(-1, 5, -1)

    class Mean(torch.nn.Module):
        def forward(self, q, k, v, *, bias):
            return mean[None]

    module = loaded.module
    kept, module.left_to_right[1].attend = module.left_to_right[1].attend, Mean()
    want = engine.outputs(loaded, run.inputs)
    module.left_to_right[1].attend = kept
    for name, value in want.items():
        assert change.after[name][0] == pytest.approx(value, abs=1e-12)
        assert change.change(name)[0] == pytest.approx(value - run.outputs[name], abs=1e-12)
    assert abs(change.change("match")[0]) > 1e-6


def test_keys_that_take_no_part_keep_weight_zero():
    logits = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    logits[0, ..., 2] = -torch.inf
    logits[1, ..., :3] = -torch.inf
    for weights in (_uniform(logits), _permuted(torch.Generator().manual_seed(1))(logits)):
        assert (weights[logits.isneginf()] == 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 4))
    np.testing.assert_allclose(_uniform(logits)[0].unique(), [0, 0.2])


def test_permuted_rows_hold_the_same_weights_elsewhere():
    logits = torch.randn(1, 2, 50, 6, generator=torch.Generator().manual_seed(0))
    logits[..., 0] = -torch.inf
    before, after = logits.softmax(-1), _permuted(torch.Generator().manual_seed(1))(logits)
    torch.testing.assert_close(after.sort(-1).values, before.sort(-1).values)
    came = (after[..., None, :] == before[..., :, None])[..., 1:, 1:].double().mean((0, 1, 2))  # from key, to key
    np.testing.assert_allclose(came, 0.2, atol=0.13)


def test_seeds_differ_repeat_and_leave_the_global_numbers_alone():
    loaded, run = tiny.run_of("mmca-stacked")
    state = torch.get_rng_state()
    first, other = (intervene(loaded, run, "permuted", seeds=4) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(first.after["score"], other.after["score"])
    assert len(set(first.after["score"])) == 4
    assert first.before == run.outputs
    assert first.provenance.options["intervention"] == "permuted"
    with ThreadPoolExecutor(4) as pool:
        for again in pool.map(lambda _: intervene(loaded, run, "permuted", seeds=4), range(4)):
            np.testing.assert_array_equal(again.after["score"], first.after["score"])


def test_only_the_named_call_is_changed():
    loaded, run = tiny.run_of("mmca-parallel")
    change = intervene(loaded, run, "uniform", call="joint.0.attention")
    assert change.change("alone")[0] == pytest.approx(0, abs=1e-12)  # reads no joint attention
    assert abs(change.change("joint")[0]) > 1e-6
    every = intervene(loaded, run, "uniform")
    assert abs(every.change("alone")[0]) > 1e-6


def test_where_nothing_reads_the_attention_nothing_changes():
    loaded = tiny.model(tiny.planted(True))
    run = tiny.ran(loaded, tiny.planted_inputs(0, 1, 2))
    assert abs(intervene(loaded, run, "uniform").change("score")[0]) > 1  # here it is everything
    loaded.module.gate.weight.data.zero_()
    loaded.module.regions_to_words.out.weight.data.zero_()
    run = tiny.ran(loaded, run.inputs)
    assert intervene(loaded, run, "uniform").change("score")[0] == 0


def test_replaced_attention_cannot_be_recorded():
    attend, q = Attend("a", "a"), torch.zeros(1, 1, 2, 3)
    with (
        replaced(lambda _, logits: logits.softmax(-1)),
        listening() as tape,
        pytest.raises(ModelError, match="cannot be recorded"),
    ):
        attend(q, q, q)
    assert tape == []
    with listening() as tape:
        attend(q, q, q)
    assert len(tape) == 1


def test_one_thread_replaces_for_itself_only():
    loaded, run = tiny.run_of("two-together")
    with replaced(lambda _, logits: _uniform(logits)), ThreadPoolExecutor(1) as pool:
        other = pool.submit(engine.outputs, loaded, run.inputs).result()
    assert other["match"] == pytest.approx(run.outputs["match"], abs=1e-12)


def test_refusals():
    loaded, run = tiny.run_of("two-together")
    with pytest.raises(ModelError, match="uniform or permuted"):
        intervene(loaded, run, "sharp")
    with pytest.raises(ModelError, match="no attention “nowhere”"):
        intervene(loaded, run, "uniform", call="nowhere")


def test_the_weights_recorded_are_those_replaced_here():
    loaded, run = tiny.run_of("classes", absent=True)
    for call, (weights, _) in zip(run.calls, plain.gradients(loaded, run.inputs, "first"), strict=True):
        np.testing.assert_allclose(call.rows(), weights, atol=1e-14)
