"""A two-stream model heard from outside, against the same model written with ``Attend``, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import xviz
from xviz import engine
from xviz.core.attention import Attend
from xviz.core.run import Target
from xviz.explain import METHODS

SHAPES = {"words": 5, "patches": 7}
ORDER = (("words", "patches"), ("patches", "words"), ("words", "words"), ("patches", "patches"), ("words", "patches"))


class Layer(nn.Module):
    """One space asks another; somebody else's way, by the fused kernel, or ours, by an ``Attend``."""

    def __init__(self, asks: str, answers: str, *, ours: bool) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(12, 12) for _ in range(4))
        if ours:
            self.attend = Attend(asks, answers)

    def forward(self, asks: Tensor, answers: Tensor) -> Tensor:
        q, k, v = (
            part(x).unflatten(-1, (3, 4)).transpose(1, 2)
            for part, x in ((self.q, asks), (self.k, answers), (self.v, answers))
        )
        product = self.attend(q, k, v) if hasattr(self, "attend") else F.scaled_dot_product_attention(q, k, v)
        return asks + self.out(product.transpose(1, 2).flatten(2))


class Streams(nn.Module):
    """Two streams that ask each other and themselves."""

    def __init__(self, *, ours: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(*pair, ours=ours) for pair in ORDER)
        self.score = nn.Linear(12, 1)

    def forward(self, tokens: dict[str, Tensor], present: object = None, context: object = None) -> dict[str, Tensor]:
        x = dict(tokens)
        for layer, (asks, answers) in zip(self.layers, ORDER, strict=True):
            x[asks] = torch.tanh(layer(x[asks], x[answers]))
        return {"score": self.score(x["words"].mean(1) * x["patches"].mean(1))[:, 0]}


def loaded(*, ours: bool) -> engine.Loaded:
    torch.manual_seed(4)
    module = Streams(ours=ours).double()
    spaces = [xviz.Named(name, tuple(f"{name} {i}" for i in range(count))) for name, count in SHAPES.items()]
    features = {name: torch.randn(count, 12, dtype=torch.float64) for name, count in SHAPES.items()}
    spec = xviz.Spec(
        title="Streams", outputs={"score": "a score"}, residual=True, reads=("words", "patches"),
        read=lambda _: xviz.Inputs.of(*spaces, tokens=features),
    )  # fmt: skip
    if not ours:
        return engine.wrap(module.eval(), spec)
    return engine.Loaded(spec, engine.freeze(module), "made here", "none", ours=True)


@pytest.mark.parametrize("method", ["look", "received", "rollout", "relevance"])
def test_a_model_heard_from_outside_is_explained_as_one_of_ours(method: str) -> None:
    both = [loaded(ours=ours) for ours in (False, True)]
    sample = xviz.Sample("one", {"text": xviz.Text(("a",))})
    target = Target("score", "words", (2,)) if METHODS[method].needs_focus else Target("score")
    heard, own = (METHODS[method].explain(model, engine.run(model, sample), target).scores for model in both)
    assert set(heard) == set(own)
    for name in own:
        assert np.ptp(own[name]) > 1e-6
        np.testing.assert_allclose(heard[name], own[name], rtol=0, atol=1e-9)
