"""A recording on the screen: what the visitor brings, what became of its channels, and the outputs of the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from xviz.core.provenance import digest
from xviz.core.run import Run, Target
from xviz.core.sample import Annotation, Eeg, Sample
from xviz.core.tokens import Electrodes
from xviz.data.eeg.channels import ChannelReport, Missing, as_they_are, inspect, match
from xviz.data.eeg.condition import Condition
from xviz.data.eeg.overview import Overview
from xviz.data.eeg.read import Stretch, crop
from xviz.data.eeg.stretch import warned
from xviz.data.shipped import ShippedSample, samples
from xviz.models import mca_native
from xviz.models.card import ModelCard
from xviz.models.mca_features import Band
from xviz.ui import memory, page, records
from xviz.ui.eeg import bring, span
from xviz.ui.state import Choices, Selection

WHOLE = "the whole minute"
Place = dict[str, int]  #: which of the file's parts and recordings, counted from 0
FEWEST = 8  #: electrodes that the trained network keeps


@dataclass(frozen=True, eq=False)
class Whole:
    """What is known of all of a recording, of which a stretch is shown."""

    key: str  #: of its widgets
    annotations: tuple[Annotation, ...]  #: from its beginning; none where it was not read as a whole
    eeg: Eeg | None  #: all of it, where it is in memory and longer than a minute
    files: bring.Files
    unit: str
    read: Eeg  #: what was read of it
    digest: str  #: of its files, and of how and what was read of them


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the visitor brings."""

    choices: Choices
    sample: Sample | None  #: None where the recording is refused
    report: ChannelReport
    example: ShippedSample | None  #: None for the visitor's own
    eeg: Eeg  #: the stretch as it was recorded, with its own channels
    whole: Whole
    native: bool  #: whether channels are shown as they are


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
        """The tokens of both features, with their places on the head."""
        return self.run.space("psd", Electrodes)

    @property
    def names(self) -> tuple[str, ...]:
        """What the electrodes are called."""
        return self.electrodes.names

    @property
    def marked(self) -> tuple[str, ...]:
        """The same, with a star where the signal was made from other electrodes."""
        return self.electrodes.marked

    @property
    def bands(self) -> tuple[Band, ...]:
        """The frequency bands, which are the heads of the attention."""
        return self.card.settings.plan.bands

    @cached_property
    def absent(self) -> tuple[int, ...]:
        """The electrodes that the model is not shown: hidden ones, and those that say nothing."""
        return tuple(int(i) for i in (~self.run.inputs.present["psd"]).nonzero().flatten())

    @property
    def fewest(self) -> int:
        """How many electrodes stay, whatever is left out; a formula without weights works on two."""
        return mca_native.FEWEST if self.card.formula else FEWEST

    def seen(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """One value an electrode, NaN where the model is not shown it."""
        return np.where(np.isin(np.arange(len(values)), self.absent), np.nan, values)

    @property
    def edited(self) -> bool:
        """Whether electrodes are hidden."""
        return bool(self.choices.masked)

    def selection(self) -> Selection | None:
        """The selected electrode, if the model is shown it."""
        selection = self.choices.selection
        fits = selection is not None and selection.space == "electrode" and selection.token < len(self.names)
        return selection if fits and selection.token not in self.absent else None

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
    """The recording with the model's electrodes, or what there is of it where it is refused.

    Raises:
        SampleError: what was given cannot be read.
    """
    choices = Choices(card.key)
    with st.sidebar:
        st.header("Recording")
        titles = {shipped.title: shipped for shipped in samples(card.key)}
        title = st.selectbox("Shipped recordings", list(titles), key="recording", bind="query-params")
        example = titles[title]
        uploaded = bring.uploaded()
        options = bring.options(uploaded)
        native = bring.montage()
        if not uploaded:
            st.caption(f"{example.kind.capitalize()}. {page.plain(example.credit)}")
    files = uploaded or bring.shipped(example)
    eeg, whole, position = _recording(files, options)
    with st.sidebar:
        wanted = bring.condition(eeg)
    if wanted != Condition():
        eeg = bring.conditioned(digest(Sample("recording", {"eeg": eeg}).digest, *eeg.notes), wanted, eeg)
    eeg_digest = digest(Sample("recording", {"eeg": eeg}).digest, *eeg.notes, str(options.keep_bads), str(eeg.bads))
    rename = dict(choices.recall(f"rename {eeg.channels}") or {})
    if native:
        matched, report = (
            as_they_are(eeg, keep_bads=options.keep_bads),
            inspect(eeg, rename=rename, keep_bads=options.keep_bads),
        )
    else:
        matched, report = _matched(eeg_digest, options.missing, tuple(rename.items()), options.keep_bads, eeg)
    sample = None
    if matched is not None:
        sample = Sample(
            uploaded[0].name if uploaded else example.title,
            {"eeg": matched},
            source="the visitor's own" if uploaded else example.credit,
            shipped=not uploaded and wanted == Condition(),
            origin=_origin(example.name, files, bool(uploaded), options, position),
        )
    choices.start(digest(eeg_digest, "native") if native else eeg_digest)
    return Chosen(choices, sample, report, None if uploaded else example, eeg, whole, native)


def _origin(example: str, files: bring.Files, own: bool, options: bring.Options, position: Place) -> dict[str, Any]:
    """How the recording is read again; what was done to it beyond that makes another digest, which is then said."""
    chosen = {"unit": options.unit, "rate": options.rate, **position}
    read = {"options": {name: value for name, value in chosen.items() if value}} if any(chosen.values()) else {}
    if not own:
        return {"shipped": example, **read}
    return {"files": [file.name for file in files], "kind": "eeg", **read}


def _recording(files: bring.Files, options: bring.Options) -> tuple[Eeg, Whole, Place]:
    """One recording of the files, the stretch of it that is shown, what is known of all of it, and which it is."""
    name = bring.digest_of(files)
    file, index, part = bring.opened(files, name, options), 0, 0
    key = name[:12]
    with st.sidebar:
        if len(file.parts) > 1 and not file.seconds:
            part = st.selectbox("Subject", range(len(file.parts)), format_func=file.parts.__getitem__, key="subject")
            file = bring.opened(files, name, options, part)
            key = f"{key} s{part}" if part else key
        if len(file.recordings) > 1:
            index = st.selectbox(
                "Recording in the file", range(len(file.titles)), format_func=file.titles.__getitem__, key="trial"
            )
            key = f"{key} {index}"
        eeg = file.recordings[index]
        if not file.seconds:
            cropped = span.choose(eeg, key, avoid=options.avoid, rest=options.rest)
            whole = eeg if eeg.seconds - eeg.rest > 61 else None
            known = Whole(
                key, eeg.annotations, whole, files, file.unit, eeg, digest(name, str(options), str((index, part)))
            )
            return warned(cropped), known, {"index": index, "part": part}
        start, seconds = span.numbers(key, file.seconds)
        before = min(options.rest or 0.0, start)
        stretch = Stretch(start - before, before + seconds + span.MARGIN)
        long = bring.opened(files, name, options, stretch)
        eeg = long.recordings[0]
        inner = start - long.start
        cropped = crop(eeg, inner, min(seconds, eeg.seconds - inner), options.rest) if eeg.seconds - inner > 0 else eeg
    known = Whole(key, (), None, files, file.unit, eeg, digest(name, str(options), str(stretch)))
    return warned(cropped), known, {"index": index}


@memory.kept("Matching the channels …")
def _matched(
    digest: str, missing: Missing, rename: tuple[tuple[str, str], ...], keep_bads: bool, _eeg: Eeg
) -> tuple[Eeg | None, ChannelReport]:
    """A recording with the model's electrodes, and what was done for it; no recording where it is refused."""
    report = inspect(_eeg, rename=dict(rename), keep_bads=keep_bads)
    if report.refusal:
        return None, report
    return match(_eeg, missing=missing, rename=dict(rename), keep_bads=keep_bads)


def overview(chosen: Chosen) -> None:
    """All of the recording, where it is longer than what is shown."""
    whole = chosen.whole
    glance: Overview | None = None
    unit = whole.unit
    if whole.eeg is not None:
        name, unit = f"{whole.key} {bring.digest_of(whole.files)} {len(whole.eeg.channels)}", "µV"
        glance = bring.overview_in_memory(name, whole.eeg)
    elif whole.read.seconds > 61:
        glance = bring.overview(bring.digest_of(whole.files), whole.files)
    if glance is not None:
        page.folded(
            "Whole recording", partial(span.show, glance, whole.key, whole.annotations, unit),
            key=f"whole recording {chosen.example is None}", expanded=chosen.example is None,
        )  # fmt: skip
