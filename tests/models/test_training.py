"""The pairs that a training step compares are what they are called."""

from __future__ import annotations

import numpy as np
import torch

from xviz.train.mmca import Recipe, leave_out, pairs, pick


def test_candidates_belong_to_their_picture_and_their_sentence() -> None:
    recipe = Recipe(foils=2, hardest=2, others=3)
    count = 9
    alone = torch.randn(count, count * 3, generator=torch.Generator().manual_seed(0))
    pictures, texts, by_picture, by_sentence = pairs(alone, recipe, np.random.default_rng(0))
    for i in range(count):
        own = texts[by_picture[i]]
        assert (pictures[by_picture[i]] == i).all()
        assert own[0] == i
        assert set(own[1:3].tolist()) == {count + 2 * i, count + 2 * i + 1}
        assert i not in own[1:].tolist()
        assert (texts[by_sentence[i]] == i).all()
        assert pictures[by_sentence[i][0]] == i
        assert i not in pictures[by_sentence[i][1:]].tolist()
        hardest = alone[i, :count].clone()
        hardest[i] = -torch.inf
        assert set(own[3:5].tolist()) == set(hardest.topk(2).indices.tolist())


def test_the_right_candidate_lowers_both_losses() -> None:
    wrong, right = torch.tensor([[0.1, 0.5, 0.2]]), torch.tensor([[0.9, 0.5, 0.2]])
    for loss in ("softmax", "hinge"):
        assert pick(right, Recipe(loss=loss)) < pick(wrong, Recipe(loss=loss))
    assert pick(right, Recipe(loss="hinge")) == 0
    torch.testing.assert_close(pick(wrong, Recipe(loss="hinge")), torch.tensor(0.2 - 0.1 + 0.5))


def test_leaving_out_never_takes_all() -> None:
    kept = leave_out(torch.ones(500, 2, dtype=torch.bool), 0.9)
    assert kept.any(1).all()
    assert not kept.all()
