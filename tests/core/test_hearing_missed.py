"""What is no attention is not taken for it, and what cannot be heard is named with what to change."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from xviz.core.listen import hearing


class Part(nn.Module):
    """A module of one function and some parts."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, *args):
        return self.function(self, *args)


class OwnAttention(Part):
    """A part that has attention in the name of its class."""


X = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(0))
Q = torch.randn(2, 2, 6, 16, generator=torch.Generator().manual_seed(1))


def experts(count=3):
    return nn.ModuleList(nn.Linear(16, 16) for _ in range(count))


def pooled(self, x):
    return torch.stack([expert(x.mean(1)) for expert in self.experts], 1)


def noisy(self, x):
    gates = self.gate(x) + 0.1 * F.softplus(self.noise(x))
    best, index = gates.topk(2, -1)
    weights = torch.full_like(gates, -torch.inf).scatter(-1, index, best).softmax(-1)
    return torch.einsum("bne,bned->bnd", weights, torch.stack([expert(x) for expert in self.experts], 2))


NO_ATTENTION = {
    "classes": Part(lambda self, x: self.head(x).softmax(-1), head=nn.Linear(16, 5)),
    "classes of pixels": Part(lambda self, x: self.head(x.mT).softmax(1), head=nn.Conv1d(16, 5, 1)),
    "log-softmax": Part(lambda self, x: F.log_softmax(x @ x.mT, -1)),
    "contrast": Part(lambda self, x: (x[0] @ x[1].T * 10).softmax(-1)),
    "mixture of experts, letters": Part(
        lambda self, x: torch.einsum("be,bed->bd", self.gate(x.mean(1)).softmax(-1), pooled(self, x)),
        gate=nn.Linear(16, 3), experts=experts(),
    ),
    "mixture of experts, matrices": Part(
        lambda self, x: torch.bmm(F.softmax(self.gate(x.mean(1)).tanh(), -1).unsqueeze(1), pooled(self, x)),
        gate=nn.Linear(16, 3), experts=experts(),
    ),
    "router with noise": Part(noisy, gate=nn.Linear(16, 3), noise=nn.Linear(16, 3), experts=experts()),
    "soft word": Part(lambda self, x: self.head(x).softmax(-1) @ self.head.weight, head=nn.Linear(16, 5)),
    "codebook": Part(lambda self, x: (x @ self.code.weight.T).softmax(-1) @ self.code.weight, code=nn.Linear(16, 5)),
    "gate of features": Part(lambda self, x: self.gate(x).softmax(-1) * x, gate=nn.Linear(16, 16)),
}  # fmt: skip


@pytest.mark.parametrize("kind", NO_ATTENTION)
def test_other_softmaxes_are_not_heard(kind):
    model = NO_ATTENTION[kind].eval()
    with hearing(model) as tape:
        model(X)
    assert tape == []
    assert tape.missed == []


def heard(part, *args):
    model = Part(lambda self, *arguments: self.layer(*arguments), layer=part).eval()
    with hearing(model) as tape:
        model(*args)
    return tape


@torch.library.custom_op("xviz_test::flash_attn_forward", mutates_args=())
def kernel(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Attention as a library's kernel."""
    return F.scaled_dot_product_attention(q, k, v)


class FlashAttnFunc(torch.autograd.Function):
    """A kernel that torch's functions do not see."""

    @staticmethod
    def forward(ctx, q):
        return torch.from_numpy(q.detach().numpy() * 2)

    @staticmethod
    def backward(ctx, grad):
        return grad


def test_a_kernel_with_a_gradient_of_its_own_is_named_where_none_is_asked_for():
    with torch.no_grad():
        tape = heard(Part(lambda self, q: self.o(FlashAttnFunc.apply(q)), o=nn.Linear(16, 16)), Q)
    assert [(missed.name, "“FlashAttnFunc”" in missed.why) for missed in tape.missed] == [("layer", True)]


def opaque(q):
    return torch.from_numpy(q.detach().numpy() * 2)


MISSED = {
    "a kernel by its name": (lambda: Part(lambda self, q: kernel(q, q, q)), "flash_attn_forward"),
    "a kernel with gradients": (
        lambda: Part(lambda self, q: self.o(FlashAttnFunc.apply(self.o(q))), o=nn.Linear(16, 16)),
        "FlashAttnFunc",
    ),
    "a class by its name": (
        lambda: OwnAttention(lambda self, q: opaque(self.o(q)), o=nn.Linear(16, 16)),
        "by its name",
    ),
    "a backend of torch": (
        lambda: Part(lambda self, q: torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, q, q)[0]),
        "_scaled_dot_product_flash_attention_for_cpu",
    ),
}


@pytest.mark.parametrize("kind", MISSED)
def test_kernels_that_cannot_be_heard_are_named(kind):
    build, why = MISSED[kind]
    tape = heard(build(), Q)
    assert tape == []
    (missed,) = tape.missed
    assert missed.name == "layer"
    assert why in missed.why
    assert "eager" in missed.advice


class Plain(nn.Module):
    def forward(self, x):
        return (x @ x.mT).softmax(-1) @ x


@pytest.mark.filterwarnings("ignore:`torch.jit", "ignore::DeprecationWarning")
@pytest.mark.parametrize("how", ["scripted", "traced"])
def test_scripted_modules_are_named(how):
    part = torch.jit.script(Plain()) if how == "scripted" else torch.jit.trace(Plain(), X)
    (missed,) = heard(part, X).missed
    assert (missed.name, "TorchScript" in missed.why) == ("layer", True)
    assert "scripted or traced" in missed.advice


@pytest.mark.filterwarnings("ignore")
def test_compiled_modules_and_flex_attention_are_named():
    from torch.nn.attention.flex_attention import flex_attention

    silent = torch.compile(Plain(), backend="aot_eager")
    out = silent(X)
    (missed,) = heard(silent, X).missed
    assert (missed.name, "compiled" in missed.why) == ("layer", True)
    assert "before torch.compile" in missed.advice
    assert torch.equal(silent(X), out)
    (missed,) = heard(Part(lambda self, q: flex_attention(q, q, q)), Q).missed
    assert (missed.name, "flex_attention" in missed.why) == ("layer", True)


def test_what_is_heard_is_not_missed():
    for part in (OwnAttention(lambda self, q: F.scaled_dot_product_attention(q, q, q)), nn.MultiheadAttention(16, 2)):
        args = (X, X, X) if isinstance(part, nn.MultiheadAttention) else (Q,)
        tape = heard(part, *args)
        assert (len(tape), tape.missed) == (1, [])


def test_weights_that_are_changed_after_the_softmax_are_said_to_be():
    mask = torch.tensor([1.0, 0.0]).view(2, 1, 1)
    tape = heard(Part(lambda self, q: ((q @ q.mT).softmax(-1) * mask) @ q), Q)
    assert "changed the weights" in tape[0].note
    tape = heard(Part(lambda self, q: ((q @ q.mT).softmax(-1) * 1.0) @ q), Q)
    assert tape[0].note == ""
