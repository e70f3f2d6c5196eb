"""A recording on the screen: what the visitor brings, what became of its channels, and the outputs of the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import streamlit as st

from xviz.checkpoints import OWN
from xviz.core.provenance import digest
from xviz.core.run import Run, Target
from xviz.core.sample import Eeg, Sample
from xviz.core.tokens import Electrodes
from xviz.data.eeg.channels import ChannelReport, Missing, match
from xviz.data.eeg.read import SUFFIXES, UNITS, EegFile, crop, open_eeg
from xviz.data.shipped import ShippedSample, samples
from xviz.draw.scale import signed
from xviz.models.card import ModelCard
from xviz.models.mca_features import Band
from xviz.ui import cache, page, records
from xviz.ui.state import Choices, Selection

LIMIT_MB = 450
MISSING = {"interpolate": "interpolated from their neighbours", "leave out": "left out"}
DETECT = "detect automatically"  #: the unit of the numbers
WHOLE = "the whole minute"


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the visitor brings."""

    choices: Choices
    sample: Sample
    report: ChannelReport
    example: ShippedSample | None  #: None for the visitor's own


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened(records.Opened):
    """A recording."""

    report: ChannelReport
    example: ShippedSample | None
    before: Run  #: with no electrode hidden
    window: int | None  #: the window whose output is shown; None for all

    @property
    def eeg(self) -> Eeg:
        """The recording with the model's electrodes."""
        return self.sample.part("eeg", Eeg)

    @property
    def electrodes(self) -> Electrodes:
        """The electrodes."""
        return self.run.space("psd", Electrodes)

    @property
    def names(self) -> tuple[str, ...]:
        """What the electrodes are called."""
        return self.electrodes.names

    @property
    def bands(self) -> tuple[Band, ...]:
        """The frequency bands, which are the heads of the attention."""
        return self.card.settings.plan.bands

    @property
    def absent(self) -> tuple[int, ...]:
        """The electrodes that the model is not shown: hidden ones, and those that say nothing."""
        return tuple(int(i) for i in (~self.run.inputs.present["psd"]).nonzero().flatten())

    @property
    def edited(self) -> bool:
        """Whether electrodes are hidden."""
        return bool(self.choices.masked)

    def selection(self) -> Selection | None:
        """The selected electrode, if the model is shown it."""
        kept = self.choices.selection
        fits = kept is not None and kept.space == "electrode" and kept.token < len(self.names)
        return kept if fits and kept.token not in self.absent else None

    def asking(self, selection: Selection | None, space: str) -> Target:
        """The output, with an electrode's DE or PSD as the focus."""
        return Target(self.output) if selection is None else Target(self.output, space, (selection.token,))

    def called(self, window: int | None) -> str:
        """A window in words."""
        if window is None:
            return WHOLE
        step = self.card.settings.block
        return f"{window * step}–{(window + 1) * step} s"

    @property
    def windows(self) -> int:
        """How many windows the model reads."""
        return self.card.settings.plan.steps // self.card.settings.block


# Choosing


def choose(card: ModelCard) -> Chosen:
    """The recording with the model's electrodes.

    Raises:
        SampleError: what was given cannot be used.
    """
    choices = Choices(card.key)
    with st.sidebar:
        st.header("Recording")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox("Shipped recordings", list(titles), key="recording", bind="query-params")
        example = titles[title]
        given = page.files(
            "eeg.file",
            "Your own recording",
            tuple(suffix.removeprefix(".") for suffix in SUFFIXES),
            megabytes=LIMIT_MB,
            help_text="EDF, BDF, GDF, FIF, EEGLAB .set (with its .fdt in a .zip), BrainVision (its three files in a "
            ".zip), DEAP .dat and .mat, SEED .mat, NPZ, CSV. It stays on the machine that runs xviz; files of "
            "EEG systems are kept there in a private folder while they are read, then deleted.",
        )
        unit, rate, missing = _import_options(given is not None and given[0].lower().endswith((".csv", ".tsv")))
        if given is None:
            st.caption(f"{example.kind.capitalize()}. {page.plain(example.credit)}")
    name, data = (given[0], given[1]) if given is not None else (example.files["eeg"], example.path("eeg").read_bytes())
    eeg, place = _part(name, data, unit, rate)
    options = {key: value for key, value in {"unit": unit, "rate": rate, **place}.items() if value is not None}
    read_by = {
        **({"options": options} if options else {}),
        **({"missing": missing} if missing != "interpolate" else {}),
    }
    eeg_digest = digest(Sample("recording", {"eeg": eeg}).digest, *eeg.notes)
    matched, report = _matched(eeg_digest, missing, eeg)
    sample = Sample(
        name if given is not None else example.title,
        {"eeg": matched},
        source="the visitor's own" if given is not None else example.credit,
        shipped=given is None,
        origin={"shipped": example.name, **read_by} if given is None else {"files": [name], "kind": "eeg", **read_by},
    )
    choices.start(eeg_digest)
    return Chosen(choices, sample, report, example if given is None else None)


def _import_options(is_table: bool) -> tuple[str | None, float | None, str]:
    """Import options: unit, sampling rate, and what is done about missing electrodes."""
    with st.expander("Import options"):
        unit = st.selectbox(
            "Unit",
            [DETECT, *UNITS],
            key="unit",
            help="Inferred from the file and from how large its numbers are; the unit used is shown above the result.",
        )
        rate = None
        if is_table:
            rate = st.number_input("Sampling rate, Hz", 1.0, 20000.0, 128.0, key="rate")
        missing = st.radio(
            "Missing, flat or broken electrodes",
            list(MISSING),
            format_func=MISSING.get,
            key="missing",
            help="Interpolated with spherical splines (MNE), or left out: the model then runs without them.",
        )
    return None if unit == DETECT else unit, rate, str(missing)


def _part(name: str, data: bytes, unit: str | None, rate: float | None) -> tuple[Eeg, dict[str, float]]:
    """One recording of the file, of a long one the minute that is read; and which, as `xviz.read` takes it."""
    file_digest = digest(PurePath(name).suffix.lower(), data)
    file = _opened(file_digest, unit, rate, 0, name, data)
    index = part = 0
    with st.sidebar:
        if (count := len(file.parts)) > 1:
            part = st.selectbox(
                "Part of the recording",
                range(count),
                format_func=file.parts.__getitem__,
                key=f"part of {count}",
                help="Long recordings are read in parts to save memory.",
            )
            file = _opened(file_digest, unit, rate, part, name, data)
        if len(file.recordings) > 1:
            index = st.selectbox(
                "Recording in the file", range(len(file.titles)), format_func=file.titles.__getitem__, key="trial"
            )
        eeg = file.recordings[index]
        which = {name: number for name, number in (("part", part), ("index", index)) if number}
        spare = eeg.seconds - eeg.rest - 60
        if spare < 1:
            return eeg, which
        start = st.slider("Start of the minute, s", 0.0, float(int(spare)), 0.0, 1.0, key="start")
    return crop(eeg, start, 60.0), {**which, "start": start}


@st.cache_resource(max_entries=4, show_spinner="Reading the recording …")
def _opened(digest: str, unit: str | None, rate: float | None, part: int, _name: str, _data: bytes) -> EegFile:
    """All recordings of a file, of a long one a part; the digest is of the bytes and of the ending, which says how."""
    return open_eeg(_data, name=_name, unit=unit, rate=rate, part=part)


@st.cache_resource(max_entries=16, show_spinner="Matching the channels …")
def _matched(digest: str, missing: Missing, _eeg: Eeg) -> tuple[Eeg, ChannelReport]:
    """A recording with the model's electrodes, and what was done for it."""
    return match(_eeg, missing=missing)


# Running


def answer(card: ModelCard, chosen: Chosen) -> Opened:
    """Run the model and show both outputs, and which of them is explained."""
    block, steps = card.settings.block, card.settings.plan.steps
    windows = [WHOLE, *(f"{start}–{start + block} s" for start in range(0, steps, block))]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        output = st.segmented_control(
            "Output to explain", list(card.outputs), default=card.target, key="answer", bind="query-params",
            required=True,
        )  # fmt: skip
        judged = st.select_slider(
            "Time window", windows, key="window", bind="query-params",
            help="The output for the whole minute is the mean over its 3 s windows; click a window in the traces to "
            "choose it. Attention is always computed over the whole minute.",
        )  # fmt: skip
    window = None if judged == WHOLE else windows.index(judged) - 1
    context = {} if window is None else {"window": float(window)}  # the model's own is the mean over all
    before = cache.run(card.key, chosen.sample, **context)
    masked = tuple(i for i in chosen.choices.masked if i < len(before.spaces["psd"]))
    run = cache.run(card.key, chosen.sample, gone=(("de", masked), ("psd", masked)), **context)
    opened = Opened(
        card=card, choices=chosen.choices, sample=chosen.sample, report=chosen.report, example=chosen.example, run=run,
        before=before, output=str(output), window=window,
    )  # fmt: skip
    _outputs(opened)
    return opened


def _outputs(opened: Opened) -> None:
    """Both outputs."""
    columns = st.columns([1, 1, 2], vertical_alignment="top")
    for column, name in zip(columns, opened.card.outputs, strict=False):
        value, before = opened.run.outputs[name], opened.before.outputs[name]
        column.metric(
            f"{name.capitalize()}, {opened.called(opened.window)}",
            f"{'high' if value > 0 else 'low'} ({signed(value)})",
            f"{value - before:+.2f}" if opened.edited else None,
            delta_description="compared with all electrodes" if opened.edited else None,
            help="Logit of “high” minus that of “low”: 0 is undecided, ±2.2 means odds of nine to one.",
        )


def warn(chosen: Chosen, card: ModelCard) -> None:
    """What an output is worth for this recording, above the outputs."""
    if chosen.example is not None and chosen.example.kind == "simulated":
        ratings = ", ".join(f"{name} {value:.1f}" for name, value in chosen.example.truth.ratings.items())
        st.info(
            f"**Simulated recording.** No brain was recorded. Ratings given to the simulation: {ratings} (1–9, high "
            "from 5 on), so the electrodes and bands that follow them are known.",
            icon=":material/science:",
        )
    elif card.checkpoint in OWN:
        st.warning(
            f"**Custom weights**, `{OWN[card.checkpoint].path.name}`. xviz has measured nothing with them.",
            icon=":material/warning:",
        )
    else:
        st.warning(
            "**The model was trained on simulated recordings only**, and nothing was measured on yours. Its outputs "
            "say nothing about this person; features, attention and topographies are those of the recording."
            if chosen.example is None
            else "**The model was trained on simulated recordings only.** Its outputs say nothing about this person; "
            "features, attention and topographies are those of the recording.",
            icon=":material/warning:",
        )
