"""look, received and rollout against whole matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.explain import plain, tiny
from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.provenance import Provenance
from xviz.core.run import Inputs, Run, Target
from xviz.explain import METHODS

look, received, rollout = (METHODS[key].explain for key in ("look", "received", "rollout"))


def run_of(*matrices: list[list[float]], heads: int = 1) -> Run:
    """A run over one space of three tokens whose attention is exactly these matrices, in every head."""
    calls = []
    for number, matrix in enumerate(matrices):
        bias = torch.tensor(matrix, dtype=torch.float64).log().expand(heads, -1, -1)
        none = torch.zeros(heads, 3, 2, dtype=torch.float64)
        calls.append(AttentionCall(f"layer.{number}", "three", "three", none, none, none, 1.0, bias))
    inputs = Inputs(
        {"three": torch.zeros(3, 1)}, {"three": torch.ones(3).bool()}, {"three": tiny.named("three", 3)}, {}
    )
    return Run({"out": 0.0}, "out", tuple(calls), inputs, Provenance("", "", "", "", ""))


THREE = tiny.Loaded(tiny.card("three", None, ("out",), {}), torch.nn.Identity(), "none", "")
FIRST = [[0.5, 0.25, 0.25], [0.2, 0.6, 0.2], [0.0, 0.0, 1.0]]
SECOND = [[0.0, 1.0, 0.0], [0.5, 0.5, 0.0], [0.3, 0.3, 0.4]]


def test_rollout_of_three_tokens_by_hand():
    # (I + SECOND) / 2 row 0 is [.5, .5, 0]; times (I + FIRST) / 2, whose rows are
    # [.75, .125, .125], [.1, .8, .1], [0, 0, 1]: .5 [.75 .125 .125] + .5 [.1 .8 .1]
    explanation = rollout(THREE, run_of(FIRST, SECOND), Target("out", "three", (0,)))
    np.testing.assert_allclose(explanation.scores["three"], [0.425, 0.4625, 0.1125], atol=1e-15)
    # rows 1 and 2 likewise: [.25, .75, 0] → [.2625, .63125, .10625]; [.15, .15, .7] → [.1275, .13875, .73375]
    every = rollout(THREE, run_of(FIRST, SECOND), Target("out"))
    rows = np.array([[0.425, 0.4625, 0.1125], [0.2625, 0.63125, 0.10625], [0.1275, 0.13875, 0.73375]])
    np.testing.assert_allclose(every.scores["three"], rows.mean(0), atol=1e-15)


def test_a_space_that_asks_twice_in_one_step_keeps_half_of_itself():
    # both read the same tokens: row 0 is [.5 0 0] + .25 [.5 .25 .25] + .25 [0 1 0]
    both = tiny.replace(THREE, spec=tiny.replace(THREE.card, paths={"out": ("layer.0 + layer.1",)}))
    explanation = rollout(both, run_of(FIRST, SECOND), Target("out", "three", (0,)))
    np.testing.assert_allclose(explanation.scores["three"], [0.625, 0.3125, 0.0625], atol=1e-15)


def test_rollout_discards_nothing_however_small():
    explanation = rollout(THREE, run_of([[1 - 2e-6, 1e-6, 1e-6]] * 3), Target("out", "three", (0,)))
    np.testing.assert_allclose(explanation.scores["three"], [1 - 1e-6, 5e-7, 5e-7], rtol=1e-9)


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_rollout_is_the_product_of_the_matrices(key, absent):
    loaded, run = tiny.run_of(key, absent=absent)
    for output in loaded.card.outputs:
        steps = plain.steps_of(loaded, run, output)
        for head in (None, 3):
            maps = {c.name: plain.attention(run, c.name) for c in run.calls}
            maps = {name: m.mean(0) if head is None else m[head] for name, m in maps.items()}
            whole, places = plain.rollout(run, steps, maps), plain.layout(run)
            asking = {
                n
                for step in steps
                for c in step
                for n in places
                if set(places[n]) <= set(plain.where(run, run.call(c).queries))
            }
            for space in sorted(asking & set(run.inputs.tokens)):
                explanation = rollout(loaded, run, Target(output, space, (0, 2)), head=head)
                want = whole[places[space][[0, 2]]].mean(0)
                assert sum(scores.sum() for scores in explanation.scores.values()) == pytest.approx(1, abs=1e-12)
                for name, scores in explanation.scores.items():
                    np.testing.assert_allclose(scores, want[places[name]], atol=1e-12)
            here = [
                places[n][np.asarray(run.inputs.present.get(n, np.ones(len(places[n]), bool)))] for n in sorted(asking)
            ]
            every = rollout(loaded, run, Target(output), head=head)
            want = whole[np.concatenate(here)].mean(0)
            for name, scores in every.scores.items():
                np.testing.assert_allclose(scores, want[places[name]], atol=1e-12)


@pytest.mark.parametrize("key", tiny.CARDS)
def test_rollout_in_single_precision_still_sums_to_one(key):
    loaded = tiny.engine.untrained(tiny.CARDS[key])
    inputs = tiny.inputs_of(key)
    single = {
        name: {k: v.float() if v.is_floating_point() else v for k, v in getattr(inputs, name).items()}
        for name in ("tokens", "context")
    }
    run = tiny.ran(loaded, Inputs(single["tokens"], inputs.present, inputs.spaces, single["context"]))
    total = sum(scores.sum() for scores in rollout(loaded, run, Target(loaded.card.target)).scores.values())
    assert total == pytest.approx(1, abs=1e-6)


def test_the_two_directions_of_a_layer_read_the_same_tokens_only_when_they_do():
    loaded, run = tiny.run_of("two-together")
    in_turn = tiny.replace(loaded, spec=tiny.CARDS["two-in-turn"])
    together, one_by_one = (rollout(m, run, Target("match", "right", (0,))).scores for m in (loaded, in_turn))
    assert np.abs(together["left"] - one_by_one["left"]).max() > 1e-3


@pytest.mark.parametrize("head", [None, 0, 3])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_look_is_the_rows_of_the_matrix(key, head):
    loaded, run = tiny.run_of(key)
    for space in run.inputs.tokens:
        for call in plain.calls_about(run, space):
            matrix = plain.attention(run, call.name)
            matrix = matrix.mean(0) if head is None else matrix[head]
            start = {"pieces": 5, "left": 2 if key == "classes" else 0}.get(space, 0) if call.queries == "joint" else 0
            scores = look(loaded, run, Target(loaded.card.target, space, (2,)), call=call.name, head=head).scores
            np.testing.assert_allclose(np.concatenate(list(scores.values())), matrix[start + 2], atol=1e-14)
            # several tokens: the mean of all their rows, not the first one's
            both = look(loaded, run, Target(loaded.card.target, space, (2, 0)), call=call.name, head=head).scores
            np.testing.assert_allclose(
                np.concatenate(list(both.values())), matrix[[start, start + 2]].mean(0), atol=1e-14
            )


def test_look_over_calls_is_their_mean_and_sums_to_one():
    loaded, run = tiny.run_of("mmca-stacked")
    scores = look(loaded, run, Target("score", "regions", (1,))).scores
    maps = [plain.attention(run, c.name).mean(0)[1] for c in run.calls]  # 2 over regions, 2 over both
    np.testing.assert_allclose(scores["regions"], sum(m[:5] for m in maps) / 4, atol=1e-14)
    np.testing.assert_allclose(scores["pieces"], sum(m[5:] for m in maps if len(m) > 5) / 4, atol=1e-14)
    assert sum(s.sum() for s in scores.values()) == pytest.approx(1)


def test_the_same_token_twice_counts_once():
    loaded, run = tiny.run_of("mmca-parallel")
    once, twice = (look(loaded, run, Target("score", "pieces", t)).scores["regions"] for t in ((1, 2), (1, 2, 1)))
    np.testing.assert_array_equal(once, twice)


@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("key", tiny.CARDS)
def test_received_is_the_mean_over_present_queries(key, absent):
    loaded, run = tiny.run_of(key, absent=absent)
    places = plain.layout(run)
    here = np.concatenate([np.asarray(run.inputs.present.get(n, np.ones(len(places[n]), bool))) for n in places])
    for call in run.calls:
        matrix = plain.attention(run, call.name)
        scores = received(loaded, run, Target(loaded.card.target), call=call.name, head=2).scores
        asks = here[plain.where(run, call.queries)]
        np.testing.assert_allclose(np.concatenate(list(scores.values())), matrix[2][asks].mean(0), atol=1e-14)


def test_received_with_a_focus_asks_its_space_only():
    loaded, run = tiny.run_of("mmca-parallel")
    scores = received(loaded, run, Target("score", "pieces", (0,)), call="joint.1.attention").scores
    matrix = plain.attention(run, "joint.1.attention").mean(0)
    np.testing.assert_allclose(np.concatenate([scores["regions"], scores["pieces"]]), matrix[5:].mean(0), atol=1e-14)


def test_absent_tokens_get_nothing():
    loaded, run = tiny.run_of("mmca-stacked", absent=True)
    for method in (received, rollout):
        scores = method(loaded, run, Target("score")).scores
        assert scores["regions"][1] == 0
        assert scores["pieces"][3] == 0


def test_questions_that_make_no_sense_are_refused():
    loaded, run = tiny.run_of("mmca-parallel")
    with pytest.raises(ModelError, match="Pick a token"):
        look(loaded, run, Target("score"))
    with pytest.raises(ModelError, match="No token of “pieces” is picked"):
        look(loaded, run, Target("score", "pieces"))
    with pytest.raises(ModelError, match="no token 4"):
        look(loaded, run, Target("score", "pieces", (4,)))
    with pytest.raises(ModelError, match="no tokens “joint”"):
        look(loaded, run, Target("score", "joint", (0,)))
    with pytest.raises(ModelError, match="no head 4"):
        look(loaded, run, Target("score", "pieces", (0,)), head=4)
    with pytest.raises(ModelError, match=r"not in “regions\.0\.attention”"):
        look(loaded, run, Target("score", "pieces", (0,)), call="regions.0.attention")
    with pytest.raises(ModelError, match="no attention “nowhere”"):
        rollout(loaded, run, Target("score"), call="nowhere")
    with pytest.raises(ModelError, match="No attention on the way to “alone” is asked by “pieces”"):
        rollout(loaded, run, Target("alone", "pieces", (0,)))
    with pytest.raises(ModelError, match="has no output “colour”"):
        received(loaded, run, Target("colour"))
    loaded, run = tiny.run_of("mmca-parallel", absent=True)
    with pytest.raises(ModelError, match="Token 3 of “pieces” was left out"):
        look(loaded, run, Target("score", "pieces", (3,)))
