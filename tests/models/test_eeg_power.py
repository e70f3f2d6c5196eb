"""Band power, its test, time and frequency, attention of epochs: each restated in plain float64."""

from __future__ import annotations

import numpy as np
import pytest

from xviz import engine
from xviz.core.sample import Eeg, Sample
from xviz.data.eeg.stretch import epochs, labels
from xviz.models import MODELS, eeg_power
from xviz.models.mca_features import BANDS, PUBLISHED, features

RNG = np.random.default_rng(0)
RATE = 128
TIME = np.arange(20 * RATE) / RATE


def test_band_power_is_that_of_a_sine() -> None:
    """10 Hz of amplitude 20 µV: power 200 µV², spread by a Hann window over bins around 10 Hz."""
    sine = 20 * np.sin(2 * np.pi * 10 * TIME[: 2 * RATE])
    power = eeg_power.band_power(sine, RATE, BANDS)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(RATE) / RATE)
    levels = []
    for first in range(0, RATE + 1, RATE // 2):
        part = sine[first : first + RATE]
        spectrum = np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2 / (RATE * (window**2).sum())
        spectrum[1:-1] *= 2
        levels.append(spectrum)
    expected = 10 * np.log10(np.mean(levels, 0)[8:14].mean())  # alpha, 8–13 Hz
    assert power[2] == pytest.approx(expected, abs=1e-9)


def test_the_test_is_welchs_and_what_is_found_survives_many_electrodes() -> None:
    first, second = RNG.standard_normal((30, 6, 5)), RNG.standard_normal((20, 6, 5))
    first[:, 2, 1] += 2
    test = eeg_power.compare(first, second)
    a, b = first[:, 2, 1], second[:, 2, 1]
    t = (a.mean() - b.mean()) / np.sqrt(a.var(ddof=1) / 30 + b.var(ddof=1) / 20)
    assert test.t[2, 1] == pytest.approx(t, abs=1e-12)
    assert test.difference[2, 1] == pytest.approx(a.mean() - b.mean(), abs=1e-12)
    ranked = np.sort(test.p.ravel())
    most = max((i for i, p in enumerate(ranked) if p <= 0.05 * (i + 1) / ranked.size), default=-1)
    assert test.found.sum() == most + 1
    assert test.found[2, 1]


def test_the_picture_shows_when_and_at_which_frequency() -> None:
    signal = RNG.standard_normal(len(TIME)) + 30 * np.sin(2 * np.pi * 20 * TIME) * ((TIME > 5) & (TIME < 8))
    level, at, times = eeg_power.picture(signal, RATE)
    row, column = np.unravel_index(level.argmax(), level.shape)
    assert at[row] == pytest.approx(20, abs=1)
    assert 5 < times[column] < 8
    assert np.median(level, axis=1) == pytest.approx(0, abs=1e-9)


def test_attention_of_an_epoch_is_the_published_formula() -> None:
    signal = 10 * RNG.standard_normal((2, 5, 4 * RATE))
    signal[:, 3] = np.nan
    weights = eeg_power.attention_of(signal, RATE, PUBLISHED)
    assert weights.shape == (2, 5, 5, 5)
    here = [0, 1, 2, 4]
    plan = eeg_power.plan_of(PUBLISHED, 4.0)
    de, psd = features(signal[1][here].astype(np.float32).astype(np.float64), 0, plan)
    q, k = (part[:, 2] - part[:, 2].mean(-1, keepdims=True) for part in (de, psd))
    logits = q @ k.T / np.sqrt(q.shape[1])
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert weights[1, 2][np.ix_(here, here)] == pytest.approx(expected, abs=1e-12)
    assert np.isnan(weights[1, 2, 3]).all()
    assert np.nansum(weights[0], -1)[:, here] == pytest.approx(1, abs=1e-12)


def test_epochs_lie_around_their_events() -> None:
    from xviz.core.sample import Annotation

    signal = np.arange(10 * RATE, dtype=np.float32)[None].repeat(3, 0)
    marks = [Annotation(at, 0.0, "go") for at in (0.5, 4.0, 9.9)] + [Annotation(6.0, 1.0, "BAD x")]
    eeg = Eeg(signal, RATE, ("Fz", "Cz", "Pz"), annotations=tuple(marks))
    (label,) = labels(eeg)
    parts, gone = epochs(eeg, label.onsets, 1.0, 1.0)
    assert (label.label, parts.shape, gone) == ("go", (1, 3, 2 * RATE), 2)
    assert parts[0, 0, 0] == 3 * RATE


def test_the_native_montage_has_the_attention_of_the_formula_for_any_channels() -> None:
    signal = (10 * RNG.standard_normal((3, 61 * RATE))).astype(np.float32)
    loaded = engine.load(MODELS["mca-native"])
    run = engine.run(loaded, Sample("a", {"eeg": Eeg(signal, RATE, ("RAW_TP9", "x", "FP1-F7"))}))
    tokens = {name: run.inputs.tokens[name].double().numpy().reshape(3, 5, 60) for name in ("de", "psd")}
    logits = np.einsum("qbt,kbt->bqk", tokens["de"], tokens["psd"]) / np.sqrt(60)
    expected = np.exp(logits - logits.max(-1, keepdims=True))
    expected /= expected.sum(-1, keepdims=True)
    assert run.call("de_to_psd").rows().double().numpy() == pytest.approx(expected, abs=1e-6)
    assert sum(1 for _ in loaded.module.parameters()) == 0
