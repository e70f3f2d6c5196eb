"""The interlaced decoder against golden numbers, and what its layers promise."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from xviz.core.attention import listening
from xviz.models.mit_layers import Decoder, EncoderLayer, Sequences, askers, contrastive
from xviz.models.mit_settings import Settings

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/mit.json").read_text(encoding="utf-8"))
SETTINGS = Settings(width=16, classes=("a", "b", "c"), first="views")
SPACES = {"points": "classes_3d+supervoxels", "views": "classes_2d+patches"}


def wave(step: float, *shape: int) -> Tensor:
    return torch.sin(step * torch.arange(math.prod(shape), dtype=torch.float64)).view(shape)


def decoder(**changed: object) -> Decoder:
    model = Decoder(SPACES, replace(SETTINGS, **changed)).double().eval()
    with torch.no_grad():
        for number, (name, parameter) in enumerate(model.named_parameters()):
            k = torch.arange(parameter.numel(), dtype=torch.float64)
            parameter.copy_((0.1 * torch.sin(0.37 * k + number)).view(parameter.shape))
            if ".norm" in name and name.endswith("weight"):
                parameter += 1
    return model


def both() -> Sequences:
    return Sequences(points=wave(0.07, 1, 10, 16), views=wave(0.11, 1, 8, 16))


def test_the_decoder_gives_the_golden_numbers() -> None:
    after, affinities = decoder()(both())
    near = lambda value: pytest.approx(value, abs=1e-9, rel=0)  # noqa: E731
    assert after.views.sum().item() == near(GOLDEN["views"]["sum"])
    assert after.views[0, 0, 0].item() == near(GOLDEN["views"]["first"])
    assert after.points.sum().item() == near(GOLDEN["points"]["sum"])
    assert after.points[0, -1, -1].item() == near(GOLDEN["points"]["last of the first feature row"])
    assert [contrastive(layer).item() for layer in affinities] == [near(value) for value in GOLDEN["contrastive"]]
    assert contrastive(affinities).item() == near(GOLDEN["contrastive mean"])


def test_the_order_is_that_of_the_paper_unless_asked_otherwise() -> None:
    assert tuple(askers(replace(SETTINGS, first="points"))) == ("points", "views", "points", "views")
    assert tuple(askers(SETTINGS)) == ("views", "points", "views", "points")
    assert set(askers(replace(SETTINGS, fusion="one-way"))) == {"points"}


def test_one_way_leaves_the_views_as_they_are() -> None:
    before = both()
    after, _ = decoder(fusion="one-way")(before)
    assert torch.equal(after.views, before.views)
    assert not torch.allclose(after.points, before.points)


def test_class_tokens_ask_but_are_no_keys_across() -> None:
    model, before = decoder(), both()
    with listening() as tape:
        model(before)
    crosses = [heard for heard in tape if heard.module.queries != heard.module.keys]
    assert [heard.first_key for heard in crosses] == [3] * 4
    changed = before.views.clone()
    changed[:, :3] += 1.0  # a one-way layer does not see the class tokens of the other side
    one_way = decoder(fusion="one-way")
    after, _ = one_way(Sequences(before.points, changed))
    torch.testing.assert_close(after.points, one_way(before)[0].points, rtol=0, atol=0)


def test_an_encoder_layer_without_drop_is_the_same_twice() -> None:
    torch.manual_seed(0)
    layer = EncoderLayer("a", width=8, heads=2, ratio=1.0, dropout=0.1, skipped=0.5).eval()
    x = torch.randn(2, 5, 8)
    assert torch.equal(layer(x, None), layer(x, None))
    layer.train()
    torch.manual_seed(1)
    assert not torch.equal(layer(x, None), layer(x, None))
