"""Rollout and relevance of every shipped card against matrices that are followed through the model's own modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.explain import dense, plain, tiny
from xviz import engine
from xviz.core.run import Inputs, Run, Target
from xviz.core.sample import Sample
from xviz.data.shipped import load_sample, samples
from xviz.engine import Loaded
from xviz.explain import METHODS
from xviz.models import MODELS
from xviz.models.mmvit_cards import PAPERS, SoundSettings

CLOSE = {"rtol": 0, "atol": 1e-9}
VIEWS = ("mmvit", "mmvit-instruments", "mmvit-objects")


def exactly(inputs: Inputs) -> Inputs:
    """The same in float64."""
    tokens, context = (
        {name: value.double() if value.is_floating_point() else value for name, value in part.items()}
        for part in (inputs.tokens, inputs.context)
    )
    return Inputs(tokens, inputs.present, inputs.spaces, context)


def shipped(key: str, sample: Sample, target: str | None = None, gone: Mapping[str, tuple] = ()) -> tuple[Loaded, Run]:
    """A shipped model in float64 and its run of a sample."""
    loaded = engine.load(MODELS[key])
    inputs = exactly(engine.prepare(loaded, sample)).without(dict(gone))
    loaded = replace(loaded, module=loaded.module.double())
    return loaded, engine.run_inputs(loaded, inputs, sample, target)


def maps(loaded: Loaded, run: Run, output: str, *, rollout: bool) -> dict[str, dense.Array]:
    """What each attention counts for: its weights, or what of gradient ⊙ weights is above zero; mean over heads."""
    each = zip(run.calls, plain.gradients(loaded, run.inputs, output), strict=True)
    return {c.name: (weights if rollout else np.maximum(weights * grads, 0)).mean(0) for c, (weights, grads) in each}


def agree(loaded: Loaded, run: Run, target: Target, method: str, row: dense.Array, columns: Mapping[str, int]) -> None:
    """Hold a method's scores against a row over all leaf spaces, whose sizes are given in order."""
    scores = METHODS[method].explain(loaded, run, target).scores
    assert set(scores) == set(columns)
    start = 0
    for name, size in columns.items():
        np.testing.assert_allclose(scores[name], row[start : start + size], **CLOSE)
        start += size
    assert np.abs(row).max() > 1e-6


def of_views(loaded: Loaded, run: Run, output: str, method: str, space: str | None = None, token: int = 0) -> None:
    """A model with views, asked from its class token or from a token of a view."""
    rollout = method == "rollout"
    mix = dense.mixed if rollout else dense.grown
    rows = dense.views(loaded.module, run.inputs, maps(loaded, run, output, rollout=rollout), mix)
    row = rows["class"][0] if space is None else rows[space.split(".")[0]][token]
    if not rollout and space is None:
        row = row - np.eye(len(row))[0]  # R − I
    columns = {"class": 1, **{name: len(tokens) for name, tokens in run.inputs.tokens.items()}}
    agree(loaded, run, Target(output, space, (token,)) if space else Target(output), method, row, columns)


SOME = [(key, example.name) for key in VIEWS for example in samples(key)[:2]]


@pytest.mark.parametrize("method", ["rollout", "relevance"])
@pytest.mark.parametrize(("key", "sample"), SOME)
def test_shipped_models_with_views(key: str, sample: str, method: str) -> None:
    loaded, run = shipped(key, load_sample(sample))
    for output in (loaded.card.target, max(run.outputs, key=run.outputs.__getitem__)):
        of_views(loaded, run, output, method)
        of_views(loaded, run, output, method, "view2.stage3", 1)


@pytest.mark.parametrize("method", ["rollout", "relevance"])
@pytest.mark.parametrize("key", VIEWS)
def test_shipped_models_with_views_without_some_patches(key: str, method: str) -> None:
    gone = {"view1": (0, 1, 2, 17, 40), "view2": (3, 9)}
    loaded, run = shipped(key, samples(key)[0].load(), gone=gone)
    of_views(loaded, run, loaded.card.target, method)


@pytest.mark.parametrize("method", ["rollout", "relevance"])
@pytest.mark.parametrize("cross", ["joint", "pairwise", "sequential", "none"])
@pytest.mark.parametrize("stages", [("AAC", "SAC"), ("C", "SC"), ("AA", "SAA", "SC")])
def test_any_layout_of_blocks(stages: tuple[str, ...], cross: str, method: str) -> None:
    strides = ((2, 2), *[(1, 1)] * (len(stages) - 1))
    settings = replace(tiny.TONES, stages=stages, cross=cross, kv_stride=strides)
    card = tiny.mmvit(cross)
    loaded = tiny.model(replace(card, settings=settings, paths=_paths(settings)))
    inputs = exactly(tiny.mmvit_cards.prepare(tiny.tone(), settings)).without({"view1": (1, 7), "view2": (3,)})
    run = tiny.ran(loaded, inputs, "two")
    of_views(loaded, run, "two", method)
    of_views(loaded, run, "one", method, f"view1.stage{len(stages)}", 1)


def _paths(settings: SoundSettings) -> Mapping[str, tuple[str, ...]]:
    """The path that a card of these settings has."""
    words = {"title": "", "short": "", "icon": "", "story": "", "wants": {}, "outputs": {"one": "one"}}
    return tiny.mmvit_cards.card("any", settings=settings, checkpoint=None, **words).paths


@pytest.mark.parametrize("method", ["rollout", "relevance"])
def test_the_layout_of_the_paper(method: str) -> None:
    card = MODELS["mmvit-paper"]
    settings = replace(PAPERS, input=(64, 64), width=8, classes=PAPERS.classes[:3])
    loaded = tiny.model(replace(card, settings=settings, build=tiny.build_mmvit))
    rng = np.random.default_rng(0)
    picture = tiny.mmvit_cards.patches(torch.from_numpy(rng.normal(size=(1, 3, 64, 64))), settings)
    tokens = {name: view[0] for name, view in picture.items()}
    spaces = tiny.mmvit_cards.spaces(settings, str, str, upright=True)
    here = {name: torch.ones(len(view), dtype=torch.bool) for name, view in tokens.items()}
    run = tiny.ran(loaded, Inputs(tokens, here, spaces, {}), "class 1")
    of_views(loaded, run, "class 1", method)
    of_views(loaded, run, "class 1", method, "view1.stage4", 2)


@pytest.mark.parametrize("method", ["rollout", "relevance"])
def test_shipped_rooms(method: str) -> None:
    loaded, run = shipped("mit", load_sample("kinect"))
    rollout, classes = method == "rollout", len(loaded.card.outputs)
    sizes = {"classes_3d": classes, "supervoxels": len(run.inputs.tokens["supervoxels"])}
    sizes |= {"classes_2d": classes, "patches": len(run.inputs.tokens["patches"])}
    counts = classes + sizes["supervoxels"], classes + sizes["patches"]
    for output in (loaded.card.target, max(run.outputs, key=run.outputs.__getitem__)):
        rows = dense.rooms(loaded.module, maps(loaded, run, output, rollout=rollout), counts, rollout=rollout)
        rows = rows if rollout else rows - np.eye(len(rows))
        asked = [*range(classes), *range(counts[0], counts[0] + classes)]
        whole = rows[asked].mean(0) if rollout else rows[asked].sum(0)
        agree(loaded, run, Target(output), method, whole, sizes)
        for space, tokens, at in (("supervoxels", (3, 8), classes), ("patches", (5,), counts[0] + classes)):
            row = rows[[at + token for token in tokens]].mean(0)
            agree(loaded, run, Target(output, space, tokens), method, row, sizes)


@pytest.mark.parametrize("method", ["rollout", "relevance"])
def test_shipped_matching(method: str) -> None:
    for example in samples("mmca")[:2]:
        loaded, run = shipped("mmca", example.load(), "score")
        sizes = {name: len(tokens) for name, tokens in run.inputs.tokens.items()}
        counts, rollout = maps(loaded, run, "score", rollout=method == "rollout"), method == "rollout"
        rows = dense.matching(loaded.module, counts, sum(sizes.values()), rollout=rollout)
        rows = rows if rollout else rows - np.eye(len(rows))
        agree(loaded, run, Target("score"), method, rows.mean(0) if rollout else rows.sum(0), sizes)
        agree(loaded, run, Target("score", "pieces", (1,)), method, rows[sizes["regions"] + 1], sizes)


@pytest.mark.parametrize("method", ["rollout", "relevance"])
def test_shipped_recordings(method: str) -> None:
    sample = samples("mca")[0].load()
    loaded, run = shipped("mca", sample)
    sizes, rollout = {name: len(tokens) for name, tokens in run.inputs.tokens.items()}, method == "rollout"
    for output in loaded.card.outputs:
        counts = maps(loaded, run, output, rollout=rollout)
        rows = dense.electrodes(counts, (sizes["de"], sizes["psd"]), rollout=rollout)
        rows = rows if rollout else rows - np.eye(len(rows))
        agree(loaded, run, Target(output), method, rows.mean(0) if rollout else rows.sum(0), sizes)
        agree(loaded, run, Target(output, "psd", (4,)), method, rows[sizes["de"] + 4], sizes)
