"""Every format that people record in is read, and what is none is refused by name."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import sounds

from xviz.core.errors import SampleError
from xviz.data.sound import outline, read_sound

SIGNAL = sounds.speech()
LOSSLESS = {
    "WAV": sounds.made(SIGNAL), "WAVEX": sounds.made(SIGNAL, kind="WAVEX"), "W64": sounds.made(SIGNAL, kind="W64"),
    "RF64": sounds.made(SIGNAL, kind="RF64"), "AIFF": sounds.made(SIGNAL, kind="AIFF"),
    "CAF": sounds.made(SIGNAL, kind="CAF"), "ALAC in CAF": sounds.made(SIGNAL, kind="CAF", subtype="ALAC_16"),
    "AU": sounds.made(SIGNAL, kind="AU"), "FLAC": sounds.made(SIGNAL, kind="FLAC"),
    "24 bits": sounds.made(SIGNAL, subtype="PCM_24"), "ALAC in M4A": sounds.encoded(SIGNAL, "ipod", "alac"),
    "WavPack": sounds.encoded(SIGNAL, "wv", "wavpack"), "True Audio": sounds.encoded(SIGNAL, "tta", "tta"),
    "FLAC in Matroska": sounds.encoded(SIGNAL, "matroska", "flac"),
}  # fmt: skip
LOSSY = {
    "OGG": sounds.made(SIGNAL, kind="OGG"), "Opus": sounds.made(SIGNAL, kind="OGG", subtype="OPUS"),
    "MP3": sounds.made(SIGNAL, kind="MP3"), "M4A": sounds.encoded(SIGNAL, "ipod", "aac"),
    "MP4": sounds.encoded(SIGNAL, "mp4", "aac"), "AAC": sounds.encoded(SIGNAL, "adts", "aac"),
    "WebM": sounds.encoded(SIGNAL, "webm", "libopus"), "WMA": sounds.encoded(SIGNAL, "asf", "wmav2"),
    "3GP": sounds.encoded(SIGNAL, "3gp", "aac"), "AC-3": sounds.encoded(SIGNAL, "ac3", "ac3", rate=32_000),
}  # fmt: skip


def like(heard: np.ndarray, told: np.ndarray) -> float:
    """The greatest correlation of two signals over some shifts, as codecs delay by some milliseconds."""
    size = min(len(heard), len(told)) - 4000
    core = told[2000 : 2000 + size]
    return max(
        float(np.corrcoef(heard[at : at + size], core)[0, 1]) for at in range(0, 4000, 4) if at + size <= len(heard)
    )


@pytest.mark.parametrize("kind", LOSSLESS)
def test_what_loses_nothing_gives_the_same_samples(kind: str) -> None:
    sound = read_sound(LOSSLESS[kind], "a.wav")
    assert sound.rate == sounds.RATE
    np.testing.assert_allclose(sound.signal, SIGNAL, atol=1e-4)
    assert (sound.notes, sound.warnings) == ((), ())


@pytest.mark.parametrize("kind", LOSSY)
def test_what_loses_some_gives_the_same_sound(kind: str) -> None:
    sound = read_sound(LOSSY[kind], "a.wav")
    assert sound.seconds == pytest.approx(len(SIGNAL) / (32_000 if kind == "AC-3" else sounds.RATE), abs=0.1)
    assert sound.notes == ()
    heard = sound.signal[:: round(sound.rate / sounds.RATE)] if kind == "Opus" or kind == "WebM" else sound.signal
    assert like(heard, SIGNAL) > 0.95
    seen = outline(LOSSY[kind], "a.wav", bins=50)
    assert seen.high.max() == pytest.approx(0.3, abs=0.06)


def test_amr_as_phones_record_it() -> None:
    sound = read_sound(sounds.amr(), "note.amr")
    assert sound.rate == 8000
    assert sound.seconds == pytest.approx(1.6, abs=0.05)


def test_stereo_in_m4a_keeps_its_channels() -> None:
    both = np.stack([SIGNAL, 0.5 * sounds.noise(1.6)], 1)
    left = read_sound(sounds.encoded(both, "ipod", "aac"), "a.m4a", channel=1)
    assert like(left.signal, SIGNAL) > 0.95
    assert left.notes == ("a.m4a has 2 channels; channel 1 is heard.",)


def test_a_stretch_far_into_a_long_m4a_is_where_it_was_asked_for() -> None:
    whole = np.zeros(60 * sounds.RATE, np.float32)
    whole[45 * sounds.RATE :][: len(SIGNAL)] = SIGNAL
    content = sounds.encoded(whole, "ipod", "aac")
    sound = read_sound(content, "a.m4a", start=44.9, most=2.0)
    assert sound.seconds == 2.0
    assert sound.whole == pytest.approx(60, abs=0.2)
    begins = np.flatnonzero(np.abs(sound.signal) > 0.02)[0] / sounds.RATE
    assert begins == pytest.approx(0.1 + np.flatnonzero(np.abs(SIGNAL) > 0.02)[0] / sounds.RATE, abs=0.06)


def test_a_recording_of_a_browser_that_does_not_say_how_long_it_is() -> None:
    content = sounds.encoded(SIGNAL, "webm", "libopus", live="1")
    assert read_sound(content, "recording.webm").seconds == pytest.approx(1.6, abs=0.1)


REFUSED = {
    "midi": (b"MThd\0\0\0\6\0\1\0\1\0`", "MIDI file, which holds notes and no sound. Render it"),
    "silk": (b"\x02#!SILK_V3" + bytes(50), "SILK voice message"),
    "playlist": (b"#EXTM3U\nhttp://example.org/a.mp3\n", "a playlist, which names files"),
    "page": (b"<!DOCTYPE html><html>not found</html>", "HTML or XML, as after a download that failed"),
    "pdf": (b"%PDF-1.7 ...", "a PDF file"),
    "zip": (b"PK\x03\x04" + bytes(40), "a zip or office file. Unpack it"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "a PNG picture"),
    "words": (b"these are words", "WAV, FLAC, OGG, Opus, MP3, M4A"),
    "film": (sounds.silent_film(), "MP4 or M4A without a sound in it"),
    "m4a without its index": (
        LOSSY["M4A"][: len(LOSSY["M4A"]) // 2],
        "begins as MP4 or M4A, but its header is damaged",
    ),
    "matroska head": (LOSSLESS["FLAC in Matroska"][:60], "WebM or Matroska"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_sound_is_refused_by_name_with_what_to_do(case: str) -> None:
    content, said = REFUSED[case]
    for read in (read_sound, outline):
        with pytest.raises(SampleError, match=said):
            read(content, "mine.wav")


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_every_format_cut_off_anywhere_is_read_or_refused_in_words(kind: str) -> None:
    whole = (LOSSLESS | LOSSY)[kind]
    for part in range(1, 16):
        cut = whole[: len(whole) * part // 16]
        for read in (read_sound, outline):
            with contextlib.suppress(SampleError):
                read(cut, "cut")
