"""Attributions of voxels and pixels: complete, true to finite differences, and those of tokens where theory says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.models.rooms import TINY, cloud, photos
from xviz import engine
from xviz.core.errors import ModelError
from xviz.core.run import Inputs, Target
from xviz.core.sample import PointCloud, Sample
from xviz.explain import METHODS
from xviz.explain import voxels as finer
from xviz.models import regions
from xviz.models.mit_cards import card
from xviz.models.voxels import of_pictures, of_voxels, voxels_and_pixels

SAMPLE = Sample("room", {"points": cloud(("red", "blue"), count=300)[0], "views": photos(("red", "blue"))})


@pytest.fixture(autouse=True)
def smooth(monkeypatch):
    """An image network without kinks, so that quadratures can be held to narrow bounds."""
    mix = torch.randn(3, 1280, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def maps(pictures):
        coarse = torch.nn.functional.avg_pool2d((pictures.double() - 127) / 128, 32)
        return torch.tanh(torch.einsum("bchw,cf->bfhw", coarse, mix)).to(pictures.dtype)

    monkeypatch.setattr(regions, "maps", maps)


class Linear(torch.nn.Module):
    """In the place of the 3D network: every voxel by itself, nothing from nothing."""

    def __init__(self, coming: int, leaving: int) -> None:
        super().__init__()
        self.mix = torch.nn.Linear(coming, leaving, bias=False)

    def forward(self, x, grid):
        return self.mix(x)


def model(settings=TINY, seed: int = 0, linear: bool = False) -> engine.Loaded:
    """Random weights in float64, whose attention is not flat."""
    loaded = engine.untrained(card("tiny", "tiny", settings=settings, checkpoint=None), seed)
    module = loaded.module.double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if "norm" not in name and not name.startswith(("unet", "second")):
                weight.normal_(std=0.3, generator=generator)
        if linear:
            module.unet = Linear(6, settings.width).double()
    return replace(loaded, module=engine.freeze(module))


def room_run(loaded: engine.Loaded, sample: Sample = SAMPLE, gone=()):
    """Voxels and pixels in float64, and a run of the tokens made of them."""
    fine = voxels_and_pixels(sample, loaded.card.settings)
    fine = replace(fine, seen=fine.seen.double(), pictures=fine.pictures.double())
    plain = loaded.card.prepare(sample, loaded.card.settings)
    context = {"places": plain.context["places"].double()}
    tokens = {"supervoxels": of_voxels(loaded.module, fine, fine.seen)}
    present = {"supervoxels": torch.ones(len(fine.places), dtype=torch.bool), **plain.present}
    if sights := loaded.module.sights:
        tokens[sights] = torch.cat(
            [of_pictures(loaded.module, fine, i, p[None])[0] for i, p in enumerate(fine.pictures)]
        )
    inputs = Inputs({n: t.detach() for n, t in tokens.items()}, present, plain.spaces, context)
    return fine, engine.run_inputs(loaded, inputs.without(dict(gone)), sample)


def everything(loaded, run, fine, method: str, **steps):
    """Both steps for all that there is."""
    kept = {name: {"n_steps": n} for name, n in steps.items()}
    reading = finer.read(loaded, run, fine, Target("red"), method, **kept.get("tokens", {}))
    voxels = finer.trace_voxels(loaded, fine, reading, **kept.get("voxels", {}))
    each = {i: finer.trace_photo(loaded, fine, reading, i, **kept.get("photo", {})) for i in range(len(fine.pictures))}
    return reading, voxels, each


def value(loaded, run, fine, seen, pictures, output: str = "red") -> float:
    """The output for other voxels and pixels, straight through all networks."""
    tokens = {"supervoxels": of_voxels(loaded.module, fine, seen)}
    parts = [of_pictures(loaded.module, fine, i, p[None])[0] for i, p in enumerate(pictures)]
    tokens[loaded.module.sights] = torch.cat(parts)
    with torch.no_grad():
        context = engine.batched(run.inputs.context)
        return float(
            engine.forward(loaded, engine.batched(tokens), engine.batched(run.inputs.present), context)[output]
        )


@pytest.mark.parametrize("tokens_2d", ["patch", "view"])
def test_integrated_gradients_make_up_the_difference_from_blank_voxels_and_grey_photos(tokens_2d) -> None:
    loaded = model(replace(TINY, tokens_2d=tokens_2d))
    fine, run = room_run(loaded)
    reading, voxels, each = everything(loaded, run, fine, "integrated", tokens=64, voxels=128, photo=32)
    assert reading.value == pytest.approx(run.outputs["red"], abs=1e-12)
    assert reading.plain == pytest.approx(value(loaded, run, fine, *fine.baseline()), abs=1e-12)
    assert abs(reading.value - reading.plain) > 0.01
    assert abs(reading.gap) < 1e-5
    assert abs(voxels.gap) < 2e-3 * np.abs(voxels.scores).sum()  # a ReLU has a kink
    total = voxels.scores.sum()
    for photo, traced in each.items():
        assert abs(traced.gap) < 1e-5, photo
        total += traced.scores.sum()
    gaps = reading.gap + voxels.gap + sum(of_photo.gap for of_photo in each.values())
    assert total - gaps == pytest.approx(reading.value - reading.plain, abs=1e-9)


def test_gradient_times_input_is_the_chain_rule_and_meets_finite_differences() -> None:
    loaded = model()
    fine, run = room_run(loaded)
    _, voxels, each = everything(loaded, run, fine, "gradient")
    plain, step = fine.baseline(), 1e-5
    rng = torch.Generator().manual_seed(3)
    for _ in range(3):  # scores are gradient · way, so that scores · r are the slope along r · way
        random = torch.randn(fine.seen.shape, generator=rng, dtype=torch.float64)
        along = random * (fine.seen - plain[0])
        ends = [value(loaded, run, fine, fine.seen + s * along, fine.pictures) for s in (step, -step)]
        want = float((torch.from_numpy(voxels.scores) * random).sum())
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(want, rel=1e-4, abs=1e-8)
    way = fine.pictures - plain[1]
    ends = [value(loaded, run, fine, fine.seen, fine.pictures + s * way) for s in (step, -step)]
    want = sum(photo.scores.sum() for photo in each.values())
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("method", finer.METHODS)
def test_a_supervoxel_gets_what_its_voxels_get_where_the_network_is_linear(method) -> None:
    settings = replace(TINY, fusion="none", voxel=0.1)
    loaded = model(settings, linear=True)
    sample = Sample("cloud", {"points": SAMPLE.parts["points"]})
    fine, run = room_run(loaded, sample)
    loaded.module.mean_supervoxels.zero_()  # what the linear network makes of the baseline
    want = METHODS[method].explain(loaded, run, Target("red"), **({"n_steps": 24} if method == "integrated" else {}))
    reading, voxels, each = everything(loaded, run, fine, method, tokens=24, voxels=2)
    assert not each
    share = voxels.scores.sum(1)
    split = want.scores["supervoxels"]
    np.testing.assert_allclose(reading.owed["supervoxels"], split, atol=1e-8)
    assert share.sum() == pytest.approx(split.sum(), abs=1e-7)
    single = np.bincount(np.unique(fine.pairs.numpy(), axis=1)[0], minlength=len(share)) == 1
    pure = [p for p in range(len(split)) if single[fine.pairs[0][fine.pairs[1] == p]].all()]
    assert len(pure) > 3, "supervoxels none of whose voxels belongs to another one too"
    _, sums = finer.collect(run, fine, reading, voxels, {})
    np.testing.assert_allclose(sums.scores["supervoxels"][pure], split[pure], atol=1e-7)


def test_sums_over_supervoxels_and_patches_lose_nothing() -> None:
    loaded = model()
    of_room, run = room_run(loaded)
    reading, voxels, each = everything(loaded, run, of_room, "gradient")
    fine, coarse = finer.collect(run, of_room, reading, voxels, each)
    assert coarse.scores["supervoxels"].sum() == pytest.approx(fine.scores["voxels"].sum(), abs=1e-9)
    pixels = fine.scores["pixels"].reshape(2, 2, 32, 3, 32)
    np.testing.assert_allclose(coarse.scores["patches"].reshape(2, 2, 3), pixels.sum((2, 4)), atol=1e-12)
    assert sum(finer.by_name(of_room, voxels).values()) == pytest.approx(fine.scores["voxels"])
    assert set(finer.by_name(of_room, voxels)) == {"colour", "height", "upright", "there"}
    assert fine.signed
    assert fine.provenance.options["baseline"] == "voxels that say nothing, grey photos"


def test_the_frame_around_a_photo_gets_nothing() -> None:
    loaded = model()
    fine, run = room_run(loaded)
    _, _, each = everything(loaded, run, fine, "gradient")
    upright = each[1].scores  # 96 × 64 in a frame of 64 × 96
    assert fine.inside[1].float().mean() < 0.6
    assert not upright[~fine.inside[1].numpy()].any()
    assert upright[fine.inside[1].numpy()].any()


def test_what_is_left_out_gets_nothing_and_the_rest_is_asked_anew() -> None:
    loaded = model()
    fine, run = room_run(loaded, gone={"patches": tuple(range(6))})
    reading, _, each = everything(loaded, run, fine, "integrated", tokens=4, voxels=1, photo=1)
    assert not each[0].scores.any()
    assert each[1].scores.any()
    assert reading.value == pytest.approx(run.outputs["red"])


def test_a_cloud_without_colours_owes_nothing_to_colour() -> None:
    loaded = model()
    bare = Sample("bare", {"points": PointCloud(SAMPLE.parts["points"].xyz), "views": SAMPLE.parts["views"]})
    fine, run = room_run(loaded, bare)
    _, voxels, _ = everything(loaded, run, fine, "gradient")
    parts = finer.by_name(fine, voxels)
    assert not parts["colour"].any()
    assert parts["height"].any()


def test_voxels_are_painted_on_the_points_that_lie_in_them() -> None:
    fine = voxels_and_pixels(SAMPLE, TINY)
    xyz, of_point = SAMPLE.parts["points"].xyz, fine.voxels.of_point
    assert of_point.shape == (len(xyz),)
    for voxel in range(0, len(fine.voxels), 17):
        inside = xyz[of_point == voxel]
        assert (np.ptp(inside, axis=0) < 0.2 + 0.1 + 1e-5).all()  # small voxels are laid by the mean of their points
        np.testing.assert_allclose(fine.voxels.middles[voxel], inside.mean(0), atol=1e-5)


def test_outputs_stay_as_they_are_and_no_gradient_is_kept(monkeypatch) -> None:
    monkeypatch.undo()  # the real image network
    loaded = engine.untrained(card("tiny", "tiny", settings=TINY, checkpoint=None))
    inputs = engine.prepare(loaded, SAMPLE)
    run = engine.run_inputs(loaded, inputs, SAMPLE)
    fine = voxels_and_pixels(SAMPLE, TINY)
    torch.testing.assert_close(of_voxels(loaded.module, fine, fine.seen), inputs.tokens["supervoxels"])
    for i in range(2):
        patches = of_pictures(loaded.module, fine, i, fine.pictures[i : i + 1])[0]
        torch.testing.assert_close(patches, inputs.tokens["patches"][6 * i : 6 * i + 6], rtol=1e-4, atol=1e-4)
    reading, _, each = everything(loaded, run, fine, "integrated", tokens=2, voxels=1, photo=2)
    assert reading.value == pytest.approx(run.outputs["red"], abs=1e-5)
    assert each[0].scores.any()
    assert engine.run_inputs(loaded, inputs, SAMPLE).outputs == run.outputs
    assert all(p.grad is None for p in [*loaded.module.parameters(), *regions._shared().parameters()])
    assert not fine.seen.requires_grad


def test_work_is_told_and_can_be_stopped() -> None:
    loaded = model()
    fine, run = room_run(loaded)
    shares = []
    reading = finer.read(
        loaded, run, fine, Target("red"), "integrated", n_steps=8, progress=lambda s, w: shares.append(s)
    )
    assert shares == sorted(shares)
    assert shares[-1] <= 1

    class Stopped(Exception):
        pass

    def stop(share: float, words: str) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        finer.trace_voxels(loaded, fine, reading, progress=stop)
    with pytest.raises(Stopped):
        finer.trace_photo(loaded, fine, reading, 0, progress=stop)


def test_what_cannot_be_asked_is_refused_in_words() -> None:
    loaded = model()
    fine, run = room_run(loaded)
    with pytest.raises(ModelError, match="another sample"):
        finer.read(loaded, run, replace(fine, digest="other"), Target("red"), "gradient")
    with pytest.raises(ModelError, match="there is no “rollout”"):
        finer.read(loaded, run, fine, Target("red"), "rollout")
    with pytest.raises(ModelError, match="at least one step"):
        finer.read(loaded, run, fine, Target("red"), "integrated", n_steps=0)
    with pytest.raises(ModelError, match="no output"):
        finer.read(loaded, run, fine, Target("purple"), "gradient")
    with pytest.raises(ModelError, match="there is no photo 2"):
        finer.trace_photo(loaded, fine, finer.read(loaded, run, fine, Target("red"), "gradient"), 2)
    with pytest.raises(ModelError, match="lacks one of them"):
        voxels_and_pixels(Sample("alone", {"points": SAMPLE.parts["points"]}), TINY)
    with pytest.raises(ModelError, match="lacks one of them"):
        voxels_and_pixels(Sample("alone", {"views": SAMPLE.parts["views"]}), TINY)
