from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import mne
import numpy as np
import pytest
import torch

from xviz.core.errors import SampleError
from xviz.core.sample import BIOSEMI32, Eeg, Sample
from xviz.models.mca import MCA_CARD, MCA_PAPER_CARD
from xviz.models.mca_features import (
    BANDS,
    PUBLISHED,
    Plan,
    check_rate,
    de,
    features,
    frames,
    pad,
    psd,
    resampled,
    step_means,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mca.json").read_text(encoding="utf-8"))
PLAN = Plan()


def test_golden_features() -> None:
    t = np.arange(256) / 128
    signal = 10 * np.sin(2 * np.pi * 10 * t) + 4 * np.sin(2 * np.pi * 20 * t + 0.3)
    signal += np.sin(2 * np.pi * 38 * t) + 2 * np.sin(2 * np.pi * 6 * t)
    assert de(signal) == pytest.approx(GOLDEN["de"], abs=1e-9)
    assert frames(np.zeros((1, 7680)), 256, 32).shape[1] == GOLDEN["frames"]


def test_the_bands_are_the_published_ones() -> None:
    bands = [(band.name, band.psd, band.de) for band in BANDS]
    assert bands[1] == ("slow alpha", (8, 10), (8, 10))
    assert bands[2] == ("alpha", (8, 13), (8, 12))
    assert [band[0] for band in bands] == ["theta", "slow alpha", "alpha", "beta", "gamma"]


# features, a second time


def test_psd_is_welch_in_decibel() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal(256) * 5
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(128) / 128)
    power = 0
    for start in (0, 64, 128):
        part = x[start : start + 128]
        power = power + np.abs(np.fft.rfft((part - part.mean()) * hann)) ** 2
    power = power / 3 / (128 * (hann**2).sum())
    power[1:-1] *= 2
    for row, band in zip(psd(x, PLAN), BANDS, strict=True):
        low, high = band.psd
        assert row == pytest.approx(np.mean(10 * np.log10(power[int(low) : int(high) + 1])), abs=1e-9)


def test_features_of_a_trial() -> None:
    rng = np.random.default_rng(2)
    rest, clip = rng.standard_normal((4, 384)) * 5, rng.standard_normal((4, 7680)) * 10
    entropy, power = features(np.hstack([rest, clip]), 384, PLAN)
    assert entropy.shape == power.shape == (4, 5, 60)
    assert entropy[..., 4:-4].mean() == pytest.approx(np.log10(2), abs=0.05)  # twice the voltage
    assert power.mean() == pytest.approx(20 * np.log10(2), abs=0.5)
    windows_ = frames(clip, 256, 32)
    plain = psd(windows_, PLAN).transpose(0, 2, 1) - psd(rest[:, -256:], PLAN)[..., None]
    assert np.allclose(power[..., :58], plain.reshape(4, 5, 58, 4).mean(-1))
    assert np.array_equal(power[..., 58:], power[..., 56:58])


@pytest.mark.parametrize("rest", [384, 640])
def test_the_authors_crop_includes_its_end(rest: int) -> None:
    """Restated by their indices: of 640 samples of rest PSD reads 384 to 639, DE 385 to 640 of the filtered signal."""
    signal = np.random.default_rng(4).standard_normal((3, rest + 7680)) * 8
    ours, published = (features(signal, rest, plan) for plan in (PLAN, PUBLISHED))
    np.testing.assert_array_equal(ours[1], published[1])
    for plan, (entropy, _), first in ((PLAN, ours, rest - 256), (PUBLISHED, published, rest - 255)):
        for index, (low, high) in enumerate(((4, 8), (8, 10), (8, 12), (12, 30), (30, 45))):
            filtered = mne.filter.filter_data(signal, 128.0, low, high, fir_design="firwin", verbose="ERROR")
            read = filtered[:, [first + i for i in range(256)]]
            before = 0.5 * np.log10(2 * np.pi * np.e * read.var(1))
            starts = range(rest, rest + 7680 - 256, 32)
            trial = np.stack([filtered[:, s : s + 256].var(1) for s in starts], 1)
            values = 0.5 * np.log10(2 * np.pi * np.e * trial) - before[:, None]
            want = values.reshape(3, 58, 4).mean(-1)
            np.testing.assert_allclose(entropy[:, index, :58], want, atol=1e-9, err_msg=str(plan.de_rest_shift))
    assert rest != 640 or (rest - 255, rest + 1) == (385, 641)
    assert np.abs(ours[0] - published[0]).max() > 1e-4


def test_the_published_card_reads_the_authors_window_and_the_shipped_one_what_it_was_trained_with() -> None:
    assert (MCA_PAPER_CARD.settings.plan.de_rest_shift, MCA_PAPER_CARD.checkpoint) == (1, None)
    assert (MCA_CARD.settings.plan.de_rest_shift, MCA_CARD.checkpoint) == (0, "mca")
    noise = np.random.default_rng(5).standard_normal((32, 8064)).astype(np.float32) * 10
    sample = Sample("noise", {"eeg": Eeg(noise, 128.0, BIOSEMI32, None, 3.0)})
    ours, theirs = (card.prepare(sample, card.settings) for card in (MCA_CARD, MCA_PAPER_CARD))
    assert torch.equal(ours.tokens["psd"], theirs.tokens["psd"])
    assert not torch.equal(ours.tokens["de"], theirs.tokens["de"])


def test_without_rest_the_mean_is_taken_off() -> None:
    signal = np.random.default_rng(3).standard_normal((4, 7680))
    for value in features(signal, 0, replace(PLAN, steps=58)):
        assert np.abs(value.mean(-1)).max() < 1e-9


def test_silence_is_no_minus_infinity() -> None:
    entropy, power = features(np.zeros((2, 8064)), 384, PLAN)
    assert np.isfinite(entropy).all()
    assert np.abs(power).max() == 0


def test_padding_and_steps() -> None:
    assert step_means(np.arange(10.0)[None], 4).tolist() == [[1.5, 5.5]]
    assert pad(np.arange(3.0)[None], 6).tolist() == [[0, 1, 2, 1, 2, 1]]
    assert pad(np.arange(3.0)[None], 2).tolist() == [[0, 1]]


@pytest.mark.parametrize("rate", [100.0, 200.0, 512.0, 5000.0, 250.5])
def test_rates_become_one(rate: float) -> None:
    t = np.arange(round(4 * rate)) / rate
    signal = np.stack([np.sin(2 * np.pi * 10 * t), np.full(len(t), np.nan)]).astype(np.float32)
    signal_128 = resampled(Eeg(signal, rate, ("a", "b")), 128.0)
    assert signal_128.shape == (2, 512)
    assert np.isnan(signal_128[1]).all()
    inner = slice(64, -64)
    assert np.abs(signal_128[0] - np.sin(2 * np.pi * 10 * np.arange(512) / 128))[inner].max() < 0.02


def test_slow_recordings_are_refused() -> None:
    with pytest.raises(SampleError, match=r"gamma band reaches 45 Hz.* more than 90 samples a second; this one has 80"):
        check_rate(Eeg(np.ones((32, 320), np.float32), 80.0, BIOSEMI32), BANDS)
