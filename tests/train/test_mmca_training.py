"""The pairs that a training step compares are what they are called."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from xviz.train.mmca.features import Split, joined
from xviz.train.mmca.linear import solve
from xviz.train.mmca.recipe import Recipe, aligned, leave_out, pairs, pick


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


def test_agreement_before_attention_is_each_pieces_best_region() -> None:
    rng = torch.Generator().manual_seed(0)
    recipe = Recipe(foils=2)
    regions = torch.randn(3, 4, 5, generator=rng, dtype=torch.float64)
    pieces = torch.randn(9, 6, 5, generator=rng, dtype=torch.float64)
    seen, read = torch.rand(3, 4, generator=rng) < 0.7, torch.rand(9, 6, generator=rng) < 0.7
    seen[:, 0] = read[:, 0] = True

    def agree(picture: int, sentence: int) -> float:
        best = [
            max(float(F.cosine_similarity(regions[picture, r], piece, dim=0)) for r in range(4) if seen[picture, r])
            for piece, there in zip(pieces[sentence], read[sentence], strict=True)
            if there
        ]
        return sum(best) / len(best) / recipe.temperature

    expected = 0.0
    for i in range(3):
        by_picture = [agree(i, j) for j in (i, *(k for k in range(3) if k != i), 3 + 2 * i, 4 + 2 * i)]
        by_sentence = [agree(j, i) for j in (i, *(k for k in range(3) if k != i))]
        for scores in (by_picture, by_sentence):
            expected -= math.log(math.exp(scores[0]) / sum(map(math.exp, scores))) / 3
    torch.testing.assert_close(aligned(regions, pieces, seen, read, recipe).item(), expected)


def test_joined_splits_keep_what_belongs_together() -> None:
    def split(name: str, scenes: int, pieces: int) -> Split:
        sentences = [
            {"text": f"{name} {scene} {kind}", "scene": scene, "of": 2 * scene, "kind": kind}
            for scene in range(scenes)
            for kind in ("true", "noun")
        ]
        return Split(
            scenes=[{"id": f"{name} {i}"} for i in range(scenes)],
            regions=np.full((scenes, 2, 3), pieces, np.float16),
            boxes=np.zeros((scenes, 2, 4), np.float32),
            pieces=np.arange(len(sentences) * pieces, dtype=np.float16)[:, None] + 100 * pieces,
            starts=np.arange(len(sentences) + 1) * pieces,
            sentences=sentences,
            true_of=[[2 * i] for i in range(scenes)],
            foils_of={2 * i: [2 * i + 1] for i in range(scenes)},
        )

    first, second = split("a", 2, 1), split("b", 3, 2)
    both = joined(first, second)
    for index, scene in enumerate(both.scenes):
        (true,) = both.true_of[index]
        (foil,) = both.foils_of[true]
        for sentence in (true, foil):
            assert both.sentences[sentence]["text"].startswith(scene["id"])
            assert both.sentences[sentence]["scene"] == index
            assert both.sentences[sentence]["of"] == true
    features, read = both.read(np.array([3, 4, 9]))
    assert read.sum(1).tolist() == [1, 2, 2]
    torch.testing.assert_close(features[2, :, 0], torch.tensor([210.0, 211.0]))
    torch.testing.assert_close(features[1, :, 0], torch.tensor([200.0, 201.0]))
    assert both.see(np.array([1, 2]))[:, 0, 0].tolist() == [1, 2]


def test_the_ridge_is_least_squares_with_a_penalty() -> None:
    x, y = torch.randn(30, 4, dtype=torch.float64), torch.randn(30, 3, dtype=torch.float64)
    shown, targets = x - x.mean(0), y - y.mean(0)
    wide = torch.cat([shown, 3.0 * torch.eye(4, dtype=torch.float64)])
    tall = torch.cat([targets, torch.zeros(4, 3, dtype=torch.float64)])
    torch.testing.assert_close(solve(x, y, 9.0), torch.linalg.lstsq(wide, tall).solution)
