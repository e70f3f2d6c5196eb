"""Columns of the attention: the same numbers as the rows, seen from the other side."""

from __future__ import annotations

import numpy as np
import pytest

from tests.explain import tiny
from xviz.core.errors import ModelError
from xviz.core.run import Target
from xviz.core.tokens import place
from xviz.explain import columns, links


def joint():
    loaded, run = tiny.run_of("mmca-parallel")
    call = next(c for c in run.calls if c.name.startswith("joint"))
    return loaded, run, call


@pytest.mark.parametrize("chunk", [1, 3, 1024])
def test_columns_are_those_of_the_rows(chunk: int) -> None:
    _, _, call = joint()
    np.testing.assert_allclose(call.columns([1, 2], chunk), call.rows()[..., [1, 2]], rtol=1e-6)


@pytest.mark.parametrize("head", [None, 0])
def test_a_column_is_what_each_token_gives_to_the_picked_one(head) -> None:
    loaded, run, call = joint()
    explanation = columns.explain(loaded, run, Target("score", "pieces", (1,)), call=call.name, head=head)
    (index,) = place(run.spaces[call.keys], "pieces", (1,))
    rows = call.rows().double()
    expected = (rows.mean(0) if head is None else rows[head])[:, index].numpy()
    column = np.concatenate([explanation.scores[leaf.name] for leaf in run.spaces[call.queries].spaces])
    np.testing.assert_allclose(column, expected, rtol=1e-6)
    assert explanation.focus == ("pieces", (1,))
    assert explanation.method == "asked"


def test_without_a_token_or_an_answer_it_says_so() -> None:
    loaded, run, _ = joint()
    with pytest.raises(ModelError, match="Pick a token"):
        columns.explain(loaded, run, Target("score"))
    alone = next(c for c in run.calls if c.keys == "regions")
    with pytest.raises(ModelError, match="answer nobody"):
        columns.explain(loaded, run, Target("score", "pieces", (0,)), call=alone.name)


def test_no_link_without_a_pick_on_either_side() -> None:
    loaded, run, call = joint()
    explanation = columns.explain(loaded, run, Target("score", "pieces", (1,)), call=call.name)
    assert links.strongest(explanation, 3, patches="nothing", points="none") == ()
    named = links.strongest(explanation, 3, patches="pieces", points="regions")
    best = np.argsort(-explanation.scores["regions"], kind="stable")[:3]
    assert [link.supervoxel for link in named] == best.tolist()
