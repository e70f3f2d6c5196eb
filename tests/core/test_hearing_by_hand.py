"""Attention that is written by hand, heard from outside: its weights, gradients and outputs, in many spellings."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from xviz.core.listen import calls, hearing, targets

B, H, Q, K, D = 2, 3, 5, 7, 4
MASK = torch.rand(B, 1, Q, K, generator=torch.Generator().manual_seed(9)) > 0.3
MASK[..., 0] = True
PLACES = torch.randn(H, Q, K, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
SLOPES = torch.arange(K, dtype=torch.float64)
TEMPERATURES = torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64).view(H, 1, 1)


def set_in_place(q, k, v):
    scores = q @ k.mT / 2
    scores[(~MASK).expand_as(scores)] = -1e9
    return scores.softmax(-1) @ v


def exponents(q, k, v):
    above = torch.exp(q @ k.mT / 2)
    return (above / above.sum(-1, keepdim=True)) @ v


def shifted(q, k, v):
    scores = q @ k.mT
    return (scores - scores.amax(-1, keepdim=True)).softmax(-1) @ v


def joined(q, k, v):
    """Samples and heads on one axis, split again for the mask."""
    q, k, v = (part.flatten(0, 1) for part in (q, k, v))
    scores = torch.bmm(q, k.transpose(1, 2)).view(B, H, Q, K) / 2
    scores = scores.masked_fill(~MASK, -torch.inf).view(B * H, Q, K)
    return torch.bmm(F.softmax(scores, dim=2), v).view(B, H, Q, D)


def alibi(q, k, v):
    q, k, v = (part.flatten(0, 1) for part in (q, k, v))
    slopes = SLOPES.expand(B * H, 1, K)
    weights = slopes.baddbmm(q, k.mT, beta=0.5, alpha=0.3).softmax(-1)
    return torch.bmm(weights, v).view(B, H, Q, D)


def letters(q, k, v):
    q, k, v = (part.transpose(1, 2) for part in (q, k, v))
    weights = torch.einsum("bqhd,bkhd->bhqk", q, k).div(2).softmax(-1)
    return torch.einsum("bhqk,bkhd->bqhd", weights, v).transpose(1, 2)


def keys_second(q, k, v):
    """The layout of Transformer-XL: queries and keys first, the softmax over axis 1."""
    q, k, v = (part.permute(2, 0, 1, 3) for part in (q, k, v))
    weights = torch.einsum("ibnd, jbnd -> ijbn", q, k).softmax(1)
    return torch.einsum("ijbn, jbnd -> ibnd", weights, v).permute(1, 2, 0, 3)


def from_the_right(q, k, v):
    """Values from the left, weights transposed, as networks of pictures write it."""
    return (v.mT @ (k @ q.mT).softmax(-2)).mT


NONE = torch.zeros(())
SPELLINGS = {
    "plain": (lambda q, k, v: torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(D), -1) @ v, lambda s: s / 2),
    "scaled before": (lambda q, k, v: ((q * D**-0.5) @ k.mT).softmax(dim=-1) @ v, lambda s: s / 2),
    "masked": (
        lambda q, k, v: F.softmax((q @ k.mT * D**-0.5).masked_fill(~MASK, -1e9), -1) @ v,
        lambda s: torch.where(MASK, s / 2, -torch.inf),
    ),
    "masked in place": (
        lambda q, k, v: F.softmax((q @ k.mT).mul_(0.5).masked_fill_(~MASK, -torch.inf), -1) @ v,
        lambda s: torch.where(MASK, s / 2, -torch.inf),
    ),
    "where": (
        lambda q, k, v: torch.where(MASK, q @ k.mT / 2, torch.finfo(q.dtype).min).softmax(-1) @ v,
        lambda s: torch.where(MASK, s / 2, -torch.inf),
    ),
    "set in place": (set_in_place, lambda s: torch.where(MASK, s / 2, -torch.inf)),
    "additive mask, modules": (
        lambda q, k, v: nn.Dropout(0.5).eval()(nn.Softmax(-1)(q @ k.mT / 2 + (~MASK).double() * -1e9)) @ v,
        lambda s: torch.where(MASK, s / 2, -torch.inf),
    ),
    "bias of places": (lambda q, k, v: (q @ k.mT / 2 + PLACES).softmax(-1) @ v, lambda s: s / 2 + PLACES),
    "bias before scale": (lambda q, k, v: ((q @ k.mT + PLACES) / 2).softmax(-1) @ v, lambda s: (s + PLACES) / 2),
    "alibi": (alibi, lambda s: 0.3 * s + 0.5 * SLOPES),
    "temperature of heads": (lambda q, k, v: (q @ k.mT * TEMPERATURES).softmax(-1) @ v, lambda s: s * TEMPERATURES),
    "joined axes": (joined, lambda s: torch.where(MASK, s / 2, -torch.inf)),
    "letters": (letters, lambda s: s / 2),
    "keys second": (keys_second, lambda s: s),
    "unnamed letters": (
        lambda q, k, v: torch.einsum("...qk,...kd->...qd", torch.einsum("...qd,...kd->...qk", q, k).softmax(-1), v),
        lambda s: s,
    ),
    "from the right": (from_the_right, lambda s: s),
    "shifted": (shifted, lambda s: s),
    "exponents": (exponents, lambda s: s / 2),
    "bounded": (lambda q, k, v: (q @ k.mT).clamp(-1e4, 1e4).softmax(-1) @ v, lambda s: s),
    "shared keys": (lambda q, k, v: (q @ k[:, :1].mT).softmax(-1) @ v[:, :1], None),
    "fused": (F.scaled_dot_product_attention, lambda s: s / 2),
    "fused, masked": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=MASK, scale=0.2),
        lambda s: torch.where(MASK, s * 0.2, -torch.inf),
    ),
    "fused, biased": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=PLACES),
        lambda s: s / 2 + PLACES,
    ),
    "fused, causal": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda s: torch.where(torch.ones(Q, K).tril().bool(), s / 2, -torch.inf),
    ),
    "fused, groups": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k[:, :1], v[:, :1], enable_gqa=True),
        None,
    ),
}


class ByHand(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, q, k, v):
        return self.function(q, k, v)


class Holder(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, *args):
        return self.part(*args)


def tensors(seed=0):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(B, H, n, D, generator=rng, dtype=torch.float64, requires_grad=True) for n in (Q, K, K)]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_weights_outputs_and_gradients_are_those_of_the_model(spelling):
    function, scores = SPELLINGS[spelling]
    model = Holder(ByHand(function)).eval()
    q, k, v = tensors()
    silent = model(q, k, v)
    with hearing(model) as tape:
        out = model(q, k, v)
    assert torch.equal(silent, out)
    assert tape.missed == []
    factor = torch.randn(out.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    grads = torch.autograd.grad((out * factor).sum(), targets(tape))
    for sample in range(B):
        (call,) = calls(model, tape, grads, sample=sample)
        assert (call.name, call.note, call.heads) == ("part", "", H)
        groups = call.v.repeat_interleave(H // len(call.v), 0)
        if scores is None:
            want = torch.softmax((q @ k[:, :1].mT / (2 if "fused" in spelling else 1))[sample], -1)
            assert len(groups) == H
        else:
            want = scores(q @ k.mT).softmax(-1)[sample]
            torch.testing.assert_close(call.q.shape, q[sample].shape)
        torch.testing.assert_close(call.rows(), want.detach(), rtol=0, atol=1e-12)
        torch.testing.assert_close(call.rows([3, 1]), want.detach()[:, [3, 1]], rtol=0, atol=1e-12)
        torch.testing.assert_close(call.received(2), want.detach().mean(1), rtol=0, atol=1e-12)
        torch.testing.assert_close(call.rows() @ groups, out[sample].detach(), rtol=0, atol=1e-12)
        torch.testing.assert_close(call.grad_out, factor[sample], rtol=0, atol=1e-12)
        torch.testing.assert_close(call.grad_rows(), factor[sample] @ groups.mT, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda q, k, v: (torch.tanh(q @ k.mT / 5) * 5).softmax(-1) @ v,
        lambda q, k, v: (-torch.cdist(q, k)).softmax(-1) @ v,
        lambda q, k, v: torch.tanh(q.unsqueeze(-2) + k.unsqueeze(-3)).sum(-1).softmax(-1) @ v,
    ],
    ids=["capped", "distances", "additive"],
)
def test_scores_that_are_no_product_are_kept_and_this_is_said(function):
    model = Holder(ByHand(function)).eval()
    q, k, v = tensors()
    with hearing(model) as tape:
        out = model(q, k, v)
    call = calls(model, tape, sample=1)[0]
    assert "no product" in call.note
    assert call.q.shape == (H, Q, 0)
    assert call.k.shape == (H, K, 0)
    torch.testing.assert_close(call.rows() @ call.v, out[1].detach(), rtol=0, atol=1e-12)
