"""Colours say what the numbers say: monotone, symmetric, never silent about what they leave out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from skimage.color import deltaE_ciede2000, rgb2lab

from xviz.draw.scale import CLASS_COLOURS, Categories, Scale, diverging, number, order, sequential

FLOATS = nps.arrays(np.float32, st.integers(1, 20), elements=st.floats(-1e6, 1e6, width=32))
#: what people without one kind of cone see, linear RGB (Machado, Oliveira and Fernandes 2009, severity 1)
BLIND = {
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


def lab(scale: Scale) -> np.ndarray:
    return rgb2lab(scale.lut()[None, 1:, :3])[0]


def seen_by(blindness: str, scale: Scale) -> np.ndarray:
    colours = scale.lut()[1:, :3] / 255
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(BLIND[blindness]), 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]


def test_sequential_lightness_rises_throughout():
    lightness = lab(Scale(0, 1))[:, 0]
    assert (np.diff(lightness) > -0.2).all()  # 8-bit rounding
    assert (np.diff(lightness[::8]) > 0).all()
    assert lightness[-1] - lightness[0] > 70


def test_diverging_lightness_is_symmetric_and_falls_outwards():
    lightness = lab(Scale(-1, 1, diverging=True))[:, 0]
    np.testing.assert_allclose(lightness, lightness[::-1], atol=1)
    assert (np.diff(lightness[127::8]) < 0).all()
    assert lightness[127] > 85


@pytest.mark.parametrize("blindness", BLIND)
def test_both_signs_stay_apart_for_the_colour_blind(blindness):
    colours = seen_by(blindness, Scale(-1, 1, diverging=True))
    assert deltaE_ciede2000(colours[0], colours[-1]) > 40
    assert deltaE_ciede2000(colours[63], colours[-64]) > 20


@pytest.mark.parametrize("blindness", BLIND)
def test_sequential_order_stays_for_the_colour_blind(blindness):
    assert (np.diff(seen_by(blindness, Scale(0, 1))[::8, 0]) > 0).all()


@given(FLOATS)
def test_quantise_is_monotone_and_uses_the_ends(scores):
    scale = sequential(scores)
    levels = scale.quantise(np.sort(scores)).astype(int)
    assert (np.diff(levels) >= 0).all()
    assert levels.min() >= 1
    assert scale.clipped(scores) == 0
    assert scale.quantise([scale.low, scale.high]).tolist() == [1, 255]


@given(FLOATS)
def test_opposite_scores_get_opposite_levels_and_zero_the_middle(scores):
    scale = diverging(scores)
    assert scale.low == -scale.high
    assert scale.quantise([0.0]).tolist() == [128]
    up, down = scale.quantise(scores).astype(int), scale.quantise(-scores).astype(int)
    assert (np.abs(up + down - 256) <= 1).all()  # one for scores exactly between two levels


def test_out_of_range_gets_the_nearest_colour_and_is_counted():
    scale = Scale(0, 1)
    scores = [-5, 0, 1, 1.5, np.inf, -np.inf, np.nan]
    assert scale.quantise(scores).tolist() == [1, 1, 255, 255, 255, 1, 0]
    assert scale.clipped(scores) == 4
    assert scale.header(scores)["clipped"] == 4


def test_float32_limits_do_not_clip_their_own_scores():
    scores = np.random.default_rng(0).random(1000).astype(np.float32)
    assert Scale(float(np.float64(scores.min())), float(f"{scores.max():.7g}")).clipped(scores) == 0


def test_nan_is_level_zero_and_transparent():
    scale = sequential([np.nan, 1.0])
    assert scale.quantise([np.nan]).tolist() == [0]
    assert scale.lut()[0].tolist() == [0, 0, 0, 0]
    assert (scale.lut()[1:, 3] == 255).all()


@pytest.mark.parametrize(
    ("scores", "limits"),
    [
        ([], (0, 1)),
        ([np.nan], (0, 1)),
        ([0, 0], (0, 1)),
        ([0.25, 0.25], (0, 0.25)),  # an even attention is not stretched
        ([0.5, 0.9], (0, 0.9)),
        ([-2, -2], (-2, 0)),
        ([-2, -1], (-2, -1)),
        ([-2, 3], (-2, 3)),
        ([np.inf, 2], (0, 2)),
    ],
)
def test_sequential_limits(scores, limits):
    scale = sequential(scores)
    assert (scale.low, scale.high) == limits


@pytest.mark.parametrize(("scores", "limit"), [([], 1), ([np.nan], 1), ([0, 0], 1), ([-3, 2], 3), ([-np.inf, 2], 2)])
def test_diverging_limits(scores, limit):
    assert (diverging(scores).low, diverging(scores).high) == (-limit, limit)


@pytest.mark.parametrize("limits", [(1, 1), (2, 1), (0, np.inf), (np.nan, 1)])
def test_limits_no_bar_could_print_are_refused(limits):
    with pytest.raises(ValueError, match="finite and rising"):
        Scale(*limits)


def test_limits_are_printed_with_label_and_unit():
    assert Scale(0, 0.31, label="attention weight").text() == "0 … 0.31 attention weight"
    assert diverging([], limit=0.4, label="evidence", unit="logits").text() == "−0.4 … 0.4 evidence (logits)"
    assert number(float("nan")) == "no value"


def test_order_is_by_magnitude_with_nan_last():
    assert order([0.1, -3, np.nan, 2, -3]).tolist() == [1, 4, 3, 0, 2]


@pytest.mark.parametrize("blindness", [None, *BLIND])
def test_fifteen_classes_can_be_told_apart_by_every_eye(blindness: str | None):
    classes = Categories(tuple(f"class {i}" for i in range(len(CLASS_COLOURS))))
    colours = (seen_by(blindness, classes) if blindness else lab(classes))[: len(CLASS_COLOURS)]
    apart = deltaE_ciede2000(colours[:, None], colours[None])
    assert len(colours) == 15
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 12.6


def test_classes_keep_their_colour_and_are_counted():
    classes = Categories(("wall", "floor", "chair"))
    assert classes.quantise([0, 2, np.nan]).tolist() == [1, 3, 0]
    assert classes.header([2, 2, np.nan, 0])["counts"] == [1, 0, 2]
    assert (classes.lut()[4:] == 0).all()


def test_more_classes_than_colours_are_refused():
    with pytest.raises(ValueError, match="one class at a time"):
        Categories(tuple(str(i) for i in range(16)))
