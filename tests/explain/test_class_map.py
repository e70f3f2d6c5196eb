"""The class map with attention, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.models.rooms import TINY, room
from xviz import engine
from xviz.core.errors import ModelError
from xviz.explain.class_map import combine, fused
from xviz.models.mit_cards import card


def ran(gone=(), **changes):
    loaded = engine.untrained(card("tiny", "tiny", settings=replace(TINY, **changes), checkpoint=None))
    inputs = engine.prepare(loaded, room()).without(dict(gone))
    return loaded, engine.run_inputs(loaded, inputs, room())


def test_numbers_by_hand() -> None:
    of_class = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]])
    attention = np.array([[0.5, 0.0], [2.0, 1.0], [0.3, 1.5]])
    maps = combine(of_class, attention)
    np.testing.assert_allclose(maps.weighted, [[0.40, 0.0], [1.0, 0.5], [0.03, 1.35]])
    np.testing.assert_allclose(maps.fused, [[0.8, 0.2], [1.0, 0.5], [0.1, 1.35]])


def test_a_map_below_zero_weighs_nothing() -> None:
    maps = combine(np.array([[-2.0, 3.0]]), np.array([[0.5, 0.5]]))
    np.testing.assert_allclose(maps.weighted, [[0.0, 1.5]])
    np.testing.assert_allclose(maps.fused, [[0.0, 3.0]])


@pytest.mark.parametrize(("encoder", "counted"), [(2, 2), (5, 3)])
def test_attention_is_that_of_class_tokens_in_the_last_layers_of_the_encoder(encoder, counted) -> None:
    loaded, run = ran(encoder=encoder)
    maps = fused(loaded, run)
    want = 0.0
    for layer in range(encoder - counted, encoder):
        call = run.call(f"points_encoder.{layer}")
        weights = torch.softmax(call.scale * torch.einsum("hqd,hkd->hqk", call.q, call.k).double(), -1)
        want = want + weights.mean(0)[:4, 4:].T  # four class tokens stand before the supervoxels
    np.testing.assert_allclose(maps.attention, want, atol=1e-6)
    logits = torch.nn.functional.linear(
        run.inputs.tokens["supervoxels"], loaded.module.map_points.weight, loaded.module.map_points.bias
    )
    np.testing.assert_allclose(maps.map, logits.softmax(-1), atol=1e-6)
    np.testing.assert_allclose(maps.weighted, want.numpy() * maps.map, atol=1e-6)
    np.testing.assert_allclose(maps.fused, np.maximum(maps.weighted, maps.map))
    assert maps.attention.sum(0).max() <= counted + 1e-6


def test_absent_supervoxels_get_no_attention() -> None:
    loaded, run = ran(gone={"supervoxels": (0, 3)})
    assert not fused(loaded, run).attention[[0, 3]].any()


def test_without_such_layers_it_is_refused() -> None:
    loaded, run = ran()
    with pytest.raises(ModelError, match="at least one layer"):
        fused(loaded, run, layers=0)
