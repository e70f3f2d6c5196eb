"""Chefer's rules, streamed, against the same rules on whole matrices with autograd's own weight gradients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.explain import plain, tiny
from xviz import engine
from xviz.core.attention import AttentionCall
from xviz.core.run import Target
from xviz.data.shipped import load_sample
from xviz.explain import METHODS, flow
from xviz.explain.methods import relevance
from xviz.models import MODELS

explain = METHODS["relevance"].explain


def whole(loaded, run, output, head=None):
    """R − I as one matrix."""
    maps = {}
    for call, (weights, grads) in zip(run.calls, plain.gradients(loaded, run.inputs, output), strict=True):
        positive = np.maximum(grads * weights, 0)
        maps[call.name] = positive.mean(0) if head is None else positive[head]
    return plain.chefer(run, plain.steps_of(loaded, run, output), maps)


@pytest.mark.parametrize(("chunk", "kept", "held"), [(2, 0, 0), (2, 20, 0), (None, 2**24, 0), (2, 2**24, 2**22)])
@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_rows_are_those_of_the_whole_matrix(key, absent, chunk, kept, held, monkeypatch):
    monkeypatch.setattr(relevance, "CHUNK", chunk)
    monkeypatch.setattr(flow, "KEPT", kept)
    monkeypatch.setattr(relevance, "HELD", held)
    loaded, run = tiny.run_of(key, absent=absent)
    places = plain.layout(run)
    for output in loaded.card.outputs:  # the second is not the one whose gradients the run carries
        for head in (None, 3):
            want = whole(loaded, run, output, head)
            for space in run.inputs.tokens:
                if output == "alone" and space == "pieces":
                    continue
                if key == "classes" and space == "right":
                    continue
                explanation = explain(loaded, run, Target(output, space, (0, 2)), head=head)
                for name, scores in explanation.scores.items():
                    row = want[places[space][[0, 2]]].mean(0)[places[name]]
                    np.testing.assert_allclose(scores, row, rtol=1e-9, atol=1e-14)
            every = explain(loaded, run, Target(output), head=head)
            here = [
                p[np.asarray(run.inputs.present.get(n, np.ones(len(p), bool)))]
                for n, p in places.items()
                if n in every.scores and not (key == "classes" and n == "right")
            ]
            for name, scores in every.scores.items():
                total = want[np.concatenate(here)].sum(0)[places[name]]
                np.testing.assert_allclose(scores, total, rtol=1e-9, atol=1e-14)


def test_the_whole_matrix_is_not_trivial():
    loaded, run = tiny.run_of("two-together")
    matrix, places = whole(loaded, run, "match"), plain.layout(run)
    assert matrix[np.ix_(places["left"], places["right"])].max() > 1e-3
    assert matrix[np.ix_(places["right"], places["right"])].max() > 1e-3


def counted(monkeypatch):
    """A list that grows with the name of a call whenever rows of it are made, and one with every product."""
    asked_rows, products, rows, times = [], [], AttentionCall.rows, flow.Weights.times
    monkeypatch.setattr(AttentionCall, "rows", lambda call, *part: asked_rows.append(call.name) or rows(call, *part))

    def noted(weights, call, values, **more):
        products.extend([call.name] * bool(values.any()))
        return times(weights, call, values, **more)

    monkeypatch.setattr(flow.Weights, "times", noted)
    return asked_rows, products


def test_each_row_is_made_once_for_all_spaces_even_where_none_is_kept(monkeypatch):
    loaded, run = tiny.run_of("mmca-stacked", target="score")
    monkeypatch.setattr(relevance, "HELD", 0)
    monkeypatch.setattr(flow, "KEPT", 0)
    asked_rows, products = counted(monkeypatch)
    explain(loaded, run, Target("score"))
    assert sorted(asked_rows) == sorted(products) == sorted(c.name for c in run.calls)


@pytest.mark.parametrize("layers", range(1, 7))
def test_layers_of_co_attention(layers, monkeypatch):
    monkeypatch.setattr(tiny, "LAYERS", layers)
    loaded = tiny.model(tiny.two_spaces(True))
    run = tiny.ran(loaded, tiny.pair_inputs(gone={"left": (1,)}), "match")
    want, places = whole(loaded, run, "match"), plain.layout(run)
    for held in (2**22, 0):
        monkeypatch.setattr(relevance, "HELD", held)
        with monkeypatch.context() as patch:
            asked_rows, products = counted(patch)
            scores_of = explain(loaded, run, Target("match")).scores
        here = np.concatenate([places[name][run.inputs.present[name].numpy()] for name in scores_of])
        for name, scores in scores_of.items():
            np.testing.assert_allclose(scores, want[here].sum(0)[places[name]], rtol=1e-9)
        assert sorted(asked_rows) == sorted(call.name for call in run.calls), "rows are made once and kept"
        assert len(products) == (0 if held else (7, 16, 37, 72, 136, 242)[layers - 1])


def test_rooms_take_few_products_and_keep_little(monkeypatch):
    loaded = engine.load(MODELS["mit"])
    run = engine.run(loaded, load_sample("kinect"))
    want = explain(loaded, run, Target(run.target)).scores
    kept = []
    weights = flow.Weights
    monkeypatch.setattr(relevance, "Weights", lambda *more: kept.append(weights(*more)) or kept[-1])
    monkeypatch.setattr(flow, "KEPT", 2**18)
    monkeypatch.setattr(relevance, "HELD", 0)
    _, products = counted(monkeypatch)
    explanation = explain(loaded, run, Target(run.target)).scores
    assert len(products) == 48
    assert 0 < sum(rows.numel() for rows in kept[0].kept.values()) <= 2**18
    for name, scores in explanation.items():
        np.testing.assert_allclose(scores, want[name], rtol=1e-9)


def test_by_hand_for_one_cross_attention():
    # R^{ss} and R^{qq} are identities, so eq. 10 leaves Ā itself, and eq. 11 adds Ā R^{qs} = 0
    loaded, run = tiny.run_of("two-in-turn")
    index = [c.name for c in run.calls].index("left_to_right.1")
    weights, grads = plain.gradients(loaded, run.inputs, "match")[index]
    scores = explain(loaded, run, Target("match", "left", (3,)), call="left_to_right.1").scores
    np.testing.assert_allclose(scores["right"], np.maximum(weights * grads, 0).mean(0)[3], atol=1e-15)
    assert not scores["left"].any()


def test_an_output_without_gradient_gives_zero_and_no_nan():
    loaded, run = tiny.run_of("two-together")
    silent = replace(run, calls=tuple(replace(c, grad_out=torch.zeros_like(c.grad_out)) for c in run.calls))
    deaf = replace(run, calls=tuple(replace(c, grad_out=None) for c in run.calls))
    for degenerate in (silent, deaf):
        for target in (Target("match"), Target("match", "left", (0, 1))):
            for scores in explain(loaded, degenerate, target).scores.values():
                assert (scores == 0).all()


def test_rows_that_are_zero_stay_zero():
    # one query hears nothing in its self-attention: its row of R − I is zero, and must not become NaN
    loaded, run = tiny.run_of("two-together")
    calls = []
    for call in run.calls:
        grad = call.grad_out.clone()
        if call.name.startswith("left."):
            grad[:, 2] = 0
        calls.append(replace(call, grad_out=grad))
    explanation = explain(loaded, replace(run, calls=tuple(calls)), Target("match"))
    maps = {c.name: (c.rows() * c.grad_rows()).clamp_min(0).mean(0).numpy() for c in calls}
    want, places = plain.chefer(run, plain.steps_of(loaded, run, "match"), maps), plain.layout(run)
    for name, scores in explanation.scores.items():
        np.testing.assert_allclose(scores, want.sum(0)[places[name]], rtol=1e-9)


def test_gradients_are_those_of_the_output_asked_for():
    loaded, run = tiny.run_of("mmca-parallel", target="alone")
    assert engine.regrad(loaded, run, "alone") is run
    asked = explain(loaded, run, Target("score"))
    fresh = explain(loaded, tiny.ran(loaded, run.inputs, "score"), Target("score"))
    for name, scores in asked.scores.items():
        np.testing.assert_array_equal(scores, fresh.scores[name])
    assert asked.provenance == fresh.provenance
    assert run.target == "alone"
