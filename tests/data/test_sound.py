"""Sounds in, stretches out; and everything that is no sound, in words."""

from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
import soundfile

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.sound import outline, read_sound, write_wav
from xviz.models.mmvit_cards import SOUND, prepare


def tone(seconds: float = 1.0, rate: int = 8000, channels: int = 1, loud: float = 0.3) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    one = (loud * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    return np.stack([one] * channels, 1)


def made(signal: np.ndarray, rate: int = 8000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, signal, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(("kind", "close"), [("WAV", 1e-4), ("FLAC", 1e-4), ("OGG", 0.1), ("MP3", 0.1)])
def test_four_formats_are_read_by_content(kind: str, close: float) -> None:
    signal = tone(1.0, 16_000)
    sound = read_sound(made(signal, 16_000, kind), "a.txt")
    assert sound.rate == 16_000
    assert sound.seconds == pytest.approx(1.0, abs=0.1)
    middle = slice(6000, 10_000)
    assert np.abs(sound.signal[middle]).max() == pytest.approx(0.3, abs=close)


def test_a_stretch_is_where_it_was_asked_for() -> None:
    signal = np.concatenate([np.zeros((8000, 1), np.float32), tone(1.0), np.zeros((8000, 1), np.float32)])
    sound = read_sound(made(signal, subtype="FLOAT"), start=0.9, most=1.2)
    assert (sound.start, sound.seconds, sound.whole) == (0.9, 1.2, 3.0)
    np.testing.assert_allclose(sound.signal, signal[7200:16_800, 0], atol=1e-6)


def test_channels_are_mixed_and_said() -> None:
    signal = tone(0.5, channels=8)
    signal[:, 4:] = 0.1 * np.random.default_rng(0).normal(size=signal[:, 4:].shape)
    sound = read_sound(made(signal), "mix.wav")
    np.testing.assert_allclose(sound.signal, signal.mean(1), atol=1e-4)
    assert not sound.warnings
    assert "8 channels; their mean is heard" in sound.notes[0]


def test_eight_hours_cost_what_the_stretch_costs() -> None:
    hours = 8 * 3600 * 1000
    content = made(np.zeros((hours, 1), np.int16), 1000, subtype="PCM_U8")  # 29 MB
    tracemalloc.start()
    sound = read_sound(content.replace(b"\x80" * 64, b"\x80" * 63 + b"\xff", 1), start=20_000.0, most=2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sound.seconds == 2.0
    assert sound.whole == 8 * 3600
    assert peak < 80e6, "the copy for this test, and no more than a block of floats"


def test_the_outline_of_a_long_file_is_read_in_blocks() -> None:
    signal = np.zeros((1_000_000, 1), np.float32)
    signal[700_000:701_000, 0] = np.random.default_rng(0).uniform(-0.5, 0.5, 1000)
    seen = outline(made(signal), bins=100)
    assert seen.seconds == 125.0
    assert np.flatnonzero(seen.high > 0.1).tolist() == [70]
    assert seen.fullest(2.0) == pytest.approx(88.1 - 1.0, abs=0.7)


def test_an_outline_of_a_stretch_has_the_extremes_of_each_bin() -> None:
    signal = np.random.default_rng(0).uniform(-1, 1, (50_000, 1))
    seen = outline(made(signal, subtype="FLOAT"), bins=7, start=2.0, most=3.0)
    part = signal[16_000:40_000, 0].astype(np.float32)
    index = np.arange(len(part)) * 7 // len(part)
    assert seen.seconds == 3.0
    np.testing.assert_allclose(seen.low, [part[index == i].min() for i in range(7)], atol=1e-6)
    np.testing.assert_allclose(seen.high, [part[index == i].max() for i in range(7)], atol=1e-6)
    assert len(outline(made(signal[:3])).low) == 3


def test_a_clipped_recording_is_told() -> None:
    sound = read_sound(made(np.clip(tone(loud=5.0), -1, 1)))
    assert any("clipped" in note for note in sound.notes)
    assert not read_sound(made(tone())).notes


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_truncated_file_is_told_or_refused(kind: str) -> None:
    whole = made(np.random.default_rng(0).normal(0, 0.1, (80_000, 1)), 8000, kind)
    sound = read_sound(whole[: len(whole) // 2], "half")
    assert sound.seconds < 9
    with pytest.raises(SampleError, match="half"):
        read_sound(whole[:30], "half")


def test_a_truncated_wav_says_how_much_is_missing() -> None:
    whole = made(tone(4.0))
    said = read_sound(whole[: 44 + 16_000], "half.wav")
    assert said.seconds == pytest.approx(1.0, abs=0.01)
    assert said.notes == ("half.wav is cut short: it tells of 4 s but holds 1 s.",)
    assert not read_sound(whole).notes


def test_other_rates_are_resampled_by_the_model() -> None:
    low, high = (prepare(Sample("a", {"sound": read_sound(made(tone(1.0, r), r))}), SOUND) for r in (8000, 192_000))
    assert (low.tokens["view1"] - high.tokens["view1"]).abs().mean() < 0.12
    assert "192000 Hz" in high.notes[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"these are words, not a sound, whatever the name says", "no sound that can be read"),
        (b"", "no sound that can be read"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "no sound that can be read"),
        (made(np.zeros((0, 1), np.float32)), "holds no samples"),
        (made(np.array([[0.1], [np.nan]] * 4000, np.float32), subtype="FLOAT"), "4000 samples that are not finite"),
    ],
    ids=["words", "nothing", "a header", "no samples", "not a number"],
)
def test_what_is_no_sound_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(SampleError, match=said):
        read_sound(content, "words.wav")


@pytest.mark.parametrize(
    ("signal", "said"), [(np.zeros((8000, 1)), "silent"), (np.ones((1, 1)) * 0.5, "at least 50 ms")]
)
def test_what_cannot_be_heard_is_refused_by_the_model(signal: np.ndarray, said: str) -> None:
    with pytest.raises(SampleError, match=said):
        prepare(Sample("a", {"sound": read_sound(made(signal), "a.wav")}), SOUND)


def test_a_start_after_the_end_is_refused() -> None:
    with pytest.raises(SampleError, match=r"lasts 1 s; there is nothing at 3 s"):
        read_sound(made(tone()), "a.wav", start=3.0)


def test_the_player_gets_what_the_model_hears() -> None:
    sound = read_sound(made(tone()))
    again = read_sound(write_wav(sound))
    np.testing.assert_allclose(again.signal, sound.signal, atol=1e-4)
