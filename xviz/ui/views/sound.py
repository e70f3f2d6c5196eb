"""A sound on the screen: what the visitor brings, its waveform with a player, and the model's spectrogram."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import soxr
import streamlit as st
from numpy.typing import NDArray

from xviz.core.provenance import digest
from xviz.core.sample import Sample, Sound
from xviz.data.shipped import ShippedSample
from xviz.data.sound import MEAN, Outline, outline, read_sound, write_wav
from xviz.drawings import plane as planes
from xviz.drawings import wave
from xviz.drawings.drawing import Surround
from xviz.models.card import ModelCard
from xviz.models.mel import Mel
from xviz.plates import views
from xviz.ui import components, memory, net, page, state, uploads

CLOSER = 60.0  #: seconds around the stretch that are shown of longer files
STEP = 0.01  #: seconds between two places at which a stretch may begin
PLAYED = 48_000.0  #: Hz; sounds of a higher rate are played at this one
BINS = 1600  #: of an outline
DETECT, ALL = "Detect automatically", "Mean of all"


# Choosing


def own(card: ModelCard) -> tuple[str, bytes] | None:
    """The visitor's own sound, uploaded or recorded, as name and content; to be called in the sidebar."""
    upload = uploads.single(
        f"{card.key}.sound", "Your own sound", megabytes=200,
        help_text="WAV, FLAC, MP3, M4A, AAC, OGG, Opus, WebM, AIFF, CAF, W64, AMR, WMA and others, of any length. "
        f"{page.KEPT}",
    )  # fmt: skip
    recorded = uploads.recorded(f"{card.key}.microphone", "Or record one")
    return recorded if upload is None else upload


def stretched(card: ModelCard, name: str, content: bytes) -> Sample:
    """The visitor's own sound, or the stretch of it that is chosen on its waveform.

    Raises:
        SampleError: it cannot be used.
    """
    seconds, which = Mel.of(card.settings).seconds, digest(content)
    whole = _outline(which, 0.0, None, name, content)
    channel = _channel(whole, which)
    start = 0.0 if whole.seconds <= seconds + STEP else _start(whole, seconds, which, name, content)
    sound = _read(which, start, seconds, channel, name, content)
    options = {"start": start, "most": seconds, **({} if channel is None else {"channel": channel})}
    origin = {"files": [name], "kind": "sound", "options": options}
    return Sample(name, {"sound": sound}, source="the visitor's own", origin=origin)


def _channel(whole: Outline, which: str) -> int | None:
    """The channel that is heard, of a file with several; None leaves it to the reader."""
    if whole.channels < 2:
        return None
    options = [DETECT, ALL, *(str(number + 1) for number in range(whole.channels))]
    with st.sidebar:
        chosen = st.selectbox(
            "Channel", options, key=f"channel {which[:16]}",
            help="Detected: the mean of all channels that carry sound, and one channel where the mean would cancel.",
        )  # fmt: skip
    return {DETECT: None, ALL: MEAN}[chosen] if chosen in (DETECT, ALL) else int(chosen)


def _start(whole: Outline, seconds: float, which: str, name: str, content: bytes) -> float:
    """Where the stretch begins: chosen on the whole file, then closer by, or typed."""
    last, key = whole.seconds - seconds, f"start {which[:16]} {seconds:g}"
    step = max(STEP, round(whole.seconds / 2000, 2))
    first = state.widget(key) is None  # a value is given once; from then on it is the widget's own
    start = float(state.widget(key, 0.0))
    if first:
        start = round(whole.fullest(seconds), 2)
    st.markdown(f"**{page.plain(name)}** lasts {_clock(whole.seconds)}; the model reads {seconds:g} s of it.")
    drawing = wave.stretch(
        whole.low, whole.high, (0, whole.seconds), at=start, length=seconds, step=step,
        surround=Surround("Whole file: click to place the time window"),
    )  # fmt: skip
    components.mount(drawing, key=f"stretch {which[:16]}", on_pick=lambda pick: _put(key, pick, 0.0, step, last))
    if whole.seconds > 2 * CLOSER:
        origin = round(float(np.clip(start + seconds / 2 - CLOSER / 2, 0, whole.seconds - CLOSER)), 2)
        near = _outline(which, origin, CLOSER, name, content)
        drawing = wave.stretch(
            near.low, near.high, (origin, origin + near.seconds), at=start, length=seconds, step=STEP,
            surround=Surround(f"{CLOSER:g} s around it: click to place the time window"),
        )  # fmt: skip
        components.mount(
            drawing, key=f"closer {which[:16]} {origin}", on_pick=lambda pick: _put(key, pick, origin, STEP, last)
        )
    options = {"value": start} if first else {}
    return float(st.number_input("Time window starts at (s)", 0.0, last, step=0.05, key=key, width=220, **options))


def _put(key: str, pick: components.Pick, origin: float, step: float, last: float) -> None:
    """Set where the stretch begins to what was picked on a waveform."""
    if isinstance(pick, int):
        state.set_widget(key, round(min(origin + pick * step, last), 2))


@memory.kept()
def _read(which: str, start: float, seconds: float, channel: int | None, _name: str, _content: bytes) -> Sound:
    with net.reading(_name):
        return read_sound(_content, _name, start=start, most=seconds, channel=channel)


@memory.kept("Reading the sound …")
def _outline(which: str, start: float, seconds: float | None, _name: str, _content: bytes) -> Outline:
    with net.reading(_name):
        return outline(_content, _name, bins=BINS, start=start, most=seconds)


def _clock(seconds: float) -> str:
    """A length for people: ``4.25 s``, ``12 min 3 s``, ``8 h 0 min``."""
    if seconds < 120:
        return f"{seconds:.4g} s"
    minutes, remainder = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {remainder} s"


# Showing


def player(card: ModelCard, sample: Sample) -> str:
    """What the sample's player is called, so that drawings can follow it."""
    return f"{card.key} {sample.digest[:16]}"


def waveform(card: ModelCard, sample: Sample, example: ShippedSample | None) -> None:
    """The waveform of what the model hears, with a player."""
    sound, seconds = sample.part("sound", Sound), Mel.of(card.settings).seconds
    signal = sound.signal[: round(seconds * sound.rate)]
    edges = np.linspace(0, len(signal), min(BINS, len(signal)) + 1).astype(int)[:-1]
    view = wave.wave(
        np.minimum.reduceat(signal, edges),
        np.maximum.reduceat(signal, edges),
        (sound.start, sound.start + seconds),  # as long as the spectrogram; what is missing is silence
        filled=len(signal) / sound.rate / seconds,
        audio=_played(signal, sound.rate),
        player=player(card, sample),
        spans=[] if example is None else [(a, b, name) for name, (a, b, *_) in example.truth.places.items()],
        surround=Surround("Waveform (full scale = 1)"),
    )
    components.mount(view, key=f"wave {card.key} {sample.digest[:16]}")


def _played(signal: NDArray[np.float32], rate: float) -> bytes:
    """WAV at a rate that every browser plays."""
    if rate > PLAYED:
        signal, rate = soxr.resample(signal, rate, PLAYED).astype(np.float32), PLAYED
    return write_wav(Sound(signal, rate))


def plane(card: ModelCard, sample: Sample) -> planes.Plane:
    """The spectrogram that the model is fed, which follows the player."""
    start = sample.part("sound", Sound).start
    clock = planes.Clock(player(card, sample), start, start + Mel.of(card.settings).seconds)
    return replace(views.plane(card, sample), clock=clock)
