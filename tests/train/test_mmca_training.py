"""The pairs that a training step compares are what they are called."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from xviz.core.errors import SampleError
from xviz.models.class_names import ClassNames
from xviz.models.mmca import MMCA, SHIPPED
from xviz.train.mmca import classes, recipe
from xviz.train.mmca.features import Split, joined, some_regions
from xviz.train.mmca.linear import solve
from xviz.train.mmca.ranking import quick_check
from xviz.train.mmca.recipe import Recipe, aligned, leave_out, pairs, pick
from xviz.train.mmca.start import mean, refit


def test_candidates_belong_to_their_picture_and_their_sentence() -> None:
    numbers = Recipe(foils=2, hardest=2, others=3)
    count = 9
    alone = torch.randn(count, count * 3, generator=torch.Generator().manual_seed(0))
    pictures, texts, by_picture, by_sentence = pairs(alone, numbers, np.random.default_rng(0))
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
    numbers = Recipe(foils=2)
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
        return sum(best) / len(best) / numbers.temperature

    expected = 0.0
    for i in range(3):
        by_picture = [agree(i, j) for j in (i, *(k for k in range(3) if k != i), 3 + 2 * i, 4 + 2 * i)]
        by_sentence = [agree(j, i) for j in (i, *(k for k in range(3) if k != i))]
        for scores in (by_picture, by_sentence):
            expected -= math.log(math.exp(scores[0]) / sum(map(math.exp, scores))) / 3
    torch.testing.assert_close(aligned(regions, pieces, seen, read, numbers).item(), expected)


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


def test_a_portion_of_regions_keeps_the_best_for_each_thing() -> None:
    corners = np.random.default_rng(0).integers(0, 80, (36, 2))
    boxes = np.concatenate([corners, corners + 20], 1).astype(np.float32)
    things = boxes[[30, 7, 30]].astype(float) + 1
    kept = some_regions(boxes, things, 6)
    assert len(set(kept.tolist())) == 6
    assert {7, 30} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(some_regions(boxes, things, 6), kept)
    np.testing.assert_array_equal(some_regions(boxes, things, 36), np.arange(36))


def test_classes_come_from_the_picture_network_and_their_names(tmp_path: Path) -> None:
    layer = ClassNames(1000, features=1280, words=384, width=8, softness=1.5, doubt=0.2)
    with pytest.raises(SampleError, match=r"no classes\.json in the scene folder"):
        classes.fill(layer, tmp_path)
    (tmp_path / classes.FILE).write_text(json.dumps(["cat", "dog"]))
    with pytest.raises(SampleError, match="should name 1000 classes; it names 2"):
        classes.fill(layer, tmp_path)
    named = classes.vectors(["cat", "dog", "sofa"])
    torch.testing.assert_close(named.mean(0), torch.zeros(384), atol=1e-6, rtol=0)
    near = F.cosine_similarity(named[:1], named[1:])
    assert near[0] > near[1]


def test_stopped_training_goes_on_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sentences = [
        {"scene": scene, "of": 2 * scene, "kind": kind, "text": "", "mentions": []}
        for scene in range(12)
        for kind in ("true", "noun")
    ]
    split = Split(
        scenes=[{"width": 10, "height": 10, "objects": [{"concept": str(i % 3)}]} for i in range(12)],
        regions=rng.normal(size=(12, 5, 6)).astype(np.float16),
        boxes=np.tile(np.array([1, 1, 4, 4], np.float32), (12, 5, 1)),
        pieces=rng.normal(size=(72, 4)).astype(np.float16),
        starts=np.arange(25) * 3,
        sentences=sentences,
        true_of=[[2 * i] for i in range(12)],
        foils_of={2 * i: [2 * i + 1] for i in range(12)},
    )
    monkeypatch.setattr(recipe, "load_split", lambda *_: split)
    settings = replace(SHIPPED, region_width=6, word_width=4, width=8, heads=2, hidden=8, filters=4, classes=0)
    numbers = Recipe(singles=0, epochs=3, alone_epochs=1, batch=4, foils=1, others=1, hardest=1)
    whole = recipe.train(tmp_path, tmp_path / "whole.safetensors", numbers, settings)

    checks = []

    def stopping(*of: object) -> dict[str, float]:
        checks.append(of)
        if len(checks) == 3:
            raise KeyboardInterrupt
        return quick_check(*of)

    monkeypatch.setattr(recipe, "quick_check", stopping)
    with pytest.raises(KeyboardInterrupt):
        recipe.train(tmp_path, tmp_path / "parts.safetensors", numbers, settings)
    monkeypatch.setattr(recipe, "quick_check", quick_check)
    assert not (tmp_path / "parts.log.json").exists()
    parts = recipe.train(tmp_path, tmp_path / "parts.safetensors", numbers, settings)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], tensor, rtol=0, atol=0)
    logs = [json.loads((tmp_path / f"{name}.log.json").read_text()) for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert len(logs[0]["epochs"]) == 3
    assert not list(tmp_path.glob("*.pt"))


def test_the_region_layer_is_fitted_to_what_former_weights_said() -> None:
    torch.manual_seed(0)
    model = MMCA(replace(SHIPPED, region_width=6, word_width=4, width=8, heads=2, hidden=8, filters=4, classes=0))
    model.region_mean.copy_(torch.randn(6))
    model.region_scale.copy_(1 + torch.rand(6))
    features, layer = 100 * torch.randn(4000, 6), torch.nn.Linear(6, 8)
    with torch.no_grad():
        wanted = layer(features)
        refit(model, features, wanted)
        came = model.region((features - model.region_mean) / model.region_scale)
    assert (came - wanted).norm() < 1e-2 * wanted.norm()


def test_what_is_kept_is_the_mean_with_what_was_begun_with() -> None:
    settings = replace(SHIPPED, region_width=6, word_width=4, width=8, heads=2, hidden=8, filters=4, classes=0)
    first, second = MMCA(settings), MMCA(settings)
    kept = mean(second, first.state_dict(), 0.25).region.weight
    torch.testing.assert_close(kept, 0.25 * first.region.weight + 0.75 * second.region.weight)
    torch.testing.assert_close(mean(second, first.state_dict(), 0.0).region.weight, second.region.weight)
