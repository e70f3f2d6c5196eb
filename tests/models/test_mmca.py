"""The matching model, written a second time in plain numpy, and what its card says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from xviz.core.attention import listening
from xviz.core.errors import ModelError, SampleError
from xviz.core.sample import Picture, Regions, Sample, Text
from xviz.models.mmca import MMCA, MMCA_PAPER_CARD, PAPERS, SHIPPED, Settings, prepare

SMALL = replace(
    SHIPPED, region_width=6, word_width=5, width=8, heads=2, hidden=12, filters=4, classes=7, doubt=0.4, dropout=0.3,
    baseline=None,
)  # fmt: skip
Array = NDArray[np.float64]


def tiny(**settings: object) -> MMCA:
    torch.manual_seed(0)
    model = MMCA(replace(SMALL, **settings)).double().eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    for buffer in (model.region_mean, model.piece_mean, *([] if model.names is None else model.names.buffers())):
        torch.nn.init.normal_(buffer)
    return model


def batch(regions: int = 7, pieces: int = 4, size: int = 3) -> tuple[dict[str, torch.Tensor], ...]:
    torch.manual_seed(1)
    tokens = {
        "regions": torch.randn(size, regions, 6, dtype=torch.float64),
        "pieces": torch.randn(size, pieces, 5, dtype=torch.float64),
    }
    present = {name: torch.ones(t.shape[:2], dtype=torch.bool) for name, t in tokens.items()}
    context = {
        "places": torch.rand(size, regions, 5, dtype=torch.float64),
        "alpha": torch.full((size,), 0.7, dtype=torch.float64),
    }
    return tokens, present, context


# A second statement: equations of sections 3.2 and 3.3 for one pair, without batches, masks or fused kernels


def stated(
    w: Mapping[str, Array], regions: Array, pieces: Array, places: Array, *, settings: Settings
) -> tuple[float, float]:
    def linear(name: str, x: Array) -> Array:
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0)

    def norm(name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]

    def gelu(x: Array) -> Array:
        return 0.5 * x * (1 + torch.erf(torch.from_numpy(x) / 2**0.5).numpy())

    def unit(name: str, x: Array) -> Array:
        q, k, v = (linear(f"{name}.attention.{part}", x) for part in ("query", "key", "value"))
        d, mixed = q.shape[1] // settings.heads, []
        for h in range(settings.heads):
            here = slice(h * d, (h + 1) * d)
            logits = q[:, here] @ k[:, here].T / np.sqrt(d)
            weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            mixed.append(weights @ v[:, here])
        x = norm(f"{name}.norm_attention", x + linear(f"{name}.attention.out", np.concatenate(mixed, 1)))
        return norm(f"{name}.norm_mlp", x + linear(f"{name}.mlp.3", gelu(linear(f"{name}.mlp.0", x))))

    def phrases(name: str, x: Array) -> Array:
        best = []
        for index, window in enumerate((1, 2, 3)):
            before, after = (window - 1) // 2, window - 1 - (window - 1) // 2
            padded = np.concatenate([np.zeros((before, x.shape[1])), x, np.zeros((after, x.shape[1]))])
            kernel, bias = w[f"{name}.convolutions.{index}.weight"], w[f"{name}.convolutions.{index}.bias"]
            heard = [np.einsum("ofw,wf->o", kernel, padded[at : at + window]) + bias for at in range(len(x))]
            best.append(np.maximum(np.array(heard), 0).max(0))
        return linear(f"{name}.join", np.concatenate(best))

    def unitary(x: Array) -> Array:
        return x / np.linalg.norm(x)

    def gate(name: str, x: Array) -> Array:
        return 1 / (1 + np.exp(-linear(name, x)))

    r = linear("region", (regions - w["region_mean"]) / w["region_scale"]) + places @ w["place.weight"].T
    e = linear("piece", pieces)
    if settings.classes:
        odds = np.exp(linear("names", regions) / settings.softness)
        chances = odds / odds.sum(1, keepdims=True)
        r = r + chances @ w["names.vectors"] @ w["piece.weight"].T
    own = unit("regions.0", r)
    joint = unit("joint.0", np.concatenate([own if settings.branches == "stacked" else r, e]))
    alone = unitary(own.mean(0)) @ unitary(phrases("phrases_alone", pieces))
    if settings.classes:
        heard = (2 * gate("names.thing", own) * chances).mean(0)
        read = (gate("names.noun", pieces) * (pieces - w["piece_mean"])).mean(0)
        share = np.linalg.norm(heard) / (np.linalg.norm(heard) + settings.doubt)
        read = read / np.sqrt(1 + read @ read)
        alone = (1 - share) * alone + share * (unitary(heard @ w["names.vectors"]) @ read)
    return alone, unitary(joint[: len(r)].mean(0)) @ unitary(phrases("phrases_joint", joint[len(r) :]))


@pytest.mark.parametrize("classes", [7, 0])
@pytest.mark.parametrize("branches", ["parallel", "stacked"])
def test_scores_equal_the_plain_statement(branches: str, classes: int) -> None:
    model = tiny(branches=branches, classes=classes)
    tokens, present, context = batch()
    outputs = model(tokens, present, context)
    weights = {name: t.numpy() for name, t in model.state_dict().items()}
    for row in range(3):
        alone, joint = stated(
            weights,
            *(t[row].numpy() for t in (tokens["regions"], tokens["pieces"], context["places"])),
            settings=replace(SMALL, branches=branches, classes=classes),
        )
        assert outputs["alone"][row].item() == pytest.approx(alone, abs=1e-12)
        assert outputs["joint"][row].item() == pytest.approx(joint, abs=1e-12)
        assert outputs["score"][row].item() == pytest.approx(alone + 0.7 * joint, abs=1e-12)


def test_an_absent_token_is_as_if_it_had_never_been_there() -> None:
    model = tiny()
    tokens, present, context = batch()
    present["regions"][:, 4:] = False
    present["pieces"][:, 3:] = False
    gone = model(tokens, present, context)
    short = model(
        {"regions": tokens["regions"][:, :4], "pieces": tokens["pieces"][:, :3]},
        {"regions": present["regions"][:, :4], "pieces": present["pieces"][:, :3]},
        {**context, "places": context["places"][:, :4]},
    )
    for name in ("alone", "joint", "score"):
        torch.testing.assert_close(gone[name], short[name], rtol=0, atol=1e-12)


def test_the_joint_attention_reads_both_modalities_and_the_own_only_regions() -> None:
    model = tiny()
    with listening() as tape:
        model(*batch())
    heard = {(h.module.queries, h.module.keys): h for h in tape}
    assert set(heard) == {("regions", "regions"), ("joint", "joint")}
    assert heard["joint", "joint"].q.shape == (3, 2, 11, 4)
    assert heard["regions", "regions"].q.shape == (3, 2, 7, 4)


def test_stacked_and_parallel_branches_differ_only_in_the_joint_part() -> None:
    parallel, stacked = tiny(), tiny(branches="stacked")
    stacked.load_state_dict(parallel.state_dict())
    of_parallel, other = parallel(*batch()), stacked(*batch())
    torch.testing.assert_close(of_parallel["alone"], other["alone"], rtol=0, atol=0)
    assert (of_parallel["joint"] - other["joint"]).abs().min() > 1e-4


def test_unknown_branches_are_refused() -> None:
    with pytest.raises(ModelError, match=r"“parallel” or “stacked”, not “sideways”"):
        MMCA(replace(SMALL, branches="sideways"))


def test_the_papers_size_has_the_parameters_of_the_estimate() -> None:
    model = MMCA_PAPER_CARD.build(PAPERS)
    counts = {
        "unit": sum(p.numel() for p in model.joint[0].parameters()),
        "regions": sum(p.numel() for p in model.region.parameters()),
        "words": sum(p.numel() for p in model.phrases_alone.parameters()),
        "words after attention": sum(p.numel() for p in model.phrases_joint.parameters()),
        "all": sum(p.numel() for p in model.parameters()),
    }
    millions = {name: round(count / 1e6, 2) for name, count in counts.items()}
    assert millions == {"unit": 1.32, "regions": 0.52, "words": 2.75, "words after attention": 1.18, "all": 7.29}


# Preparing


def picture(height: int = 90, width: int = 120) -> Picture:
    pixels = np.full((height, width, 3), 240, np.uint8)
    pixels[20:60, 30:80] = (200, 30, 40)
    return Picture(pixels)


def test_a_picture_and_a_sentence_become_regions_and_pieces() -> None:
    inputs = prepare(Sample("red", {"picture": picture(), "text": Text(("a", "red", "trumpet", "trumpet"))}), SHIPPED)
    assert inputs.tokens["regions"].shape == (36, 1280)
    assert inputs.spaces["pieces"].words == ("a", "red", "trumpet", "trumpet")  # type: ignore[attr-defined]
    assert not set(inputs.spaces["pieces"].of(2)) & set(inputs.spaces["pieces"].of(3))  # type: ignore[attr-defined]
    assert len(inputs.spaces["joint"]) == 36 + len(inputs.spaces["pieces"])
    assert inputs.context["alpha"] == pytest.approx(SHIPPED.alpha)


def test_words_beyond_the_limit_are_told() -> None:
    long = Sample("long", {"picture": picture(), "text": Text(("apple",) * 134)})
    inputs = prepare(long, SHIPPED)
    assert len(inputs.spaces["pieces"]) == 128
    assert any("last 6 words are not read" in note for note in inputs.notes)


def test_features_that_fit_are_taken_as_they_are() -> None:
    rng = np.random.default_rng(0)
    boxes = np.array([[0, 0, 50, 40], [10, 10, 120, 90]], np.float32)
    features = rng.normal(size=(2, 1280)).astype(np.float32)
    sample = Sample("own", {"regions": Regions(boxes, features), "text": Text(("a", "cat"))})
    inputs = prepare(sample, SHIPPED)
    np.testing.assert_array_equal(inputs.tokens["regions"].numpy(), features)
    assert inputs.spaces["regions"].size == (90, 120)  # type: ignore[attr-defined]


def test_features_of_another_width_need_the_picture() -> None:
    boxes = np.array([[0, 0, 50, 40], [10, 10, 120, 90]], np.float32)
    regions = Regions(boxes, np.zeros((2, 2048), np.float32))
    with pytest.raises(SampleError, match=r"needs a picture, or regions with boxes and 1280 features each; it got"):
        prepare(Sample("own", {"regions": regions, "text": Text(("a", "cat"))}), SHIPPED)
    sample = Sample("own", {"regions": regions, "picture": picture(), "text": Text(("a", "cat"))})
    inputs = prepare(sample, SHIPPED)
    assert inputs.tokens["regions"].shape == (2, 1280)
    assert "features were made here" in inputs.notes[0]


def test_boxes_of_a_reduced_picture_are_reduced_with_it() -> None:
    boxes = np.array([[0, 0, 240, 180], [20, 20, 100, 90]], np.float32)
    small = Picture(picture().pixels, size=(180, 240))
    sample = Sample("own", {"regions": Regions(boxes, None), "picture": small, "text": Text(("a", "cat"))})
    np.testing.assert_allclose(prepare(sample, SHIPPED).spaces["regions"].boxes, boxes / 2)  # type: ignore[attr-defined]


def test_a_missing_sentence_is_told() -> None:
    with pytest.raises(SampleError, match="needs a text"):
        prepare(Sample("bare", {"picture": picture()}), SHIPPED)
