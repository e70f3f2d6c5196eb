"""Attention, its tape and its record, against weights that are written out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from xviz.core.attention import Attend, AttentionCall, listening
from xviz.core.errors import ModelError

H, Q, K, D = 3, 5, 7, 4


def tensors(seed: int, batch: tuple[int, ...] = ()):
    rng = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(*batch, H, n, D, generator=rng, dtype=torch.float64) for n in (Q, K, K))
    return q, k, v


def biases(seed: int):
    rng = torch.Generator().manual_seed(seed + 1)
    full = torch.randn(H, Q, K, generator=rng, dtype=torch.float64)
    full[..., 3] = -torch.inf
    return (None, full, full[:1], full[:, :1], full[:1, :1])


def calls():
    for first_key in (0, 2):
        for bias in biases(0):
            q, k, v = tensors(0)
            grad = torch.randn(H, Q, D, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
            yield AttentionCall("layer", "a", "b", q, k, v, 0.37, bias, first_key, grad)


CALLS = tuple(calls())


def weights(call: AttentionCall) -> np.ndarray:
    logits = call.scale * np.einsum("hqd,hkd->hqk", call.q.numpy(), call.k.numpy())
    logits = logits + (0 if call.bias is None else call.bias.numpy())
    logits[..., : call.first_key] = -np.inf
    weights_of = np.exp(logits)
    return weights_of / weights_of.sum(-1, keepdims=True)


@pytest.mark.parametrize("call", CALLS)
def test_rows_are_the_softmax_and_sum_to_one(call):
    np.testing.assert_allclose(call.rows(), weights(call), atol=1e-14)
    np.testing.assert_allclose(call.rows().sum(-1), 1, atol=1e-14)
    assert (call.rows()[..., : call.first_key] == 0).all()


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=20, deadline=None)
@given(index=st.lists(st.integers(0, Q - 1), min_size=1, max_size=6))
def test_some_rows_are_some_of_all_rows(call, index):
    torch.testing.assert_close(call.rows(index), call.rows()[:, index], rtol=0, atol=1e-15)
    torch.testing.assert_close(call.grad_rows(index), call.grad_rows()[:, index], rtol=0, atol=1e-15)
    torch.testing.assert_close(call.rows(torch.tensor(index)), call.rows(index), rtol=0, atol=0)


@pytest.mark.parametrize("call", CALLS)
def test_one_head_alone_has_the_rows_of_that_head(call):
    for head in range(H):
        np.testing.assert_allclose(call.only(head).rows()[0], weights(call)[head], atol=1e-14)
        torch.testing.assert_close(call.only(head).grad_rows()[0], call.grad_rows()[head], rtol=0, atol=1e-14)


def test_one_head_alone_has_the_keys_of_its_group():
    q, k, v = (torch.randn(heads, n, D, dtype=torch.float64) for heads, n in ((6, Q), (2, K), (2, K)))
    call = AttentionCall("x", "a", "b", q, k, v, 1.0, causal=2, terms=(torch.rand(1, 1, K) > 0.2,))
    for head in range(6):
        torch.testing.assert_close(call.only(head).rows()[0], call.rows()[head], rtol=0, atol=1e-14)


@pytest.mark.parametrize("call", CALLS)
def test_received_is_the_mean_row_whatever_the_chunk(call):
    want = weights(call).mean(1)
    for chunk in (1, 2, 3, Q, 1024):
        np.testing.assert_allclose(call.received(chunk), want, atol=1e-14)
    assert [(s.start, s.stop) for s in call.slices(2)] == [(0, 2), (2, 4), (4, 5)]


@pytest.mark.parametrize("call", CALLS)
def test_pull_is_a_row_times_the_matrix(call):
    row = torch.randn(Q, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    for chunk in (2, 1024):
        np.testing.assert_allclose(call.pull(row, chunk), np.einsum("q,hqk->hk", row, weights(call)), atol=1e-14)


@pytest.mark.parametrize("first_key", [0, 2])
@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("scale", [None, 0.37])
def test_the_record_explains_the_output_of_the_fused_kernel(which, first_key, scale):
    q, k, v = tensors(1, (2,))
    bias = biases(0)[which]
    bias = None if bias is None else bias[None]
    attend = Attend("a", "b")
    with listening() as tape:
        out = attend(q, k, v, bias=bias, first_key=first_key, scale=scale)
    seen = None if bias is None else bias[..., first_key:]
    factor = D**-0.5 if scale is None else scale
    want = F.scaled_dot_product_attention(q, k[..., first_key:, :], v[..., first_key:, :], attn_mask=seen, scale=factor)
    torch.testing.assert_close(out, want, rtol=0, atol=0)
    (heard,) = tape
    assert heard.module is attend
    for sample in range(2):
        call = AttentionCall(
            "x", "a", "b", heard.q[sample], heard.k[sample], heard.v[sample], heard.scale,
            None if bias is None else bias[0], heard.first_key,
        )  # fmt: skip
        assert call.heads == H
        torch.testing.assert_close(call.rows() @ call.v, out[sample], rtol=0, atol=1e-13)
        np.testing.assert_allclose(call.rows(), weights(call), atol=1e-14)


@pytest.mark.parametrize("call", CALLS)
def test_weight_gradients_are_autograds(call):
    formed = torch.from_numpy(weights(call)).requires_grad_()
    out = formed @ call.v
    target = (out * call.grad_out).sum()  # whose gradient with respect to the output is grad_out
    (want,) = torch.autograd.grad(target, formed)
    want[..., : call.first_key] = 0  # these keys are not there
    torch.testing.assert_close(call.grad_rows(), want, rtol=0, atol=1e-14)


def test_without_a_target_there_is_no_gradient():
    q, k, v = tensors(0)
    with pytest.raises(ModelError, match="“layer” has no gradients"):
        AttentionCall("layer", "a", "b", q, k, v, 1.0).grad_rows()


def test_listening_changes_no_bit():
    q, k, v = tensors(2, (2,))
    attend = Attend("a", "b", dropout=0.5).eval()
    silent = attend(q, k, v)
    with listening() as tape:
        heard = attend(q, k, v)
    assert torch.equal(silent, heard)
    assert len(tape) == 1
    attend(q, k, v)
    assert len(tape) == 1  # nobody listens any more
    assert attend.state_dict() == {}


def test_an_inner_tape_hears_alone_and_the_outer_goes_on():
    q, k, v = tensors(2, (1,))
    attend = Attend("a", "b")
    with listening() as outer:
        attend(q, k, v)
        with listening() as inner:
            attend(q, k, v)
        attend(q, k, v)
    assert (len(outer), len(inner)) == (2, 1)


def test_the_tape_ends_with_an_exception():
    with pytest.raises(RuntimeError, match="stop"), listening() as tape:
        raise RuntimeError("stop")
    Attend("a", "b")(*tensors(0, (1,)))
    assert tape == []


def test_threads_hear_only_themselves():
    attend = Attend("a", "b")

    def listen(seed):
        with listening() as tape:
            for turn in range(30):
                attend(*tensors(100 * seed + turn, (1,)))
        return [heard.q for heard in tape]

    with ThreadPoolExecutor(4) as pool:
        for seed, heard in enumerate(pool.map(listen, range(4))):
            assert len(heard) == 30
            assert all(torch.equal(q, tensors(100 * seed + turn, (1,))[0]) for turn, q in enumerate(heard))


def test_dropout_works_only_while_training():
    q, k, v = tensors(2, (1,))
    attend = Attend("a", "b", dropout=0.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert not torch.equal(attend(q, k, v), attend(q, k, v))
        assert torch.equal(attend.eval()(q, k, v), attend(q, k, v))
    assert repr(attend) == "Attend(a ask b)"
