"""Every method on a model with views, stages and pooled keys, against whole matrices and against the model itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explain import dense, plain, tiny
from tests.explain.test_methods import QUICK
from xviz.core.cells import Cells
from xviz.core.errors import ModelError
from xviz.core.run import Run, Target
from xviz.engine import Loaded
from xviz.explain import METHODS

CLASS = Target("two", "class", (0,))
modes = pytest.mark.parametrize("cross", ["joint", "pairwise", "sequential", "none"])


def views_run(cross: str, *, absent: bool = False) -> tuple[Loaded, Run]:
    loaded = tiny.model(tiny.mmvit(cross))
    return loaded, tiny.ran(loaded, tiny.inputs_of("mmvit", absent=absent), "two")


@pytest.mark.parametrize("key", METHODS)
@modes
def test_every_method_answers_for_every_patch(key: str, cross: str) -> None:
    method, (loaded, run) = METHODS[key], views_run(cross, absent=True)
    target = CLASS if method.needs_focus else Target("two")
    explanation = method.explain(loaded, run, target, **QUICK.get(key, {}))
    assert (explanation.unit, explanation.signed) == (method.unit, method.signed)
    for name, scores in explanation.scores.items():
        assert scores.shape == (len(run.spaces[name]),)
        if name in run.inputs.present:
            assert not scores[~run.inputs.present[name].numpy()].any()
    first, second = ("view1.stage2", "view2.stage2") if key == "gradcam" else ("view1", "view2")
    assert first in explanation.scores
    assert key == "gradcam" or explanation.scores[first].any()  # whose map may lie below zero everywhere
    if cross in ("joint", "pairwise"):
        assert second in explanation.scores
        assert key in ("gradcam", "relevance") or explanation.scores[second].any()
    if cross == "none" and second in explanation.scores and key not in ("received", "shap"):  # shap's are estimates
        assert np.abs(explanation.scores[second]).max() < 1e-9, "only the first view reaches the class token"


@pytest.mark.parametrize("absent", [False, True])
@modes
def test_rollout_is_the_product_of_the_matrices(cross: str, absent: bool) -> None:
    loaded, run = views_run(cross, absent=absent)
    maps = {c.name: plain.attention(run, c.name).mean(0) for c in run.calls}
    rows, places = dense.views(loaded.module, run.inputs, maps, dense.mixed), columns(run)
    pooled = Target("two", "view1.stage2", (1,))
    for target, row in ((Target("two"), rows["class"][0]), (CLASS, rows["class"][0]), (pooled, rows["view1"][1])):
        scores_of = METHODS["rollout"].explain(loaded, run, target).scores
        assert set(scores_of) == {"class", "view1", "view2"}
        assert sum(scores.sum() for scores in scores_of.values()) == pytest.approx(1, abs=1e-12)
        for name, scores in scores_of.items():
            np.testing.assert_allclose(scores, row[places[name]], atol=1e-12)


@pytest.mark.parametrize("absent", [False, True])
@modes
def test_relevance_is_the_row_of_the_whole_matrix(cross: str, absent: bool) -> None:
    loaded, run = views_run(cross, absent=absent)
    maps = {
        call.name: np.maximum(grads * weights, 0).mean(0)
        for call, (weights, grads) in zip(run.calls, plain.gradients(loaded, run.inputs, "two"), strict=True)
    }
    row = dense.views(loaded.module, run.inputs, maps, dense.grown)["class"][0]
    row[0] -= 1  # R − I
    scores_of = METHODS["relevance"].explain(loaded, run, Target("two")).scores
    assert set(scores_of) == {"class", "view1", "view2"}
    for name, scores in scores_of.items():
        np.testing.assert_allclose(scores, row[columns(run)[name]], rtol=1e-9, atol=1e-14)
    assert scores_of["view1"].max() > 1e-6


def columns(run: Run) -> dict[str, slice]:
    """Where the tokens stand in the rows of ``dense.views``."""
    first = 1 + len(run.spaces["view1"])
    return {"class": slice(0, 1), "view1": slice(1, first), "view2": slice(first, first + len(run.spaces["view2"]))}


@modes
def test_look_of_one_call_is_its_row_at_the_true_keys(cross: str) -> None:
    loaded, run = views_run(cross)
    for call in plain.calls_about(run, "class"):
        matrix = plain.attention(run, call.name).mean(0)
        scores = METHODS["look"].explain(loaded, run, CLASS, call=call.name).scores
        np.testing.assert_allclose(np.concatenate(list(scores.values())), matrix[0], atol=1e-14)
        assert any(isinstance(run.spaces[name], Cells) and run.spaces[name].of for name in scores)


def test_look_over_calls_shares_pooled_weights_among_what_they_cover() -> None:
    loaded, run = views_run("joint")
    scores_of = METHODS["look"].explain(loaded, run, CLASS).scores
    assert set(scores_of) == {"class", "view1", "view2"}
    asked, places = plain.calls_about(run, "class"), plain.layout(run)
    want = {name: np.zeros(len(run.spaces[name])) for name in scores_of}
    for call in asked:
        row = dict(zip(plain.where(run, call.keys).tolist(), plain.attention(run, call.name).mean(0)[0], strict=True))
        for name, index in places.items():
            if not set(index.tolist()) <= set(row):
                continue
            values, leaf = np.array([row[i] for i in index.tolist()]), run.spaces[name]
            while getattr(leaf, "of", None) is not None:
                values, leaf = values @ leaf.cover, leaf.of
            want[leaf.name] += values / len(asked)
    for name, scores in scores_of.items():
        np.testing.assert_allclose(scores, want[name], atol=1e-14)
    assert sum(s.sum() for s in scores_of.values()) == pytest.approx(1)


def test_received_does_not_count_pooled_queries_that_are_absent() -> None:
    loaded, run = views_run("joint")
    gone = run.spaces["view1.stage2"].cover[0] > 0
    part = tiny.ran(loaded, run.inputs.without({"view1": tuple(np.flatnonzero(gone).tolist())}), "two")
    call = part.call("stage2.block2.joint")
    asks = np.ones(call.q.shape[1], bool)
    asks[1] = False  # after the class token
    scores = METHODS["received"].explain(loaded, part, Target("two"), call=call.name).scores
    matrix = plain.attention(part, call.name).mean(0)
    np.testing.assert_allclose(np.concatenate(list(scores.values())), matrix[asks].mean(0), atol=1e-14)


def test_leave_one_out_is_the_model_without_that_patch() -> None:
    loaded, run = views_run("joint")
    scores = METHODS["occlusion"].explain(loaded, run, Target("two")).scores
    for space, token in (("view1", 0), ("view1", 9), ("view2", 5)):
        without = plain.value(loaded, run.inputs.without({space: (token,)}), Target("two"))
        assert scores[space][token] == pytest.approx(run.outputs["two"] - without, abs=1e-10)


def test_integrated_gradients_add_up() -> None:
    loaded, run = views_run("joint")
    explanation = METHODS["integrated"].explain(loaded, run, Target("two"), n_steps=200)
    flat = {n: loaded.module.baseline()[n].expand_as(t) for n, t in run.inputs.tokens.items()}
    whole = run.outputs["two"] - plain.value(loaded, run.inputs, Target("two"), tokens=flat)
    assert sum(s.sum() for s in explanation.scores.values()) == pytest.approx(whole, abs=0.02 * abs(whole) + 1e-3)


def test_only_methods_of_attention_take_the_view_of_pooled_tokens() -> None:
    loaded, run = views_run("joint")
    for key, method in METHODS.items():
        target = Target("two", "view1.stage2", (0,))
        if method.kind == "attention":
            assert method.explain(loaded, run, target).focus == ("view1.stage2", (0,)), key
        else:
            with pytest.raises(ModelError, match=r"no tokens “view1\.stage2”"):
                method.explain(loaded, run, target, **QUICK.get(key, {}))
