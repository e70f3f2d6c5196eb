"""The shipped weights and samples: the plain statement, kept features, and golden numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.models.test_mmca import stated
from xviz import engine
from xviz.core.sample import Sample
from xviz.data.shipped import load_sample, samples
from xviz.models import MODELS
from xviz.models.mmca import SHIPPED

GOLDEN = Path(__file__).parents[1] / "golden" / "mmca.json"
KEYS = [shipped.name for shipped in samples("mmca")]


@pytest.fixture(scope="module")
def loaded() -> engine.Loaded:
    return engine.load(MODELS["mmca"])


@pytest.mark.parametrize("key", KEYS[:3])
def test_the_shipped_model_equals_the_plain_statement(loaded: engine.Loaded, key: str) -> None:
    inputs = loaded.card.prepare(load_sample(key), SHIPPED)
    weights = {name: t.double().numpy() for name, t in loaded.module.state_dict().items()}
    alone, joint = stated(
        weights,
        *(inputs.tokens[name].double().numpy() for name in ("regions", "pieces")),
        inputs.context["places"].double().numpy(),
        heads=SHIPPED["heads"],
        stacked=SHIPPED["branches"] == "stacked",
    )
    found = engine.outputs(loaded, inputs)
    assert found["alone"] == pytest.approx(alone, abs=2e-5)
    assert found["joint"] == pytest.approx(joint, abs=2e-5)


@pytest.mark.parametrize("key", [KEYS[0], KEYS[-1]])
def test_kept_features_are_those_of_the_encoder(loaded: engine.Loaded, key: str) -> None:
    sample = load_sample(key)
    bare = Sample("bare", {name: part for name, part in sample.parts.items() if name != "regions"})
    kept, fresh = (loaded.card.prepare(one, SHIPPED) for one in (sample, bare))
    np.testing.assert_allclose(kept.spaces["regions"].boxes, fresh.spaces["regions"].boxes, atol=0.01)  # type: ignore[attr-defined]
    np.testing.assert_allclose(kept.tokens["regions"], fresh.tokens["regions"], atol=5e-3, rtol=2e-3)
    assert engine.outputs(loaded, kept)["score"] == pytest.approx(engine.outputs(loaded, fresh)["score"], abs=2e-3)


def test_golden_numbers(loaded: engine.Loaded) -> None:
    """Made by ``python -m tests.golden.mmca``; they hold encoders, weights and preparation where they were."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["checkpoint_sha256"] == loaded.sha256
    for key in KEYS:
        found = engine.outputs(loaded, loaded.card.prepare(load_sample(key), SHIPPED))
        assert found == pytest.approx(golden["outputs"][key], abs=5e-4), key
