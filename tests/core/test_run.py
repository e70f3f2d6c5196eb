"""Records refuse what does not fit, and cannot be changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xviz.core.attention import AttentionCall
from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.core.run import Inputs, Run, Target
from xviz.core.tokens import Joined, Named

A, B = Named("a", ("a0", "a1", "a2")), Named("b", ("b0", "b1"))
SPACES = {space.name: space for space in (A, B, Joined("joint", (A, B)))}
NOWHERE = Provenance("", "", "", "", "")


def inputs(**changes) -> Inputs:
    plain = {
        "tokens": {"a": torch.zeros(3, 4), "b": torch.zeros(2, 5)},
        "present": {"a": torch.ones(3, dtype=torch.bool), "b": torch.ones(2, dtype=torch.bool)},
        "spaces": SPACES,
        "context": {},
    }
    return Inputs(**(plain | changes))


def call(queries: str, keys: str, q: int, k: int) -> AttentionCall:
    return AttentionCall("layer", queries, keys, torch.zeros(1, q, 2), torch.zeros(1, k, 2), torch.zeros(1, k, 2), 1.0)


def run(*calls: AttentionCall) -> Run:
    return Run({"out": 1.0}, "out", calls, inputs(), NOWHERE)


def test_calls_fit_their_spaces():
    fitting = run(call("a", "b", 3, 2), call("joint", "joint", 5, 5))
    assert fitting.spaces is fitting.inputs.spaces
    assert fitting.call("layer") is fitting.calls[0]


def test_a_space_is_given_as_what_it_is_and_refused_as_another() -> None:
    fitting = run(call("a", "b", 3, 2))
    assert fitting.space("a", Named) is fitting.spaces["a"]
    with pytest.raises(ModelError, match="“a” is Named; Joined is needed"):
        fitting.space("a", Joined)
    with pytest.raises(ModelError, match="no token space “c”"):
        fitting.space("c", Named)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("c", "b", 3, 2), "queries of an unknown space “c”"),
        (("a", "c", 3, 2), "keys of an unknown space “c”"),
        (("a", "b", 2, 2), "has 2 queries, but “a” has 3 tokens"),
        (("joint", "b", 5, 3), "has 3 keys, but “b” has 2 tokens"),
    ],
)
def test_calls_that_do_not_fit_are_refused(wrong, message):
    with pytest.raises(ModelError, match=message):
        run(call(*wrong))


def test_a_call_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(ModelError, match=r"no attention “other” in this run; there are \['layer'\]"):
        run(call("a", "a", 3, 3)).call("other")


@pytest.mark.parametrize(
    "wrong", [{"tokens": {"a": torch.zeros(2, 4)}}, {"present": {"a": torch.ones(2).bool(), "b": torch.ones(2).bool()}}]
)
def test_inputs_that_do_not_fit_their_spaces_are_refused(wrong):
    with pytest.raises(ModelError, match="The space “a” has 3 tokens"):
        inputs(**wrong)


def test_leaving_tokens_out_changes_nothing_else():
    full = inputs()
    less = full.without({"a": (0, 2)})
    assert less.present["a"].tolist() == [False, True, False]
    assert less.present["b"].tolist() == [True, True]
    assert full.present["a"].all()
    assert less.tokens == full.tokens


def test_tokens_that_cannot_be_left_out_are_refused():
    with pytest.raises(ModelError, match="All of “b” would be left out"):
        inputs().without({"b": (0, 1)})
    for gone in ({"c": (0,)}, {"a": (3,)}, {"a": (-1,)}):
        with pytest.raises(ModelError, match="there are no such tokens"):
            inputs().without(gone)


def test_records_cannot_be_changed():
    fitting = run(call("a", "a", 3, 3))
    for mapping in (
        fitting.outputs,
        fitting.spaces,
        fitting.inputs.tokens,
        fitting.inputs.present,
        fitting.inputs.context,
    ):
        with pytest.raises(TypeError):
            mapping["new"] = 1
    with pytest.raises(AttributeError):
        fitting.target = "other"


def test_a_target_says_what_it_is():
    assert Target("score").text() == "score"
    assert Target("score", "pieces", (2, 3)).text() == "score owed to pieces [2, 3]"


def explanation(scores, signed=True) -> Explanation:
    return Explanation({"a": scores}, "method", "out", "points", signed, NOWHERE)


def test_scores_are_read_only_float64_of_their_own():
    values = np.array([1, 2, 3], np.float32)
    explained = explanation(values)
    assert explained.scores["a"].dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        explained.scores["a"][0] = 5
    values[0] = 9
    assert explained.scores["a"][0] == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ModelError, match="not finite"):
        explanation([1.0, bad])


def test_unsigned_scores_below_zero_are_refused():
    assert explanation([-1.0, 0.0]).signed
    with pytest.raises(ModelError, match="below zero"):
        explanation([-1.0, 0.0], signed=False)


def test_provenance_with_more_options():
    extended = NOWHERE.but(method="look", head=3)
    assert dict(extended.options) == {"method": "look", "head": 3}
    assert dict(NOWHERE.options) == {}
    assert extended.json() == NOWHERE.but(head=3, method="look").json()
