"""The interlaced Transformer: what its cards say, what it is fed, and that its tokens are explained exactly."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from tests.models.rooms import TINY, cloud, photos, room
from xviz import engine
from xviz.core.errors import ModelError, SampleError
from xviz.core.run import Run, Target
from xviz.core.sample import PointCloud, Sample
from xviz.engine import Loaded
from xviz.explain import METHODS
from xviz.models import mit_cards
from xviz.models.clouds import cut, laid, pooled
from xviz.models.counts import parts
from xviz.models.mit import MIT, activation, affinities
from xviz.models.mit_cards import MIT_CARD, MIT_PAPER_CARD, PAPERS, card, prepare
from xviz.models.mit_encode import encode
from xviz.models.photos import STRIDE, Frame, fitted, look

FORMS = {
    "patches": {},
    "views": {"tokens_2d": "view"},
    "one way": {"fusion": "one-way"},
    "views ask first": {"first": "views"},
    "no photos": {"fusion": "none"},
}
forms = pytest.mark.parametrize("form", FORMS)


@cache
def loaded(form: str) -> Loaded:
    """A tiny model with random weights whose codes and baselines are not zero."""
    model = engine.untrained(card("tiny", "tiny", settings=replace(TINY, **FORMS[form]), checkpoint=None))
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, part in [*model.module.named_parameters(), *model.module.named_buffers()]:
            if "place" in name or name.startswith(("mean_", "class_")):
                part.copy_(0.3 * torch.randn(part.shape, generator=rng))
    return model


@cache
def ran(form: str) -> Run:
    return engine.run(loaded(form), room(), "red")


# The paper's numbers


def test_the_paper_scale_has_the_parameters_of_the_notes() -> None:
    for part, (own, notes) in parts().items():
        assert own == pytest.approx(notes, rel=0.001 if notes > 1e6 else 0), part


def test_the_cards_hold_the_papers_structure() -> None:
    assert (PAPERS.width, len(PAPERS.classes), PAPERS.photos, PAPERS.tokens_2d) == (96, 20, 16, "view")
    assert PAPERS.first == MIT_CARD.settings.first == "points"
    assert len(MIT_CARD.outputs) == 15
    assert MIT_PAPER_CARD.checkpoint is None
    with pytest.raises(ModelError, match="2048"):
        MIT_PAPER_CARD.prepare(room(), PAPERS)


# Frames of photos


@pytest.mark.parametrize("size", [(240, 320), (480, 640), (640, 480), (100, 90), (2000, 300), (3, 400)])
def test_a_photo_keeps_its_shape_in_the_frame(size: tuple[int, int]) -> None:
    frame = Frame(size, (8, 10))
    tall, wide = frame.inside
    assert tall <= 256
    assert wide <= 320
    assert tall == 256 or wide == 320
    assert max(tall, wide) / min(tall, wide) == pytest.approx(
        max(size) / min(size), rel=0.25 if min(size) < 9 else 0.03
    )
    assert fitted(np.zeros((*size, 3), np.uint8), frame).shape == (256, 320, 3)
    assert frame.present().any()


def test_patches_and_pixels_name_each_other() -> None:
    frame = Frame((640, 480), (8, 10))
    here = frame.present()
    assert here.sum() == 8 * 6
    for row, column in np.argwhere(here):
        x0, y0, x1, y1 = frame.box(int(row), int(column))
        assert frame.patch((x0 + x1) / 2, (y0 + y1) / 2) == (row, column)
    assert frame.patch(0, 0) == (0, 2)
    assert Frame((240, 320), (8, 10)).present().all()


def test_patch_features_are_those_of_the_photo() -> None:
    image = np.random.default_rng(0).integers(0, 256, (2 * STRIDE, 3 * STRIDE, 3)).astype(np.uint8)
    features, here = look([image, image[:, : 2 * STRIDE]], (2, 3))
    assert features.shape == (12, 1280)
    assert here.tolist() == [True] * 12  # 2 × 2 patches in the middle of 3 columns cover half of the outer ones
    again, _ = look([image], (2, 3))
    assert torch.equal(features[:6], again)


# Clouds on the grid


def test_a_supervoxels_token_is_the_mean_over_its_small_voxels() -> None:
    cut_cloud = cut(cloud(("red",))[0], TINY)
    scene = laid(cut_cloud, TINY)
    features = torch.randn(len(scene["voxels"]), 5)
    tokens = pooled(features, scene["pairs"], cut_cloud.supervoxels)
    voxel, piece = scene["pairs"].numpy()
    for index in range(cut_cloud.supervoxels):
        np.testing.assert_allclose(tokens[index], features[voxel[piece == index]].mean(0), atol=1e-5)
    assert (scene["places"].numpy()[:, 2] > -0.1).all()  # from the floor


def test_the_files_own_segments_become_tokens() -> None:
    points = cloud(("red",))[0]
    segment = (points.xyz[:, 0] > 1.5).astype(np.int64) * 5 - 1  # −1 and 4: the first have none
    sample = Sample("own", {"points": replace(points, segment=segment), "views": photos(("red",))})
    inputs = prepare(sample, TINY)
    assert len(inputs.spaces["supervoxels"]) == 1
    assert "own segments" in inputs.notes[0]


def test_a_cloud_without_colours_runs_and_says_so() -> None:
    points = cloud(("red",))[0]
    sample = Sample("grey", {"points": replace(points, rgb=None), "views": photos(("red",))})
    run = engine.run(loaded("patches"), sample)
    assert all(np.isfinite(value) for value in run.outputs.values())
    assert "no colours" in run.inputs.notes[0]


def test_one_point_is_a_room() -> None:
    sample = Sample("point", {"points": PointCloud(np.zeros((1, 3), np.float32)), "views": photos(("red",), 1)})
    assert all(np.isfinite(value) for value in engine.run(loaded("patches"), sample).outputs.values())


def test_missing_or_wrong_parts_are_refused_in_words() -> None:
    with pytest.raises(SampleError, match="points"):
        prepare(Sample("x", {"views": photos(("red",))}), TINY)
    with pytest.raises(SampleError, match="views"):
        prepare(Sample("x", {"points": cloud(("red",))[0]}), TINY)
    with pytest.raises(SampleError, match="the sample has photos there"):
        prepare(Sample("x", {"points": photos(("red",)), "views": photos(("red",))}), TINY)
    with pytest.raises(ModelError, match="fusion"):
        MIT(replace(TINY, fusion="both"))
    with pytest.raises(ModelError, match="width"):
        MIT(replace(TINY, planes=(8, 8)))


# Runs


@forms
def test_a_run_explains_supervoxels_and_patches(form: str) -> None:
    run, settings = ran(form), loaded(form).card.settings
    wanted = {"supervoxels", *([] if form == "no photos" else ["views" if form == "views" else "patches"])}
    assert set(run.inputs.tokens) == wanted
    assert run.inputs.tokens["supervoxels"].shape[1] == settings.width
    assert set(run.outputs) == set(settings.classes)
    names = [call.name for call in run.calls]
    assert names[0] == "points_encoder.0"
    crosses = [call for call in run.calls if call.name.startswith("decoder.") and call.name.endswith(".cross")]
    assert len(crosses) == (0 if form == "no photos" else 4)
    for call in crosses:
        assert call.first_key == 4
        assert call.rows()[..., :4].abs().max() == 0
    if crosses:
        assert run.spaces[crosses[0].queries].name.startswith(
            "classes_2d" if form == "views ask first" else "classes_3d"
        )
        assert affinities(run).shape == (4, 4, 4)
    else:
        with pytest.raises(ModelError, match="photos"):
            affinities(run)


@forms
def test_listening_changes_no_bit(form: str) -> None:
    run = ran(form)
    alone = engine.outputs(loaded(form), run.inputs)
    assert alone == dict(run.outputs)
    assert alone == engine.outputs(loaded(form), engine.prepare(loaded(form), room()))


@forms
def test_an_absent_token_is_as_if_it_never_was(form: str) -> None:
    inputs = ran(form).inputs
    gone = {"supervoxels": (0, 3)} | ({"patches": (2, 7)} if "patches" in inputs.tokens else {})
    without = inputs.without(gone)
    changed = {name: tokens.clone() for name, tokens in inputs.tokens.items()}
    for name, tokens in gone.items():
        changed[name][list(tokens)] = 100.0
    other = replace(without, tokens=changed)
    assert engine.outputs(loaded(form), without) == pytest.approx(engine.outputs(loaded(form), other), abs=1e-5)
    assert engine.outputs(loaded(form), without) != engine.outputs(loaded(form), inputs)


def test_order_of_supervoxels_does_not_matter() -> None:
    inputs = ran("patches").inputs
    order = torch.randperm(len(inputs.spaces["supervoxels"]), generator=torch.Generator().manual_seed(0))
    tokens = {**inputs.tokens, "supervoxels": inputs.tokens["supervoxels"][order]}
    mixed = replace(inputs, tokens=tokens, context={**inputs.context, "places": inputs.context["places"][order]})
    shuffled, want = engine.outputs(loaded("patches"), mixed), engine.outputs(loaded("patches"), inputs)
    assert shuffled == pytest.approx(want, abs=1e-5)


def test_any_number_of_photos_is_read() -> None:
    for count in (1, 3, 7):
        sample = Sample("x", {"points": cloud(("red",))[0], "views": photos(("red",), count)})
        run = engine.run(loaded("patches"), sample)
        assert len(run.inputs.tokens["patches"]) == 6 * count
    codes = loaded("patches").module.view_places(6 * 3)
    own = loaded("patches").module
    torch.testing.assert_close(codes[0, 7], own.view_place[0, 1] + own.patch_place[0, 1])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_it(method: str) -> None:
    model = loaded("patches")
    run = engine.run(model, room(), "red")
    target = Target("red", "classes_3d", (1,)) if METHODS[method].needs_focus else Target("red")
    explanation = METHODS[method].explain(model, run, target)
    assert explanation.scores["supervoxels"].shape == (len(run.spaces["supervoxels"]),)
    assert any(np.abs(values).max() > 0 for values in explanation.scores.values())
    if method == "integrated":
        stand_in = {name: part.expand(run.inputs.tokens[name].shape) for name, part in model.module.baseline().items()}
        low = engine.outputs(model, replace(run.inputs, tokens=stand_in))["red"]
        total = sum(values.sum() for values in explanation.scores.values())
        assert total == pytest.approx(run.outputs["red"] - low, abs=1e-3)


def test_a_pixel_asks_the_cloud_and_a_point_asks_the_photos() -> None:
    model, run = loaded("patches"), ran("patches")
    there = METHODS["look"].explain(model, run, Target("red", "patches", (4,)), call="decoder.1.cross")
    back = METHODS["look"].explain(model, run, Target("red", "supervoxels", (4,)), call="decoder.0.cross")
    assert there.scores["supervoxels"].sum() == pytest.approx(1, abs=1e-5)
    assert back.scores["patches"].sum() == pytest.approx(1, abs=1e-5)


def test_maps_of_classes_are_probabilities() -> None:
    run, model = ran("patches"), loaded("patches")
    count = len(run.spaces["supervoxels"])
    for class_map in (activation(model.module, run.inputs), run.inputs.context["second"]):
        assert class_map.shape == (count, 4)
        np.testing.assert_allclose(class_map.sum(1), 1, atol=1e-5)


def test_encoding_keeps_the_voxels_out_of_the_run() -> None:
    prepared = prepare(room(), TINY)
    assert "supervoxels" not in prepared.tokens
    inputs = encode(loaded("patches").module, prepared)
    assert set(inputs.context) == {"places", "second"}
    assert mit_cards.sights(TINY) == "patches"
