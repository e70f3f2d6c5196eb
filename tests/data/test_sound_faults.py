"""Faults of recorders and of cables: what is heard is right, and what was done about them is said."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import sounds

from xviz.core.errors import SampleError
from xviz.core.sample import Sample
from xviz.data.sound import MEAN, outline, read_sound, write_wav
from xviz.models.mmvit_cards import SOUND, prepare

SIGNAL = sounds.speech()
OTHER = sounds.noise(1.6, loud=0.05)


# Headers that promise too little


@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "AU"])
@pytest.mark.parametrize("size", [0, 2000])
def test_a_header_that_promises_too_little_means_to_the_end_of_the_file(kind: str, size: int) -> None:
    content = sounds.resized(sounds.made(SIGNAL, kind=kind), size)
    sound = read_sound(content, "crash.wav")
    assert sound.seconds == pytest.approx(1.6, abs=1e-3)
    np.testing.assert_allclose(sound.signal[:-1], SIGNAL[: len(sound.signal) - 1], atol=1e-4)
    assert "all of them were read, to the end of the file" in sound.notes[0]
    assert outline(content, "crash.wav").seconds == pytest.approx(1.6, abs=1e-3)


def test_a_size_that_stands_for_unknown_is_read_to_the_end() -> None:
    assert read_sound(sounds.resized(sounds.made(SIGNAL), 0xFFFF_FFFF)).seconds == pytest.approx(1.6)
    assert read_sound(sounds.resized(sounds.made(SIGNAL, kind="CAF"), -5)).seconds == pytest.approx(1.6)


def test_what_stands_behind_the_samples_is_no_sound() -> None:
    whole = sounds.made(SIGNAL)
    chunk = b"LIST" + (600).to_bytes(4, "little") + b"INFO" + bytes(596)
    for behind in (chunk, b"ID3\4\0\0\0\0\4\0" + bytes(600), b"TAG" + bytes(700), bytes(100)):
        sound = read_sound(whole + behind)
        assert (sound.seconds, sound.notes) == (1.6, ())


def test_a_flac_stream_that_does_not_say_how_long_it_is() -> None:
    content = bytearray(sounds.made(SIGNAL, kind="FLAC"))
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # the number of samples
    sound = read_sound(bytes(content))
    assert (sound.seconds, sound.whole) == (1.6, None)


# Channels


def stereo(left: np.ndarray, right: np.ndarray) -> bytes:
    return sounds.made(np.stack([left, right], 1))


@pytest.mark.parametrize("room", [0.0, 0.05, 0.3])
def test_channels_out_of_phase_are_told_and_one_is_heard(room: float) -> None:
    right = -SIGNAL + room * np.roll(SIGNAL, 200)
    content = stereo(SIGNAL, right)
    sound = read_sound(content, "balanced.wav")
    assert "out of phase" in sound.warnings[0]
    assert "alone is heard. Another channel, or the mean, can be chosen" in sound.warnings[0]
    assert np.abs(np.corrcoef(sound.signal, SIGNAL)[0, 1]) > 0.95
    asked = read_sound(content, "balanced.wav", channel=MEAN)
    assert "nearly cancels. Choose one channel" in asked.warnings[0]
    np.testing.assert_allclose(read_sound(content, channel=1).signal, SIGNAL, atol=1e-4)
    assert not read_sound(content, channel=1).warnings


@pytest.mark.parametrize("hum", [0.0, 1e-3])
@pytest.mark.parametrize("dead", [0, 1])
def test_a_dead_channel_is_told_and_left_out(dead: int, hum: float) -> None:
    pair = [SIGNAL, SIGNAL]
    pair[dead] = hum * OTHER
    sound = read_sound(stereo(*pair), "one.wav")
    assert sound.warnings == (
        f"Channel {dead + 1} of one.wav is silent, or nearly: channel {2 - dead} alone is heard. "
        "Another channel, or the mean of all, can be chosen.",
    )
    np.testing.assert_allclose(sound.signal, SIGNAL, atol=1e-4)


def test_silent_channels_among_many_are_left_out_of_the_mean() -> None:
    values = np.zeros((len(SIGNAL), 8), np.float32)
    values[:, 2], values[:, 5] = SIGNAL, 0.5 * SIGNAL
    sound = read_sound(sounds.made(values), "array.wav")
    assert "6 of 8 channels of array.wav are silent, or nearly: the mean of the other 2 is heard" in sound.warnings[0]
    np.testing.assert_allclose(sound.signal, 0.75 * SIGNAL, atol=1e-4)


def test_ordinary_stereo_is_no_reason_to_warn() -> None:
    for pair in ((SIGNAL, SIGNAL), (SIGNAL, 0.3 * SIGNAL), (SIGNAL + OTHER, SIGNAL - OTHER), (SIGNAL, OTHER)):
        sound = read_sound(stereo(*pair), "a.wav")
        assert (sound.notes, sound.warnings) == (("a.wav has 2 channels; their mean is heard.",), ())


def test_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(SampleError, match=r"has 2 channels; there is no channel 3\. Choose 1 to 2"):
        read_sound(stereo(SIGNAL, SIGNAL), "a.wav", channel=3)


# Values


@pytest.mark.parametrize("offset", [0.2, -0.02, 0.5])
def test_a_constant_offset_is_taken_out_and_said(offset: float) -> None:
    sound = read_sound(sounds.made(SIGNAL + np.float32(offset)), "dc.wav")
    assert f"A constant offset of {offset:+.2g} of full scale was taken out.".replace("-", "−") in sound.notes
    np.testing.assert_allclose(sound.signal, SIGNAL - SIGNAL.mean(), atol=2e-4)
    assert not any("offset" in note for note in read_sound(sounds.made(SIGNAL)).notes)


def test_an_offset_does_not_place_the_stretch() -> None:
    whole = np.full(20 * sounds.RATE, 0.3, np.float32)
    whole[12 * sounds.RATE :][: len(SIGNAL)] = 0.1 * SIGNAL
    begins = outline(sounds.made(whole)).fullest(1.6)
    assert begins == pytest.approx(12, abs=0.15)


@pytest.mark.parametrize("factor", [2.0, 5.0, 32768.0])
def test_floats_beyond_full_scale_are_not_clipped(factor: float) -> None:
    sound = read_sound(sounds.made(factor * SIGNAL / np.abs(SIGNAL).max(), subtype="FLOAT"), "loud.wav")
    assert not any("clipped" in note for note in sound.notes)
    assert f"Values reach {factor:.3g} times full scale" in sound.notes[0]
    played, _ = soundfile.read(io.BytesIO(write_wav(sound)))
    assert np.corrcoef(played, SIGNAL)[0, 1] > 0.9999, "the player's copy is quieter, not cut off"
    clean = [
        prepare(Sample("a", {"sound": read_sound(sounds.made(SIGNAL * f, subtype="FLOAT"))}), SOUND) for f in (1, 9)
    ]
    np.testing.assert_allclose(clean[0].tokens["view1"], clean[1].tokens["view1"], atol=1e-3)


@pytest.mark.parametrize(("subtype", "scale"), [("PCM_16", 1.0), ("FLOAT", 1.0), ("FLOAT", 3.0)])
def test_what_is_cut_off_is_clipped_in_integers_and_floats(subtype: str, scale: float) -> None:
    cut = scale * np.clip(20 * SIGNAL, -1, 1)
    assert any("the recording is clipped" in note for note in read_sound(sounds.made(cut, subtype=subtype)).notes)


def test_a_faint_sound_is_told_and_a_quiet_one_is_not() -> None:
    def warned(loud: float) -> tuple[str, ...]:
        return prepare(Sample("a", {"sound": read_sound(sounds.made(loud * SIGNAL, subtype="FLOAT"))}), SOUND).warnings

    assert "This sound is very quiet: its loudest 20 ms reach −7" in warned(1e-3)[0]
    assert "the quietest recording of the training −48 dB" in warned(1e-3)[0]
    assert warned(0.05) == warned(1.0) == ()


# Where a long recording is heard first


def long(seconds: float, at: float, loud: float = 0.1) -> np.ndarray:
    whole = sounds.noise(seconds, loud=1e-4)
    whole[round(at * sounds.RATE) :][: len(SIGNAL)] += loud / 0.3 * SIGNAL
    return whole


def clicks(whole: np.ndarray, *places: float, seconds: float = 0.004) -> np.ndarray:
    for at in places:
        whole[round(at * sounds.RATE) :][: round(seconds * sounds.RATE)] = 1.0
    return whole


RECORDINGS = {
    "plain": long(60, 41),
    "a click at the beginning": clicks(long(60, 41), 0.0),
    "many clicks": clicks(long(60, 41), *np.arange(2, 38, 0.31)),
    "quiet speech and a knock": clicks(long(60, 41, 0.01), 20, seconds=0.04),
    "quiet speech and a bang": long(60, 41, 0.02)
    + np.pad(sounds.noise(0.2, loud=0.7), (320_000, 60 * 16_000 - 323_200)),
    "digital silence": np.concatenate([np.zeros(41 * sounds.RATE), SIGNAL, np.zeros(17 * sounds.RATE)]).astype(
        np.float32
    ),
    "a dropout of full scale": clicks(long(60, 41), 50, seconds=0.0002),
}


@pytest.mark.parametrize("case", RECORDINGS)
@pytest.mark.parametrize("kind", ["WAV", "FLAC"])
def test_neither_clicks_nor_silence_win_over_speech(case: str, kind: str) -> None:
    begins = outline(sounds.made(RECORDINGS[case], kind=kind)).fullest(1.6)
    assert begins == pytest.approx(41, abs=0.5)


def test_where_there_are_only_clicks_these_are_heard() -> None:
    whole = clicks(np.zeros(20 * sounds.RATE, np.float32), 13.0)
    begins = outline(sounds.made(whole)).fullest(1.6)
    assert begins < 13 < begins + 1.6


# Damage


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_a_file_cut_off_at_every_64th_is_read_or_refused(kind: str) -> None:
    whole = sounds.made(sounds.noise(3.0), kind=kind)
    seen = 0
    for part in range(1, 64):
        cut = whole[: len(whole) * part // 64]
        for read in (read_sound, outline):
            try:
                seen += read(cut, "cut") is not None
            except SampleError:
                continue
    assert seen > 20, "what there is of a file is read"
