"""A sound on the screen: what the visitor brings, what it looks like, and which digits are heard in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
import torch
from numpy.typing import NDArray

from xviz.core.cells import Cells
from xviz.core.run import Run, Target
from xviz.core.sample import Sample, Sound
from xviz.data.audio import Outline, outline, read_sound, write_wav
from xviz.data.sounds import load_sound, sound_examples
from xviz.models.card import ModelCard
from xviz.models.mel import Mel, clip, spectrogram
from xviz.ui import cache, parts
from xviz.ui.state import Choices
from xviz.views.plane import Framed, framed

KINDS = ("wav", "flac", "ogg", "mp3")
HERTZ = (100, 300, 600, 1000, 1500, 2000, 3000)
MOST_PROBABLE = "most probable"


@dataclass(frozen=True, eq=False)
class Heard:
    """What the page is about."""

    card: ModelCard
    choices: Choices
    sample: Sample
    run: Run  #: with the gradients of the explained class
    drawn: Framed  #: the spectrogram

    @property
    def output(self) -> str:
        """The class that is explained."""
        return str(self.run.target)

    @property
    def views(self) -> tuple[str, ...]:
        """The spaces of the views that the model is fed."""
        return tuple(self.run.inputs.tokens)

    @property
    def place(self) -> str:
        """What the page's drawings are called: another sound makes others, which start afresh."""
        return self.run.provenance.sample_digest[:16]

    def cells(self, name: str) -> Cells:
        """The cells of a space."""
        space = self.run.spaces[name]
        assert isinstance(space, Cells)
        return space

    def target(self, method_needs_focus: bool) -> Target:
        """The class as seen from the class token, or the class itself."""
        return Target(self.output, "class", (0,)) if method_needs_focus else Target(self.output)


def probability(log_odds: float) -> float:
    """Log-odds as a probability."""
    return float(1 / (1 + np.exp(-log_odds)))


# Choosing


def choose(card: ModelCard) -> Sample:
    """The sound that the visitor chose, brought or recorded.

    Raises:
        SampleError: what was given cannot be used.
    """
    with st.sidebar:
        st.subheader("Sample")
        titles = {one.title: one for one in sound_examples()}
        title = st.selectbox("Shipped sounds", list(titles), key="sound", bind="query-params")
        given = parts.files(
            "digits.sound",
            "Your own sound",
            KINDS,
            megabytes=200,
            help_text="It stays on the machine that runs xviz, in memory, for this visit only.",
        )
        recorded = st.audio_input("Or record digits with the microphone", key="digits.microphone")
        if given is None and recorded is None:
            st.caption(parts.plain(titles[title].credit))
            return load_sound(titles[title].key)
        name, content = given if given is not None else ("recording.wav", recorded.getvalue())
        return _own(card, name, content)


def _own(card: ModelCard, name: str, content: bytes) -> Sample:
    """The visitor's own sound, or the stretch of it that was chosen."""
    seconds = Mel.of(card.settings).seconds
    whole = _outline(content, name)
    start = 0.0
    if whole.seconds > seconds:
        st.caption(f"The file lasts {whole.seconds:.4g} s; the model listens to {seconds:g} s of it.")
        shown = slice(None, None, max(1, len(whole.high) // 300))
        time = np.linspace(0, whole.seconds, len(whole.high))[shown]
        st.area_chart({"s": time, "loudest": np.maximum(whole.high, -whole.low)[shown]}, x="s", height=120)
        start = st.slider(
            "The stretch begins at (s)", 0.0, max(0.1, whole.seconds - 0.05), whole.loudest(seconds), 0.05,
            key=f"digits.start {name} {len(content)}",
        )  # fmt: skip
    return Sample(name, {"sound": read_sound(content, name, start=start, most=seconds)}, source="the visitor's own")


@st.cache_data(max_entries=8, show_spinner="Reading the sound …")
def _outline(content: bytes, name: str) -> Outline:
    return outline(content, name)


# Showing


def show(card: ModelCard, sample: Sample) -> Heard:
    """Waveform and player, what is heard, and the class that the rest of the page explains."""
    choices = Choices(card.key)
    choices.start(sample.digest)
    run = cache.run(card.key, sample)
    best = max(run.outputs, key=lambda name: run.outputs[name])
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        _waveform(card, sample)
    with right:
        asked = st.selectbox(
            "Digit to explain", [MOST_PROBABLE, *card.outputs], key="digit", bind="query-params",
            help="Gradients, occlusion and the like ask what speaks for this digit.",
        )  # fmt: skip
        output = best if asked == MOST_PROBABLE else asked
        _probabilities(run, output)
    run = cache.run(card.key, sample, target=output)
    return Heard(card, choices, sample, run, drawing(card, sample))


def _waveform(card: ModelCard, sample: Sample) -> None:
    """The waveform in seconds, and a player of what the model hears."""
    sound = sample.part("sound")
    assert isinstance(sound, Sound)
    signal, definition = sound.signal, Mel.of(card.settings)
    signal = signal[: round(definition.seconds * sound.rate)]
    bins = min(400, len(signal))
    edges = np.linspace(0, len(signal), bins + 1).astype(int)[:-1]
    chart = {
        "time (s)": sound.start + edges / sound.rate,
        "greatest": np.maximum.reduceat(signal, edges),
        "least": np.minimum.reduceat(signal, edges),
    }
    st.markdown("**Waveform** (full scale is 1)")
    st.line_chart(chart, x="time (s)", y_label="amplitude", color=["#3b7dd8", "#3b7dd8"], height=220)
    st.audio(write_wav(Sound(signal, sound.rate)), format="audio/wav")


def _probabilities(run: Run, output: str) -> None:
    """Every digit with its probability, the explained one first."""
    ranked = sorted(run.outputs, key=lambda name: -run.outputs[name])
    rows = {"digit": ranked, "probability": [probability(run.outputs[name]) for name in ranked]}
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="%.3f")
    st.dataframe(rows, hide_index=True, height=250, column_config={"probability": bar})
    said = [name for name in ranked if run.outputs[name] > 0]
    st.caption(
        f"Said, with a probability above one half: {', '.join(said) or 'none'}. Explained below: **{output}**. "
        "Each digit has a probability of its own, as several can be said."
    )


@dataclass(frozen=True, eq=False)
class Plane:
    """The spectrogram that the model is fed, as it is drawn."""

    values: NDArray[np.float32]  #: (bands, frames), the highest band first, 0–1
    x_ticks: tuple[tuple[float, str], ...]  #: place in frames, seconds as text
    y_ticks: tuple[tuple[float, str], ...]  #: place in bands from the top, hertz as text


def plane(card: ModelCard, sample: Sample) -> Plane:
    """The spectrogram of a sample with its ticks."""
    definition, sound = Mel.of(card.settings), sample.part("sound")
    assert isinstance(sound, Sound)
    signal, _ = clip(sound, definition)
    decibels = spectrogram(torch.from_numpy(signal)[None], definition)[0].numpy()
    seconds = np.arange(0, definition.seconds + 1e-6, 0.2)
    return Plane(
        decibels[::-1] / definition.floor + 1,
        tuple((s / definition.hop, f"{sound.start + s:.1f}") for s in seconds),
        tuple((definition.bands - definition.band(f), str(f)) for f in HERTZ if f < definition.high),
    )


def drawing(card: ModelCard, sample: Sample) -> Framed:
    """The spectrogram that the model is fed, with axes."""
    return _drawing(card.key, sample.digest, card, sample)


@st.cache_resource(max_entries=32, show_spinner=False)
def _drawing(key: str, digest: str, _card: ModelCard, _sample: Sample) -> Framed:
    this = plane(_card, _sample)
    return framed(this.values, x_ticks=this.x_ticks, y_ticks=this.y_ticks, names=("time (s)", "Hz"))
