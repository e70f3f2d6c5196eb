"""A recording on the screen: what the visitor brings, what became of its channels, and what the model answers."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from xviz.checkpoints import OWN
from xviz.core.run import Run, Target
from xviz.core.sample import Eeg, Sample
from xviz.core.tokens import Electrodes
from xviz.data.eeg.channels import ChannelReport
from xviz.data.eeg.read import SUFFIXES, UNITS, crop
from xviz.data.shipped import ShippedSample, samples
from xviz.draw.scale import signed
from xviz.models.card import ModelCard
from xviz.models.mca_features import Band
from xviz.ui import cache, page
from xviz.ui.state import Choices, Selection

LIMIT_MB = 450
MISSING = {"interpolate": "made from their neighbours", "leave out": "left out"}
WHOLE = "the whole minute"


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the visitor brings."""

    choices: Choices
    sample: Sample
    report: ChannelReport
    example: ShippedSample | None  #: None for the visitor's own


@dataclass(frozen=True, eq=False)
class Recording:
    """What the page is about."""

    card: ModelCard
    choices: Choices
    sample: Sample
    report: ChannelReport
    example: ShippedSample | None
    run: Run
    whole: Run  #: with no electrode hidden
    output: str  #: the answer that is explained
    window: int | None  #: the window that is judged; None for all

    @property
    def eeg(self) -> Eeg:
        """The recording with the model's electrodes."""
        return self.sample.parts["eeg"]  # type: ignore[return-value]

    @property
    def electrodes(self) -> Electrodes:
        """The electrodes."""
        return self.run.spaces["psd"]  # type: ignore[return-value]

    @property
    def names(self) -> tuple[str, ...]:
        """What the electrodes are called."""
        return self.electrodes.names

    @property
    def bands(self) -> tuple[Band, ...]:
        """The frequency bands, which are the heads of the attention."""
        return self.card.settings["plan"].bands

    @property
    def absent(self) -> tuple[int, ...]:
        """The electrodes that the model is not shown: hidden ones, and those that say nothing."""
        return tuple(int(i) for i in (~self.run.inputs.present["psd"]).nonzero().flatten())

    @property
    def place(self) -> str:
        """What the page's drawings are called: another recording makes others, which start afresh."""
        return self.run.provenance.sample_digest[:16]

    @property
    def edited(self) -> bool:
        """Whether electrodes are hidden."""
        return bool(self.choices.masked)

    def selection(self) -> Selection | None:
        """The selected electrode, if the model is shown it."""
        kept = self.choices.selection
        fits = kept is not None and kept.space == "electrode" and kept.token < len(self.names)
        return kept if fits and kept.token not in self.absent else None  # type: ignore[union-attr]

    def target(self, selection: Selection | None) -> Target:
        """What is explained: the answer itself; the view of an electrode is taken in ``asking``."""
        return Target(self.output)

    def asking(self, selection: Selection | None, space: str) -> Target:
        """The answer, seen from the electrode that asks with its DE or its PSD."""
        return Target(self.output) if selection is None else Target(self.output, space, (selection.token,))

    def called(self, window: int | None) -> str:
        """A window in words."""
        if window is None:
            return WHOLE
        step = self.card.settings["block"]
        return f"{window * step}–{(window + 1) * step} s"

    @property
    def windows(self) -> int:
        """How many windows the model judges."""
        return self.card.settings["plan"].steps // self.card.settings["block"]


# Choosing


def choose(card: ModelCard) -> Chosen:
    """The recording with the model's electrodes.

    Raises:
        SampleError: what was given cannot be used.
    """
    choices = Choices(card.key)
    with st.sidebar:
        st.subheader("Recording")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox("Shipped recordings", list(titles), key="recording", bind="query-params")
        example = titles[title]
        given = page.files(
            "eeg.file",
            "Your own recording",
            tuple(suffix.removeprefix(".") for suffix in SUFFIXES),
            megabytes=LIMIT_MB,
            help_text="EDF, BDF, GDF, FIF, EEGLAB .set (with its .fdt in a .zip), BrainVision (its three files in a "
            ".zip), DEAP .dat and .mat, SEED .mat, NPZ, CSV. It stays on the machine that runs xviz; formats of EEG "
            "systems lie there in a private folder while they are read, and are gone afterwards.",
        )
        unit, rate, missing = _how(given is not None and given[0].lower().endswith((".csv", ".tsv")))
        if given is None:
            st.caption(f"{example.kind.capitalize()}. {page.plain(example.credit)}")
    name, data = (given[0], given[1]) if given is not None else (example.files["eeg"], example.path("eeg").read_bytes())
    eeg = _part(name, data, unit, rate)
    digest = cache.eeg_digest(eeg)
    matched, report = cache.matched(digest, missing, eeg)
    sample = Sample(
        name if given is not None else example.title,
        {"eeg": matched},
        source="the visitor's own" if given is not None else example.credit,
        shipped=given is None,
    )
    choices.start(digest)
    return Chosen(choices, sample, report, example if given is None else None)


def _how(is_table: bool) -> tuple[str | None, float | None, str]:
    """How the file is to be read: unit, rate, and what is done about missing electrodes."""
    with st.expander("How it is read"):
        unit = st.selectbox(
            "Unit of the numbers",
            ["as found", *UNITS],
            key="unit",
            help="“As found” goes by the file and by how large its numbers are, and says below what it took.",
        )
        rate = None
        if is_table:
            rate = st.number_input("Rate, samples a second", 1.0, 20000.0, 128.0, key="rate")
        missing = st.radio(
            "Missing, flat or broken electrodes are",
            list(MISSING),
            format_func=MISSING.get,
            key="missing",
            help="Made from all neighbours by spherical splines (MNE), or left out: the model then knows nothing "
            "of them.",
        )
    return None if unit == "as found" else unit, rate, str(missing)


def _part(name: str, data: bytes, unit: str | None, rate: float | None) -> Eeg:
    """One recording of the file, and of a long one the minute that is read."""
    digest = cache.file_digest(name, data)
    opened = cache.opened(digest, unit, rate, 0, name, data)
    index = 0
    with st.sidebar:
        if (count := len(opened.parts)) > 1:
            part = st.selectbox(
                "Part of the recording",
                range(count),
                format_func=opened.parts.__getitem__,
                key=f"part of {count}",
                help="A long recording is read in parts, so that it needs little memory.",
            )
            opened = cache.opened(digest, unit, rate, part, name, data)
        if len(opened.recordings) > 1:
            index = st.selectbox(
                "Recording in the file", range(len(opened.titles)), format_func=opened.titles.__getitem__, key="trial"
            )
        eeg = opened.recordings[index]
        spare = eeg.seconds - eeg.rest - 60
        if spare < 1:
            return eeg
        start = st.slider("The minute begins at, s", 0.0, float(int(spare)), 0.0, 1.0, key="start")
    return crop(eeg, start, 60.0)


# Answering


def answer(card: ModelCard, chosen: Chosen) -> Recording:
    """Run the model and show both answers, and which of them is explained."""
    block, steps = card.settings["block"], card.settings["plan"].steps
    windows = [WHOLE, *(f"{start}–{start + block} s" for start in range(0, steps, block))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        output = st.segmented_control(
            "Explained answer", list(card.outputs), default=card.target, key="answer", bind="query-params",
            required=True,
        )  # fmt: skip
        judged = st.select_slider(
            "Judged on", windows, key="window", bind="query-params",
            help="The answer to the whole minute is the mean over windows of 3 s. Clicking a window in the traces "
            "chooses it here. The attention is that of the whole minute in every case.",
        )  # fmt: skip
    window = None if judged == WHOLE else windows.index(judged) - 1
    context = {} if window is None else {"window": float(window)}  # the model's own is the mean over all
    whole = cache.run(card.key, chosen.sample, **context)
    masked = tuple(i for i in chosen.choices.masked if i < len(whole.spaces["psd"]))
    run = cache.run(card.key, chosen.sample, gone=(("de", masked), ("psd", masked)), **context)
    made = Recording(
        card, chosen.choices, chosen.sample, chosen.report, chosen.example, run, whole, str(output), window
    )
    _answers(made)
    return made


def _answers(made: Recording) -> None:
    """Both answers, with what the simulation was told where it is one."""
    columns = st.columns([1, 1, 2], vertical_alignment="top")
    for column, name in zip(columns, made.card.outputs, strict=False):
        value, before = made.run.outputs[name], made.whole.outputs[name]
        column.metric(
            f"{name.capitalize()}, {made.called(made.window)}",
            f"{'high' if value > 0 else 'low'} ({signed(value)})",
            f"{value - before:+.2f}" if made.edited else None,
            delta_description="against all electrodes" if made.edited else None,
            help="How far “high” is above “low”, in logits: 0 is undecided, ±2.2 is nine to one.",
        )
    columns[2].markdown(said_of(made))


def said_of(made: Recording) -> str:
    """What is known about the recording, and what the answer is worth."""
    if made.example is not None and made.example.kind == "simulated":
        told = ", ".join(f"{name} {value:.1f}" for name, value in made.example.truth.ratings.items())
        return (
            f":material/science: **A simulated recording.** Nobody's brain was recorded. The simulation was told: "
            f"{told} (1–9, high from 5 on), so that we know which electrodes and bands follow it."
        )
    if made.card.checkpoint in OWN:
        return (
            f":material/info: **Weights of your own**, `{OWN[made.card.checkpoint].path.name}`. What their answers are "
            "worth is what was measured when they were trained; no number in xviz is about them."
        )
    return (
        ":material/warning: **The model was trained on simulated recordings only.** What it answers about a real one "
        "is no finding about that person. The features, the attention and the topographies are those of the recording."
    )
