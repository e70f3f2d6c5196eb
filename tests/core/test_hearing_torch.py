"""The modules of torch, heard as they are: weights, outputs, names and what listening leaves behind."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from xviz.core.attention import Attend, AttentionCall, listening, unheard
from xviz.core.errors import ModelError
from xviz.core.listen import calls, hearing, replacing, targets

pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{start}")
    for start in ("enable_nested_tensor", "Support for mismatched", "The PyTorch API of nested")
]
FORMS = [
    form
    for form in itertools.product(
        (True, False), (True, False), (False, True), (None, "bool", "float", "heads"), (False, True), (False, True),
        (False, True), (False, True),
    )
    if not (form[3] == "heads" and form[6])
]  # fmt: skip


@pytest.mark.parametrize("mask", [None, "bool", "float", "heads"])
def test_multi_head_attention_in_all_its_forms(mask):
    torch.manual_seed(0)
    for first, need, pad, form, bias, zero, alone, other in FORMS:
        if form != mask:
            continue
        size = 8 if other else 12
        options = {"batch_first": first, "add_bias_kv": bias, "add_zero_attn": zero, "kdim": size, "vdim": size}
        module = nn.MultiheadAttention(12, 3, **options).double().eval()
        if bias:
            nn.init.normal_(module.bias_k)
            nn.init.normal_(module.bias_v)
        q, k = torch.randn(2, 5, 12).double(), torch.randn(2, 7, size).double()
        gone = torch.zeros(2, 7, dtype=torch.bool)
        gone[1, 5:] = True
        q, k, gone = (q[0], k[0], gone[1]) if alone else (q, k, gone)
        if not (first or alone):
            q, k = q.transpose(0, 1), k.transpose(0, 1)
        masks = {
            "bool": torch.rand(5, 7) > 0.8,
            "float": torch.randn(5, 7).double(),
            "heads": torch.rand(6, 5, 7) > 0.8,
        }
        mask_of_form = masks.get(form)
        if mask_of_form is not None and mask_of_form.dtype == torch.bool:
            mask_of_form[..., 0] = False
        asked = {"key_padding_mask": gone if pad else None, "attn_mask": mask_of_form}
        with torch.no_grad():
            want, _ = module(q, k, k, need_weights=need, **asked)
            _, weights = module(q, k, k, average_attn_weights=False, **asked)
            with hearing(module) as tape:
                out, _ = module(q, k, k, need_weights=need, **asked)
        assert torch.equal(out, want)
        assert tape.missed == []
        for sample in range(1 if alone else 2):
            (call,) = calls(module, tape, sample=sample)
            assert (call.name, call.note) == ("MultiheadAttention", "")
            torch.testing.assert_close(call.rows(), weights if alone else weights[sample], rtol=0, atol=1e-12)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("before", [False, True])
def test_the_fused_encoder_is_heard_and_its_rounding_is_said(padded, before):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, norm_first=before)
    model = nn.TransformerEncoder(layer, 2).eval()
    tokens, gone = torch.randn(2, 6, 16), torch.zeros(2, 6, dtype=torch.bool)
    gone[1, 4:] = padded
    options = {"src_key_padding_mask": gone if padded else None}
    with torch.no_grad():
        silent = model(tokens, **options)
        with hearing(model) as tape:
            out = model(tokens, **options)
    torch.testing.assert_close(out[~gone], silent[~gone], rtol=0, atol=1e-6)
    assert "up to 1e-6" in tape.notes[0]
    records = calls(model, tape, sample=1)
    assert [call.name for call in records] == ["layers.0.self_attn", "layers.1.self_attn"]
    assert (records[0].rows()[..., 4:].sum() == 0) == padded
    silent = model(tokens, **options)  # with gradients torch itself takes the steps one by one
    with hearing(model) as tape:
        assert torch.equal(model(tokens, **options), silent)
    assert tape.notes == []


def test_a_decoder_is_heard_with_its_causal_structure():
    torch.manual_seed(0)
    model = nn.TransformerDecoder(nn.TransformerDecoderLayer(16, 4, 32, batch_first=True), 2).eval()
    words, patches = torch.randn(2, 6, 16), torch.randn(2, 9, 16)
    causal = nn.Transformer.generate_square_subsequent_mask(6)
    for options in ({"tgt_mask": causal}, {"tgt_mask": causal, "tgt_is_causal": True}):
        silent = model(words, patches, **options)
        with hearing(model) as tape:
            assert torch.equal(model(words, patches, **options), silent)
        own, cross, *_ = calls(model, tape)
        assert (own.name, cross.name) == ("layers.0.self_attn", "layers.0.multihead_attn")
        assert own.rows().triu(1).sum() == 0
        assert cross.rows().shape == (4, 6, 9)
        torch.testing.assert_close(own.rows().sum(-1), torch.ones(4, 6))


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision_is_recomputed_in_float32(kind):
    torch.manual_seed(0)
    module, tokens = nn.MultiheadAttention(12, 3, batch_first=True).to(kind).eval(), torch.randn(2, 5, 12).to(kind)
    with torch.no_grad(), hearing(module) as tape:
        _, weights = module(tokens, tokens, tokens, average_attn_weights=False)
    (call,) = calls(module, tape, sample=1)
    assert call.rows().dtype == call.received().dtype == torch.float32
    torch.testing.assert_close(call.rows().sum(-1), torch.ones(3, 5), rtol=0, atol=1e-6)
    torch.testing.assert_close(call.rows(), weights[1].float(), rtol=0, atol=4e-3)


class Cross(nn.Module):
    """Two streams that ask each other, written for our own tape or by torch's function alone."""

    def __init__(self, ours):
        super().__init__()
        self.to_q, self.to_k, self.to_v, self.to_out = (nn.Linear(12, 12) for _ in range(4))
        self.attend = Attend("a", "b") if ours else None

    def forward(self, asking, asked):
        q, k, v = (
            part.unflatten(-1, (3, 4)).transpose(1, 2)
            for part in (self.to_q(asking), self.to_k(asked), self.to_v(asked))
        )
        out = self.attend(q, k, v) if self.attend else F.scaled_dot_product_attention(q, k, v)
        return self.to_out(out.transpose(1, 2).flatten(2))


class Streams(nn.Module):
    def __init__(self, ours):
        super().__init__()
        self.first, self.second = Cross(ours), Cross(ours)
        self.head = nn.Linear(12, 1)

    def forward(self, a, b):
        a = a + self.first(a, b)
        b = b + self.second(b, a)
        return self.head(a.mean(1) * b.mean(1))


def streams(ours):
    torch.manual_seed(4)
    return Streams(ours).double().eval()


def test_heard_from_outside_is_the_same_as_written_with_attend():
    torch.manual_seed(5)
    a, b = (torch.randn(1, n, 12).double().requires_grad_() for n in (5, 7))
    inside, outside = streams(ours=True), streams(ours=False)
    with listening() as ours:
        out = inside(a, b)
    known = calls(inside, ours, torch.autograd.grad(out.sum(), targets(ours)))
    for model in (outside, inside):  # a second door hears our own Attend once, too
        with hearing(model) as tape:
            out = model(a, b)
        from_outside = calls(model, tape, torch.autograd.grad(out.sum(), targets(tape)))
        assert [call.name for call in from_outside] == ["first", "second"] == [call.name for call in known]
        for outside_call, other in zip(from_outside, known, strict=True):
            for part in ("q", "k", "v", "grad_out"):
                torch.testing.assert_close(getattr(outside_call, part), getattr(other, part), rtol=0, atol=1e-12)
            torch.testing.assert_close(outside_call.rows(), other.rows(), rtol=0, atol=1e-12)
    assert (known[0].queries, known[0].keys) == ("a", "b")
    named = calls(inside, tape, spaces=lambda heard, name: (name.upper(), "tokens"))
    assert (named[1].queries, named[1].keys) == ("SECOND", "tokens")


def test_replaced_weights_reach_the_output_and_are_those_of_attend():
    from xviz.core.attention import replaced

    a, b = torch.randn(2, 5, 12).double(), torch.randn(2, 7, 12).double()
    seen = []

    def even(module, logits):
        seen.append((type(module), logits.shape))
        return torch.full_like(logits, 1 / logits.shape[-1])

    inside, outside = streams(ours=True), streams(ours=False)
    with replaced(even):
        want = inside(a, b)
    for model in (outside, inside):
        seen.clear()
        with replacing(model, even):
            torch.testing.assert_close(model(a, b), want, rtol=0, atol=1e-12)
        assert [shape for _, shape in seen] == [(2, 3, 5, 7), (2, 3, 7, 5)]
    with replacing(outside, lambda _, logits: logits.softmax(-1)):
        torch.testing.assert_close(outside(a, b), inside(a, b), rtol=0, atol=1e-12)
    module, tokens = nn.MultiheadAttention(12, 3, batch_first=True).double().eval(), torch.randn(2, 5, 12).double()
    for need in (True, False):
        with replacing(module, even):
            out, _ = module(tokens, tokens, tokens, need_weights=need)
        torch.testing.assert_close(out, out.mean(1, keepdim=True).expand_as(out), rtol=0, atol=1e-12)
    with hearing(outside), pytest.raises(ModelError, match="cannot be recorded"), replacing(outside, even):
        pass


def test_names_are_unique_and_readable_for_shared_and_nested_modules():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.left = nn.ModuleDict({"attention": nn.MultiheadAttention(12, 3, batch_first=True)})
            self.right = nn.ModuleDict(dict(self.left))

        def forward(self, x):
            for _ in range(2):
                x, _ = self.left["attention"](x, x, x)
            x, _ = self.right["attention"](x, x, x)
            return x @ x.mT.softmax(-1) if x.ndim == 0 else torch.softmax(x @ x.mT, -1) @ x

    model = Twice().eval()
    with hearing(model) as tape:
        model(torch.randn(1, 4, 12))
        model(torch.randn(1, 4, 12))
    names = [call.name for call in calls(model, tape)]
    assert names[:4] == ["left.attention", "left.attention#2", "left.attention#3", "Twice"]
    assert names[4:] == ["left.attention#4", "left.attention#5", "left.attention#6", "Twice#2"]


def test_only_the_module_that_was_named_is_heard_and_not_what_is_unheard():
    model, other = streams(ours=False), streams(ours=True)
    a, b = torch.randn(1, 5, 12).double(), torch.randn(1, 7, 12).double()
    with hearing(model) as tape:
        other(a, b)
        with unheard():
            model(a, b)
        F.scaled_dot_product_attention(a, b, b)
        assert tape == []
        model.second(a, b)
    assert [heard.name for heard in tape] == ["second"]


def test_captum_is_not_heard():
    from captum.attr import IntegratedGradients

    a, b = torch.randn(1, 5, 12).double(), torch.randn(1, 7, 12).double()
    for model in (streams(ours=False), streams(ours=True)):
        with hearing(model) as tape:
            model(a, b)
            IntegratedGradients(lambda a, b, model=model: model(a, b)[:, 0]).attribute((a, b), n_steps=3)
        assert len(tape) == 2


def test_what_is_computed_again_in_a_backward_pass_is_not_heard_again():
    class Saving(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Cross(ours=False).double()

        def forward(self, a):
            return checkpoint(self.inner, a, a, use_reentrant=False)

    model, a = Saving().eval(), torch.randn(1, 5, 12).double().requires_grad_()
    with hearing(model) as tape:
        model(a).sum().backward()
    assert len(tape) == 1


def test_a_record_survives_what_the_model_changes_in_place():
    class Careless(nn.Module):
        def forward(self, q, k, v):
            k = k.clone()
            out = F.scaled_dot_product_attention(q, k, v)
            out.mul_(3)  # the gradient is still asked for where attention ended
            k[:, :, 0] = 100
            k.add_(1)
            return out

    q, k, v = (torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    model = Careless()
    with hearing(model) as tape:
        out = model(q, k, v)
    (call,) = calls(model, tape, torch.autograd.grad(out.sum(), targets(tape)))
    torch.testing.assert_close(call.k, k[0])
    torch.testing.assert_close(call.grad_out, torch.full((2, 4, 3), 3.0, dtype=torch.float64))
    torch.testing.assert_close(call.rows() @ call.v * 3, out[0].detach(), rtol=0, atol=1e-12)


def test_dropout_in_training_is_said():
    for module in (nn.MultiheadAttention(12, 3, dropout=0.5), nn.TransformerEncoderLayer(12, 3, 8)):
        tokens = torch.randn(4, 2, 12)
        with torch.random.fork_rng(devices=[]), hearing(module.train()) as tape:
            module(*[tokens] * (3 if isinstance(module, nn.MultiheadAttention) else 1))
        assert "Dropout was on" in calls(module, tape)[0].note


def test_a_row_without_keys_has_no_weight_as_in_the_fused_kernel():
    mask = torch.ones(4, 4, dtype=torch.bool)
    mask[1] = False
    q = torch.randn(1, 2, 4, 3)

    class Model(nn.Module):
        def forward(self, q):
            return F.scaled_dot_product_attention(q, q, q, attn_mask=mask)

    model = Model()
    with hearing(model) as tape:
        out = model(q)
    (call,) = calls(model, tape)
    assert (call.rows()[:, 1] == 0).all()
    torch.testing.assert_close(call.rows() @ call.v, out[0])


def test_eight_threads_hear_only_themselves_and_others_hear_nothing():
    torch.manual_seed(0)
    model = nn.TransformerDecoder(nn.TransformerDecoderLayer(12, 3, 16, batch_first=True), 1).eval()

    def inputs(seed):
        rng = torch.Generator().manual_seed(seed)
        return (torch.randn(1, n, 12, generator=rng) for n in (4 + seed % 3, 5 + seed % 4))

    def run(turn):
        seed = turn % 24
        words, patches = inputs(seed)
        with torch.no_grad():
            if seed % 4 == 3:  # a visitor who does not listen
                return seed, model(words, patches), None
            with hearing(model) as tape:
                out = model(words, patches)
        return seed, out, calls(model, tape)

    with torch.no_grad():
        want = {}
        for seed in range(24):
            words, patches = inputs(seed)
            with hearing(model) as tape:
                heard = model(words, patches)
            want[seed] = (heard if seed % 4 != 3 else model(words, patches), calls(model, tape))
    with ThreadPoolExecutor(8, initializer=torch.set_num_threads, initargs=(1,)) as pool:  # each thread has its own
        for seed, out, heard_calls in pool.map(run, range(400)):
            assert torch.equal(out, want[seed][0])
            if heard_calls is None:
                continue
            assert len(heard_calls) == 2
            for call, other in zip(heard_calls, want[seed][1], strict=True):
                assert call.name == other.name
                assert torch.equal(call.q, other.q)
                assert torch.equal(call.k, other.k)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_stays_behind(fails):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.MultiheadAttention(12, 3)

        def forward(self, x):
            x, _ = self.inner(x, x, x)
            if fails:
                raise RuntimeError("stop")
            return x

    model = Model()
    before = [dict(vars(part)) for part in model.modules()]
    with pytest.raises(RuntimeError, match="stop") if fails else nullcontext(), hearing(model) as tape:
        model(torch.randn(3, 1, 12))
    assert len(tape) == 1
    assert [dict(vars(part)) for part in model.modules()] == before
    assert torch.overrides._get_current_function_mode_stack() == []
    hooks = nn.modules.module
    assert len(hooks._global_forward_hooks) == len(hooks._global_forward_pre_hooks) == 0
    with listening() as tape:
        torch.nn.MultiheadAttention(12, 3)(*[torch.randn(3, 1, 12)] * 3)
    assert tape == []


def test_a_sample_that_is_not_there_is_refused():
    model = streams(ours=False)
    with hearing(model) as tape:
        model(torch.randn(2, 5, 12).double(), torch.randn(2, 7, 12).double())
    assert isinstance(calls(model, tape, sample=1)[0], AttentionCall)
    with pytest.raises(ModelError, match="2 samples"):
        calls(model, tape, sample=2)
